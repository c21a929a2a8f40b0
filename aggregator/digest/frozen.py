"""An edition as JSON, the form in which it is stored and never changes again.

The reader fills fields that an older edition lacks with their defaults and passes over fields it does not know,
so editions outlive the version that made them.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from aggregator.digest.values import Edition
from aggregator.exceptions import StorageError

FORMAT = 1


def to_json(edition: Edition) -> str:
    """Return ``edition`` as JSON text: keys in a fixed order, times ISO 8601 in UTC, one newline at the end."""
    plain = {"format": FORMAT, **_plain(edition), "nothing_new": edition.nothing_new}
    text = json.dumps(plain, ensure_ascii=False, indent=1) + "\n"
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair from a feed could not be stored


def from_json(text: str) -> Edition:
    """Return the edition that ``to_json`` wrote; StorageError where the text is not one or is of a newer format."""
    try:
        plain = json.loads(text)
        if plain["format"] > FORMAT:
            raise StorageError(
                f"The edition is stored in format {plain['format']}, this version reads up to {FORMAT}. "
                "Use the version that made it, or a newer one."
            )
        edition: Edition = _made(Edition, plain)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(f"The stored edition cannot be read: {type(error).__name__}: {error}.") from error
    return edition


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _made(kind: Any, plain: Any) -> Any:
    """Return ``plain`` as a value of the annotated type ``kind``."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: _made(hints[name], part) for name, part in plain.items() if name in hints})
    origin = get_origin(kind)
    if origin is tuple:
        return _made_tuple(get_args(kind), plain)
    if origin in (Union, types.UnionType):  # only "X | None" occurs
        return None if plain is None else _made(get_args(kind)[0], plain)
    if origin is Literal:
        if plain not in get_args(kind):
            raise ValueError(f"{plain!r} is none of {', '.join(get_args(kind))}")
        return plain
    return _LEAVES.get(kind, _checked(kind))(plain)


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    """Return the fields of a value with their types; working them out anew for each story costs as much as all else."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _made_tuple(kinds: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_made(kinds[0], part) for part in plain)
    return tuple(_made(kind, part) for kind, part in zip(kinds, plain, strict=True))


def _checked(kind: Any) -> Callable[[Any], Any]:
    def check(plain: Any) -> Any:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(plain)
        if not isinstance(plain, kind):
            raise TypeError(f"{plain!r} where {kind.__name__} was expected")
        return plain

    return check


_LEAVES: dict[Any, Callable[[Any], Any]] = {datetime: datetime.fromisoformat, float: float}
