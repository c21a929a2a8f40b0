"""Mistakes that other systems are known for, the tenth to the eighteenth: identity, counting, time, boilerplate, scripts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.app import Aggregator
from aggregator.clustering.copies import find_copy
from aggregator.ingest.prepare import FeedText, prepare_entry
from aggregator.model import Arrival, Feed
from aggregator.settings import Settings
from aggregator.storage.sketches import SketchStore
from tests.clustering.arriving import Room, Text, room
from tests.clustering.events import BRIDGE_OPENS, FERRY, OTHER_NEWS, STRIKE
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

COURIER = Feed("https://courier.example/rss", name="Courier", publisher="Courier")
SHIP = Item("a1", FERRY[0].title, FERRY[0].body)
BRIDGE = Item("a2", BRIDGE_OPENS[0].title, BRIDGE_OPENS[0].body)

Poll = Callable[..., None]


@contextmanager
def polled(*feeds: Feed) -> Iterator[tuple[Aggregator, Poll, Clock]]:
    """Open a desk; each poll an hour later finds these entries in the first feed, or in the feed that is named."""
    fetcher, clock = FakeFetcher({}), Clock()

    def poll(*items: Item, feed: Feed = feeds[0]) -> None:
        fetcher.answers[feed.url] = rss(*items)
        clock.forward(hours=1)
        app.fetch(everything=True)

    with open_desk(fetcher, clock, list(feeds)) as app:
        yield app, poll, clock


def rows(app: Aggregator, columns: str, table: str = "entry") -> list[tuple[object, ...]]:
    return app.store.connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()


# --- 10: one entry twice in a document -----------------------------------------------------------------


def test_mistake_10_one_guid_twice_in_a_document_is_one_entry_that_does_not_flip_flop() -> None:
    other = replace(SHIP, text=f"{SHIP.text} More follows.")
    with polled(COURIER) as (app, poll, _):
        poll(SHIP, other, BRIDGE)
        poll(other, SHIP, BRIDGE)
        before = rows(app, "id, title, report_id, story_id")
        revisions = rows(app, "count(*)", "revision")
        for items in ((SHIP, other, BRIDGE), (other, SHIP, BRIDGE), (SHIP, BRIDGE, other)):
            poll(*items)
        assert len(before) == 2
        assert rows(app, "id, title, report_id, story_id") == before
        assert rows(app, "count(*)", "revision") == revisions


# --- 11: an edited entry --------------------------------------------------------------------------------


def test_mistake_11_an_edited_entry_is_no_copy_of_itself() -> None:
    edited = replace(SHIP, title="Update: ferry still aground", text=f"{SHIP.text} Divers look at the hull at noon.")
    with polled(COURIER) as (app, poll, _):
        poll(SHIP)
        before = rows(app, "id, report_id, story_id")
        poll(edited)
        assert rows(app, "id, report_id, story_id") == before
        assert rows(app, "entry_id, other_id", "match") == []
        assert rows(app, "entries, reports, publishers", "story") == [(1, 1, 1)]
        assert rows(app, "count(*)", "sketch") == [(1,)]


def test_mistake_11_an_entry_edited_into_another_text_altogether_forks_nothing() -> None:
    with polled(COURIER) as (app, poll, _):
        poll(SHIP, BRIDGE)
        before = rows(app, "id, report_id, story_id")
        poll(replace(SHIP, title=STRIKE[0].title, text=STRIKE[0].body), BRIDGE)
        assert rows(app, "id, report_id, story_id") == before


# --- 12: one house in nine feeds -------------------------------------------------------------------------


def test_mistake_12_nine_feeds_of_one_house_are_one_publisher_and_one_report() -> None:
    feeds = [
        Feed(f"https://{section}.courier.example/rss", name=f"Courier {section}", publisher="Courier")
        for section in ("world", "europe", "sea", "home", "top", "news", "travel", "north", "latest")
    ]
    with polled(*feeds) as (app, poll, _):
        for number, feed in enumerate(feeds):
            poll(replace(SHIP, guid=f"n{number}", link=f"https://courier.example/{number}"), feed=feed)
        assert rows(app, "entries, reports, publishers", "story") == [(9, 1, 1)]


# --- 13: dates ------------------------------------------------------------------------------------------


def test_mistake_13_undated_entries_are_of_the_time_they_were_seen() -> None:
    with polled(COURIER) as (app, poll, clock):
        poll(BRIDGE)
        poll(BRIDGE, replace(SHIP, published=None))
        [seen] = [row[1] for row in rows(app, "id, time, key") if row[2] == "a1"]
        assert seen == clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_mistake_13_a_date_in_the_future_is_not_believed() -> None:
    with polled(COURIER) as (app, poll, clock):
        poll(BRIDGE, replace(SHIP, published=MORNING + timedelta(days=400)))
        assert max(str(row[0]) for row in rows(app, "time")) <= clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_mistake_13_an_old_entry_that_a_feed_revives_joins_no_story_of_today() -> None:
    old = Text("old", "Ferry runs aground off Skarvik", FERRY[1].body, hours=-24 * 400)
    with room(*FERRY, old) as made:
        assert made.story("old") not in {made.story(text.key) for text in FERRY}


def test_mistake_13_undated_entries_of_an_archive_join_by_what_they_say() -> None:
    texts = [replace(text, hours=None) for text in (*FERRY, *BRIDGE_OPENS)]
    with room(*texts) as made:
        assert made.groups() == {frozenset(t.key for t in FERRY), frozenset(t.key for t in BRIDGE_OPENS)}


# --- 14: what is no news in a text -------------------------------------------------------------------------

CONSENT = (
    "We and our 812 partners store and read information on your device to show you advertising and to measure it."
    " You may change your mind at any time on the page on privacy; some partners rely on their legitimate interest."
    " By going on you agree to our terms of use, to our newsletter policy and to the transfer of data to other countries."
)
TAIL = "Read also: The ten best beaches of the year\nShare this on your favourite network\nFollow us for more news from the sea"


@pytest.mark.parametrize("one_house", [True, False])
def test_mistake_14_consent_texts_join_neither_reports_nor_stories(*, one_house: bool) -> None:
    texts = [
        Text(
            f"c{number}",
            title,
            f"{CONSENT}\n{body}\n{TAIL}",
            source="Courier" if one_house else "",
            hours=number / 2,
        )
        for number, (title, body) in enumerate(OTHER_NEWS)
    ]
    with room(*texts) as made:
        assert made.reports(text.key for text in texts) == len(texts)
        assert made.stories(text.key for text in texts) == len(texts)


def test_mistake_14_a_read_also_tail_leads_to_no_other_story() -> None:
    tails = "\n".join(f"Read also: {text.title}" for text in (*BRIDGE_OPENS, *STRIKE))
    tailed = [replace(text, body=f"{text.body}\n{tails}") for text in FERRY]
    with room(*tailed, *BRIDGE_OPENS, *STRIKE) as made:
        assert made.groups() == {frozenset(t.key for t in event) for event in (FERRY, BRIDGE_OPENS, STRIKE)}


def test_mistake_14_a_copy_is_found_under_a_houses_boilerplate() -> None:
    house = [
        Text(f"h{number}", title, f"{CONSENT}\n{body}\n{TAIL}", source="Courier", hours=number / 9)
        for number, (title, body) in enumerate(OTHER_NEWS[:5])
    ]
    wire = " ".join(text.body for text in FERRY)
    agency = Text("agency", "Ferry aground", wire, source="Wire", hours=2)
    printed = Text("printed", "Rocks hold ferry", f"{CONSENT}\n{wire}\n{TAIL}", source="Courier", hours=3)
    with room(*house, agency, printed) as made:
        assert made.report("agency") == made.report("printed")


# --- 15: scripts without spaces ------------------------------------------------------------------------------

CHINESE = (
    Text(
        "zh1",
        "渡轮在斯卡维克附近触礁",
        "载有二百一十名乘客的渡轮北极光号周一清晨在大雾中于斯卡维克附近触礁。救生艇将所有乘客送到码头,海岸警卫队说没有人受伤。",
        language="zh",
    ),
    Text(
        "zh2",
        "北极光号渡轮乘客全部获救",
        "在斯卡维克附近触礁的渡轮北极光号上的乘客已全部上岸。船长告诉海岸警卫队,雷达在大雾中失灵。",
        language="zh",
        hours=1,
    ),
    Text(
        "zh3",
        "央行宣布上调利率",
        "中央银行周一宣布将基准利率上调半个百分点,以支撑本国货币。经济学家预计今年还会再次加息,企业担心贷款变得更贵。",
        language="zh",
        hours=2,
    ),
)


def test_mistake_15_scripts_without_spaces_are_compared_by_their_words() -> None:
    copied = replace(CHINESE[0], key="zh4", title="大雾中渡轮触礁", hours=3)
    with room(*CHINESE, copied) as made:
        assert made.report("zh1") == made.report("zh4")
        assert made.story("zh1") == made.story("zh2")
        assert made.story("zh1") != made.story("zh3")


# --- 16: a site that moves -----------------------------------------------------------------------------------


def test_mistake_16_new_guids_after_a_move_make_no_new_entries() -> None:
    moved = [
        replace(item, guid=f"https://new.courier.example/?p={number}", link=f"https://example.org/{item.guid}")
        for number, item in enumerate((SHIP, BRIDGE))
    ]
    with polled(COURIER) as (app, poll, _):
        poll(SHIP, BRIDGE)
        before = rows(app, "id, report_id, story_id")
        poll(*moved)
        assert rows(app, "id, report_id, story_id") == before


# --- 17: hot buckets -----------------------------------------------------------------------------------------


@pytest.mark.costly
def test_mistake_17_a_hot_bucket_is_capped_counted_and_joins_nothing() -> None:
    chance = random.Random(17)
    opening = (
        "Our correspondents report through the night from all ports of the northern sea on ships, weather and cargo."
    )
    letters = "abcdefghijklmnoprstuvz"
    texts = [
        Text(
            f"t{number}",
            f"Bulletin {''.join(chance.choices(letters, k=9))}",
            f"{opening} {' '.join(''.join(chance.choices(letters, k=7)) for _ in range(60))}.",
        )
        for number in range(250)
    ]
    settings = Settings()
    made = Room(settings)
    made.take(*texts)
    line = Text("last", "Bulletin of the day", f"{opening} Nothing else was reported.").line(1)
    prepared = prepare_entry(line.data, FeedText("en"), sketching=True)
    arrival = Arrival("e-last", "feed", "Wire", prepared.document, prepared.sketch, MORNING)
    decision = find_copy(arrival, SketchStore(made.store.connection, made.store.bands), settings.copies, ())
    reports = made.reports(text.key for text in texts)
    made.store.close()
    assert decision.capped == 1
    assert reports == len(texts)


# --- 18: shouting --------------------------------------------------------------------------------------------


def test_mistake_18_a_title_in_capitals_is_not_all_names() -> None:
    shouted = [
        Text(f"s{number}", title.upper(), body, hours=number / 2) for number, (title, body) in enumerate(OTHER_NEWS)
    ]
    headlines = [
        Text("h1", "MINISTER SAYS PRICES WILL FALL"),
        Text("h2", "COACH SAYS INJURED STRIKER WILL PLAY ON SUNDAY"),
        Text("h3", "MAYOR SAYS THE RIVER BATHS WILL OPEN IN MAY"),
    ]
    with room(*shouted, *headlines) as made:
        assert made.stories(text.key for text in (*shouted, *headlines)) == len(shouted) + len(headlines)


def test_mistake_18_a_shouted_report_joins_its_event() -> None:
    shouted = replace(FERRY[2], title=FERRY[2].title.upper())
    with room(*FERRY[:2], shouted, *BRIDGE_OPENS) as made:
        assert made.stories(text.key for text in FERRY) == 1


# --- hardly any words ------------------------------------------------------------------------------------------

ONE_WORD = (
    ("Police raid a flat in the old town", "Old clock stops"),
    ("Fire in a bakery", "Minister under fire over taxes"),
    ("Snow closes the pass", "Singer closes the summer festival"),
)


@pytest.mark.parametrize(("one", "other"), ONE_WORD)
def test_two_headlines_that_share_one_common_word_are_apart_even_in_an_empty_newsroom(one: str, other: str) -> None:
    with room(Text("one", one), Text("other", other, hours=1)) as made:
        assert made.story("one") != made.story("other")
