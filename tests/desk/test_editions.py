"""An edition against the one before: what was gained since, and nothing that was only printed or made again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from aggregator.app import Aggregator
from aggregator.desk.editions import make_edition
from aggregator.digest.values import Window
from aggregator.exceptions import UsageError
from aggregator.model import Feed, Flag, StoryQuery
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER, TIMES, POST = (Feed(f"https://{name}.example/rss", name=name.title()) for name in ("ledger", "times", "post"))
TALKS = (
    "Chiefs of defence from thirty countries met by video link on Tuesday to discuss guarantees. General Anna Kovac said "
    "a training mission could begin in June. Ministers will meet again in Brussels next week."
)
PRIZE = "The youth orchestra of Tartu won the grand prize with a symphony that its own violinist had written in secret."
NEWS = "The mission was called off. General Anna Kovac resigned after 41 delegates of the Northern Brigade had voted."


def flags(app: Aggregator, **window: object) -> dict[str, set[str]]:
    made = app.edition(**window)  # type: ignore[arg-type]
    return {line.title: {flag.value for flag in line.flags} & {"new", "updated"} for line in made.stories()}


def test_five_minutes_after_an_edition_nothing_is_new_and_nothing_updated() -> None:
    fetcher, clock = FakeFetcher(), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES, POST]) as app:
        fetcher.answers[LEDGER.url] = rss(Item("1", "Chiefs of defence meet", TALKS, published=MORNING))
        fetcher.answers[TIMES.url] = rss(Item("1", "Orchestra wins prize", PRIZE, published=MORNING))
        app.fetch()
        talks, prize = sorted(app.export(), key=lambda row: str(row["title"]))
        if talks["story_id"] == prize["story_id"]:  # two texts alone are little to tell stories by
            app.editor("test").split(str(prize["story_id"]), [str(prize["id"])])
        clock.forward(minutes=1)
        assert flags(app) == {"Chiefs of defence meet": {"new"}, "Orchestra wins prize": {"new"}}
        clock.forward(minutes=5)
        assert flags(app) == {"Chiefs of defence meet": set(), "Orchestra wins prize": set()}
        # a copy is no update; a report of its own is
        fetcher.answers[POST.url] = rss(Item("1", "Chiefs of defence meet", TALKS, published=clock.now))
        clock.forward(hours=1)
        app.fetch(everything=True)
        clock.forward(minutes=1)
        assert flags(app) == {"Chiefs of defence meet": set(), "Orchestra wins prize": set()}
        new = Item(
            "2", "Chiefs of defence call mission off", f"Chiefs of defence met again. {NEWS}", published=clock.now
        )
        fetcher.answers[POST.url] = rss(new, Item("1", "Chiefs of defence meet", TALKS, published=clock.now))
        clock.forward(hours=1)
        app.fetch(everything=True)
        clock.forward(minutes=1)
        places = [row["story_id"] for row in app.export() if "hiefs of defence" in str(row["title"])]
        if len(set(places)) > 1:
            app.editor("test").merge(sorted(set(map(str, places))))
        found = flags(app)
        assert [found[title] for title in found if "hiefs" in title] == [{"updated"}]
        assert found["Orchestra wins prize"] == set()


def test_an_edition_made_by_hand_takes_nothing_out_of_a_series() -> None:
    fetcher, clock = (
        FakeFetcher({LEDGER.url: rss(Item("1", "Orchestra wins prize", PRIZE, published=MORNING))}),
        Clock(),
    )
    with open_desk(fetcher, clock, [LEDGER]) as app:
        day = timedelta(days=1)
        clock.forward(minutes=1)
        app.edition(since=MORNING - day, until=MORNING)  # yesterday's of the series
        app.fetch()
        clock.forward(hours=5)
        assert flags(app) == {"Orchestra wins prize": {"new"}}  # by hand
        clock.forward(hours=20)
        assert flags(app, since=MORNING, until=MORNING + day) == {"Orchestra wins prize": {"new"}}


def test_a_story_that_its_house_takes_back_is_killed_and_not_corrected() -> None:
    fetcher, clock = (
        FakeFetcher({LEDGER.url: rss(Item("1", "Orchestra wins prize", PRIZE, published=MORNING))}),
        Clock(),
    )
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        kill = Item("2", "KILL: Orchestra wins prize", f"Please kill this story. {PRIZE}", published=MORNING)
        fetcher.answers[LEDGER.url] = rss(kill, Item("1", "Orchestra wins prize", PRIZE, published=MORNING))
        clock.forward(hours=1)
        app.fetch(everything=True)
        stories = sorted({str(row["story_id"]) for row in app.export()})
        if len(stories) > 1:
            app.editor("test").merge(stories)
        [listed] = app.stories(StoryQuery())
        shown = app.story(listed.id).summary
    assert Flag.KILLED in listed.flags
    assert Flag.CORRECTED not in listed.flags
    assert listed.flags == shown.flags


@pytest.mark.parametrize(
    "window",
    [
        {"day": date(2026, 3, 11)},
        {"day": date(2027, 1, 1)},
        {"until": MORNING + timedelta(days=2)},
        {"since": MORNING + timedelta(hours=1)},
    ],
    ids=str,
)
def test_no_edition_is_made_of_a_time_that_is_yet_to_come(window: dict[str, Any]) -> None:
    with open_desk(FakeFetcher(), Clock(), [LEDGER]) as app:
        with pytest.raises(UsageError, match="yet to come"):
            app.edition(**window)
        assert app.editions() == []


def test_an_edition_that_was_made_before_its_day_does_not_stand_for_it() -> None:
    fetcher, clock = FakeFetcher(), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        tomorrow = Window(MORNING + timedelta(hours=1), MORNING + timedelta(hours=2))
        assert make_edition(app.store, app.settings, tomorrow, clock.now).nothing_new
        clock.forward(minutes=90)
        fetcher.answers[LEDGER.url] = rss(Item("1", "Orchestra wins prize", PRIZE, published=clock.now))
        app.fetch()
        clock.forward(hours=1)
        assert [line.title for line in app.edition(since=tomorrow.since, until=tomorrow.until).stories()] == [
            "Orchestra wins prize"
        ]


@pytest.mark.parametrize("since", [MORNING - timedelta(hours=2), None])
def test_an_edition_made_in_the_second_of_its_end_is_found_again_by_the_same_times(since: datetime | None) -> None:
    fetcher, clock = (
        FakeFetcher({LEDGER.url: rss(Item("1", "Orchestra wins prize", PRIZE, published=MORNING))}),
        Clock(),
    )
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        made = app.edition(since=since, until=MORNING)
        assert [line.title for line in made.stories()] == ["Orchestra wins prize"]
        clock.forward(hours=5)
        app.editor("test").pin(str(next(app.export())["story_id"]), str(next(app.export())["id"]))
        assert app.edition(since=since, until=MORNING) == made
        assert app.edition(until=MORNING, since=MORNING - timedelta(hours=9)).until == MORNING
        assert len(app.editions()) == 2
