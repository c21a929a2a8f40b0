"""Builds an edition of the digest: it chooses and orders the stories of one window. Pure.

Each story is either *new* (first seen in the window and not in the previous edition) or *carried over*. Stories are ranked
by what is new to the reader: independent publishers of reports that arrived since the previous edition x source weight x
recency, then new facts. Every story appears exactly once:

- the best stories are at the top;
- other carried-over stories with news are under "developing";
- other new stories of several publishers are under "new";
- the rest is folded by category.

A story that was only reprinted is never at the top. Nor is a story that names a slot of the day (the weather, a live blog,
a briefing): it is folded, after the others. Within a section the stories of one storyline are together, and each counts for
itself. The corrections section has notices that point to their story; a story that its canonical entry's publisher
withdrew appears only there. An edition is frozen: it is stored when it is made, and always renders the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

from aggregator.digest.story import Before, is_current, line, notices
from aggregator.digest.values import (
    Correction,
    Counts,
    Edition,
    EditionSection,
    EditionStory,
    FeedHealth,
    Material,
    Window,
    edition_id,
)
from aggregator.model import Flag
from aggregator.model.withdrawals import WITHDRAWN, is_withdrawn
from aggregator.settings import DigestSettings

NEWS = frozenset({Flag.NEW, Flag.UPDATED})


def build(
    window: Window,
    materials: Sequence[Material],
    *,
    counts: Counts,
    health: FeedHealth,
    settings: DigestSettings,
    previous: Edition | None = None,
    stories_off: bool = False,
    series: str = "",
) -> Edition:
    """Return the edition of ``window`` from the material of its stories, in any order.

    Stories without an event in the window are left out.
    """
    materials = [material for material in materials if is_current(material, window)]
    corrections = [notice for material in materials for notice in notices(material, window)]
    stories = [material.story for material in materials]
    return Edition(
        id=edition_id(window, series),
        title=settings.title,
        since=window.since,
        until=window.until,
        timezone=settings.timezone,
        counts=counts,
        health=health,
        corrections=tuple(
            sorted(corrections, key=lambda notice: (_withdrawal_first(notice), notice.entry, notice.story))
        ),
        sections=_sections(_ranked(materials, window, previous), settings, window),
        known=tuple(one.summary.id for one in sorted(stories, key=lambda story: story.summary.canonical_entry)),
        previous=previous.id if previous else None,
        stories_off=stories_off,
        language=settings.language,
        series=series,
    )


def _ranked(materials: Sequence[Material], window: Window, previous: Edition | None) -> list[EditionStory]:
    """Return the lines of the stories that are not withdrawn, best first."""
    before = Before(previous)
    return sorted(
        (line(material, window, before) for material in materials if not is_withdrawn(material.story)),
        # not by id: if a pass was interrupted, a story's id depends on which report was settled first
        key=lambda story: (-story.score, -story.facts, -story.independent, story.canonical_entry),
    )


# --- sections ----------------------------------------------------------------------------------


def _sections(ranked: Sequence[EditionStory], settings: DigestSettings, window: Window) -> tuple[EditionSection, ...]:
    def grew(story: EditionStory) -> bool:
        # a story of yesterday that was only reprinted, or edited by a word, is not at today's top
        return story.last_seen >= window.since and not NEWS.isdisjoint(story.flags)

    slots = [story for story in ranked if story.recurring]
    ranked = [story for story in ranked if not story.recurring]
    top, left = _take(ranked, settings.top, settings.per_publisher, lambda story: _is_shared(story) and grew(story))
    if not top:  # a quiet day, or a desk with one feed: take the best stories available
        top, left = _take(ranked, settings.top, settings.per_publisher, grew)
    if not top:  # there are only reprints
        top, left = _take(ranked, settings.top, settings.per_publisher, lambda story: story.last_seen >= window.since)
    developing, left = _take(left, settings.developing, settings.per_publisher, _is_developing)
    new, left = _take(left, settings.new, settings.per_publisher, lambda s: Flag.NEW in s.flags and _is_shared(s))
    named: list[EditionSection] = [
        EditionSection("top", "Top stories", _by_storyline(top)),
        EditionSection("developing", "Developing", _by_storyline(developing)),
        EditionSection("new", "New", _by_storyline(new)),
    ]
    return (*(section for section in named if section.stories), *_rest([*left, *slots], settings.rest))


def _take(
    ranked: Sequence[EditionStory], most: int, per_publisher: int, wanted: Callable[[EditionStory], bool]
) -> tuple[list[EditionStory], list[EditionStory]]:
    """Return the first ``most`` wanted stories, at most ``per_publisher`` of one publisher, and the rest."""
    taken: list[EditionStory] = []
    left: list[EditionStory] = []
    shown: Counter[str] = Counter()
    for story in ranked:
        if len(taken) < most and shown[story.publisher] < per_publisher and wanted(story):
            taken.append(story)
            shown[story.publisher] += 1
        else:
            left.append(story)
    return taken, left


def _by_storyline(ranked: Sequence[EditionStory]) -> tuple[EditionStory, ...]:
    """Return stories reordered so that those of one storyline follow its best ranked one."""
    grouped: dict[str, list[EditionStory]] = {}
    for story in ranked:
        grouped.setdefault(story.storyline.id if story.storyline else story.id, []).append(story)
    return tuple(story for together in grouped.values() for story in together)


def _is_shared(story: EditionStory) -> bool:
    return story.publishers > 1


def _is_developing(story: EditionStory) -> bool:
    if Flag.UPDATED not in story.flags:
        return False
    return _is_shared(story) or bool(story.new) or Flag.CORRECTED in story.flags


def _rest(left: Sequence[EditionStory], most: int) -> tuple[EditionSection, ...]:
    def heading(story: EditionStory) -> str:
        return story.category or ""

    sections = []
    for category, stories in groupby(sorted(left, key=lambda s: (not s.category, heading(s).casefold())), key=heading):
        chosen = _by_storyline(list(stories))
        sections.append(
            EditionSection(
                "rest", _capital(category) or "Other", chosen[:most], folded=True, more=max(0, len(chosen) - most)
            )
        )
    return tuple(sections)


def _capital(category: str) -> str:
    return category[:1].upper() + category[1:]  # str.capitalize would make EU Eu


def _withdrawal_first(notice: Correction) -> tuple[bool, float]:
    return notice.kind not in WITHDRAWN, -notice.time.timestamp()
