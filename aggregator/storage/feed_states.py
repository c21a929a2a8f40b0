"""Conversion between a feed's polling state and the columns of its row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any

from aggregator.model import FeedState, PollHints
from aggregator.storage.damage import from_json
from aggregator.storage.times import from_text, to_text
from aggregator.text.urls import mask_secrets

_TIMES = {field.name for field in fields(FeedState) if field.type == "datetime | None"}
_FLAGS = {field.name for field in fields(FeedState) if field.type == "bool"}
_STATE = tuple(field.name for field in fields(FeedState))
COLUMNS = tuple("fetch_url" if name == "url" else name for name in _STATE)


def state_values(state: FeedState) -> list[object]:
    """Return the values of :data:`COLUMNS`."""
    return [_to_column(name, getattr(state, name)) for name in _STATE]


def _to_column(name: str, value: Any) -> object:
    if name in _TIMES:
        return to_text(value)
    if name in _FLAGS:
        return int(value)
    if name == "hints":
        return _hints_to_text(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if name in ("url", "moved_to") and value is not None and mask_secrets(value) != value:
        return None  # an address with a secret is never stored; the one in feeds.yaml is used instead
    return value


def state_of(values: Sequence[Any]) -> FeedState:
    """Return the state in the values of :data:`COLUMNS`."""
    stored = {name: _from_column(name, value) for name, value in zip(_STATE, values, strict=True)}
    stored["url"] = stored["url"] or ""
    return FeedState(**stored)


def _from_column(name: str, value: Any) -> Any:
    if name in _TIMES:
        return from_text(value)
    if name in _FLAGS:
        return bool(value)
    if name == "hints":
        return _hints_from_text(value)
    if name == "learned_interval":
        return None if value is None else timedelta(seconds=value)
    return value


def _hints_to_text(hints: PollHints) -> str | None:
    if hints == PollHints():
        return None
    return json.dumps(
        {
            "ttl": hints.ttl and hints.ttl.total_seconds(),
            "update_interval": hints.update_interval and hints.update_interval.total_seconds(),
            "skip_hours": sorted(hints.skip_hours),
            "skip_days": sorted(hints.skip_days),
            "hub": hints.hub,
        }
    )


def _hints_from_text(text: str | None) -> PollHints:
    if not text:
        return PollHints()
    kept = from_json(text, dict)
    return PollHints(
        ttl=None if kept["ttl"] is None else timedelta(seconds=kept["ttl"]),
        update_interval=None if kept["update_interval"] is None else timedelta(seconds=kept["update_interval"]),
        skip_hours=frozenset(kept["skip_hours"]),
        skip_days=frozenset(kept["skip_days"]),
        hub=kept["hub"],
    )
