"""``web``: what it needs, what it refuses, and the hash of a password."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from aggregator.web.passwords import verify
from tests.cli.calling import call, newsroom


def test_a_password_becomes_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
    done = call("web", "--hash-password").ok()
    assert verify("correct horse battery", done.out.strip())
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert call("web", "--hash-password").code == 2


def test_it_looks_into_a_database_that_is_there() -> None:
    done = call("web")
    assert done.code == 3
    assert "no database yet" in done.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--address", "0.0.0.0:8765"), "web.users"),
        (("--address", "nowhere"), "web.address"),
        (("--set", "web.users=anna=secret"), "web.users"),
        (("--set", "web.users=anna"), "web.users"),
        (("--set", "web.users=anna=env:NOT_SET_ANYWHERE"), "NOT_SET_ANYWHERE"),
        (("--set", "web.token=file:missing.txt"), "missing.txt"),
    ],
)
def test_what_lets_strangers_in_or_nobody_is_refused(arguments: tuple[str, ...], named: str) -> None:
    newsroom()
    done = call("web", *arguments)
    assert done.code == 2
    assert named in done.err


def test_secrets_are_not_shown(folder: Path) -> None:
    (folder / "aggregator.yaml").write_text(
        "web:\n  token: wall-screen-token\n  users: {anna: 'scrypt:1', ben: {env: BEN}, carla: {file: carla.txt}}\n"
    )
    shown = call("config", "show").ok().out
    assert "wall-screen-token" not in shown
    assert "scrypt:1" not in shown
    assert "ben=env:BEN" in shown
    assert "carla=file:carla.txt" in shown


@pytest.mark.parametrize("users", ["[anna]", "anna", "{anna: {path: x}}", "{anna: [1]}", '{anna: "a\\nb"}'])
def test_users_that_are_none_are_named_with_their_line(folder: Path, users: str) -> None:
    (folder / "aggregator.yaml").write_text(f"web:\n  users: {users}\n")
    done = call("config", "check")
    assert done.code == 2
    assert "aggregator.yaml:2: web.users" in done.err
