"""The feeds that are shipped: what a desk would trip over is caught here, before anything is fetched."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
KNOWN_LIVE = ROOT.parent / "shared" / "data" / "feed-addresses.json"
KEYS = {"url", "name", "publisher", "category", "language", "authority", "agency", "interval"}


@pytest.fixture(scope="module")
def feeds() -> list[dict[str, Any]]:
    loaded: dict[str, Any] = YAML(typ="safe").load((ROOT / "feeds.yaml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = loaded["feeds"]
    return found


def test_every_feed_says_who_it_is(feeds: list[dict[str, Any]]) -> None:
    assert 60 <= len(feeds) <= 90
    for feed in feeds:
        assert set(feed) <= KEYS
        assert {"url", "name", "publisher", "category", "language", "authority"} <= set(feed)
        assert urlsplit(feed["url"]).scheme == "https"
        assert isinstance(feed["language"], str)  # "no" without quotes would be a truth value
        assert 0 <= feed["authority"] <= 100


def test_no_address_and_no_name_comes_twice(feeds: list[dict[str, Any]]) -> None:
    for key in ("url", "name"):
        assert max(Counter(feed[key] for feed in feeds).values()) == 1


def test_the_desk_reads_widely(feeds: list[dict[str, Any]]) -> None:
    assert len({feed["language"] for feed in feeds}) >= 8
    assert len({feed["publisher"] for feed in feeds}) >= 50
    assert sum(bool(feed.get("agency")) for feed in feeds) >= 5


def test_one_house_is_one_publisher(feeds: list[dict[str, Any]]) -> None:
    houses: dict[str, set[str]] = {}
    for feed in feeds:
        houses.setdefault(".".join((urlsplit(feed["url"]).hostname or "").split(".")[-2:]), set()).add(
            feed["publisher"]
        )
    shared = {"gov.ua", "gov.uk", "europa.eu", "co.kr"}  # domains under which more than one institution lives
    assert {domain: found for domain, found in houses.items() if len(found) > 1 and domain not in shared} == {}


def test_addresses_were_live(feeds: list[dict[str, Any]]) -> None:
    if not KNOWN_LIVE.exists():
        pytest.skip("the list of live addresses is not beside the project")
    live = {address for found in json.loads(KNOWN_LIVE.read_text(encoding="utf-8")).values() for address in found}
    unverified = [feed["url"] for feed in feeds if feed["url"] not in live]
    text = (ROOT / "feeds.yaml").read_text(encoding="utf-8").splitlines()
    for address in unverified:
        assert next(line for line in text if address in line).endswith("# official")
