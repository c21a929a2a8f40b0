"""Renaming of publishers and categories in stored entries, in steps between the daemon's other work.

All entries are checked in order of arrival. Those that now have another publisher or category are rewritten in short
transactions with their sketches and vectors, and the stories of their reports are settled anew. Progress is stored, so that a
restart continues.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic, sleep

from aggregator.clustering.vectorize import with_source
from aggregator.clustering.vectors import VERSION, ReportVector
from aggregator.ingest.place import Placer
from aggregator.ingest.record import ARCHIVE
from aggregator.ingest.renaming import pending_renaming
from aggregator.ingest.story_rows import agency_evidence
from aggregator.model import EntryData
from aggregator.newsroom.agencies import agency_of_publisher
from aggregator.newsroom.publishers import Families, normal_name, own_publisher, publisher_of, publisher_of_link
from aggregator.newsroom.wires import Attribution, attribute, wire_of
from aggregator.parsing.archive import UNNAMED
from aggregator.storage.database import MAX_TRANSACTION, PAUSE, Store
from aggregator.storage.renamed_publishers import EntrySource, FeedName, Renaming, RenamingStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.text.counts import amount

LOOKED_AT = 1_000  # entries whose publishers are read at once, a few ms
CHANGED_AT_ONCE = 250  # entries whose publishers are decided at once
# A step ends at the first of these limits, after a second or two: entries looked at, entries changed, vectors changed. Each
# changed vector is compared anew.
LOOKED_AT_IN_A_STEP, CHANGED_IN_A_STEP, VECTORS_IN_A_STEP = 50_000, 1_000, 500
log = logging.getLogger("aggregator.publishers")


@dataclass(frozen=True, slots=True)
class _Change:
    """The new publisher and category of an entry; ``agency`` is a tuple of one where the agency changes as well."""

    entry: EntrySource
    publisher: str
    category: str | None
    agency: tuple[Attribution | None] | None = None


class Reattribution:
    """Brings the publishers and categories of a database's entries in line with feeds.yaml."""

    def __init__(self, store: Store, placer: Placer, known: Families) -> None:
        self._store = store
        self._placer = placer
        self._known = known
        self._names = RenamingStore(store.connection)
        self._vectors_changed = 0  # in the step at hand

    def step(self, now: datetime) -> int | None:
        """Rename the publishers or categories of some entries; return of how many, None where no renaming is pending."""
        renaming = pending_renaming(self._store, self._known)
        if renaming is None:
            return None
        others = self._placer.vectors.unsettled()
        decider = _Decider(self._names.feeds(), self._known, renaming)
        changed, begun, self._vectors_changed = 0, renaming.reached, 0
        while (
            changed < CHANGED_IN_A_STEP
            and self._vectors_changed < VECTORS_IN_A_STEP
            and renaming.reached < begun + LOOKED_AT_IN_A_STEP
        ):
            read = self._names.publishers_after(renaming.reached, LOOKED_AT)
            if not read:
                self._settle(changed, others, now)
                self._end(renaming)
                return changed
            every = [number for number, feed, publisher in read if decider.may_change(feed, publisher)]
            asked = every[:CHANGED_AT_ONCE]
            changes = list(self._changes(asked, decider))
            written = self._write(changes, renaming, asked[-1] if len(asked) < len(every) else read[-1][0])
            if written is None:
                break  # another process goes on with it
            changed, renaming = changed + len(changes), written
        if changed:
            self._settle(changed, others, now)
        return changed

    # --- parts of a step -------------------------------------------------------------------------

    def _settle(self, changed: int, others: Collection[str], now: datetime) -> None:
        if changed:
            log.info(
                "publishers or categories were renamed: %s under new names",
                amount(changed, "more entry", "more entries"),
            )
        self._placer.finish_own(now, others)

    def _end(self, renaming: Renaming) -> None:
        """Note that the renaming is done: all entries are rewritten, and their stories settled."""
        with self._store.transaction():
            if self._names.is_current(renaming):
                self._names.end()

    def _changes(self, numbers: Sequence[int], decider: _Decider) -> Iterator[_Change]:
        for entry in self._names.sources(numbers):
            try:
                publisher, category = decider.publisher(entry), decider.category(entry)
                if publisher != entry.publisher:
                    agency = self._agency(entry, publisher, decider.is_agency(entry.feed_id))
                    yield _Change(entry, publisher, category, agency)
                elif category != entry.category:
                    yield _Change(entry, publisher, category)
            except Exception as error:
                if is_database_error(error):
                    raise
                log.exception("entry %s keeps its former publisher", entry.id)

    def _agency(self, entry: EntrySource, publisher: str, is_agency: bool) -> tuple[Attribution | None] | None:
        """Return the agency of an entry under its new publisher, as a tuple of one; None where the agency does not change."""
        if not is_agency and not (agency_of_publisher(publisher) or agency_of_publisher(entry.publisher)):
            return None
        entries = self._placer.entries
        data, text = entries.get(entry.id).data, entries.texts([entry.id])[entry.id]
        wire = wire_of(attribute(data, text), publisher, agency_feed=is_agency)
        return (wire,) if wire is not None or entry.agency_form == "feed" else None

    def _write(self, changes: Sequence[_Change], renaming: Renaming, last: int) -> Renaming | None:
        """Write changes in short transactions, and note that all entries up to ``last`` were checked; return the progress.

        None where another process renamed a publisher or made progress meanwhile.
        """
        rest, done = iter(changes), 0
        while True:
            with self._store.transaction():
                if not self._names.is_current(renaming):
                    return None
                ends, reports, reached = monotonic() + MAX_TRANSACTION, set[str](), renaming.reached
                for change in rest:
                    reports |= self._follow(change)
                    done, reached = done + 1, change.entry.number
                    if monotonic() >= ends:
                        break
                self._placer.vectors.mark_unsettled(sorted(reports))
                if done == len(changes):
                    reached = last
                self._names.set_reached(renaming, reached)
            renaming = replace(renaming, reached=reached)
            if done == len(changes):
                return renaming
            if self._store.path is not None:
                sleep(PAUSE)

    def _follow(self, change: _Change) -> set[str]:
        """Store an entry's new publisher and category, and update its agency and vector; return its report."""
        placed = self._names.attribute(change.entry, change.publisher, change.category)
        if placed is None:
            return set()
        if change.agency is not None:
            [wire] = change.agency
            evidence = agency_evidence(wire.form, wire.evidence) if wire else {}
            self._placer.entries.set_agency(change.entry.id, wire.agency if wire else None, evidence)
        [report_id] = placed
        if report_id is None:
            return set()
        if change.publisher != change.entry.publisher:
            self._rename_vector(report_id, change)
        return {report_id}

    def _rename_vector(self, report_id: str, change: _Change) -> None:
        """Store the new publisher in a report's vector, if it was made of this entry; its terms and meaning stay."""
        row = self._placer.vectors.get(report_id)
        if row is None or row.vector is None or row.entry_id != change.entry.id or row.version != VERSION:
            return
        try:
            vector = ReportVector.unpacked(row.vector)
        except ValueError:
            log.warning("the vector of report %s cannot be read; it keeps its former publisher", report_id)
            return
        publisher = change.entry.id if change.publisher == UNNAMED else change.publisher
        renamed = with_source(vector, publisher, datetime.fromtimestamp(vector.time, UTC), vector.dated)
        self._placer.vectors.put(row._replace(vector=renamed.packed()))
        self._vectors_changed += 1


class _Decider:
    """Decides the present publisher of a stored entry, from the source that it names and the publishers in feeds.yaml."""

    def __init__(self, feeds: Sequence[FeedName], known: Families, renaming: Renaming) -> None:
        self._known = known
        self._feeds = {feed.id: feed for feed in feeds}
        self._former = {feed: frozenset(map(normal_name, names)) for feed, names in renaming.former.items()}
        present = (self._own(feed) for feed, names in self._former.items() if names and feed in self._feeds)
        self._names = frozenset[str]().union(*self._former.values()) | {normal_name(name) for name in present}
        self._has_name: dict[str, bool] = {}

    def is_agency(self, feed_id: int) -> bool:
        """Return whether a feed is a wire service."""
        return self._feeds[feed_id].is_agency

    def category(self, entry: EntrySource) -> str | None:
        """Return the present category of an entry: that of its feed."""
        return self._feeds[entry.feed_id].category

    def may_change(self, feed_id: int, publisher: str) -> bool:
        """Return whether an entry of a feed, stored under a publisher, may have another publisher or category now."""
        return feed_id in self._feeds and (feed_id in self._former or self._is_named(publisher))

    def publisher(self, entry: EntrySource) -> str:
        """Return the present publisher of an entry.

        An entry that names no source has the publisher of its feed. One that names a source is decided anew only if its stored
        publisher was renamed. Its source was believed if it is stored under another publisher than its feed's.
        """
        feed = self._feeds[entry.feed_id]
        if feed.url == ARCHIVE:
            named = publisher_of_link(entry.url, self._known)
            return named if named and self._is_named(entry.publisher) else entry.publisher
        if not (entry.source_title or entry.source_url):
            return self._own(feed.id) if self._former.get(feed.id) else entry.publisher
        if not self._is_named(entry.publisher):
            return entry.publisher
        own = self._former.get(feed.id) or {normal_name(self._own(feed.id))}
        believed = feed.is_archive or feed.url in self._known.aggregators or normal_name(entry.publisher) not in own
        data = EntryData("", link=entry.url, source_title=entry.source_title, source_url=entry.source_url)
        return publisher_of(data, feed.publisher, self._known, believed=believed)

    def _own(self, feed_id: int) -> str:
        return own_publisher(self._feeds[feed_id].publisher, self._known)

    def _is_named(self, publisher: str) -> bool:
        """Return whether a publisher has one of the former or present names, in any spelling."""
        if publisher not in self._has_name:
            self._has_name[publisher] = normal_name(publisher) in self._names
        return self._has_name[publisher]
