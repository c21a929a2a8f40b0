"""``init``, ``config``, ``db``, ``status``, ``health``: the first day and the thousandth."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from aggregator.daemon.locking import DaemonLock
from tests.cli.calling import ARCHIVE, call, newsroom, story_ids, write_archive
from tests.fetching.server import Server, answer
from tests.harness import Item, rss


def test_init_then_check() -> None:
    call("init").ok()
    assert {path.name for path in Path().iterdir()} == {"feeds.yaml", "aggregator.yaml"}
    checked = call("config", "check").ok()
    assert checked.out.startswith("feeds.yaml: ")
    assert call("feeds", "list", "--json").ok().json()


def test_init_leaves_what_is_there() -> None:
    Path("feeds.yaml").write_text("feeds: []  # mine\n", encoding="utf-8")
    assert "left unchanged" in call("init").ok().err
    assert Path("feeds.yaml").read_text(encoding="utf-8") == "feeds: []  # mine\n"
    call("init", "a/new/folder").ok()
    call("--feeds", "a/new/folder/feeds.yaml", "config", "check").ok()


def test_the_database_lies_beside_the_feeds_file_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    call("init", "desk").ok()
    archive = write_archive(Path("some.jsonl"), *ARCHIVE)
    call("--feeds", "desk/feeds.yaml", "import", archive).ok()
    assert Path("desk/aggregator.db").exists()
    monkeypatch.setenv("AGGREGATOR_FEEDS", "desk/feeds.yaml")
    assert len(call("stories", "--json").ok().json()) == 2
    monkeypatch.setenv("AGGREGATOR_DB", "elsewhere.db")
    call("import", archive).ok()
    assert Path("elsewhere.db").exists()
    assert call("--db", "desk/aggregator.db", "config", "path").ok().out.split("database")[1].split() == [
        "desk/aggregator.db"
    ]


def test_the_users_own_feeds_file_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "config" / "aggregator"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(own.parent))
    call("init", own).ok()
    assert str(own / "feeds.yaml") in call("config", "path").ok().out
    assert call("config", "check").ok().out.startswith(str(own / "feeds.yaml"))
    Path("feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    assert call("config", "check").ok().out.startswith("feeds.yaml: 0 feeds")


def test_a_folder_of_the_user_that_cannot_be_looked_into_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ("x" * 300)))  # as another user's home is closed to us
    call("config", "show").ok()
    assert "no feeds file" in call("feeds", "list").err


def test_a_user_without_a_home_has_the_settings_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(user: int) -> NoReturn:
        raise KeyError(user)

    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))
    assert "no feeds file" in call("feeds", "list").err
    assert f"{tmp_path}/aggregator/aggregator.yaml" in call("config", "path").ok().out
    call("init", tmp_path / "aggregator").ok()
    call("watch", "add", "floods", "--word", "flood", "--to", "file:~/alerts.jsonl", "--by", " ").ok()
    assert call("config", "check").ok().out.startswith(f"{tmp_path}/aggregator/feeds.yaml")


def test_config_show_says_where_each_value_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("aggregator.yaml").write_text("fetch: {timeout: 7, workers: 3}\n", encoding="utf-8")
    monkeypatch.setenv("AGGREGATOR_FETCH_WORKERS", "5")
    rows = call("--set", "stories.window=2d", "config", "show", "--origin", "--json").ok().json()
    found = {row["key"]: (row["value"], row["origin"]) for row in rows}
    assert found["fetch.timeout"] == ("7.0", "aggregator.yaml")
    assert found["fetch.workers"] == ("5", "environment AGGREGATOR_FETCH_WORKERS")
    assert found["stories.window"] == ("2d", "option --set stories.window")
    assert found["fetch.allow_private_networks"] == ("false", "default")
    assert {
        "fetch.max_bytes", "fetch.per_host", "fetch.host_delay", "fetch.user_agent", "digest.time", "digest.timezone",
        "digest.formats", "digest.directory", "retention.entries",
    } <= found.keys()  # fmt: skip
    assert "origin" not in call("config", "show", "--json").ok().json()[0]


def test_what_config_show_prints_can_be_set_again() -> None:
    for row in call("config", "show", "--json").ok().json():
        again = call("--set", f"{row['key']}={row['value']}", "config", "show", "--json").ok().json()
        assert row in again


def test_db_backup_can_be_used_and_is_no_trap() -> None:
    newsroom()
    assert call("db", "backup", "safe/copy.db").ok().out == "safe/copy.db\n"
    assert call("--db", "safe/copy.db", "stories", "--json").ok().json() == call("stories", "--json").ok().json()
    dated = Path(call("db", "backup").ok().out.strip())
    assert dated.name == "aggregator-20260310T070000Z.db"
    call("db", "backup", "safe/copy.db").ok()  # over the older one
    for target in ("aggregator.db", "./aggregator.db", "filled.jsonl", "safe"):
        assert call("db", "backup", target).code == 2
    assert Path("filled.jsonl").read_text(encoding="utf-8").startswith("{")
    assert call("db", "check").ok().out == "aggregator.db: sound.\n"


def test_db_check_finds_what_dangles() -> None:
    newsroom()
    with closing(sqlite3.connect("aggregator.db")) as other:
        other.execute("PRAGMA foreign_keys = OFF")
        other.execute("UPDATE entry SET feed_id = 999 WHERE number = 1")
        other.commit()
    outcome = call("db", "check")
    assert outcome.code == 1
    assert "missing feed" in outcome.err


def test_db_prune_keeps_to_the_retention_rule() -> None:
    newsroom()
    assert call("db", "prune", "--json", now="2026-03-11T00:00:00Z").ok().json()["entries"] == 0
    assert len(call("export").ok().lines()) == 3
    dropped = call("--set", "retention.entries=30d", "db", "prune", "--json", now="2026-06-01T00:00:00Z").ok().json()
    assert dropped["entries"] == 3
    assert call("export").ok().out == ""
    assert call("stories", "--json").ok().json() == []
    call("db", "check").ok()


def test_db_vacuum_keeps_everything() -> None:
    newsroom()
    before = call("export").ok().out
    assert "bytes before" in call("db", "vacuum").ok().out
    assert call("export").ok().out == before


def test_status_counts() -> None:
    newsroom()
    row = call("status", "--json").ok().json()
    assert (row["entries"], row["reports"], row["stories"]) == (3, 2, 2)
    assert (row["database"], row["daemon"]) == ("aggregator.db", None)
    text = call("status").ok().out
    assert "entries          3" in text


def test_health_is_an_exit_code(server: Server) -> None:
    url = server.on("/feed", answer(rss(Item("1", "One"))))
    Path("feeds.yaml").write_text(f"feeds: [{{url: '{url}'}}]\n", encoding="utf-8")
    assert call("health").code == 1  # no database
    options = ("--set", "fetch.allow_private_networks=true", "--set", "run.executor=threads")
    call(*options, "fetch").ok()
    assert "no daemon" in call("health").err
    with DaemonLock(Path("aggregator.db")):
        assert call("health").ok().out == "healthy\n"
        late = call("health", now="2026-03-10T09:00:00Z")
        assert late.code == 1
        assert "the last poll was 2026-03-10 07:00" in late.err
        assert call("health", "--max-age", "3h", now="2026-03-10T09:00:00Z").code == 0
        assert isinstance(call("status", "--json").ok().json()["daemon"], int)
    assert call("health").code == 1


def test_health_of_a_newsroom_that_never_polled() -> None:
    newsroom()
    with DaemonLock(Path("aggregator.db")):
        outcome = call("health")
    assert outcome.code == 1
    assert "never" in outcome.err


def test_restore_puts_a_backup_in_place_and_says_what_it_holds() -> None:
    newsroom()
    call("db", "backup", "copy.db").ok()
    Path("aggregator.db").unlink()
    assert "3 entries" in call("db", "restore", "copy.db").ok().out
    assert len(call("stories", "--json").ok().json()) == 2
    assert "aggregator.db.before-restore-20260310T070000Z" in call("db", "restore", "copy.db").ok().out
    assert call("db", "restore", "none.db").code == 1


def test_restore_waits_for_no_daemon_even_through_a_link() -> None:
    newsroom()
    call("db", "backup", "copy.db").ok()
    Path("link.db").symlink_to("aggregator.db")
    with DaemonLock(Path("aggregator.db")):
        for name in ("aggregator.db", "link.db"):
            outcome = call("--db", name, "db", "restore", "copy.db")
            assert outcome.code == 5
            assert "another daemon" in outcome.err
    call("--db", "link.db", "db", "restore", "copy.db").ok()
    assert Path("link.db").is_symlink()


def test_a_backup_replaces_no_pipe() -> None:
    newsroom()
    os.mkfifo("pipe")
    assert call("db", "backup", "pipe").code == 2
    assert Path("pipe").is_fifo()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("db backup circle.db", "circle.db: .*links lead in a circle"),
        ("--db circle.db db restore aggregator.db", "circle.db: .*links lead in a circle"),
        ("--db circle.db run", "circle.db: .*links lead in a circle"),
        ("db restore circle.db", "circle.db: no such file"),
        ("--db folder db check", "folder: is a folder"),
        ("--db pipe db check", "pipe: is a pipe"),
        ("db restore pipe", "pipe: no such file"),
        ("--db empty.db db check", "empty.db: the file is empty"),
        ("db restore empty.db", "empty.db: cannot be restored, it is damaged: the file is empty"),
    ],
)
def test_what_stands_in_a_databases_place_is_named(command: str, told: str) -> None:
    newsroom()
    Path("feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    Path("circle.db").symlink_to("circle.db")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("empty.db").touch()
    outcome = call(*command.split())
    assert outcome.code == 1
    assert re.search(told, outcome.err)
    assert call("db", "check").ok()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE entry RENAME COLUMN title TO heading", "the table entry has no column title"),
        ("UPDATE entry SET published = '2026-03-1x'", "table entry: 3 of the values of published are no time"),
        (
            "UPDATE entry SET first_seen = '9999-99-99T00:00:00Z'",
            "table entry: 3 of the values of first_seen are no time",
        ),
        ("UPDATE story SET last_seen = 'x'", "table story: 2 of the values of last_seen are no time"),
        ("UPDATE feed SET next_fetch = ''", "table feed: 3 of the values of next_fetch are no time"),
        ("UPDATE entry SET categories = '['", "table entry: 3 of the values of categories are no JSON"),
    ],
)
def test_what_the_disk_made_of_a_value_is_named_and_no_traceback(change: str, named: str) -> None:
    newsroom(*ARCHIVE)
    story = next(iter(story_ids().values()))
    with closing(sqlite3.connect("aggregator.db")) as db, db:
        db.execute(change)
    checked = call("db", "check")
    assert (checked.code, named in checked.err) == (1, True), checked
    assert call("db", "backup", "copy.db").code == ("column" in named)
    for command in ("stories", f"story show {story}", "export", "digest", "status", "search port", "feeds health"):
        outcome = call(*command.split())
        assert outcome.code == 0 or "damage" in outcome.err, (command, outcome)


def test_config_check_tries_the_templates_and_languages_of_the_digest() -> None:
    newsroom()
    folder = Path("own")
    folder.mkdir()
    (folder / "edition.md").write_text("# {{ edition.titel }}\n", encoding="utf-8")
    outcome = call("--set", "digest.templates=own", "--set", "digest.language=xx", "config", "check")
    assert outcome.code == 2
    assert "there are no labels in 'xx'" in outcome.err
    outcome = call("--set", "digest.templates=own", "config", "check")
    assert outcome.code == 2
    assert "edition.md:1" in outcome.err
    assert call("--set", "digest.templates=own", "digest").ok().out.startswith("# News digest")


def test_config_check_names_settings_that_would_fail_at_their_first_use() -> None:
    newsroom()
    given = {
        "fetch.allow_private_networks": "10.0.0.300",
        "fetch.ca_file": "nowhere.pem",
        "fetch.contact": "a\nb",
        "web.address": "127.0.0.1:99999",
        "mail.server": "mail.example",
        "mail.sender": "desk@paper.example",
        "mail.recipients": "editor",
    }
    outcome = call(*(part for key, value in given.items() for part in ("--set", f"{key}={value}")), "config", "check")
    assert outcome.code == 2
    for key in set(given) - {"mail.server", "mail.sender"}:
        assert key in outcome.err
    assert "mail.sender" not in outcome.err


def test_config_check_wants_a_sender_where_mail_is_sent() -> None:
    newsroom()
    assert "mail.sender" in call("--set", "mail.server=mail.example", "config", "check").err


def test_config_check_names_a_variable_that_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom()
    Path("feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    monkeypatch.setenv("AGGREGATOR_FETCH_TIMOUT", "5")
    monkeypatch.setenv("AGGREGATOR_NATO_KEY", "a secret of a feed")
    told = call("config", "check").ok().err
    assert (
        "environment AGGREGATOR_FETCH_TIMOUT: there is no such setting; did you mean 'AGGREGATOR_FETCH_TIMEOUT'?"
        in told
    )
    assert "NATO" not in told
