"""Entries, stories and other values as rows with documented keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

# A story's line.
STORY = "id title url publisher agency lang=language category first_seen last_seen entries reports publishers flags canonical_entry"


def row_of(thing: object, fields: str) -> dict[str, Any]:
    """Return a row of a thing: ``title`` is its attribute of that name, ``lang=language`` its ``language`` under ``lang``."""
    return {key: take(thing) for key, take in _takers(fields)}


def keys_of(fields: str) -> list[str]:
    """Return the keys of a row with these fields."""
    return [key for key, _ in _takers(fields)]


@cache
def _takers(fields: str) -> list[tuple[str, Callable[[object], Any]]]:
    parts = [field.partition("=") for field in fields.split()]
    return [(key, attrgetter(attribute or key)) for key, _, attribute in parts]
