"""The tree of commands: all that the interface names are there, and every one explains itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aggregator.cli.app import COMMANDS, cli
from tests.cli.calling import ROOT, call, newsroom

NAMED = """
run
fetch
stories
story show|why|timeline|diff|new|merge|split|move|pin|forbid|undo|log
storyline list|show|name|tie|untie
entry show|revisions|diff
digest
search
feeds list|add|remove|pause|resume|health|discover|import|export
watch add|list|remove|test
import
export
evaluate
replay
recluster
demo
init
status
health
web
config show|path|check
db check|backup|restore|prune|vacuum
completion
"""
OPTIONS: dict[tuple[str, ...], str] = {
    (): "--db --feeds --config --set --now -v -q --version",
    ("fetch",): "--all",
    ("stories",): "--since --until --match --min-publishers --publisher --lang --category --sort --limit --storylines",
    ("evaluate",): "--level",
    ("digest",): "--date --since --until --format --output --mail",
    ("replay",): "--dry-run --set",
    ("config", "show"): "--origin",
    **{("story", verb): "--by" for verb in ("merge", "split", "move", "pin", "forbid", "undo")},
    **{("storyline", verb): "--by" for verb in ("name", "tie", "untie")},
}
LISTS = [
    ("fetch",),
    ("stories",),
    ("search",),
    ("feeds", "list"),
    ("feeds", "health"),
    ("story", "log"),
    ("storyline", "list"),
    ("watch", "list"),
]
THINGS = [("story", "show"), ("story", "why"), ("storyline", "show"), ("entry", "show"), ("status",)]


def walk(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from walk(found, (*path, name))


def named() -> list[tuple[str, ...]]:
    made: list[tuple[str, ...]] = []
    for line in NAMED.split("\n"):
        name, _, verbs = line.partition(" ")
        made += [(name, verb) for verb in verbs.split("|")] if verbs else [(name,)] if name else []
    return made


def find(path: tuple[str, ...]) -> click.Command:
    return dict(walk())[path]


def names(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("path", named(), ids=" ".join)
def test_every_command_of_the_interface_is_there_and_explains_itself(path: tuple[str, ...]) -> None:
    outcome = call(*path, "--help").ok()
    assert outcome.out.startswith(f"Usage: aggregator {' '.join(path)}")
    assert outcome.err == ""


def test_the_whole_tree_has_a_line_of_help_each() -> None:
    seen = 0
    for path, command in walk():
        text = command.get_short_help_str(limit=200)
        assert text, path
        assert text[0].isupper(), path
        assert text.endswith((".", ":", ")")) or '"' in text, (path, text)
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.name)
        assert call(*path, "--help").code == call(*path, "-h").code == 0
        seen += 1
    assert seen > 50


@pytest.mark.parametrize("path", OPTIONS, ids=" ".join)
def test_options_of_the_interface(path: tuple[str, ...]) -> None:
    assert names(find(path)) >= set(OPTIONS[path].split())


@pytest.mark.parametrize(("paths", "forms"), [(LISTS, "table json jsonl csv tsv"), (THINGS, "text json")])
def test_each_command_offers_its_formats(paths: list[tuple[str, ...]], forms: str) -> None:
    for path in paths:
        command = find(path)
        [option] = [parameter for parameter in command.params if "--format" in parameter.opts]
        assert isinstance(option.type, click.Choice)
        assert list(option.type.choices) == forms.split(), path
        assert "--json" in names(command), path


def test_global_options_may_stand_after_the_command() -> None:
    newsroom()
    Path("aggregator.db").rename("other.db")
    assert call("stories").code == 3
    for arguments in (
        ("stories", "--db", "other.db"),
        ("story", "--db", "other.db", "log"),
        ("story", "log", "--db", "other.db"),
    ):
        call(*arguments).ok()
    assert call("--db", "none.db", "stories", "--db", "other.db", "--json").ok().json()
    assert (
        call("stories", "--db", "other.db", "--since", "1h", "--now", "2026-03-20T00:00Z", "--json").ok().json() == []
    )
    for wrong in ("--now ", "--now never", "--db other.db --set fetch.workers=0"):
        assert call("stories", *wrong.split(" ")).code == 2, wrong
    shown = call("--set", "fetch.workers=3", "config", "show", "--set", "fetch.timeout=7", "--json").ok().json()
    assert {row["key"]: row["value"] for row in shown}.items() >= {"fetch.workers": "3", "fetch.timeout": "7.0"}.items()
    assert "Traceback" in call("stories", "-vv", "--since", "never", "--db", "other.db").err
    assert call("import", "filled.jsonl", "-q").ok().err == ""
    assert call("search", "--db", "other.db", "--", "--db").ok().err == "Nothing found.\n"


def test_groups_without_a_command_show_their_help() -> None:
    for arguments in ((), ("story",), ("db",)):
        outcome = call(*arguments, now=None)
        assert outcome.code == 2
        assert "Usage:" in outcome.out + outcome.err
        assert "Commands:" in outcome.out + outcome.err


def test_version_is_printed() -> None:
    assert call("--version").ok().out.startswith("aggregator, version 0.")


HEAVY = [
    "requests",
    "feedparser",
    "datasketch",
    "apscheduler",
    "sqlite_utils",
    "ruamel.yaml",
    "pydantic",
    "dateparser",
    "jinja2",
    "rich",
    "rich.console",
    "numpy",
    "babel",
    "starlette",
    "importlib.metadata",
]


@pytest.mark.parametrize(
    ("command", "needed"),
    [("completion fish", set()), ("stories", {"rich"}), ("search Harbour", {"rich", "rich.console"})],
)
def test_a_command_loads_what_it_needs_alone(command: str, needed: set[str]) -> None:
    newsroom()
    check = (
        f"import sys; from aggregator.cli.app import code_of; code_of({command.split()});"
        f"print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    )
    setting = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, env=setting)
    assert set(done.stderr.split()) == needed


def test_settings_as_init_writes_them_need_no_pydantic() -> None:
    call("init").ok()
    check = (
        "import sys; from aggregator.cli.app import code_of; code_of(['config', 'path']);"
        "print(*(name for name in ('ruamel.yaml', 'pydantic') if name in sys.modules), file=sys.stderr)"
    )
    setting = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, env=setting)
    assert done.stderr.split() == ["ruamel.yaml"]


@pytest.mark.parametrize("name", COMMANDS)
def test_lists_tell_of_a_command_what_its_own_help_does(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert not command.hidden
    assert COMMANDS[name].line == command.get_short_help_str(100)


def test_the_commands_are_those_of_the_interface() -> None:
    assert set(COMMANDS) == {path[0] for path in named()}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str) -> None:
    script = call("completion", shell).ok().out
    assert "_AGGREGATOR_COMPLETE" in script
    assert "aggregator" in script
