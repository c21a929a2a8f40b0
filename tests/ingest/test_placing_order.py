"""Entries are placed when a pass has them all, in order of time; what a pass could not place, the next one does."""

from __future__ import annotations

from threading import Event

import pytest

from aggregator.app import Aggregator
from aggregator.exceptions import DecisionError
from aggregator.model import Feed, StoryQuery
from tests.demo.playing import played
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

LEFT, RIGHT = "https://left.example/feed", "https://right.example/feed"
HARBOUR = rss(Item("1", "Fire closes the harbour of Tarnow", "A fire closed the harbour of Tarnow on Monday night."))
MARKET = rss(Item("2", "Market hall of Velden reopens", "Velden's market hall reopened after three years of repairs."))


def placed(seed: int) -> dict[tuple[str, str], tuple[str, str]]:
    """Return where each entry of the demonstration stands, its feeds answering in an order drawn by lot."""
    with played(seed) as app:
        rows = app.store.connection.execute(
            "SELECT feed.url, entry.key, entry.report_id, entry.story_id FROM entry JOIN feed ON feed.id = entry.feed_id"
        )
        return {(url, key): (report, story) for url, key, report, story in rows}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.costly)])
def test_the_order_in_which_feeds_answer_decides_nothing(seed: int) -> None:
    expected = placed(0)
    assert len({story for _, story in expected.values()}) > 5
    assert placed(seed) == expected


def where(app: Aggregator) -> list[tuple[object, object]]:
    return [(row["report_id"], row["story_id"]) for row in app.export()]


def test_a_pass_that_is_stopped_keeps_its_entries_and_the_next_one_places_them() -> None:
    fetcher, clock, stop = FakeFetcher({LEFT: HARBOUR, RIGHT: MARKET}), Clock(), Event()
    with open_desk(fetcher, clock, [Feed(LEFT), Feed(RIGHT)]) as app:
        outcomes = app.fetch(progress=lambda outcome, done, total: stop.set(), stop=stop)
        assert sum(outcome.new for outcome in outcomes) == len(where(app)) > 0
        assert set(where(app)) == {(None, None)}
        assert app.stories(StoryQuery()) == []
        clock.forward(hours=1)
        app.fetch(everything=True)
        assert all(report and story for report, story in where(app))
        titles = {story.title for story in app.stories(StoryQuery())}
    assert titles == {"Fire closes the harbour of Tarnow", "Market hall of Velden reopens"}


def test_entries_left_by_a_stopped_pass_are_not_placed_twice() -> None:
    fetcher, clock, stop = FakeFetcher({LEFT: HARBOUR}), Clock(), Event()
    with open_desk(fetcher, clock, [Feed(LEFT)]) as app:
        app.fetch(progress=lambda outcome, done, total: stop.set(), stop=stop)
        fetcher.answers[LEFT] = rss(
            Item("1", "Fire closes the harbour of Tarnow", "The fire that closed the harbour of Tarnow is out.")
        )
        clock.forward(hours=1)
        assert [outcome.updated for outcome in app.fetch(everything=True)] == [1]
        [sketched] = app.store.connection.execute("SELECT words FROM sketch").fetchone()
        assert sketched == 10  # words of the text as it reads now
        clock.forward(hours=1)
        app.fetch(everything=True)
        counts = [
            app.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("entry", "report", "story", "sketch", "report_vector")
        ]
    assert counts == [1] * 5


def test_an_editors_verb_on_an_entry_without_a_place_says_what_it_waits_for() -> None:
    fetcher, clock, stop = FakeFetcher({LEFT: HARBOUR, RIGHT: MARKET}), Clock(), Event()
    with open_desk(fetcher, clock, [Feed(LEFT)]) as app:
        app.fetch()
        [placed] = [str(row["id"]) for row in app.export()]
        app.follow([Feed(LEFT), Feed(RIGHT)])
        clock.forward(hours=1)
        app.fetch(everything=True, progress=lambda outcome, done, total: stop.set(), stop=stop)
        [waiting] = [str(row["id"]) for row in app.export() if row["story_id"] is None]
        [story] = [story.id for story in app.stories(StoryQuery())]
        for verb in (lambda: app.editor("ed").forbid(placed, waiting), lambda: app.editor("ed").move(waiting, story)):
            with pytest.raises(DecisionError, match="is in no story yet"):
                verb()
