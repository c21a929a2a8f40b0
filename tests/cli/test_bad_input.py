"""Whatever is typed or found in a file, a person reads a sentence and never a traceback."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.calling import ARCHIVE, Outcome, call, newsroom, shell, write_archive
from tests.storage.test_backups import damage

LONG = "x" * 5000


def explained(outcome: Outcome) -> Outcome:
    """Check that a command failed in words."""
    assert outcome.code in (1, 2, 3, 4, 5), outcome
    assert outcome.err.strip()
    assert "Traceback" not in outcome.err
    return outcome


@pytest.mark.parametrize(
    "arguments",
    [
        ("stories", "--since", "9999-12-31T23:59:59-12:00"),
        ("stories", "--since", "0001-01-01"),
        ("--set", "digest.timezone=Europe/Berlin", "stories", "--until", "0001-01-01"),
        ("--now", "9999-12-31T23:59:59Z", "digest"),
        ("--now", "", "stories"),
        ("digest", "--date", "9999-12-31"),
        ("digest", "--date", "0001-01-01"),
        ("--set", "digest.timezone=", "digest"),
        ("--set", "digest.timezone=../../etc/passwd", "digest"),
        ("--set", "digest.timezone=Europe", "digest"),
        ("--set", "=", "stories"),
        ("--db", ".", "stories"),
        ("--db", LONG, "stories"),
        ("--db", "no/such/folder/a.db", "import", "filled.jsonl"),
        ("--db", "filled.jsonl", "stories"),
        ("--feeds", ".", "fetch"),
        ("--feeds", LONG, "fetch"),
        ("--feeds", "filled.jsonl", "fetch"),
        ("--config", "filled.jsonl", "stories"),
        ("--config", "none.yaml", "stories"),
        ("import", "."),
        ("import", "aggregator.db"),
        ("evaluate", "."),
        ("evaluate", "filled.jsonl", "--sweep", "nonsense"),
        ("evaluate", "filled.jsonl", "--sweep", "copies.jaccard=a,b"),
        ("evaluate", "filled.jsonl", "--predicted", "filled.jsonl/below"),
        ("evaluate", "filled.jsonl", "filled.jsonl", "--predicted", "all.jsonl"),
        ("evaluate", "filled.jsonl", "--sweep", "copies.jaccard=.5,.6", "--predicted", "all.jsonl"),
        ("config", "path", "--config", "none.yaml"),
        ("evaluate", "filled.jsonl", "--plot", "filled.jsonl/below.svg"),
        ("replay", "--dry-run", "--set", "x"),
        ("digest", "--output", "filled.jsonl/below/a.md"),
        ("digest", "--output", "."),
        ("digest", "--output", LONG),
        ("digest", "--mail"),
        ("db", "backup", "."),
        ("db", "backup", "filled.jsonl/below"),
        ("feeds", "import", "filled.jsonl"),
        ("feeds", "import", "."),
        ("feeds", "add", "no address", "--no-check"),
        ("feeds", "add", "https://", "--no-check"),
        ("feeds", "add", "https://[::1/", "--no-check"),
        ("feeds", "add", "https://a.example/", "--language", "!", "--no-check"),
        ("feeds", "discover", "file:///etc/passwd"),
        ("health", "--max-age", "soon"),
        ("init", "filled.jsonl"),
        ("demo", "--keep", "filled.jsonl"),
        ("story", "merge", "s0"),
        ("story", "merge", "s"),
        ("story", "split", "s", "e"),
        ("story", "move", "e0", "s0"),
        ("story", "pin", "s0", "e0"),
        ("story", "forbid", "s0", "s1"),
        ("story", "undo"),
        ("completion", "cmd.exe"),
        ("watch", "add", "", "--word", "x"),
        ("watch", "add", "a"),
        ("watch", "add", "a", "--word", "*"),
        ("watch", "add", "a", "--word", "x", "--to", "nonsense"),
        ("watch", "add", "a", "--word", "x", "--to", "webhook:http://"),
        ("watch", "add", "a", "--word", "x", "--to", "mail:nobody"),
        ("watch", "remove", "nothing"),
        ("watch", "test", "nothing"),
        ("watch", "test"),
        ("watch", "test", "--word", "x", "--since", "0001-01-01"),
        ("story", "timeline", "s0"),
        ("story", "diff", "s"),
        ("story", "new", "s", "--edition", "none"),
        ("entry", "diff", "e"),
        ("export", "--since", "later"),
    ],
)  # fmt: skip
def test_bad_arguments_are_explained_without_a_traceback(arguments: tuple[str, ...]) -> None:
    newsroom()
    explained(call(*arguments))


@pytest.mark.parametrize(
    "text",
    [
        "", '"', "*", "AND", "NEAR(a b)", "title:", "(", "'", "\x00", "ñ" * 3000, "-", "^a",
        "-a", '-"', "a* " * 999, "a -b " * 99,
    ],
)  # fmt: skip
def test_no_search_text_is_a_syntax(text: str) -> None:
    newsroom()
    assert call("search", "--", text, now="2026-03-10T07:00:00Z").code == 0
    assert call("stories", "--match", text).code == 0


@pytest.mark.parametrize(
    "text",
    [
        "\t", "- a\n- b\n", "feeds: text\n", "feeds: [a]\n", "feeds: {a: b}\n", "feeds: [{url: [1]}]\n",
        "feeds:\n - url: https://a.example/\n   url: https://b.example/\n", "defaults: 3\n", "{", "a: &a [*a]\n",
        "feeds: [{url: 'https://a.example/', headers: 3}]\n", "feeds: [{url: 'https://a.example/', auth: x}]\n",
        "feeds: [{url: 'https://a.example/', interval: soon}]\n", "!!python/object/apply:os.system [touch run]\n", "\x00",
        "feeds: [{url: 'https://a.example/', headers: {X: {env: NOT_SET_ANYWHERE}}}]\n",
    ],
)  # fmt: skip
def test_bad_feeds_files_name_the_file(text: str) -> None:
    Path("feeds.yaml").write_text(text, encoding="utf-8")
    for command in (("feeds", "list"), ("feeds", "add", "https://a.example/", "--no-check"), ("config", "check")):
        outcome = explained(call(*command))
        assert outcome.code == 2
        assert outcome.err.startswith("aggregator: feeds.yaml:")
    assert Path("feeds.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\x80abc", b"\x1f\x8b\x08"])
def test_binary_files_are_explained_without_a_traceback(data: bytes) -> None:
    Path("feeds.yaml").write_bytes(data)
    Path("some.opml").write_bytes(data)
    Path("some.jsonl").write_bytes(data)
    assert explained(call("feeds", "list")).code == 2
    explained(call("--feeds", "new.yaml", "feeds", "import", "some.opml"))
    explained(call("--db", "a.db", "--feeds", "new.yaml", "evaluate", "some.jsonl"))


def test_a_damaged_database_is_named_as_damaged() -> None:
    newsroom()
    file = Path("aggregator.db")
    data = bytearray(file.read_bytes())
    data[4096 * 2 :] = b"\xa5" * (len(data) - 4096 * 2)
    file.write_bytes(data)
    for command in ("stories", "export", "status", "digest"):
        outcome = explained(call(command))
        assert outcome.code == 1
        assert "damaged" in outcome.err
    assert call("db", "check").code == 1


READING = (
    "stories", "story why s", "search port", "digest", "status", "feeds health", "watch list", "export", "stories --match a",
    "db backup copy.db", "db prune",
)  # fmt: skip


@pytest.mark.parametrize("fault", ["index", "table"])
def test_damage_is_named_by_every_command_that_meets_it(fault: str) -> None:
    newsroom()
    if fault == "index":
        damage(Path("aggregator.db"), "entry_story")
        damage(Path("aggregator.db"), "story_last_seen")
    else:
        with closing(sqlite3.connect("aggregator.db")) as db:
            db.execute("DROP VIEW story_entry")
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute("DROP TABLE story")
    found = 0
    for command in READING:
        outcome = call("--feeds", "feeds.yaml", *command.split())
        assert "Traceback" not in outcome.err
        if "damaged" in outcome.err:
            assert outcome.code == 1
            assert "aggregator.db" in outcome.err
            found += 1
    assert found >= 4
    checked = call("db", "check")
    assert checked.code == 1
    assert "aggregator.db: " in checked.err
    assert not Path("copy.db").exists()


def test_a_truncated_database_is_explained() -> None:
    newsroom()
    file = Path("aggregator.db")
    file.write_bytes(file.read_bytes()[:5000])
    assert explained(call("stories")).code == 1


def test_an_empty_file_is_an_empty_newsroom() -> None:
    Path("aggregator.db").touch()
    outcome = call("stories", "--json").ok()
    assert outcome.json() == []


def test_verbose_twice_adds_the_traceback_and_keeps_the_code() -> None:
    for flags in (("-vv",), ("-v", "-v"), ("--verbose", "--verbose"), ("-vvv",)):
        outcome = call(*flags, "stories")
        assert outcome.code == 3
        assert "Traceback" in outcome.err
        assert "aggregator: aggregator.db: no database yet" in outcome.err
    assert "Traceback" not in call("-v", "stories").err


def test_a_fault_in_the_feeds_file_stops_nobody_who_only_looks() -> None:
    newsroom()
    Path("feeds.yaml").write_text("feeds: 7\n", encoding="utf-8")
    for command in (("stories",), ("export",), ("digest",), ("db", "check"), ("db", "backup", "copy.db")):
        assert call(*command).code == 0, command


def test_looking_into_another_database_leaves_its_feeds_alone() -> None:
    Path("feeds.yaml").write_text("feeds:\n  - url: https://a.example/rss\n", encoding="utf-8")
    call("--db", "other.db", "import", write_archive(Path("some.jsonl"), *ARCHIVE)).ok()
    Path("feeds.yaml").write_text("feeds:\n  - url: https://b.example/rss\n", encoding="utf-8")
    before = call("--db", "other.db", "status", "--json").ok().json()
    call("--db", "other.db", "stories").ok()
    assert call("--db", "other.db", "status", "--json").ok().json() == before


@pytest.mark.parametrize("command", [("stories",), ("search", "ukraine"), ("story", "log"), ("watch", "log")])
def test_a_limit_beyond_all_bounds(command: tuple[str, ...]) -> None:
    newsroom()
    assert call(*command, "--limit", "9" * 20).code in (0, 2)


@pytest.mark.parametrize("assignment", ["fetch.workers=0", "fetch.timeout=-1", "fetch.timeout=nan", "parse.workers=-1"])
def test_a_setting_out_of_bounds_is_a_fault_of_configuration(assignment: str) -> None:
    assert call("--set", assignment, "config", "show").code == 2


@pytest.mark.parametrize(
    ("pack", "form"),
    [
        (gzip.compress, "gzip"),
        (lzma.compress, "xz"),
        (bz2.compress, "bzip2"),
        (lambda lines: lines.decode().encode("utf-16"), "UTF-16"),
    ],
)
def test_a_packed_archive_is_named_once_with_what_to_do(pack: Callable[[bytes], bytes], form: str) -> None:
    lines = write_archive(Path("plain.jsonl"), *ARCHIVE).read_bytes()
    Path("packed.jsonl").write_bytes(pack(lines))
    for command in ("import", "evaluate", "recluster"):
        outcome = explained(call(command, "packed.jsonl"))
        assert outcome.code == 1
        assert form in outcome.err
        assert "packed.jsonl | aggregator import -" in outcome.err
        assert outcome.err.count("\n") == 1


def test_an_archive_may_come_through_a_pipe() -> None:
    write_archive(Path("plain.jsonl"), *ARCHIVE)
    done = shell("gzip -c plain.jsonl | gzip -dc | aggregator import -")
    assert done.returncode == 0, done.stderr
    assert f"{len(ARCHIVE)} new" in done.stderr
