"""Signals that come before a command has begun."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.cli import app, main
from tests.cli.calling import call


@pytest.fixture(autouse=True)
def hangups() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("arguments", "ignored"), [(["run"], True), (["--db", "a.db", "run", "-v"], True), (["stories"], False)]
)
def test_a_reload_before_the_daemon_listens_does_not_end_it(
    arguments: list[str], ignored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(sys, "argv", ["aggregator", *arguments])
    monkeypatch.setattr(app, "run", lambda: seen.append(signal.getsignal(signal.SIGHUP)))
    main()
    assert [found is signal.SIG_IGN for found in seen] == [ignored]


def test_an_interrupt_while_the_program_is_loaded_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "run", interrupted)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
    assert capsys.readouterr().err == "aggregator: interrupted\n"


def test_init_writes_the_unit_of_a_service_with_this_program() -> None:
    outcome = call("init", "desk", "--systemd").ok()
    unit = Path("desk/aggregator.service").read_text(encoding="utf-8")
    assert "Type=notify" in unit
    assert "[Install]" in unit
    assert "systemctl" in outcome.err
    [start] = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    program = Path(start.partition("=")[2].split()[0])
    assert program.exists() or program == Path("/opt/aggregator/bin/aggregator")
    Path("desk/aggregator.service").write_text("mine", encoding="utf-8")
    call("init", "desk", "--systemd").ok()
    assert Path("desk/aggregator.service").read_text(encoding="utf-8") == "mine"


def test_what_comes_with_the_product_is_found() -> None:
    shown = call("config", "path").ok().out
    folder = Path(next(line for line in shown.splitlines() if line.startswith("shipped")).split()[1])
    assert all((folder / name).is_file() for name in ("defaults.yaml", "aggregator.service", "datasette.yaml"))
