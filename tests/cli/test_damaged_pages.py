"""Pages overwritten one after another, files and logs cut short: every command says so in a sentence, and `db check` finds it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from aggregator.model import StoryQuery
from aggregator.newsroom.watches import WatchQuery
from tests.cli.calling import Outcome, call
from tests.crash.program import PUBLISHERS, Program
from tests.harness import Clock, FakeFetcher, open_desk

PROGRAM = Program(steps=4, events=2, seed=3)
NOW = "2026-03-10T12:00:00Z"
SIZE = 4_096
HEADER, FRAME = 32, 24 + SIZE  # of a log: what it begins with, and a page with what stands before it
Overwrite = Callable[[bytes], bytes]
# How a page is lost: all of it, as zeros, the half in which the rows stand, a few bytes of those.
KINDS: dict[str, Overwrite] = {
    "junk": lambda page: b"\xa5" * SIZE,
    "zeros": lambda page: bytes(SIZE),
    "half": lambda page: page[: SIZE // 2] + b"\xa5" * (SIZE // 2),
    "tail": lambda page: page[: SIZE - 64] + b"\xa5" * 64,
}


@dataclass(frozen=True)
class Desk:
    """A desk with something in every table, and the commands that touch it."""

    whole: bytes
    used: tuple[int, ...]  # the pages of tables and indexes, those that the schema begins on first
    commands: tuple[tuple[str, ...], ...]
    behind: bytes  # the file without what only its log holds
    log: bytes


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    path = tmp_path_factory.mktemp("desk") / "a.db"
    feeds = list(PROGRAM.feeds("https://six.example"))
    for step, now in enumerate(PROGRAM.moments):
        fetcher = FakeFetcher({f"https://six.example/{name}": PROGRAM.body(name, step) for name in PUBLISHERS})
        with open_desk(fetcher, Clock(now), feeds, database=path) as app:
            if not step:
                app.watches().add("all", WatchQuery(words=("people|the|a",)), ["stdout"], "desk")
            app.fetch(everything=True)
            stories = sorted(story.id for story in app.stories(StoryQuery(limit=100)))
            if step:
                app.editor("ann").merge(stories[:2])
                app.edition(until=now)
            entry = app.store.connection.execute("SELECT id FROM entry ORDER BY revisions DESC, id").fetchone()[0]
            story = app.entry(entry).story_id
            other = next(one for one in stories if one not in (story, stories[0]))
            behind, log = path.read_bytes(), path.with_name("a.db-wal").read_bytes()
    with closing(sqlite3.connect(path)) as db:
        db.execute("VACUUM")
        roots = [
            page for (page,) in db.execute("SELECT rootpage FROM sqlite_master WHERE rootpage > 0 ORDER BY rootpage")
        ]
    whole = path.read_bytes()
    used = tuple(dict.fromkeys([*roots, *range(2, len(whole) // SIZE + 1)]))
    return Desk(whole, used, commands(story, other, entry), behind, log)


def commands(story: str, other: str, entry: str) -> tuple[tuple[str, ...], ...]:
    return (
        ("stories",), ("stories", "--json", "--since", "2026-03-01"), ("story", "show", story), ("story", "diff", story),
        ("story", "why", story), ("story", "new", story), ("story", "timeline", story), ("story", "lags"), ("story", "log"),
        ("entry", "show", entry), ("entry", "revisions", entry), ("entry", "diff", entry),
        ("entry", "headlines"), ("search", "people"), ("digest",), ("digest", "--format", "json", "--date", "2026-03-10"),
        ("watch", "list"), ("watch", "log"), ("watch", "test", "--word", "people"), ("feeds", "health"), ("status",),
        ("export",), ("export", "--labels"), ("replay", "--dry-run"),
        ("story", "merge", story, other), ("story", "undo"), ("story", "pin", story, entry), ("story", "forbid", story, other),
        ("watch", "add", "more", "--word", "dam", "--to", "stdout"), ("watch", "remove", "all"),
        ("import", "line.jsonl"), ("db", "backup", "copy.db"), ("db", "prune"), ("db", "vacuum"), ("db", "resketch"),
    )  # fmt: skip


def fault_of(outcome: Outcome, command: tuple[str, ...]) -> str | None:
    """Return what is wrong with how a command took it."""
    if outcome.code not in (0, 1, 2, 3, 4, 5):
        return f"{command} ended with {outcome.code}"
    if "Traceback" in outcome.err:
        return f"{command} told a traceback: {outcome.err[-300:]}"
    if outcome.code and not outcome.err.strip():
        return f"{command} failed without a word"
    return None


def look(desk: Desk, said: str, files: Mapping[str, bytes], *, must_be_found: bool) -> list[str]:
    """Run every command on a copy each of what is left of a database, by ending, and return what went wrong."""
    database, found = Path("spoilt.db"), []
    for command in (("db", "check"), *desk.commands):
        for name in ("spoilt.db", "spoilt.db-wal", "spoilt.db-shm", "copy.db"):
            Path(name).unlink(missing_ok=True)
        for ending, content in files.items():
            Path(f"{database}{ending}").write_bytes(content)
        try:
            outcome = call("--db", str(database), *command, now=NOW)
        except Exception as error:  # noqa: BLE001 - the point: nothing but a sentence may come out
            found.append(f"{said}: {command} raised {type(error).__name__}: {error}")
            continue
        fault = fault_of(outcome, command)
        if fault is None and command == ("db", "check") and must_be_found and outcome.code == 0:
            fault = "db check found nothing"
        if fault is not None:
            found.append(f"{said}: {fault}")
    return found


def overwritten(desk: Desk, pages: tuple[int, ...], overwrite: Overwrite, *, must_be_found: bool) -> list[str]:
    found = []
    for page in pages:
        start = (page - 1) * SIZE
        spoilt = desk.whole[:start] + overwrite(desk.whole[start : start + SIZE]) + desk.whole[start + SIZE :]
        found += look(desk, f"page {page}", {"": spoilt}, must_be_found=must_be_found)
    return found


@pytest.fixture(autouse=True)
def line(folder: Path) -> None:
    (folder / "line.jsonl").write_text(
        '{"id": "1", "title": "A dam above the town", "body": "People left.", "source": "Post"}\n'
    )


@pytest.mark.costly
@pytest.mark.timeout(300)
def test_a_page_here_and_there(desk: Desk) -> None:
    chosen = desk.used[:: max(1, len(desk.used) // 6)]
    assert overwritten(desk, chosen, KINDS["junk"], must_be_found=True) == []


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", KINDS)
def test_damage_to_any_page_is_found_or_harmless(desk: Desk, kind: str) -> None:
    assert overwritten(desk, desk.used, KINDS[kind], must_be_found=kind in ("junk", "zeros")) == []


def cut(desk: Desk, sizes: Iterable[int]) -> list[str]:
    return [
        fault for size in sizes for fault in look(desk, f"{size} bytes", {"": desk.whole[:size]}, must_be_found=True)
    ]


def test_a_file_cut_short(desk: Desk) -> None:
    assert cut(desk, (SIZE * (len(desk.whole) // SIZE // 2),)) == []


@pytest.mark.costly
def test_a_file_cut_to_nothing_to_its_head_and_by_little(desk: Desk) -> None:
    whole = len(desk.whole)
    assert cut(desk, (0, 60, SIZE, whole - SIZE, whole - 1)) == []


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_a_file_cut_at_every_page_and_within(desk: Desk) -> None:
    assert cut(desk, (size for end in range(SIZE, len(desk.whole), SIZE) for size in (end, end + SIZE // 3))) == []


def logs(desk: Desk) -> dict[str, bytes]:
    """Return what a machine that lost power, a full disk or a careless copy makes of a log."""
    log, frames = desk.log, len(desk.log) // FRAME
    middle = HEADER + frames // 2 * FRAME
    return {
        "cut in its head": log[: HEADER // 2],
        "cut after its head": log[:HEADER],
        "cut between frames": log[:middle],
        "cut within a frame": log[: middle + FRAME // 3],
        "cut before its end": log[:-1],
        "junk in a frame": log[:middle] + b"\xa5" * FRAME + log[middle + FRAME :],
        "junk at its end": log + b"\xa5" * FRAME,
        "junk": b"\xa5" * len(log),
        "zeros": bytes(len(log)),
    }


@pytest.mark.costly
@pytest.mark.timeout(300)
def test_a_log_that_was_cut_or_spoilt_is_read_as_far_as_it_is_whole(desk: Desk) -> None:
    for said, log in logs(desk).items():
        assert look(desk, said, {"": desk.behind, "-wal": log}, must_be_found=False) == []


@pytest.mark.costly
@pytest.mark.parametrize("main", ["whole", "empty"])
def test_a_log_of_another_state_is_named_and_neither_file_is_touched(desk: Desk, main: str) -> None:
    """So stands a backup that was copied to the place of a file whose log was left there."""
    files = {"": desk.whole if main == "whole" else b"", "-wal": desk.log}
    for command in (("db", "check"), *desk.commands):
        for ending, content in files.items():
            Path(f"left.db{ending}").write_bytes(content)
        outcome = call("--db", "left.db", *command, now=NOW)
        assert (outcome.code, fault_of(outcome, command)) == (1, None), command
        assert {ending: Path(f"left.db{ending}").read_bytes() for ending in files} == files, command
    told = call("--db", "left.db", "db", "check", now=NOW).err
    assert "left.db-wal" in told


def test_the_whole_file_is_sound_and_every_command_works(desk: Desk) -> None:
    for command in (("db", "check"), *desk.commands):
        Path("whole.db").write_bytes(desk.whole)
        Path("copy.db").unlink(missing_ok=True)
        outcome = call("--db", "whole.db", *command, now=NOW)
        assert outcome.code == 0, (command, outcome)
