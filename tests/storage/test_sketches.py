"""Sketches that are read again and again in one transaction are read from the database once, and never as they were before."""

from __future__ import annotations

from aggregator.storage.sketches import SketchStore
from tests.clustering.arriving import Room, room
from tests.clustering.events import FERRY


def copies_of(made: Room) -> SketchStore:
    return SketchStore(made.store.connection, made.store.bands)


def statements(made: Room, ids: list[str], copies: SketchStore) -> int:
    """Return how many statements it takes to read these sketches."""
    asked: list[str] = []
    made.store.connection.set_trace_callback(asked.append)
    assert list(copies.sketches(ids)) == ids
    made.store.connection.set_trace_callback(None)
    return len(asked)


def test_within_a_transaction_a_sketch_is_read_once() -> None:
    with room(*FERRY) as made:
        copies, ids = copies_of(made), [made.id(text.key) for text in FERRY]
        with made.store.transaction():
            assert [statements(made, ids, copies) for _ in range(2)] == [1, 0]
        assert [statements(made, ids, copies) for _ in range(2)] == [1, 1]  # others may write
        with made.store.transaction():
            assert statements(made, ids, copies) == 1


def test_what_moves_or_goes_is_read_again() -> None:
    with room(*FERRY) as made:
        copies, (one, other, *_) = copies_of(made), [made.id(text.key) for text in FERRY]
        with made.store.transaction():
            assert copies.sketches([one])[one].report_id != "r-other"
            copies.move(one, "r-other")
            assert copies.sketches([one])[one].report_id == "r-other"
            assert copies.sketches([other])
            copies.remove(other)
            assert not copies.sketches([other])


def test_what_is_undone_is_read_again() -> None:
    with room(*FERRY) as made:
        placer, one = made.placer(), made.id(FERRY[0].key)
        before = placer.copies.sketches([one])[one].report_id
        with made.store.transaction() as db:
            try:
                with placer.savepoint():
                    db.execute("UPDATE sketch SET report_id = 'r-undone' WHERE entry_id = ?", (one,))
                    assert placer.copies.sketches([one])[one].report_id == "r-undone"
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass
            assert placer.copies.sketches([one])[one].report_id == before
