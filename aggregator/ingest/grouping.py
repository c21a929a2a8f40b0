"""Grouping of entries given as mappings, in memory: for notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aggregator.exceptions import UsageError
from aggregator.ingest.archives import Importer
from aggregator.model import Skip
from aggregator.newsroom.publishers import families
from aggregator.parsing.archive import ArchiveEntry, in_date_order, read
from aggregator.settings import Settings
from aggregator.storage.database import Store

_MAX_LISTED = 5  # entries that an error lists


def record_entries(store: Store, settings: Settings, entries: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Record and place entries, given with the keys of a JSON Lines archive. The default ``id`` is the position, from 0.

    UsageError names the entries that cannot be used.
    """
    lines = (_line(place, entry) for place, entry in enumerate(entries))
    found = list(read(lines))
    skips = [one for one in found if isinstance(one, Skip)]
    if not skips:
        usable = in_date_order(one for one in found if isinstance(one, ArchiveEntry))
        skips = list(Importer(store, settings, families(()), now).record(usable, lambda done, total: None).skips)
    if skips:
        named = [
            f"entry {one.position - 1}: {one.reason.partition(': ')[2] or one.reason}" for one in skips[:_MAX_LISTED]
        ]
        more = f"; and {len(skips) - _MAX_LISTED} more" if len(skips) > _MAX_LISTED else ""
        raise UsageError("; ".join(named) + more)


def _line(place: int, entry: Mapping[str, Any]) -> bytes:
    if not isinstance(entry, Mapping):
        raise UsageError(f"entry {place}: a mapping is wanted, with a title or a body; not {type(entry).__name__}")
    # pandas marks a missing value by NaN, which does not equal itself
    given = {str(key): value for key, value in entry.items() if value is not None and value == value}
    given["id"] = str(given.get("id", place))
    return json.dumps(given, default=str).encode()
