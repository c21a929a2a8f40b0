"""Rows of stories of very many entries: what is known of these is kept in memory, and what changed of them alone is read.

The row is the same as one worked out of all entries. Where another connection wrote, or anything is in doubt, all are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.clustering.ranking import Ranking
from aggregator.ingest.story_rows import Counts, StoryRow, attribution_differs, story_fields_of, with_shared_agency
from aggregator.model import Entry
from aggregator.model.withdrawals import confirming
from aggregator.newsroom.corrections import own_notices
from aggregator.storage.database import Store, is_database_error
from aggregator.storage.entry_changes import EntryChanges
from aggregator.storage.stories import StoryStore

MOST = 50_000  # entries that are kept, of all stories together: some 2.5 kB each


@dataclass(slots=True)
class _Seen:
    """When the first and the last of some entries could be seen."""

    first: datetime | None = None
    last: datetime | None = None
    in_doubt: bool = False  # one of the two went

    def come(self, moment: datetime) -> None:
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)

    def gone(self, moment: datetime) -> None:
        self.in_doubt = self.in_doubt or moment in (self.first, self.last)


@dataclass(slots=True)
class Account:
    """The entries of one story and what its row says of them."""

    ranking: Ranking = field(default_factory=Ranking)
    publishers: Counter[str] = field(default_factory=Counter)
    confirming: set[str] = field(default_factory=set)  # reports that count as such
    dated: _Seen = field(default_factory=_Seen)
    undated: _Seen = field(default_factory=_Seen)
    notices: int = 0
    edited: int = 0
    categories: int = 0

    def change(self, gone: Collection[str], come: Collection[Entry]) -> tuple[Entry, ...]:
        """Take entries out and put others in, as they are stored; return those whose agency is to be another than is stored.

        An entry that changed is in ``come``.
        """
        held = self.ranking.entries
        leaving = {one: held[one] for one in (*gone, *(entry.id for entry in come)) if one in held}
        entering = {entry.id: entry for entry in come}
        reports = {entry.report_id for entry in (*leaving.values(), *come)}
        changed: list[Entry] = []
        for copies in self._copies(reports, leaving, come):
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

    def counts(self) -> Counts:
        """Return what the row says beside its canonical entry."""
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
        self, reports: Collection[str], leaving: Collection[str], come: Iterable[Entry]
    ) -> Iterable[list[Entry]]:
        """Return the entries of reports as they are to be."""
        found = {
            report: [entry for entry in self.ranking.of_report(report) if entry.id not in leaving] for report in reports
        }
        for entry in come:
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
        (seen.come if one > 0 else seen.gone)(entry.seen)

    def _seen(self) -> tuple[datetime, datetime]:
        if self.dated.in_doubt or self.undated.in_doubt:
            self.dated, self.undated = _Seen(), _Seen()
            for entry in self.ranking.entries.values():
                (self.undated if entry.is_undated_stock else self.dated).come(entry.seen)
        seen = self.undated if self.dated.first is None else self.dated
        if seen.first is None or seen.last is None:
            raise ValueError("a story without entries was never seen")
        return seen.first, seen.last


class KeptStories:
    """The accounts of a process, for a connection that alone writes most of the time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stories = StoryStore(store)
        self._changes = EntryChanges(store)
        self._accounts: dict[
            str, tuple[int, Account]
        ] = {}  # story -> data version and account, the last used at the end
        self._in_hand: tuple[str, int, Account] | None = None

    def worked_out(self, story_id: str) -> StoryRow | None:
        """Return what a story's row is to say; None where that is to be found out of all entries.

        What is returned is to be saved, and :meth:`saved` told; else the account is not kept.
        """
        if self._store.connection.in_transaction:
            return None  # might be undone
        try:
            return self._compute_row(story_id)
        except Exception as error:
            if is_database_error(error):
                raise
            return None  # an entry that cannot be looked at costs itself where all are read

    def saved(self) -> None:
        """Keep the account of the story that was asked for last: what it said is stored."""
        if self._in_hand is None:
            return
        story_id, version, account = self._in_hand
        self._in_hand = None
        self._accounts[story_id] = version, account
        while sum(len(one.ranking.entries) for _, one in self._accounts.values()) > MOST:
            oldest = next(iter(self._accounts))
            del self._accounts[oldest]
            self._changes.leave(oldest)

    def _compute_row(self, story_id: str) -> StoryRow:
        version = self._store.data_version()
        self._in_hand = None
        known, account = self._accounts.pop(story_id, (version, None))
        changed = self._changes.taken(story_id) if account is not None and known == version else None
        if account is None or changed is None:
            account = Account()
            attributions = account.change((), self._changes.follow(story_id))
        else:
            attributions = account.change(*changed)
        if not account.ranking.entries:
            return StoryRow(story_id, None)
        canonical = account.ranking.first(self._stories.pinned(story_id))
        has_own = canonical.category or not account.categories
        category = None if has_own else self._changes.first_category(story_id)
        self._in_hand = story_id, version, account
        return StoryRow(story_id, story_fields_of(canonical, account.counts(), category), attributions)
