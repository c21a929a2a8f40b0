"""Entries, their earlier versions, and full-text search over them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from aggregator.clustering.constraints import Placement
from aggregator.exceptions import NotFoundError
from aggregator.model import Entry, EntryData, Evidence, Revision
from aggregator.storage.binding import column, column_among, first_value, marks, parts, rows_among
from aggregator.storage.database import Store
from aggregator.storage.entry_rows import (
    AMEND,
    AMENDMENTS_KEPT,
    FACTS,
    INSERT,
    KNOWN,
    KNOWN_OF_ENTRY,
    MAX_AMENDMENTS,
    REVISE,
    Amendment,
    EntryRow,
    Facts,
    KnownEntry,
    Place,
    changed_facts,
    entry_of,
    evidence_text,
    fact_values,
    inserted,
    known_of,
    values_of,
)
from aggregator.storage.members import PLACES
from aggregator.storage.prefixes import resolve_prefix
from aggregator.storage.times import from_text, to_text


class EntryStore:
    """Rows of ``entry``, ``revision``, ``entry_alias`` and the full-text index."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store.connection
        self._unindexed: dict[int, tuple[str, str]] = {}  # new entries of the present transaction

    # --- known entries ---------------------------------------------------------------------

    def hashes(self, feed_id: int, limit: int = 1000) -> dict[str, str]:
        """Return key -> content hash of at most ``limit`` entries: those in the feed's last document, and as many seen before.

        The cost depends on the size of the document, not on how many entries of the feed are stored.
        """
        (carried,) = self._db.execute(
            "SELECT count(*) FROM entry WHERE feed_id = ?1 AND last_seen = (SELECT max(last_seen) FROM entry WHERE feed_id = ?1)",
            (feed_id,),
        ).fetchone()
        rows = self._db.execute(
            "SELECT key, content_hash FROM entry WHERE feed_id = ? ORDER BY last_seen DESC, number DESC LIMIT ?",
            (feed_id, min(limit, 2 * carried + 50)),
        )
        return dict(rows.fetchall())

    def known(self, feed_id: int, keys: Sequence[str]) -> dict[str, KnownEntry]:
        """Return the stored entries of a feed under these present or former keys."""
        found: dict[str, KnownEntry] = {}
        for chunk in parts(keys):
            for row in self._db.execute(
                f"SELECT {KNOWN} FROM entry WHERE feed_id = ? AND key IN ({marks(chunk)})", (feed_id, *chunk)
            ):
                found[row[2]] = known_of(row)
            for row in self._db.execute(
                f"SELECT {KNOWN_OF_ENTRY}, a.key FROM entry_alias a JOIN entry e ON e.id = a.entry_id"
                f" WHERE a.feed_id = ? AND a.key IN ({marks(chunk)})",
                (feed_id, *chunk),
            ):
                found.setdefault(row[-1], known_of(row[:-1]))
        return found

    def recent(self, feed_id: int, limit: int) -> list[KnownEntry]:
        """Return the ``limit`` entries of a feed that were seen last, among which a republished entry is searched for."""
        rows = self._db.execute(
            f"SELECT {KNOWN} FROM entry WHERE feed_id = ? ORDER BY last_seen DESC, number DESC LIMIT ?",
            (feed_id, limit),
        )
        return [known_of(row) for row in rows]

    def contents(self, entry_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Return id -> content hash and number of revisions, for the stored ones among these entries."""
        rows = rows_among(self._db, "SELECT id, content_hash, revisions FROM entry WHERE id", entry_ids)
        return {entry_id: (content_hash, revisions) for entry_id, content_hash, revisions in rows}

    def has_any(self, feed_id: int) -> bool:
        """Return whether the feed ever brought an entry."""
        return first_value(self._db, "SELECT 1 FROM entry WHERE feed_id = ? LIMIT 1", (feed_id,)) is not None

    def taken(self, entry_ids: Sequence[str]) -> frozenset[str]:
        """Return the ids among these that entries have."""
        return column_among(self._db, "SELECT id FROM entry WHERE id", entry_ids)

    def unplaced(self, since: datetime, limit: int) -> list[Entry]:
        """Return the newest ``limit`` entries without a report whose time, or first sight, is at or after a time.

        First sight counts because an undated entry of a new feed's stock gets a time before any open story, and is placed too.
        """
        return self.select(
            "WHERE e.number IN (SELECT number FROM entry WHERE report_id IS NULL AND (time >= ? OR first_seen >= ?)"
            " ORDER BY number DESC LIMIT ?)",
            (to_text(since), to_text(since), limit),
        )

    # --- writing ---------------------------------------------------------------------------

    def add(self, rows: Sequence[EntryRow], now: datetime) -> range:
        """Insert new entries without a report; return their numbers."""
        first = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM entry").fetchone()[0]
        seen, numbered = to_text(now), list(enumerate(rows, first))
        self._db.executemany(INSERT, [inserted(row, seen, number) for number, row in numbered])
        self._index_later(numbered)
        return range(first, first + len(rows))

    def add_one(self, row: EntryRow, now: datetime) -> int | None:
        """Insert a new entry and return its number; None where another entry has its id."""
        try:
            number = int(self._db.execute(INSERT, inserted(row, to_text(now), None)).lastrowid or 0)
        except sqlite3.IntegrityError:
            if self.taken([row.id]):
                return None
            raise
        self._index_later([(number, row)])
        return number

    def _index_later(self, rows: Iterable[tuple[int, EntryRow]]) -> None:
        self._unindexed |= {number: (row.index_title, row.index_text) for number, row in rows}
        self._store.call_at_end(self._index)

    @property
    def unindexed(self) -> dict[int, tuple[str, str]]:
        """The new entries of the present transaction that are not in the full-text index yet, by number."""
        return dict(self._unindexed)

    def restore_unindexed(self, kept: dict[int, tuple[str, str]]) -> None:
        """Restore the list of entries to index after a savepoint was undone."""
        self._unindexed = kept

    def _index(self, kept: bool) -> None:
        """Add the transaction's new entries to the full-text index together, because each separate write costs a merge."""
        rows = [(number, *texts) for number, texts in self._unindexed.items()]
        self._unindexed = {}
        if kept:
            self._db.executemany("INSERT INTO entry_fts (rowid, title, text) VALUES (?, ?, ?)", rows)

    def revise(self, known: KnownEntry, row: EntryRow, now: datetime) -> None:
        """Replace an entry's text and keep the version before as a revision."""
        self._db.execute(
            "INSERT INTO revision (entry_id, number, title, url, summary, content, text, content_hash, published, seen, replaced)"
            " SELECT id, revisions + 1, title, url, summary, content, text, content_hash, published,"
            " coalesce((SELECT max(replaced) FROM revision r WHERE r.entry_id = entry.id), first_seen), ? FROM entry WHERE id = ?",
            (to_text(now), known.id),
        )
        self._rewrite(known, row, now, versions=1)

    def retouch(self, known: KnownEntry, row: EntryRow, now: datetime) -> None:
        """Replace an entry's text without keeping a version, for an edit that changed no words."""
        self._rewrite(known, row, now, versions=0)

    def _rewrite(self, known: KnownEntry, row: EntryRow, now: datetime, *, versions: int) -> None:
        self._db.execute(REVISE, (*values_of(row), to_text(now), versions, known.id))
        if known.number in self._unindexed:
            self._unindexed[known.number] = (row.index_title, row.index_text)
            return
        self._db.execute(
            "UPDATE entry_fts SET title = ?, text = ? WHERE rowid = ?", (row.index_title, row.index_text, known.number)
        )

    def correct_future(self, ahead: datetime, now: datetime) -> list[str]:
        """Set the times of entries seen later than ``ahead`` to now; return the ids of those first seen then."""
        text, limit = to_text(now), to_text(ahead)
        found = column(self._db, "SELECT id FROM entry WHERE first_seen > ?", (limit,))
        moved = "UPDATE entry SET time = min(time, ?1), first_seen = ?1 WHERE first_seen > ?2"
        self._db.execute(moved, (text, limit))
        self._db.execute("UPDATE entry SET last_seen = ? WHERE last_seen > ?", (text, limit))
        return found

    def mark_seen(self, numbers: Iterable[int], now: datetime) -> None:
        """Store that these entries are still in their feed."""
        text = to_text(now)
        self._db.executemany("UPDATE entry SET last_seen = ? WHERE number = ?", [(text, number) for number in numbers])

    def relocate(self, number: int, data: EntryData, canonical_url: str) -> None:
        """Store an entry's present address; no version is kept."""
        self._db.execute(
            "UPDATE entry SET url = ?, canonical_url = ?, canonical_link = ? WHERE number = ?",
            (data.link, canonical_url, data.canonical_link, number),
        )

    def amend(self, known: KnownEntry, facts: Facts, time: datetime, now: datetime) -> None:
        """Store a corrected date, byline or category, and keep the former value as an amendment; text and versions stay."""
        self.note_amendments(known, facts, now)
        self._db.execute(AMEND, (*fact_values(facts), to_text(time), known.number))

    def note_amendments(self, known: KnownEntry, facts: Facts, now: datetime) -> None:
        """Keep the former values of the facts that differ as amendments."""
        for field, before, after in changed_facts(known.facts, facts):
            self._db.execute(
                "INSERT INTO amendment (entry_id, field, before, after, at) VALUES (?, ?, ?, ?, ?)",
                (known.id, field, before, after, to_text(now)),
            )
            self._db.execute(AMENDMENTS_KEPT, {"entry": known.id, "field": field, "kept": MAX_AMENDMENTS})

    def amendments(self, entry_id: str) -> list[Amendment]:
        """Return a publisher's corrections of an entry's facts, oldest first."""
        rows = self._db.execute(
            "SELECT field, before, after, at FROM amendment WHERE entry_id = ? ORDER BY id", (entry_id,)
        )
        return [Amendment(field, before, after, from_text(at)) for field, before, after, at in rows]

    def retire_key(self, known: KnownEntry, key: str) -> None:
        """Give an entry another key, because another entry took its own."""
        taken = self._db.execute(
            "SELECT 1 FROM entry WHERE key = ? AND feed_id = (SELECT feed_id FROM entry WHERE number = ?)",
            (key, known.number),
        ).fetchone()
        self._db.execute(
            "UPDATE entry SET key = ? WHERE number = ?", (f"{key} {known.number}" if taken else key, known.number)
        )

    def rename_keys(self, feed_id: int, names: Mapping[str, str]) -> None:
        """Store further keys of entries whose guids changed; ``names`` maps a key to its entry's id."""
        self._db.executemany(
            "INSERT OR REPLACE INTO entry_alias (feed_id, key, entry_id) VALUES (?, ?, ?)",
            [(feed_id, key, entry_id) for key, entry_id in names.items()],
        )

    def forget_alias(self, feed_id: int, key: str) -> None:
        """Delete an alias, because ``key`` is an entry's own key now."""
        self._db.execute("DELETE FROM entry_alias WHERE feed_id = ? AND key = ?", (feed_id, key))

    def place(self, entry_ids: Iterable[str], report_id: str, story_id: str | None) -> None:
        """Put entries into a report and its story; ``story_id`` is None for a new report, until it is settled."""
        self._db.executemany(
            "UPDATE entry SET report_id = ?, story_id = ? WHERE id = ?",
            [(report_id, story_id, entry_id) for entry_id in entry_ids],
        )

    def begin_report(self, entry_id: str, report_id: str) -> None:
        """Put an entry without a report into a new report without a story; this does not write the index by story."""
        self._db.execute("UPDATE entry SET report_id = ? WHERE id = ?", (report_id, entry_id))

    def set_agency(self, entry_id: str, agency: str | None, evidence: Evidence) -> None:
        """Attribute an entry to a wire service because of the text it shares; None removes the attribution."""
        self._db.execute(
            "UPDATE entry SET agency = ?, evidence = ? WHERE id = ?", (agency, evidence_text(evidence), entry_id)
        )

    # --- reading ---------------------------------------------------------------------------

    def get(self, entry_id: str) -> Entry:
        """Return the entry with exactly this id; NotFoundError otherwise."""
        rows = self.select("WHERE e.id = ?", (entry_id,))
        if not rows:
            raise NotFoundError(f"no entry {entry_id}")
        return rows[0]

    def resolve(self, prefix: str) -> str:
        """Return the one entry id that begins with ``prefix``."""
        return resolve_prefix(self._db, "SELECT id FROM entry", prefix, "entry")

    def resolve_all(self, prefixes: Sequence[str]) -> frozenset[str]:
        """Return the entry ids that begin with these prefixes, one each; ids in full are looked up together."""
        wanted = [prefix.strip().lower() for prefix in prefixes]
        exact = self.taken(wanted)
        rest = [prefix for prefix, plain in zip(prefixes, wanted, strict=True) if plain not in exact]
        return exact.union(self.resolve(prefix) for prefix in rest)

    def beginning(self, prefix: str, limit: int) -> list[tuple[str, str, str]]:
        """Return id, publisher and title of the newest entries whose id begins with ``prefix``."""
        begun = prefix.lower()
        return self._db.execute(
            "SELECT id, publisher, title FROM entry WHERE id >= ? AND id < ? ORDER BY number DESC LIMIT ?",
            (begun, begun + "\x7f", limit),
        ).fetchall()

    def publishers(self) -> list[tuple[str, int]]:
        """Return the publishers with how many entries each has, the busiest first."""
        return self._db.execute(
            "SELECT publisher, count(*) FROM entry GROUP BY publisher ORDER BY count(*) DESC, publisher"
        ).fetchall()

    def of_stories(self, story_ids: Sequence[str], *, light: bool = False) -> dict[str, list[Entry]]:
        """Return story id -> its entries, oldest first."""
        grouped: dict[str, list[Entry]] = {story_id: [] for story_id in story_ids}
        for chunk in parts(story_ids):
            for entry in self.select(
                f"WHERE e.story_id IN ({marks(chunk)}) ORDER BY e.time, e.number", tuple(chunk), light=light
            ):
                grouped[entry.story_id].append(entry)
        return grouped

    def of_report(self, report_id: str) -> list[Entry]:
        """Return a report's entries, in order of arrival."""
        return self.select("WHERE e.report_id = ? ORDER BY e.number", (report_id,))

    def ids_of_story(self, story_id: str) -> list[str]:
        """Return the ids of a story's entries in order of arrival, with entries that have yet to follow their moved reports."""
        query = "SELECT e.id FROM report r JOIN entry e ON e.report_id = r.id WHERE r.story_id = ? ORDER BY e.number"
        return column(self._db, query, (story_id,))

    def ids_of_report(self, report_id: str) -> list[str]:
        """Return the ids of a report's entries, in order of arrival."""
        return column(self._db, "SELECT id FROM entry WHERE report_id = ? ORDER BY number", (report_id,))

    def placement(self, entry_id: str) -> Placement | None:
        """Return an entry's report and story, None for an unsettled story; None where the entry is gone or has no report."""
        row = self._db.execute(f"{PLACES} WHERE e.id = ?", (entry_id,)).fetchone()
        return None if row is None else Placement(*row[1:])

    def texts(self, entry_ids: Sequence[str]) -> dict[str, str]:
        """Return entry id -> plain text."""
        return dict(rows_among(self._db, "SELECT id, text FROM entry WHERE id", entry_ids))

    def revisions(self, entry_id: str) -> tuple[Revision, ...]:
        """Return the versions before the present one, oldest first."""
        rows = self._db.execute(
            "SELECT number, title, url, text, seen, replaced FROM revision WHERE entry_id = ? ORDER BY number",
            (entry_id,),
        )
        return tuple(
            Revision(entry_id, number, title, url, text, from_text(seen), from_text(replaced))
            for number, title, url, text, seen, replaced in rows
        )

    def archive_places(self) -> dict[tuple[str, str], Place]:
        """Return (feed address, key) -> place of every imported entry."""
        rows = self._db.execute(
            "SELECT f.url, e.key, e.report_id, e.story_id, s.storyline_id FROM entry e JOIN feed f ON f.id = e.feed_id"
            " JOIN story s ON s.id = e.story_id WHERE f.kind = 'archive'"
        )
        return {(url, key): Place(*place) for url, key, *place in rows}

    def archive_place(self, url: str, key: str) -> Place | None:
        """Return the place of one imported entry."""
        row = self._db.execute(
            "SELECT e.report_id, e.story_id, s.storyline_id FROM feed f JOIN entry e ON e.feed_id = f.id"
            " JOIN story s ON s.id = e.story_id WHERE f.url = ? AND f.kind = 'archive' AND e.key = ?",
            (url, key),
        ).fetchone()
        return None if row is None else Place(*row)

    def search(self, expression: str, limit: int, since: datetime | None = None) -> list[str]:
        """Return ids of the entries that a full-text expression finds, best first; none where it is empty."""
        if not expression:
            return []
        rank = "bm25(entry_fts, 4.0, 1.0)"
        # Only the rows of the best are read, because a word may occur in thousands of entries. Of equal ones the newest are kept.
        best = f"SELECT rowid, {rank} AS rank FROM entry_fts WHERE entry_fts MATCH ? ORDER BY 2, 1 DESC LIMIT ?"
        bound: tuple[object, ...] = (expression, limit)
        if since is not None:
            best = f"SELECT rowid, {rank} AS rank FROM entry_fts WHERE entry_fts MATCH ?"
            bound = (expression, to_text(since), limit)
        return column(
            self._db,
            f"SELECT e.id FROM ({best}) AS best JOIN entry e ON e.number = best.rowid"
            f" {'' if since is None else 'WHERE e.time >= ?'} ORDER BY best.rank, e.time DESC, e.number LIMIT ?",
            (*bound, limit) if since is None else bound,
        )

    def select(self, where: str, values: tuple[object, ...] = (), *, light: bool = False) -> list[Entry]:
        """Return entries by a clause of ours over ``e`` (entry) and ``f`` (feed).

        ``light`` leaves summary and content empty, where only the facts about an entry are wanted.
        """
        return [entry_of(row) for row in self._rows(where, values, light=light)]

    def seen_between(self, since: datetime | None, until: datetime | None) -> Iterator[Entry]:
        """Yield the entries first seen in a window one at a time, in order of arrival; None leaves that end open."""
        bounds = [("e.first_seen >= ?", since), ("e.first_seen < ?", until)]
        given = [(clause, to_text(moment)) for clause, moment in bounds if moment is not None]
        where = " AND ".join(["1", *(clause for clause, _ in given)])
        for row in self._rows(f"WHERE {where} ORDER BY e.number", tuple(value for _, value in given)):
            yield entry_of(row)

    def revised_between(self, since: datetime, until: datetime) -> list[Entry]:
        """Return the entries with a version that was replaced in a window, in order of arrival, without summary and content."""
        revised = "SELECT entry_id FROM revision WHERE replaced >= ? AND replaced < ?"
        return self.select(f"WHERE e.id IN ({revised}) ORDER BY e.number", (to_text(since), to_text(until)), light=True)

    def _rows(self, where: str, values: tuple[object, ...], *, light: bool = False) -> sqlite3.Cursor:
        cursor = self._db.cursor()
        cursor.row_factory = sqlite3.Row
        bodies = "'' AS summary, '' AS content" if light else "e.summary, e.content"
        return cursor.execute(
            f"SELECT {FACTS}, {bodies}, length(e.text) AS text_length,"
            f" CASE e.title WHEN '' THEN substr(e.text, 1, 200) ELSE '' END AS opening,"
            " f.url AS feed_url, f.authority, f.agency AS agency_feed, f.publisher AS feed_publisher,"
            f" coalesce(f.name, f.title, f.url) AS feed_name FROM entry e JOIN feed f ON f.id = e.feed_id {where}",
            values,
        )
