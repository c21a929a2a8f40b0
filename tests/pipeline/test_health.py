"""What an edition says of the feeds."""

from __future__ import annotations

from datetime import timedelta

from aggregator.model import Feed
from tests.fakes import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger")
HOUR = timedelta(hours=1)


def story(number: int) -> Item:
    return Item(
        f"l{number}", f"Vote {number} in Skarn", f"The council of Skarn voted for the {number}th time on a port."
    )


def test_edition_tells_the_polls_of_its_window_that_may_have_missed_entries() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(story(1))}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as desk:
        for brought in (
            (story(1), story(2)),
            (story(3),),
            (story(4),),
        ):  # the first poll knows nothing, and misses nothing
            desk.fetch(everything=True)
            clock.forward(hours=1)
            fetcher.answers[LEDGER.url] = rss(*brought)
        desk.fetch(everything=True)
        clock.forward(hours=1)
        early = desk.edition(since=MORNING, until=MORNING + 2 * HOUR)
        late = desk.edition(since=MORNING + 2 * HOUR, until=MORNING + 4 * HOUR)
    assert early.health.notes == ()
    assert [(note.state, note.possible_gaps) for note in late.health.notes] == [("ok", 2)]
