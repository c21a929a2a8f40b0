"""A publisher that has another name in feeds.yaml has it on everything that is stored, as though it had come under that name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from sqlite3 import Connection
from threading import Event

import pytest

from aggregator.app import Aggregator
from aggregator.ingest import reattribution
from aggregator.model import Feed, FeedOutcome, FeedState, FetchOutcome, StoryQuery
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.feeds import FeedStore
from tests.demo.playing import FEEDS, played
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

POST, TIMES, SEARCH = (
    "https://post.example/feed",
    "https://times.example/feed",
    "https://news.google.com/rss/search?q=quay",
)
FIRE = Item("1", "Fire closes the harbour of Tarnow", "A fire closed the harbour of Tarnow on Monday; 40 ships waited.")
SHIPS = Item("2", "Harbour of Tarnow closed by fire", "The harbour of Tarnow was closed by a fire, said Ivo Marsk.")
CINEMA = Item("3", "Cinema opens in Velden", "A cinema opened in the old market hall of Velden on Sunday.")


def renamed(names: Mapping[str, str | None]) -> list[Feed]:
    """Return the demonstration's feeds under other publishers."""
    return [replace(feed, publisher=names.get(str(feed.publisher), feed.publisher)) for feed in FEEDS]


def stored(app: Aggregator) -> dict[str, list[object]]:
    """Return all that is stored of entries, reports, stories and storylines, but for the ids of the last two."""
    ask = app.store.connection.execute
    members: dict[str, list[str]] = {}
    for story, entry in ask("SELECT story_id, id FROM entry ORDER BY id"):
        members.setdefault(story, []).append(entry)
    return {
        "entries": ask("SELECT id, publisher, category, agency, evidence, report_id FROM entry ORDER BY id").fetchall(),
        "sketches": ask("SELECT entry_id, publisher FROM sketch ORDER BY 1").fetchall(),
        "vectors": ask("SELECT report_id, entry_id, vector FROM report_vector ORDER BY 1").fetchall(),
        "reports": ask("SELECT id, agency, entries FROM report ORDER BY 1").fetchall(),
        "stories": sorted(
            (members[story], *row)
            for story, *row in ask(
                "SELECT id, title, url, publisher, coalesce(agency, ''), entries, reports, publishers, canonical_entry FROM story"
            )
        ),
        "storylines": ask("SELECT title, entries, reports, publishers FROM storyline ORDER BY 1").fetchall(),
        "edges": ask("SELECT kind, entry_id, other_id, score FROM match ORDER BY 1, 2, 3").fetchall(),
    }


@pytest.mark.parametrize(
    "names",
    [
        pytest.param({"The Harbour Times": "Port Mail", "CPA": "Continental"}, id="houses and an agency"),
        pytest.param({"Northern Ledger": "Radio Meridian", "The Harbour Times": "Radio Meridian"}, id="put together"),
        pytest.param({"Atlantic Desk": None, "Der Tagesbote": None}, id="by the address again"),
    ],
)
def test_what_is_stored_is_as_though_it_had_come_under_the_new_names(names: Mapping[str, str | None]) -> None:
    with played(1, renamed(names)) as app:
        expected = stored(app)
        app.follow(FEEDS)
        assert app.follow_publishers() > 5
        back = stored(app)
    with played(1) as app:
        assert back == stored(app) != expected
        app.follow(renamed(names))
        app.follow_publishers()
        assert stored(app) == expected
        app.fetch(everything=True)
        assert stored(app) == expected


def fetcher() -> FakeFetcher:
    return FakeFetcher({POST: rss(FIRE, CINEMA), TIMES: rss(SHIPS)})


def publishers(app: Aggregator) -> dict[str, str]:
    """Return the publisher of each entry, by its key."""
    return dict(app.store.connection.execute("SELECT key, publisher FROM entry ORDER BY key").fetchall())


def test_lists_search_counts_and_explanations_tell_the_new_name_after_the_next_pass() -> None:
    with open_desk(fetcher(), Clock(), [Feed(POST, publisher="Post"), Feed(TIMES, publisher="Times")]) as app:
        app.fetch()
        [story] = app.stories(StoryQuery(match="harbour"))
        assert story.publishers == 2
        app.follow([Feed(POST, publisher="Gazette"), Feed(TIMES, publisher="Gazette")])
        app.fetch()
        assert app.stories(StoryQuery(publisher="Post")) == []
        assert len(app.stories(StoryQuery(publisher="Gazette"))) == 2
        [story] = app.stories(StoryQuery(match="harbour"))
        assert (story.publisher, story.publishers, story.entries) == ("Gazette", 1, 2)
        assert "Gazette's entry" in app.why(story.id).sentence
        assert set(publishers(app).values()) == {"Gazette"}


def test_a_category_that_is_given_or_changed_later_holds_for_stories_that_are_open() -> None:
    feed = Feed(POST, publisher="Post")
    with open_desk(FakeFetcher({POST: rss(FIRE)}), Clock(), [feed]) as app:
        app.fetch()
        for category in ("weather", "ports", None):
            app.follow([replace(feed, category=category)])
            app.fetch()
            assert [story.category for story in app.stories(StoryQuery(category=category))] == [category]
            assert app.follow_publishers() == 0


def test_of_two_feeds_of_one_house_the_one_that_keeps_its_name_keeps_its_entries() -> None:
    with open_desk(fetcher(), Clock(), [Feed(POST, publisher="Post"), Feed(TIMES, publisher="Post")]) as app:
        app.fetch()
        app.follow([Feed(POST, publisher="Post"), Feed(TIMES, publisher="Times")])
        app.fetch()
        assert publishers(app) == {"1": "Post", "2": "Times", "3": "Post"}
        assert app.stories(StoryQuery(match="harbour"))[0].publishers == 2


def test_a_feed_without_a_publisher_of_its_own_follows_the_house_of_its_domain() -> None:
    sport = "https://sport.post.example/feed"
    answers = FakeFetcher({POST: rss(FIRE), sport: rss(CINEMA)})
    with open_desk(answers, Clock(), [Feed(POST), Feed(sport)]) as app:
        app.fetch()
        assert set(publishers(app).values()) == {"post.example"}
        for name in ("The Post", "The Gazette"):
            app.follow([Feed(POST, publisher=name), Feed(sport)])
            app.fetch()
            assert set(publishers(app).values()) == {name}


@pytest.mark.parametrize(("name", "left"), [("Gazette", "Gazette"), (None, "Post")])
def test_a_feed_that_left_the_file_follows_where_its_whole_house_was_renamed(name: str | None, left: str) -> None:
    third = "https://third.example/feed"
    answers = FakeFetcher({POST: rss(FIRE), TIMES: rss(SHIPS), third: rss(CINEMA)})
    every = [Feed(one, publisher="Post") for one in (POST, TIMES, third)]
    with open_desk(answers, Clock(), every) as app:
        app.fetch()
        app.follow(every[:2])
        app.follow([Feed(POST, publisher="Gazette"), Feed(TIMES, publisher=name or "Post")])
        app.fetch()
        assert publishers(app) == {"1": "Gazette", "2": name or "Post", "3": left}


def sourced(guid: str, title: str, source: str, url: str) -> str:
    item = Item(guid, f"{title} - {source}", link=f"{url}/{guid}").xml()
    return item.replace("</item>", f'<source url="{url}">{source}</source></item>')


def test_an_entry_that_names_its_publisher_stays_unless_that_publisher_is_the_renamed_one() -> None:
    items = (
        sourced("7", "Quay reopens", "Herald", "https://herald.example"),
        sourced("8", "Quay painted", "Post", "https://post.example"),
        sourced("9", "Quay sold", "Evening Post", "https://evening.example"),
    )
    document = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Quay</title>{''.join(items)}</channel></rss>"
    answers = FakeFetcher({POST: rss(FIRE), SEARCH: document.encode()})
    with open_desk(answers, Clock(), [Feed(POST, publisher="Post"), Feed(SEARCH, publisher="Quays")]) as app:
        app.fetch()
        assert publishers(app) == {"1": "Post", "7": "Herald", "8": "Post", "9": "Evening Post"}
        app.follow([Feed(POST, publisher="Gazette"), Feed(SEARCH, publisher="Searches")])
        app.fetch()
        assert publishers(app) == {"1": "Gazette", "7": "Herald", "8": "Gazette", "9": "Evening Post"}


def test_editions_and_what_editors_decided_stay() -> None:
    with open_desk(fetcher(), Clock(), [Feed(POST, publisher="Post"), Feed(TIMES, publisher="Times")]) as app:
        app.fetch()
        [story] = app.stories(StoryQuery(match="harbour"))
        other = next(one.id for one in app.story(story.id).entries if one.id != story.canonical_entry)
        app.editor("ann").pin(story.id, other)
        edition = app.edition()
        app.follow([Feed(POST, publisher="Gazette"), Feed(TIMES, publisher="Gazette")])
        app.fetch()
        [story] = app.stories(StoryQuery(match="harbour"))
        assert (story.canonical_entry, story.publishers) == (other, 1)
        assert app.kept_edition(edition.id) == edition


def steps_of_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANGED_AT_ONCE", "CHANGED_IN_A_STEP"):
        monkeypatch.setattr(reattribution, name, 1)


def test_a_run_that_was_cut_short_is_taken_up_by_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps_of_one_entry(monkeypatch)
    desk, new = tmp_path / "desk.db", [Feed(POST, publisher="Gazette"), Feed(TIMES, publisher="Gazette")]
    with open_desk(
        fetcher(), Clock(), [Feed(POST, publisher="Post"), Feed(TIMES, publisher="Times")], database=desk
    ) as app:
        app.fetch()
        app.follow(new)
        assert app.follow_publishers_step() == 1
        assert sorted(publishers(app).values()).count("Gazette") == 1
    with Aggregator.open(database=desk) as app:  # it does not know the feeds file
        assert app.follow_publishers() == 0
    with open_desk(fetcher(), Clock(), new, database=desk) as app:
        assert app.follow_publishers() == 2
        assert set(publishers(app).values()) == {"Gazette"}
        assert app.follow_publishers_step() is None
        assert app.stories(StoryQuery(match="harbour"))[0].publishers == 1


@pytest.mark.parametrize("last", [("Post", "Times"), ("Mail", "Mail")])
def test_another_name_while_entries_follow_is_followed_by_all(
    last: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps_of_one_entry(monkeypatch)
    with open_desk(fetcher(), Clock(), [Feed(POST, publisher="Post"), Feed(TIMES, publisher="Times")]) as app:
        app.fetch()
        for one, two in (("Gazette", "Gazette"), last):
            app.follow([Feed(POST, publisher=one), Feed(TIMES, publisher=two)])
            app.follow_publishers_step()
        stopped = Event()
        stopped.set()
        assert app.follow_publishers(stopped) == 0
        app.follow_publishers()
        assert publishers(app) == {"1": last[0], "2": last[1], "3": last[0]}


class WaitingFetcher(FakeFetcher):
    """Answers for the Times once something has happened."""

    happened = Event()

    def fetch(self, feed: Feed, state: FeedState, now: datetime, other_feed: object = None) -> FetchOutcome:
        if feed.url == TIMES:
            assert self.happened.wait(20)
        return super().fetch(feed, state, now, other_feed)


def test_a_pass_of_another_process_that_began_before_stores_the_new_names(tmp_path: Path) -> None:
    desk, answers = tmp_path / "desk.db", WaitingFetcher(fetcher().answers)
    old, new = ([Feed(url, publisher=name, category=name) for url in (POST, TIMES)] for name in ("Post", "Gazette"))

    def rename(outcome: FeedOutcome, done: int, total: int) -> None:
        if done == 1:
            with Aggregator.open(database=desk, clock=Clock(), feeds=new) as other:
                assert other.follow_publishers() == 2
            answers.happened.set()

    with open_desk(answers, Clock(), old, database=desk) as app:
        app.fetch(progress=rename)
        found = stored(app)
    with open_desk(fetcher(), Clock(), new) as app:
        app.fetch()
        assert found == stored(app)


def test_entries_follow_where_stories_are_switched_off() -> None:
    off = replace(Settings(), stories=replace(Settings().stories, enabled=False))
    with open_desk(fetcher(), Clock(), [Feed(POST, publisher="Post")], settings=off) as app:
        app.fetch()
        app.follow([Feed(POST, publisher="Gazette")])
        app.fetch()
        assert set(publishers(app).values()) == {"Gazette"}
        assert {feed.publisher for feed in FeedStore(app.store).followed()} == {"Gazette"}


def test_feeds_that_come_and_go_leave_nothing_to_follow() -> None:
    with open_desk(fetcher(), Clock(), [Feed(POST, publisher="Post")]) as app:
        app.fetch()
        for feeds in (
            [Feed(POST, publisher="Post"), Feed(TIMES)],
            [Feed(TIMES)],
            [Feed(POST, publisher="Post", authority=70)],
        ):
            app.follow(feeds)
            assert app.follow_publishers_step() is None


@pytest.mark.costly
def test_a_kill_between_any_two_transactions_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reattribution, "CHANGED_AT_ONCE", 4)
    monkeypatch.setattr(reattribution, "CHANGED_IN_A_STEP", 8)
    new = renamed({"The Harbour Times": "Port Mail", "CPA": "Continental", "Atlantic Desk": None})
    with played(1) as app:
        app.store.backup(tmp_path / "before.db")
    with played(1, new) as app:
        expected, clock = stored(app), app.clock
    killed_after = 0
    while killed_after >= 0:
        killed_after += 1
        desk = tmp_path / f"{killed_after}.db"
        shutil.copy(tmp_path / "before.db", desk)
        with Aggregator.open(database=desk, clock=clock) as app, monkeypatch.context() as patched:
            patched.setattr(Store, "transaction", dying(killed_after))
            try:
                app.follow(new)
                app.follow_publishers()
                killed_after = -1  # it was done before
            except KilledError:
                assert not app.store.connection.in_transaction
        with Aggregator.open(database=desk, clock=clock, feeds=new) as app:
            app.follow_publishers()
            assert stored(app) == expected, killed_after


class KilledError(BaseException):
    """Ends a process in a test."""


def dying(number: int) -> Callable[..., AbstractContextManager[Connection]]:
    """Return transactions of which the one with this number is undone, and ends the process."""
    transaction, begun = Store.transaction, count(1)

    @contextmanager
    def counted(store: Store, *given: Callable[[], bool]) -> Iterator[Connection]:
        within = store.connection.in_transaction
        with transaction(store, *given) as db:
            yield db
            if not within and next(begun) == number:
                raise KilledError

    return counted
