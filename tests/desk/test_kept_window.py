"""The window that is kept beside the database gives what a window read anew gives, and never more than that."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.ingest import saved_window
from aggregator.ingest.place import Placer
from aggregator.ingest.window import Window
from aggregator.settings import StorySettings
from tests.ingest.arrivals import EVENTS, Newsroom, Telling

FIRST = [Telling(event, number) for event in EVENTS for number in (0, 1)]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    monkeypatch.setattr(saved_window, "MIN_REPORTS", 1)
    made = Newsroom(tmp_path / "news.db")
    made.arrive(*FIRST)
    kept(made)
    yield made
    made.close()


def kept(room: Newsroom) -> Path:
    window = Window(room.store, room.settings.stories)
    window.graph()
    window.save()
    return beside(room)


def beside(room: Newsroom) -> Path:
    assert room.path is not None
    return room.path.with_name(f"{room.path.name}-window")


def is_read(room: Newsroom, settings: StorySettings | None = None) -> bool:
    window = Window(room.store, settings or room.settings.stories)
    return saved_window.read(room.store, repr(window._params)) is not None


def test_a_start_over_a_kept_window_finds_what_one_without_it_finds(room: Newsroom) -> None:
    room.arrive(*(Telling(event, 2) for event in ("dam", "budget", "cup")))
    room.editor().forbid(room.id_of(FIRST[0]), room.id_of(FIRST[1]))
    assert is_read(room)
    room.look_again()
    with_file = room.places()
    beside(room).unlink()
    room.look_again()
    assert room.places() == with_file


def test_what_is_kept_is_private_and_only_of_a_window_that_changed(room: Newsroom) -> None:
    assert beside(room).stat().st_mode & 0o077 == 0
    before = beside(room).read_bytes()
    window = Window(room.store, room.settings.stories)
    window.graph()
    window.save()
    assert beside(room).read_bytes() == before


def test_other_settings_another_database_and_a_broken_file_are_passed_over(room: Newsroom, tmp_path: Path) -> None:
    assert not is_read(room, StorySettings(threshold=0.8))
    other = Newsroom(tmp_path / "other.db")
    other.arrive(*FIRST)
    shutil.copy(beside(room), beside(other))
    assert not is_read(other)
    other.close()
    whole = beside(room).read_bytes()
    # It would be read, and raise or mislead at every pass
    flipped = bytes([*whole[:-999], whole[-999] ^ 1, *whole[-998:]])
    for damaged in (b"", whole[:100], whole[: len(whole) // 2], b"{}\n" + whole, flipped):
        beside(room).write_bytes(damaged)
        assert not is_read(room)
        room.look_again()


def test_what_a_killed_process_left_is_written_anew_and_a_link_there_is_not_followed(
    room: Newsroom, tmp_path: Path
) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    Path(f"{beside(room)}.partial").symlink_to(tmp_path / "theirs")
    room.arrive(Telling("dam", 2))
    kept(room)
    assert is_read(room)
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not beside(room).is_symlink()


def test_a_database_that_was_put_back_to_an_earlier_day_reads_its_own_vectors(room: Newsroom, tmp_path: Path) -> None:
    assert room.path is not None
    room.store.backup(tmp_path / "earlier.db")
    room.arrive(Telling("dam", 2))
    kept(room)
    room.close()
    shutil.copy(tmp_path / "earlier.db", room.path)
    for suffix in ("-wal", "-shm"):
        room.path.with_name(room.path.name + suffix).unlink(missing_ok=True)
    room.restart()
    assert not is_read(room)
    room.look_again()
    assert len(room.places()) == len(FIRST)


def test_a_file_that_names_anything_else_is_not_obeyed(room: Newsroom) -> None:
    head, _, _ = beside(room).read_bytes().partition(b"\n")

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(beside(room)) + ".owned",)

    evil = head + b"\n" + pickle.dumps((Evil(), {}, 0, None))
    beside(room).write_bytes(evil)
    with room.store.transaction() as db:
        db.execute("UPDATE fact SET value = ? WHERE name = 'window file'", (hashlib.sha256(evil).hexdigest(),))
    assert not is_read(room)
    Placer(room.store, room.settings).finish(room.now)
    assert not Path(str(beside(room)) + ".owned").exists()


def test_a_small_window_is_not_worth_a_file(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    beside(room).unlink()
    monkeypatch.setattr(saved_window, "MIN_REPORTS", len(FIRST) + 1)
    kept(room)
    assert not beside(room).exists()
