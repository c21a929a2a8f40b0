"""The canonical entry of a growing story, updated at the cost of what changed.

The order is that of ``canonical.py``. An entry's sort key depends on the entry, its report and its versions, so only groups in which
an entry was added, changed or removed are examined again.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from heapq import heapify, heappop, heappush, heapreplace
from typing import TypeVar

from aggregator.clustering.canonical import VERSIONS, Rank, Versions, rank_if, replaced, reports_no_event, shared_by
from aggregator.model import Entry

Name = TypeVar("Name", bound=Hashable)

_SLACK = 64  # outdated keys in the heap that are always tolerated


class Ranking:
    """The entries of one story in the order of :func:`canonical.rank`."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._reports: dict[str, list[str]] = {}
        self._versions: dict[Hashable, list[str]] = {}
        self._replaced: dict[Hashable, frozenset[str]] = {}  # group of versions -> those that are superseded
        self._superseded: set[str] = set()
        self._padded: set[str] = set()
        self._whole: dict[str, int] = {}
        self.among = Versions(self._superseded, self._padded, self._whole)
        self._keys: dict[str, Rank] = {}  # entry -> its sort key
        self._examined: set[str] = set()  # entries for which it is known whether they report no event
        self._order: list[Rank] = []  # a heap of sort keys, some of them outdated

    def of_report(self, report_id: str) -> list[Entry]:
        """Return the entries of a report."""
        return [self.entries[entry_id] for entry_id in self._reports.get(report_id, ())]

    def change(self, removed: Iterable[str], added: Collection[Entry]) -> None:
        """Remove and add entries; a changed entry is both removed and added."""
        reports: set[str] = set()
        versions: set[Hashable] = set()
        affected: set[str] = set()
        for entry_id in removed:
            entry = self.entries.pop(entry_id)
            reports.add(entry.report_id)
            _remove_from(self._reports, entry.report_id, entry_id)
            for group in _groups(entry):
                versions.add(group)
                _remove_from(self._versions, group, entry_id)
            del self._keys[entry_id]
            for known in (self._examined, self._superseded, self._padded):
                known.discard(entry_id)
            self._whole.pop(entry_id, None)
        for entry in added:
            self.entries[entry.id] = entry
            reports.add(entry.report_id)
            self._reports.setdefault(entry.report_id, []).append(entry.id)
            for group in _groups(entry):
                versions.add(group)
                self._versions.setdefault(group, []).append(entry.id)
            affected.add(entry.id)
        for report in reports:
            affected.update(self._compare_copies(report))
        for group in versions:
            affected.update(self._compare_versions(group))
        self._update_keys(affected)

    def first(self, pinned: str | None) -> Entry:
        """Return the canonical entry; ValueError where there is none."""
        if pinned in self.entries:
            return self.entries[pinned]
        while self._order:
            best_case = self._order[0]
            entry_id = best_case[-1]
            if self._keys.get(entry_id) is not best_case:
                heappop(self._order)
                continue
            entry = self.entries[entry_id]
            if entry_id in self._examined:
                return entry
            self._examined.add(entry_id)
            found = rank_if(entry, None, self.among, no_event=reports_no_event(entry))
            self._keys[entry_id] = found
            heapreplace(self._order, found)
        raise ValueError("a story without entries has no canonical one")

    def _compare_copies(self, report: str) -> list[str]:
        """Update which copies of a report are padded or whole; return the report's entries."""
        copies = self.of_report(report)
        padded, whole = shared_by(copies) if len(copies) > 1 else (frozenset[str](), dict[str, int]())
        for entry in copies:
            self._padded.discard(entry.id)
            self._whole.pop(entry.id, None)
        self._padded |= padded
        self._whole |= whole
        return [entry.id for entry in copies]

    def _compare_versions(self, group: Hashable) -> list[str]:
        """Update which entries of a group of versions are superseded; return the group's entries."""
        versions = self._versions.get(group, [])
        found = replaced([self.entries[one] for one in versions]) if len(versions) > 1 else frozenset[str]()
        if found:
            self._replaced[group] = found
        else:
            self._replaced.pop(group, None)
        return versions

    def _update_keys(self, entry_ids: Iterable[str]) -> None:
        for entry_id in entry_ids:
            entry = self.entries[entry_id]
            if any(entry_id in self._replaced.get(group, ()) for group in _groups(entry)):
                self._superseded.add(entry_id)
            else:
                self._superseded.discard(entry_id)
            no_event = entry_id in self._examined and reports_no_event(entry)
            key = rank_if(entry, None, self.among, no_event=no_event)
            if self._keys.get(entry_id) != key:
                self._keys[entry_id] = key
                heappush(self._order, key)
        if len(self._order) > 2 * len(self._keys) + _SLACK:
            self._order = list(self._keys.values())
            heapify(self._order)


def _groups(entry: Entry) -> Iterator[Hashable]:
    for number, kind in enumerate(VERSIONS):
        name = kind(entry)
        if name is not None:
            yield number, name


def _remove_from(groups: dict[Name, list[str]], name: Name, entry_id: str) -> None:
    inside = groups[name]
    inside.remove(entry_id)
    if not inside:
        del groups[name]
