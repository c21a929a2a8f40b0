"""Clustering all stored entries anew after the clustering changed, in steps between the daemon's other work.

First the vectors are recomputed from the stored texts, then all reports of the window are settled, some at a time. Progress is
stored, so that a restart continues; editors' decisions hold throughout.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from aggregator.clustering.fingerprint import clustering_fingerprint
from aggregator.clustering.vectors import VERSION
from aggregator.ingest.clustering_changes import Change, Outcome, compare
from aggregator.ingest.place import Placer
from aggregator.storage.damage import from_json
from aggregator.storage.database import Store
from aggregator.storage.reclustering import ReclusterStore
from aggregator.storage.times import to_text

VECTORS_AT_ONCE = 50  # reports whose vectors one transaction recomputes, in some 100 ms
SETTLED_AT_ONCE = 2_000  # reports that one step settles, in a second or two
MAX_REPORTED = 200  # changes that the report names, largest first


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a run, in reports; each report counts twice, since it is read once and settled once."""

    done: int
    total: int


class Reclustering:
    """A run over the database, which continues an interrupted one; ``placer`` has the window of the process."""

    def __init__(self, store: Store, placer: Placer) -> None:
        self._store = store
        self._placer = placer
        self._state = ReclusterStore(store.connection)

    def is_due(self) -> bool:
        """Return whether the clustering changed, vectors of another version are stored, or a run is under way."""
        state = self._state
        return (
            state.cursor() is not None
            or not state.is_clustered_by(clustering_fingerprint())
            or state.any_outdated(VERSION)
        )

    def begin(self) -> None:
        """Request a run over everything, due or not."""
        with self._store.transaction():
            self._state.begin()

    def step(self, now: datetime) -> Progress | None:
        """Do one step; return the progress, None when the run is done."""
        if self._state.cursor() is None:
            self.begin()
        waiting = self._placer.vectors.of_other_versions(VERSION)
        if waiting:
            self._revector(waiting)
            return self._progress(len(waiting) - VECTORS_AT_ONCE)
        reports = self._state.reports_after(self._state.cursor() or 0, SETTLED_AT_ONCE)
        if not reports:
            self._close(now)
            return None
        with self._store.transaction():
            self._placer.vectors.mark_unsettled(report for _, report in reports)
            self._state.set_cursor(reports[-1][0])
        self._placer.finish(now)
        return self._progress(0)

    def run(self, now: datetime, progress: Callable[[int, int], None]) -> Outcome:
        """Do a whole run; return what changed."""
        self.begin()
        while (reached := self.step(now)) is not None:
            progress(reached.done, reached.total)
        return self.outcome()

    def outcome(self) -> Outcome:
        """Return what the last run changed."""
        report = self._state.report()
        if report is None:
            return Outcome([], "Nothing was clustered anew yet.")
        kept: Any = from_json(report, dict)
        return Outcome([Change(**change) for change in kept["changes"]], kept["sentence"])

    # --- parts of the steps ----------------------------------------------------------------------

    def _revector(self, waiting: Sequence[str]) -> None:
        known = self._placer.stories.existing_reports(waiting[:VECTORS_AT_ONCE])
        with self._store.transaction():
            for report in waiting[:VECTORS_AT_ONCE]:
                if report in known:
                    self._placer.revector([report])
                else:
                    self._placer.vectors.drop(report)

    def _progress(self, waiting: int) -> Progress:
        total, settled = self._state.counts()
        return Progress(total - max(0, waiting) + settled, 2 * total)

    def _close(self, now: datetime) -> None:
        before = self._state.former_stories()
        after = {entry: story for entry, story in self._state.stories_of(before) if story is not None}
        kept = {entry: story for entry, story in before.items() if entry in after}
        titles = self._state.titles(kept)
        outcome = compare(kept, after, titles)
        with self._store.transaction():
            report = {
                "at": to_text(now),
                "sentence": outcome.sentence,
                "changes": [asdict(change) for change in outcome.changes[:MAX_REPORTED]],
            }
            self._state.end(json.dumps(report, ensure_ascii=False), clustering_fingerprint())
