"""What is printed: data alone on stdout, plain when piped, and nothing of a feed's that steers a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.cli.output import json_text
from tests.cli.calling import ARCHIVE, NOW, ROOT, call, newsroom, shell, write_archive

# ESC, C1, bidi and line-turning characters, rich's and HTML's markup, the beginnings of a formula
TITLES = (
    "\x1b[31mred\x1b[0m alert \x1b]0;owned\x07 on the coast",
    "C1 \x9b31m and \x9d0;owned\x9c over the border",
    "Turned \u202e txet \u2066inside\u2069 \u2028 of a minister",
    "Rich [bold red]markup[/] [link=http://x.example]here[/link] :smile: in parliament",
    "Tags &lt;b&gt;bold&lt;/b&gt; &lt;script&gt;alert(1)&lt;/script&gt; at the harbour",
    "=HYPERLINK(\"http://x.example\",\"click\")",
    "+1+1 said the treasury of the coalition",
    "-2+3 degrees in the north tonight",
    "@SUM(A1:A9) of all budgets agreed",
    "\t=cmd|' /C calc'!A0 after a blank",
)  # fmt: skip
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]")
LISTS = (("stories", "--limit", "50"), ("search", "ukraine"), ("story", "log"))
FORMS = ("table", "json", "jsonl", "csv", "tsv")


def hostile_newsroom() -> None:
    newsroom(
        *(
            {**ARCHIVE[0], "id": str(number), "title": title, "source": title, "cluster": None,
             "url": f"https://x.example/{number}", "body": f"Ukraine {number}. {title} {number * 7919} {'abc'[number % 3] * 9}"}
            for number, title in enumerate(TITLES)
        )
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("command", LISTS)
def test_no_list_passes_on_what_steers_a_terminal(command: tuple[str, ...], form: str) -> None:
    hostile_newsroom()
    ids = [row["id"] for row in call("stories", "--json").ok().json()]
    call("story", "merge", *ids[:2], "--by", TITLES[0]).ok()
    outcome = call(*command, "--format", form).ok()
    assert outcome.out.count("\n") > 1 or command == ("story", "log")
    assert not STEERING.findall(outcome.out)


def test_nor_does_any_other_command() -> None:
    hostile_newsroom()
    stories = [row["id"] for row in call("stories", "--limit", "50", "--json").ok().json()]
    entries = [row["id"] for row in call("export").ok().lines()]
    commands: list[tuple[str, ...]] = [("export",), ("status",)]
    commands += [("digest", "--format", form) for form in ("md", "html", "text", "json", "atom", "jsonfeed")]
    for form in ("text", "json"):
        commands += [("story", verb, one, "--format", form) for verb in ("show", "why") for one in stories]
        commands += [("entry", "show", one, "--format", form) for one in entries]
    for command in commands:
        outcome = call(*command).ok()
        assert not STEERING.findall(outcome.out + outcome.err), command


def test_errors_about_foreign_text_steer_nothing() -> None:
    Path("feeds.yaml").write_text('feeds:\n  - {url: "https://a.example/", "\\e[31mname": x}\n', encoding="utf-8")
    lines = (ARCHIVE[0], {**ARCHIVE[1], "date": "\x1b[31mnever"}, '{"id": "\\u001b[2J\\u009b", "title": 3}')
    for outcome in (
        call("feeds", "list"),
        call("--feeds", "none.yaml", "--db", "a.db", "evaluate", write_archive(Path("some.jsonl"), *lines)),
        call("--set", "\x1b[31m=1", "stories"),
        call("stories", "--since", "\x1b[2J\u202e"),
    ):
        assert not STEERING.findall(outcome.err)


def test_json_keeps_the_text_that_it_escapes() -> None:
    title = "Soft\u00adhyphens, \u202ebidi\u202c and a tag \U000e0041"
    made = json_text({"title": title, "plain": "Größe 東京 🚢"})
    assert not STEERING.findall(made)
    assert "Größe 東京 🚢" in made
    assert json.loads(made) == {"title": title, "plain": "Größe 東京 🚢"}


def test_objects_in_a_cell_are_json() -> None:
    newsroom()
    text = call("stories", "--storylines", "--format", "csv").ok().out
    for row in csv.DictReader(io.StringIO(text)):
        [story] = json.loads(row["stories"])
        assert story["title"] == row["title"]


@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_spreadsheet_cells_are_no_formulas(form: str, delimiter: str) -> None:
    hostile_newsroom()
    text = call("stories", "--limit", "50", "--format", form).ok().out
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    assert len(rows) > len(TITLES) / 2
    assert {len(row) for row in rows} == {len(rows[0])}
    for cell in (cell for row in rows for cell in row):
        assert not cell.lstrip().startswith(("=", "+", "-", "@")), cell


def test_markup_of_the_table_library_stays_text() -> None:
    hostile_newsroom()
    shown = call("stories", "--limit", "50").ok().out
    assert "[bold red]markup[/]" in shown
    assert ":smile:" in shown


def test_stdout_is_data_and_stderr_the_rest() -> None:
    newsroom()
    assert call("stories", "--match", "zebra", "--json").ok().json() == []
    outcome = call("stories", "--match", "zebra").ok()
    assert (outcome.out, outcome.err) == ("", "No stories fit.\n")


def test_a_broken_pipe_is_no_failure() -> None:
    newsroom()
    # More than a pipe holds
    many = [{**ARCHIVE[0], "id": str(number), "title": f"Chiefs {number}"} for number in range(150)]
    call("import", write_archive(Path("many.jsonl"), *many)).ok()
    for command in ("export", "stories --limit 300"):
        done = shell(f"aggregator {command} | head -1")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("command", ["stories", "export", "--help"])
def test_a_full_disk_behind_stdout_is_told_in_words(command: str) -> None:
    newsroom()
    done = shell(f"unset PYTHONUNBUFFERED; aggregator {command} > /dev/full")
    assert (done.returncode, done.stderr) == (1, "aggregator: stdout: cannot be written (No space left on device)\n")
    done = shell(f"PYTHONUNBUFFERED=1 aggregator {command} > /dev/full")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_streams_closed_from_the_start_are_no_files_to_write_into() -> None:
    newsroom()
    before = call("export").ok().out
    for streams in (">&-", ">&- 2>&- <&-"):
        done = shell(f"aggregator stories {streams}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert shell("aggregator nonsense 2>&-").returncode == 2
    assert call("export").ok().out == before


def test_interrupted_by_a_signal() -> None:
    os.mkfifo("pipe")
    setting = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "aggregator", "import", "pipe"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=setting)
    with process, Path("pipe").open("w"):  # opens when the other side has begun to read
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.split() == ["aggregator:", "interrupted"]


def on_a_terminal(*arguments: str, **environ: str) -> str:
    """Run a command with a terminal for stdout and return what the terminal got."""
    leader, follower = pty.openpty()
    setting = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    setting.update({"PYTHONPATH": str(ROOT), "AGGREGATOR_NOW": NOW, "TERM": "xterm-256color", **environ})
    with subprocess.Popen(
        [sys.executable, "-m", "aggregator", *arguments], stdout=follower, stderr=subprocess.DEVNULL, env=setting
    ) as process:
        os.close(follower)
        got = b""
        while True:
            try:
                block = os.read(leader, 65_536)
            except OSError:  # the other end of a terminal is gone
                break
            if not block:
                break
            got += block
    os.close(leader)
    assert process.returncode == 0
    return got.decode("utf-8")


def test_colours_are_for_terminals_that_want_them() -> None:
    newsroom()
    assert "\x1b[" in on_a_terminal("stories")
    assert "\x1b" not in on_a_terminal("stories", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal("stories", TERM="dumb")


def test_output_is_utf_8_in_any_locale() -> None:
    newsroom({**ARCHIVE[0], "title": "Größe 東京 Київ"})
    done = shell("aggregator stories; aggregator stories --json", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Größe 東京 Київ") == 2
    assert "\x1b" not in done.stdout  # no colours either, for it is no terminal


@pytest.mark.parametrize(
    "command", [("digest", "--output", "a.pdf"), ("digest", "--output", "a.RSS"), ("export", "--output", "a.xlsx")]
)
def test_a_file_s_ending_that_names_another_format_is_refused(command: tuple[str, ...]) -> None:
    newsroom()
    outcome = call(*command)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"no {Path(command[-1]).suffix.lower()} is written" in outcome.err
    assert not Path(command[-1]).exists()
    call(*command, "--format", {"digest": "html", "export": "csv"}[command[0]]).ok()
    assert Path(command[-1]).exists()


@pytest.mark.parametrize("name", ["latest", "tmp.Xa3kQ9", "digest.2026-03-10", "a.md.new"])
def test_an_ending_that_names_no_format_leaves_the_usual_one(name: str) -> None:
    newsroom()
    call("digest", "--output", name).ok()
    assert Path(name).read_text(encoding="utf-8").startswith("#")
