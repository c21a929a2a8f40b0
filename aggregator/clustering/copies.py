"""Copy detection: keys propose stored entries, an exact comparison of shingles decides, the rest of the report confirms.

Thresholds and their provenance: Jaccard and containment as in ``CopySettings`` (the usual bars for reprints: a half, or four
fifths of the shorter text, over shingles of five words). A false copy costs more than a missed one, since
copies are folded away. So entries of one address need like texts or headlines, and two texts on one template are compared
closely; see ``templated_texts.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from aggregator.clustering.instalments import ANOTHER_DAY
from aggregator.clustering.numbers import numbers_in
from aggregator.clustering.recurring import is_recurring_title
from aggregator.clustering.sketch import MIN_WORDS, overlaps
from aggregator.clustering.templated_texts import WORDS, lacks_headline_words, shares_only_passages, substitutions
from aggregator.model import Arrival, Match, Sketch
from aggregator.settings import CopySettings
from aggregator.text.entry_address import names_an_article
from aggregator.text.tokens import words

# Two entries of one headline and no text are copies only this close in time: headlines come again.
SAME_TITLE_WITHIN = timedelta(hours=36)
# A newcomer must be a copy of more than this share of the report's first members, so that no chain grows: the report keeps to the
# text that it began with, and a running report that a publisher writes on until little of it is left begins another.
CONFIRMED_BY = 0.5
CONFIRMING = 5  # members looked at
# A page that lists many entries is one address: under one address, texts need be only this much alike, but alike.
LIKE_ON_ONE_PAGE = 0.2
SAME_WORDS = 0.6  # of the shorter of two texts on one page that are too short for shingles
# Like texts of one publisher that are read word by word for one arrival; beyond, it is taken for one of a form.
COMPARED_CLOSELY = 12
# Words beside those of the headline that a short text must have to tell an event; shorter words tell nothing.
TELLING = 3
# Numbers that each of two instalments of a routine has and the other lacks; one may be a channel's or a page's.
OWN_NUMBERS = 2


@dataclass(frozen=True, slots=True)
class StoredSketch:
    """A stored sketch, with the entry's fields that the decision needs."""

    entry_id: str
    report_id: str
    feed: str
    publisher: str
    title: str
    url: str | None
    numbers: frozenset[str]
    time: datetime
    sketch: Sketch


@dataclass(frozen=True, slots=True)
class CopyDecision:
    """The report that an entry is a copy of, if any, and whether a cap applied."""

    report_id: str | None = None
    match: Match | None = None
    capped: int = 0


class CopyMemory(Protocol):
    """Where sketches are looked up; bounded by the window."""

    def candidates(self, keys: Sequence[int], limit: int) -> tuple[Sequence[str], bool]:
        """Return entries that share keys, those with the most first, and whether a cap applied."""
        ...

    def sketches(self, entry_ids: Sequence[str]) -> Mapping[str, StoredSketch]:
        """Return the sketches of these entries."""
        ...

    def members(self, report_id: str, limit: int) -> Sequence[StoredSketch]:
        """Return a report's first entries, its anchor first."""
        ...

    def text(self, entry_id: str) -> str:
        """Return the plain text of an entry; empty where it is not known."""
        ...


@dataclass(frozen=True, slots=True)
class _Edge:
    other: StoredSketch
    method: str
    score: float
    threshold: float
    jaccard: float
    containment: float


def find_copy(arrival: Arrival, memory: CopyMemory, settings: CopySettings, barred: Collection[str]) -> CopyDecision:
    """Return the report that an entry is a copy of; editors exclude the ``barred`` reports."""
    made = arrival.sketch
    if made is None:
        return CopyDecision()
    ids, capped = memory.candidates(made.bands, settings.max_compared)
    edges: list[_Edge] = []
    others = list(memory.sketches(ids).values())
    for other, alike in zip(others, overlaps(made, [other.sketch for other in others]), strict=True):
        if other.entry_id == arrival.entry_id or other.report_id in barred or other.sketch.version != made.version:
            continue
        edge = _edge(arrival, made, other, alike, settings)
        if edge is not None:
            edges.append(edge)
    edges.sort(key=lambda edge: (-edge.score / edge.threshold, edge.other.time, edge.other.entry_id))
    refused: set[str] = set()
    for edge in edges:
        report = edge.other.report_id
        if report in refused:
            continue
        if len(refused) >= COMPARED_CLOSELY:
            break
        differs = _differs_in_details(arrival, edge, memory) or _has_other_details(arrival, edge, memory)
        if not differs and _confirmed(made, edge, memory.members(report, CONFIRMING), settings):
            return CopyDecision(report, _match(arrival, made, edge), int(capped))
        refused.add(report)
    return CopyDecision(capped=int(capped))


def numbers_of(arrival: Arrival) -> frozenset[str]:
    """Return the numbers of title and first sentences, which distinguish one instalment of a series from the next."""
    made = arrival.sketch
    return numbers_in(arrival.document) if made is None or made.numbers is None else made.numbers


def _edge(
    arrival: Arrival, made: Sketch, other: StoredSketch, alike: tuple[float, float], settings: CopySettings
) -> _Edge | None:
    """Judge a pair; ``alike`` are its Jaccard similarity and containment."""
    if abs(arrival.time - other.time) > settings.window:
        return None
    if made.words < MIN_WORDS or other.sketch.words < MIN_WORDS:
        return _page_edge(arrival, made, other, alike) or _title_edge(arrival, other)
    edge = _text_edge(made, other, alike, settings) or _short_edge(arrival, other, alike, settings)
    if edge is None:
        return _page_edge(arrival, made, other, alike)
    if _is_routine(arrival, other, edge.jaccard) or _is_quoted(arrival, made, edge):
        return None
    return edge


def _page_edge(arrival: Arrival, made: Sketch, other: StoredSketch, overlapping: tuple[float, float]) -> _Edge | None:
    """Compare two entries of one address: a copy where the texts are somewhat alike, or one is empty and the headlines agree."""
    if not arrival.document.canonical_url or arrival.document.canonical_url != other.url:
        return None
    if made.words >= MIN_WORDS and other.sketch.words >= MIN_WORDS:
        jaccard, containment = overlapping
        alike = max(jaccard, containment / 2) >= LIKE_ON_ONE_PAGE and not _is_routine(arrival, other, jaccard)
        return _Edge(other, "link", 1.0, 1.0, jaccard, containment) if alike else None
    return _Edge(other, "link", 1.0, 1.0, 0.0, 0.0) if _same_headline(arrival, other) else None


def _differs_in_details(arrival: Arrival, edge: _Edge, memory: CopyMemory) -> bool:
    """Return whether two like texts are different: filled-in templates, or headlines that their text does not mention.

    Asked of one publisher, and of two where they run headlines of one form: what other publishers make of a dispatch is a copy.
    """
    made, other = arrival.document, edge.other
    if edge.method == "title" or (edge.jaccard == 1.0 and made.title == other.title):
        return False
    one_publisher = arrival.publisher == other.publisher
    one_feed = one_publisher or arrival.feed == other.feed
    if not one_feed and not _like_headlines(made.title, other.title):
        return False
    texts = f"{made.lede}\n{made.body}", memory.text(other.entry_id)
    if one_feed and (
        lacks_headline_words(made.title, other.title, texts[0])
        or lacks_headline_words(other.title, made.title, texts[1])
    ):
        return made.canonical_url != other.url or not names_an_article(made.canonical_url)
    if edge.jaccard == 1.0:
        return False
    if one_feed and shares_only_passages((made.title, texts[0]), (other.title, texts[1])):
        return True
    titles = (made.title, other.title) if one_publisher else (_untailed(made.title), _untailed(other.title))
    filled = substitutions((titles[0], texts[0]), (titles[1], texts[1]), made.language)
    if not one_publisher:
        return filled.short and filled.words >= WORDS
    return filled.make_distinct(made.language, another_day=abs(arrival.time - other.time) >= ANOTHER_DAY)


def _has_other_details(arrival: Arrival, edge: _Edge, memory: CopyMemory) -> bool:
    """Return whether two short entries of one headline differ: two bulletins or quotations on a page, two events elsewhere."""
    if edge.method not in ("link", "title") or edge.jaccard:
        return False
    mine = set(words(f"{arrival.document.lede} {arrival.document.body}"))
    theirs = set(words(memory.text(edge.other.entry_id)))
    if not mine or not theirs:
        return False  # one has no text: headline and address speak for it
    if edge.method == "title":
        # what two houses set under a headline differs; but of one event they tell something that is the same
        said = set(words(arrival.document.title))
        mine, theirs = ({word for word in one - said if _tells(word)} for one in (mine, theirs))
        return min(len(mine), len(theirs)) >= TELLING and not mine & theirs
    own, others = ({word for word in one if word[0].isdigit()} for one in (mine - theirs, theirs - mine))
    return bool(own and others) or len(mine & theirs) < SAME_WORDS * min(len(mine), len(theirs))


def _tells(word: str) -> bool:
    return len(word) >= 4 or word[0].isdigit() or not word.isascii()


def _untailed(title: str) -> str:
    """Return a headline without the publisher's name behind a bar."""
    return title.partition(" | ")[0]


def _like_headlines(one: str, other: str) -> bool:
    own, others = set(words(one)), set(words(other))
    return one != other and 2 * len(own & others) >= len(own | others)


def _text_edge(made: Sketch, other: StoredSketch, alike: tuple[float, float], settings: CopySettings) -> _Edge | None:
    jaccard, containment = alike
    if jaccard >= settings.jaccard:
        return _Edge(other, "jaccard", jaccard, settings.jaccard, jaccard, containment)
    if containment >= settings.containment and min(made.words, other.sketch.words) >= settings.min_words:
        return _Edge(other, "containment", containment, settings.containment, jaccard, containment)
    return None


def _short_edge(
    arrival: Arrival, other: StoredSketch, alike: tuple[float, float], settings: CopySettings
) -> _Edge | None:
    """Compare a text that is too short or cut off: a copy where the other text holds it under the same headline."""
    jaccard, containment = alike
    if containment < settings.containment or not _same_headline(arrival, other):
        return None
    return _Edge(other, "containment", containment, settings.containment, jaccard, containment)


def _title_edge(arrival: Arrival, other: StoredSketch) -> _Edge | None:
    """Judge an entry without text by its headline: the same words, another feed, hardly any time between."""
    if other.feed == arrival.feed or not _same_headline(arrival, other):
        return None
    return _Edge(other, "title", 1.0, 1.0, 0.0, 0.0)


def _same_headline(arrival: Arrival, other: StoredSketch) -> bool:
    if abs(arrival.time - other.time) > SAME_TITLE_WITHIN or is_recurring_title(arrival.document.title):
        return False
    title = words(arrival.document.title)
    return len(set(title)) >= 4 and title == words(other.title)


def _is_routine(arrival: Arrival, other: StoredSketch, jaccard: float) -> bool:
    """Return whether two like texts of one publisher are instalments of a series: same words, other numbers."""
    if arrival.publisher != other.publisher and arrival.feed != other.feed:
        return False
    if is_recurring_title(arrival.document.title) and arrival.document.canonical_url != other.url:
        return jaccard < 0.95
    mine = numbers_of(arrival)
    if min(len(mine - other.numbers), len(other.numbers - mine)) < OWN_NUMBERS:
        return False
    return len(mine & other.numbers) / len(mine | other.numbers) < 0.4


def _is_quoted(arrival: Arrival, made: Sketch, edge: _Edge) -> bool:
    """Return whether the longer of two texts is a round-up or a live blog, which holds the texts of many events."""
    longer = arrival.document.title if made.words > edge.other.sketch.words else edge.other.title
    return edge.method == "containment" and is_recurring_title(longer)


def _confirmed(made: Sketch, edge: _Edge, members: Sequence[StoredSketch], settings: CopySettings) -> bool:
    """Return whether the newcomer is near the report and not merely near one outlier of it."""
    if edge.method in ("link", "title") or len(members) < 2:
        return True
    judged = [member for member in members if member.sketch.words >= MIN_WORDS]
    alike = overlaps(made, [member.sketch for member in judged])
    pairs = zip(judged, alike, strict=True)
    near = sum(_text_edge(made, member, one, settings) is not None for member, one in pairs)
    # two members that are unlike each other, as in a round-up, leave a contained text without a majority
    needed = CONFIRMED_BY * len(judged)
    return near > needed or (near == needed and edge.method == "jaccard") or not judged


def _match(arrival: Arrival, made: Sketch, edge: _Edge) -> Match:
    other = edge.other
    return Match(
        kind="copy",
        entry_id=arrival.entry_id,
        other_id=other.entry_id,
        method=edge.method,
        score=round(edge.score, 4),
        threshold=edge.threshold,
        evidence={
            "jaccard": round(edge.jaccard, 4),
            "containment": round(edge.containment, 4),
            "words": made.words,
            "other_words": other.sketch.words,
            "other_title": other.title,
            "other_publisher": other.publisher,
            "other_time": other.time.isoformat(),
            "same_title": arrival.document.title.casefold() == other.title.casefold(),
        },
        parameters=made.version,
    )
