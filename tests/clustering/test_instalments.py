"""Series that a house runs day after day: each instalment tells of its own day, whatever the series is called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.clustering.instalments import undated
from aggregator.text.tokens import words
from tests.clustering.arriving import Text, room

MONDAY = (
    "The harbour pilots voted on their new rota, the ferry to Sandholm was late twice, and the library on Canal Street"
    " opened an hour early for the examinations."
)
TUESDAY = (
    "The ferry to Sandholm ran on time, the pilots began on their new rota, and the council heard complaints about the"
    " library on Canal Street, which closed early for repairs."
)


@pytest.mark.parametrize(
    ("language", "title", "kept"),
    [
        ("en", "Harbour wrap: what happened on 17 September", "harbour wrap what happened on"),
        ("en", "Puzzles and quiz, Sunday, September 19, 2021", "puzzles and quiz"),
        ("de", "Das Wichtigste aus Nordhafen am Freitag, 17. September 2021", "das wichtigste aus nordhafen am"),
        ("fr", "L'essentiel du port ce vendredi 17 septembre", "l'essentiel du port ce"),
        ("ru", "Главное за день в порту: пятница, 17 сентября", "главное за день в порту"),
        ("pl", "Port w skrócie: piątek, 17 września", "port w skrocie"),
        ("en", "Covid-19: 40 cases in 3 towns", "covid 19 40 cases in 3 towns"),  # numbers beside no date stay
        ("en", "News of Monday", "news of monday"),  # too little is left to name a series
        (None, "Bulletin du lundi 17 septembre", "bulletin du lundi 17 septembre"),
    ],
)
def test_a_title_without_its_date(language: str | None, title: str, kept: str) -> None:
    assert " ".join(undated(words(title), language)) == kept


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "Nordhafen wrap: what happened on 16 September", "Nordhafen wrap: what happened on 17 September"),
        ("de", "Nordhafen kompakt am Donnerstag, 16. September", "Nordhafen kompakt am Freitag, 17. September"),
        ("en", "Nordhafen today in five minutes", "Nordhafen today in five minutes"),
    ],
)
def test_instalments_of_a_series_are_stories_of_their_own(language: str, first: str, second: str) -> None:
    with room(
        Text("one", first, MONDAY, source="Harbour Post", language=language),
        Text("two", second, TUESDAY, source="Harbour Post", hours=24, language=language),
    ) as held:
        assert held.stories(["one", "two"]) == 2
        held.settle_anew()
        assert held.stories(["one", "two"]) == 2


def test_another_house_under_the_same_title_is_no_instalment() -> None:
    title = "Pilots of Nordhafen vote on the rota on Thursday"
    with room(
        Text("one", title, MONDAY, source="Harbour Post"),
        Text("two", title.replace("Thursday", "Friday"), MONDAY + " They accepted it.", source="Tide", hours=24),
    ) as held:
        assert held.stories(["one", "two"]) == 1


def test_an_edited_instalment_stays_one() -> None:
    first = Text("one", "Nordhafen wrap: what happened on 16 September", MONDAY, source="Harbour Post")
    second = Text("two", "Nordhafen wrap: what happened on 17 September", TUESDAY, source="Harbour Post", hours=24)
    with room(first, second) as held:
        held.take(replace(second, body=TUESDAY + " The rota was changed once more."))
        held.settle_anew()
        assert held.stories(["one", "two"]) == 2
