"""Storylines: their stories, their rows, and redirects from former ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from aggregator.exceptions import NotFoundError
from aggregator.model import StorylineSummary
from aggregator.storage.binding import column, column_among, first_value, rows_among
from aggregator.storage.database import Store
from aggregator.storage.prefixes import resolve_prefix
from aggregator.storage.times import from_text, to_text

_FIELDS = "id, title, name, named_by, first_seen, last_seen, entries, reports, publishers, stories"


class StorylineStore:
    """Rows of ``storyline`` and ``storyline_redirect``, and the storyline of a story; the caller holds the transaction."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection

    # --- ids -------------------------------------------------------------------------------

    def id_taken(self, storyline_id: str) -> bool:
        """Return whether a storyline ever had this id."""
        query = (
            "SELECT 1 FROM storyline WHERE id = ?1 UNION ALL SELECT 1 FROM storyline_redirect WHERE old_id = ?1 LIMIT 1"
        )
        return first_value(self._db, query, (storyline_id,)) is not None

    def resolve(self, prefix: str) -> str:
        """Return the id of the living storyline that an id beginning with ``prefix`` leads to, through redirects."""
        every = "SELECT id FROM (SELECT id FROM storyline UNION ALL SELECT old_id AS id FROM storyline_redirect)"
        found = resolve_prefix(self._db, every, prefix, "storyline")
        while not self.exists(found):
            into = first_value(self._db, "SELECT storyline_id FROM storyline_redirect WHERE old_id = ?", (found,))
            if into is None:
                raise NotFoundError(f"storyline {found} has ended: no two stories are left in it")
            found = into
        return found

    def exists(self, storyline_id: str) -> bool:
        """Return whether a storyline has a row."""
        return first_value(self._db, "SELECT 1 FROM storyline WHERE id = ?", (storyline_id,)) is not None

    def led_to(self, storyline_id: str) -> str | None:
        """Return where the id of a storyline that ended leads, empty where it leads nowhere; None where it did not end."""
        query = "SELECT coalesce(storyline_id, '') FROM storyline_redirect WHERE old_id = ?"
        found: str | None = first_value(self._db, query, (storyline_id,))
        return found

    def redirect(self, old_ids: Iterable[str], storyline_id: str) -> None:
        """Redirect former ids to a storyline."""
        self._db.executemany(
            "UPDATE storyline_redirect SET storyline_id = ? WHERE old_id = ?", [(storyline_id, old) for old in old_ids]
        )

    def age(self, storyline_id: str) -> tuple[str, str, str]:
        """Return the sort key of storylines by age: opened, first seen, id."""
        row = self._db.execute("SELECT opened, first_seen FROM storyline WHERE id = ?", (storyline_id,)).fetchone()
        return (row[0], row[1], storyline_id)

    # --- which stories ---------------------------------------------------------------------

    def of_stories(self, story_ids: Collection[str]) -> dict[str, str]:
        """Return story -> storyline, for stories with one."""
        selection = "SELECT id, storyline_id FROM story WHERE storyline_id IS NOT NULL AND id"
        return dict(rows_among(self._db, selection, sorted(story_ids)))

    def of_all_stories(self) -> dict[str, str]:
        """Return story -> storyline, for all stories with one."""
        rows = self._db.execute("SELECT id, storyline_id FROM story WHERE storyline_id IS NOT NULL")
        return dict(rows.fetchall())

    def stories_of(self, storyline_id: str) -> list[str]:
        """Return the stories of a storyline, oldest first."""
        query = "SELECT id FROM story WHERE storyline_id = ? ORDER BY first_seen, opened, id"
        return column(self._db, query, (storyline_id,))

    def stories_of_lines(self, storyline_ids: Collection[str]) -> frozenset[str]:
        """Return the stories of several storylines."""
        return column_among(self._db, "SELECT id FROM story WHERE storyline_id", storyline_ids)

    def set(self, story_id: str, storyline_id: str | None) -> None:
        """Put a story into a storyline; None takes it out of its storyline."""
        self._db.execute("UPDATE story SET storyline_id = ? WHERE id = ?", (storyline_id, story_id))

    # --- rows ------------------------------------------------------------------------------

    def open(self, storyline_id: str, now: datetime) -> None:
        """Insert the row of a storyline; its id is new, or was its own before."""
        moment = to_text(now)
        self._db.execute("DELETE FROM storyline_redirect WHERE old_id = ?", (storyline_id,))
        self._db.execute(
            "INSERT INTO storyline (id, title, stories, entries, reports, publishers, first_seen, last_seen, opened, changed)"
            " VALUES (?, '', 0, 0, 0, 0, ?, ?, ?, ?)",
            (storyline_id, moment, moment, moment, moment),
        )

    def close(self, storyline_id: str, into: str | None, now: datetime, reason: str) -> None:
        """End a storyline; its id and redirects to it lead to ``into``, which inherits an editor's name if it has none."""
        if into is not None:
            self._db.execute(
                "UPDATE storyline SET (name, named_by) = (SELECT name, named_by FROM storyline WHERE id = ?)"
                " WHERE id = ? AND name IS NULL",
                (storyline_id, into),
            )
        self._db.execute("UPDATE story SET storyline_id = ? WHERE storyline_id = ?", (into, storyline_id))
        self._db.execute("UPDATE storyline_redirect SET storyline_id = ? WHERE storyline_id = ?", (into, storyline_id))
        self._db.execute("DELETE FROM storyline WHERE id = ?", (storyline_id,))
        self._db.execute(
            "INSERT OR REPLACE INTO storyline_redirect (old_id, storyline_id, at, reason) VALUES (?, ?, ?, ?)",
            (storyline_id, into, to_text(now), reason),
        )

    def name(self, storyline_id: str) -> tuple[str | None, str | None]:
        """Return the name that an editor gave, and the editor; None for both where there is none."""
        row = self._db.execute("SELECT name, named_by FROM storyline WHERE id = ?", (storyline_id,)).fetchone()
        return (row[0], row[1])

    def set_name(self, storyline_id: str, name: str | None, by: str | None) -> None:
        """Set or, with None, remove the name of a storyline."""
        self._db.execute("UPDATE storyline SET name = ?, named_by = ? WHERE id = ?", (name, by, storyline_id))

    def outdated(self) -> list[str]:
        """Return the storylines whose rows do not count their present stories."""
        counted = "SELECT count(*) FROM story s WHERE s.storyline_id = l.id"
        return column(self._db, f"SELECT id FROM storyline l WHERE stories <> ({counted})")

    def refresh(self, storyline_ids: Iterable[str], now: datetime, *, ending: bool = True) -> None:
        """Update the rows from the stories; a storyline of fewer than two stories ends, unless an editor named it.

        Without ``ending`` the row of such a storyline is left unchanged, because it is settled later.
        """
        for storyline_id in sorted(set(storyline_ids)):
            count, *numbers = self._db.execute(
                "SELECT count(*), sum(entries), sum(reports), min(first_seen), max(last_seen) FROM story WHERE storyline_id = ?",
                (storyline_id,),
            ).fetchone()
            if not count or (count < 2 and self.name(storyline_id)[0] is None):
                if ending:
                    self.close(storyline_id, None, now, "fewer than two stories were left")
                continue
            publishers = self._db.execute(
                "SELECT count(DISTINCT publisher) FROM entry WHERE story_id IN (SELECT id FROM story WHERE storyline_id = ?)",
                (storyline_id,),
            ).fetchone()[0]
            title = self._db.execute(
                "SELECT title FROM story WHERE storyline_id = ?"
                " ORDER BY publishers DESC, reports DESC, entries DESC, first_seen, id LIMIT 1",
                (storyline_id,),
            ).fetchone()[0]
            self._db.execute(
                "UPDATE storyline SET title = coalesce(name, ?), stories = ?, entries = ?, reports = ?, first_seen = ?,"
                " last_seen = ?, publishers = ?, changed = ? WHERE id = ?",
                (title, count, *numbers, publishers, to_text(now), storyline_id),
            )

    # --- lists -----------------------------------------------------------------------------

    def find(self, since: datetime | None = None, limit: int | None = None) -> list[StorylineSummary]:
        """Return storylines seen since a time, the latest first."""
        rows = self._db.execute(
            f"SELECT {_FIELDS} FROM storyline WHERE last_seen >= ? ORDER BY last_seen DESC, publishers DESC, id LIMIT ?",
            ("" if since is None else to_text(since), -1 if limit is None else limit),
        )
        return [_summary(row) for row in rows]

    def summaries(self, storyline_ids: Collection[str]) -> dict[str, StorylineSummary]:
        """Return id -> summary of these storylines."""
        rows = rows_among(self._db, f"SELECT {_FIELDS} FROM storyline WHERE id", sorted(storyline_ids))
        return {row[0]: _summary(row) for row in rows}


def _summary(row: Sequence[Any]) -> StorylineSummary:
    """Return a row of ``_FIELDS`` as a value."""
    identity, title, name, by, first_seen, last_seen, entries, reports, publishers, stories = row
    first, last = from_text(first_seen), from_text(last_seen)
    return StorylineSummary(identity, title, name, by, first, last, entries, reports, publishers, stories)
