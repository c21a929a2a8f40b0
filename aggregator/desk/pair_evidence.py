"""The evidence on two entries: their shared words, how many reports have these, and what speaks against one event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.phrases import Phrase, shared_phrases
from aggregator.clustering.sentences import number
from aggregator.clustering.shared_terms import common_terms, count_reports_with, cross_language_agreement
from aggregator.desk.reader import Reader
from aggregator.digest.time_zone import time_zone
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.place import Placer
from aggregator.ingest.window import Window
from aggregator.model import Document, Entry, Evidence, Match
from aggregator.settings import Settings
from aggregator.storage.database import Store

SHOWN_NAMES, SHOWN_WORDS = 3, 2  # shared names and words in a sentence, the rarest of each kind
# Feature -> the value from which on it speaks against one event, and the words for it.
AGAINST = {
    "numbers_differ": (0.5, "their titles give different numbers"),
    "ordinals_differ": (0.5, "their titles count different ones of a kind"),
    "same_mould": (0.5, "one publisher's titles of one mould"),
    "unshared_least": (6.0, "each title names what the other lacks"),
    "series": (0.5, "they are two of a series, half a day apart or more"),
    "bare": (0.5, "a title is a bare name"),
    "label": (0.5, "the title of both names nobody and no place, and their texts share nothing"),
    "form": (0.5, "they are one publisher's form, filled in otherwise"),
    "figures": (0.7, "they share little but numbers and dates"),
    "slot": (0.5, "a title names a slot of the day"),
    "numbers missed": (1.0, "they share none of their numbers"),
    "places missed": (1.0, "they share none of the places that they name"),
}
# Shift of log odds by density or timing -> the value below which it speaks against a pair, and the words for it.
OF_WINDOW = {
    "density": (-1.0, "hardly any report of those days is told by two publishers"),
    "timing": (-1.0, "what is told by two publishers in those days is told sooner"),
}


class PairEvidence:
    """Collects the evidence on pairs of entries from their texts and the window's graph; without a graph there are no numbers."""

    def __init__(self, reader: Reader, placer: Placer, graph: Callable[[], StoryGraph] | None) -> None:
        self._reader = reader
        self._placer = placer
        self._graph = graph  # called when it is first needed
        self._documents: dict[str, Document] = {}

    def of(self, match: Match) -> Match:
        """Return a link with the time of the other entry in its evidence, and with the shared words of two reports."""
        entries = self._reader.entries
        if match.kind == "editor" or any(entries.placement(one) is None for one in (match.entry_id, match.other_id)):
            return match
        one, two = entries.get(match.entry_id), entries.get(match.other_id)
        proof: dict[str, object] = {
            **match.evidence,
            "other_publisher": two.publisher,
            "other_time": two.time.isoformat(),
            "other_title": two.data.title,
            "hours": round(abs((one.time - two.time).total_seconds()) / 3600, 1),
        }
        if match.kind == "copy":
            return replace(match, evidence=proof)
        against = [words for name, (bar, words) in AGAINST.items() if number(match.evidence.get(name)) >= bar]
        against += [words for name, (bar, words) in OF_WINDOW.items() if number(match.evidence.get(name)) <= bar]
        proof["against"] = against
        return replace(match, evidence={**proof, **self._words(one, two)})

    def _words(self, one: Entry, two: Entry) -> Evidence:
        """Return the words that two entries share, and, in the window, how many reports have them."""
        graph = self._graph() if self._graph is not None else None
        if graph is not None and not (one.report_id in graph and two.report_id in graph):
            graph = None
        if one.language != two.language:
            return {} if graph is None else _agreement(graph, one, two)
        among = common_terms(graph, one.report_id, two.report_id) if graph is not None else None
        texts = self._document(one), self._document(two)
        language = one.language or ""
        found: Sequence[Phrase] = (
            _shared(*texts, language) if among is None else shared_phrases(*texts, language, among)
        )
        names = [phrase for phrase in found if phrase.is_name][:SHOWN_NAMES]
        words = [phrase for phrase in found if not phrase.is_name][:SHOWN_WORDS]
        if not names and not words:
            return {}
        shared = {"shared_names": [one.text for one in names], "shared_words": [one.text for one in words]}
        if graph is None:
            return shared
        telling = {term for phrase in (*names, *words) for term in phrase.terms}
        return {**shared, "holders": count_reports_with(graph, sorted(telling)), "reports": len(graph)}

    def _document(self, entry: Entry) -> Document:
        if entry.id not in self._documents:
            self._documents[entry.id] = self._placer.arrival_of(entry).document
        return self._documents[entry.id]


class ExplainerBase:
    """The base class of explainers of entries and ties; unless ``in_window``, no window is loaded and there are no numbers."""

    def __init__(
        self, reader: Reader, store: Store, settings: Settings, window: Window, *, in_window: bool = True
    ) -> None:
        self._in_window = in_window
        self._reader = reader
        self._settings = settings
        self._window = window
        self._placer = Placer(store, settings, window)
        self._evidence = PairEvidence(reader, self._placer, window.compared_graph if in_window else None)
        self._constraints = EditorConstraints(store)
        self._zone = time_zone(settings.digest.timezone)


@lru_cache(maxsize=256)  # pages show the pairs of some stories repeatedly
def _shared(one: Document, two: Document, language: str) -> tuple[Phrase, ...]:
    return tuple(shared_phrases(one, two, language))


def _agreement(graph: StoryGraph, one: Entry, two: Entry) -> Evidence:
    """Return what two entries of different languages share."""
    common = cross_language_agreement(graph, one.report_id, two.report_id)
    if common is None:
        return {}
    signs = [word for kind in (common.names, common.places, common.numbers) for word in kind[:2]]
    return {"shared_signs": signs, "other_language": two.language}
