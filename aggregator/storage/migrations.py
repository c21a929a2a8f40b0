"""The schema as an append-only list of migrations; one that has shipped is never changed.

All pending migrations and their records are applied in one transaction. This module is imported only where a database is created
or migrated; ``schema.py`` lists the migrations for look-ups.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from aggregator.storage import (
    bands,
    base_tables,
    boilerplate,
    faults,
    former_tables,
    moves,
    report_vectors,
    sketches,
    storyline_tables,
    waiting_polls,
    watches,
)
from aggregator.storage.schema import HOUR, SET

migrations = Migrations(SET)


@migrations()
def m001_initial(db: Database) -> None:
    """Create the tables of the first release."""
    for script in (
        base_tables.FEEDS,
        base_tables.STORIES,
        base_tables.ENTRIES,
        base_tables.DESK,
        base_tables.VIEWS,
        boilerplate.TABLES,
        sketches.TABLES,
        former_tables.STORY_MEMORY,
        watches.TABLES,
    ):
        _execute(db, statements(script))


@migrations()
def m002_meanings(db: Database) -> None:
    """Add the meanings of reports, which the sentence encoder makes where it is switched on."""
    _execute(db, statements(former_tables.MEANINGS))


@migrations()
def m003_one_index_less(db: Database) -> None:
    """Drop an index by feed and link, which no query uses."""
    db.execute("DROP INDEX entry_feed_link")


@migrations()
def m004_entry_faults(db: Database) -> None:
    """Add the faults: entries that a step could not process."""
    _execute(db, statements(faults.TABLES))


@migrations()
def m005_bounds(db: Database) -> None:
    """Keep the cost of polls, health and retention independent of how much is stored.

    Adds indexes for queries that read all entries or lines of a feed and for a foreign key, the number at which a word was last
    learned, and the arrivals of each feed by hour, which triggers count.
    """
    _execute(db, statements(base_tables.BOUNDS))
    _execute(db, base_tables.ARRIVAL_TRIGGERS)
    db.execute(
        f"INSERT INTO arrival SELECT feed_id, substr(time, 1, {HOUR}), min(time), max(time), count(*) FROM entry GROUP BY 1, 2"
    )
    db.execute("UPDATE story_word SET seen = coalesce((SELECT max(number) FROM story_vector), 0)")


@migrations()
def m006_identity(db: Database) -> None:
    """Add the amendments: corrected dates, bylines and categories of entries."""
    _execute(db, statements(base_tables.AMENDMENTS))


@migrations()
def m007_gaps(db: Database) -> None:
    """Store with each poll whether it may have missed entries, which its counts do not say."""
    db.execute("ALTER TABLE poll ADD COLUMN gap INTEGER NOT NULL DEFAULT 0")


@migrations()
def m008_stories_of_pairs(db: Database) -> None:
    """Change stories to pairs of reports, and add storylines with the editors' verbs on them.

    Reports of the window get a row with an empty vector of an old version, so that their vectors are made anew and all stories
    are settled once again.
    """
    for script in storyline_tables.SCRIPTS:
        _execute(db, statements(script))


@migrations()
def m009_meanings(db: Database) -> None:
    """Add the meanings of reports beside their vectors."""
    _execute(db, report_vectors.MEANINGS)


@migrations()
def m010_lists(db: Database) -> None:
    """Add indexes by which stories are listed by publishers and by entries without sorting all of them."""
    _execute(db, statements(base_tables.LISTS))


@migrations()
def m011_polls(db: Database) -> None:
    """Have a poll that brings nothing new write fewer pages, and find a feed by its address with an index."""
    _execute(db, statements(base_tables.POLLS))


@migrations()
def m012_waiting_keys(db: Database) -> None:
    """Have the keys of new sketches wait, so that each page of ``band`` is written once for many of them."""
    _execute(db, statements(bands.TABLES))


@migrations()
def m013_waiting_polls(db: Database) -> None:
    """Let changes of uneventful polls wait in the log, and have views return the present state."""
    _execute(db, waiting_polls.TABLES)


@migrations()
def m014_moved_reports(db: Database) -> None:
    """Have entries follow moved reports some at a time, and find the reasons of a decision with an index."""
    _execute(db, statements(moves.TABLES))


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Apply the migrations that a database lacks."""
    migrations.apply(Database(connection))


def _execute(db: Database, ddl: Iterable[str]) -> None:
    for statement in ddl:
        db.execute(statement)


def statements(script: str) -> list[str]:
    """Split a script of plain DDL at its semicolons; our DDL holds no semicolon inside a statement."""
    return [part.strip() for part in script.split(";") if part.strip()]
