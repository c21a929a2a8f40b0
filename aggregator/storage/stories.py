"""Stories, reports, and redirects from former ids."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from aggregator.exceptions import NotFoundError
from aggregator.model import Flag, StorylineMention, StoryQuery, StorySummary
from aggregator.model.stories import StoryFields
from aggregator.storage.binding import column, column_among, first_value, marks, parts, rows_among
from aggregator.storage.database import Store
from aggregator.storage.prefixes import resolve_prefix
from aggregator.storage.story_queries import ORDER, where_clause
from aggregator.storage.times import from_text, to_text

_SAVE_FIELDS: Final = (
    f"UPDATE story SET {', '.join(f'{name} = ?' for name in StoryFields._fields)}, changed = ? WHERE id = ?"
)


class StoryStore:
    """Rows of ``story``, ``report`` and ``story_redirect``."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection

    # --- ids -------------------------------------------------------------------------------

    def id_taken(self, story_id: str) -> bool:
        """Return whether a story ever had this id."""
        query = "SELECT 1 FROM story WHERE id = ?1 UNION ALL SELECT 1 FROM story_redirect WHERE old_id = ?1 LIMIT 1"
        return first_value(self._db, query, (story_id,)) is not None

    def report_taken(self, report_id: str) -> bool:
        """Return whether a report has this id."""
        return first_value(self._db, "SELECT 1 FROM report WHERE id = ?", (report_id,)) is not None

    def resolve(self, prefix: str) -> str:
        """Return the id of the living story that an id beginning with ``prefix`` leads to, through redirects."""
        every = "SELECT id FROM (SELECT id FROM story UNION ALL SELECT old_id AS id FROM story_redirect)"
        return self.follow(resolve_prefix(self._db, every, prefix, "story"))

    def exists(self, story_id: str) -> bool:
        """Return whether a story has a row."""
        return first_value(self._db, "SELECT 1 FROM story WHERE id = ?", (story_id,)) is not None

    def existing(self, story_ids: Iterable[str]) -> frozenset[str]:
        """Return the stories among these that have a row."""
        return column_among(self._db, "SELECT id FROM story WHERE id", set(story_ids))

    def follow(self, story_id: str) -> str:
        """Return the id that an id redirects to now, or itself; NotFoundError where the retention rule dropped the story."""
        seen: set[str] = set()
        while story_id not in seen:
            seen.add(story_id)
            row = self._db.execute("SELECT story_id FROM story_redirect WHERE old_id = ?", (story_id,)).fetchone()
            if row is None:
                return story_id
            if row[0] is None:
                raise NotFoundError(f"story {story_id} was dropped by the retention rule")
            story_id = row[0]
        raise NotFoundError(f"story {story_id} redirects to itself")

    def current_id(self, story_id: str) -> str | None:
        """Return the id of the living story that an id leads to now; None where it leads to none."""
        try:
            found = self.follow(story_id)
        except NotFoundError:
            return None
        return found if self.exists(found) else None

    def merged_from(self, story_ids: Collection[str]) -> dict[str, list[str]]:
        """Return story -> the ids that redirect to it."""
        found: dict[str, list[str]] = {story_id: [] for story_id in story_ids}
        for old, story in sorted(
            rows_among(self._db, "SELECT old_id, story_id FROM story_redirect WHERE story_id", story_ids)
        ):
            found[story].append(old)
        return found

    # --- reports and stories ---------------------------------------------------------------

    def open_story(self, story_id: str, now: datetime, *, split_from: str | None = None) -> None:
        """Insert the row of a new story; the caller saves its fields before the transaction ends."""
        moment = to_text(now)
        self._db.execute(
            "INSERT INTO story (id, title, publisher, entries, reports, publishers, first_seen, last_seen, opened, changed, split_from)"
            " VALUES (?, '', '', 0, 0, 0, ?, ?, ?, ?, ?)",
            (story_id, moment, moment, moment, moment, split_from),
        )

    def open_report(self, report_id: str, story_id: str | None, now: datetime) -> None:
        """Insert the row of a new report."""
        self._db.execute(
            "INSERT INTO report (id, story_id, entries, first_seen, last_seen) VALUES (?, ?, 0, ?, ?)",
            (report_id, story_id, to_text(now), to_text(now)),
        )

    def begin_report(self, report_id: str, now: datetime) -> bool:
        """Insert the row of a new report without a story; return False where another report has its id."""
        try:
            self.open_report(report_id, None, now)
        except sqlite3.IntegrityError:
            if self.report_taken(report_id):
                return False
            raise
        return True

    def story_of_report(self, report_id: str) -> str | None:
        """Return the story that a report belongs to."""
        return first_value(self._db, "SELECT story_id FROM report WHERE id = ?", (report_id,))

    def reports_of(self, story_id: str) -> list[str]:
        """Return a story's reports, oldest first."""
        return column(self._db, "SELECT id FROM report WHERE story_id = ? ORDER BY first_seen, id", (story_id,))

    def reports_of_stories(self, story_ids: Iterable[str]) -> frozenset[str]:
        """Return the reports of several stories."""
        return column_among(self._db, "SELECT id FROM report WHERE story_id", story_ids)

    def reports_by_entry(self, story_id: str) -> dict[str, str]:
        """Return entry id -> report id, for the entries of a story in order of arrival."""
        rows = self._db.execute(
            "SELECT e.id, r.id FROM report r JOIN entry e ON e.report_id = r.id WHERE r.story_id = ? ORDER BY e.number",
            (story_id,),
        )
        return dict(rows.fetchall())

    def state(self, story_id: str) -> tuple[object, ...]:
        """Return a value that changes when a story's row is written, or its entries come, go or are edited."""
        row = self._db.execute("SELECT * FROM story WHERE id = ?", (story_id,)).fetchone()
        counted = "SELECT count(*), sum(number), sum(revisions), count(correction), count(agency) FROM entry WHERE story_id = ?"
        return row, self._db.execute(counted, (story_id,)).fetchone()

    def membership_state(self, story_id: str) -> tuple[object, ...]:
        """Return a value that changes with a story's row, the ids that lead to it, its entries, and the reports they are in."""
        row = self._db.execute("SELECT * FROM story WHERE id = ?", (story_id,)).fetchone()
        counted = """
SELECT count(*), sum(r.rowid), sum(e.number), sum(e.number * (r.rowid & 1023)),
       (SELECT count(*) FROM story_redirect WHERE story_id = :story)
FROM report r LEFT JOIN entry e ON e.report_id = r.id WHERE r.story_id = :story"""
        return row, self._db.execute(counted, {"story": story_id}).fetchone()

    def count_entries(self, story_id: str) -> int:
        """Return how many entries the reports of a story have."""
        counted = "SELECT count(*) FROM report r JOIN entry e ON e.report_id = r.id WHERE r.story_id = ?"
        return int(self._db.execute(counted, (story_id,)).fetchone()[0])

    def stories_of_reports(self, report_ids: Collection[str]) -> dict[str, str]:
        """Return report -> story, for reports with a story."""
        return dict(
            rows_among(self._db, "SELECT id, story_id FROM report WHERE story_id IS NOT NULL AND id", report_ids)
        )

    def sizes(self, story_ids: Collection[str]) -> dict[str, int]:
        """Return story -> how many reports it has."""
        counted = (
            "SELECT story_id, count(*) FROM report WHERE story_id IN (SELECT value FROM json_each(?)) GROUP BY story_id"
        )
        return dict(self._db.execute(counted, (json.dumps(list(story_ids)),)).fetchall())

    def larger_than(self, entries: int, story_ids: Collection[str]) -> frozenset[str]:
        """Return the stories among these with more than so many entries."""
        grouped = "SELECT story_id FROM entry WHERE story_id IN (SELECT value FROM json_each(?)) GROUP BY story_id"
        return frozenset(column(self._db, f"{grouped} HAVING count(*) > ?", (json.dumps(list(story_ids)), entries)))

    def without_fields(self, story_ids: Collection[str]) -> frozenset[str]:
        """Return the stories among these that were opened and whose fields are not saved yet."""
        return column_among(self._db, "SELECT id FROM story WHERE entries = 0 AND id", story_ids)

    def existing_reports(self, report_ids: Iterable[str]) -> frozenset[str]:
        """Return the reports among these that are stored."""
        return column_among(self._db, "SELECT id FROM report WHERE id", report_ids)

    def move_reports(self, story_of: Mapping[str, str]) -> None:
        """Put each of these reports, with its entries and links, into its story; ``story_of`` maps reports to stories."""
        rows = [(story_of[report_id], report_id) for report_id in sorted(story_of)]
        self._db.executemany("UPDATE report SET story_id = ? WHERE id = ?", rows)
        self._db.executemany("UPDATE entry SET story_id = ? WHERE report_id = ?", rows)
        self._db.executemany("UPDATE match SET story_id = ? WHERE report_id = ?", rows)

    def refresh_reports(self, report_ids: Iterable[str]) -> None:
        """Update the counts and times of reports from their entries; empty reports are deleted."""
        rows = [(report_id,) for report_id in sorted(set(report_ids))]
        self._db.executemany(
            "DELETE FROM report WHERE id = ? AND NOT EXISTS (SELECT 1 FROM entry WHERE report_id = report.id)", rows
        )
        self._db.executemany(
            "UPDATE report SET (entries, first_seen, last_seen) ="
            " (SELECT count(*), min(time), max(time) FROM entry WHERE report_id = report.id), agency ="
            " (SELECT agency FROM entry WHERE report_id = report.id AND agency IS NOT NULL"
            " GROUP BY agency ORDER BY count(*) DESC, agency LIMIT 1) WHERE id = ?",
            rows,
        )

    def save_fields(self, story_id: str, fields: StoryFields, now: datetime) -> None:
        """Store the fields of a story's row."""
        values = (to_text(value) if isinstance(value, datetime) else value for value in fields)
        self._db.execute(_SAVE_FIELDS, (*values, to_text(now), story_id))

    def close_story(self, story_id: str, into: str | None, now: datetime, reason: str) -> None:
        """Delete an emptied story and leave a redirect; earlier redirects to it are updated."""
        moment = to_text(now)
        self._db.execute("UPDATE story_redirect SET story_id = ? WHERE story_id = ?", (into, story_id))
        self._db.execute("UPDATE match SET story_id = ? WHERE story_id = ?", (into, story_id))
        self._db.execute("DELETE FROM story WHERE id = ?", (story_id,))
        self._db.execute(
            "INSERT INTO story_redirect (old_id, story_id, at, reason) VALUES (?, ?, ?, ?)",
            (story_id, into, moment, reason),
        )

    def reopen_story(self, story_id: str, opened: datetime, split_from: str | None) -> None:
        """Open a closed story again under its own id and with its former age; undoes a merge."""
        self._db.execute("DELETE FROM story_redirect WHERE old_id = ?", (story_id,))
        self.open_story(story_id, opened, split_from=split_from)

    def redirect(self, old_ids: Iterable[str], story_id: str) -> None:
        """Redirect former ids to a story."""
        self._db.executemany(
            "UPDATE story_redirect SET story_id = ? WHERE old_id = ?", [(story_id, old_id) for old_id in old_ids]
        )

    def pinned(self, story_id: str) -> str | None:
        """Return the entry that an editor pinned as canonical."""
        return first_value(self._db, "SELECT pinned_entry FROM story WHERE id = ?", (story_id,))

    def pins(self, story_ids: Collection[str]) -> dict[str, str]:
        """Return story -> pinned entry, for stories with one."""
        return dict(
            rows_among(self._db, "SELECT id, pinned_entry FROM story WHERE pinned_entry IS NOT NULL AND id", story_ids)
        )

    def pin(self, story_id: str, entry_id: str | None) -> None:
        """Set or lift the pin."""
        self._db.execute("UPDATE story SET pinned_entry = ? WHERE id = ?", (entry_id, story_id))

    def split_from(self, story_ids: Collection[str]) -> dict[str, str | None]:
        """Return story -> the story that it left, if it was split off one."""
        left: dict[str, str | None] = dict.fromkeys(story_ids)
        return left | dict(rows_among(self._db, "SELECT id, split_from FROM story WHERE id", story_ids))

    def opened(self, story_id: str) -> datetime:
        """Return when a story was opened."""
        row = self._db.execute("SELECT opened FROM story WHERE id = ?", (story_id,)).fetchone()
        return from_text(str(row[0]))

    def age(self, story_id: str) -> tuple[str, str, str]:
        """Return the sort key of stories by age: opened, first seen (for stories of one import), id."""
        row = self._db.execute("SELECT opened, first_seen FROM story WHERE id = ?", (story_id,)).fetchone()
        return (row[0], row[1], story_id)

    # --- lists -----------------------------------------------------------------------------

    def find(self, query: StoryQuery, expression: str, new_since: datetime) -> list[StorySummary]:
        """Return the stories of a query; ``expression`` is its match text as the full-text index takes it.

        Stories first seen at or after ``new_since`` are flagged new, older ones that grew since then updated.
        """
        where, values = where_clause(query, expression)
        limit = "" if query.limit is None else f"LIMIT {int(query.limit)}"
        rows = self._rows(f"WHERE {where} ORDER BY {ORDER[query.sort]} {limit}", tuple(values))
        return [_summary(row, new_since) for row in rows]

    def summary(self, story_id: str, new_since: datetime) -> StorySummary:
        """Return the summary of one story."""
        return self.summaries([story_id], new_since)[0]

    def summaries(self, story_ids: Sequence[str], new_since: datetime) -> list[StorySummary]:
        """Return the summaries of stories in the given order; NotFoundError where one is gone."""
        found = {
            row["id"]: _summary(row, new_since)
            for part in parts(story_ids)
            for row in self._rows(f"WHERE s.id IN ({marks(part)})", tuple(part))
        }
        for story_id in story_ids:
            if story_id not in found:
                raise NotFoundError(f"no story {story_id}")
        return [found[story_id] for story_id in story_ids]

    def of_storyline(self, storyline_id: str, new_since: datetime) -> list[StorySummary]:
        """Return the summaries of a storyline's stories, the one seen last first."""
        rows = self._rows(f"WHERE s.storyline_id = ? ORDER BY {ORDER['latest']}", (storyline_id,))
        return [_summary(row, new_since) for row in rows]

    def canonical_entries(self) -> set[str]:
        """Return the canonical entries of all stories."""
        return set(column(self._db, "SELECT canonical_entry FROM story WHERE canonical_entry IS NOT NULL"))

    def counts(self) -> dict[str, int]:
        """Return how many entries, reports and stories are stored."""
        row = self._db.execute(
            "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM report), (SELECT count(*) FROM story)"
        ).fetchone()
        return {"entries": row[0], "reports": row[1], "stories": row[2]}

    def counts_between(
        self, since: datetime, until: datetime, story_ids: Sequence[str] | None = None
    ) -> tuple[int, int, int]:
        """Return how many entries were first seen in a window, and how many reports and stories they are in.

        With ``story_ids`` only entries of these stories are counted.
        """
        named = None if story_ids is None else json.dumps(story_ids)
        entries, reports, stories = self._db.execute(
            "SELECT count(*), count(DISTINCT report_id), count(DISTINCT story_id) FROM entry WHERE first_seen >= ? AND first_seen < ?"
            " AND (? IS NULL OR story_id IN (SELECT value FROM json_each(?)))",
            (to_text(since), to_text(until), named, named),
        ).fetchone()
        return entries, reports, stories

    def _rows(self, where: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        cursor = self._db.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(
            "SELECT s.*, l.title AS line_title, l.stories AS line_stories"
            f" FROM story s LEFT JOIN storyline l ON l.id = s.storyline_id {where}",
            values,
        )


def _summary(row: sqlite3.Row, new_since: datetime) -> StorySummary:
    first, last = from_text(row["first_seen"]), from_text(row["last_seen"])
    flags = (
        (Flag.NEW, first >= new_since),
        (Flag.UPDATED, first < new_since <= last),
        (Flag.CORRECTED, bool(row["corrected"])),
        # forty publishers with one agency text are one source
        (Flag.SINGLE_SOURCE, row["reports"] == 1 or row["publishers"] == 1),
        (Flag.EDITED, bool(row["edited"])),
    )
    return StorySummary(
        id=row["id"],
        title=row["title"],
        url=row["url"],
        publisher=row["publisher"],
        agency=row["agency"],
        language=row["language"],
        category=row["category"],
        first_seen=first,
        last_seen=last,
        entries=row["entries"],
        reports=row["reports"],
        publishers=row["publishers"],
        flags=tuple(flag for flag, holds in flags if holds),
        canonical_entry=row["canonical_entry"],
        storyline=_mention(row),
    )


def _mention(row: sqlite3.Row) -> StorylineMention | None:
    if row["storyline_id"] is None:
        return None
    return StorylineMention(row["storyline_id"], row["line_title"], row["line_stories"])
