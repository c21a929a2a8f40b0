"""What memory holds of stories decides nothing: packed, dropped or at hand, they are compared alike."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aggregator.clustering import views
from aggregator.clustering.features import read, weigh
from aggregator.clustering.likeness import measure
from aggregator.clustering.views import Shelf, Stored, StoryView
from aggregator.model import Document
from aggregator.storage import binding, clusters
from aggregator.storage.clusters import ClusterStore
from aggregator.storage.database import Store
from tests.clustering.arriving import Room, Text
from tests.clustering.events import FERRY, STRIKE
from tests.clustering.test_stability import DAY, placed


def reports(texts: tuple[Text, ...]) -> list[Stored]:
    with Store(None) as store:
        memory = ClusterStore(store.connection)
        documents = [
            Document(
                title=one.title, lede="", body=one.body, language=one.language, canonical_url=None, content_hash=""
            )
            for one in texts
        ]
        found = [weigh(read(one), 3_600.0 * number, one, memory) for number, one in enumerate(documents)]
    return [Stored(number, f"r{number}", f"e{number}", "s", one) for number, one in enumerate(found, 1)]


def test_a_packed_story_is_compared_as_before() -> None:
    *members, newcomer = reports((*FERRY, STRIKE[0]))
    asked: list[list[int]] = []

    def stored(numbers: Sequence[int]) -> list[Stored]:
        asked.append(list(numbers))
        return [one for one in members if one.number in numbers]

    story = StoryView("s", members)
    again = StoryView.unpacked(story.packed(), stored)
    for report in (newcomer, members[0]):
        near = members[:3]
        assert measure(report.vector, again, near) == measure(report.vector, story, near)
    assert (again.size, again.first, again.languages) == (story.size, story.first, story.languages)
    assert again.heaviest() == story.heaviest()
    assert not asked  # the vectors of its reports weren't needed
    assert again.typical(5) == story.typical(5)
    for one in (story, again):
        one.remove(members[1].report_id)
        one.add(newcomer)
    assert measure(newcomer.vector, again, members[:1]) == measure(newcomer.vector, story, members[:1])
    assert again.packed() == story.packed()
    assert len(asked) == 1


def test_a_sum_of_one_vector_leaves_the_vector_as_it_is() -> None:
    first, second, *_ = reports(FERRY)
    before = dict(first.vector.whole)
    story = StoryView("s", [first])
    assert story.whole.terms is first.vector.whole
    story.add(second)
    assert dict(first.vector.whole) == before
    story.remove(first.report_id)
    assert set(story.whole.terms) == set(second.vector.whole)


def test_a_full_shelf_packs_what_was_used_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "OPEN", 2)
    monkeypatch.setattr(views, "PACKED", 1)
    members = reports(FERRY)
    shelf = Shelf(lambda numbers: [one for one in members if one.number in numbers])
    made = [shelf.put(StoryView(f"s{number}", members[:2])) for number in range(4)]
    assert shelf.find("s3") is made[3]
    assert shelf.find("s0") is None
    unpacked = shelf.find("s1")
    assert unpacked is not None
    assert unpacked is not made[1]
    assert unpacked.members == made[1].members
    shelf.drop("s1")
    assert shelf.find("s1") is None


def test_with_hardly_any_memory_the_stories_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    at_ease = Room()
    at_ease.take(*DAY)
    monkeypatch.setattr(views, "OPEN", 40)
    monkeypatch.setattr(clusters, "CACHED_VECTORS", 5)
    monkeypatch.setattr(clusters, "CACHED_PLACES", 50)
    monkeypatch.setattr(binding, "AT_ONCE", 3)
    pressed = Room()
    pressed.take(*DAY)
    assert placed(pressed) == placed(at_ease)
