"""Reports are settled in short transactions, by whatever process comes to it, under the decisions of the moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.ingest import settle
from aggregator.ingest.place import Placer
from aggregator.ingest.window import Window
from aggregator.settings import Settings
from aggregator.storage.database import Store
from tests.harness import leave_all_unsettled
from tests.ingest.arrivals import EVENTS, Newsroom, Telling

DAM, DAM_2, BUDGET = Telling("dam"), Telling("dam", 1, "Times", 1), Telling("budget")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    made = Newsroom(tmp_path / "news.db")
    yield made
    made.close()


class Other:
    """Another process on the same file, with a window of its own that lives on."""

    def __init__(self, room: Newsroom) -> None:
        self.room = room
        self.store = Store(room.path)
        self.window = Window(self.store, Settings().stories)

    def settle(self) -> frozenset[str]:
        return Placer(self.store, self.room.settings, self.window).finish(self.room.now)


@pytest.fixture
def other(room: Newsroom) -> Iterator[Other]:
    made = Other(room)
    yield made
    made.store.close()


def test_a_process_hears_of_vectors_and_verbs_that_another_writes(room: Newsroom, other: Other) -> None:
    dam, dam_2 = room.arrive(DAM, DAM_2)
    assert other.settle() == frozenset()
    assert room.story_of(dam) == room.story_of(dam_2)
    room.editor().split(room.story_of(dam), [dam_2])
    assert room.story_of(dam) in other.settle()
    assert room.story_of(dam) != room.story_of(dam_2)
    [late] = room.arrive(Telling("dam", 2, "Post", 2))
    room.editor().undo()
    other.settle()
    assert room.story_of(dam) == room.story_of(dam_2) == room.story_of(late)


def test_what_a_rollback_undid_is_not_remembered(room: Newsroom) -> None:
    room.arrive(DAM)
    window = Window(room.store, room.settings.stories)
    placer = Placer(room.store, room.settings, window)
    with pytest.raises(ZeroDivisionError), room.store.transaction():  # noqa: PT012 - all of it is undone
        leave_all_unsettled(room.store)
        room.store.connection.execute("UPDATE report_vector SET vector = NULL, number = number + 100")
        placer.finish(room.now)
        raise ZeroDivisionError
    [dam_2] = room.arrive(DAM_2)
    leave_all_unsettled(room.store)
    placer.finish(room.now)
    assert room.story_of(dam_2) == room.story_of(room.id_of(DAM))


def test_an_editor_who_speaks_between_two_transactions_is_heard(
    room: Newsroom, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph was asked, its answer is about to be written: it is asked again."""
    entries = room.arrive(*(Telling(event, text) for event in ("dam", "budget", "cup") for text in (0, 1, 2)))
    spoken: list[str] = []
    with room.store.transaction():
        leave_all_unsettled(room.store)
    plan = settle.Settler._plan

    def overtaken(self: settle.Settler) -> object:
        made = plan(self)
        if not spoken:
            spoken.append("now")
            room.editor().forbid(entries[0], entries[1])
        return made

    monkeypatch.setattr(settle.Settler, "_plan", overtaken)
    other.settle()
    assert spoken
    assert room.story_of(entries[0]) != room.story_of(entries[1])


def test_a_crash_between_two_transactions_is_made_up_for(
    room: Newsroom, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "REPORTS_PER_TRANSACTION", 1)

    class PowerCutError(Exception):
        pass

    def cut(*_: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(settle.Settler, "_write_storylines", cut)
        with pytest.raises(PowerCutError):
            room.arrive(*(Telling(event, text) for event in EVENTS for text in (0, 1)))
    assert room.store.connection.execute("SELECT count(*) FROM unsettled_report").fetchone()[0] > 0
    other.settle()
    assert room.store.connection.execute("SELECT count(*) FROM unsettled_report").fetchone()[0] == 0
    assert all(story for _, story in room.places().values())


def test_transactions_hold_few_reports_where_stories_are_small(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write = settle.Settler._write_at_once

    def counted(self: settle.Settler, groups: list[frozenset[str]], *given: object) -> object:
        sizes.append(sum(map(len, groups)))
        return write(self, groups, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(settle.Settler, "_write_at_once", counted)
    monkeypatch.setattr(settle, "REPORTS_PER_TRANSACTION", 4)
    room.arrive(*(Telling(event, text) for event in EVENTS for text in (0, 1)))
    assert sum(sizes) == 2 * len(EVENTS)
    assert max(sizes) <= 4 + max(len(texts) for texts in EVENTS.values())


def test_reports_past_the_window_stay_in_their_story_and_go_where_its_id_goes(room: Newsroom) -> None:
    dam, dam_2, budget = room.arrive(DAM, DAM_2, BUDGET)
    story = room.story_of(dam)
    with room.store.transaction() as db:
        db.execute("DELETE FROM report_vector WHERE report_id = ?", (room.report_of(dam),))
    [late] = room.arrive(Telling("dam", 2, "Post", 2))
    room.look_again()
    assert room.story_of(dam) == room.story_of(dam_2) == room.story_of(late) == story
    kept = room.editor().merge([story, room.story_of(budget)])
    room.look_again()
    assert {room.story_of(entry) for entry in (dam, dam_2, late, budget)} == {kept}


def test_a_process_that_only_looks_reads_no_window(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    dam, budget = room.arrive(DAM, BUDGET)

    def fail(self: Window) -> None:
        raise AssertionError("the window was read")

    monkeypatch.setattr(Window, "_load", fail)
    room.editor().merge([room.story_of(dam), room.story_of(budget)])
    room.editor().undo()
    room.storyline_editor().tie([room.story_of(dam), room.story_of(budget)])
    assert room.story(room.story_of(dam)).summary.storyline is not None
