"""The demonstration's stories are those that its truth names, in whatever order the feeds answer."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from aggregator.demo.content import OUTLETS, STAGES, document, expected, feeds, moment
from aggregator.settings import Settings
from tests.fakes import Clock, FakeFetcher, open_desk

ALONE = ("round-up", "routine")
ONE_AT_A_TIME = replace(Settings(), fetch=replace(Settings().fetch, workers=1))


def stories(seed: int) -> list[list[dict[str, Any]]]:
    """Play the demonstration with its feeds answering in an order drawn by lot, another at each stage; return its stories."""
    truth = {(entry["feed"], entry["key"]): entry for entry in expected()["entries"]}
    chance = random.Random(seed)
    followed = list(feeds("https://demo.example"))
    clock, fetcher = Clock(), FakeFetcher()
    with open_desk(fetcher, clock, followed, settings=ONE_AT_A_TIME) as desk:
        for stage in STAGES:
            clock.now = moment(stage)
            fetcher.answers = {f"https://demo.example/{one.file}": document(one.file, stage) for one in OUTLETS}
            fetcher.asked = []
            chance.shuffle(followed)
            desk.follow(followed)
            desk.fetch(everything=True)
            assert fetcher.asked == [feed.url for feed in followed]
        rows = desk.store.connection.execute(
            "SELECT entry.story_id, feed.url, entry.key FROM entry JOIN feed ON feed.id = entry.feed_id"
        )
        found = defaultdict(list)
        for story, url, key in rows:
            found[story].append(truth[url.rpartition("/")[2].partition(".")[0], key])
    return list(found.values())


@pytest.mark.parametrize("seed", range(8))
def test_stories_are_the_expected_ones_in_any_order_of_the_feeds(seed: int) -> None:
    found = stories(seed)
    told: dict[tuple[str, str], set[int]] = defaultdict(set)
    for number, story in enumerate(found):
        # A live page may stand with either event that it follows; a round-up and a slot of the day are events of their own.
        events = {one["report"] if one["role"] in ALONE else one["event"] for one in story if one["event"] != "any"}
        assert len(events) <= 1, sorted(one["title"] for one in story)
        for one in story:
            if one["event"] != "any" and one["role"] not in ALONE:
                told[one["event"], one["language"]].add(number)
    assert {event for event, where in told.items() if len(where) > 1} == set()
