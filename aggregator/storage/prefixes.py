"""Resolves shortened ids, as people type them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from aggregator.exceptions import AmbiguousIdError, NotFoundError

# Kind of id -> a query for its ids and the stories they belong to, the words for one, and the command that shows it.
_KINDS = {
    "story": (
        "SELECT id, NULL FROM (SELECT id FROM story UNION ALL SELECT old_id FROM story_redirect WHERE story_id IS NOT NULL)",
        "a story",
        "story show",
    ),
    "storyline": ("SELECT id, NULL FROM storyline", "a storyline", "storyline show"),
    "entry": ("SELECT id, story_id FROM entry", "an entry", "entry show"),
    "report": ("SELECT id, story_id FROM report", "a report: entries that carry one text", ""),
}


def resolve_prefix(db: sqlite3.Connection, select: str, prefix: str, noun: str) -> str:
    """Return the one id that begins with ``prefix``; an exact id always wins.

    ``select`` has an ``id`` column and no WHERE. Raises AmbiguousIdError, or NotFoundError, which says so where the id is one of
    another kind.
    """
    wanted = prefix.strip().lower()
    found = tuple(str(row[0]) for row in _beginning(db, select, wanted, 5)) if wanted else ()
    if not found:
        raise NotFoundError("; ".join((f"no {noun} {prefix!r}", *_other_kinds(db, wanted, noun))))
    if len(found) == 1 or found[0] == wanted:
        return found[0]
    raise AmbiguousIdError(prefix, found)


def _other_kinds(db: sqlite3.Connection, wanted: str, noun: str) -> Iterator[str]:
    """Yield a sentence for each other kind than ``noun`` that has an id with this beginning."""
    for kind, (select, called, command) in _KINDS.items():
        rows = _beginning(db, select, wanted, 2) if wanted and kind != noun else []
        if len(rows) > 1:
            yield f"ids of another kind begin so: each is {called}"
        for identity, story in rows[:1] if len(rows) == 1 else ():
            line = f"{identity} is {called}"
            line += f" in story {story}" if story else ""
            yield line + (f"; `aggregator {command} {identity}` shows it" if command else "")


def _beginning(db: sqlite3.Connection, select: str, wanted: str, limit: int) -> list[tuple[str, str | None]]:
    bounds = (wanted, wanted + "\x7f", limit)
    return db.execute(f"{select} WHERE id >= ? AND id < ? ORDER BY id LIMIT ?", bounds).fetchall()
