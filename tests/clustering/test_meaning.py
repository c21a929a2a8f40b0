"""Meaning proposes; nothing joins across languages unless a name, a number or a place confirms it."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import pytest

pytest.importorskip("babel", reason="the extra 'semantic' is not installed")
pytest.importorskip("anyascii", reason="the extra 'semantic' is not installed")

from aggregator.clustering.features import Vector
from aggregator.clustering.judging import REFUSED, Judge
from aggregator.clustering.meaning import Meaning, agreement, meaning_of
from aggregator.clustering.views import Stored, StoryView
from aggregator.model import Document


class Angles:
    """An encoder of texts that begin with an angle: "30° ..." lies 30 degrees from "0° ..."."""

    version = "angles-1"

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        return [vector(float(text.partition("°")[0])) for text in texts]


def vector(degrees: float) -> bytes:
    angle = math.radians(degrees)
    return struct.pack("<512f", math.cos(angle), math.sin(angle), *[0.0] * 510)


def meaning(text: str, language: str, *names: str) -> Meaning:
    return meaning_of("angles-1", vector(0), text, language, names)


def report(judge: Judge, number: int, language: str | None, title: str, *names: str) -> Stored:
    document = Document(title, "", "", language, None, "")
    terms = dict.fromkeys(names, 5.0)
    plain = Vector(language, 0.0, {}, {}, {}, terms, {}, 5, 0, False)
    return Stored(number, f"r{number}", f"e{number}", "s1", judge.understood(plain, document))


def test_names_numbers_and_places_agree_across_scripts() -> None:
    mine = meaning("12 dead in Kyiv, says Zelensky of 3 strikes", "en", "Kyiv", "Zelensky", "Brown")
    theirs = meaning("12 погибших в Киеве, сказал Зеленский", "ru", "Киеве", "Зеленский")
    common = agreement(mine, [theirs])
    assert (common.names, common.numbers, common.places) == (("Zelensky",), ("12",), ("Kyiv",))
    assert common.names_missed == 0  # theirs has one name beside the place, and it is met
    assert 0 < common.numbers_missed < 0.5
    assert common.confirmation == 2.5


def test_what_one_side_lacks_is_not_held_against_the_other() -> None:
    common = agreement(meaning("12 dead in Kyiv", "en", "Smith"), [meaning("nothing told", "en")])
    assert (common.names_missed, common.numbers_missed, common.places_missed) == (0.0, 0.0, 0.0)


def test_nothing_joins_across_languages_without_confirmation() -> None:
    judge = Judge(Angles())
    story = StoryView("s1", [report(judge, 1, "en", "0° The minister resigned", "Hesk")])
    alike = report(judge, 2, "de", "0° Die Ministerin tritt zurück", "Renn").vector
    opinion = judge.opinion(3.0, alike, story, ())
    assert opinion is not None
    assert opinion.across
    assert opinion.score == REFUSED
    confirmed = report(judge, 3, "de", "0° Hesk tritt zurück", "Hesk").vector
    assert (judge.opinion(3.0, confirmed, story, ()) or opinion).score > REFUSED


def test_a_confirmed_report_far_in_meaning_stays_out() -> None:
    judge = Judge(Angles())
    story = StoryView("s1", [report(judge, 1, "en", "0° Hesk resigned", "Hesk")])
    opinion = judge.opinion(0.0, report(judge, 2, "de", "80° Hesk gewinnt Lotto", "Hesk").vector, story, ())
    assert opinion is not None
    assert opinion.score < 0


def test_languages_outside_the_sixteen_have_no_meaning_and_words_alone_decide() -> None:
    judge = Judge(Angles())
    story = StoryView("s1", [report(judge, 1, "en", "0° Hesk resigned", "Hesk")])
    for language in ("sv", None):
        swedish = report(judge, 2, language, "0° Hesk avgår", "Hesk").vector
        assert swedish.meaning is None
        assert judge.opinion(1.5, swedish, story, ()) is None
        assert not judge.crosses(swedish, story)


def test_vectors_of_two_versions_are_never_compared() -> None:
    old, new = Judge(Angles()), Judge(type("Newer", (Angles,), {"version": "angles-2"})())
    story = StoryView("s1", [report(old, 1, "en", "0° Hesk resigned", "Hesk")])
    assert new.opinion(1.5, report(new, 2, "en", "0° Hesk resigned", "Hesk").vector, story, ()) is None
    assert not new.crosses(report(new, 2, "de", "0° Hesk geht", "Hesk").vector, story)


def test_a_story_of_two_languages_is_read_in_the_reports_own() -> None:
    judge = Judge(Angles())
    english, german = report(judge, 1, "en", "0° one", "Hesk"), report(judge, 2, "de", "0° zwei", "Hesk")
    story = StoryView("s1", [english, german])
    assert list(story.part("de").members) == ["r2"]
    assert story.part("fr") is story
    story.add(report(judge, 3, "de", "0° drei", "Hesk"))
    story.remove("r2")
    assert list(story.part("de").members) == ["r3"]
    story.remove("r1")
    assert story.part("de") is story
