"""Translates a query for stories into SQL."""

from __future__ import annotations

from aggregator.model import StoryQuery
from aggregator.storage.times import to_text

ORDER = {
    "latest": "s.last_seen DESC, s.publishers DESC, s.reports DESC, s.entries DESC, s.id",
    "publishers": "s.publishers DESC, s.reports DESC, s.entries DESC, s.last_seen DESC, s.id",
    "entries": "s.entries DESC, s.reports DESC, s.publishers DESC, s.last_seen DESC, s.id",
    "first": "s.first_seen DESC, s.publishers DESC, s.id",
}


def where_clause(query: StoryQuery, expression: str = "") -> tuple[str, list[object]]:
    """Return a query as a condition over ``s`` (story) with its values; ``expression`` is its match text in FTS5's syntax."""
    # the plus keeps the planner from an index for conditions that nearly all stories meet: it shall use the index of the order
    clauses = ["+s.entries > 0", "+s.publishers >= ?"]
    values: list[object] = [query.min_publishers]
    if query.since is not None:
        clauses.append("s.last_seen >= ?")
        values.append(to_text(query.since))
    if query.until is not None:
        clauses.append("s.first_seen < ?")
        values.append(to_text(query.until))
    for column, value in (("publisher", query.publisher), ("language", query.language), ("category", query.category)):
        if value is not None:
            same = f"lower(e.{column}) = lower(?)" if value.isascii() else f"casefold(e.{column}) = ?"
            clauses.append(f"EXISTS (SELECT 1 FROM entry e WHERE e.story_id = s.id AND {same})")
            values.append(value if value.isascii() else value.casefold())
    if query.match is not None:
        clauses.append(
            "s.id IN (SELECT e.story_id FROM entry_fts JOIN entry e ON e.number = entry_fts.rowid WHERE entry_fts MATCH ?)"
            if expression
            else "0 AND ? IS NULL"
        )
        values.append(expression)
    return " AND ".join(clauses), values
