"""A pin yields to the pinned entry's own publisher taking it back, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from aggregator.app import Aggregator
from aggregator.exceptions import DecisionError
from aggregator.model import Feed, StoryQuery
from aggregator.model.stories import Flag, StorySummary
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

POST, TIMES, MAIL = (f"https://{name}.example/feed" for name in ("post", "times", "mail"))
FEEDS = [
    Feed(POST, publisher="Post"),
    Feed(TIMES, publisher="Times", authority=90),
    Feed(MAIL, publisher="Mail"),
]
FIRE = Item(
    "post",
    "Fire closes the harbour of Tarnow",
    "A fire closed the harbour of Tarnow on Monday night, and 40 ships waited outside the harbour until the morning.",
)
OTHERS = {
    TIMES: rss(
        Item(
            "times",
            "Harbour of Tarnow closed by fire",
            "The harbour of Tarnow was closed on Monday night after a fire; ships waited, said harbour master Ivo Marsk.",
        )
    ),
    MAIL: rss(
        Item(
            "mail",
            "Tarnow harbour shut after fire",
            "Firefighters shut the harbour of Tarnow on Monday after a fire, and ships waited, harbour master Ivo Marsk said.",
        )
    ),
}
KILLED = Item("post", f"KILL: {FIRE.title}", "Editors: please kill this story. It is wrong.")
NOTICE = Item(
    "kill", KILLED.title, f'Editors: please kill the story headlined "{FIRE.title}".', MORNING + timedelta(hours=1)
)


class Desk:
    """Three houses tell one event, and an editor pinned what the Post has of it."""

    def __init__(self, app: Aggregator, fetcher: FakeFetcher, clock: Clock) -> None:
        self.app, self._fetcher, self._clock = app, fetcher, clock
        self.poll(POST, FIRE)
        rows = app.store.connection.execute("SELECT key, id FROM entry").fetchall()
        self.ids = {str(key): str(entry) for key, entry in rows}
        app.editor("ann").pin(self.story.id, self.ids["post"])
        assert self.story.canonical_entry == self.ids["post"]

    def poll(self, url: str, *items: Item) -> None:
        self._clock.forward(hours=1)
        self._fetcher.answers[url] = rss(*items)
        self.app.fetch(everything=True)

    @property
    def story(self) -> StorySummary:
        [found] = self.app.stories(StoryQuery())
        return found


@pytest.fixture
def desk() -> Iterator[Desk]:
    fetcher, clock = FakeFetcher(dict(OTHERS)), Clock()
    with open_desk(fetcher, clock, FEEDS) as app:
        yield Desk(app, fetcher, clock)


@pytest.mark.parametrize("items", [(KILLED,), (FIRE, NOTICE)], ids=["in the entry", "by a notice"])
def test_a_story_that_other_houses_tell_stands_without_the_pinned_entry(desk: Desk, items: tuple[Item, ...]) -> None:
    desk.poll(POST, *items)
    assert desk.story.canonical_entry == desk.ids["times"]
    assert Flag.KILLED not in desk.story.flags
    assert Flag.CORRECTED in desk.story.flags
    edition = desk.app.edition()
    assert [story.id for section in edition.sections for story in section.stories] == [desk.story.id]
    assert [notice.publisher for notice in edition.corrections] == ["Post"]


def test_the_pin_holds_again_where_the_notice_is_edited_away(desk: Desk) -> None:
    desk.poll(POST, KILLED)
    desk.poll(POST, FIRE)
    assert desk.story.canonical_entry == desk.ids["post"]
    assert [decision.undone_at for decision in desk.app.decisions()] == [None]


def test_no_other_house_ends_a_pin(desk: Desk) -> None:
    desk.poll(MAIL, Item("mail", f"KILL: {FIRE.title}", "Editors: please kill this story. It is wrong."))
    assert desk.story.canonical_entry == desk.ids["post"]


def test_an_entry_that_was_taken_back_cannot_be_pinned(desk: Desk) -> None:
    desk.poll(POST, KILLED)
    with pytest.raises(DecisionError, match="taken back by its publisher"):
        desk.app.editor("ann").pin(desk.story.id, desk.ids["post"])
    desk.app.editor("ann").pin(desk.story.id, desk.ids["mail"])
    assert desk.story.canonical_entry == desk.ids["mail"]
