"""Pairs of entries that share words or numbers and tell two events: neither order of arrival puts them together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.clustering.arriving import Text, room

AGROUND = Text(
    "aground",
    "Ferry runs aground off Skarvik",
    "Lifeboats took 210 passengers ashore after the ferry Nordlys struck rocks off Skarvik in fog; nobody was hurt, the"
    " coastguard said.",
)
TIMETABLE = Text(
    "timetable",
    "Ferry timetable for the spring",
    "The spring timetable of the Skarvik ferry is out: the Nordlys leaves Skarvik on the hour from six in the morning, and"
    " bicycles travel free on weekdays.",
)
KEPT = Text(
    "kept",
    "Norland central bank keeps rate at 3.25 per cent",
    "Norland's central bank kept its main interest rate at 3.25 per cent on Monday and saw no need to move before the"
    " summer. Inflation slowed to 2.4 per cent in February. Governor Piet Aldersey said wages were rising faster than the"
    " bank would like. The Norland crown was little changed. The bank's board meets again in May.",
)
RAISED = Text(
    "raised",
    "Sudmark raises interest rate to 3.25 per cent",
    "The central bank of Sudmark raised its main interest rate by a quarter of a point to 3.25 per cent on Monday as food"
    " prices refuse to come down. Inflation stood at 5.1 per cent in February. Governor Lena Storch spoke of a last step."
    " The bank's next board meeting is at the end of April.",
)
MARKETS = "Shares opened {0}. The main index stood at {1} points. Oil traded at {2} a barrel, gold was steady."
TUGS = "Tugs are on their way in heavy seas, the coast guard said at dawn."
POWER = "Engines failed while passengers had breakfast below decks."
LOOKALIKES = {
    "one plain word": (
        Text("rail", "Rail strike halts trains in Lisbon"),
        Text("port", "Strike at port of Santos enters third day"),
    ),
    "one plain word of four": (Text("rail", "Strike hits Lisbon rail"), Text("port", "Strike hits Santos port")),
    "a ferry and its timetable": (AGROUND, TIMETABLE),
    "a ferry and its timetable, as headlines": (
        Text("aground", "Ferry aground off Skarn"),
        Text("timetable", "Ferry timetable for Skarn changes on Sunday"),
    ),
    "one number, two banks": (KEPT, RAISED),
    "one phrase of several words": (
        Text(
            "producer",
            "The producer behind the suburb's next music moguls",
            "Every summer Toko plays to thousands, but it is the next generation of hip-hop that he wants to raise in his garage.",
        ),
        Text(
            "rapper",
            "Is this rapper the star of his age?",
            "An album whose lyrics nobody else dared to write has subverted hip-hop and leads the lists in nine countries.",
        ),
    ),
    "one office": (
        Text(
            "bankruptcy",
            "Government seeks to stop a bankruptcy plan",
            "The Justice Department has been appealing the deal with the makers of the drug, approved earlier this month.",
        ),
        Text(
            "clinic",
            "Judge refuses an early hearing on the clinic law",
            "A request by the Justice Department for a hearing this week was turned down; the next date is in October.",
        ),
    ),
    "one headline that names nobody": (
        Text(
            "ghent",
            "Police appeal for witnesses",
            "A jeweller's shop in the Veldstraat of Ghent was robbed on Sunday, and a white van left at speed.",
        ),
        Text(
            "leeds",
            "Police appeal for witnesses",
            "A cyclist of 34 died under a lorry near Leeds; drivers with dashcams are asked to call.",
        ),
    ),
    "one headline of two words": (
        Text("hexham", "Road closed", "The B6318 near Hexham cannot be used after a landslip on the moor."),
        Text("skarn", "Road closed", "A burst main floods Harbour Street in Skarn until Friday evening."),
    ),
    "one slot, two days": (
        Text("monday", "Markets at the open", MARKETS.format("little changed on Monday", "8,214", "71.40")),
        Text("tuesday", "Markets at the open", MARKETS.format("higher on Tuesday", "8,261", "72.10"), hours=22),
    ),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", LOOKALIKES)
def test_lookalikes_stand_apart_whichever_comes_first(kind: str, *, turned: bool) -> None:
    first, second = reversed(LOOKALIKES[kind]) if turned else LOOKALIKES[kind]
    with room(first, replace(second, hours=(second.hours or 0) + 2)) as made:
        assert made.stories([first.key, second.key]) == 2


@pytest.mark.parametrize(
    "title", ["Weather Alert Day issued for Monday as storms near", "Ministers agree timetable for withdrawal"]
)
def test_news_of_the_weather_or_of_a_plan_is_no_slot(title: str) -> None:
    body = "Storms are near Ostrel, and the ministers of Vantoria met governor Palit Renn at the Kelmara dam on Monday."
    same = "Palit Renn met ministers of Vantoria at the Kelmara dam above Ostrel on Monday as storms came near."
    with room(Text("one", title, body), Text("two", "Palit Renn at the Kelmara dam", same, hours=1)) as made:
        assert made.stories(["one", "two"]) == 1


@pytest.mark.parametrize(
    ("title", "one", "other"),
    [
        ("Ferry adrift off Skarn", TUGS, POWER),
        ("FERRY ADRIFT OFF SKARN", TUGS, POWER),
        (
            "Stocks tumble as oil soars",
            "The index lost four percent on fears of a longer war.",
            "Traders fled to gold.",
        ),
        ("Two injured in crash", "A tram hit a van in Graz; passengers went to hospital.", "Graz: the tram came fast."),
    ],
)
def test_one_headline_over_two_texts_is_one_event_where_it_tells_which_or_the_texts_do(
    title: str, one: str, other: str
) -> None:
    with room(Text("one", title, one), Text("two", title, other, source="Ledger", hours=1)) as made:
        assert made.stories(["one", "two"]) == 1
