"""A publisher that is called otherwise in feeds.yaml, or two feeds that are put into one family, are one house at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from aggregator import Aggregator
from aggregator.model import Feed, StoryQuery
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/feed", publisher="Ledger")
TIMES = Feed("https://times.example/feed", publisher="Times")
STORM = (
    "A storm closed the northern port of Esbjerg on Tuesday morning. Ferries to Harwich stayed in the harbour and the "
    "coast guard told three hundred passengers to wait for the evening sailing."
)


def counted(app: Aggregator) -> list[tuple[int, str]]:
    """Return how many publishers each story has, and who stands for it."""
    return [(story.publishers, story.publisher) for story in app.stories(StoryQuery())]


def test_a_new_name_and_a_family_hold_for_stories_that_are_open() -> None:
    fetcher, clock = FakeFetcher({feed.url: rss(Item(feed.url, "Storm", STORM)) for feed in (LEDGER, TIMES)}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        app.fetch()
        [(publishers, leading)] = counted(app)
        assert publishers == 2
        for name in ("The Ledger", "Times"):
            app.follow([replace(LEDGER, publisher=name), TIMES])
            fetcher.answers[LEDGER.url] = rss(Item(LEDGER.url, "Storm", STORM), Item(name, f"{name}: storm", STORM))
            clock.forward(hours=2)
            app.fetch()
            assert counted(app) == [(len({name, "Times"}), name if leading == "Ledger" else "Times")]


def test_a_category_that_is_given_or_changed_later_holds_for_stories_that_are_open() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("a", "Storm", STORM))}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        for category in ("weather", "ports", None):
            app.follow([replace(LEDGER, category=category)])
            clock.forward(hours=2)
            app.fetch()
            assert [story.category for story in app.stories(StoryQuery(category=category))] == [category]


def test_what_a_feed_said_of_others_and_what_is_long_ago_keep_their_names() -> None:
    entries = rss(Item("a", "Storm", STORM, published=MORNING))
    fetcher, clock = FakeFetcher({LEDGER.url: entries}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        app.store.connection.execute("UPDATE entry SET publisher = 'Courier'")
        app.follow([replace(LEDGER, publisher="The Ledger")])
        assert app.store.connection.execute("SELECT publisher FROM entry").fetchall() == [("Courier",)]
        app.store.connection.execute("UPDATE entry SET publisher = 'The Ledger'")
        clock.forward(days=app.settings.stories.window / timedelta(days=1) + 1)
        app.follow([LEDGER])
        assert app.store.connection.execute("SELECT publisher FROM entry").fetchall() == [("The Ledger",)]
