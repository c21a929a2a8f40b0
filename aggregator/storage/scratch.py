"""Copies rows into a scratch database, and reads the stories found there."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.storage.database import Store


def copy_tables(store: Store, scratch: Store, tables: Sequence[str]) -> None:
    """Copy all rows of some tables into a scratch database of the same schema."""
    with scratch.transaction() as target:
        for table in tables:
            rows = store.connection.execute(f"SELECT * FROM {table}").fetchall()
            if rows:
                target.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def story_of_entries(scratch: Store) -> dict[str, str | None]:
    """Return entry id -> story id, for all entries."""
    return dict(scratch.connection.execute("SELECT id, story_id FROM entry").fetchall())
