"""One story of an edition: its line, rank, quotation and correction notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from aggregator.digest.values import (
    Correction,
    Edition,
    EditionStory,
    EditionStoryline,
    Material,
    Source,
    WhatIsNew,
    Window,
)
from aggregator.model import Entry, Flag, Report, Story, by_time
from aggregator.model.voices import voices
from aggregator.model.withdrawals import WITHDRAWN
from aggregator.text.headlines import letters

# Limits of layout, found by reading editions: two sentences of a wire lede fit 320 characters, and
# a name list longer than three lines is not read.
_QUOTE_LENGTH = 320
_QUOTE_LONGEST = 480
_ALSO = 6
_NEW_SENTENCES = 3
_CUT_AT_LEAST = 60  # characters; a shorter part of a cut-off sentence is not quoted
_NEW_TERMS = 8
_HEADLINES = 3
# The fields that a line of an edition shares with the list of stories.
_OF_SUMMARY = (
    *("id", "title", "url", "publisher", "agency", "language", "category", "canonical_entry"),
    *("first_seen", "last_seen", "entries", "reports", "publishers"),
)

# A shorter sentence is a byline or a dateline. In scripts without spaces a third of the characters is enough.
_FRAGMENT = 25
_FRAGMENT_UNSPACED = 9


class Before:
    """The previous edition's lines by story id; of merged stories, the largest line counts."""

    def __init__(self, previous: Edition | None) -> None:
        self._previous = previous
        self._known = frozenset(previous.known) if previous else frozenset()
        self._lines = {line.id: line for line in previous.stories()} if previous else {}

    def line(self, story: Story) -> EditionStory | None:
        """Return the story's line in the previous edition, if it was shown there."""
        lines = [self._lines[name] for name in _ids(story) if name in self._lines]
        return max(lines, key=lambda line: (line.entries, line.id), default=None)

    def gains_from(self, window: Window) -> datetime:
        """Return the time from which arrivals are new to the reader."""
        return gains_from(window, self._previous)

    def knew(self, story: Story) -> bool:
        """Return whether the previous edition included the story, shown or not."""
        return not self._known.isdisjoint(_ids(story))


def gains_from(window: Window, previous: Edition | None) -> datetime:
    """Return the time after which arrivals are new to the reader; if two editions overlap, the end of the other one."""
    if previous is None or not window.since < previous.until < window.until:
        return window.since
    return previous.until


def line(material: Material, window: Window, previous: Before) -> EditionStory:
    """Return the line of one story."""
    story, summary = material.story, material.story.summary
    before = previous.line(story)
    moment = previous.gains_from(window)
    carried = summary.first_seen < moment or previous.knew(story)
    fresh = _fresh(story, moment if carried else None, before)
    also, more = _also(story, material.running)
    quoted = quote(material.sentences, summary.title)
    return EditionStory(
        **{name: getattr(summary, name) for name in _OF_SUMMARY},
        independent=len(_voices(story.reports)),
        score=score(fresh, window),
        flags=_flags(
            (*summary.flags, *_corrected(material, window)), _news(material, fresh, window, moment, carried=carried)
        ),
        quote=quoted,
        also=also,
        more=more,
        copies=_copies(story),
        new=_shortened(material.new, quoted, summary.title) if carried else WhatIsNew(),
        facts=_facts(material.new) if carried else 0,
        gained_entries=summary.entries - before.entries if before else None,
        gained_reports=summary.reports - before.reports if before else None,
        gained_publishers=summary.publishers - before.publishers if before else None,
        headlines=material.headlines[-_HEADLINES:],
        recurring=material.recurring,
        storyline=EditionStoryline(summary.storyline.id, summary.storyline.title) if summary.storyline else None,
    )


def _corrected(material: Material, window: Window) -> tuple[Flag, ...]:
    return (Flag.CORRECTED,) if notices(material, window) else ()


def _ids(story: Story) -> set[str]:
    return {story.summary.id, *story.merged_from}


def _flags(flags: Iterable[Flag], news: Flag | None) -> tuple[Flag, ...]:
    """Return the story's flags, with NEW and UPDATED relative to the previous edition."""
    lasting = set(flags) - {Flag.NEW, Flag.UPDATED} | ({news} if news else set())
    return tuple(flag for flag in Flag if flag in lasting)


def _news(
    material: Material, fresh: Sequence[Report], window: Window, moment: datetime, *, carried: bool
) -> Flag | None:
    """Return NEW, or UPDATED if the story gained a report, a fact, a headline or a correction since ``moment``; copies do not count."""
    if not carried:
        return Flag.NEW
    corrected = any(notice.time >= moment for notice in notices(material, window))
    return Flag.UPDATED if fresh or material.new or material.headlines or corrected else None


def _fresh(story: Story, moment: datetime | None, before: EditionStory | None) -> tuple[Report, ...]:
    """Return the reports new to the reader: all without ``moment``, else those without a copy seen before it."""
    standing = tuple(
        report for report in story.reports if any(entry.correction not in WITHDRAWN for entry in report.entries)
    )
    if moment is None:
        return standing
    newest = sorted(standing, key=lambda report: (_begun(report), report.id))
    since = [report for report in newest if _begun(report) >= moment]
    if before is None:
        return tuple(since)
    # a report that arrived late, or was split off another, has an old time, but the number of reports has grown
    more = max(0, story.summary.reports - before.reports)
    return tuple(since) if len(since) >= more else tuple(newest[-more:])


def _begun(report: Report) -> datetime:
    return min(entry.seen for entry in report.entries)


def _facts(new: WhatIsNew) -> int:
    return len(new.numbers) + len(new.names) + len(new.passages)


def _voices(reports: Iterable[Report]) -> dict[str, int]:
    """Return the independent voices with their authority; a text that only withdraws another one confirms nothing."""
    standing = [report.entries for report in reports if any(one.correction not in WITHDRAWN for one in report.entries)]
    return {voice.name: max(entry.authority for entry in voice.entries) for voice in voices(standing)}


def score(fresh: Sequence[Report], window: Window) -> float:
    """Rank a story by the reports that are new to the reader: independent publishers x source weight x recency.

    The weight is the mean authority of the independent voices over 50, the authority of an unrated feed;
    recency halves with each length of the window that lies between the last such report and the window's end. Copies
    lift nothing: a story that is only printed again scores 0.
    """
    voices = _voices(fresh)
    if not voices:
        return 0.0
    weight = sum(voices.values()) / (50 * len(voices))
    age = max(window.until - max(map(_begun, fresh)), timedelta())
    span = window.until - window.since
    recency = 0.5 ** (age / span) if span > timedelta() else 1.0
    return round(len(voices) * weight * recency, 6)  # rounded, so that the order is the same on every machine


def _also(story: Story, running: frozenset[str]) -> tuple[tuple[Source, ...], int]:
    """Return the best entry of each further publisher, and the number left out: reports come before copies, both before live pages."""
    summary = story.summary

    def order(pair: tuple[Report, Entry]) -> tuple[bool, bool, int, datetime, str]:
        report, entry = pair
        is_copy = entry is not min(report.entries, key=by_time)
        return entry.id in running, is_copy, -entry.authority, entry.time, entry.id

    pairs = [(report, entry) for report in story.reports for entry in report.entries]
    others: dict[str, Source] = {}
    for _, entry in sorted(pairs, key=order):
        if entry.id != summary.canonical_entry and entry.publisher != summary.publisher:
            others.setdefault(entry.publisher, Source.of(entry))
    chosen = tuple(others.values())[:_ALSO]
    return chosen, len(others) - len(chosen)


def _copies(story: Story) -> tuple[tuple[str, int], ...]:
    """Return agency -> number of copies besides the canonical entry, the largest number first."""
    canonical = story.summary.canonical_entry
    counts: Counter[str] = Counter()
    for report in story.reports:
        if report.agency:
            counts[report.agency] += sum(not entry.is_agency_own and entry.id != canonical for entry in report.entries)
    return tuple(sorted(((name, n) for name, n in counts.items() if n), key=lambda pair: (-pair[1], pair[0])))


def _shortened(new: WhatIsNew, quoted: str, title: str) -> WhatIsNew:
    """Return the first news that the line does not contain already; whole sentences come before cut-off ones."""
    shown_text = f"{title}\n{quoted}"
    passages = [
        one for one in new.passages if one.text not in shown_text and (_is_whole(one.text) or _says_enough(one.text))
    ]
    passages.sort(key=lambda one: not _is_whole(one.text))
    shown = tuple(passages[:_NEW_SENTENCES])
    shown_text = "\n".join((shown_text, *(one.text for one in shown))).casefold()
    # a small number alone says nothing, and a single capitalised word is often only the first word of a sentence
    numbers = [one for one in new.numbers if (len(one) > 2 or not one.isdigit()) and one.casefold() not in shown_text]
    names = [
        one for one in new.names if (" " in one or not one.isascii()) and one.split()[-1].casefold() not in shown_text
    ]
    names = [one for one in names if not any(one != other and one in other for other in names)]
    return WhatIsNew(shown, tuple(numbers[:_NEW_TERMS]), tuple(names[:_NEW_TERMS]))


def _is_whole(sentence: str) -> bool:
    return not sentence.rstrip().endswith(("...", "…"))


def _says_enough(cut: str) -> bool:
    return len(cut) >= _CUT_AT_LEAST


def quote(sentences: Sequence[str], title: str) -> str:
    """Return one or two adjacent sentences, verbatim: the first that say more than the headline.

    What stands in parentheses before the text is an editor's note, as on a corrected dispatch.
    """
    first = next((place for place, text in enumerate(sentences) if _says_more(text, title)), None)
    if first is None:
        return ""
    text = sentences[first]
    if len(text) > _QUOTE_LONGEST:
        return text[:_QUOTE_LONGEST].rsplit(None, 1)[0].rstrip(",;:–- ") + " …"
    following = sentences[first + 1] if first + 1 < len(sentences) else ""
    if (
        following
        and _is_whole(following)
        and _says_more(following, title)
        and len(text) + len(following) < _QUOTE_LENGTH
    ):
        return text + ("" if _is_unspaced(text) else " ") + following
    return text


def _says_more(sentence: str, title: str) -> bool:
    shortest = _FRAGMENT_UNSPACED if _is_unspaced(sentence) else _FRAGMENT
    is_note = sentence.startswith("(") and ")" not in sentence[:-1]
    return len(sentence) >= shortest and not is_note and letters(sentence) != letters(title)


def _is_unspaced(text: str) -> bool:
    return text.endswith("。") or (len(text) > _FRAGMENT_UNSPACED and " " not in text)


# --- corrections -------------------------------------------------------------------------------


def notices(material: Material, window: Window) -> tuple[Correction, ...]:
    if material.corrections is not None:
        return material.corrections
    edited = dict(material.edited)
    return tuple(
        Correction(
            story=material.story.summary.id,
            entry=entry.id,
            kind=entry.correction,
            publisher=entry.publisher,
            title=entry.data.title,
            url=entry.data.link,
            time=_corrected_at(entry, edited),
            agency=entry.agency,
            language=entry.language,
        )
        for entry in sorted(material.story.entries, key=by_time)
        if entry.correction and window.holds(_corrected_at(entry, edited))
    )


def _corrected_at(entry: Entry, edited: Mapping[str, datetime]) -> datetime:
    """Return the time of the notice; for an entry that an edit turned into a correction, the time of the edit."""
    if entry.id in edited:
        return edited[entry.id]
    if entry.revisions and entry.data.updated:
        return max(entry.first_seen, min(entry.data.updated, entry.last_seen))
    return entry.first_seen


def is_current(material: Material, window: Window) -> bool:
    """Return whether an entry, an edit or a correction of the story is in the window."""
    return (
        material.story.summary.last_seen >= window.since
        or any(window.holds(moment) for _, moment in material.edited)
        or bool(notices(material, window))
    )
