"""The demo, run by its command: the whole chain without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.calling import call


@pytest.mark.costly
def test_demo_shows_the_chain_and_keeps_it() -> None:
    outcome = call("demo", "--keep", "kept", now=None).ok()
    headings = re.findall(r"(?m)^== (.*)$", outcome.out)
    assert sum("polling" in heading for heading in headings) >= 2
    assert any(heading.startswith("stories") for heading in headings)
    assert any(heading.startswith("story show") for heading in headings)
    assert any(heading.startswith("story why") for heading in headings)
    assert headings[-2:] == ["digest", "what next"]
    ending = outcome.out[outcome.out.index("== what next") :]
    assert ending.count("aggregator --db kept/demo.db ") == 3
    assert "kept/digest.html" in ending
    assert "\x1b" not in outcome.out
    assert "Traceback" not in outcome.err
    rows = call("--db", "kept/demo.db", "stories", "--sort", "publishers", "--json", now=None).ok().json()
    assert rows[0]["publishers"] > 2
    assert rows[0]["reports"] < rows[0]["entries"]
    shown = next(heading for heading in headings if heading.startswith("story show")).split()[-1]
    assert shown in {row["id"] for row in rows}
    assert Path("kept/digest.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    assert {path.name for path in Path().iterdir()} == {"kept"}


def test_settings_that_leave_the_demo_nothing_are_told() -> None:
    outcome = call("--set", "fetch.max_bytes=1", "--set", "run.executor=threads", "demo", now=None)
    assert outcome.code == 2
    assert "no story came of the sample feeds" in outcome.err
    assert list(Path().iterdir()) == []
