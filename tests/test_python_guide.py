"""What docs/python.md shows runs as it stands."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import aggregator
from aggregator import model
from tests.cli.calling import newsroom

GUIDE = Path(__file__).parents[1] / "docs" / "python.md"


def test_the_guides_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))
    monkeypatch.chdir(tmp_path)
    newsroom()
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 5
    exec("\n".join(blocks), {})  # one program: the first block imports for all
    said = capsys.readouterr().out
    assert "merge takes two different stories or more" in said
    assert "('Maria', 'merge', 'Jan')" in said
    assert "Strike closes the port of Rotterdam ['0', '1']" in said
    assert "Snow shuts the Brenner pass ['2']" in said


def test_the_guides_tables_name_every_field() -> None:
    text = GUIDE.read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (`.*) \|$", text, re.MULTILINE)
    assert len(rows) > 10
    for name, told in rows:
        if hasattr(model, name):
            said = re.sub(r" \([^()]*\)", "", told)
            assert re.findall(r"`(\w+)`", said) == [field.name for field in fields(getattr(model, name))], name


def test_the_guide_names_every_public_value() -> None:
    told = set(re.findall(r"`(\w+)", GUIDE.read_text("utf-8")))
    assert [name for name in aggregator.__all__ if name not in told] == []


def test_what_the_guide_says_can_be_asked_is_there() -> None:
    text = GUIDE.read_text("utf-8")
    part = text[text.index("## What can be asked") : text.index("## Errors")]
    asked = [name for row in re.findall(r"^\| (`.*?`) \|", part, re.MULTILINE) for name in re.findall(r"`(\w+)\(", row)]
    assert len(asked) > 20
    assert [name for name in asked if not hasattr(aggregator.Aggregator, name)] == []
