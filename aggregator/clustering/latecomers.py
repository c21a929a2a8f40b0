"""Updates the counts of old reports when a report arrives late or leaves.

A report counts the reports before it, and those before it with each of its terms. Both counts are used in steps of half an octave,
so that few reports have to search for candidates again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aggregator.clustering.arrays import Flags, Places
from aggregator.clustering.candidates import CandidateIndex
from aggregator.clustering.pair_features import BUCKETS, steps_of
from aggregator.clustering.params import DAY, ClusteringParams
from aggregator.clustering.rows import Rows

_BATCH = 64  # reports whose terms are looked up at once


class Latecomers:
    """Updates the counts of old reports when reports before them are added or removed."""

    def __init__(self, rows: Rows, indexes: Sequence[CandidateIndex], params: ClusteringParams) -> None:
        self._rows = rows
        self._indexes = indexes
        self._params = params
        self._latest = -np.inf  # time of the latest report so far

    def late_among(self, places: Places) -> Places:
        """Return the reports that are earlier than some added before; the others, usually all, change no count."""
        times = np.nan_to_num(self._rows.reports.time[places], nan=-np.inf)
        late, self._latest = places[times <= self._latest], max(self._latest, float(times.max(initial=-np.inf)))
        return late

    def count(self, places: Places, change: int, old: Flags) -> Places:
        """Change the number of reports before old reports; return those whose count reached another step."""
        at = np.flatnonzero(old)
        return self._recount(places, at, change) if len(places) and len(at) else np.zeros(0, np.int64)

    def count_terms(self, places: Places, change: int, old: Flags) -> Places:
        """Change the number of earlier reports with a term, for old reports; return those whose count reached another step."""
        changed = [np.zeros(0, np.int64)]
        if old.any():
            for start in range(0, len(places), _BATCH):
                for index in self._indexes:
                    pairs = index.later(places[start : start + _BATCH])
                    changed.append(self._recount_terms(*pairs, change, old))
        return np.concatenate(changed)

    def _recount(self, places: Places, at: Places, change: int) -> Places:
        """Do the work of :meth:`count`; ``at`` are the places of old reports."""
        reports, moved = self._rows.reports, [np.zeros(0, np.int64)]
        for language in np.unique(reports.language[places]).tolist():
            early = np.sort(reports.time[places[reports.language[places] == language]])
            undated = int(np.isnan(early).sum())  # they come before all dated reports, as in DayCounts
            early = early[: len(early) - undated]
            later = at[reports.language[at] == language]
            time = reports.time[later]
            before = np.searchsorted(early, time, "left")
            before -= np.searchsorted(np.floor(early / DAY), np.floor(time / DAY) - self._params.window / DAY, "left")
            before += undated
            moving = (before > 0) & ~np.isnan(time)
            later, before = later[moving], before[moving]
            was = steps_of(reports.before[later])
            reports.before[later] += change * before
            moved.append(later[was != steps_of(reports.before[later])])
        return np.concatenate(moved)

    def _recount_terms(self, early: Places, late: Places, change: int, old: Flags) -> Places:
        """Do the work of :meth:`count_terms` for pairs of an earlier and a later report."""
        early, late = early[old[late]], late[old[late]]
        terms = self._rows.terms
        _, flat, pair = self._rows.shared_terms(early, late)
        indexed = terms.rareness[flat] > -np.log(self._params.index_share)
        flat, pair = flat[indexed], pair[indexed]
        was = BUCKETS[terms.seen[flat]]
        np.add.at(terms.seen, flat, np.uint16(change % 65_536))
        return np.unique(late[pair[was != BUCKETS[terms.seen[flat]]]])
