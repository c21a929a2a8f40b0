"""What `why` claims is true of what is stored: words, shares of the wording, hours, reports, scores."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.clustering.sketch import overlaps
from aggregator.storage.sketches import SketchStore
from tests.clustering.arriving import Room, Text, room
from tests.clustering.claimed import stands_in, terms
from tests.clustering.events import BRIDGE_OPENS, FERRY, FLOOD_OF_REPORTS, STRIKE
from tests.harness import MORNING

WIRE = " ".join(text.body for text in FERRY)
SCORES = re.compile(r"probability (\d\.\d\d), needed (\d\.\d\d)")
COPY = re.compile(
    r"^Same text as (.+)'s entry of (\d\d:\d\d)( under another headline)?: (\d+)% of the wording of both\.$"
)
CONTAINED = re.compile(
    r"^One text stands in the other, (.+)'s entry of (\d\d:\d\d)( under another headline)?: (\d+)% of the shorter one's wording\.$"
)
STORY = re.compile(
    r"^Shares (?P<terms>.+) with (?P<publisher>[^,]+)'s entry of (?P<at>\d\d:\d\d)"
    r"(?:, which (?P<holders>no other|\d+) of the (?P<reports>\d+) recent reports ha(?:s|ve))?"
    r", within (?P<count>\d+) (?P<unit>hours?|days)(?:; against it: .+)?"
    r"; probability (?P<score>\d\.\d\d), needed (?P<needed>\d\.\d\d)\.$"
)
APART = re.compile(
    r"^Shares (?P<terms>.+) with (?P<publisher>[^,]+)'s entry of (?P<at>\d\d:\d\d), the nearest of that story, which is too little.*; probability .+\.$"
)


def shares_of(made: Room, one: str, other: str) -> tuple[float, float]:
    found = SketchStore(made.store.connection, made.store.bands).sketches([made.id(one), made.id(other)])
    return overlaps(found[made.id(one)].sketch, [found[made.id(other)].sketch])[0]


# --- copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("headline", ["Ferry aground", "Another headline"])
def test_a_copys_sentence_gives_the_share_of_the_wording_the_publisher_and_the_time(headline: str) -> None:
    first = Text("a", "Ferry aground", WIRE, source="Wire", hours=8.05)
    copy = Text(
        "b", headline, f"{WIRE} Our reporter adds that the quay was crowded with families.", source="Courier", hours=9
    )
    with room(first, copy) as made:
        told = COPY.match(made.why("b").sentence)
        assert told is not None
        assert (told[1], told[2]) == ("Wire", "14:03")
        assert (told[3] is None) == (headline == first.title)
        assert int(told[4]) == round(100 * shares_of(made, "a", "b")[0])
        [match] = made.why("b").links
        assert match.score == pytest.approx(shares_of(made, "a", "b")[0], abs=1e-4)


def test_a_contained_text_gives_the_share_of_the_shorter() -> None:
    first = Text("a", "Ferry aground", f"{WIRE} {BRIDGE_OPENS[0].body} {STRIKE[0].body}", source="Wire", hours=8)
    cut = Text("b", "Rocks", " ".join(WIRE.split()[:30]) + " …", source="Courier", hours=9)
    with room(first, cut) as made:
        told = CONTAINED.match(made.why("b").sentence)
        assert told is not None
        assert (told[1], told[2]) == ("Wire", "14:00")
        assert int(told[4]) == round(100 * shares_of(made, "a", "b")[1])


def test_a_page_and_a_bare_headline_say_what_joined_them() -> None:
    link = "https://courier.example/2026/ferry"
    page = Text("a", "Ferry runs aground off Skarvik", source="Courier", link=link)
    with room(
        page, replace(page, key="b", source="Courier sea"), replace(page, key="c", source="Star", link="", hours=1)
    ) as made:
        assert (
            made.why("b").sentence
            == "The same page as Courier's entry of 06:00: one address, and like texts or headlines."
        )
        assert made.why("c").sentence == (
            "The same headline as Courier sea's entry of 06:00, and neither has a text to compare."
        )


def test_a_bare_headline_beside_a_full_text_says_that_only_one_has_none() -> None:
    full = Text("a", "Ferry runs aground off Skarvik", WIRE, source="Courier")
    with room(full, replace(full, key="b", body="", source="Star", hours=1)) as made:
        assert made.why("b").sentence == (
            "The same headline as Courier's entry of 06:00, and one of them lacks a text to compare."
        )


@pytest.mark.parametrize(
    ("longer", "said"), [("Tugs at work.", "both texts are"), (WIRE, "one of the texts is")], ids=["short", "full"]
)
def test_a_text_that_is_too_short_is_not_said_to_be_none(longer: str, said: str) -> None:
    short = Text("a", "Ferry runs aground off Skarvik", "Tugs at sea.", source="Courier")
    with room(replace(short, body=longer), replace(short, key="b", source="Star", hours=1)) as made:
        assert made.why("b").sentence == (
            f"The same headline as Courier's entry of 06:00, and {said} too short to be compared."
        )


# --- stories ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event", [FERRY, BRIDGE_OPENS, STRIKE, FLOOD_OF_REPORTS[:12]], ids=["ferry", "bridge", "strike", "flood"]
)
def test_what_a_storys_sentence_claims_is_true(event: tuple[Text, ...]) -> None:
    texts = {text.key: text for text in (*event, *FERRY, *BRIDGE_OPENS)}
    with room(*texts.values()) as made:
        for text in event:
            why = made.why(text.key)
            told = STORY.match(why.sentence)
            if COPY.match(why.sentence) or CONTAINED.match(why.sentence):
                continue
            assert told is not None, why.sentence
            match = next(one for one in why.links if one.kind == "story" and one.entry_id == made.id(text.key))
            [other] = [one for one in texts.values() if made.id(one.key) == match.other_id]
            assert made.story(other.key) == made.story(text.key)
            assert told["publisher"] == made.entry(other.key).publisher
            assert told["at"] == f"{made.entry(other.key).time:%H:%M}"
            named = terms(told["terms"])
            assert named, why.sentence
            for term in named:
                assert stands_in(term, text), (term, why.sentence)
                assert stands_in(term, other), (term, why.sentence)
            holders = len(
                {made.report(one.key) for one in texts.values() if all(stands_in(word, one) for word in named)}
            )
            assert told["holders"] == ("no other" if holders == 2 else str(holders))
            assert int(told["reports"]) == made.reports(texts)
            gap = abs((text.hours or 0) - (other.hours or 0))
            assert gap - 0.01 <= int(told["count"]) < gap + 1.02
            assert float(told["score"]) == pytest.approx(match.score, abs=0.0051)
            assert float(told["needed"]) == match.threshold == made.settings.stories.threshold


def test_each_number_of_an_edge_is_the_stored_one() -> None:
    with room(*FERRY, *STRIKE) as made:
        [stored] = made.matches("ferry0")
        [told] = made.why("ferry0").links
        assert (told.score, told.threshold, told.other_id) == (stored.score, stored.threshold, stored.other_id)
        assert stored.evidence.items() <= told.evidence.items()


def test_an_entry_without_company_says_so() -> None:
    with room(FERRY[0], *BRIDGE_OPENS) as made:
        assert made.why("ferry0").sentence.startswith("It is the only entry of this story")
        assert made.why("ferry0").links == ()


def test_a_copy_of_a_report_that_joined_later_says_both() -> None:
    copy = replace(FERRY[1], key="copy", title="Rescued", hours=5)
    with room(FERRY[0], FERRY[1], copy) as made:
        why = made.why("copy")
        assert COPY.match(why.sentence)
        assert {match.kind for match in why.links} == {"copy", "story"}


# --- what keeps apart --------------------------------------------------------------------------------


def test_two_entries_apart_share_what_is_said_and_score_less_than_needed() -> None:
    other = Text(
        "other",
        "Council votes on a new theatre",
        "Members of the city council voted on Monday for a theatre beside the quay. The architect promised 900 seats,"
        " a glass roof over the foyer and an orchestra pit that can be covered for concerts in the summer months.",
        hours=2,
    )
    with room(*FERRY, other) as made:
        assert made.story("other") != made.story("ferry0")
        sentence = made.why("other", about="ferry0").sentence
        told, scores = APART.match(sentence), SCORES.search(sentence)
        assert told is not None, sentence
        assert scores is not None
        assert float(scores[1]) < float(scores[2]) == made.settings.stories.threshold
        for term in terms(told["terms"]):
            assert stands_in(term, other)
            assert any(stands_in(term, text) for text in FERRY)


def test_entries_with_nothing_in_common_say_that() -> None:
    zoo = Text("zoo", "Panda born", "Keepers announced twins on Friday.", hours=1)
    with room(*FERRY, zoo) as made:
        assert "no telling word" in made.why("zoo", about="ferry0").sentence


def test_languages_that_differ_are_named() -> None:
    german = replace(
        FERRY[0],
        key="de",
        title="Fähre läuft auf Grund",
        language="de",
        body="Die Fähre Nordlys lief vor Skarvik auf Grund.",
    )
    with room(*FERRY, german) as made:
        sentence = made.why("de", about="ferry0").sentence
        assert sentence == "They are in different languages (de and en), which are not compared."


def test_a_gap_longer_than_the_window_is_named_in_days() -> None:
    later = Text("later", FERRY[0].title, FERRY[2].body, hours=24.0 * 30)
    with room(*FERRY, later) as made:
        sentence = made.why("later", about="ferry0").sentence
        window = made.settings.stories.window // timedelta(days=1)
        gap = round((24.0 * 30 - (FERRY[-1].hours or 0)) / 24)
        assert sentence == f"{gap} days lie between them, more than the window of {window} days."
        assert made.entry("later").time == MORNING + timedelta(days=30)


@pytest.mark.parametrize("key", ["ferry1", "bridge2", "strike0"])
def test_every_entry_has_one_sentence(key: str) -> None:
    with room(*FERRY, *BRIDGE_OPENS, *STRIKE) as made:
        for about in ("ferry0", "bridge0", "strike0"):
            sentence = made.why(key, about=about).sentence
            assert sentence.endswith(".")
            assert "\n" not in sentence
