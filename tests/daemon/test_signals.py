"""Being told to stop loses nothing; being told to reread takes over what is sound and keeps what it has otherwise."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.daemon.running import DEADLINE, Newsroom, document, environment, wait_for
from tests.fetching.server import Visit, answer


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), pytest.param(signal.SIGINT, 130, marks=pytest.mark.costly)]
)
def test_the_feed_in_hand_is_saved_whole_before_the_end(newsroom: Newsroom, number: signal.Signals, code: int) -> None:
    begun, told = threading.Event(), threading.Event()

    def slow(visit: Visit) -> bytes:
        begun.set()
        told.wait(DEADLINE)
        return answer(document("Before", "In hand"), 'ETag: "one"')

    newsroom.follow(newsroom.serve("/slow", "Before"))
    quick = ["fetch.min_interval=1s", "fetch.default_interval=1s", "fetch.max_interval=1s"]
    # as it is run: with workers and clustering, which are loaded when the word to stop comes: a stop waits some seconds only
    with newsroom.daemon(settings=["run.executor=processes", "stories.enabled=true", *quick]) as daemon:
        daemon.hear("slow: 1 new")
        newsroom.server.on("/slow", slow)
        wait_for(begun.is_set)
        daemon.send(number)
        daemon.hear("stopping: ")
        told.set()
        assert daemon.end() == code
        assert daemon.lines[-1].endswith("stopped\n")
    assert newsroom.titles() == ["Before", "In hand"]
    assert newsroom.rows("SELECT etag FROM feed") == [
        ('"one"',)
    ]  # an entry is never stored without it, nor it without the entry
    assert "sound" in newsroom.call("db", "check").ok().out


def test_a_second_signal_stops_at_once(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/good", "Stored"), newsroom.server.on("/hangs", Visit.hang))
    with newsroom.daemon(settings=["fetch.timeout=600", "fetch.read_timeout=600"]) as daemon:
        daemon.hear("good: 1 new")
        wait_for(lambda: "/hangs" in newsroom.server.paths())
        daemon.send(signal.SIGTERM)
        daemon.hear("stopping: ")
        assert daemon.stop(signal.SIGTERM) == 128 + signal.SIGTERM
    assert newsroom.titles() == ["Stored"]
    newsroom.call("db", "check").ok()


def test_killing_it_loses_nothing_that_was_told_and_the_next_start_goes_on(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/good", "Stored"), newsroom.server.on("/hangs", Visit.hang))
    with newsroom.daemon() as daemon:
        daemon.hear("good: 1 new")
        wait_for(lambda: "/hangs" in newsroom.server.paths())
        daemon.send(signal.SIGKILL)
        daemon.end()
    assert newsroom.titles() == ["Stored"]
    newsroom.call("db", "check").ok()
    newsroom.serve("/hangs", "After the kill")
    with newsroom.daemon() as daemon:  # the lock died with its holder
        daemon.hear("hangs: 1 new")
        assert daemon.stop() == 0


def test_a_reload_keeps_what_it_has_where_the_feeds_file_is_faulty_and_takes_over_a_sound_one(
    newsroom: Newsroom,
) -> None:
    first = newsroom.serve("/first", "One")
    newsroom.follow(first)
    with newsroom.daemon() as daemon:
        daemon.hear("first: 1 new")

        newsroom.feeds_file.write_text(f"feeds:\n  - url: {first}\n    publischer: Times\n", encoding="utf-8")
        daemon.send(signal.SIGHUP)
        refused = daemon.hear("not reloaded, the old settings and feeds stay")
        assert f"{newsroom.feeds_file}:3" in refused
        assert "publisher" in refused  # the nearest legal key
        newsroom.feeds_file.unlink()
        daemon.send(signal.SIGHUP)
        assert str(newsroom.feeds_file) in daemon.hear("not reloaded", times=2)
        assert newsroom.rows("SELECT name, followed FROM feed") == [("first", 1)]

        newsroom.follow(newsroom.serve("/second", "Two"))
        daemon.send(signal.SIGHUP)
        daemon.hear("(?<!not) reloaded")
        daemon.hear("second: 1 new")
        assert daemon.stop() == 0
    assert newsroom.rows("SELECT name, followed FROM feed ORDER BY name") == [("first", 0), ("second", 1)]
    assert newsroom.titles() == ["One", "Two"]


@pytest.mark.costly
def test_a_reload_during_a_pass_waits_for_it_and_the_daemon_can_still_be_stopped(newsroom: Newsroom) -> None:
    told = threading.Event()

    def slow(visit: Visit) -> bytes:
        told.wait(DEADLINE)
        return answer(document("In hand"))

    newsroom.follow(newsroom.server.on("/slow", slow))
    with newsroom.daemon() as daemon:
        wait_for(lambda: newsroom.server.paths() == ["/slow"])
        daemon.send(signal.SIGHUP)
        daemon.send(signal.SIGTERM)
        daemon.hear("stopping: ")
        told.set()
        assert daemon.end() == 0
    assert newsroom.titles() == ["In hand"]


def test_a_reader_of_the_log_who_stops_reading_holds_up_neither_polls_nor_the_end(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/feed", "One"))
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4_096)  # a terminal that is held, a logging driver that hangs
    os.set_blocking(writing, True)
    call = [sys.executable, "-m", "aggregator", *newsroom.arguments("-v", "run")]
    with subprocess.Popen(call, cwd=newsroom.folder, env=environment({}), stderr=writing) as daemon:
        try:
            wait_for(lambda: newsroom.database.exists() and newsroom.call("search", "One").out != "")
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(DEADLINE) == 0
        finally:
            daemon.kill()
            os.close(reading)
            os.close(writing)
