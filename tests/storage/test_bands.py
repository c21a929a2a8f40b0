"""Keys that wait and keys that were merged answer as one table would, whoever wrote them and whatever was undone."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from aggregator.ingest.place import Placer
from aggregator.settings import Settings
from aggregator.storage import bands
from aggregator.storage.bands import PER_KEY, Bands
from aggregator.storage.database import Store

KEYS = [*range(-(2**63), 2**63, 2**60), 2**63 - 1]  # in all ranges


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "MERGE_EVERY", 3)


class Plain:
    """What the answers should be."""

    def __init__(self) -> None:
        self.numbers: dict[int, list[int]] = {}

    def add(self, number: int, keys: Sequence[int]) -> None:
        for key in set(keys):
            self.numbers.setdefault(key, []).append(number)

    def under(self, keys: Sequence[int]) -> list[list[int]]:
        return [self.numbers[key][-PER_KEY:] for key in keys if key in self.numbers]


def some(chance: random.Random) -> list[int]:
    return chance.choices(KEYS, k=chance.randint(0, 8))


def merged(store: Store) -> int:
    return int(store.connection.execute("SELECT count(*) FROM band").fetchone()[0])


def test_what_waits_and_what_was_merged_are_found_together(tmp_path: Path) -> None:
    chance, plain = random.Random(1), Plain()
    with Store(tmp_path / "a.db") as one, Store(tmp_path / "a.db") as two:
        for number in range(1, 300):
            store, keys = chance.choice((one, two)), some(chance)
            with store.transaction():
                store.bands.add(number, keys)
            plain.add(number, keys)
            for store in (one, two):
                assert list(store.bands.numbers_under(KEYS)) == plain.under(KEYS)
        assert merged(one) > 1_000
    with Store(tmp_path / "a.db") as started:
        assert list(started.bands.numbers_under(KEYS)) == plain.under(KEYS)
        asked = [KEYS[3], KEYS[3], KEYS[5]]
        assert list(started.bands.numbers_under(asked)) == plain.under(asked)


def test_what_is_undone_is_found_no_more() -> None:
    with Store(None) as store:
        with store.transaction():
            store.bands.add(1, KEYS[:2])
        for number in (2, 3):  # the third merges what waits in a range
            with pytest.raises(ZeroDivisionError), store.transaction():
                fail_after(store.bands, number)
        assert list(store.bands.numbers_under(KEYS)) == [[1], [1]]
        with store.transaction():
            store.bands.add(2, KEYS[1:3])
        assert list(store.bands.numbers_under(KEYS)) == [[1], [1, 2], [2]]


def test_what_a_part_wrote_is_undone_with_it() -> None:
    with Store(None) as store:
        placer = Placer(store, Settings())
        with store.transaction():
            store.bands.add(1, KEYS[:1])
            for _ in range(2):
                with contextlib.suppress(ZeroDivisionError), placer.savepoint():
                    fail_after(store.bands, 2)
            assert list(store.bands.numbers_under(KEYS)) == [[1]]
            store.bands.add(2, KEYS[:1])
        assert list(store.bands.numbers_under(KEYS)) == [[1, 2]]


def fail_after(added: Bands, number: int) -> None:
    added.add(number, KEYS)
    raise ZeroDivisionError


def test_what_is_swept_is_found_no_more(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as one, Store(tmp_path / "a.db") as two:
        for number in (1, 2):
            with one.transaction():
                one.bands.add(number, KEYS[:1])
        assert list(two.bands.numbers_under(KEYS)) == [[1, 2]]
        with one.transaction() as db:
            db.execute("DELETE FROM band_waiting WHERE number = 1")
        assert list(two.bands.numbers_under(KEYS)) == [[2]]
