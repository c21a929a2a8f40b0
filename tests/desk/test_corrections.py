"""Corrections and kills of a story: when they count, for whom they stand, and which copies they leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from aggregator.app import Aggregator
from aggregator.digest.values import Correction
from aggregator.model import Feed
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

WIRE = Feed("https://wire.example/rss", name="Wire", publisher="Wire", agency=True)
HERALD = Feed("https://herald.example/rss", name="Herald", publisher="Herald")
POST = Feed("https://post.example/rss", name="Post", publisher="Post")
ECHO = Feed("https://echo.example/rss", name="Echo", publisher="Echo")
FEEDS = [WIRE, HERALD, POST, ECHO]

TOLD = (
    "A fire in the warehouse district of Brackwater hurt 21 people on Monday night, the port authority said. "
    "Crews from four stations fought the flames for two hours before the last of them went home. "
    "The warehouse stored paper and paint, and its owner said that the sprinklers had been tested in March. "
    "Nobody who lives in the streets around it had to leave, but schools will stay shut on Tuesday."
)
PUT_RIGHT = TOLD.replace("21 people", "12 people")
FIRE = Item("w1", "Fire in Brackwater warehouse hurts 21 people", TOLD, link="https://wire.example/w1")
COPY = Item("h1", "Warehouse burns in Brackwater", TOLD, link="https://herald.example/h1")
FIXED = Item("p1", "Brackwater warehouse fire", PUT_RIGHT, link="https://post.example/p1")
CORRECTED = replace(
    FIRE,
    title="CORRECTED-Fire in Brackwater warehouse hurts 12 people",
    text=f"(Corrects number of people hurt to 12, not 21) {PUT_RIGHT}",
)
KILL = Item(
    "w2",
    "KILL-Fire in Brackwater warehouse hurts 21 people",
    "Editors: please kill the story Fire in Brackwater warehouse hurts 21 people. The port authority says that there"
    " was no fire in the warehouse district of Brackwater on Monday night.",
    link="https://wire.example/w2",
)


@dataclass
class Newsroom:
    """A desk on four feeds, with what each of them shows at the moment."""

    app: Aggregator
    clock: Clock
    fetcher: FakeFetcher
    shown: dict[str, tuple[Item, ...]] = field(default_factory=dict)

    def poll(self, feed: Feed, *items: Item) -> None:
        """Show these entries in a feed, and poll all."""
        self.shown[feed.url] = items
        self.fetcher.answers = {url: rss(*shown) for url, shown in self.shown.items()}
        self.app.fetch(everything=True)

    def story_of(self, key: str) -> str:
        """Return the story of an entry."""
        row = self.app.store.connection.execute("SELECT story_id FROM entry WHERE key = ?", (key,)).fetchone()
        return str(row[0])

    def corrections(self, key: str) -> tuple[Correction, ...]:
        """Return the corrections of an entry's story."""
        return self.app.corrections(self.app.story(self.story_of(key)))


@contextmanager
def newsroom() -> Iterator[Newsroom]:
    """Open a desk on four feeds in which the wire and three papers have told of one fire."""
    fetcher, clock = FakeFetcher(), Clock()
    with open_desk(fetcher, clock, FEEDS) as app:
        room = Newsroom(app, clock, fetcher)
        room.shown = {WIRE.url: (FIRE,), HERALD.url: (COPY,), POST.url: (FIXED,), ECHO.url: ()}
        room.poll(ECHO)
        clock.forward(hours=2)
        yield room


def test_an_edit_into_a_correction_names_the_copies_with_the_old_wording() -> None:
    with newsroom() as room:
        assert room.corrections("w1") == ()
        room.poll(WIRE, CORRECTED)
        [notice] = room.corrections("w1")
    assert (notice.kind, notice.publisher, notice.time) == ("correction", "Wire", MORNING + timedelta(hours=2))
    assert notice.text == "Corrects number of people hurt to 12, not 21"
    assert [(source.publisher, source.url) for source in notice.stale] == [("Herald", "https://herald.example/h1")]


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("KORREKTUR: Brand in Brackwater", "In einer früheren Fassung war von 21 Verletzten die Rede."),
        ("Correction: Fire in Brackwater", "An earlier version gave 21 as the number of people hurt."),
        ("Rectificatif: incendie à Brackwater", "Une version précédente parlait de 21 blessés."),
        ("Sprostowanie: pożar w Brackwater", "W poprzedniej wersji podaliśmy liczbę 21 rannych."),
    ],
)
def test_a_correction_marked_in_its_title_is_explained_by_what_it_says_of_its_earlier_version(
    title: str, said: str
) -> None:
    with newsroom() as room:
        room.poll(WIRE, replace(FIRE, title=title, text=f"{PUT_RIGHT} {said}"))
        [notice] = room.corrections("w1")
    assert notice.text == said


def test_a_copy_that_follows_the_correction_is_no_longer_listed() -> None:
    with newsroom() as room:
        room.poll(WIRE, CORRECTED)
        room.clock.forward(hours=1)
        room.poll(HERALD, replace(COPY, text=PUT_RIGHT))
        [notice] = room.corrections("w1")
    assert notice.stale == ()
    assert notice.time == MORNING + timedelta(hours=2)


def test_copies_of_a_correction_are_one_notice_the_agencys_own() -> None:
    with newsroom() as room:
        room.poll(HERALD, replace(COPY, text=CORRECTED.text))
        room.clock.forward(hours=1)
        room.poll(WIRE, CORRECTED)
        [notice] = room.corrections("w1")
    assert notice.publisher == "Wire"
    assert notice.stale == ()


def test_a_later_edit_does_not_announce_a_correction_again() -> None:
    with newsroom() as room:
        room.poll(WIRE, CORRECTED)
        first = room.corrections("w1")
        room.clock.forward(hours=3)
        room.poll(WIRE, replace(CORRECTED, text=f"{CORRECTED.text} A spokeswoman thanked the crews."))
        assert [one.time for one in room.corrections("w1")] == [one.time for one in first]


def test_a_separate_correction_is_held_against_the_text_it_replaces() -> None:
    with newsroom() as room:
        room.poll(WIRE, FIRE, replace(CORRECTED, guid="w9", link="https://wire.example/w9"))
        [notice] = room.corrections("w1")
    assert {source.publisher for source in notice.stale} == {"Wire", "Herald"}


def test_a_kill_marks_every_copy_and_deletes_nothing() -> None:
    with newsroom() as room:
        before = room.app.store.connection.execute("SELECT id, title, text FROM entry ORDER BY id").fetchall()
        room.poll(WIRE, FIRE, KILL)
        if room.story_of("w2") != room.story_of("w1"):
            room.app.editor("test").merge([room.story_of("w1"), room.story_of("w2")])
        [notice] = room.corrections("w1")
        story = room.app.story(room.story_of("w1"))
        after = room.app.store.connection.execute(
            "SELECT id, title, text FROM entry WHERE key != 'w2' ORDER BY id"
        ).fetchall()
    assert notice.kind == "kill"
    assert {source.publisher for source in notice.stale} == {"Wire", "Herald", "Post"}
    assert "killed" in story.summary.flags
    assert "corrected" not in story.summary.flags
    assert after == before


def test_a_kill_leaves_the_agencys_other_texts_of_the_story_alone() -> None:
    other = Item(
        "w3",
        "Brackwater schools stay shut after warehouse fire",
        "All nine schools of Brackwater stay shut on Tuesday, the mayor said on the radio in the evening. "
        "She asked parents to keep windows closed and promised the results of air tests by noon.",
        link="https://wire.example/w3",
    )
    with newsroom() as room:
        room.poll(WIRE, FIRE, other, KILL)
        stories = sorted({room.story_of(key) for key in ("w1", "w2", "w3")})
        if len(stories) > 1:
            room.app.editor("test").merge(stories)
        [notice] = room.corrections("w1")
    assert "https://wire.example/w3" not in {source.url for source in notice.stale}
    assert "https://herald.example/h1" in {source.url for source in notice.stale}


@pytest.mark.parametrize(("hour", "expected"), [(2, 0), (3, 1)])
def test_an_edition_holds_the_notices_of_its_window(hour: int, expected: int) -> None:
    with newsroom() as room:
        room.clock.now = MORNING + timedelta(hours=2, minutes=30)
        room.poll(WIRE, CORRECTED)
        room.clock.now = MORNING + timedelta(hours=8)
        edition = room.app.edition(since=MORNING, until=MORNING + timedelta(hours=hour))
    assert len(edition.corrections) == expected


def test_an_edition_of_an_earlier_window_reads_texts_as_they_stood() -> None:
    with newsroom() as room:
        room.poll(WIRE, CORRECTED)
        room.clock.forward(hours=4)
        room.poll(HERALD, replace(COPY, text=PUT_RIGHT))
        edition = room.app.edition(since=MORNING, until=MORNING + timedelta(hours=3))
    [notice] = edition.corrections
    assert [source.publisher for source in notice.stale] == ["Herald"]
