"""Feed health where people look for it: the list, the status, the digest and the figures."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from aggregator.daemon.metrics import Metrics
from aggregator.desk.health import REMEMBERED, _row, feed_health
from aggregator.model import Feed, FetchFailure
from aggregator.storage.feeds import FeedStore
from aggregator.storage.times import to_text
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger")
TIMES = Feed("https://times.example/rss", name="Times")
POST = Feed("https://post.example/rss", name="Post")
HOURLY = [
    Item(f"a{hour}", f"Bulletin {hour}", f"Words of hour {hour}.", MORNING - timedelta(hours=2 * hour))
    for hour in range(12)
]


def test_silence_gaps_and_failures_are_told_everywhere() -> None:
    clock = Clock()
    fetcher = FakeFetcher(
        {LEDGER.url: rss(*HOURLY), TIMES.url: rss(Item("t1", "One")), POST.url: rss(Item("p1", "It"))}
    )
    with open_desk(fetcher, clock, [LEDGER, TIMES, POST]) as app:
        app.fetch()
        clock.forward(days=2)
        fetcher.answers[TIMES.url] = rss(*(Item(f"t{n}", f"Other {n}", published=clock.now) for n in range(2, 9)))
        fetcher.answers[POST.url] = FetchFailure("http", "503 Service Unavailable", status=503)
        app.fetch(everything=True)
        rows = {row.feed: row for row in app.feed_health()}
        status, edition = app.status(), app.edition()
    assert {name: row.state for name, row in rows.items()} == {"Ledger": "silent", "Times": "ok", "Post": "failing"}
    assert rows["Ledger"].explanation.startswith("nothing new for 2 days, where 2 h is usual; ")
    assert (rows["Times"].possible_gaps, rows["Post"].failures) == (1, 1)
    assert (status.feeds_silent, status.feeds_failing, status.possible_gaps) == (1, 1, 1)
    assert {note.feed for note in edition.health.notes} == {"Ledger", "Times", "Post"}
    assert (edition.health.silent, edition.health.failed) == (1, 1)
    metrics = Metrics(0, "")
    metrics.feeds(rows.values())
    figures = generate_latest(metrics.registry).decode()
    for line in (
        'aggregator_feeds{state="silent"} 1.0',
        'aggregator_feed_silent{feed="Ledger"} 1.0',
        'aggregator_feed_possible_gaps{feed="Times"} 1.0',
        'aggregator_feed_failures{feed="Post"} 1.0',
        "aggregator_possible_gaps 1.0",
    ):
        assert line in figures, line


def test_after_a_long_stop_no_feed_is_silent_before_it_is_read_again() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(*HOURLY), TIMES.url: rss(*HOURLY)}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:

        def told() -> dict[str, tuple[str, str]]:
            return {row.feed: (row.state, row.explanation.partition(";")[0]) for row in app.feed_health()}

        app.fetch()
        clock.forward(days=6)  # nobody polled
        assert {state for state, _ in told().values()} == {"ok"}
        assert app.status().feeds_silent == 0
        assert app.edition().health.silent == 0
        fetcher.answers[TIMES.url] = rss(Item("t1", "Back", published=clock.now - timedelta(hours=1)))
        app.fetch()
        silent = ("silent", "nothing new for 6 days, where 2 h is usual")
        assert (told()["Ledger"], told()["Times"][0]) == (silent, "ok")
        clock.forward(days=4)  # a second stop: what was silent when it was read is not said to be so for longer
        assert (told()["Ledger"], told()["Times"][0]) == (silent, "ok")


HOUR = timedelta(hours=1)
NEVER = MORNING + timedelta(days=10_000)  # since when no feed is lively


def story(number: int) -> Item:
    text = f"The council of Skarn voted for the {number}th time on a port."
    return Item(f"l{number}", f"Vote {number} in Skarn", text, published=MORNING + number * timedelta(minutes=35))


def test_edition_tells_the_polls_of_its_window_that_may_have_missed_entries() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(story(1))}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        for brought in (
            (story(1), story(2)),
            (story(3), story(4)),
            (story(5), story(6)),
        ):  # the first poll knows nothing, and misses nothing
            app.fetch(everything=True)
            clock.forward(hours=1)
            fetcher.answers[LEDGER.url] = rss(*brought)
        app.fetch(everything=True)
        clock.forward(hours=1)
        early = app.edition(since=MORNING, until=MORNING + 2 * HOUR)
        late = app.edition(since=MORNING + 2 * HOUR, until=MORNING + 4 * HOUR)
    assert early.health.notes == ()
    assert [(note.state, note.possible_gaps) for note in late.health.notes] == [("ok", 2)]


def test_health_reads_the_hours_of_a_feed_not_its_entries() -> None:
    url = "https://busy.example/rss"
    items = [Item(str(n), f"Notice {n}", "", MORNING - timedelta(minutes=n)) for n in range(300)]
    with open_desk(FakeFetcher({url: rss(*items)}), Clock(), [Feed(url)]) as app:
        app.fetch()
        [hours] = FeedStore(app.store).rhythms(MORNING - timedelta(days=30), MORNING, NEVER).values()
        assert len(hours) == 6
        assert sum(hour.entries for hour in hours) == 300
        assert (hours[0].first, hours[-1].last) == (MORNING - timedelta(minutes=299), MORNING)
        assert app.feed_health()[0].entries_per_day == 300


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60 * 24), st.integers(0, 59)), max_size=60))
def test_health_is_the_same_without_the_hours_of_feeds_that_are_lively(seen: list[tuple[int, int, int]]) -> None:
    clock, feeds = Clock(), [Feed(f"https://f{number}.example/rss", name=f"F{number}") for number in (1, 2, 3)]
    with open_desk(FakeFetcher(), clock, feeds) as app, app.store.transaction() as db:
        for number, back, minute in seen:
            moment = to_text(MORNING - timedelta(hours=back, minutes=minute))
            assert moment is not None
            db.execute(
                "INSERT INTO arrival VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET first = min(first, excluded.first),"
                " last = max(last, excluded.last), entries = entries + 1",
                (number, moment[:13], moment, moment),
            )
        db.execute("UPDATE feed SET last_ok = ?, last_fetch = ?", (to_text(clock.now), to_text(clock.now)))
        told, rows = feed_health(app.store, clock.now), FeedStore(app.store)
        whole = rows.rhythms(clock.now - REMEMBERED, clock.now, NEVER)
        assert told == [_row(feed, Feed(feed.url), whole.get(feed.id, ()), clock.now) for feed in rows.followed()]
