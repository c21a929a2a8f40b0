"""Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 not found, 4 partly done, 5 locked, 130 interrupted."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aggregator.app import Aggregator
from aggregator.daemon.locking import DaemonLock
from aggregator.storage.database import Store
from tests.cli.calling import ARCHIVE, call, newsroom, write_archive
from tests.fetching.server import Server, answer
from tests.harness import Item, rss

READERS = [
    ("stories",), ("search", "ukraine"), ("export",), ("status",), ("db", "check"), ("digest",), ("story", "log"),
]  # fmt: skip


def feeds_file(text: str) -> Path:
    path = Path("feeds.yaml")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is waited for a moment only."""
    defaults = Store.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "busy_timeout_ms", 20)


@contextmanager
def writer(path: str) -> Iterator[None]:
    """Hold the database as another writer does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_exit_0_done_with_nothing_on_stderr() -> None:
    newsroom()
    for command in READERS:
        outcome = call(*command)
        assert (outcome.code, outcome.err.replace("No verbs yet.\n", "")) == (0, ""), command


def test_exit_2_a_bad_feeds_file_has_all_its_faults_named_at_once() -> None:
    feeds_file(
        "defaults: {intervall: 15m}\n"
        "feeds:\n"
        "  - url: https://a.example/rss\n"
        "    catgory: world\n"
        "  - name: no address\n"
        "  - url: https://a.example/rss\n"
        "    authority: 200\n"
        "  - url: ftp://a.example/rss\n"
    )
    for command in (
        ("fetch",),
        ("config", "check"),
        ("feeds", "list"),
        ("run",),
        ("feeds", "add", "https://b.example/"),
    ):
        outcome = call(*command)
        assert outcome.code == 2, outcome
        assert "feeds.yaml:1: unknown key 'intervall'; did you mean 'interval'?" in outcome.err
        assert "feeds.yaml:4: unknown key 'catgory'; did you mean 'category'?" in outcome.err
        assert "feeds.yaml:5: a feed without 'url'" in outcome.err
        assert "feeds.yaml:6: duplicate address https://a.example/rss: it is already in line 3" in outcome.err
        assert "feeds.yaml:7: 'authority'" in outcome.err
        assert "feeds.yaml:8: 'url'" in outcome.err
        assert outcome.out == ""


def test_exit_2_faults_of_settings_and_feeds_are_checked_together() -> None:
    feeds_file("feeds: 7\n")
    Path("aggregator.yaml").write_text("fetch:\n  workrs: 3\n", encoding="utf-8")
    outcome = call("config", "check")
    assert outcome.code == 2
    assert "aggregator.yaml:2: unknown key 'workrs'; did you mean 'workers'?" in outcome.err
    assert "feeds.yaml:1: 'feeds' is a list" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("stories", "--nonsense"), "--nonsense"),
        (("nonsense",), "nonsense"),
        (("story", "nonsense"), "nonsense"),
        (("--set", "fetch.workrs=3", "config", "show"), "did you mean 'fetch.workers'?"),
        (("--set", "fetch.workers", "config", "show"), "SECTION.KEY=VALUE"),
        (("--set", "fetch.timeout=soon", "config", "show"), "fetch.timeout"),
        (("--now", "teatime", "stories"), "teatime"),
        (("--now", "teatime", "completion", "bash"), "teatime"),
        (("--now", "0001-01-01T00:00+14:00", "stories"), "out of range"),
        (("stories", "--since", "whenever"), "whenever"),
        (("stories", "--format", "xml"), "xml"),
        (("stories", "--limit", "0"), "0"),
        (("digest", "--date", "2026-02-30"), "2026-02-30"),
        (("digest", "--date", "today", "--since", "2h"), "--date"),
        (("digest", "--since", "2026-03-02", "--until", "2026-03-01"), "nothing lies between"),
        (("--set", "digest.timezone=Mars/Base", "digest"), "Mars/Base"),
        (("--set", "digest.timezone=Europe", "digest"), "no time zone is called 'Europe'"),  # a folder of zones
        (("--set", "digest.timezone=" + "x" * 5000, "digest"), "digest.timezone: no time zone"),
        (("--set", "fetch.workers=0", "config", "show"), "option --set fetch.workers: 0 is out of range: from 1 to 512"),
        (("replay",), "--dry-run"),
        (("fetch",), "aggregator init"),
        (("run",), "aggregator init"),
        (("feeds", "list"), "aggregator init"),
    ],
)  # fmt: skip
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], told: str) -> None:
    newsroom()
    outcome = call(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.err


@pytest.mark.parametrize("zone", ["UTC+25", "UTC-24"])
def test_a_time_zone_of_the_system_that_is_none_is_told(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom()
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        outcome = call("stories")
    time.tzset()
    assert (outcome.code, outcome.out) == (2, "")
    assert f"TZ={zone}: is no time zone; name a place" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [("story", "show", "s0"), ("import", "none.jsonl"), ("evaluate", "none.jsonl"), ("--db", "none.db", "stories")],
)
def test_what_is_not_there_exits_with_3(arguments: tuple[str, ...]) -> None:
    newsroom()
    outcome = call(*arguments)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("aggregator: ")
    assert outcome.err.count("\n") == 1


NEEDS_FEEDS = (
    "fetch", "run", "feeds list", "feeds export", "feeds remove a", "feeds pause a", "feeds resume a", "config check",
)  # fmt: skip
NEEDS_A_DATABASE = (
    "stories", "story show s0", "story log", "story undo", "search x", "digest", "export", "status", "feeds health",
    "entry show e0", "entry headlines", "watch list", "replay --dry-run", "db check", "db prune",
)  # fmt: skip


@pytest.mark.parametrize("named", [(), ("--feeds", "none.yaml")])
def test_commands_that_find_no_feeds_file_say_so_and_name_init(named: tuple[str, ...]) -> None:
    for codes, commands in (({2}, NEEDS_FEEDS), ({2, 3} if named else {3}, NEEDS_A_DATABASE)):
        for command in commands:
            outcome = call(*named, *command.split())
            assert outcome.code in codes, command
            assert outcome.out == ""
            assert "no feeds file" in outcome.err
            assert "`aggregator init`" in outcome.err
    assert named or "`aggregator init`" in " ".join(call("config", "path").ok().out.split())  # lines are folded
    assert not list(Path().iterdir())


def test_exit_2_a_folder_is_no_feeds_file() -> None:
    Path("feeds.yaml").mkdir()
    for arguments in (("--feeds", "feeds.yaml"), ("--feeds", ".")):
        outcome = call(*arguments, "fetch")
        assert (outcome.code, outcome.out) == (2, "")
        assert "is a folder" in outcome.err


def test_exit_3_a_feed_nobody_follows() -> None:
    feeds_file("feeds:\n  - url: https://a.example/rss\n")
    for command in (("fetch", "ledger"), ("feeds", "pause", "ledger")):
        assert call(*command).code == 3


def test_exit_4_a_broken_feed_beside_a_good_one(server: Server) -> None:
    good = server.on("/good", answer(rss(Item("1", "Chiefs of defence meet", "They met."))))
    page = server.on("/page", answer(b"<!doctype html><title>Welcome</title><p>Hello", kind="text/html"))
    gone = server.url("/nothing-here")
    feeds_file(f"feeds:\n  - url: {good}\n  - url: {page}\n  - url: {gone}\n")
    outcome = call(
        "--set", "fetch.allow_private_networks=true", "--set", "run.executor=threads",
        "--set", "fetch.host_delay=0", "fetch", "--json",
    )  # fmt: skip
    assert outcome.code == 4
    rows = {row["url"]: row for row in outcome.json()}
    assert {url: row["status"] for url, row in rows.items()} == {good: "ok", page: "error", gone: "error"}
    assert rows[good]["new"] == 1
    assert "404" in rows[gone]["error"]
    assert rows[page]["error"]
    states = {row["url"]: row["state"] for row in call("feeds", "health", "--json").ok().json()}
    assert states == {good: "ok", page: "failing", gone: "failing"}


def test_exit_4_loopback_is_refused_unless_allowed(server: Server) -> None:
    feeds_file(f"feeds:\n  - url: {server.on('/good', answer(rss(Item('1', 'One'))))}\n")
    outcome = call("--set", "run.executor=threads", "fetch", "--json")
    assert (outcome.code, outcome.json()[0]["status"], server.asked) == (4, "error", [])


def test_exit_4_a_bad_line_is_named_and_costs_no_other() -> None:
    lines = (ARCHIVE[0], "{not json", ARCHIVE[1], '{"id": "x"}', '["a"]', ARCHIVE[2])
    outcome = call("import", write_archive(Path("some.jsonl"), *lines))
    assert outcome.code == 4
    assert [line.split(" ")[0] for line in outcome.err.splitlines() if "left out:" in line] == [
        "some.jsonl:2:", "some.jsonl:4:", "some.jsonl:5:",
    ]  # fmt: skip
    assert len(call("export").ok().lines()) == 3
    assert call("evaluate", "some.jsonl", "--json").code == 4


def test_dates_that_cannot_be_read_are_told_once_a_file() -> None:
    lines = [
        {**ARCHIVE[0], "id": name, "date": date} for name, date in (("1", "2026-03-10"), ("2", "gestern"), ("3", "?"))
    ]
    outcome = call("import", write_archive(Path("some.jsonl"), *lines), "--json").ok()
    assert outcome.json()[0]["new"] == 3
    assert outcome.err == (
        "some.jsonl:2: date 'gestern' cannot be read or lies before 1990, and 1 further line's: it counts as none;"
        " write 2026-03-10T08:00Z\n"
    )
    assert (
        call("import", write_archive(Path("undated.jsonl"), {**ARCHIVE[1], "date": None})).ok().err.count("date") == 1
    )


@pytest.mark.usefixtures("impatient")
def test_exit_5_a_database_that_another_process_writes_to() -> None:
    newsroom()
    archive = write_archive(Path("more.jsonl"), {**ARCHIVE[0], "id": "a9"})
    ids = [row["id"] for row in call("stories", "--json").json()]
    with writer("aggregator.db"):
        for command in (("import", archive), ("story", "merge", *ids), ("db", "vacuum"), ("db", "prune")):
            outcome = call(*command)
            assert (outcome.code, outcome.out) == (5, ""), command
            assert "another process" in outcome.err
            assert "aggregator.db" in outcome.err


@pytest.mark.usefixtures("impatient")
def test_looking_goes_on_while_another_process_writes() -> None:
    newsroom()
    feeds_file("feeds:\n  - url: https://a.example/rss\n")
    with writer("aggregator.db"):
        for command in (*READERS, ("db", "backup", "copy.db")):
            if command != ("digest",):  # an edition is frozen when it is first made
                assert call(*command).code == 0, command


def test_exit_5_two_daemons() -> None:
    feeds_file("feeds: []\n")
    with DaemonLock(Path("aggregator.db")):
        outcome = call("run")
    assert outcome.code == 5
    assert "another daemon" in outcome.err


def test_exit_5_a_database_that_is_not_ours_is_left_alone() -> None:
    with closing(sqlite3.connect("other.db")) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = Path("other.db").read_bytes()
    for command in (("stories",), ("import", write_archive(Path("some.jsonl"), *ARCHIVE))):
        outcome = call("--db", "other.db", *command)
        assert outcome.code == 5
        assert "not made by aggregator" in outcome.err
    assert Path("other.db").read_bytes() == before


def test_exit_5_a_file_that_is_no_database() -> None:
    path = Path("notes.db")
    path.write_text("Ring the ministry before noon.\n" * 100, encoding="utf-8")
    before = path.read_bytes()
    for command in (("stories",), ("import", write_archive(Path("some.jsonl"), *ARCHIVE))):
        outcome = call("--db", path, *command)
        assert (outcome.code, outcome.out) == (5, "")
        assert "notes.db: not a SQLite database" in outcome.err
    assert path.read_bytes() == before


def test_exit_5_a_database_from_a_newer_aggregator() -> None:
    newsroom()
    with closing(sqlite3.connect("aggregator.db")) as later:
        table = next(name for (name,) in later.execute("SELECT name FROM sqlite_master") if name.endswith("migrations"))
        columns = [row[1] for row in later.execute(f"PRAGMA table_info({table})")]
        row = dict(zip(columns, later.execute(f"SELECT * FROM {table}").fetchone(), strict=True))
        row = {key: value for key, value in row.items() if key != "id"} | {"name": "9999_from_the_future"}
        later.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()])
        later.commit()
    outcome = call("stories")
    assert outcome.code == 5
    assert "newer aggregator" in outcome.err
    assert "9999_from_the_future" in outcome.err


def test_an_interrupt_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    newsroom()
    monkeypatch.setattr(Aggregator, "stories", interrupt)
    outcome = call("stories")
    assert (outcome.code, outcome.out) == (130, "")
    assert "interrupted" in outcome.err
