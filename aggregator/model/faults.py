"""Entries that a step of our own code failed on: the error and the entry's content, stored for a bug report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, is_dataclass
from typing import Literal

Step = Literal["reading", "preparing", "recording", "placing", "settling", "watching", "digesting"]

MAX_GIVEN = 32_000  # characters of an entry that are stored
_MAX_ERROR, _MAX_NAME = 500, 200


@dataclass(frozen=True, slots=True)
class EntryFault:
    """An entry that a step failed on; ``given`` is the entry as JSON, cut to ``MAX_GIVEN`` characters."""

    step: Step
    entry: str  # its id if it is stored, else its key
    error: str
    given: str


def fault_of(step: Step, entry: str, error: BaseException | str, given: object) -> EntryFault:
    """Return the fault of an entry that a step failed on."""
    message = error if isinstance(error, str) else described(error)
    return EntryFault(step, _storable(entry)[:_MAX_NAME], _storable(message)[:_MAX_ERROR], as_given(given))


def described(error: BaseException, most: int = 300) -> str:
    """Return an error in one line: type, ``most`` characters of its message, and where it was raised."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = "" if where is None else f" at {where.tb_frame.f_code.co_filename.rpartition('/')[2]}:{where.tb_lineno}"
    return _storable(f"{type(error).__name__}: {str(error)[:most]}{place}")


def _storable(text: str) -> str:
    """Return a text with lone surrogates escaped, so that the report of a fault can always be stored."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def as_given(value: object) -> str:
    """Return a value as ASCII JSON, cut to ``MAX_GIVEN`` characters; a text is not converted to JSON."""
    if isinstance(value, str):
        return _storable(value)[:MAX_GIVEN]
    held = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.dumps(held, default=str)[:MAX_GIVEN]
