"""Detects stored values that the disk damaged."""

from __future__ import annotations

import json
from typing import TypeVar

from aggregator.exceptions import StorageError

_Kind = TypeVar("_Kind", bound="list[object] | dict[str, object]")


def damaged(value: object, wanted: str) -> StorageError:
    """Return the error for a stored value of the wrong kind, with what to do."""
    return StorageError(
        f"the database is damaged: it holds {str(value)[:40]!r} where {wanted} is wanted; `aggregator db check` names the "
        "damage, `aggregator db restore FILE` puts a backup in its place"
    )


def from_json(text: object, kind: type[_Kind]) -> _Kind:
    """Return stored JSON as a value; raises StorageError where it is invalid or of another kind."""
    try:
        found = json.loads(str(text))
    except ValueError as error:
        raise damaged(text, "JSON") from error
    if not isinstance(found, kind):
        raise damaged(text, f"JSON of another kind ({kind.__name__})")
    return found
