"""A feed whose address is changed to the one that it moved to keeps its entries; any other is a new feed."""

from __future__ import annotations

import pytest

from aggregator.model import Feed, FetchFailure
from aggregator.storage.feeds import FeedStore
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

OLD, MIRROR = "http://paper.example/rss", "http://mirror.example/rss"
PAPER = rss(Item("1", "Quay opens"))


@pytest.mark.parametrize(
    ("listed", "new"),
    [
        (["https://paper.example/rss"], 0),  # the other scheme
        (["https://paper.example/rss", OLD], 1),  # both are followed
        ([MIRROR], 1),  # an address that nothing leads to
        (["https://paper.example/RSS"], 1),
    ],
)
def test_a_feed_stays_the_same_under_the_other_scheme_alone(listed: list[str], new: int) -> None:
    fetcher = FakeFetcher(dict.fromkeys([OLD, MIRROR, *listed], PAPER))
    with open_desk(fetcher, Clock(), [Feed(OLD)]) as app:
        app.fetch(everything=True)
        app.follow([Feed(url) for url in listed])
        assert sum(outcome.new for outcome in app.fetch(everything=True)) == new


def test_what_went_wrong_at_the_old_address_is_none_of_the_new_ones() -> None:
    clock = Clock()
    new = OLD.replace("http:", "https:")
    fetcher = FakeFetcher({OLD: FetchFailure("gone", "410 Gone", status=410), new: PAPER})
    with open_desk(fetcher, clock, [Feed(OLD)]) as app:
        for _ in range(10):
            app.fetch(everything=True)
            clock.forward(days=2)
        [before] = FeedStore(app.store).followed()
        assert before.state.gone
        app.follow([Feed(new)])
        [outcome] = app.fetch()
        assert outcome.new == 1
        [after] = FeedStore(app.store).followed()
        assert (after.id, after.state.gone, after.state.failures) == (before.id, False, 0)
