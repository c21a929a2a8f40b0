"""Mistakes that other systems are known for, the first nine: what must not stand together, and what must."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import Feed
from tests.clustering.arriving import Text, room, spread
from tests.clustering.events import BRIDGE_OPENS, FERRY, FLOOD_OF_REPORTS, HARBOUR_DAY, OTHER_NEWS, STRIKE
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

# --- 1: the publisher's own name ------------------------------------------------------------------


def test_mistake_01_the_publishers_name_in_every_title_pulls_nothing_together() -> None:
    source = "Harbour Gazette"
    texts = [
        Text(f"g{number}", f"{title} - {source}", body, source=source)
        for number, (title, body) in enumerate(OTHER_NEWS, 1)
    ]
    with room(*texts) as made:
        assert made.stories(text.key for text in texts) == len(texts)


@pytest.mark.parametrize("suffix", [" - Reuters", " | dpa", " (AP)", " – AFP"])
def test_mistake_01_nor_does_the_name_of_an_agency(suffix: str) -> None:
    texts = [Text(f"g{number}", title + suffix, source="News search") for number, (title, _) in enumerate(OTHER_NEWS)]
    with room(*texts) as made:
        assert made.stories(text.key for text in texts) == len(texts)


@pytest.mark.parametrize("suffix", [" | The Daily Example", " – Beispielnachrichten", " - World - The Example"])
def test_mistake_01_nor_does_a_name_that_no_one_declared(suffix: str) -> None:
    feed = Feed("https://search.example/rss", name="Search", publisher="Search")
    items = [Item(f"g{number}", title + suffix) for number, (title, _) in enumerate(OTHER_NEWS)]
    with open_desk(FakeFetcher({feed.url: rss(*items)}), Clock(), [feed]) as app:
        app.fetch()
        [counts] = app.store.connection.execute("SELECT count(*), count(DISTINCT story_id) FROM entry").fetchall()
    assert counts == (len(items), len(items))


# --- 2: dates and numbers ---------------------------------------------------------------------------


def test_mistake_02_dates_and_numbers_alone_join_nothing() -> None:
    crash = Text(
        "crash",
        "Bus crash near Torvald on 3 March 2026 leaves 12 dead, 45 hurt",
        "A coach left the road near Torvald at 14:30 on 3 March 2026. Police counted 12 dead and 45 hurt;"
        " the driver is in hospital.",
    )
    shares = Text(
        "shares",
        "Index gains 12 points on 3 March 2026 as 45 companies report",
        "Trading ended at 14:30 on 3 March 2026 with the index up 12 points. Of 45 companies that reported,"
        " most beat forecasts.",
    )
    squad = Text(
        "squad",
        "Coach names 12 new faces in squad of 45 for 3 March 2026",
        "The squad of 45 announced at 14:30 for the tour that begins on 3 March 2026 has 12 players who"
        " never wore the shirt.",
    )
    with room(crash, shares, squad) as made:
        assert made.stories(["crash", "shares", "squad"]) == 3


# --- 3: the same words, the next instalment ----------------------------------------------------------


def package(number: str, day: str, hours: float, added: str) -> list[Text]:
    return [
        Text(
            f"p{number}a",
            f"EU adopts {number} package of sanctions against Russia",
            f"European Union governments adopted a {number} package of sanctions against Russia on {day},"
            f" {added}. Ambassadors in Brussels had agreed on the package the evening before.",
            hours=hours,
        ),
        Text(
            f"p{number}b",
            f"{number} sanctions package against Russia agreed in Brussels",
            f"The {number} package, {added}, was adopted in Brussels on {day}. Russia called the sanctions"
            " unlawful and promised an answer.",
            hours=hours + 2,
        ),
    ]


TWELFTH = package("12th", "18 December", 0, "which bans the import of Russian diamonds")
THIRTEENTH = package("13th", "23 February", 24 * 67, "which lists makers of drones and almost 200 persons")


def test_mistake_03_the_12th_and_the_13th_package_months_apart_are_two_stories() -> None:
    with room(*TWELFTH, *THIRTEENTH) as made:
        assert made.story("p12tha") == made.story("p12thb")
        assert made.story("p13tha") == made.story("p13thb")
        assert made.story("p12tha") != made.story("p13tha")


def test_mistake_03_the_13th_package_proposed_in_the_week_of_the_12th_is_a_story_of_its_own() -> None:
    proposed = [replace(text, hours=(text.hours or 0) - 24 * 64) for text in THIRTEENTH]
    with room(*TWELFTH, *proposed) as made:
        assert made.story("p12tha") != made.story("p13tha")


def meeting(key: str, day: str, place: str, subject: str, hours: float) -> list[Text]:
    return [
        Text(
            f"{key}a",
            f"NATO defence ministers meet in {place}",
            f"NATO defence ministers met in {place} on {day} under secretary general Rutte. On the table was"
            f" {subject}.",
            hours=hours,
        ),
        Text(
            f"{key}b",
            f"{subject.capitalize()} tops NATO defence ministers' agenda in {place}",
            f"Secretary general Rutte opened the meeting of NATO defence ministers in {place} on {day};"
            f" {subject} took most of the morning.",
            hours=hours + 3,
        ),
    ]


def test_mistake_03_two_nato_meetings_a_month_apart_are_two_stories() -> None:
    march = meeting("march", "12 March", "Brussels", "air defence for the eastern flank", 48)
    april = meeting("april", "14 April", "Brussels", "ammunition stocks and drone production", 48 + 24 * 33)
    with room(*march, *april) as made:
        assert made.story("marcha") == made.story("marchb")
        assert made.story("aprila") == made.story("aprilb")
        assert made.story("marcha") != made.story("aprila")


# --- 4: one place, other people ----------------------------------------------------------------------


def test_mistake_04_one_place_with_other_people_is_another_event() -> None:
    bakery = [
        Text(
            "bakery1",
            "Baker Otto Lind dies in Marnholm fire",
            "Baker Otto Lind, 61, died when fire tore through his shop in Marnholm before dawn. Firefighters"
            " blamed an oven.",
        ),
        Text(
            "bakery2",
            "Marnholm mourns baker Otto Lind after oven fire",
            "Neighbours laid flowers at the bakery of Otto Lind in Marnholm. An oven started the fire that"
            " killed him before dawn.",
        ),
    ]
    hotel = [
        Text(
            "hotel1",
            "Singer Ada Kree hurt in Marnholm hotel fire",
            "Singer Ada Kree broke a leg when she jumped from a hotel window in Marnholm. Guests fled as"
            " fire spread from the kitchen to the roof.",
            hours=10,
        ),
        Text(
            "hotel2",
            "Ada Kree cancels tour after jump from burning hotel in Marnholm",
            "The tour of singer Ada Kree is off: she broke a leg jumping from a hotel that caught fire in Marnholm.",
            hours=13,
        ),
    ]
    with room(*bakery, *hotel) as made:
        assert made.story("bakery1") == made.story("bakery2")
        assert made.story("hotel1") == made.story("hotel2")
        assert made.story("bakery1") != made.story("hotel1")


@pytest.mark.parametrize(
    ("title", "body"),
    [
        (
            "School in Skarvik wins a prize for its garden",
            "Pupils in Skarvik grow beans behind the gym; the ministry gave their garden a prize.",
        ),
    ],
    ids=["school"],
)
def test_mistake_04_one_place_with_nothing_else_in_common_is_another_event(title: str, body: str) -> None:
    with room(*FERRY, Text("other", title, body, hours=2)) as made:
        assert made.story("other") not in {made.story(text.key) for text in FERRY}


# --- 5: chains --------------------------------------------------------------------------------------


def test_mistake_05_texts_that_resemble_only_their_neighbours_are_not_one_report() -> None:
    paragraphs = [body for _, body in OTHER_NEWS]
    texts = spread(
        [Text(f"c{n}", f"Evening report, part {n}", "\n".join(paragraphs[n : n + 4])) for n in range(5)], 0.5
    )
    with room(*texts) as made:
        assert made.report("c0") != made.report("c3")
        assert made.report("c0") != made.report("c4")
        assert made.report("c1") != made.report("c4")


# --- 6: a story that swallows the day ----------------------------------------------------------------


def test_mistake_06_a_story_of_forty_reports_swallows_nothing_else() -> None:
    with room(*FLOOD_OF_REPORTS, *HARBOUR_DAY) as made:
        big = {made.story(text.key) for text in FLOOD_OF_REPORTS}
        assert len(big) <= 2
        assert not big & {made.story(text.key) for text in HARBOUR_DAY}


# --- 7: round-ups and live blogs ----------------------------------------------------------------------

ROUND_UP = Text(
    "roundup",
    "News round-up: ferry, bridge and strike",
    "\n".join(texts[0].body for texts in (FERRY, BRIDGE_OPENS, STRIKE)),
    source="Courier",
    hours=1.5,
)
LIVE = replace(
    ROUND_UP, key="live", title="Ferry aground, bridge opens, dockers walk out – live updates", source="Evening Star"
)
TODAY = Text(
    "today",
    "What we know today",
    "Ferry aground off Skarvik. Bridge over the Aldersund opens. Dockers of Ponte Sal walk out.",
)


@pytest.mark.parametrize("bridge", [ROUND_UP, LIVE, TODAY], ids=lambda text: text.key)
@pytest.mark.parametrize("place", [0, 4, 9])
def test_mistake_07_a_round_up_never_bridges_stories_whenever_it_comes(bridge: Text, place: int) -> None:
    texts = [text for trio in zip(FERRY, BRIDGE_OPENS, STRIKE, strict=True) for text in trio]
    texts.insert(place, bridge)
    with room(*texts) as made:
        assert made.story("ferry0") != made.story("bridge0")
        assert made.story("ferry0") != made.story("strike0")
        assert made.story("bridge0") != made.story("strike0")


@pytest.mark.parametrize("bridge", [ROUND_UP, LIVE], ids=lambda text: text.key)
def test_mistake_07_a_round_up_is_no_copy_of_what_it_quotes(bridge: Text) -> None:
    with room(*FERRY, *BRIDGE_OPENS, *STRIKE, bridge) as made:
        quoted = {made.report(text.key) for text in (*FERRY, *BRIDGE_OPENS, *STRIKE)}
        assert len(quoted) == 9


# --- 8: recurring titles -----------------------------------------------------------------------------

SLOTS = (
    "Morning briefing",
    "Weather: your forecast for the week",
    "The Harbour Podcast",
    "Release notes",
    "Das Wetter",
    "Revue de presse",
)


@pytest.mark.parametrize("slot", SLOTS)
def test_mistake_08_a_title_that_comes_again_every_day_is_another_entry_each_day(slot: str) -> None:
    bodies = [body for _, body in OTHER_NEWS[:4]]
    texts = [Text(f"d{day}", slot, body, source="Courier", hours=24.0 * day) for day, body in enumerate(bodies)]
    with room(*texts) as made:
        assert made.reports(text.key for text in texts) == 4
        assert made.stories(text.key for text in texts) == 4


def test_mistake_08_nor_are_texts_of_a_slot_that_differ_in_their_numbers_only() -> None:
    def forecast(day: int, high: int, low: int, wind: int) -> Text:
        body = (
            f"Dry with sunny spells over the sound, a high of {high} degrees by the coast and {low} inland"
            " after midnight."
            f" Winds from the west at up to {wind} kilometres an hour, easing towards the evening; no"
            " warnings are in force."
        )
        return Text(f"w{day}", "Weather for the coast", body, source="Courier", hours=24.0 * day)

    with room(forecast(0, 17, 8, 24), forecast(1, 21, 11, 31), forecast(2, 13, 4, 52)) as made:
        assert made.reports(["w0", "w1", "w2"]) == 3


def test_mistake_08_two_publishers_with_one_slot_and_no_text_are_apart() -> None:
    with room(
        Text("one", "Morning briefing: what you need to know today"),
        Text("two", "Morning briefing: what you need to know today", hours=2),
    ) as made:
        assert made.reports(["one", "two"]) == 2


# --- 9: a feed that cuts its texts off ----------------------------------------------------------------


WHOLE = " ".join(text.body for text in FERRY)


@pytest.mark.parametrize("words", [22, 35, 50])
@pytest.mark.parametrize("full_first", [True, False])
def test_mistake_09_a_cut_off_text_is_a_copy_of_its_full_text_whatever_its_headline(
    words: int, *, full_first: bool
) -> None:
    full = Text("full", "Ferry runs aground off Skarvik", WHOLE, source="Courier")
    cut = Text("cut", "Skarvik ship stuck on rocks", " ".join(WHOLE.split()[:words]) + " …", source="Evening Star")
    texts = (full, cut) if full_first else (cut, full)
    with room(*texts) as made:
        assert made.reports(["full", "cut"]) == 1


@pytest.mark.parametrize("words", [0, 8, 14])
@pytest.mark.parametrize("full_first", [True, False])
def test_mistake_09_a_text_cut_to_a_line_is_a_copy_under_the_same_headline(words: int, *, full_first: bool) -> None:
    full = Text("full", "Ferry runs aground off Skarvik", WHOLE, source="Courier")
    cut = replace(full, key="cut", body=" ".join(WHOLE.split()[:words]), source="Evening Star", hours=1)
    texts = (full, cut) if full_first else (cut, full)
    with room(*texts) as made:
        assert made.reports(["full", "cut"]) == 1
