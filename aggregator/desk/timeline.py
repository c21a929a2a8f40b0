"""The timeline of a story, the lags of publishers, and the timeline as an SVG picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape

from aggregator.desk.corrections import notice_times
from aggregator.desk.reader import Reader
from aggregator.model import Story, StoryQuery
from aggregator.newsroom.timeline import Lag, MarkKind, Punctuality, Timeline, lags, punctuality, timeline
from aggregator.text.display import display_text

_AT_ONCE = 400  # stories whose entries are in memory at the same time


def story_timeline(reader: Reader, story: Story, before: datetime) -> Timeline:
    """Return when each publisher had a story, with its edits and corrections up to ``before``."""
    edits = {
        entry.id: [one.replaced for one in reader.entries.revisions(entry.id)]
        for entry in story.entries
        if entry.revisions
    }
    return timeline(story, edits, notice_times(reader, story, before))


def publisher_lags(
    reader: Reader, since: datetime | None, until: datetime | None, category: str | None = None
) -> tuple[Punctuality, ...]:
    """Return how often each publisher was first, and how late it was otherwise, over the stories of a window."""
    query = StoryQuery(since=since, until=until, category=category, limit=None)
    ids = [summary.id for summary in reader.find(query)]

    def stories() -> Iterator[tuple[Lag, ...]]:
        for start in range(0, len(ids), _AT_ONCE):
            for entries in reader.entries.of_stories(ids[start : start + _AT_ONCE], light=True).values():
                yield lags(entries)

    return punctuality(stories())


# --- durations and the axis ----------------------------------------------------------------------

_STEPS = (
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 14, 28, 91, 364)),
)


def waited(lag: timedelta) -> str:
    """Return a lag in words: ``first``, ``+12 min``, ``+3 h 05``, ``+2 d 4 h``."""
    minutes = int(lag.total_seconds()) // 60
    if not minutes:
        return "first" if not lag else "+1 min"
    if minutes < 60:
        return f"+{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"+{hours} h {minutes:02}"
    return f"+{hours // 24} d {hours % 24} h"


def source(one: Lag) -> str:
    """Return the source of a lag: the publisher, and the agency if it is another."""
    return one.publisher if one.agency in (None, "", one.publisher) else f"{one.publisher} ({one.agency})"


def ticks(start: datetime, end: datetime, zone: tzinfo, most: int) -> list[datetime]:
    """Return at most ``most`` round times between two times, round on clocks in ``zone``."""
    span = end - start
    step = next((step for step in _STEPS if span <= step * (most - 1)), _STEPS[-1])
    offset = start.astimezone(zone).utcoffset() or timedelta()
    zero = datetime(1970, 1, 5, tzinfo=UTC) - offset  # a Monday
    first = zero + -((zero - start) // step) * step
    return [first + step * number for number in range(most) if start <= first + step * number <= end]


# --- the picture ---------------------------------------------------------------------------------

_ROW, _TOP, _LEFT, _PLOT, _RIGHT, _FOOT = 22, 74, 220, 620, 130, 40
_COLOURS: dict[MarkKind, str] = {"report": "#1b6ca8", "copy": "#1b6ca8", "edit": "#a07800", "correction": "#b5422c"}
KINDS: dict[MarkKind, str] = {
    "report": "a text of its own",
    "copy": "copy",
    "edit": "edit",
    "correction": "correction or withdrawal",
}
_LABEL, _HEADING = 30, 100  # characters that fit
# Characters that XML 1.0 cannot represent in any way.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def timeline_svg(shown: Timeline, zone: tzinfo) -> str:
    """Return a picture of a timeline: one row per publisher, one sign per event; it has no scripts and no links, and loads nothing."""
    width, height = _LEFT + _PLOT + _RIGHT, _TOP + _ROW * len(shown.publishers) + _FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{_text(shown.title)}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="bold">{_text(shown.title, _HEADING)}</text>',
        *_axis(shown, zone, height),
    ]
    rows = {one.publisher: place for place, one in enumerate(shown.publishers)}
    for one, place in zip(shown.publishers, rows.values(), strict=True):
        parts += _row(shown, one, _TOP + _ROW * place + _ROW // 2)
    for mark in shown.marks:
        y = _TOP + _ROW * rows[mark.publisher] + _ROW // 2
        when = f"{mark.time.astimezone(zone):%Y-%m-%d %H:%M}"
        label = _text(f"{when} {mark.publisher}, {KINDS[mark.kind]}: {mark.title}")
        parts.append(_sign(mark.kind, _x(shown, mark.time), y, f"<title>{label}</title>"))
    return "\n".join((*parts, *_legend(shown, height), "</svg>")) + "\n"


def _axis(shown: Timeline, zone: tzinfo, height: int) -> Iterator[str]:
    days = shown.start.astimezone(zone).date() != shown.end.astimezone(zone).date()
    form = "%d.%m. %H:%M" if days else "%H:%M"
    name = shown.start.astimezone(zone).tzname() or "UTC"
    opened = f"{shown.start.astimezone(zone):%Y-%m-%d %H:%M} {name}"
    yield f'<text x="12" y="44" fill="#555555">{_text(f"First: {shown.publishers[0].publisher}, {opened}", 160)}</text>'
    for moment in ticks(shown.start, shown.end, zone, 8):
        x = _x(shown, moment)
        yield f'<path d="M{x} {_TOP - 4}V{height - _FOOT}" stroke="#dddddd"/>'
        yield f'<text x="{x}" y="{_TOP - 8}" text-anchor="middle" fill="#555555">{moment.astimezone(zone):{form}}</text>'


def _row(shown: Timeline, one: Lag, y: int) -> Iterator[str]:
    times = [mark.time for mark in shown.marks if mark.publisher == one.publisher]
    yield f'<text x="{_LEFT - 16}" y="{y + 4}" text-anchor="end">{_text(source(one), _LABEL)}</text>'
    yield f'<path d="M{_x(shown, times[0])} {y}H{_x(shown, times[-1])}" stroke="#9bb8cc" stroke-width="2"/>'
    yield f'<text x="{_LEFT + _PLOT + 16}" y="{y + 4}" fill="#333333">{waited(one.lag)}</text>'


def _legend(shown: Timeline, height: int) -> Iterator[str]:
    x = _LEFT
    for kind in (kind for kind in KINDS if any(mark.kind == kind for mark in shown.marks)):
        yield _sign(kind, x, height - 14, "")
        yield f'<text x="{x + 10}" y="{height - 10}">{KINDS[kind]}</text>'
        x += 40 + 7 * len(KINDS[kind])


def _sign(kind: MarkKind, x: float, y: int, inside: str) -> str:
    colour = _COLOURS[kind]
    if kind in ("report", "copy"):
        fill = colour if kind == "report" else "#ffffff"
        return f'<circle cx="{x}" cy="{y}" r="5" fill="{fill}" stroke="{colour}" stroke-width="1.5">{inside}</circle>'
    if kind == "edit":
        return f'<rect x="{x - 3:.1f}" y="{y - 3}" width="6" height="6" fill="{colour}">{inside}</rect>'
    cross = f"M{x - 5:.1f} {y - 5}l10 10m0 -10l-10 10"
    return f'<path d="{cross}" stroke="{colour}" stroke-width="3">{inside}</path>'


def _x(shown: Timeline, moment: datetime) -> float:
    span = shown.end - shown.start
    return round(_LEFT + (_PLOT * ((moment - shown.start) / span) if span else 0.0), 1)


def _text(text: str, limit: int | None = None) -> str:
    return escape(_NOT_XML.sub("", display_text(text, limit)))
