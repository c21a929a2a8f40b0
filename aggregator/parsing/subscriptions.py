"""Feeds read from a list of any form, and the reasons for those that are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aggregator.model import Feed, Skip
from aggregator.text.address import address_as_typed
from aggregator.text.clean import one_line
from aggregator.text.masking import is_masked
from aggregator.text.urls import absolute_url, mask_secrets

MAX_FEEDS = 50_000
_YES = ("true", "yes", "1", "x")


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """The feeds of a list, and the parts that were skipped, with reasons."""

    feeds: tuple[Feed, ...]
    skips: tuple[Skip, ...]


def address_in_list(text: str) -> str | None:
    """Return an address from a list in its usual form, or None if it is no http or https address."""
    return absolute_url(address_as_typed(text), "")


def take(feeds: dict[str, Feed], address: str, values: Mapping[str, str]) -> str | None:
    """Add a feed to ``feeds``, or return the reason why not; ``values`` are its other values, by the keys of feeds.yaml."""
    url = address_in_list(address)
    if url is None:
        return f"{mask_secrets(address)[:200]!r} is no http(s) address"
    if url in feeds:
        return "named twice"
    if len(feeds) >= MAX_FEEDS:
        return f"over the limit of {MAX_FEEDS} feeds"
    authority = values.get("authority", "")
    if authority and not (authority.isdecimal() and int(authority[:4]) <= 100):
        return f"authority {authority[:20]!r} is no whole number from 0 to 100"
    interval = values.get("interval", "")
    if interval and not (interval[-1] == "s" and interval[:-1].isdecimal() and len(interval) < 10):
        return f"interval {interval[:20]!r} is no number of seconds such as 900s"
    texts: dict[str, Any] = {
        name: one_line(values.get(name, "")) or None for name in ("name", "publisher", "category", "language")
    }
    feeds[url] = Feed(
        url=url,
        **texts,
        authority=int(authority) if authority else Feed("").authority,
        agency=_is_set(values, "agency"),
        interval=timedelta(seconds=int(interval[:-1])) if interval else None,
        speaks_for_others=_is_set(values, "speaks_for_others") if values.get("speaks_for_others") else None,
        # a masked address cannot be polled before somebody has put the secret back
        paused=is_masked(url) or _is_set(values, "paused"),
    )
    return None


def _is_set(values: Mapping[str, str], name: str) -> bool:
    return values.get(name, "").lower() in _YES
