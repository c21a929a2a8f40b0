"""Frozen editions of the digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aggregator.storage.binding import first_value
from aggregator.storage.database import Store
from aggregator.storage.facts import FactStore
from aggregator.storage.times import from_text, to_text


@dataclass(frozen=True, slots=True)
class StoredEdition:
    """An edition as it was frozen; ``body`` is its JSON."""

    id: str
    since: datetime
    until: datetime
    made: datetime
    body: str


@dataclass(frozen=True, slots=True)
class EditionLine:
    """An edition in a list; ``stories`` is the number shown."""

    id: str
    title: str
    since: datetime
    until: datetime
    made: datetime
    stories: int


# The series of an edition: the part of its id after the two moments. The daily edition has none.
_SERIES = "substr(id, 35)"


class EditionStore(FactStore):
    """Rows of ``edition``, and the facts of publishing."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.connection)

    def get(self, edition_id: str) -> StoredEdition | None:
        """Return the edition with this id; None where it was never made."""
        return self._one("WHERE id = ?", (edition_id,))

    def before(self, since: datetime, until: datetime, series: str = "") -> StoredEdition | None:
        """Return the edition before this window: the one that ends where the window begins, else the last of its series.

        So an edition that was made by hand in between is passed over.
        """
        order = "ORDER BY until = ? DESC, until DESC, made DESC LIMIT 1"
        return self._one(f"WHERE until < ? AND {_SERIES} = ? {order}", (to_text(until), series, to_text(since)))

    def last(self, series: str = "") -> StoredEdition | None:
        """Return the newest edition of a series, by default the daily one."""
        return self._one(f"WHERE {_SERIES} = ? ORDER BY until DESC, made DESC LIMIT 1", (series,))

    def newest(self) -> StoredEdition | None:
        """Return the newest daily edition; the newest of any series where no daily one is made."""
        return self.last() or self._one("ORDER BY until DESC, made DESC LIMIT 1", ())

    def listed(self, limit: int) -> list[EditionLine]:
        """Return the newest editions, newest first."""
        rows = self._db.execute(
            "SELECT id, title, since, until, made, stories FROM edition ORDER BY until DESC, made DESC LIMIT ?",
            (limit,),
        )
        return [
            EditionLine(name, title, from_text(since), from_text(until), from_text(made), stories)
            for name, title, since, until, made, stories in rows
        ]

    def last_made(self) -> datetime | None:
        """Return when the newest edition was made."""
        return from_text(first_value(self._db, "SELECT max(made) FROM edition"))

    def drop_from_future(self, now: datetime) -> int:
        """Delete editions of the future; return how many.

        Those are editions made after ``now`` whose window ends after it, because the clock was ahead, and editions made before
        their window began, as an earlier version did for a day to come.
        """
        where = "(made > ? AND until > ?) OR made < since"
        return self._db.execute(f"DELETE FROM edition WHERE {where}", (to_text(now), to_text(now))).rowcount

    def add(self, edition: StoredEdition, title: str, stories: int) -> None:
        """Store a frozen edition."""
        self._db.execute(
            "INSERT INTO edition (id, title, since, until, made, stories, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                edition.id,
                title,
                to_text(edition.since),
                to_text(edition.until),
                to_text(edition.made),
                stories,
                edition.body,
            ),
        )

    def _one(self, where: str, values: tuple[object, ...]) -> StoredEdition | None:
        row = self._db.execute(f"SELECT id, since, until, made, body FROM edition {where}", values).fetchone()
        if row is None:
            return None
        return StoredEdition(row[0], from_text(row[1]), from_text(row[2]), from_text(row[3]), row[4])
