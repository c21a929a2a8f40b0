"""An edition as JSON, the form in which it is stored.

The reader fills fields that an older edition lacks with their defaults and passes over fields it does not know,
so editions outlive the version that made them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from aggregator.digest.values import Edition
from aggregator.exceptions import StorageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 1


def to_json(edition: Edition) -> str:
    """Return ``edition`` as JSON text: keys in a fixed order, times ISO 8601 in UTC, one newline at the end."""
    plain = {"format": FORMAT, **_editions().dump_python(edition), "nothing_new": edition.nothing_new}
    text = json.dumps(plain, ensure_ascii=False, indent=1, default=_in_utc) + "\n"
    return text.encode("utf-8", "replace").decode()  # a lone surrogate from a feed could not be stored


def from_json(text: str) -> Edition:
    """Return the edition that ``to_json`` wrote; raises StorageError for other texts and for newer formats."""
    try:
        written = json.loads(text)["format"]
        if written > FORMAT:
            raise StorageError(
                f"The edition is stored in format {written}, this version reads up to {FORMAT}. "
                "Use the version that made it, or a newer one."
            )
        return _editions().validate_json(text, strict=True)
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(f"The stored edition cannot be read: {type(error).__name__}: {error}.") from error


def _in_utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


@cache
def _editions() -> TypeAdapter[Edition]:
    """Return the reader and writer of editions; creating it takes as long as reading fifty editions."""
    from pydantic import TypeAdapter

    return TypeAdapter(Edition)
