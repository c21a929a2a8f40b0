"""The schema as an append-only list of migrations. Each and its record are one transaction; one that has shipped is never changed.

This module is imported only where a database is created or migrated. ``schema.py`` lists the migrations for look-ups.
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
    """Everything that the first release stores."""
    rooms = (boilerplate.TABLES, sketches.TABLES, former_tables.STORY_MEMORY, watches.TABLES)
    for script in (
        base_tables.FEEDS,
        base_tables.STORIES,
        base_tables.ENTRIES,
        base_tables.DESK,
        base_tables.VIEWS,
        *rooms,
    ):
        _execute(db, statements(script))


@migrations()
def m002_meanings(db: Database) -> None:
    """What reports mean, where the sentence encoder is switched on."""
    _execute(db, statements(former_tables.MEANINGS))


@migrations()
def m003_one_index_less(db: Database) -> None:
    """Drop an index by feed and link, which no query uses."""
    db.execute("DROP INDEX entry_feed_link")


@migrations()
def m004_entry_faults(db: Database) -> None:
    """Entries that a step could not take, kept for a report."""
    _execute(db, statements(faults.TABLES))


@migrations()
def m005_bounds(db: Database) -> None:
    """What keeps the cost of a poll, of health and of retention apart from how much is stored.

    An index for each question that went over all entries or lines of a feed, one for a foreign key that had none, when
    a word was learned last, and the arrivals of each feed by hour, which the table's own triggers count.
    """
    _execute(db, statements(base_tables.BOUNDS))
    _execute(db, base_tables.ARRIVAL_TRIGGERS)
    db.execute(
        f"INSERT INTO arrival SELECT feed_id, substr(time, 1, {HOUR}), min(time), max(time), count(*) FROM entry GROUP BY 1, 2"
    )
    db.execute("UPDATE story_word SET seen = coalesce((SELECT max(number) FROM story_vector), 0)")


@migrations()
def m006_identity(db: Database) -> None:
    """Corrected dates, bylines and categories of entries."""
    _execute(db, statements(base_tables.AMENDMENTS))


@migrations()
def m007_gaps(db: Database) -> None:
    """Store with each poll whether it may have missed entries, which its counts do not say."""
    db.execute("ALTER TABLE poll ADD COLUMN gap INTEGER NOT NULL DEFAULT 0")


@migrations()
def m008_stories_of_pairs(db: Database) -> None:
    """Change stories to pairs of reports, and add storylines with the editors' verbs on them.

    Reports of the window keep a row with a vector of no version: what finds it makes the vector, and settles all
    stories once anew.
    """
    for script in storyline_tables.SCRIPTS:
        _execute(db, statements(script))


@migrations()
def m009_meanings(db: Database) -> None:
    """Add the meanings of reports beside their vectors."""
    _execute(db, report_vectors.MEANINGS)


@migrations()
def m010_lists(db: Database) -> None:
    """Stories are listed by publishers and by entries without sorting all of them."""
    _execute(db, statements(base_tables.LISTS))


@migrations()
def m011_polls(db: Database) -> None:
    """A poll that brings nothing new writes fewer pages, and a feed is found by its address without a walk over all."""
    _execute(db, statements(base_tables.POLLS))


@migrations()
def m012_waiting_keys(db: Database) -> None:
    """The keys of new sketches wait, so that each page of ``band`` is written once for many."""
    _execute(db, statements(bands.TABLES))


@migrations()
def m013_waiting_polls(db: Database) -> None:
    """Let changes of uneventful polls wait in the log, and have views return the present state."""
    _execute(db, waiting_polls.TABLES)


@migrations()
def m014_moved_reports(db: Database) -> None:
    """Entries follow the reports that an editor moved, some at a time, and the reasons of a decision are found by an index."""
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
