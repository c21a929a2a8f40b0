"""A notice stands in the story of the text that it names by its headline, however little wording they share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from aggregator.ingest.notices import NoticeLinks
from aggregator.model import Feed
from aggregator.newsroom.corrections import recognise
from aggregator.newsroom.named_headlines import headlines_named
from tests.desk.test_corrections import COPY, ECHO, FIRE, HERALD, WIRE, Newsroom, newsroom
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

HEADLINE = "Fire in Brackwater warehouse hurts 21 people"
BARE = Item(
    "w2",
    "WITHDRAWN: a story of Monday night",
    f"Please do not use the story “{HEADLINE}”. Our correspondent had taken an exercise of lifeguards at Porto Alvo for an accident; "
    "the editor on duty, Runa Dalby, regrets that nobody rang the coast guard before it was sent to all subscribers.",
    link="https://wire.example/w2",
)
ANOTHER = (
    "Paint that had stood open since spring went up in flames at noon on Tuesday, and the harbour smelt of it until the evening. "
    "Nurses counted bruises and coughs among the dockers whom ambulances had brought to the clinic above the market."
)
OTHER = Item(
    "w9", "Parliament in Vantoria rejects the Hesk budget", "Members voted 61 to 58 against the budget of Hesk."
)


@pytest.mark.parametrize(
    ("title", "text", "named"),
    [
        (f"KILL-{HEADLINE}", "", (HEADLINE,)),
        (f"CORRECTED-UPDATE 2-{HEADLINE}", "", (HEADLINE,)),
        (f"Correction: {HEADLINE}", "", (HEADLINE,)),
        (f"{HEADLINE} (corrected)", "", (HEADLINE,)),
        ("WITHDRAWN: a story of Monday", f"Do not use the story „{HEADLINE}“.", ("a story of Monday", HEADLINE)),
        (HEADLINE, "Editors: please kill this story.", (HEADLINE,)),
    ],
)
def test_a_notice_names_headlines(title: str, text: str, named: tuple[str, ...]) -> None:
    assert recognise(title, text) is not None
    assert headlines_named(title, text) == named


@pytest.mark.parametrize("order", list(permutations((WIRE, HERALD, ECHO))))
def test_a_kill_stands_in_the_story_that_it_kills_whichever_comes_first(order: tuple[Feed, ...]) -> None:
    """The Echo is another feed of the wire's."""
    shown = {WIRE.url: (FIRE,), HERALD.url: (COPY,), ECHO.url: (replace(BARE, link="https://wire.example/w2"),)}
    feeds = [WIRE, HERALD, replace(ECHO, publisher="Wire", agency=True)]
    fetcher, clock = FakeFetcher(), Clock()
    with open_desk(fetcher, clock, feeds) as app:
        for feed in order:
            fetcher.answers = {url: rss(*items) for url, items in shown.items() if url == feed.url}
            app.fetch([feed.name or ""], everything=True)
        room = Newsroom(app, clock, fetcher)
        assert room.story_of("w1") == room.story_of("h1") == room.story_of("w2")
        [notice] = room.corrections("w1")
        assert notice.kind == "withdrawn"


def linked(room: Newsroom) -> set[tuple[str, str]]:
    """Return which entry each notice is bound to, by their keys."""
    keys = dict(room.app.store.connection.execute("SELECT id, key FROM entry"))
    return {
        (keys[notice], keys[meant])
        for one in NoticeLinks(room.app.store).constraints()
        for notice in one.left
        for meant in one.right
    }


def test_a_notice_names_a_text_of_its_own_house_only() -> None:
    with newsroom() as room:
        room.poll(ECHO, replace(BARE, link="https://echo.example/1"))
        assert linked(room) == set()
        room.poll(WIRE, FIRE, replace(BARE, guid="w4", link="https://wire.example/w4"))
        assert linked(room) == {("w4", "w1")}


def test_of_two_texts_under_one_headline_the_last_before_the_notice_is_meant() -> None:
    with newsroom() as room:
        later = [
            replace(
                FIRE,
                guid=f"w{hours}",
                text=text,
                published=MORNING + timedelta(hours=hours),
                link=f"https://wire.example/{hours}",
            )
            for hours, text in ((30, ANOTHER), (50, ANOTHER[::-1]))
        ]
        room.clock.forward(hours=60)
        room.poll(WIRE, FIRE, *later, replace(BARE, published=MORNING + timedelta(hours=40)))
        assert linked(room) == {("w2", "w30")}


def test_a_slot_of_the_day_is_no_text_that_a_notice_names() -> None:
    with newsroom() as room:
        briefing = Item(
            "w5",
            "Morning briefing: all you need to know",
            "Roads, trains and the weather.",
            link="https://wire.example/w5",
        )
        room.poll(WIRE, briefing, replace(BARE, title=f"KILL-{briefing.title}", text="Please kill this story."))
        assert linked(room) == set()


def test_an_editor_who_parts_a_notice_from_its_text_is_obeyed() -> None:
    with newsroom() as room:
        room.poll(WIRE, FIRE, BARE)
        story = room.story_of("w1")
        assert room.story_of("w2") == story
        [kill] = room.app.store.connection.execute("SELECT id FROM entry WHERE key = 'w2'").fetchone()
        room.app.editor("desk").split(story, [kill])
        room.poll(ECHO, OTHER)
        assert room.story_of("w2") != room.story_of("w1")
