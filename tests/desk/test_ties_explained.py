"""What is said of two stories is true of what is stored: what ties them, or what was missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aggregator.clustering.explanations import probability_of
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.scoring import pair_inputs
from aggregator.clustering.sentences import shared_words
from aggregator.clustering.tie_sentences import MISSING
from aggregator.clustering.ties import shipped_model
from aggregator.desk.explain_ties import TieExplainer, TieWhy
from aggregator.desk.storyline_editing import StorylineEditor
from aggregator.ingest.window import Window
from aggregator.settings import Settings
from tests.clustering.arriving import Room, Text, room
from tests.clustering.claimed import stands_in, terms

FERRY = (
    Text("ferry-1", "Ferry Norbanka runs aground off Vasstrand with 212 aboard",
         "The ferry Norbanka struck a reef off Vasstrand on Tuesday; coastguard crews took all 212 people off."),
    Text("ferry-2", "All 212 rescued after ferry Norbanka hits reef near Vasstrand",
         "Coastguard crews rescued everyone aboard the Norbanka after the ferry ran aground near Vasstrand.", hours=1),
)  # fmt: skip
SALVAGE = (
    Text("salvage-1", "Norbanka salvage: tugs wait for calm before towing ferry off the reef",
         "Salvage crews said the hull of the Norbanka is torn and that towing the ferry to a dock may take until Friday.",
         hours=30),
    Text("salvage-2", "Torn hull delays towing of ferry Norbanka",
         "Tugs will wait for calm seas before they tow the Norbanka to a dock, a salvage company said.", hours=33),
)  # fmt: skip
PHONES = (
    Text("phones-1", "Governor signs bill banning phones in schools",
         "The governor signed a bill on Monday that bans phones in classrooms; the Senate had passed the bill in March.",
         hours=4),
    Text("phones-2", "Schools phone ban becomes law as governor signs bill",
         "A bill that bans phones in schools was signed by the governor after the Senate passed it.", hours=5),
)  # fmt: skip
WATER = (
    Text("water-1", "Senate passes water bill, sends it to governor's desk",
         "The Senate passed a bill on water rights on Tuesday and sent it to the governor, who is to sign the bill this week.",
         hours=9),
    Text("water-2", "Water rights bill goes to governor after Senate vote",
         "The Senate voted for a bill on water rights; the governor said she would sign it.", hours=10),
)  # fmt: skip
CHESS = Text("chess", "Ilmari Koskela, 17, wins Tarn masters", "He drew his last game and took the cup.", hours=6)
EVERY = (*FERRY, *SALVAGE, *PHONES, *WATER, CHESS)
TIED = re.compile(
    r"^(?P<one>[^,]+)'s entry of (?P<one_day>\d+) March, (?P<at>\d\d:\d\d) and (?P<other>[^,]+)'s entry of .+, \d\d:\d\d"
    r" share (?P<terms>.+), which (?P<holders>no other|\d+) of the (?P<reports>\d+) recent reports ha(?:s|ve)"
    r", within (?P<hours>\d+) hours(?:; against it: [^;]+)?"
    r"; probability (?P<affair>\d\.\d\d) of one affair, needed (?P<bar>\d\.\d\d)"
    r", and (?P<event>\d\.\d\d) of one event by the best (?P<links>\d) links on average, needed (?P<needed>\d\.\d\d)\.$"
)


@pytest.fixture(scope="module")
def desk() -> Iterator[Room]:
    with room(*EVERY) as made:
        yield made


def why(made: Room, one: str, other: str, *, settings: Settings | None = None) -> TieWhy:
    told = settings or made.settings
    explainer = TieExplainer(made.reader(), made.store, told, Window(made.store, told.stories))
    return explainer.between(made.story(one), made.story(other))


def editor(made: Room) -> StorylineEditor:
    return StorylineEditor(made.store, made.placer(), "mara", made.now)


def test_what_the_sentence_of_a_tie_claims_is_true(desk: Room) -> None:
    found = why(desk, "ferry-1", "salvage-1")
    told = TIED.match(found.sentence)
    assert told is not None, found.sentence
    [link] = found.links
    assert found.storyline is not None
    keys = {desk.id(text.key): text for text in EVERY}
    one, other = keys[link.entry_id], keys[link.other_id]
    assert {one.key, other.key} <= {text.key for text in (*FERRY, *SALVAGE)}
    assert (told["one"], told["other"]) == (desk.entry(one.key).publisher, desk.entry(other.key).publisher)
    graph = Window(desk.store, desk.settings.stories).compared_graph()
    rows = graph.comparison.rows
    ends = [rows.place[desk.report(text.key)] for text in (one, other)]
    features = graph.comparison.features(np.array(ends[:1]), np.array(ends[1:]))
    affair = probability_of(float(shipped_model().odds(pair_inputs(features))[0]))
    assert float(told["affair"]) == pytest.approx(affair, abs=0.0051)
    assert link.score == pytest.approx(affair, abs=1e-3)
    assert float(told["bar"]) == pytest.approx(probability_of(graph.params.tie_bar), abs=0.0051)
    sides = [[rows.place[desk.report(text.key)] for text in side] for side in (FERRY, SALVAGE)]
    odds = sorted((graph.comparison.odds_between(a, b) or -9.0 for a in sides[0] for b in sides[1]), reverse=True)
    assert int(told["links"]) == 2
    assert float(told["event"]) == pytest.approx(probability_of(sum(odds[:2]) / 2), abs=0.0051)
    assert float(told["needed"]) == pytest.approx(probability_of(graph.params.storyline_bar), abs=0.0051)
    assert link.evidence["event"] == pytest.approx(probability_of(odds[0]))
    named = terms(told["terms"])
    assert named
    assert all(stands_in(word, text) for word in named for text in (one, other))
    holders = sum(all(stands_in(word, text) for word in named) for text in EVERY)
    assert told["holders"] == ("no other" if holders == 2 else str(holders))
    assert int(told["reports"]) == len(graph) == len(EVERY)
    gap = abs((one.hours or 0) - (other.hours or 0))
    assert gap <= int(told["hours"]) < gap + 1


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("phones-1", "water-1", "too little that is unusual: probability {affair:.2f} of one affair, needed {affair_needed:.2f}."),
        ("ferry-1", "phones-1", "nothing links the two stories: probability {event:.2f} of one event, needed {event_needed:.2f} for a link."),
    ],
)  # fmt: skip
def test_what_was_missing_is_said_with_its_figures(desk: Room, one: str, other: str, said: str) -> None:
    found = why(desk, one, other)
    assert found.storyline is None
    [link] = found.links
    assert found.sentence.endswith(said.format(**link.evidence)), found.sentence
    assert ("share no telling word" in found.sentence) is not bool(shared_words(link.evidence))
    assert "resemble each other" not in found.sentence
    assert said.rstrip(".") in MISSING.values()


def test_stories_further_apart_than_the_window_are_said_to_be() -> None:
    late = replace(CHESS, key="late", hours=24.0 * 30)
    with room(CHESS, late) as made:
        assert made.stories(["chess", "late"]) == 2
        assert why(made, "chess", "late").sentence == "30 days lie between them, more than the window of 7 days."


def test_languages_that_differ_are_said_to() -> None:
    german = Text("de", "Fähre läuft auf Grund", "Die Fähre Norbanka lief vor Vasstrand auf Grund.", language="de")
    with room(*FERRY, german) as made:
        sentence = why(made, "ferry-1", "de").sentence
        assert sentence == "They are in different languages (en and de), which are not compared."


def test_an_editors_word_comes_first_both_ways() -> None:
    with room(*EVERY) as made:
        editor(made).tie([made.story("chess"), made.story("phones-1")])
        assert why(made, "chess", "phones-1").sentence.startswith("Tied by an editor's word: mara tied ")
        editor(made).untie(made.story("salvage-1"))
        assert why(made, "ferry-1", "salvage-1").sentence.startswith("Apart by an editor's word: mara untied ")


def test_stories_tied_through_others_name_these() -> None:
    with room(*EVERY) as made:
        editor(made).tie([made.story("chess"), made.story("ferry-1")])
        found = why(made, "chess", "salvage-1")
        assert found.through == (made.story("ferry-1"),)
        assert found.sentence == f"Nothing ties these two by themselves; both are tied through {made.story('ferry-1')}."


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"storyline_days": 1.0}, "days"),
        ({"storyline_reports": 3}, "reports"),
        ({"storyline_bar": 3.0}, "weak"),
        ({"storyline_links": 12}, "mean"),
        ({"least_product": 0.99}, "candidate"),
    ],
)
def test_each_bound_and_bar_that_keeps_two_stories_apart_is_named(
    changed: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.ingest.window.DEFAULT", replace(DEFAULT, **changed))
    with room(*EVERY) as made:
        found = why(made, "ferry-1", "salvage-1")
        assert found.storyline is None
        [link] = found.links
        ending = MISSING[said].split("{by}")[-1].split(": ")[-1].format(**link.evidence)
        assert found.sentence.endswith(f"{ending}."), found.sentence


def test_one_story_is_not_tied_to_itself(desk: Room) -> None:
    assert why(desk, "ferry-1", "ferry-2").sentence == "Both ids mean one story."


def test_without_the_window_the_same_two_reports_are_named_and_no_figures(desk: Room) -> None:
    reader = desk.reader()
    explainer = TieExplainer(
        reader, desk.store, desk.settings, Window(desk.store, desk.settings.stories), in_window=False
    )
    other = desk.story("salvage-1")
    found = explainer.neighbours(reader.story(desk.story("ferry-1")), [other])[other]
    [link], [known] = found.links, why(desk, "ferry-1", "salvage-1").links
    assert (link.entry_id, link.other_id) == (known.entry_id, known.other_id)
    assert "probability" not in found.sentence
    assert "reports" not in found.sentence
    assert "Norbanka" in found.sentence
