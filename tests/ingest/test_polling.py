"""A pass over feeds: what is stored, what is counted, and that nothing is lost or doubled."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.desk.health import feed_health
from aggregator.exceptions import NotFoundError
from aggregator.fetching.hosts import HostSchedule
from aggregator.model import Feed, FeedOutcome, FetchFailure
from aggregator.settings import FetchSettings, Settings
from tests.examples import examples
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger")
TIMES = Feed("https://times.example/rss", name="Times", publisher="Times")
TALKS = Item("a1", "Chiefs of defence meet by video link", "The chiefs of defence met by video link on Tuesday.")
STORM = Item("a2", "Storm closes the northern port", "A storm closed the northern port on Tuesday morning.")


def test_a_first_poll_stores_every_entry_and_the_validators_together() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS, STORM)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        [outcome] = app.fetch()
        assert (outcome.status, outcome.new, outcome.updated, outcome.known) == ("ok", 2, 0, 0)
        assert outcome.next_fetch is not None
        assert outcome.next_fetch > clock.now
        etag, entries = app.store.connection.execute("SELECT etag, (SELECT count(*) FROM entry) FROM feed").fetchone()
    assert etag
    assert entries == 2


def test_an_unchanged_feed_is_not_parsed_again() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        clock.forward(hours=1)
        [outcome] = app.fetch(everything=True)
    assert (outcome.status, outcome.http_status, outcome.new, outcome.known) == ("not_modified", 304, 0, 0)


def test_a_feed_without_entries_is_remarked_on() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS), TIMES.url: rss()}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        first = {outcome.feed: outcome for outcome in app.fetch()}
        assert first["Ledger"].note is None
        assert "no entries at all" in (first["Times"].note or "")
        fetcher.answers[LEDGER.url] = rss()
        clock.forward(hours=1)
        again = {outcome.feed: outcome for outcome in app.fetch(everything=True)}
        assert "no entries any more" in (again["Ledger"].note or "")
        told = {row.feed: row.explanation for row in feed_health(app.store, clock.now)}
        assert "no entries any more" in told["Ledger"]
        assert "no entries at all" in told["Times"]  # though its document came back unchanged
        fetcher.answers[LEDGER.url] = rss(STORM)
        clock.forward(hours=1)
        app.fetch(everything=True)
        assert "no entries" not in {row.feed: row.explanation for row in feed_health(app.store, clock.now)}["Ledger"]


def test_only_what_is_due_is_polled() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        assert app.fetch() == []
        clock.forward(days=2)
        assert len(app.fetch()) == 1
    assert fetcher.asked == [LEDGER.url] * 2


def test_an_edit_becomes_a_revision_and_forks_nothing() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        before = app.store.connection.execute("SELECT id, report_id, story_id FROM entry").fetchall()
        clock.forward(hours=1)
        edited = replace(
            TALKS, title="Chiefs of defence meet on guarantees", text=TALKS.text + " They agreed on little."
        )
        fetcher.answers[LEDGER.url] = rss(edited)
        [outcome] = app.fetch(everything=True)
        after = app.store.connection.execute("SELECT id, report_id, story_id FROM entry").fetchall()
        [revision] = app.revisions(before[0][0])
        story = app.story(before[0][2])
    assert (outcome.new, outcome.updated) == (0, 1)
    assert after == before
    assert revision.title == TALKS.title
    assert (revision.seen, revision.replaced) == (MORNING, MORNING + timedelta(hours=1))
    assert story.summary.title == edited.title


def test_markup_blanks_and_tracking_links_are_no_edit() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        cosmetic = replace(
            TALKS, text=f"<p>{TALKS.text.replace(' ', '  ')}</p>", link="https://example.org/a1?utm_source=rss"
        )
        fetcher.answers[LEDGER.url] = rss(cosmetic)
        [outcome] = app.fetch(everything=True)
        revisions = app.store.connection.execute("SELECT count(*) FROM revision").fetchone()[0]
    assert (outcome.new, outcome.updated, outcome.known, revisions) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    "touched",
    [
        replace(TALKS, text=f"<p>{TALKS.text}</p><p>Updated 5 minutes ago</p>"),
        replace(TALKS, text=TALKS.text.replace(" by video", ", by video")),
        replace(TALKS, title=TALKS.title.upper()),
    ],
)
def test_a_comma_a_counter_or_capitals_are_shown_and_no_edit(touched: Item) -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        for item in (touched, touched):
            clock.forward(hours=1)
            fetcher.answers[LEDGER.url] = rss(item, title=f"A feed at {clock.now}")
            [outcome] = app.fetch(everything=True)
            assert (outcome.updated, outcome.known) == (0, 1)
        rows = app.store.connection.execute("SELECT e.title, e.revisions, s.title, s.edited FROM entry e, story s")
        assert rows.fetchall() == [(touched.title, 0, touched.title, 0)]
        assert app.store.connection.execute("SELECT count(*) FROM revision").fetchone()[0] == 0
        [found] = app.search(TALKS.title)
        assert found.entry.data.title == touched.title


def test_an_entry_whose_address_alone_moves_is_followed_there_in_silence() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS, STORM)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        db = app.store.connection
        [entry_id, story_id] = db.execute("SELECT id, story_id FROM entry WHERE key = 'a1'").fetchone()
        written = db.total_changes

        def poll_with(link: str) -> tuple[str | None, str | None, str | None, int]:
            nonlocal written
            clock.forward(hours=1)
            fetcher.answers[LEDGER.url] = rss(replace(TALKS, link=link), STORM)
            [outcome] = app.fetch(everything=True)
            assert (outcome.new, outcome.updated, outcome.known) == (0, 0, 2)
            changes, written = db.total_changes - written, db.total_changes
            entry, summary = app.entry(entry_id), app.story(story_id).summary
            assert entry.revisions == 0
            return entry.data.link, entry.canonical_url, summary.url, changes

        *_, usual = poll_with("https://example.org/a1?utm_source=rss")
        new = "https://example.org/2026/talks"
        link, canonical, of_story, changes = poll_with(new)
        assert (link, of_story) == (new, new)
        assert canonical
        assert "2026/talks" in canonical
        assert changes > usual
        # another tracking parameter at every poll, and no address at all: nothing to follow
        assert poll_with(f"{new}?utm_source=mail") == (new, canonical, new, usual)
        assert poll_with("")[:3] == (new, canonical, new)


def test_an_entry_that_left_the_feed_is_kept() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS, STORM)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        clock.forward(hours=1)
        fetcher.answers[LEDGER.url] = rss(TALKS)
        app.fetch(everything=True)
        seen = dict(app.store.connection.execute("SELECT key, last_seen FROM entry").fetchall())
    assert seen == {"a1": "2026-03-10T07:00:00Z", "a2": "2026-03-10T06:00:00Z"}


def test_a_changed_guid_brings_nothing_new() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        fetcher.answers[LEDGER.url] = rss(
            replace(TALKS, guid="https://moved.example/a1", link="https://example.org/a1")
        )
        [moved] = app.fetch(everything=True)
        fetcher.answers[LEDGER.url] = rss(
            replace(TALKS, guid="https://moved.example/a1", link="https://example.org/a1", title="Chiefs meet")
        )
        [edited] = app.fetch(everything=True)
        count = app.store.connection.execute("SELECT count(*) FROM entry").fetchone()[0]
    assert (moved.new, moved.known) == (0, 1)
    assert (edited.new, edited.updated, count) == (0, 1, 1)


def test_the_same_guid_in_two_feeds_is_two_entries() -> None:
    fetcher = FakeFetcher({LEDGER.url: rss(TALKS), TIMES.url: rss(TALKS)})
    with open_desk(fetcher, Clock(), [LEDGER, TIMES]) as app:
        app.fetch()
        assert app.store.connection.execute("SELECT count(*), count(DISTINCT id) FROM entry").fetchone() == (2, 2)


@pytest.mark.parametrize(
    "answer", [b"", b"<html><body>Sorry</body></html>", b"\x00\x01garbage", FetchFailure("timeout", "too slow")]
)
def test_a_failing_feed_costs_no_other_and_keeps_what_it_had(answer: bytes | FetchFailure) -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS), TIMES.url: rss(STORM)}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        app.fetch()
        etag = app.store.connection.execute("SELECT etag FROM feed WHERE name = 'Ledger'").fetchone()
        clock.forward(hours=1)
        fetcher.answers[LEDGER.url] = answer
        fetcher.answers[TIMES.url] = rss(STORM, replace(TALKS, guid="t9"))
        outcomes = {outcome.feed: outcome for outcome in app.fetch(everything=True)}
        assert outcomes["Ledger"].status == "error"
        assert outcomes["Ledger"].error
        assert outcomes["Times"].new == 1
        assert app.store.connection.execute("SELECT etag FROM feed WHERE name = 'Ledger'").fetchone() == etag
        assert app.store.connection.execute("SELECT count(*) FROM entry").fetchone()[0] == 3


def test_too_many_requests_leaves_the_whole_host_alone() -> None:
    feeds = [Feed(f"https://busy.example/{n}", name=f"Busy {n}") for n in range(3)]
    fetcher = FakeFetcher({feed.url: FetchFailure("http", "429", status=429, host_wide=True) for feed in feeds})
    clock = Clock()
    with open_desk(fetcher, clock, feeds) as app:
        outcomes = {outcome.feed: outcome for outcome in app.fetch()}
        assert len(fetcher.asked) == 1
        assert sorted(outcome.status for outcome in outcomes.values()) == ["error", "skipped", "skipped"]
        clock.forward(minutes=30)
        assert app.fetch() == []


def test_two_subscriptions_to_one_address_are_one_poll() -> None:
    again = replace(LEDGER, url="https://ledger.example:443/rss", name="Ledger again")
    fetcher = FakeFetcher({LEDGER.url: rss(TALKS), again.url: rss(TALKS)})
    with open_desk(fetcher, Clock(), [LEDGER, again]) as app:
        outcomes = {outcome.feed: outcome for outcome in app.fetch()}
    assert len(fetcher.asked) == 1
    assert {outcome.status for outcome in outcomes.values()} == {"ok", "skipped"}
    assert any("duplicate" in (outcome.note or "") for outcome in outcomes.values())


def test_a_paused_feed_is_not_asked() -> None:
    fetcher = FakeFetcher({LEDGER.url: rss(TALKS)})
    with open_desk(fetcher, Clock(), [replace(LEDGER, paused=True)]) as app:
        [outcome] = app.fetch(everything=True)
    assert (outcome.status, fetcher.asked) == ("skipped", [])


def test_an_unknown_feed_name_is_not_found() -> None:
    with open_desk(FakeFetcher(), Clock(), [LEDGER]) as app, pytest.raises(NotFoundError, match="feeds list"):
        app.fetch(["Gazette"])


def test_a_feed_that_leaves_the_file_keeps_its_entries() -> None:
    fetcher = FakeFetcher({LEDGER.url: rss(TALKS), TIMES.url: rss(STORM)})
    with open_desk(fetcher, Clock(), [LEDGER, TIMES]) as app:
        app.fetch()
        app.follow([TIMES])
        assert app.store.connection.execute("SELECT count(*) FROM entry").fetchone()[0] == 2
        assert [outcome.feed for outcome in app.fetch(everything=True)] == ["Times"]


def test_secrets_in_an_address_never_reach_the_database(tmp_path: Path) -> None:
    secret = Feed("https://user:hunter2@ledger.example/rss?token=s3cr3t", name="Ledger")
    path = tmp_path / "a.db"
    with open_desk(FakeFetcher({secret.url: rss(TALKS)}), Clock(), [secret], database=path) as app:
        app.fetch()
    raw = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"hunter2" not in raw
    assert b"s3cr3t" not in raw


ITEMS = st.lists(
    st.builds(
        Item,
        guid=st.sampled_from("abcdef"),
        title=st.sampled_from(["Talks open", "Talks close", "Storm", "Port shut"]),
        text=st.sampled_from(["", "One text of some words.", "Another text, about something else."]),
    ),
    max_size=6,
    unique_by=lambda item: item.guid,
)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ITEMS, min_size=1, max_size=5))
def test_no_sequence_of_polls_loses_or_doubles_an_entry(polls: list[list[Item]]) -> None:
    fetcher, clock = FakeFetcher(), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        for items in polls:
            fetcher.answers[LEDGER.url] = rss(*items)
            app.fetch(everything=True)
            clock.forward(hours=1)
        rows = app.store.connection.execute(
            "SELECT key, title, revisions, (SELECT count(*) FROM revision r WHERE r.entry_id = e.id) FROM entry e"
        ).fetchall()
        aliases = {key for (key,) in app.store.connection.execute("SELECT key FROM entry_alias")}
        dangling = app.store.connection.execute(
            "SELECT count(*) FROM entry WHERE report_id IS NULL OR story_id NOT IN (SELECT id FROM story)"
        ).fetchone()[0]
    polled = {item.guid for items in polls for item in items}
    assert {row[0] for row in rows} | aliases == polled
    assert len(rows) + len(aliases) == len(polled)
    assert all(kept == counted for _, _, kept, counted in rows)
    assert dangling == 0


def test_a_pass_with_all_hands_full_waits_instead_of_asking_the_hosts_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[float] = []
    wait = HostSchedule.wait

    def counted(schedule: HostSchedule, now: float) -> float | None:
        looks.append(now)
        return wait(schedule, now)

    monkeypatch.setattr(HostSchedule, "wait", counted)
    feeds = [Feed(f"https://outlet-{number}.example/rss") for number in range(12)]
    fetcher = FakeFetcher({feed.url: rss(TALKS) for feed in feeds}, pause=0.02)
    one_hand = replace(Settings(), fetch=replace(FetchSettings(), workers=1))
    with open_desk(fetcher, Clock(), feeds, settings=one_hand) as app:
        assert len(app.fetch()) == len(feeds)
    assert len(looks) <= 4 * len(feeds)


def test_an_edition_counts_the_stories_of_what_came_and_not_those_that_grew_later() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS, STORM), TIMES.url: rss()}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        app.fetch()
        clock.forward(hours=3)
        began = clock.now
        fire = Item("a3", "Fire at the cable works", "A fire broke out at the cable works at noon.", published=began)
        fetcher.answers[LEDGER.url] = rss(TALKS, STORM, fire)
        app.fetch(everything=True)
        clock.forward(hours=1)
        ended = clock.now
        clock.forward(hours=1)
        fetcher.answers[TIMES.url] = rss(replace(TALKS, guid="t1", link="https://times.example/talks"))
        app.fetch(everything=True)
        edition = app.edition(since=began, until=ended)
    assert (edition.counts.entries, edition.counts.reports, edition.counts.stories) == (1, 1, 1)


def test_an_outcome_is_told_once_its_entries_are_in_the_file(tmp_path: Path) -> None:
    """Who hears of an entry may count on it, whatever happens next: feeds that end together are saved together first."""
    addresses = [f"https://{name}.example/feed" for name in "abcdef"]
    fetcher = FakeFetcher({url: rss(Item(f"{url} 1", f"Told by {url}")) for url in addresses})
    told: list[tuple[int, int]] = []
    path = tmp_path / "a.db"
    with open_desk(fetcher, Clock(), [Feed(url) for url in addresses], database=path) as app:

        def count(outcome: FeedOutcome, done: int, total: int) -> None:
            with closing(sqlite3.connect(path)) as other:
                told.append((done, other.execute("SELECT count(*) FROM entry").fetchone()[0]))

        app.fetch(progress=count)
    assert [done for done, _ in told] == [1, 2, 3, 4, 5, 6]
    assert all(stored >= done for done, stored in told)
