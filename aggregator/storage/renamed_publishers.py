"""Publishers and categories that changed in feeds.yaml and that stored entries have yet to follow, some at a time.

The affected feeds are stored together with the feeds' rows. A number says up to which entry the work is done, so that the next
process continues there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from aggregator.storage.binding import rows_among
from aggregator.storage.damage import from_json
from aggregator.storage.facts import FactStore
from aggregator.storage.feeds import StoredFeed

# Names of facts: the affected feeds, as JSON, absent where there are none; how often publishers were renamed, with the number of the
# last entry that is done since.
_RENAMED: Final = "publishers renamed"
_REACHED: Final = "entries of renamed publishers"


class FeedName(NamedTuple):
    """The columns of a feed's row that decide the publisher and category of its entries."""

    id: int
    is_archive: bool
    is_followed: bool
    url: str  # without secrets
    name: str | None
    publisher: str
    is_agency: bool
    category: str | None


@dataclass(frozen=True, slots=True)
class Renaming:
    """A renaming under way.

    ``former`` maps affected feeds to the former publishers of their entries: none, where only the category changed. ``families`` is
    the fingerprint of the publishers in feeds.yaml that the entries are to follow. ``run`` changes whenever the work begins from
    the first entry; ``reached`` is the number of the last entry that is done.
    """

    former: Mapping[int, Sequence[str]]
    families: str
    run: int
    reached: int


@dataclass(frozen=True, slots=True)
class EntrySource:
    """The columns of an entry that decide its publisher, with the publisher and category that are stored."""

    number: int
    id: str
    feed_id: int
    publisher: str
    category: str | None
    url: str | None
    source_title: str | None
    source_url: str | None
    agency_form: str | None


class RenamingStore:
    """The state of a renaming, and the entries that it changes; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._facts = FactStore(connection)

    # --- feeds ---------------------------------------------------------------------------------

    def feeds(self) -> list[FeedName]:
        """Return all feeds, with archives and those that left feeds.yaml."""
        rows = self._db.execute(
            "SELECT id, kind = 'archive', followed, url, name, publisher, agency, category FROM feed ORDER BY id"
        )
        return list(map(FeedName._make, rows))

    def refreshed(self, feed: StoredFeed) -> StoredFeed:
        """Return a feed that was read before with its present publisher and category."""
        row = self._db.execute("SELECT publisher, category FROM feed WHERE id = ?", (feed.id,)).fetchone()
        return replace(feed, publisher=row[0], category=row[1])

    def rename_feed(self, feed_id: int, publisher: str) -> None:
        """Store the new name of the publisher of a feed that is no longer followed."""
        self._db.execute("UPDATE feed SET publisher = ? WHERE id = ?", (publisher, feed_id))

    # --- state ---------------------------------------------------------------------------------

    def begin(self, former: Mapping[int, Sequence[str]], families: str) -> None:
        """Store the affected feeds and begin from the first entry."""
        listed = {"families": families, "feeds": {str(feed): list(names) for feed, names in former.items()}}
        self._facts.remember(_RENAMED, json.dumps(listed, ensure_ascii=False, sort_keys=True))
        self._facts.remember(_REACHED, f"{self._reached()[0] + 1} 0")

    def pending(self) -> Renaming | None:
        """Return the renaming under way; None where there is none."""
        text = self._facts.fact(_RENAMED)
        if text is None:
            return None
        kept = from_json(text, dict)
        feeds, families = kept.get("feeds"), str(kept.get("families"))
        listed = feeds if isinstance(feeds, dict) else {}
        run, reached = self._reached()
        return Renaming({int(feed): tuple(names) for feed, names in listed.items()}, families, run, reached)

    def is_current(self, renaming: Renaming) -> bool:
        """Return whether the stored state is still the one that was read as ``renaming``."""
        return self._facts.fact(_RENAMED) is not None and self._reached() == (renaming.run, renaming.reached)

    def set_reached(self, renaming: Renaming, number: int) -> None:
        """Store that all entries up to a number are done."""
        self._facts.remember(_REACHED, f"{renaming.run} {number}")

    def end(self) -> None:
        """Store that all entries are done."""
        self._facts.forget(_RENAMED)

    def _reached(self) -> tuple[int, int]:
        run, _, number = (self._facts.fact(_REACHED) or "0 0").partition(" ")
        return int(run), int(number)

    # --- entries -------------------------------------------------------------------------------

    def publishers_after(self, number: int, most: int) -> list[tuple[int, int, str]]:
        """Return number, feed and publisher of the next entries. Their texts are not read."""
        return self._db.execute(
            "SELECT number, feed_id, publisher FROM entry WHERE number > ? ORDER BY number LIMIT ?", (number, most)
        ).fetchall()

    def sources(self, numbers: Sequence[int]) -> list[EntrySource]:
        """Return the columns of these entries that decide their publisher, in order of arrival."""
        rows = self._db.execute(
            "SELECT number, id, feed_id, publisher, category, url, source_title, source_url, evidence ->> '$.agency.form'"
            " FROM entry WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number",
            (json.dumps(numbers),),
        )
        return [EntrySource(*row) for row in rows]

    def publishers_of(self, entry_ids: Iterable[str]) -> dict[str, str]:
        """Return entry id -> present publisher."""
        return dict(rows_among(self._db, "SELECT id, publisher FROM entry WHERE id", entry_ids))

    def attribute(self, entry: EntrySource, publisher: str, category: str | None) -> tuple[str | None] | None:
        """Store an entry and its sketch under another publisher or category and return its report.

        None where the entry was deleted or changed meanwhile.
        """
        found: tuple[str | None] | None = self._db.execute(
            "UPDATE entry SET publisher = ?, category = ? WHERE number = ? AND id = ? AND publisher = ? RETURNING report_id",
            (publisher, category, entry.number, entry.id, entry.publisher),
        ).fetchone()
        if found is not None:
            self._db.execute("UPDATE sketch SET publisher = ? WHERE entry_id = ?", (publisher, entry.id))
        return found
