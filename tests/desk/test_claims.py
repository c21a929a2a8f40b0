"""What a feed says of other houses: it attributes, and neither withdraws, corrects nor counts as publishers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape

import pytest

from aggregator.app import Aggregator
from aggregator.digest.values import Edition
from aggregator.model import Feed, FetchFailure, Flag, StoryQuery
from aggregator.newsroom.watches import WatchQuery
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

WIRE = Feed("https://wire.example/rss", name="Wire", publisher="Wire", agency=True)
HERALD = Feed("https://herald.example/rss", name="Herald", publisher="Herald")
POST = Feed("https://post.example/rss", name="Post", publisher="Post")
BLOG = Feed("https://blog.example/rss", name="Blog", publisher="Blog")
FEEDS = [WIRE, HERALD, POST, BLOG]
TITLE = "Dam bursts above Tessel, 40 missing"
TEXT = (
    "The dam above Tessel burst on Tuesday night and the water took the lower town, the governor said. "
    "Forty people are missing and two thousand spent the night in schools on the hill. "
    "Engineers had warned in March that the gates of the dam could not be opened any more. "
    "The army flew boats into the valley before dawn, and the railway to the coast is cut."
)
OWN = (
    "Rescue crews searched the lower town of Tessel for forty people missing since the dam burst on Tuesday. "
    "The mayor asked the army for more boats, and hospitals called back nurses from their holidays. "
    "A reporter counted eleven houses without a roof along the river road in the morning."
)


def sourced(document: bytes, title: str, url: str) -> bytes:
    """Return a document whose entries name a house as their source."""
    source = f"<source url='{escape(url)}'>{escape(title)}</source></item>"
    return document.replace(b"</item>", source.encode())


class Room:
    """A desk on an agency, two papers and a blog, of which the agency, or a paper, told of a dam first."""

    def __init__(self, app: Aggregator, clock: Clock, fetcher: FakeFetcher) -> None:
        self.app, self.clock, self.fetcher = app, clock, fetcher

    def poll(self, feed: Feed, document: bytes) -> None:
        self.clock.forward(minutes=30)
        self.fetcher.answers[feed.url] = document
        self.app.fetch(everything=True)

    def edition(self) -> Edition:
        return self.app.edition()


@pytest.mark.parametrize("first", [WIRE, HERALD])
@pytest.mark.parametrize("signed", ["source", "dateline", "byline"])
def test_a_kill_by_another_withdraws_nothing(first: Feed, signed: str) -> None:
    with open_desk(FakeFetcher({feed.url: rss() for feed in FEEDS}), Clock(), FEEDS) as app:
        room = Room(app, app.clock, app._resources._fetcher)  # type: ignore[arg-type]
        home = "https://wire.example" if first is WIRE else "https://herald.example"
        room.poll(first, rss(Item("1", TITLE, TEXT, link=f"{home}/1")))
        room.poll(POST, rss(Item("2", "Boats search drowned Tessel", OWN, link="https://post.example/2")))
        text = f"TESSEL ({'Reuters' if first is HERALD else 'AP'}) - {TEXT}" if signed == "dateline" else TEXT
        claim = rss(Item("3", f"KILL: {TITLE}", text, link="https://blog.example/3"))
        if signed == "source":
            claim = sourced(claim, str(first.name), f"{home}/rss")
        if signed == "byline":
            claim = claim.replace(b"</item>", b"<author>Reuters</author></item>")
        room.poll(BLOG, claim)
        edition = room.edition()
        assert edition.corrections == ()
        [line] = [story for story in edition.stories() if "am bursts" in story.title]
        assert edition.sections[0].key == "top"
        assert line in edition.sections[0].stories
        assert Flag.CORRECTED not in line.flags
        assert {row[0] for row in app.store.connection.execute("SELECT publisher FROM entry")} == {
            str(first.name), "Post", "Blog",
        }  # fmt: skip


def test_a_second_or_edited_kill_takes_back_no_more_than_the_first() -> None:
    with open_desk(FakeFetcher({feed.url: rss() for feed in FEEDS}), Clock(), FEEDS) as app:
        room = Room(app, app.clock, app._resources._fetcher)  # type: ignore[arg-type]
        room.poll(HERALD, rss(Item("1", TITLE, TEXT)))
        for guid, more in (("k1", "One."), ("k1", "One, edited."), ("k2", "Two."), ("k3", "Three.")):
            link = f"https://blog.example/{guid}"
            room.poll(BLOG, rss(Item(guid, f"KILL: {TITLE}", f"{TEXT} {more}", link=link)))
        assert room.edition().corrections == ()


def test_a_house_takes_back_its_own_and_an_agency_every_copy() -> None:
    with open_desk(FakeFetcher({feed.url: rss() for feed in FEEDS}), Clock(), FEEDS) as app:
        room = Room(app, app.clock, app._resources._fetcher)  # type: ignore[arg-type]
        original = Item("1", TITLE, TEXT, link="https://wire.example/1")
        room.poll(WIRE, rss(original))
        room.poll(HERALD, rss(Item("2", "Tessel dam bursts", TEXT, link="https://herald.example/2")))
        kill = Item(
            "k",
            f"KILL-{TITLE}",
            f"Editors: please kill the story {TITLE}. No dam burst.",
            link="https://wire.example/k",
        )
        room.poll(WIRE, rss(original, kill))
        [notice] = room.edition().corrections
        assert (notice.publisher, notice.kind) == ("Wire", "kill")
        assert "Herald" in {source.publisher for source in notice.stale}
        assert all("am bursts" not in story.title for story in room.edition().stories())


def test_an_edit_of_a_copy_corrects_no_other_house() -> None:
    with open_desk(FakeFetcher({feed.url: rss() for feed in FEEDS}), Clock(), FEEDS) as app:
        room = Room(app, app.clock, app._resources._fetcher)  # type: ignore[arg-type]
        room.poll(HERALD, rss(Item("1", TITLE, TEXT, link="https://herald.example/1")))
        room.poll(BLOG, rss(Item("2", TITLE, TEXT, link="https://blog.example/2")))
        fixed = TEXT.replace("Forty people", "Four people")
        room.poll(
            BLOG,
            rss(
                Item(
                    "2", f"CORRECTED: {TITLE}", f"(Corrects to four, not forty) {fixed}", link="https://blog.example/2"
                )
            ),
        )
        [notice] = room.edition().corrections
        assert (notice.publisher, notice.stale) == ("Blog", ())


@pytest.mark.parametrize("own_links", [True, False])
def test_invented_sources_make_one_publisher(*, own_links: bool) -> None:
    documents = [
        sourced(
            rss(Item(f"n{n}", f"{TITLE}, report {n}", f"{TEXT} Report {n} of the day.", link=f"https://{'blog' if own_links else 'elsewhere'}.example/{n}")),
            f"House {n}", f"https://house{n}.com/rss",
        )
        for n in range(5)
    ]  # fmt: skip
    items = b"".join(document.partition(b"</title>")[2].removesuffix(b"</channel></rss>") for document in documents)
    document = rss(title="Blog").replace(b"</channel>", items + b"</channel>")
    with open_desk(FakeFetcher({BLOG.url: document}), Clock(), [BLOG]) as app:
        app.watches().add("many", WatchQuery(words=("dam",), min_publishers=2), [], "desk")
        app.fetch()
        assert app.store.connection.execute("SELECT count(*), count(DISTINCT publisher) FROM entry").fetchone() == (
            5,
            1,
        )
        assert app.stories(StoryQuery(min_publishers=2)) == []
        assert app.store.connection.execute("SELECT count(*) FROM alert").fetchone() == (0,)
        titles = {row[0] for row in app.store.connection.execute("SELECT source_title FROM entry")}
        assert titles == {f"House {n}" for n in range(5)}  # the claim is kept


def test_a_feed_that_the_desk_believes_counts_for_the_houses_it_names() -> None:
    item = Item("n", TITLE, TEXT, link="https://planet.example/n")
    believed = Feed("https://planet.example/rss", name="Planet", publisher="Planet", speaks_for_others=True)
    document = sourced(rss(item), "The Valley Echo", "https://valleyecho.com/rss")
    with open_desk(FakeFetcher({believed.url: document}), Clock(), [believed]) as app:
        app.fetch()
        assert app.store.connection.execute("SELECT publisher FROM entry").fetchone() == ("The Valley Echo",)


# --- requests ------------------------------------------------------------------------------------


def refusal(url: str) -> FetchFailure:
    until = datetime(2026, 3, 17, 6, 0, tzinfo=UTC)
    return FetchFailure("http", "429 Too Many Requests", status=429, retry_after=until, host_wide=True, url=url)


def test_a_redirect_to_another_host_silences_nobody_there() -> None:
    neighbour = Feed("https://herald.example/sport", name="Sport", publisher="Herald")
    fetcher, clock = FakeFetcher({HERALD.url: rss(), neighbour.url: rss()}), Clock()
    fetcher.answers[BLOG.url] = refusal("https://herald.example/busy")
    with open_desk(fetcher, clock, [BLOG, HERALD, neighbour]) as app:
        assert {outcome.feed: outcome.status for outcome in app.fetch()} == {
            "Blog": "error",
            "Herald": "ok",
            "Sport": "ok",
        }
        due = dict(app.store.connection.execute("SELECT name, next_fetch FROM feed"))
        assert due["Blog"] >= "2026-03-17"
        assert max(due["Herald"], due["Sport"]) <= "2026-03-12"


def test_a_refusal_of_its_own_host_holds_the_host() -> None:
    neighbour = Feed("https://herald.example/sport", name="Sport", publisher="Herald")
    fetcher, clock = FakeFetcher({HERALD.url: refusal(HERALD.url), neighbour.url: rss()}), Clock()
    with open_desk(fetcher, clock, [HERALD, neighbour]) as app:
        app.fetch()
        due = dict(app.store.connection.execute("SELECT name, next_fetch FROM feed"))
        assert min(due.values()) >= "2026-03-17"


def test_a_feed_that_was_led_to_another_s_address_is_not_asked_in_its_stead() -> None:
    fetcher, clock = FakeFetcher({HERALD.url: rss(Item("1", TITLE, TEXT))}), Clock()
    with open_desk(fetcher, clock, [BLOG, HERALD]) as app:
        app.store.connection.execute("UPDATE feed SET fetch_url = ? WHERE name = 'Blog'", (HERALD.url,))
        clock.forward(days=1)
        outcomes = {outcome.feed: outcome.status for outcome in app.fetch(everything=True)}
        assert outcomes == {"Blog": "skipped", "Herald": "ok"}
        assert app.store.connection.execute("SELECT publisher FROM entry").fetchone() == ("Herald",)
    assert MORNING + timedelta(days=1) == clock.now
