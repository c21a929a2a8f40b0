"""Watches over a running newsroom: alerts with the poll that caused them, through crashes, edits, kills and verbs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.app import Aggregator
from aggregator.desk.watches import Watcher
from aggregator.exceptions import NotFoundError, UsageError
from aggregator.ingest.place import Placer
from aggregator.model import Feed
from aggregator.newsroom.watches import WatchQuery
from aggregator.settings import Settings, WatchSettings
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger", category="ports", language="en")
TIMES = Feed("https://times.example/rss", name="Times", publisher="Times", language="en")
STRIKE = Item(
    "a1",
    "Dockers' strike closes the port of Rotterdam",
    "Dockers walked out at the port of Rotterdam on Tuesday morning over pay. The union said the strike would last "
    "three days. Container ships were sent to Antwerp and the harbour master asked carriers to wait at sea.",
)
STORM = Item("a2", "Storm shuts schools in Bergen", "A storm shut all schools in Bergen on Tuesday. Ferries stayed in.")
QUERY = WatchQuery(words=("strike",))


def alerts(app: Aggregator) -> list[tuple[str, str]]:
    rows = app.store.connection.execute("SELECT watch, reason FROM alert ORDER BY rowid").fetchall()
    return [(watch, reason) for watch, reason in rows]


def poll(app: Aggregator, clock: Clock, fetcher: FakeFetcher, feed: Feed, *items: Item) -> None:
    clock.forward(hours=1)
    fetcher.answers[feed.url] = rss(*items)
    app.fetch(everything=True)


def test_a_poll_raises_the_alert_that_it_causes_once() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(STRIKE, STORM)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.watches().add("strikes", QUERY, ["stdout"], "desk")
        app.watches().add("snow", WatchQuery(words=("snow",)), [], "desk")
        app.fetch()
        assert alerts(app) == [("strikes", "new")]
        clock.forward(hours=1)
        app.fetch(everything=True)
        poll(app, clock, fetcher, LEDGER, STRIKE, replace(STRIKE, guid="a9"))
        assert alerts(app) == [("strikes", "new")]
        [row] = app.watches().log(None, 9)
        payload = json.loads(app.store.connection.execute("SELECT payload FROM alert").fetchone()[0])
    assert (row.target, row.state, row.attempts, row.at) == ("stdout", "waiting", 0, MORNING)
    assert payload["story"]["title"] == STRIKE.title
    assert payload["story"]["category"] == "ports"
    assert [entry["publisher"] for entry in payload["entries"]] == ["Ledger"]
    assert payload["sentence"] == "New: Ledger."


def test_a_watch_added_later_tells_of_what_comes_then() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(STRIKE)}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        app.fetch()
        app.watches().add("strikes", QUERY, [], "desk")
        poll(app, clock, fetcher, LEDGER, STRIKE, STORM)
        assert alerts(app) == []
        poll(app, clock, fetcher, TIMES, replace(STRIKE, guid="t1"))
        assert alerts(app) == [("strikes", "new")]


def test_a_backlog_of_a_feed_just_followed_is_no_news() -> None:
    old = replace(STRIKE, published=MORNING - timedelta(days=3))
    with open_desk(FakeFetcher({LEDGER.url: rss(old)}), Clock(), [LEDGER]) as app:
        app.watches().add("strikes", QUERY, [], "desk")
        app.fetch()
        assert alerts(app) == []


def test_enough_publishers_are_waited_for() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(STRIKE)}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        app.watches().add("strikes", replace(QUERY, min_publishers=2), [], "desk")
        app.fetch()
        assert alerts(app) == []
        poll(app, clock, fetcher, TIMES, replace(STRIKE, guid="t1"))
        assert alerts(app) == [("strikes", "new")]


def test_a_kill_is_told_although_nothing_of_the_text_is_left() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(STRIKE)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.watches().add("strikes", QUERY, [], "desk")
        app.fetch()
        killed = replace(STRIKE, title="KILL: Rotterdam", text="This story has been withdrawn. Do not use it.")
        poll(app, clock, fetcher, LEDGER, killed)
        assert alerts(app) == [("strikes", "new"), ("strikes", "correction")]
        clock.forward(hours=1)
        app.fetch(everything=True)
        assert len(alerts(app)) == 2


def test_an_edit_that_brings_a_new_number_is_told() -> None:
    fetcher, clock = (
        FakeFetcher({LEDGER.url: rss(replace(STRIKE, text=f"Some 400 men walked out. {STRIKE.text}"))}),
        Clock(),
    )
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.watches().add("strikes", replace(QUERY, publishers=("Ledger",)), [], "desk")
        app.fetch()
        poll(app, clock, fetcher, LEDGER, replace(STRIKE, text=f"Some 400 people walked out. {STRIKE.text}"))
        assert alerts(app) == [("strikes", "new")]
        poll(app, clock, fetcher, LEDGER, replace(STRIKE, text=f"Some 900 people walked out. {STRIKE.text}"))
        assert alerts(app) == [("strikes", "new"), ("strikes", "facts")]
        sentence = app.watches().log(None, 1)[0].sentence
    assert sentence == "New facts: 900."


def test_a_crash_before_settling_loses_no_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, clock = tmp_path / "a.db", Clock()
    fetcher = FakeFetcher({LEDGER.url: rss(STRIKE)})

    class PowerCutError(Exception):
        pass

    def cut(*_: object) -> None:
        raise PowerCutError

    with open_desk(fetcher, clock, [LEDGER], database=path) as app:
        app.watches().add("strikes", QUERY, [], "desk")
        with monkeypatch.context() as patch:
            patch.setattr(Placer, "finish", cut)
            with pytest.raises(PowerCutError):
                app.fetch()
    clock.forward(hours=1)
    with open_desk(fetcher, clock, [LEDGER], database=path) as app:
        assert alerts(app) == []
        app.fetch(everything=True)
        assert alerts(app) == [("strikes", "new")]
        entries, unsettled = app.store.connection.execute(
            "SELECT (SELECT entries FROM story), (SELECT count(*) FROM unsettled_report)"
        ).fetchone()
    assert (entries, unsettled) == (1, 0)


def test_a_crash_while_the_alert_is_written_neither_loses_nor_doubles_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(STRIKE)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.watches().add("strikes", QUERY, [], "desk")
        real = Watcher.check_stories

        def look_then_die(self: Watcher, *given: object) -> int:
            real(self, *given)  # type: ignore[arg-type]
            raise MemoryError

        with monkeypatch.context() as patch:
            patch.setattr(Watcher, "check_stories", look_then_die)
            with pytest.raises(MemoryError):
                app.fetch()
        assert alerts(app) == []
        clock.forward(hours=1)
        app.fetch(everything=True)
        assert alerts(app) == [("strikes", "new")]


def test_a_fault_of_a_watch_keeps_no_story_from_being_settled(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with open_desk(FakeFetcher({LEDGER.url: rss(STRIKE)}), Clock(), [LEDGER]) as app:
        app.watches().add("strikes", QUERY, [], "desk")
        monkeypatch.setattr("aggregator.desk.watches.decide", lambda *_: 1 / 0)
        app.fetch()
        assert app.store.connection.execute("SELECT entries FROM story").fetchone() == (1,)
        [fault] = app.faulty_entries()
        assert (fault["feed"], fault["step"]) == ("Ledger", "watching")
    assert "could not look over story s" in caplog.text


def test_an_editors_verbs_make_no_watch_tell_twice() -> None:
    fetcher, clock = (
        FakeFetcher({LEDGER.url: rss(STRIKE), TIMES.url: rss(replace(STORM, title="Strike at sea"))}),
        Clock(),
    )
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        app.watches().add("strikes", QUERY, [], "desk")
        app.fetch()
        stories = [row[0] for row in app.store.connection.execute("SELECT id FROM story ORDER BY id")]
        assert len(stories) == len(alerts(app)) == 2
        merged = app.editor("desk").merge(stories)
        poll(app, clock, fetcher, LEDGER, STRIKE, replace(STORM, guid="x", title="Rain"))
        entry = app.store.connection.execute("SELECT id FROM entry WHERE story_id = ? LIMIT 1", (merged,)).fetchone()[0]
        app.editor("desk").split(merged, [entry])
        poll(app, clock, fetcher, LEDGER, STRIKE)
        assert len(alerts(app)) == 2


def test_merging_stories_until_enough_publishers_carry_one_is_told_with_the_next_poll() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(STRIKE), TIMES.url: rss(STORM)}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        app.watches().add("strikes", replace(QUERY, min_publishers=2), [], "desk")
        app.fetch()
        app.editor("desk").merge([row[0] for row in app.store.connection.execute("SELECT id FROM story")])
        clock.forward(hours=1)
        app.fetch(everything=True)
        assert alerts(app) == [("strikes", "new")]


def test_more_independent_publishers_are_told() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(STRIKE), TIMES.url: rss(STORM)}), Clock()
    settings = Settings(watches=WatchSettings(more_publishers=1))
    with open_desk(fetcher, clock, [LEDGER, TIMES], settings=settings) as app:
        app.watches().add("strikes", QUERY, [], "desk")
        app.fetch()
        app.editor("desk").merge([row[0] for row in app.store.connection.execute("SELECT id FROM story")])
        clock.forward(hours=1)
        app.fetch(everything=True)
        assert alerts(app) == [("strikes", "new"), ("strikes", "publishers")]


def test_a_test_shows_what_would_have_been_caught_and_stores_nothing() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(STRIKE, STORM)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        week = MORNING - timedelta(days=7)
        [caught] = app.watches().test(QUERY, week, 9)
        assert caught.matched == caught.summary.title == STRIKE.title
        assert [(at, cause.reason) for at, cause in caught.alerts] == [(MORNING, "new")]
        assert app.watches().test(WatchQuery(words=("snow",)), week, 9) == []
        assert len(app.watches().test(WatchQuery(publishers=("ledger",)), week, 9)) == 2
        assert len(app.watches().test(WatchQuery(words=("str*", "wal*|ferr*")), week, 9)) == 1
        assert app.watches().test(QUERY, MORNING + timedelta(seconds=1), 9) == []
        assert alerts(app) == []


@pytest.mark.parametrize(
    ("name", "query", "target", "message"),
    [
        ("", QUERY, "stdout", "no name"),
        ("\x1b[31m", QUERY, "stdout", "no name"),
        ("a\nb", QUERY, "stdout", "no name"),
        ("x" * 61, QUERY, "stdout", "no name"),
        ("STRIKES", QUERY, "stdout", "already"),
        ("x", WatchQuery(), "stdout", "asks for nothing"),
        ("x", WatchQuery(words=("…",)), "stdout", "no letter"),
        ("x", WatchQuery(languages=("English",)), "stdout", "no language"),
        ("x", QUERY, "pager:1", "write stdout"),
        ("x", QUERY, "stdout:x", "write stdout"),
        ("x", QUERY, "file:", "write stdout"),
        ("x", QUERY, "file:/", "folder"),
        ("x", QUERY, "webhook:ftp://a.example/", "begins with https"),
        ("x", QUERY, "webhook:https://", "begins with https"),
        ("x", QUERY, "webhook:https://[a", "begins with https"),
        ("x", QUERY, "webhook:https://me:pw@a.example/", "no password"),
        ("x", QUERY, "webhook:env:A B", "environment variable"),
        ("x", QUERY, "mail:desk", "no mail address"),
        ("x", QUERY, "mail:a@b\r\nBcc: c@d", "write stdout"),
        ("x", QUERY, "mail:Desk <a@b.example>", "no mail address"),
    ],
)
def test_what_cannot_be_a_watch_is_refused(name: str, query: WatchQuery, target: str, message: str) -> None:
    with open_desk(FakeFetcher(), Clock(), [LEDGER]) as app:
        app.watches().add("strikes", QUERY, [], "desk")
        with pytest.raises(UsageError, match=message) as caught:
            app.watches().add(name, query, [target], "desk")
        assert str(caught.value).isprintable()
        assert "pw" not in str(caught.value)
        assert len(app.watches().all()) == 1


def test_names_are_found_however_they_are_written() -> None:
    with open_desk(FakeFetcher(), Clock(), [LEDGER]) as app:
        app.watches().add("Häfen", QUERY, [], "desk")
        assert app.watches().named("hafen").name == "Häfen"
        with pytest.raises(NotFoundError, match="Häfen"):
            app.watches().remove("ports")
        assert app.watches().remove("HÄFEN") == "Häfen"


def test_what_cannot_work_yet_is_said() -> None:
    with open_desk(FakeFetcher(), Clock(), [LEDGER]) as app:
        query = WatchQuery(publishers=("Ledger", "Gazette"))
        doubts = app.watches().add(
            "x", query, ["mail:a@b.example", "webhook:env:NOT_THERE_AT_ALL", "file:/no/such/alerts"], "desk"
        )
    assert len(doubts) == 4
    assert doubts[3] == "there is no folder /no/such: alerts to a file in it wait until there is"
    assert "'Gazette'" in doubts[0]
