"""A story of very many reports: nobody is kept from writing until all of it is written, and it is the same story."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator import Aggregator, Settings, StoryQuery
from aggregator.desk import editions
from aggregator.desk.maintenance import prune
from aggregator.digest import frozen
from aggregator.digest.values import Edition
from aggregator.exceptions import LockedError
from aggregator.ingest import moves, settle, story_rows, story_writing
from aggregator.ingest.story_cache import StoryCache
from aggregator.ingest.story_rows import StoryRow
from aggregator.storage import retention
from aggregator.storage.database import Store
from bench.floods import event
from bench.material import START, archive

REPORTS = 130
CHUNK = 20
# Rows that a report moved changes: itself, its entry, its link, and the count in its row.
ROWS_A_REPORT = 5
DROPPED_A_REPORT = 12


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write stories in small pieces, and rows of more than some entries outside of transactions."""
    for module in (settle, story_writing):
        monkeypatch.setattr(module, "CHUNK", CHUNK)
    monkeypatch.setattr(settle, "LARGE", CHUNK)
    monkeypatch.setattr(moves, "AT_ONCE", CHUNK)
    monkeypatch.setattr(settle, "SETTLED_IN_ONE", ROWS_A_REPORT * CHUNK)


def imported(folder: Path, *parts: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Import rows, some at a time; return all that the tables say of stories, reports and links."""
    folder.mkdir(exist_ok=True)
    with Aggregator.open(Settings(), folder / "large.db", clock=lambda: START) as desk:
        for part in parts:
            desk.import_archive(archive(folder, list(part)))
        rows: list[tuple[Any, ...]] = []
        for table in ("story", "report", "storyline", "unsettled_report"):
            rows += desk.store.connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
        links = "SELECT kind, entry_id, other_id, report_id, story_id, score FROM match ORDER BY 1, 2, 3"
        return rows + desk.store.connection.execute(links).fetchall()


@contextmanager
def changes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Yield how many rows each transaction changes from now on, those of entries that arrive left out."""
    found: list[int] = []
    original = Store.transaction

    @contextmanager
    def counted(store: Store, waiting: Callable[[], bool] = lambda: False) -> Iterator[sqlite3.Connection]:
        inside, before = store.connection.in_transaction, store.connection.total_changes
        with original(store, waiting) as db:
            yield db
        if not inside and not store.is_single_unit:
            found.append(store.connection.total_changes - before)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "transaction", counted)
        yield found


def test_a_large_story_is_the_same_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    rows = event(REPORTS)
    whole = imported(tmp_path / "whole", rows), imported(tmp_path / "halves", rows[:70], rows[70:])
    request.getfixturevalue("pieces")
    assert (imported(tmp_path / "pieces", rows), imported(tmp_path / "both", rows[:70], rows[70:])) == whole


def test_no_transaction_writes_all_of_a_large_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    with changes(monkeypatch) as found:
        imported(tmp_path, event(REPORTS))
    assert max(found) <= ROWS_A_REPORT * CHUNK + 10
    assert sum(found) > ROWS_A_REPORT * CHUNK * 3


def test_a_large_story_s_row_is_worked_out_while_others_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    inside: list[int] = []
    original = story_rows.compute_rows

    def seen(story_ids: Sequence[str], stories: Any, entries: Any) -> Any:
        for row in original(story_ids, stories, entries):
            if row.fields is not None and entries._db.in_transaction:
                inside.append(row.fields.entries)
            yield row

    monkeypatch.setattr(settle, "compute_rows", seen)
    imported(tmp_path, event(REPORTS))
    assert max(inside) <= CHUNK


def test_what_another_writes_meanwhile_is_in_a_large_story_s_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    original, others = StoryCache.row, iter(["UPDATE entry SET revisions = 1", None, None])

    def raced(kept: StoryCache, story_id: str) -> StoryRow | None:
        row = original(kept, story_id)
        if statement := next(others, None):
            with Store(tmp_path / "large.db") as other, other.transaction() as db:
                db.execute(statement)
        return row

    monkeypatch.setattr(StoryCache, "row", raced)
    imported(tmp_path, event(REPORTS))
    with Store(tmp_path / "large.db") as store:
        assert store.connection.execute("SELECT entries, edited FROM story").fetchall() == [(REPORTS, 1)]


def test_a_large_story_that_was_broken_off_is_written_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    class Broken(BaseException):
        pass

    original, calls = story_writing.StoryWriter.write, []

    def breaking(*given: Any) -> set[str]:
        calls.append(1)
        if len(calls) == 4:
            raise Broken
        return original(*given)

    rows = event(REPORTS)
    with monkeypatch.context() as patched:
        patched.setattr(story_writing.StoryWriter, "write", breaking)
        with pytest.raises(Broken):
            imported(tmp_path, rows)
    imported(tmp_path, rows[:1])
    with Store(tmp_path / "large.db") as store:
        assert store.connection.execute("SELECT entries, reports FROM story").fetchall() == [(REPORTS, REPORTS)]


def test_what_an_editor_decides_between_two_pieces_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    original, split = story_writing.StoryAssignment.chunks, list[str]()

    def interrupted(writing: story_writing.StoryAssignment) -> Iterator[story_writing.ReportChunk]:
        for number, piece in enumerate(original(writing)):
            if number == 3 and not split:
                with Aggregator.open(Settings(), tmp_path / "large.db", clock=lambda: START) as other:
                    [story] = other.stories(StoryQuery())
                    entries = [
                        row[0]
                        for row in other.store.connection.execute("SELECT id FROM entry WHERE story_id IS NOT NULL")
                    ]
                    split.extend(entries[:2])
                    other.editor("ben").split(story.id, split)
            yield piece

    monkeypatch.setattr(story_writing.StoryAssignment, "chunks", interrupted)
    imported(tmp_path, event(REPORTS))
    with Store(tmp_path / "large.db") as store:
        counted = "SELECT count(*), s.entries FROM entry e JOIN story s ON s.id = e.story_id GROUP BY s.id"
        sizes = store.connection.execute(counted).fetchall()
        assert len(sizes) == 2
        assert all(entries == told for entries, told in sizes)
        assert sum(entries for entries, _ in sizes) == REPORTS
        together = "SELECT count(DISTINCT story_id) FROM entry WHERE id IN (?, ?)"
        assert store.connection.execute(together, split).fetchone() == (1,)


def test_no_transaction_drops_all_of_a_large_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", CHUNK)
    imported(tmp_path, event(REPORTS))
    with changes(monkeypatch) as found, Store(tmp_path / "large.db") as store:
        dropped = prune(store, Settings(), START + timedelta(days=400))
        for table in ("entry", "report", "story", "unsettled_report"):
            assert store.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert (dropped["entries"], dropped["stories"]) == (REPORTS, 1)
    # of each report its entry, text, sketch and link, its own row, and its vector, which is marked as gone
    assert max(found[: REPORTS // CHUNK + 2]) <= DROPPED_A_REPORT * CHUNK + 10


def test_an_edition_is_put_into_words_while_others_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported(tmp_path, event(30))
    inside: list[bool] = []
    with Aggregator.open(Settings(), tmp_path / "large.db", clock=lambda: START + timedelta(days=2)) as desk:
        original = frozen.to_json

        def seen(edition: Edition) -> str:
            inside.append(desk.store.connection.in_transaction)
            return original(edition)

        monkeypatch.setattr(editions, "to_json", seen)
        desk.edition(since=START - timedelta(days=1))
    assert inside == [False]


def rows_of_stories(desk: Aggregator) -> list[tuple[Any, ...]]:
    """Return what the rows of stories say, and how many entries stand in each."""
    counted = (
        "SELECT s.id, s.title, s.entries, s.reports, s.publishers, s.canonical_entry, s.pinned_entry,"
        " (SELECT count(*) FROM entry e WHERE e.story_id = s.id) FROM story s ORDER BY 1"
    )
    return desk.store.connection.execute(counted).fetchall()


def verbs_in_turn(folder: Path) -> list[list[tuple[Any, ...]]]:
    """Have an editor pin, split, move, forbid, merge and undo in a large story; return what the rows say after each."""
    imported(folder, event(REPORTS))
    said = []
    with Aggregator.open(Settings(), folder / "large.db", clock=lambda: START) as desk:
        [story] = desk.stories(StoryQuery())
        ids = [row[0] for row in desk.store.connection.execute("SELECT id FROM entry ORDER BY number")]
        editor = desk.editor("ben")
        made = list[str]()
        for verb in (
            lambda: editor.pin(story.id, ids[5]),
            lambda: made.append(editor.split(story.id, ids[::2])),
            lambda: editor.move(ids[1], made[0]),
            editor.undo,
            lambda: editor.merge([story.id, made[0]]),
            editor.undo,
            editor.undo,
            lambda: editor.forbid(ids[0], ids[1]),
        ):
            verb()
            said.append(rows_of_stories(desk))
    return said


def test_what_a_verb_says_of_large_stories_is_the_same_written_afterwards(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    at_once = verbs_in_turn(tmp_path / "at once")
    request.getfixturevalue("pieces")
    assert verbs_in_turn(tmp_path / "afterwards") == at_once
    assert all(row[2] == row[-1] for rows in at_once for row in rows)


def test_a_verb_works_out_no_large_row_while_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    imported(tmp_path, event(REPORTS))
    with changes(monkeypatch) as found, Aggregator.open(Settings(), tmp_path / "large.db", clock=lambda: START) as desk:
        [story] = desk.stories(StoryQuery())
        editor = desk.editor("ben")
        original = story_rows.compute_rows
        inside: list[int] = []

        def seen(story_ids: Sequence[str], stories: Any, entries: Any) -> Any:
            for row in original(story_ids, stories, entries):
                inside.append(row.fields.entries if row.fields is not None else 0)
                yield row

        monkeypatch.setattr(settle, "compute_rows", seen)
        entries = [row[0] for row in desk.store.connection.execute("SELECT id FROM entry ORDER BY number")]
        editor.pin(story.id, entries[3])
        made = editor.split(story.id, entries[:40])
        editor.merge([story.id, made])
        editor.undo()
    assert max(inside, default=0) <= CHUNK
    assert found


def test_a_verb_whose_rows_could_not_be_written_holds_and_the_next_pass_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    class Broken(BaseException):
        pass

    def broken(*_: object) -> None:
        raise Broken

    imported(tmp_path, event(REPORTS))
    with Aggregator.open(Settings(), tmp_path / "large.db", clock=lambda: START) as desk:
        [story] = desk.stories(StoryQuery())
        entries = [row[0] for row in desk.store.connection.execute("SELECT id FROM entry ORDER BY number")]
        with monkeypatch.context() as patched:
            patched.setattr(settle.Settler, "refresh_large", broken)
            with pytest.raises(Broken):
                desk.editor("ben").split(story.id, entries[:40])
    with Aggregator.open(Settings(), tmp_path / "large.db", clock=lambda: START) as desk:
        rows = rows_of_stories(desk)
        assert sorted(row[-1] for row in rows) == [40, REPORTS - 40]
        assert [row for row in rows if row[2] != row[-1]]  # not written yet
        assert [decision.kind for decision in desk.decisions()] == ["split"]
        desk.place_waiting()
        rows = rows_of_stories(desk)
        assert sorted(row[-1] for row in rows) == [40, REPORTS - 40]
        assert all(row[2] == row[-1] for row in rows)


def test_a_verb_that_others_keep_from_writing_rows_is_given_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    def locked(*_: object) -> None:
        raise LockedError("another process writes")

    imported(tmp_path, event(REPORTS))
    with Aggregator.open(Settings(), tmp_path / "large.db", clock=lambda: START) as desk:
        [story] = desk.stories(StoryQuery())
        monkeypatch.setattr(settle.Settler, "refresh_large", locked)
        entries = [row[0] for row in desk.store.connection.execute("SELECT id FROM entry ORDER BY number")]
        made = desk.editor("ben").split(story.id, entries[:40])
        assert {row[0]: row[-1] for row in rows_of_stories(desk)} == {made: 40, story.id: REPORTS - 40}


def test_a_large_row_is_not_worked_out_within_a_transaction_for_what_others_write_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: None
) -> None:
    inside: list[int] = []
    original, kept = story_rows.compute_rows, StoryCache.row

    def seen(story_ids: Sequence[str], stories: Any, entries: Any) -> Any:
        for row in original(story_ids, stories, entries):
            if row.fields is not None and entries._db.in_transaction:
                inside.append(row.fields.entries)
            yield row

    def beside(cache: StoryCache, story_id: str) -> StoryRow | None:
        with Store(tmp_path / "large.db") as other, other.transaction() as db:
            db.execute("INSERT OR REPLACE INTO fact VALUES ('beside', ?)", (str(len(inside)),))
        return kept(cache, story_id)

    monkeypatch.setattr(settle, "compute_rows", seen)
    monkeypatch.setattr(StoryCache, "row", beside)
    imported(tmp_path, event(REPORTS))
    assert max(inside) <= CHUNK
    with Store(tmp_path / "large.db") as store:
        assert store.connection.execute("SELECT entries FROM story").fetchall() == [(REPORTS,)]
