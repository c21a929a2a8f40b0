"""What becomes of a document's entries: new, known, followed, or another under an old key; and what of them is news."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.app import Aggregator
from aggregator.model import Feed, StoryQuery
from aggregator.newsroom.watches import WatchQuery
from aggregator.storage.entries import EntryStore
from aggregator.storage.entry_rows import MAX_AMENDMENTS
from tests.examples import examples
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

GAZETTE = Feed("https://gazette.example/rss", name="Gazette", publisher="Gazette")
BOMB = Item(
    "current",
    "Bomb found in Vellmar, thousands leave",
    "A bomb of the war was found at the station of Vellmar; three thousand people had to leave until the evening.",
    MORNING,
    "https://gazette.example/alerts",
)
COURT = replace(
    BOMB,
    title="Judges free banker Moe",
    text="A court in Brenn freed Ivar Moe, who had served half of his sentence for fraud; prosecutors will appeal.",
    published=MORNING + timedelta(days=1),
)
OLD = Item("o", "Barracks explode", "Nine soldiers died at Tolle.", MORNING - timedelta(days=400))
WORD = Item("w", "Quiet morning", "Nothing happened in Tolle.")

Poll = Callable[..., tuple[int, int, int]]


@contextmanager
def polled() -> Iterator[tuple[Aggregator, Poll, Clock]]:
    """Open a desk; each poll an hour later finds these entries, and gives how many were new, edited and known."""
    fetcher, clock = FakeFetcher({}), Clock()

    def poll(*items: Item, document: bytes | None = None) -> tuple[int, int, int]:
        fetcher.answers[GAZETTE.url] = document or rss(*items)
        clock.forward(hours=1)
        [outcome] = app.fetch(everything=True)
        return outcome.new, outcome.updated, outcome.known

    with open_desk(fetcher, clock, [GAZETTE]) as app:
        yield app, poll, clock


def rows(app: Aggregator, columns: str, table: str = "entry") -> list[tuple[object, ...]]:
    return app.store.connection.execute(f"SELECT {columns} FROM {table}").fetchall()


# --- keys ------------------------------------------------------------------------------------------


def test_an_article_under_the_guid_of_another_is_new_and_both_are_found_again() -> None:
    with polled() as (app, poll, _):
        assert poll(BOMB) == (1, 0, 0)
        assert poll(COURT) == (1, 0, 0)
        assert poll(replace(COURT, text=f"{COURT.text} They have ten days.")) == (0, 1, 0)
        assert poll(BOMB) == (0, 0, 1)
        assert poll(COURT) == (0, 1, 0)
        assert [title for (title,) in rows(app, "title")] == [BOMB.title, COURT.title]
        assert rows(app, "count(DISTINCT report_id)") == [(2,)]


def test_an_article_that_is_rewritten_under_its_guid_stays_one() -> None:
    with polled() as (app, poll, _):
        first = replace(BOMB, guid="alert-17")
        poll(first)
        later = replace(first, title="Vellmar: station open again", published=COURT.published)
        assert poll(replace(later, text=f"The bomb at the station of Vellmar is defused. {BOMB.text}")) == (0, 1, 0)
        assert rows(app, "count(*)") == [(1,)]


def test_an_article_whose_headline_address_and_guid_are_rewritten_stays_one_by_its_text() -> None:
    text = f"{BOMB.text} Experts defused it at noon, and trains to Brenn and Tolle run again; the mayor thanked helpers and neighbours."
    first = Item(
        "https://gazette.example/bomb-found-in-vellmar",
        "Bomb found in Vellmar, thousands leave",
        text,
        MORNING.replace(second=11),
    )
    second = replace(
        first, guid="https://gazette.example/station-is-open-again", title="Station is open again after defusal"
    )
    with polled() as (_, poll, _):
        assert poll(replace(first, link=first.guid), WORD) == (2, 0, 0)
        assert poll(replace(second, link=second.guid), WORD) == (0, 1, 1)


def test_guids_that_are_places_in_a_list_of_headlines_overwrite_none() -> None:
    headlines = [f"{ship} leaves {quay} early" for ship, quay in zip("ABCDEFGH", "STUVWXYZ", strict=True)]
    with polled() as (app, poll, _):
        for first in range(4, -1, -1):  # each hour another stands above the rest
            titles = headlines[first : first + 4]
            poll(*(Item(f"item {n}", title, "", None, "") for n, title in enumerate(titles)))
        assert sorted(rows(app, "title, revisions")) == [(title, 0) for title in headlines]


@pytest.mark.parametrize(
    "title", ["BOMB FOUND IN VELLMAR, THOUSANDS LEAVE", "“Bomb” found in Vellmar: thousands\u00ad leave."]
)
def test_an_entry_without_guid_and_link_is_known_under_a_title_spelt_otherwise(title: str) -> None:
    first = replace(BOMB, guid="", link="")
    with polled() as (app, poll, _):
        poll(first)
        poll(replace(first, title=title))
        assert rows(app, "count(*), sum(revisions)") == [(1, 0)]


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.costly)])
def test_a_feed_that_republishes_itself_brings_nothing_new_each_time(times: int) -> None:
    items = [
        Item(f"a{n}", f"Notice {n} of the office", f"It tells of matter {n}.", MORNING - timedelta(minutes=n), f"https://gazette.example/n/{n}")
        for n in range(340)
    ]  # fmt: skip
    with polled() as (app, poll, _):
        poll(*items)
        for turn in range(1, times + 1):
            again = [
                replace(one, guid=f"{turn}-{one.guid}", published=MORNING + timedelta(hours=turn, seconds=n))
                for n, one in enumerate(items)
            ]
            assert poll(*again) == (0, 0, 340)
        assert rows(app, "count(*)") == [(340,)]


TITLES = ["Gale warning", "Newswatch", "Statement of the minister", "Route 7 shut"]


@settings(max_examples=examples(25))
@given(st.lists(st.lists(st.integers(0, 30), max_size=7, unique=True), min_size=2, max_size=6), st.randoms())
def test_no_entry_with_guid_date_and_address_of_its_own_overwrites_another(
    polls: list[list[int]], chance: Random
) -> None:
    texts = {n: (chance.choice(TITLES), chance.choice(TITLES)) for n in range(31)}
    items = {
        n: Item(f"guid {n}", title, text, MORNING - timedelta(minutes=n), f"https://gazette.example/notices/{n}")
        for n, (title, text) in texts.items()
    }
    with polled() as (app, poll, _):
        for document in polls:
            poll(*(items[n] for n in document))
        expected = {(items[n].guid, *texts[n], 0) for document in polls for n in document}
        assert set(rows(app, "key, title, text, revisions")) == expected


def test_two_names_of_one_entry_that_stand_side_by_side_do_not_flip_flop() -> None:
    first = Item(
        "https://gazette.example/c7#0", "Pilots vote", "They vote on pay.", MORNING, "https://gazette.example/c7"
    )
    second = replace(first, guid="https://gazette.example/c7#1", published=MORNING + timedelta(minutes=70))
    other = replace(second, title="Pilots reject the offer", text="Four in five say no.")
    with polled() as (app, poll, _):
        assert poll(first, WORD) == (2, 0, 0)
        assert poll(second, WORD) == (0, 0, 2)
        assert poll(first, other, WORD) == (1, 0, 2)
        before = rows(app, "id, title, revisions")
        for items in ((other, first, WORD), (WORD, first, other)):
            assert poll(*items) == (0, 0, 3)
        assert rows(app, "id, title, revisions") == before


def test_notices_on_one_page_are_entries_of_their_own() -> None:
    def notices(*names: str) -> bytes:
        items = "".join(
            f"<item><title>Flood warning for the {name} valley</title><link>https://met.example/w#{name}</link></item>"
            for name in names
        )
        return f"<rss version='2.0'><channel><title>W</title>{items}</channel></rss>".encode()

    with polled() as (_, poll, _):
        assert poll(document=notices("Orne", "Ister")) == (2, 0, 0)
        assert poll(document=notices("Ister", "Tessel")) == (1, 0, 1)
        assert poll(document=notices("Tessel")) == (0, 0, 1)


# --- what a publisher corrects beside the words ----------------------------------------------------


def signed(date: str, author: str, category: str) -> bytes:
    return (
        "<rss version='2.0'><channel><title>G</title><item><guid>s-1</guid><title>Idle smelter to restart</title>"
        f"<description>In May.</description><pubDate>{date}</pubDate><author>{author}</author><category>{category}</category>"
        "</item></channel></rss>"
    ).encode()


def test_a_corrected_date_byline_and_category_are_taken_over_and_kept() -> None:
    with polled() as (app, poll, clock):
        poll(document=signed("Tue, 10 Mar 2026 05:10:00 GMT", "desk@gazette.example", "Trade"))
        before = rows(app, "time, updated, revisions, first_seen")
        changed = signed("Tue, 10 Mar 2026 07:40:00 GMT", "Eva Holm", "Industry")
        assert poll(document=changed) == (0, 0, 1)
        assert rows(app, "published, author, categories") == [("2026-03-10T07:40:00Z", "Eva Holm", '["Industry"]')]
        assert rows(app, "time, updated, revisions, first_seen") == before
        [(entry_id,)] = rows(app, "id")
        kept = EntryStore(app.store).amendments(str(entry_id))
        assert [(one.field, one.before, one.after) for one in kept] == [
            ("published", "2026-03-10T05:10:00Z", "2026-03-10T07:40:00Z"),
            ("author", "desk@gazette.example", "Eva Holm"),
            ("categories", '["Trade"]', '["Industry"]'),
        ]
        assert {one.at for one in kept} == {clock.now}


def test_an_edit_that_moves_the_date_on_keeps_the_time_of_first_sight() -> None:
    with polled() as (app, poll, _):
        poll(WORD)
        before = rows(app, "time")
        assert poll(replace(WORD, text="A ship came to Tolle.", published=MORNING + timedelta(hours=2))) == (0, 1, 0)
        assert rows(app, "time") == before
        assert rows(app, "published") == [("2026-03-10T08:00:00Z",)]
        assert rows(app, "field", "amendment") == [("published",)]


def test_an_impossible_date_is_mended() -> None:
    with polled() as (app, poll, _):
        poll(WORD)
        poll(WORD, replace(OLD, published=MORNING + timedelta(days=36_000)))
        poll(WORD, replace(OLD, published=MORNING - timedelta(hours=3)))
        assert rows(app, "time", "entry WHERE key = 'o'") == [("2026-03-10T03:00:00Z",)]


def test_a_date_that_is_touched_at_every_poll_fills_no_table() -> None:
    with polled() as (app, poll, _):
        for turn in range(MAX_AMENDMENTS + 9):
            poll(replace(WORD, published=MORNING + timedelta(minutes=turn)))
        found = rows(app, "before", "amendment ORDER BY id")
        assert len(found) == MAX_AMENDMENTS
        assert found[0] == ("2026-03-10T06:00:00Z",)


# --- what is news ----------------------------------------------------------------------------------


def backlog(app: Aggregator) -> dict[object, object]:
    return {row[0]: row[1] for row in rows(app, "key, backlog")}


def test_of_a_followed_feed_what_is_older_than_the_window_is_no_news() -> None:
    with polled() as (app, poll, clock):
        poll(WORD)
        week = app.settings.stories.window
        recent = replace(OLD, guid="r", title="Harbour dredged", published=clock.now - week + timedelta(hours=2))
        poll(WORD, OLD, recent, replace(OLD, guid="u", title="Undated word", published=None))
        assert backlog(app) == {"w": 0, "o": 1, "r": 0, "u": 0}
        today = app.stories(StoryQuery(since=clock.now - timedelta(hours=2)))
        assert "Barracks explode" not in {summary.title for summary in today}


def test_of_a_new_feed_the_last_days_dated_entries_are_news_and_nothing_else() -> None:
    dated = replace(OLD, guid="d", published=MORNING - timedelta(hours=30))
    undated, ahead = replace(OLD, guid="u", published=None), replace(OLD, guid="a", published=MORNING + timedelta(90))
    with polled() as (app, poll, clock):
        poll(WORD, dated, undated, ahead)
        assert backlog(app) == {"w": 0, "d": 1, "u": 1, "a": 1}
        [(time,)] = rows(app, "time", "entry WHERE key = 'u'")
        assert time == (clock.now - app.settings.stories.window).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_an_empty_feed_shows_next_is_news_though_it_has_no_date() -> None:
    with polled() as (app, poll, _):
        assert poll() == (0, 0, 0)
        poll(replace(WORD, published=None))
        assert backlog(app) == {"w": 0}


def test_a_watch_tells_of_nothing_that_was_there_before_it() -> None:
    with polled() as (app, poll, clock):
        poll(BOMB, WORD)
        clock.forward(minutes=5)
        app.watches().add("bombs", WatchQuery(words=("bomb",)), ["stdout"], "desk")
        app.watches().add("ships", WatchQuery(words=("ship",)), ["stdout"], "desk")
        poll(replace(BOMB, text=f"{BOMB.text} Buses stand ready.", published=MORNING + timedelta(hours=1)), WORD)
        assert rows(app, "watch", "alert") == []
        poll(BOMB, replace(WORD, text="A ship is aground off Tolle."))
        assert rows(app, "watch", "alert") == [("ships",)]


def test_a_constant_description_makes_no_report_of_what_it_stands_under() -> None:
    titles = ["Ferry sinks off Skarn", "Teachers vote on pay", "Museum buys letters", "Reactor shut down at Hamna"]
    blurb = "Subscribe to our newsletter for full access to all reporting, to the archive and to the quiz of the day."
    items = [Item(f"b{n}", title, blurb, MORNING - timedelta(minutes=n)) for n, title in enumerate(titles)]
    with polled() as (app, poll, _):
        poll(*items)
        assert rows(app, "count(DISTINCT report_id), count(DISTINCT story_id)") == [(4, 4)]
    with polled() as (app, poll, _):
        for item in items:
            poll(item)
        assert rows(app, "count(DISTINCT report_id)") == [(4,)]
