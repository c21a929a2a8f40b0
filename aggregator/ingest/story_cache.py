"""A cache of the entries of very large stories, so that a story's row is computed from the changed entries alone.

The row is the same as one computed from all entries. Where another connection wrote, or the cache may be wrong, all are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.clustering.ranking import Ranking
from aggregator.ingest.story_rows import Counts, StoryRow, attribution_differs, story_fields_of, with_shared_agency
from aggregator.model import Entry
from aggregator.model.withdrawals import confirming, holding_pin
from aggregator.newsroom.corrections import own_notices
from aggregator.storage.database import Store
from aggregator.storage.entry_changes import EntryChanges
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.stories import StoryStore

MAX_ENTRIES = 50_000  # cached entries of all stories together, some 2.5 kB each


@dataclass(slots=True)
class _SeenTimes:
    """The first and the last time at which some entries could be seen."""

    first: datetime | None = None
    last: datetime | None = None
    in_doubt: bool = False  # whether an entry with one of these times was removed

    def add(self, moment: datetime) -> None:
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)

    def remove(self, moment: datetime) -> None:
        self.in_doubt = self.in_doubt or moment in (self.first, self.last)


@dataclass(slots=True)
class CachedStory:
    """The entries of one story, and the counts of them for its row."""

    ranking: Ranking = field(default_factory=Ranking)
    publishers: Counter[str] = field(default_factory=Counter)
    confirming: set[str] = field(default_factory=set)  # reports that count as independent
    dated: _SeenTimes = field(default_factory=_SeenTimes)
    undated: _SeenTimes = field(default_factory=_SeenTimes)
    notices: int = 0
    edited: int = 0
    categories: int = 0

    def change(self, removed: Collection[str], added: Collection[Entry]) -> tuple[Entry, ...]:
        """Remove and add entries; return the entries whose agency has to be stored anew.

        The entries are given as they are stored; a changed entry is in ``added``.
        """
        held = self.ranking.entries
        leaving = {one: held[one] for one in (*removed, *(entry.id for entry in added)) if one in held}
        entering = {entry.id: entry for entry in added}
        reports = {entry.report_id for entry in (*leaving.values(), *added)}
        changed: list[Entry] = []
        for copies in self._copies(reports, leaving, added):
            for stored, entry in zip(copies, with_shared_agency(copies), strict=True):
                if entry is stored or entry == stored:
                    continue
                if stored.id in held:
                    leaving.setdefault(stored.id, stored)
                entering[entry.id] = entry
                if attribution_differs(entry, stored):
                    changed.append(entry)
        for entry in leaving.values():
            self._count(entry, -1)
        for entry in entering.values():
            self._count(entry, 1)
        self.ranking.change(leaving, entering.values())
        for report in reports:
            if confirming(self.ranking.of_report(report)):
                self.confirming.add(report)
            else:
                self.confirming.discard(report)
        return tuple(changed)

    def canonical(self, pinned: str | None) -> Entry:
        """Return the canonical entry; ``pinned`` is the id of the entry that an editor pinned."""
        if pinned is not None and self.notices:
            pinned = holding_pin(pinned, self.ranking.entries.values())
        return self.ranking.first(pinned)

    def counts(self) -> Counts:
        """Return the part of the row that does not depend on the canonical entry."""
        seen = self._seen()
        return Counts(
            entries=len(self.ranking.entries),
            reports=len(self.confirming),
            publishers=len(self.publishers),
            first_seen=seen[0],
            last_seen=seen[1],
            corrected=self.notices > 0 and bool(own_notices(list(self.ranking.entries.values()))),
            edited=self.edited > 0,
        )

    def _copies(
        self, reports: Collection[str], leaving: Collection[str], added: Iterable[Entry]
    ) -> Iterable[list[Entry]]:
        """Return the entries of each report as they will be after the change."""
        found = {
            report: [entry for entry in self.ranking.of_report(report) if entry.id not in leaving] for report in reports
        }
        for entry in added:
            found[entry.report_id].append(entry)
        return found.values()

    def _count(self, entry: Entry, one: int) -> None:
        self.publishers[entry.publisher] += one
        if not self.publishers[entry.publisher]:
            del self.publishers[entry.publisher]
        self.notices += one * bool(entry.correction)
        self.edited += one * bool(entry.revisions)
        self.categories += one * bool(entry.category)
        seen = self.undated if entry.is_undated_stock else self.dated
        (seen.add if one > 0 else seen.remove)(entry.seen)

    def _seen(self) -> tuple[datetime, datetime]:
        if self.dated.in_doubt or self.undated.in_doubt:
            self.dated, self.undated = _SeenTimes(), _SeenTimes()
            for entry in self.ranking.entries.values():
                (self.undated if entry.is_undated_stock else self.dated).add(entry.seen)
        seen = self.undated if self.dated.first is None else self.dated
        if seen.first is None or seen.last is None:
            raise ValueError("a story without entries was never seen")
        return seen.first, seen.last


class StoryCache:
    """The cached stories of a process, whose connection is most of the time the only one that writes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stories = StoryStore(store)
        self._changes = EntryChanges(store)
        # story -> data version and entries, the last used at the end
        self._cached: dict[str, tuple[int, CachedStory]] = {}
        self._unsaved: tuple[str, int, CachedStory] | None = None

    def row(self, story_id: str) -> StoryRow | None:
        """Return a story's row; None where it has to be computed from all entries.

        The caller saves the row and then calls :meth:`saved`; without that call nothing stays cached.
        """
        if self._store.connection.in_transaction:
            return None  # the transaction might be undone
        try:
            return self._compute_row(story_id)
        except Exception as error:
            if is_database_error(error):
                raise
            return None  # when all entries are read, one at fault is left out

    def saved(self) -> None:
        """Add the story whose row was computed last to the cache, now that its row is stored."""
        if self._unsaved is None:
            return
        story_id, version, cached = self._unsaved
        self._unsaved = None
        self._cached[story_id] = version, cached
        while sum(len(one.ranking.entries) for _, one in self._cached.values()) > MAX_ENTRIES:
            oldest = next(iter(self._cached))
            del self._cached[oldest]
            self._changes.unfollow(oldest)

    def _compute_row(self, story_id: str) -> StoryRow:
        version = self._store.data_version()
        self._unsaved = None
        known, cached = self._cached.pop(story_id, (version, None))
        changed = self._changes.read(story_id) if cached is not None and known == version else None
        if cached is None or changed is None:
            cached = CachedStory()
            attributions = cached.change((), self._changes.follow(story_id))
        else:
            attributions = cached.change(*changed)
        if not cached.ranking.entries:
            return StoryRow(story_id, None)
        canonical = cached.canonical(self._stories.pinned(story_id))
        has_own = canonical.category or not cached.categories
        category = None if has_own else self._changes.first_category(story_id)
        self._unsaved = story_id, version, cached
        return StoryRow(story_id, story_fields_of(canonical, cached.counts(), category), attributions)
