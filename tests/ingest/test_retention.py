"""The retention rule: any length of it is right, nothing that is referred to goes, nothing grows for ever."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from aggregator.model import Feed, StoryQuery
from aggregator.settings import Settings
from aggregator.storage import retention, sweeping
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from aggregator.storage.migrations import migrations
from aggregator.storage.schema import APPLICATION_ID
from tests.examples import examples
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection

    from aggregator.app import Aggregator

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger")
TIMES = Feed("https://times.example/rss", name="Times", publisher="Times")
DAM = (
    "The Kelmara dam above Ostrel burst on Tuesday night and water stood two metres high in the streets of Ostrel. "
    "Governor Palit Renn said that three hundred people were taken to schools on higher ground before the morning."
)
HEADLINE = "Kelmara dam bursts above Ostrel"


def kept_for(entries: timedelta, *, stories: bool = True, window: timedelta = timedelta(days=7)) -> Settings:
    made = Settings()
    return replace(
        made,
        retention=replace(made.retention, entries=entries),
        stories=replace(made.stories, enabled=stories, window=window),
    )


def sound(db: Connection) -> None:
    """Fail where a reference dangles, or where something of a dropped entry is left."""
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    for left in (
        "SELECT count(*) FROM sketch WHERE entry_id NOT IN (SELECT id FROM entry)",
        "SELECT count(*) FROM report_vector WHERE vector IS NOT NULL AND report_id NOT IN (SELECT id FROM report)",
        "SELECT count(*) FROM storyline WHERE id NOT IN (SELECT storyline_id FROM story WHERE storyline_id IS NOT NULL)",
        "SELECT count(*) FROM report WHERE id NOT IN (SELECT report_id FROM entry WHERE report_id IS NOT NULL)",
        "SELECT count(*) FROM story_redirect WHERE story_id IS NOT NULL AND story_id NOT IN (SELECT id FROM story)",
        "SELECT count(*) FROM unsettled_report WHERE report_id NOT IN (SELECT id FROM report)",
        "SELECT count(*) FROM entry_fts WHERE rowid NOT IN (SELECT number FROM entry)",
    ):
        assert db.execute(left).fetchone() == (0,), left


def size(db: Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "PAUSE", 0)


@pytest.mark.parametrize("days", [0.05, 1, 3, 7, 10])
def test_a_report_that_follows_what_was_dropped_opens_a_story_of_its_own(days: float) -> None:
    clock = Clock()
    fetcher = FakeFetcher({LEDGER.url: rss(Item("1", HEADLINE, DAM, clock.now)), TIMES.url: rss()})
    with open_desk(fetcher, clock, [LEDGER, TIMES], settings=kept_for(timedelta(days=days))) as app:
        app.fetch(everything=True)
        fetcher.answers[LEDGER.url] = rss(Item("2", "Brunholm win the Larsund cup", "On penalties.", clock.now))
        clock.forward(hours=1)
        app.fetch(everything=True)
        clock.forward(days=days, minutes=30)
        assert app.prune()["stories"] == 1
        sound(app.store.connection)
        fetcher.answers[TIMES.url] = rss(Item("t", HEADLINE, DAM, clock.now))
        [outcome] = [one for one in app.fetch(everything=True) if one.feed == "Times"]
        assert (outcome.status, outcome.new) == ("ok", 1)
        sound(app.store.connection)
        assert HEADLINE in {story.title for story in app.stories(StoryQuery())}


def test_what_a_feed_still_carries_is_kept_and_does_not_come_back_as_new() -> None:
    clock = Clock()
    old, other = Item("1", HEADLINE, DAM, clock.now), Item("2", "Brunholm win the cup", "On penalties.", clock.now)
    fetcher = FakeFetcher({LEDGER.url: rss(old, other)})
    with open_desk(fetcher, clock, [LEDGER], settings=kept_for(timedelta(days=3))) as app:
        app.fetch(everything=True)
        clock.forward(days=40)
        assert app.fetch(everything=True)[0].status == "not_modified"
        assert app.prune()["entries"] == 0
        fetcher.answers[LEDGER.url] = rss(old, Item("3", "Hesk resigns", "The minister went.", clock.now))
        outcome = app.fetch(everything=True)[0]
        assert (outcome.new, outcome.known) == (1, 1)
        assert app.prune()["entries"] == 1  # the one that left the document
        fetcher.answers[LEDGER.url] = rss(old, Item("4", "Storm closes a port", "Ferries wait.", clock.now))
        outcome = app.fetch(everything=True)[0]
        assert (outcome.new, outcome.known) == (1, 1)


@pytest.mark.parametrize("followed", [True, False])
def test_a_feed_that_is_asked_no_more_carries_nothing(followed: bool) -> None:
    clock = Clock()
    fetcher = FakeFetcher({LEDGER.url: rss(Item("1", HEADLINE, DAM, clock.now))})
    with open_desk(fetcher, clock, [LEDGER], settings=kept_for(timedelta(days=3))) as app:
        app.fetch(everything=True)
        if not followed:
            app.follow([])
        clock.forward(days=40)
        assert app.prune()["entries"] == (0 if followed else 1)


def test_with_stories_off_entries_are_dropped_too() -> None:
    clock = Clock()
    fetcher = FakeFetcher({LEDGER.url: rss(Item("1", HEADLINE, DAM, clock.now))})
    with open_desk(fetcher, clock, [LEDGER], settings=kept_for(timedelta(days=3), stories=False)) as app:
        app.fetch(everything=True)
        clock.forward(days=4)
        fetcher.answers[LEDGER.url] = rss(Item("2", "Brunholm win the cup", "On penalties.", clock.now))
        app.fetch(everything=True)
        assert app.prune()["entries"] == 1
        assert [row["title"] for row in app.export()] == ["Brunholm win the cup"]
        sound(app.store.connection)


def test_what_an_editor_named_is_kept() -> None:
    clock = Clock()
    fetcher = FakeFetcher({LEDGER.url: rss(Item("1", HEADLINE, DAM, clock.now))})
    with open_desk(fetcher, clock, [LEDGER], settings=kept_for(timedelta(days=3))) as app:
        app.fetch(everything=True)
        [story] = app.stories(StoryQuery())
        app.editor("Ana").pin(story.id, story.canonical_entry)
        fetcher.answers[LEDGER.url] = rss(Item("2", "Brunholm win the cup", "On penalties.", clock.now))
        clock.forward(hours=1)
        app.fetch(everything=True)
        clock.forward(days=40)
        app.follow([])
        assert app.prune()["stories"] == 1
        assert [one.id for one in app.stories(StoryQuery())] == [story.id]


def test_a_large_story_goes_in_short_steps_and_stays_whole_for_readers_until_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 4)
    clock, stop = Clock(), Event()
    texts = [Item(str(n), HEADLINE, DAM, clock.now) for n in range(9)]
    fetcher = FakeFetcher({LEDGER.url: rss(*texts)})
    with open_desk(fetcher, clock, [LEDGER], settings=kept_for(timedelta(days=3))) as app:
        app.fetch(everything=True)
        app.follow([])
        clock.forward(days=40)
        [story] = app.stories(StoryQuery())
        sizes = []

        def look(seconds: float) -> None:
            with_it = app.stories(StoryQuery())
            sizes.append(size(app.store.connection, "entry"))
            if with_it:
                assert app.story(story.id).summary.canonical_entry == story.canonical_entry
            if len(sizes) == 1:
                stop.set()

        monkeypatch.setattr(time, "sleep", look)
        assert app.prune(stop)["entries"] == 4  # told to stop after the first step
        stop.clear()
        dropped = app.prune(stop)
        assert (dropped["entries"], dropped["stories"]) == (5, 1)
        assert sizes[:3] == [5, 1, 0]
        sound(app.store.connection)


@pytest.mark.parametrize("stories", [True, False])
def test_large_texts_are_dropped_a_few_at_a_time(stories: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "TEXT_AT_ONCE", 1_000)
    clock = Clock()
    items = [Item(str(n), f"Title {n} of Place{n}", f"Word{n} " * 100, clock.now) for n in range(6)]
    chosen = kept_for(timedelta(days=3), stories=stories)
    with open_desk(FakeFetcher({LEDGER.url: rss(*items)}), clock, [LEDGER], settings=chosen) as app:
        app.fetch(everything=True)
        app.follow([])
        clock.forward(days=4)
        left = [6]
        monkeypatch.setattr(time, "sleep", lambda _: left.append(size(app.store.connection, "entry")))
        assert app.prune()["entries"] == 6
        assert max(before - after for before, after in pairwise(left)) <= 2


TOPICS = ("dam", "cup", "budget", "storm", "strike", "election", "harvest", "bridge", "tunnel", "museum")


def _day(number: int) -> list[Item]:
    """Return what a feed carries on a day: words of that day alone under a line that it always repeats."""
    return [
        Item(
            f"{number}-{turn}",
            f"{topic.title()} of Place{number}x{turn} told by Name{number}y{turn}",
            f"In Place{number}x{turn} a {topic} named Thing{number}z{turn} was seen by Witness{number}w{turn} on that day.\n\n"
            "Read more of this in the Ledger of tomorrow morning.",
            None,
        )
        for turn, topic in enumerate(TOPICS[:4])
    ]


def test_nothing_grows_for_ever() -> None:
    clock, fetcher = Clock(), FakeFetcher()
    sizes: list[dict[str, int]] = []
    tables = ("entry", "story", "line", "story_redirect", "sketch", "band_waiting", "report_vector")
    chosen = kept_for(timedelta(days=4), window=timedelta(days=2))
    chosen = replace(chosen, copies=replace(chosen.copies, window=timedelta(days=2)))
    with open_desk(fetcher, clock, [LEDGER], settings=chosen) as app:
        for day in range(40):
            fetcher.answers[LEDGER.url] = rss(*_day(day))
            app.fetch(everything=True)
            app.prune()
            sizes.append(
                {
                    table: size(app.store.connection, table)
                    for table in (*tables, "band", "arrival", "storyline", "storyline_redirect")
                }
            )
            clock.forward(days=1)
        sound(app.store.connection)
    assert all(sizes[20][table] > 0 for table in tables)
    grown = {table: (sizes[20][table], sizes[39][table]) for table in sizes[0]}
    assert all(late <= early * 1.1 + 5 for early, late in grown.values()), grown


def test_a_page_that_is_carried_and_edited_for_ever_keeps_its_first_version_and_the_last_ones() -> None:
    clock, fetcher, keys = Clock(), FakeFetcher(), list[int]()
    with open_desk(fetcher, clock, [LEDGER], settings=kept_for(timedelta(days=3))) as app:
        for day in range(12):
            fetcher.answers[LEDGER.url] = rss(Item("page", "Levels of the river", f"Gauge {day} of the river.", None))
            app.fetch(everything=True)
            app.prune()
            waiting = "SELECT number FROM band UNION SELECT number FROM band_waiting"
            keys.append(app.store.connection.execute(f"SELECT count(*) FROM ({waiting})").fetchone()[0])
            clock.forward(days=1)
        db = app.store.connection
        kept = [number for (number,) in db.execute("SELECT number FROM revision ORDER BY number")]
        assert db.execute("SELECT revisions FROM entry").fetchone() == (11,)
    assert kept == [1, 8, 9, 10, 11]
    assert keys[:6] == [1] * 6  # those of former texts are swept, though nothing else was dropped


def test_the_lines_of_a_silent_desk_are_not_forgotten() -> None:
    clock = Clock()
    fetcher = FakeFetcher({LEDGER.url: rss(*_day(1))})
    with open_desk(fetcher, clock, [LEDGER], settings=kept_for(timedelta(days=4))) as app:
        app.fetch(everything=True)
        before = size(app.store.connection, "line")
        clock.forward(days=200)
        app.prune()
        assert size(app.store.connection, "line") == before


def test_pruning_holds_no_lock_over_all_vectors() -> None:
    """Each transaction drops a bounded number of rows, whatever there is to drop."""
    clock, fetcher = Clock(), FakeFetcher()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        db = app.store.connection
        with app.store.transaction():
            db.executemany(
                "INSERT INTO poll (feed_id, at, status, new, updated, known, skipped, seconds) VALUES (1, ?, 'ok', 0, 0, 0, 0, 0)",
                [("2020-01-01T00:00:00Z",)] * 5_001,
            )
        with _largest_transaction(app) as largest:
            assert app.prune()["polls"] == 5_000  # the last stays
    assert 0 < largest[0] <= 2_001


@contextmanager
def _largest_transaction(app: Aggregator) -> Iterator[list[int]]:
    """Watch how many rows the largest transaction of a block changes."""
    largest, begun, db = [0], [0], app.store.connection

    def told(statement: str) -> None:
        if statement.startswith("BEGIN"):
            begun[0] = db.total_changes
        if statement.startswith("COMMIT"):
            largest[0] = max(largest[0], db.total_changes - begun[0])

    db.set_trace_callback(told)
    try:
        yield largest
    finally:
        db.set_trace_callback(None)


def test_arrivals_are_counted_as_entries_come_move_and_go(tmp_path: Path) -> None:
    clock = Clock()
    ahead = clock.now + timedelta(days=400)  # an impossible date: the only kind whose correction moves an entry
    first = Item("0", "Title 0", "", ahead)
    fetcher = FakeFetcher({LEDGER.url: rss(first, *(Item(str(n), f"Title {n}", "", clock.now) for n in (1, 2)))})
    with open_desk(fetcher, clock, [LEDGER], database=tmp_path / "a.db", settings=kept_for(timedelta(days=3))) as app:
        app.fetch(everything=True)
        fetcher.answers[LEDGER.url] = rss(
            Item("0", "Title 0, another", "", clock.now - timedelta(hours=2)), Item("9", "Title 9", "", clock.now)
        )
        clock.forward(minutes=10)
        app.fetch(everything=True)
        db = app.store.connection
        counted = "SELECT feed_id, hour, entries FROM arrival ORDER BY 1, 2"
        anew = "SELECT feed_id, substr(time, 1, 13), count(*) FROM entry GROUP BY 1, 2 ORDER BY 1, 2"
        assert db.execute(counted).fetchall() == db.execute(anew).fetchall()
        assert len(db.execute(counted).fetchall()) == 2
        clock.forward(days=30)
        app.prune()
        assert db.execute(counted).fetchall() == db.execute(anew).fetchall()


# --- histories -----------------------------------------------------------------------------------

HOUSES = (LEDGER, TIMES)
STEP: st.SearchStrategy[tuple[str, int, list[int]]] = st.one_of(
    st.tuples(st.just("poll"), st.integers(0, 1), st.lists(st.integers(0, len(TOPICS) - 1), max_size=4, unique=True)),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 49, 100, 300]), st.just([])),
    st.tuples(st.just("prune"), st.just(0), st.just([])),
    st.tuples(st.just("digest"), st.just(0), st.just([])),
    st.tuples(st.just("merge"), st.just(0), st.just([])),
)


def _entry(topic: int, house: int, clock: Clock, edition: int) -> Item:
    told = f"{TOPICS[topic].title()} of Ostrel ends in disarray"
    text = DAM.replace("dam", TOPICS[topic]) + (f" Note {edition} was added later by the desk." if edition else "")
    return Item(f"{topic}-{edition // 2}", told, text, clock.now - timedelta(hours=house))


@settings(max_examples=examples(25), suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([0.1, 1, 3, 7, 20]), st.sampled_from([1, 7]), st.booleans(), st.lists(STEP, min_size=6, max_size=20)
)
def test_no_history_leaves_anything_dangling(
    days: float, window: int, stories: bool, steps: list[tuple[str, int, list[int]]]
) -> None:
    clock, fetcher = Clock(), FakeFetcher({feed.url: rss() for feed in HOUSES})
    chosen = kept_for(timedelta(days=days), stories=stories, window=timedelta(days=window))
    with open_desk(fetcher, clock, list(HOUSES), settings=chosen) as app:
        for turn, (kind, number, topics) in enumerate(steps):
            if kind == "poll":
                fetcher.answers[HOUSES[number].url] = rss(*(_entry(one, number, clock, turn) for one in topics))
                assert {outcome.status for outcome in app.fetch(everything=True)} <= {"ok", "not_modified"}
            elif kind == "wait":
                clock.forward(hours=number)
            elif kind == "prune":
                app.prune()
                sound(app.store.connection)
            elif kind == "digest":
                app.edition()
            else:
                found = [story.id for story in app.stories(StoryQuery())][:2]
                if len(found) == 2:
                    app.editor("Ana").merge(found)
            assert app.store.connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert faults(app.store.connection, app.store.path) == ()


def test_a_database_of_an_earlier_release_gets_its_counters(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    database = Database(path)
    migrations.apply(database, stop_before="m005_bounds")
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    moment = "2026-03-02T06:{:02}:00Z"
    database.execute(
        "INSERT INTO feed (id, key, url, publisher, added) VALUES (1, 'k', 'https://a.example/feed', 'A', ?)",
        (moment.format(0),),
    )
    for number in range(3):
        database.execute(
            "INSERT INTO entry (id, feed_id, key, title, publisher, author, date_flag, first_seen, last_seen, time, summary,"
            " content, text, content_hash) VALUES (?, 1, ?, 'T', 'A', '', 'ok', ?, ?, ?, '', '', '', 'h')",
            (f"e{number}", f"k{number}", *(moment.format(number),) * 3),
        )
    database.conn.commit()
    database.close()
    with Store(path) as store:
        counted = store.connection.execute("SELECT hour, first, last, entries FROM arrival").fetchall()
        assert counted == [("2026-03-02T06", moment.format(0), moment.format(2), 3)]
        assert faults(store.connection, store.path) == ()
