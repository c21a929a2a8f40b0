"""The graph of the window's reports, kept in step with the vectors that any process stores."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from aggregator.clustering.blocks import Engine
from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.links import Best, Link
from aggregator.clustering.meaning import Meaning
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.vectors import VERSION, ReportVector
from aggregator.ingest import saved_window
from aggregator.ingest.free_memory import keep_large_blocks_apart, return_free_memory
from aggregator.ingest.meanings import meanings_for
from aggregator.ingest.story_cache import StoryCache
from aggregator.settings import StorySettings
from aggregator.storage.database import Store
from aggregator.storage.report_vectors import VectorStore

log = logging.getLogger("aggregator.window")

RETURNED_EVERY = 2_000  # new reports between two returns of free memory, which take some 40 ms


class Window:
    """The graph of a process: loaded when it is first needed, and kept in step with the tables from then on.

    It is made of the stored vectors alone, so a restarted process has the same graph.
    """

    def __init__(self, store: Store, settings: StorySettings, engine: Engine | None = None) -> None:
        """Follow the reports of ``store``; an ``engine`` compares the reports that are there when the graph is loaded."""
        self._store = store
        self.story_cache = StoryCache(store)  # not part of the graph, but of the same lifetime
        self._engine = engine
        self._vectors = VectorStore(store.connection)
        self._params = replace(DEFAULT, story_bar=_log_odds(settings.threshold), window=settings.window.total_seconds())
        known = meanings_for(settings)
        self._meanings = None if known is None else known.version
        self._kept_for = repr(self._params) if self._meanings is None else f"{self._params!r} {self._meanings}"
        self._graph: StoryGraph | None = None
        self._known: dict[str, float] = {}  # report -> its time
        self._read_to = 0
        self._kept_to = 0  # the number up to which the saved window reaches
        self._horizon: float | None = None  # older reports were removed
        self._arrived = 0  # new reports since free memory was last returned
        self.capped_copies = 0  # look-ups of copies that reached their limit

    def __contains__(self, report_id: object) -> bool:
        return report_id in self._known

    def graph(self) -> StoryGraph:
        """Return the graph, updated from the tables; reports that changed since the last call are marked as touched."""
        if self._store.connection.in_transaction:
            self._store.call_at_end(self._transaction_ended)
        if self._graph is None:
            return self._load()
        arrived: list[tuple[str, ReportVector]] = []
        read_to = self._read_to
        for number, report_id, data in self._vectors.since(self._read_to, VERSION):
            vector = _unpacked(report_id, data)
            if vector is None:
                self.forget([report_id])
            else:
                arrived.append((report_id, vector))
            self._read_to = number
        # read after the vectors: meanings that another process writes in between are read again at the next call
        self._set_meanings(self._graph, read_to)
        self._graph.add_all(arrived)
        self._arrived += len(arrived)
        self._known.update((report_id, vector.time) for report_id, vector in arrived)
        horizon = self._vectors.pruned_before()
        if horizon is not None and horizon != self._horizon:
            self._horizon = horizon
            self.forget([report_id for report_id, time in self._known.items() if time < horizon])
        return self._graph

    def capped_lookups(self) -> dict[str, int]:
        """Return how many look-ups of copies and of candidates for stories reached their limit, as in a flood of similar texts."""
        return {
            "copies": self.capped_copies,
            "stories": 0 if self._graph is None else self._graph.comparison.index.capped,
        }

    def compared_graph(self) -> StoryGraph:
        """Return the graph with all its reports compared, so that pairs can be explained."""
        graph = self.graph()
        graph.bring_up_to_date()
        return graph

    def graph_of(self, report_ids: Iterable[str]) -> StoryGraph:
        """Return a graph of some stored reports alone. It is made quickly, but its scores do not depend on the rest of the window."""
        rows = ((report_id, self._vectors.get(report_id)) for report_id in report_ids)
        vectors = (
            (name, _unpacked(name, row.vector)) for name, row in rows if row is not None and row.version == VERSION
        )
        graph = StoryGraph(self._params)
        graph.load((name, vector) for name, vector in vectors if vector is not None)
        return graph

    def compare_ahead(self) -> None:
        """Compare the reports that were stored since the last call, so that :meth:`graph` has less to do.

        With an engine it does nothing before the graph is loaded: the engine compares the reports at loading.
        """
        if self._graph is not None or self._engine is None:
            self.graph().compare_ahead()
            self._return_memory()

    def links(self, best: Mapping[str, Best]) -> dict[str, Link]:
        """Return the links of these edges; edges of reports that are no longer in the window are left out."""
        if self._graph is None:
            return {}
        return self._graph.links(
            {report: one for report, one in best.items() if report in self._known and one.other in self._known}
        )

    def mark_written(self) -> None:
        """Note that the stories which the graph returned are stored."""
        if self._graph is not None:
            self._graph.mark_written()
            self._return_memory()

    def save(self) -> None:
        """Save the window in a file beside the database, if it changed since it was read."""
        if self._graph is not None and self._read_to != self._kept_to:
            saved_window.write(
                self._store,
                self._kept_for,
                saved_window.SavedWindow(self._graph, self._known, self._read_to, self._horizon),
            )
            self._kept_to = self._read_to

    def _return_memory(self) -> None:
        """Return freed memory. Arrays that grow with the window leave holes; without this, a process grows by a third in a year."""
        if self._arrived >= RETURNED_EVERY:
            self._arrived = 0
            return_free_memory()

    def _load(self) -> StoryGraph:
        keep_large_blocks_apart()
        kept = saved_window.read(self._store, self._kept_for)
        if kept is not None and kept.read_to <= self._vectors.newest():
            self._graph, self._known, self._read_to, self._horizon = kept
            self._kept_to = kept.read_to
            return self.graph()  # with the vectors that were stored since
        graph = StoryGraph(self._params, cross_language=self._meanings is not None)
        read_to = self._vectors.newest()
        rows = [
            (report_id, vector)
            for _, report_id, data in self._vectors.since(0, VERSION)
            if (vector := _unpacked(report_id, data)) is not None
        ]
        self._set_meanings(graph, 0)
        graph.load(rows, self._engine)
        self._known = {report_id: vector.time for report_id, vector in rows}
        self._graph, self._read_to = graph, read_to
        return graph

    def _set_meanings(self, graph: StoryGraph, since: int) -> None:
        """Give the graph the meanings of the reports that are added next."""
        if self._meanings is None:
            return
        meanings: dict[str, Meaning] = {}
        for report_id, data in self._vectors.meanings_since(since, self._meanings):
            try:
                meanings[report_id] = Meaning.unpacked(data)
            except ValueError:
                log.warning("what report %s means cannot be read; it is compared in its language only", report_id)
        graph.set_meanings(meanings)

    def forget(self, report_ids: Collection[str]) -> None:
        """Remove reports that are no longer stored."""
        known = [report_id for report_id in report_ids if report_id in self._known]
        for report_id in known:
            del self._known[report_id]
        if self._graph is not None and known:
            self._graph.remove(known)

    def _transaction_ended(self, kept: bool) -> None:
        if not kept:  # the graph may hold vectors of the transaction that was undone
            self._graph, self._known, self._read_to = None, {}, 0


def _unpacked(report_id: str, data: bytes | None) -> ReportVector | None:
    """Return a stored vector; None where there is none, or where it cannot be read, which is logged."""
    if data is None:
        return None
    try:
        return ReportVector.unpacked(data)
    except ValueError:
        log.warning("the vector of report %s cannot be read; the report is compared with none", report_id)
        return None


def _log_odds(probability: float) -> float:
    """Return the natural log odds of a probability, bounded where it is none or all."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(bounded / (1 - bounded))
