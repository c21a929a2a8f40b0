"""``watch``: added, listed, tested and removed; alerts on stdout after a fetch and from the daemon."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import ARCHIVE, ROOT, Outcome, call, newsroom
from tests.fetching.server import Server, Visit, answer
from tests.harness import MORNING, Item, rss

STRIKE = Item(
    "a1", "Strike closes the port", "Dockers walked out at the port of Rotterdam on Tuesday.", published=MORNING
)
WATCH = {"name", "query", "to", "added", "by", "alerts", "last_alert", "waiting", "given_up", "last_error"}
LOG = {"id", "watch", "story", "at", "reason", "sentence", "to", "state", "attempts", "next_try", "delivered", "error"}
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def follow(server: Server, *items: Item) -> None:
    Path("feeds.yaml").write_text(
        f"feeds:\n  - {{url: '{server.on('/feed', answer(rss(*items)))}', publisher: Ledger}}\n"
    )


def fetch(*arguments: str) -> Outcome:
    settings = ("--set", "fetch.allow_private_networks=true", "--set", "run.executor=threads")
    return call(*settings, "fetch", "--all", *arguments)


def test_added_listed_and_removed() -> None:
    assert call("watch", "list").code == 3  # no database yet
    added = call(
        "watch", "add", "strikes", "--word", "strike|walkout", "--phrase", "port of", "--without", "football",
        "--publisher", "Ledger", "--lang", "en", "--category", "ports", "--min-publishers", "2",
        "--to", "stdout", "--to", "file:alerts.jsonl", "--to", "webhook:https://hooks.example/T0/secret", "--by", "Ana",
    ).ok()  # fmt: skip
    line = 'strikes: strike|walkout "port of" -football publisher:Ledger lang:en category:ports publishers>=2\n'
    assert added.out == line
    [row] = call("watch", "list", "--json").ok().json()
    assert row.keys() >= WATCH
    assert (row["name"], row["by"], row["alerts"], row["last_alert"]) == ("strikes", "Ana", 0, None)
    assert row["query"]["words"] == ["strike|walkout"]
    assert row["to"] == ["stdout", f"file:{Path.cwd() / 'alerts.jsonl'}", "webhook:https://hooks.example/…"]
    for form in ("table", "csv", "tsv", "jsonl"):
        listed = call("watch", "list", "--format", form).ok().out
        assert "strikes" in listed
        assert "secret" not in listed
    assert call("watch", "add", "Strikes", "--word", "strike").code == 2
    assert call("watch", "remove", "STRIKES").ok().err == "strikes: removed.\n"
    assert call("watch", "list", "--json").ok().json() == []
    assert call("watch", "remove", "strikes").code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "x"),
        ("add", "x", "--word", "!?"),
        ("add", "x", "--word", "port", "--to", "pigeon"),
        ("add", "x", "--word", "port", "--min-publishers", "0"),
        ("add", "\x1b[31m", "--word", "port"),
        ("test",),
        ("test", "x", "--word", "port"),
        ("test", "--word", "port", "--since", "soon"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...]) -> None:
    newsroom()
    outcome = call("watch", *arguments)
    assert outcome.code == 2, outcome
    assert outcome.err
    assert "Traceback" not in outcome.err
    assert not STEERING.search(outcome.err)


def test_a_test_shows_what_a_query_or_a_watch_would_have_caught() -> None:
    newsroom()
    [row] = call("watch", "test", "--word", "ukraine", "--json").ok().json()
    assert row["title"] == ARCHIVE[0]["title"]
    assert (row["entries"], row["publishers"]) == (2, 2)
    assert [(one["at"], one["reason"]) for one in row["alerts"]] == [("2026-03-10T05:00:00Z", "new")]
    call("watch", "add", "storms", "--phrase", "port of Esbjerg").ok()
    assert [one["title"] for one in call("watch", "test", "storms", "--json").ok().json()] == [ARCHIVE[2]["title"]]
    assert "Storm closes" in call("watch", "test", "Storms", "--since", "2d").ok().out
    nothing = call("watch", "test", "storms", "--since", "2026-03-10T06:30:00Z").ok()
    assert (nothing.out, nothing.err) == ("", "Nothing would have been caught since 2026-03-10T06:30:00Z.\n")
    assert call("watch", "test", "nobody").code == 3
    assert call("watch", "log", "nobody").code == 3
    assert call("watch", "log", "--json").ok().json() == []
    assert len(call("watch", "test", "--min-publishers", "2", "--json").ok().json()) == 1


def test_a_fetch_delivers_and_says_it_beside_its_table(server: Server) -> None:
    follow(server, STRIKE)
    hook = server.on("/hook", answer())
    call("watch", "add", "strikes", "--word", "strike", "--to", "stdout", "--to", f"webhook:{hook}").ok()
    out = fetch().ok().out.splitlines()
    assert out[-1].startswith(
        "2026-03-10 07:00 ALERT strikes: Strike closes the port (Ledger) - New: Ledger. https://example.org/a1 s"
    )
    [posted] = [json.loads(asked.body) for asked in server.asked if asked.path == "/hook"]
    assert posted["story"]["title"] == STRIKE.title
    rows = call("watch", "log", "--json").ok().json()
    assert all(row.keys() >= LOG for row in rows)
    assert [(row["reason"], row["state"], row["attempts"]) for row in rows] == [("new", "delivered", 1)] * 2
    assert "delivered" in call("watch", "log", "strikes").ok().out
    assert fetch().ok().out.count("ALERT") == 0
    [row] = call("watch", "list", "--json").ok().json()
    assert (row["alerts"], row["waiting"], row["last_alert"]) == (1, 0, "2026-03-10T07:00:00Z")


def test_a_program_that_reads_a_fetch_gets_the_list_alone(server: Server) -> None:
    follow(server, STRIKE)
    call("watch", "add", "strikes", "--word", "strike").ok()
    outcome = fetch("--json").ok()
    assert [row["new"] for row in outcome.json()] == [1]
    assert "ALERT strikes" in outcome.err


def test_a_webhook_that_fails_costs_the_fetch_nothing_and_shows_in_the_list(server: Server) -> None:
    follow(server, STRIKE)
    hook = server.on("/hook/secret", answer(status="500 Internal Server Error"))
    call("watch", "add", "strikes", "--word", "strike", "--to", f"webhook:{hook}").ok()
    fetch().ok()
    [row] = call("watch", "list", "--json").ok().json()
    assert (row["waiting"], row["given_up"]) == (1, 0)
    assert "500" in row["last_error"]
    shown = call("watch", "list").ok().out
    assert "1 waiting" in shown
    assert "secret" not in shown


def test_hostile_titles_steer_nothing(server: Server) -> None:
    title = "Strike \x9b31mred\x9d0;owned\x9c \u202eturned\u2069 <b>bold</b>"
    follow(server, Item("a1", title, "Dockers walked out.", published=MORNING))
    call("watch", "add", "strikes", "--word", "strike", "--to", "stdout", "--to", "file:alerts.jsonl").ok()
    outcome = fetch().ok()
    assert "ALERT" in outcome.out
    assert not STEERING.search(outcome.out + outcome.err)
    for arguments in (("test", "strikes"), ("test", "strikes", "--json"), ("log",), ("log", "--json"), ("list",)):
        assert not STEERING.search(call("watch", *arguments).ok().out)
    line = Path("alerts.jsonl").read_text(encoding="utf-8")
    assert not STEERING.search(line.rstrip("\n"))
    assert "<" not in line


@pytest.mark.costly
def test_the_daemon_delivers_while_a_slow_webhook_holds_its_answer_back(server: Server) -> None:
    reached, release = threading.Event(), threading.Event()
    posted: list[dict[str, Any]] = []

    def slow(visit: Visit) -> bytes:
        posted.append(json.loads(visit.asked.body))
        reached.set()
        release.wait(30)
        return answer()

    follow(server, replace(STRIKE, published=datetime.now(UTC)))
    hook = server.on("/hook", slow)
    call("watch", "add", "strikes", "--word", "strike", "--to", f"webhook:{hook}", "--to", "stdout", now=None).ok()
    command = [
        sys.executable, "-m", "aggregator", "--set", "fetch.allow_private_networks=true", "--set", "run.tick=0.1",
        "--set", "run.executor=threads", "--set", "fetch.min_interval=1s", "--set", "fetch.host_delay=0",
        "--set", "watches.timeout=30", "run",
    ]  # fmt: skip
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    environ.pop("AGGREGATOR_NOW", None)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as daemon:
        try:
            assert reached.wait(60)
            assert daemon.stdout is not None
            told = json.loads(daemon.stdout.readline())  # stdout is served although the webhook is not done
            release.set()
            daemon.send_signal(signal.SIGTERM)
            rest, errors = daemon.communicate(timeout=60)
        finally:
            release.set()
            daemon.kill()
    assert (told["watch"], told["story"]["title"]) == ("strikes", STRIKE.title)
    assert (daemon.returncode, rest) == (0, ""), errors
    assert [one["id"] for one in posted] == [told["id"]]
    assert {row["state"] for row in call("watch", "log", "--json", now=None).ok().json()} == {"delivered"}
