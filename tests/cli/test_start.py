"""Signals that come before a command has begun."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from aggregator.cli import app, main


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
