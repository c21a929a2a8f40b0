"""A feed that attacks the terminal of whoever reads it, from the wire to every command that shows it."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from tests.cli.calling import call
from tests.cli.test_output import FORMS, STEERING, TITLES
from tests.fetching.server import Server, answer
from tests.harness import Item

OPTIONS = ("--set", "fetch.allow_private_networks=true", "--set", "run.executor=threads", "--set", "fetch.host_delay=0")
TEXT = "The harbour of Esbjerg stayed closed on Tuesday and the ferries to Harwich waited for the evening. "


def document(*items: Item, title: str) -> bytes:
    # XML has no place for C0; as JSON Feed they arrive
    entries = [
        {"id": one.guid, "title": one.title, "content_text": one.text, "url": "https://x.example/" + one.guid,
         "authors": [{"name": title}]}
        for one in items
    ]  # fmt: skip
    made = {"version": "https://jsonfeed.org/version/1.1", "title": title, "items": entries}
    return json.dumps(made).encode()


@pytest.fixture
def hostile(server: Server) -> list[str]:
    """Two polls of a hostile feed, the second with edits, and a feed that fails in the foulest words; gives entry ids."""

    def serve(extra: str) -> None:
        items = [
            Item(str(number), title + extra, f"{TEXT}{title} {extra} {number * 7919}")
            for number, title in enumerate(TITLES)
        ]
        body = document(*items, title=f"\x1b[31m{TITLES[2]}")
        server.on("/feed", answer(body, kind="application/feed+json"))

    serve("")
    good = server.url("/feed")
    bad = server.on("/bad", answer(b"\x1b[2J\x9b31m<!doctype html>" + TITLES[1].encode(), kind="text/\x1b[31mhtml"))
    Path("feeds.yaml").write_text(f"feeds:\n  - url: {good}\n  - url: {bad}\n", encoding="utf-8")
    outcome = call(*OPTIONS, "fetch", "--json")
    assert outcome.code == 4
    assert not STEERING.findall(outcome.out + outcome.err)
    call("watch", "add", "harbour", "--word", "harbour", "--by", TITLES[0], "--phrase", TITLES[0]).ok()
    serve(" \x1b[5m and \x9b5m more 17 \u202e")
    outcome = call(*OPTIONS, "fetch", "--all", now="2026-03-10T09:00:00Z")
    assert outcome.code == 4
    assert not STEERING.findall(outcome.out + outcome.err)
    ids = [row["id"] for row in call("export").ok().lines()]
    assert len(ids) == len(TITLES)
    assert len(call("entry", "revisions", ids[0], "--json").ok().json()) == 1
    return ids


def test_no_list_lets_control_characters_through(hostile: list[str]) -> None:
    commands = (
        ("stories",), ("search", "harbour"), ("feeds", "health"), ("feeds", "list"), ("watch", "list"), ("story", "log"),
        ("entry", "revisions", hostile[0]), ("watch", "test", "--word", "harbour"),
    )  # fmt: skip
    for command, form in product(commands, FORMS):
        outcome = call(*command, "--format", form, now="2026-03-10T09:30:00Z")
        assert outcome.code == 0, (command, form, outcome)
        assert not STEERING.findall(outcome.out + outcome.err), (command, form)


def test_no_story_or_entry_lets_control_characters_through(hostile: list[str]) -> None:
    stories = {row["story_id"] for row in call("export").ok().lines()}
    for form in ("text", "json"):
        for story in sorted(stories):
            for verb in ("show", "why", "timeline", "new", "diff"):
                outcome = call("story", verb, story, "--format", form, now="2026-03-10T09:30:00Z").ok()
                assert not STEERING.findall(outcome.out + outcome.err), verb
        for entry in hostile:
            for verb in ("show", "diff"):
                outcome = call("entry", verb, entry, "--format", form, now="2026-03-10T09:30:00Z").ok()
                assert not STEERING.findall(outcome.out + outcome.err), verb


def test_the_exchange_of_feeds(hostile: list[str]) -> None:
    assert hostile
    assert not STEERING.findall(call("feeds", "export").ok().out)
    for form in ("md", "html", "text", "json", "atom", "jsonfeed"):
        assert not STEERING.findall(call("digest", "--format", form, now="2026-03-10T09:30:00Z").ok().out), form
