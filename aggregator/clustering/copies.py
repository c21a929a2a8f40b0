"""Copy detection: keys propose stored entries, an exact comparison of shingles decides, the rest of the report confirms.

Thresholds: Jaccard similarity and containment as in ``CopySettings``, the usual ones for reprints: a half, or four fifths of the
shorter text, over shingles of five words. A false copy costs more than a missed one, because copies are folded away. So entries of
one address also need similar texts or headlines, and two texts on one template are compared word by word (``templated_texts.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from aggregator.clustering import templated_texts
from aggregator.clustering.instalments import ANOTHER_DAY
from aggregator.clustering.numbers import numbers_in
from aggregator.clustering.recurring import is_recurring_title
from aggregator.clustering.sketch import MIN_WORDS, overlaps
from aggregator.clustering.templated_texts import lacks_headline_words, shares_only_passages, substitutions
from aggregator.model import Arrival, Match, Sketch
from aggregator.settings import CopySettings
from aggregator.text.entry_address import names_an_article
from aggregator.text.tokens import is_content_word, words

# Two entries with one headline and no text are copies only if they are this close in time, because headlines recur.
SAME_TITLE_WITHIN = timedelta(hours=36)
# An arrival must be a copy of more than this share of the report's first members, so that no chain of copies grows: the report
# keeps to its first text, and a running text of which little is left begins another report.
CONFIRMING_SHARE = 0.5
CONFIRMING_MEMBERS = 5  # first members of a report that an arrival is compared with
# Similarity that two texts of one address need, because a page that lists many entries is one address too.
MIN_ON_ONE_PAGE = 0.2
MIN_SHARED_WORDS = 0.6  # the same for texts too short for shingles: share of the shorter text's words
# Reports of similar texts that one arrival is compared with word by word; after as many refusals it counts as one of a form.
MAX_REFUSALS = 12
# Words beside those of the headline that two short texts must have before they are compared by them.
MIN_DETAILS = 3
# Numbers that each of two instalments of a series has and the other has not; a single one may be a channel's or a page's.
MIN_OWN_NUMBERS = 2


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
    """The report that an entry is a copy of, if any, and whether a limit cut the candidates (``capped``)."""

    report_id: str | None = None
    match: Match | None = None
    capped: int = 0


class CopyMemory(Protocol):
    """Stored sketches, bounded by the window."""

    def candidates(self, keys: Sequence[int], limit: int) -> tuple[Sequence[str], bool]:
        """Return entries that share keys, those with the most first, and whether a limit cut the list."""
        ...

    def sketches(self, entry_ids: Sequence[str]) -> Mapping[str, StoredSketch]:
        """Return the sketches of these entries."""
        ...

    def members(self, report_id: str, limit: int) -> Sequence[StoredSketch]:
        """Return a report's first entries, its anchor first."""
        ...

    def text(self, entry_id: str) -> str:
        """Return the plain text of an entry; empty where the entry is not stored."""
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
    sketch = arrival.sketch
    if sketch is None:
        return CopyDecision()
    ids, capped = memory.candidates(sketch.bands, settings.max_compared)
    edges: list[_Edge] = []
    others = list(memory.sketches(ids).values())
    for other, overlap in zip(others, overlaps(sketch, [other.sketch for other in others]), strict=True):
        if other.entry_id == arrival.entry_id or other.report_id in barred or other.sketch.version != sketch.version:
            continue
        edge = _edge(arrival, sketch, other, overlap, settings)
        if edge is not None:
            edges.append(edge)
    edges.sort(key=lambda edge: (-edge.score / edge.threshold, edge.other.time, edge.other.entry_id))
    refused: set[str] = set()
    for edge in edges:
        report = edge.other.report_id
        if report in refused:
            continue
        if len(refused) >= MAX_REFUSALS:
            break
        differs = _is_other_text(arrival, edge, memory) or _is_other_short_text(arrival, edge, memory)
        if not differs and _is_confirmed(sketch, edge, memory.members(report, CONFIRMING_MEMBERS), settings):
            return CopyDecision(report, _match(arrival, sketch, edge), int(capped))
        refused.add(report)
    return CopyDecision(capped=int(capped))


def numbers_of(arrival: Arrival) -> frozenset[str]:
    """Return the numbers of title and first sentences, which distinguish one instalment of a series from the next."""
    sketch = arrival.sketch
    return numbers_in(arrival.document) if sketch is None or sketch.numbers is None else sketch.numbers


def _edge(
    arrival: Arrival, sketch: Sketch, other: StoredSketch, overlap: tuple[float, float], settings: CopySettings
) -> _Edge | None:
    """Return the edge of a pair, None where the entries are not copies; ``overlap``: Jaccard similarity and containment."""
    if abs(arrival.time - other.time) > settings.window:
        return None
    if sketch.words < MIN_WORDS or other.sketch.words < MIN_WORDS:
        return _page_edge(arrival, sketch, other, overlap) or _title_edge(arrival, other)
    edge = _text_edge(sketch, other, overlap, settings) or _short_edge(arrival, other, overlap, settings)
    if edge is None:
        return _page_edge(arrival, sketch, other, overlap)
    if _is_instalment(arrival, other, edge.jaccard) or _is_quoted(arrival, sketch, edge):
        return None
    return edge


def _page_edge(arrival: Arrival, sketch: Sketch, other: StoredSketch, overlap: tuple[float, float]) -> _Edge | None:
    """Compare two entries of one address: copies where the texts are rather similar, or one is empty and the headlines agree."""
    if not arrival.document.canonical_url or arrival.document.canonical_url != other.url:
        return None
    if sketch.words >= MIN_WORDS and other.sketch.words >= MIN_WORDS:
        jaccard, containment = overlap
        similar = max(jaccard, containment / 2) >= MIN_ON_ONE_PAGE and not _is_instalment(arrival, other, jaccard)
        return _Edge(other, "link", 1.0, 1.0, jaccard, containment) if similar else None
    return _Edge(other, "link", 1.0, 1.0, 0.0, 0.0) if _same_headline(arrival, other) else None


def _is_other_text(arrival: Arrival, edge: _Edge, memory: CopyMemory) -> bool:
    """Return whether two similar texts are not copies: filled-in templates, or headlines that their text does not mention.

    Only texts of one feed or publisher are examined, and of two publishers where their headlines are similar: other publishers'
    versions of a dispatch are copies.
    """
    document, other = arrival.document, edge.other
    if edge.method == "title" or (edge.jaccard == 1.0 and document.title == other.title):
        return False
    one_publisher = arrival.publisher == other.publisher
    one_feed = one_publisher or arrival.feed == other.feed
    if not one_feed and not _are_similar_headlines(document.title, other.title):
        return False
    texts = f"{document.lede}\n{document.body}", memory.text(other.entry_id)
    if one_feed and (
        lacks_headline_words(document.title, other.title, texts[0])
        or lacks_headline_words(other.title, document.title, texts[1])
    ):
        return document.canonical_url != other.url or not names_an_article(document.canonical_url)
    if edge.jaccard == 1.0:
        return False
    if one_feed and shares_only_passages((document.title, texts[0]), (other.title, texts[1])):
        return True
    titles = document.title, other.title
    if not one_publisher:
        titles = _without_name(titles[0]), _without_name(titles[1])
    filled = substitutions((titles[0], texts[0]), (titles[1], texts[1]), document.language)
    if not one_publisher:
        return filled.short and filled.words >= templated_texts.MIN_WORDS
    return filled.make_distinct(document.language, another_day=abs(arrival.time - other.time) >= ANOTHER_DAY)


def _is_other_short_text(arrival: Arrival, edge: _Edge, memory: CopyMemory) -> bool:
    """Return whether two short entries of one headline are not copies: bulletins or quotations of one page, or two events."""
    if edge.method not in ("link", "title") or edge.jaccard:
        return False
    mine = set(words(f"{arrival.document.lede} {arrival.document.body}"))
    theirs = set(words(memory.text(edge.other.entry_id)))
    if not mine or not theirs:
        return False  # one has no text, so headline and address decide
    if edge.method == "title":
        # two publishers write different texts under a headline, but on one event they share a detail
        in_title = set(words(arrival.document.title))
        mine, theirs = (
            {word for word in one - in_title if is_content_word(word) or word[0].isdigit()} for one in (mine, theirs)
        )
        return min(len(mine), len(theirs)) >= MIN_DETAILS and not mine & theirs
    own, others = ({word for word in one if word[0].isdigit()} for one in (mine - theirs, theirs - mine))
    return bool(own and others) or len(mine & theirs) < MIN_SHARED_WORDS * min(len(mine), len(theirs))


def _without_name(title: str) -> str:
    """Return a headline without the publisher's name behind a bar."""
    return title.partition(" | ")[0]


def _are_similar_headlines(one: str, other: str) -> bool:
    """Return whether two different headlines share half of their words."""
    own, others = set(words(one)), set(words(other))
    return one != other and 2 * len(own & others) >= len(own | others)


def _text_edge(
    sketch: Sketch, other: StoredSketch, overlap: tuple[float, float], settings: CopySettings
) -> _Edge | None:
    jaccard, containment = overlap
    if jaccard >= settings.jaccard:
        return _Edge(other, "jaccard", jaccard, settings.jaccard, jaccard, containment)
    if containment >= settings.containment and min(sketch.words, other.sketch.words) >= settings.min_words:
        return _Edge(other, "containment", containment, settings.containment, jaccard, containment)
    return None


def _short_edge(
    arrival: Arrival, other: StoredSketch, overlap: tuple[float, float], settings: CopySettings
) -> _Edge | None:
    """Compare a text that is too short or cut off: a copy where the other text contains it and has the same headline."""
    jaccard, containment = overlap
    if containment < settings.containment or not _same_headline(arrival, other):
        return None
    return _Edge(other, "containment", containment, settings.containment, jaccard, containment)


def _title_edge(arrival: Arrival, other: StoredSketch) -> _Edge | None:
    """Compare entries without text: copies where another feed has the same headline at nearly the same time."""
    if other.feed == arrival.feed or not _same_headline(arrival, other):
        return None
    return _Edge(other, "title", 1.0, 1.0, 0.0, 0.0)


def _same_headline(arrival: Arrival, other: StoredSketch) -> bool:
    if abs(arrival.time - other.time) > SAME_TITLE_WITHIN or is_recurring_title(arrival.document.title):
        return False
    title = words(arrival.document.title)
    return len(set(title)) >= 4 and title == words(other.title)


def _is_instalment(arrival: Arrival, other: StoredSketch, jaccard: float) -> bool:
    """Return whether two similar texts of one publisher are instalments of a series: the same words with other numbers."""
    if arrival.publisher != other.publisher and arrival.feed != other.feed:
        return False
    if is_recurring_title(arrival.document.title) and arrival.document.canonical_url != other.url:
        return jaccard < 0.95
    mine = numbers_of(arrival)
    if min(len(mine - other.numbers), len(other.numbers - mine)) < MIN_OWN_NUMBERS:
        return False
    return len(mine & other.numbers) / len(mine | other.numbers) < 0.4


def _is_quoted(arrival: Arrival, sketch: Sketch, edge: _Edge) -> bool:
    """Return whether the longer of two texts is a round-up or a live blog, which contains texts on many events."""
    longer = arrival.document.title if sketch.words > edge.other.sketch.words else edge.other.title
    return edge.method == "containment" and is_recurring_title(longer)


def _is_confirmed(sketch: Sketch, edge: _Edge, members: Sequence[StoredSketch], settings: CopySettings) -> bool:
    """Return whether an arrival is a copy of most members of a report, and not only of an outlier."""
    if edge.method in ("link", "title") or len(members) < 2:
        return True
    compared = [member for member in members if member.sketch.words >= MIN_WORDS]
    pairs = zip(compared, overlaps(sketch, [member.sketch for member in compared]), strict=True)
    copies = sum(_text_edge(sketch, member, overlap, settings) is not None for member, overlap in pairs)
    # where the members differ from each other, as in a round-up, a text contained in half of them is no copy
    needed = CONFIRMING_SHARE * len(compared)
    return copies > needed or (copies == needed and edge.method == "jaccard") or not compared


def _match(arrival: Arrival, sketch: Sketch, edge: _Edge) -> Match:
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
            "words": sketch.words,
            "other_words": other.sketch.words,
            "other_title": other.title,
            "other_publisher": other.publisher,
            "other_time": other.time.isoformat(),
            "same_title": arrival.document.title.casefold() == other.title.casefold(),
        },
        parameters=sketch.version,
    )
