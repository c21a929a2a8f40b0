"""What two reports share is told in true sentences, whose numbers are the stored ones."""

from __future__ import annotations

import re

from aggregator.clustering.explanations import chance, told
from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.vectorize import words_of
from aggregator.model import Document
from tests.clustering.reports import DESK, report

TITLE = "Ferry Norbanka runs aground off Vasstrand with 212 aboard"


def desk() -> StoryGraph:
    graph = StoryGraph()
    graph.add_all(DESK.items())
    graph.settle()
    return graph


def words() -> dict[int, str]:
    return dict(words_of(Document(TITLE, "", "coastguard crews", "en", None, "")))


def test_every_number_of_a_sentence_is_stored() -> None:
    found = desk().explain("ferry-1", "ferry-2")
    odds = found.first if found.second is None else found.second
    allowed = {str(term.seen - 1) for term in found.shared} | {str(found.before - 1)}
    allowed |= {f"{chance(odds):.2f}", f"{chance(found.bar):.2f}"}
    text = re.sub(r"“[^”]*”", "", " ".join(told(found, words())))
    assert set(re.findall(r"\d+(?:\.\d+)?", text)) <= allowed


def test_what_is_shared_is_named_with_how_unusual_it_is() -> None:
    text = " ".join(told(desk().explain("ferry-1", "ferry-2"), words()))
    assert "“Vasstrand”" in text
    assert "reports before them" in text


def test_two_that_share_nothing_are_told_so() -> None:
    lines = told(desk().explain("alone-1", "alone-2"), words())
    assert lines[0] == "They share no telling word."
    assert "would be needed" in lines[-1]


def test_what_speaks_against_is_told() -> None:
    graph = StoryGraph()
    graph.add("a", report("Beta 2 of Lodestar browser released with 14 fixes", publisher="Codewire"))
    graph.add("b", report("Beta 3 of Lodestar browser released with 31 fixes", publisher="Codewire", hours=20))
    graph.settle()
    text = " ".join(told(graph.explain("a", "b"), {}))
    assert "numbers in their titles differ" in text
