"""What a daemon tells: to a second one, to systemd, to Prometheus, and to someone whose feeds do not answer."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aggregator.daemon.notify import notify
from tests.daemon.running import DEADLINE, Newsroom, document
from tests.fetching.server import answer


@contextlib.contextmanager
def listening(path: Path) -> Iterator[Callable[[], str]]:
    """Listen as systemd does; gives a function that waits for the next message."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(path))
        channel.settimeout(DEADLINE)
        yield lambda: channel.recv(4_096).decode()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_second_daemon_on_the_same_database_is_refused_and_told_who_holds_it(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/feed", "One"))
    with newsroom.daemon() as first:
        first.hear("following 1 feed")
        second = newsroom.call("run", now=None)
        assert second.code == 5
        assert second.err == (
            f"aggregator: {newsroom.database}: another daemon (process {first.pid}) runs on it; stop that one first\n"
        )
        first.hear("feed: 1 new")
        newsroom.call("health").ok()
        assert first.stop() == 0
    assert "no daemon runs" in newsroom.call("health").err


@pytest.mark.costly
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere SQLite's own locks would be in the way")
def test_a_second_daemon_by_another_name_of_the_file_is_refused(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/feed", "One"))
    other = Newsroom(newsroom.folder / "other", newsroom.server)
    other.folder.mkdir()
    other.follow(newsroom.server.url("/feed"))
    with newsroom.daemon() as first:
        first.hear("feed: 1 new")  # the file was made by this very daemon
        other.database.hardlink_to(newsroom.database)
        with other.daemon() as second:
            assert second.end() == 5
        assert second.lines == [
            f"aggregator: {other.database}: another daemon runs on it by another name, a hard link; stop that one first\n"
        ]
        newsroom.serve("/feed", "One", "Two")
        newsroom.call("fetch", "--all").ok()  # others still write by its own name
        assert first.stop() == 0
    other.database.unlink()
    with newsroom.daemon() as third:
        third.hear("following 1 feed")
        assert third.stop() == 0


def test_systemd_hears_that_it_is_ready_alive_and_stopping(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.follow(newsroom.serve("/feed", "One"))
    path = tmp_path / "notify"
    with listening(path) as message, newsroom.daemon(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="200000") as daemon:
        heard = [message()]
        assert heard[0].startswith("READY=1\n")
        while not {"WATCHDOG=1", "STATUS=last pass: 1 feed, 1 new entry, 0 failed"} <= {*heard}:
            heard.append(message())
        daemon.stop()
        while "STOPPING=1" not in heard:
            heard.append(message())


def test_a_socket_that_nobody_listens_on_is_no_reason_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")


def test_feeds_that_cannot_be_reached_are_told_one_by_one_and_asked_again(newsroom: Newsroom) -> None:
    closed = f"http://127.0.0.1:{free_port()}/closed"
    newsroom.follow(newsroom.server.on("/broken", answer(b"", status="500 Internal Server Error")), closed)
    # an interval of a second, so that asking again is seen
    quick = ["fetch.min_interval=1s", "fetch.default_interval=1s"]
    with newsroom.daemon(settings=quick) as daemon:
        daemon.hear("no feed could be reached")
        assert len(daemon.said("warning broken: ")) == len(daemon.said("warning closed: ")) == 1
        assert "500" in daemon.said("broken: ")[0]
        assert "refused" in daemon.said("closed: ")[0]
        assert "`aggregator demo`" in daemon.said("no feed could be reached")[0]
        daemon.hear("warning broken: ", times=2)
        daemon.hear("warning closed: ", times=2)
        newsroom.server.on("/broken", answer(document("Back")))
        daemon.hear("broken: 1 new")
        assert daemon.stop() == 0
        assert len(daemon.said("no feed could be reached")) == 1


def test_prometheus_reads_what_the_passes_came_to(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/good", "One", "Two"), newsroom.server.url("/missing"))
    port = free_port()
    with newsroom.daemon(settings=[f"run.metrics_port={port}"]) as daemon:
        daemon.hear("2 feeds asked")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=DEADLINE) as read:
            figures = dict(line.rsplit(" ", 1) for line in read.read().decode().splitlines() if line[0] != "#")
        assert daemon.stop() == 0
    wanted = {
        'aggregator_polls_total{status="ok"}': "1.0",
        'aggregator_polls_total{status="error"}': "1.0",
        'aggregator_entries_total{kind="new"}': "2.0",
        'aggregator_feeds{state="ok"}': "1.0",
        'aggregator_feeds{state="failing"}': "1.0",
        'aggregator_feed_failures{feed="missing"}': "1.0",
    }
    assert {name: figures.get(name) for name in wanted} == wanted


def test_an_address_for_figures_that_is_taken_is_a_fault_of_the_settings(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/feed", "One"))
    newsroom.settings |= {"run.metrics_port": newsroom.server.port}
    refused = newsroom.call("run", now=None)
    assert refused.code == 2
    assert "run.metrics_port" in refused.err.splitlines()[-1]
    assert "Traceback" not in refused.err


def test_a_faulty_feeds_file_at_the_start_is_told_and_ends_it(newsroom: Newsroom) -> None:
    newsroom.feeds_file.write_text("feeds:\n  - name: no address\n", encoding="utf-8")
    refused = newsroom.call("run", now=None)
    assert refused.code == 2
    assert refused.err.startswith(f"aggregator: {newsroom.feeds_file}")
    assert not newsroom.database.exists()


@pytest.mark.costly
def test_a_feeds_file_without_feeds_is_followed_and_told(newsroom: Newsroom) -> None:
    newsroom.feeds_file.write_text("", encoding="utf-8")
    with newsroom.daemon() as daemon:
        assert str(newsroom.feeds_file.name) in daemon.hear("no feed to follow")
        newsroom.follow(newsroom.serve("/feed", "One"))
        daemon.send(signal.SIGHUP)
        daemon.hear("feed: 1 new")
        assert daemon.stop() == 0
