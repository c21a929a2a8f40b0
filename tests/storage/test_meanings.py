"""Vectors of meaning beside those of words: found as by hand, the same after a restart, gone with their report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from aggregator.clustering.features import Vector
from aggregator.clustering.meaning import Meaning
from aggregator.storage.clusters import ClusterStore
from aggregator.storage.database import Store

WEEK = 7 * 86_400.0


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(None) as made:
        yield made


def vectors(count: int) -> list[Vector]:
    rows = np.random.default_rng(1).normal(size=(count, 512))
    rows[:, :6] *= 30  # so that some are near each other
    rows = (rows / np.linalg.norm(rows, axis=1)[:, None]).astype("<f2").astype("<f4")
    return [made(row.tobytes(), number * 3_600.0) for number, row in enumerate(rows)]


def made(vector: bytes, time: float | None, version: str = "v1") -> Vector:
    meaning = Meaning(version, vector, ("Hesk",), ("ناغبور",), ("12",), {"UA": "Ukraine"})
    return Vector("en", time, {}, {}, {}, {}, {}, 3, 0, False, meaning=meaning)


def filled(store: Store, found: list[Vector]) -> ClusterStore:
    memory = ClusterStore(store.connection, "v1")
    memory.akin(found[0], 1, WEEK)  # the search is at hand from the start, and kept up
    for number, one in enumerate(found):
        memory.add(f"r{number}", f"e{number}", "s1", one, "1", one.time or 0.0)
    return memory


def by_hand(found: list[Vector], mine: Vector, gone: set[int], window: float = WEEK) -> list[str]:
    def cosine(one: Vector) -> float:
        assert one.meaning is not None
        assert mine.meaning is not None
        return float(np.frombuffer(one.meaning.vector, "<f4") @ np.frombuffer(mine.meaning.vector, "<f4"))

    near = [
        (-round(cosine(one), 3), number)
        for number, one in enumerate(found)
        if number not in gone and abs((one.time or 0) - (mine.time or 0)) <= window and cosine(one) > 0.36
    ]
    return [f"r{number}" for _, number in sorted(near)][:5]


def test_the_nearest_are_found_as_by_hand_while_reports_come_and_go(store: Store) -> None:
    found = vectors(700)
    memory = filled(store, found)
    gone = {3, 699, 350, 0}
    for number in gone:
        memory.remove(f"r{number}")
    again = ClusterStore(store.connection, "v1")
    for number in (5, 350, 698):
        here, there = (
            [one.report_id for one in one_memory.akin(found[number], 5, WEEK)] for one_memory in (memory, again)
        )
        assert here == there
        assert set(here[:4]) <= set(by_hand(found, found[number], gone)[:6])
        assert by_hand(found, found[number], gone)[0] == here[0]


def test_what_is_read_back_is_what_was_stored(store: Store) -> None:
    found = vectors(2)
    filled(store, found)
    stored = ClusterStore(store.connection, "v1").get("r1")
    assert stored is not None
    assert stored.vector == found[1]


def test_none_is_read_where_the_encoder_is_off_or_another(store: Store) -> None:
    found = vectors(3)
    filled(store, found)
    for version in (None, "v2"):
        other = ClusterStore(store.connection, version)
        stored = other.get("r1")
        assert stored is not None
        assert stored.vector.meaning is None
        assert other.akin(found[1], 5, WEEK) == []


def test_meanings_are_pruned_with_their_reports_even_where_the_encoder_is_off(store: Store) -> None:
    filled(store, vectors(10))
    ClusterStore(store.connection).prune(datetime.fromtimestamp(4.5 * 3_600, UTC), 100)
    left = store.connection.execute("SELECT number FROM story_meaning").fetchall()
    assert left == store.connection.execute("SELECT number FROM story_vector").fetchall()
    assert len(left) == 5


def test_a_rollback_takes_the_search_back_too(store: Store) -> None:
    found = vectors(4)
    memory = filled(store, found[:3])
    memory.changed()

    def fail() -> None:
        with store.transaction():
            memory.add("r9", "e9", "s9", found[2], "1", 0.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert memory.changed()
    assert "r9" not in [one.report_id for one in memory.akin(found[2], 5, WEEK)]
