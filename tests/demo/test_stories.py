"""The demonstration's stories are those that its truth names, in whatever order the feeds answer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.demo.playing import played
from tests.demo.truth import expected

ALONE = ("round-up", "routine")


def stories(seed: int) -> list[list[dict[str, Any]]]:
    """Return the demonstration's stories, its feeds answering in an order drawn by lot."""
    truth = {(entry["feed"], entry["key"]): entry for entry in expected()["entries"]}
    with played(seed) as app:
        rows = app.store.connection.execute(
            "SELECT entry.story_id, feed.url, entry.key FROM entry JOIN feed ON feed.id = entry.feed_id"
        )
        found = defaultdict(list)
        for story, url, key in rows:
            found[story].append(truth[url.rpartition("/")[2].partition(".")[0], key])
    return list(found.values())


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.costly) for seed in range(1, 8))])
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
