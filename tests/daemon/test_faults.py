"""Nothing ordinary stops it for good: whatever a pass, a job or a save meets, feeds are asked again and jobs have their turn."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.running import STARTED, Daemon, Newsroom, document, environment, wait_for
from tests.fetching.server import Server, Visit, answer
from tests.harness import Item, rss

QUICK = ("fetch.min_interval=1s", "fetch.default_interval=1s", "fetch.max_interval=1s")
STEPS = (
    "aggregator.ingest.clocks:begin_pass",
    "aggregator.ingest.save:Saver.batch",
    "aggregator.ingest.save:Saver.save_document",
    "aggregator.ingest.save:Saver.place",
    "aggregator.ingest.save:Saver.finish",
    "aggregator.storage.feeds:FeedStore.log_poll",
)
MORE_STEPS = (
    "aggregator.ingest.save:Saver.resume",
    "aggregator.ingest.save:Saver.save_unchanged",
    "aggregator.ingest.poll:PollPass._save_results",
    "aggregator.ingest.preparation:prepare",
    "aggregator.ingest.record:Recorder.record",
    "aggregator.ingest.place:Placer.finish",
    "aggregator.fetching.http:Fetcher.fetch",
    "aggregator.fetching.http:Fetcher.close_idle",
    "aggregator.fetching.hosts:HostSchedule.ready",
    "aggregator.daemon.metrics:Metrics.passed",
)


@pytest.mark.parametrize(
    "step", [STEPS[0], *(pytest.param(step, marks=pytest.mark.costly) for step in (*STEPS[1:], *MORE_STEPS))]
)
def test_what_a_step_of_a_pass_raises_costs_that_pass_at_most(newsroom: Newsroom, step: str) -> None:
    two = newsroom.serve("/two", "Two").replace("127.0.0.1", "localhost")  # two hosts: both are in hand at once
    newsroom.follow(newsroom.serve("/one", "One"), two)
    settings = [*QUICK, "stories.enabled=true"]
    with newsroom.daemon(settings=settings, fault=("raise", step, "1")) as daemon:
        daemon.hear("injected into")
        wait_for(lambda: newsroom.database.exists() and newsroom.titles() == ["One", "Two"])
        newsroom.serve("/one", "One", "Later")
        wait_for(lambda: "Later" in newsroom.titles())
        wait_for(lambda: newsroom.rows("SELECT count(*) FROM entry WHERE report_id IS NULL") == [(0,)])
        daemon.send(signal.SIGHUP)
        daemon.hear(" reloaded")  # jobs have their turn
        assert daemon.stop() == 0
    assert "sound" in newsroom.call("db", "check").ok().out


@pytest.mark.costly
def test_a_feed_whose_saving_always_raises_costs_itself(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/one", "One"), newsroom.serve("/two", "Two"))
    fault = ("raise", "aggregator.ingest.record:Recorder.record", "1")
    with newsroom.daemon(fault=fault) as daemon:
        told = daemon.hear("warning (one|two): .*injected into record")
        bad, good = ("one", "two") if "warning one" in told else ("two", "one")  # whichever was read first
        daemon.hear(f"{good}: 1 new")
        assert daemon.stop() == 0
    assert newsroom.titles() == [good.title()]
    assert newsroom.rows("SELECT name, etag IS NULL FROM feed WHERE failures = 1") == [(bad, 1)]


def hold_the_lock(newsroom: Newsroom, seconds: float) -> None:
    """Play a daemon beside another process that writes for so long; polls, digest and reload must come after it."""
    newsroom.settings |= {"stories.enabled": "true", "digest.timezone": "UTC", "digest.formats": "md"}
    newsroom.follow(newsroom.serve("/feed", "One"))
    with newsroom.daemon(settings=QUICK) as daemon:
        daemon.hear("feed: 1 new")
        with newsroom.locked():
            newsroom.serve("/feed", "One", "Two")
            asked = len(newsroom.server.paths())
            threading.Event().wait(seconds)
            assert len(newsroom.server.paths()) - asked < 5 + seconds / 10  # nobody is asked for what cannot be stored
        daemon.hear("feed: 1 new", times=2)
        newsroom.serve("/feed", "One", "Two", "Three")
        daemon.hear("feed: 1 new", times=3)
        daemon.send(signal.SIGHUP)
        daemon.hear(" reloaded")
        assert daemon.stop() == 0
    assert newsroom.titles() == ["One", "Three", "Two"]


@pytest.mark.costly
def test_another_process_that_writes_for_a_while_is_waited_for(newsroom: Newsroom) -> None:
    hold_the_lock(newsroom, 7)  # longer than a job waits


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seconds", [35, 300])
def test_another_process_that_writes_for_long_stops_nothing_for_good(newsroom: Newsroom, seconds: float) -> None:
    hold_the_lock(newsroom, seconds)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_import_beside_it_stops_nothing_for_good(newsroom: Newsroom) -> None:
    newsroom.settings |= {"stories.enabled": "true"}
    words = [f"word{number}" for number in range(3_000)]
    archive = newsroom.folder / "archive.jsonl"
    with archive.open("w", encoding="utf-8") as lines:
        for number in range(3_000):
            text = " ".join((*words[number % 60 : number % 60 + 80], f"case {number}"))
            row = {"id": str(number), "title": f"Case {number} of {words[number]}", "body": text, "source": "Court"}
            lines.write(json.dumps(row | {"date": "2026-03-10T05:00:00Z"}) + "\n")
    newsroom.follow(newsroom.serve("/feed", "One"))
    with newsroom.daemon(settings=QUICK) as daemon:
        daemon.hear("feed: 1 new")
        command = [sys.executable, "-m", "aggregator", *newsroom.arguments("import", str(archive))]
        done = subprocess.run(command, cwd=newsroom.folder, env=environment({}), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        newsroom.serve("/feed", "One", "Two")
        daemon.hear("feed: 1 new", times=2)
        assert daemon.stop() == 0
    assert newsroom.rows("SELECT count(*) FROM entry") == [(3_002,)]
    assert "sound" in newsroom.call("db", "check").ok().out


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(place)], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.costly
def test_a_full_disk_that_is_freed_stops_nothing_for_good(small_disk: Path) -> None:
    with Server() as server:
        newsroom = Newsroom(small_disk, server)

        full = threading.Event()

        def slow(visit: Visit) -> bytes:
            visit.stopping.wait(2.0 if full.is_set() else 0.0)  # it is in hand when the pass fails
            return answer(document("Slow"))

        server.on("/slow", slow)
        newsroom.follow(newsroom.serve("/feed", "One"), f"http://localhost:{server.port}/slow")
        with newsroom.daemon(settings=[*QUICK, "fetch.jitter=0"]) as daemon:
            daemon.hear("slow: 1 new")
            full.set()
            ballast = small_disk / "ballast"
            with contextlib.suppress(OSError), ballast.open("wb") as file:
                while True:
                    file.write(b"x" * 4_096)
                    file.flush()
            newsroom.serve("/feed", *(f"{number} {'long ' * 40}" for number in range(2_000)))
            assert "full" in daemon.hear("a pass over the feeds failed")
            ballast.unlink()
            full.clear()
            asked = server.paths().count("/slow")
            newsroom.serve("/feed", "One", "Two")
            daemon.hear("feed: 1 new", times=2)
            wait_for(lambda: server.paths().count("/slow") > asked + 1)
            daemon.send(signal.SIGHUP)
            daemon.hear(" reloaded")
            assert daemon.stop() == 0
        assert not daemon.said("cannot rollback|unexpectedly")
        assert newsroom.titles() == ["One", "Slow", "Two"]
        assert "sound" in newsroom.call("db", "check").ok().out


@pytest.mark.costly
def test_a_start_waits_for_another_process_that_writes(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.serve("/feed", "One"))
    newsroom.call("fetch").ok()
    newsroom.serve("/other", "Two")
    newsroom.follow(newsroom.server.url("/feed"), newsroom.server.url("/other"))
    with newsroom.locked(), newsroom.daemon() as waiting:
        assert "another process is writing" in waiting.hear("waiting to start")
        assert waiting.stop() == 0  # and can be told to stop meanwhile
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(contextlib.ExitStack())
        lock.enter_context(newsroom.locked())
        daemon = stack.enter_context(newsroom.daemon())
        daemon.hear("waiting to start")
        lock.close()
        daemon.hear("other: 1 new")
        assert daemon.stop() == 0


def stop_while(daemon: Daemon, condition: str) -> None:
    """Stop a daemon that is at something for ten minutes."""
    daemon.hear(condition)
    assert daemon.stop() == 0


LONG = ("fetch.timeout=600", "fetch.read_timeout=600")


@pytest.mark.costly
def test_a_stop_does_not_wait_for_slow_feeds_and_asks_no_other(newsroom: Newsroom) -> None:
    """Forty feeds that drip: those in hand are called off, and those that wait for a thread are not asked."""

    def drips(visit: Visit) -> None:
        visit.drip(answer(document("x" * 100_000)), pause=0.2)

    newsroom.follow(*(newsroom.server.on(f"/feed{number}", drips) for number in range(40)))
    settings = [*LONG, "fetch.workers=8", "fetch.per_host=100"]
    with newsroom.daemon(settings=settings) as daemon:
        wait_for(lambda: len(newsroom.server.paths()) == 8)
        daemon.send(signal.SIGTERM)
        daemon.hear("stopping: ")
        assert daemon.end() == 0
        assert daemon.lines[-1].endswith("stopped\n")  # in order, not by the last resort
    assert len(newsroom.server.paths()) == 8
    assert newsroom.rows("SELECT count(*) FROM feed WHERE last_fetch IS NOT NULL OR failures") == [(0,)]


@pytest.mark.costly
def test_a_feed_that_waits_for_its_hosts_turn_is_not_asked_after_the_word_to_stop(newsroom: Newsroom) -> None:
    newsroom.follow(newsroom.server.on("/one", Visit.hang), newsroom.serve("/two", "Two"))
    with newsroom.daemon(settings=LONG) as daemon:
        wait_for(lambda: newsroom.server.paths() == ["/one"])
        assert daemon.stop() == 0
    assert newsroom.server.paths() == ["/one"]


@pytest.mark.costly
def test_a_stop_does_not_wait_for_a_large_document(newsroom: Newsroom) -> None:
    newsroom.server.on("/large", answer(document(*(f"{number} {'words ' * 100}" for number in range(6_000)))))
    newsroom.follow(newsroom.server.url("/large"))
    settings = ["run.executor=processes", "stories.enabled=true", "parse.deadline=600", "parse.max_entries=10000"]
    with newsroom.daemon(settings=settings) as daemon:
        wait_for(lambda: newsroom.server.paths() == ["/large"])
        assert daemon.stop() == 0
    stored = newsroom.rows("SELECT (SELECT count(*) FROM entry), (SELECT last_ok IS NOT NULL FROM feed)")[0]
    assert stored in ((0, 0), (6_000, 1))  # whole or not at all
    assert "sound" in newsroom.call("db", "check").ok().out


@pytest.mark.costly
def test_a_stop_in_the_midst_of_the_edits_of_a_document_loses_none(newsroom: Newsroom) -> None:
    """An edit costs milliseconds, and a footer can change in every text of a large document at once."""
    items = [Item(f"n{n}", f"Notice {n}", f"It tells of matter {n} of the office. " * 30, STARTED) for n in range(900)]
    newsroom.server.on("/large", answer(rss(*items)))
    newsroom.follow({"url": newsroom.server.url("/large"), "interval": "1m"})
    newsroom.settings |= {"stories.enabled": "true"}
    newsroom.call("fetch", now="2026-03-10T05:00:00Z").ok()
    edited = [replace(one, text=f"{one.text} A footer stands below.") for one in items]
    newsroom.server.on("/large", answer(rss(*edited)))
    with newsroom.daemon(now="2026-03-10T06:30:00Z") as daemon:
        wait_for(lambda: newsroom.rows("SELECT count(*) > 0 FROM revision") == [(1,)])
        assert daemon.stop() == 0
    newsroom.call("fetch", "--all", now="2026-03-10T07:30:00Z").ok()  # takes in what the stop left, if it left any
    assert newsroom.rows("SELECT count(*), sum(revisions), max(revisions) FROM entry") == [(900, 900, 1)]
    assert "sound" in newsroom.call("db", "check").ok().out


@pytest.mark.parametrize(
    "place",
    [
        "aggregator.desk.editions:_build",
        pytest.param("aggregator.fetching.http:Fetcher.fetch", marks=pytest.mark.costly),
        pytest.param("aggregator.ingest.save:Saver.place", marks=pytest.mark.costly),
        pytest.param("aggregator.ingest.save:Saver.save_document", marks=pytest.mark.costly),
        pytest.param("aggregator.ingest.preparation:prepare", marks=pytest.mark.costly),
        pytest.param("aggregator.desk.alerts:AlertSender.deliver", marks=pytest.mark.costly),
    ],
)
def test_a_stop_does_not_wait_for_what_hangs(newsroom: Newsroom, place: str) -> None:
    newsroom.settings |= {"stories.enabled": "true", "digest.time": "06:00"}
    newsroom.follow(newsroom.serve("/feed", "One"))
    newsroom.call("fetch", now="2026-03-10T05:00:00Z").ok()
    newsroom.serve("/feed", "One", "Two")
    with newsroom.daemon(now="2026-03-10T06:30:00Z", fault=("hang", place, "1000")) as daemon:
        stop_while(daemon, "hangs in")
    assert newsroom.rows("SELECT count(*) FROM edition") == [(0,)] or not place.endswith("_build")
    assert "sound" in newsroom.call("db", "check").ok().out


@pytest.mark.costly
def test_while_an_edition_is_made_others_may_write(newsroom: Newsroom) -> None:
    newsroom.settings |= {"stories.enabled": "true", "digest.time": "06:00"}
    newsroom.follow(newsroom.serve("/feed", "One"))
    newsroom.call("fetch", now="2026-03-10T05:00:00Z").ok()
    fault = ("hang", "aggregator.desk.editions:_build", "1")
    with newsroom.daemon(now="2026-03-10T06:30:00Z", fault=fault) as daemon:
        daemon.hear("hangs in _build")
        with newsroom.locked():
            pass
        assert daemon.stop() == 0


@pytest.mark.costly
def test_what_was_stored_and_not_placed_stands_in_the_edition_that_is_due_at_the_next_start(newsroom: Newsroom) -> None:
    newsroom.settings |= {"stories.enabled": "true", "digest.time": "06:00", "digest.formats": "md"}
    newsroom.follow(newsroom.serve("/feed", "Choir sings"))
    newsroom.call("fetch", now="2026-03-10T04:00:00Z").ok()
    newsroom.serve("/feed", "Storm in Esbjerg", "Ferries wait")
    with newsroom.daemon(
        now="2026-03-10T05:30:00Z", fault=("hang", "aggregator.ingest.placing_queue:PlacingQueue.place", "9")
    ) as one:
        stop_while(one, "hangs in place")
    assert newsroom.rows("SELECT count(*) FROM entry WHERE report_id IS NULL") == [(2,)]
    with newsroom.daemon(now="2026-03-10T05:31:00Z", settings=["digest.time=23:59"]) as two:
        wait_for(lambda: newsroom.rows("SELECT count(*) FROM entry WHERE report_id IS NULL") == [(0,)])
        assert two.stop() == 0
    with newsroom.daemon(now="2026-03-10T06:30:00Z") as three:
        three.hear("digest written to")
        assert three.stop() == 0
    assert "Storm in Esbjerg" in (newsroom.folder / "digests" / "digest-2026-03-10.md").read_text(encoding="utf-8")


def shifting(clock: Path) -> Callable[[float], None]:
    """Return what sets by how many seconds the clock of a daemon is ahead."""

    def shift(seconds: float) -> None:
        written = clock.with_suffix(".new")
        written.write_text(str(seconds), encoding="utf-8")
        written.replace(clock)

    shift(0)
    return shift


@pytest.mark.costly
def test_after_a_machine_was_suspended_the_feeds_are_asked_one_after_another(newsroom: Newsroom) -> None:
    clock = newsroom.folder / "clock"
    shift = shifting(clock)
    newsroom.follow(*(newsroom.serve(f"/feed{number}", f"One {number}") for number in range(10)))
    with newsroom.daemon(fault=("shift", str(clock), "0"), settings=["fetch.per_host=4"]) as daemon:
        daemon.hear("10 feeds asked")
        asked = len(newsroom.server.paths())
        shift(9 * 3_600.0)
        daemon.hear("10 feeds came due while nobody polled, spread")
        daemon.hear("1 feed asked")
        assert len(newsroom.server.paths()) - asked < 10
        shift(9 * 3_600.0 + 300)
        wait_for(lambda: len(newsroom.server.paths()) - asked >= 10)  # all of them in the end
        assert daemon.stop() == 0


@pytest.mark.costly
def test_a_machine_that_is_suspended_in_the_midst_of_a_pass_is_seen_to_have_been_away(newsroom: Newsroom) -> None:
    clock = newsroom.folder / "clock"
    shift = shifting(clock)
    asked, awake = threading.Event(), threading.Event()

    def late(visit: Visit) -> bytes:
        asked.set()
        awake.wait(30)
        return answer(document("One late"))

    feeds = [newsroom.serve(f"/feed{number}", f"One {number}") for number in range(9)]
    newsroom.follow(*feeds, newsroom.server.on("/late", late))
    with newsroom.daemon(fault=("shift", str(clock), "0"), settings=["fetch.per_host=4"]) as daemon:
        daemon.hear(": 1 new", times=9)
        assert asked.wait(30)
        shift(9 * 3_600.0)
        awake.set()
        daemon.hear("9 feeds came due while nobody polled, spread")
        assert daemon.stop() == 0


@pytest.mark.costly
def test_a_clock_that_goes_a_year_ahead_and_back_costs_nothing_but_late_runs(newsroom: Newsroom) -> None:
    clock = newsroom.folder / "clock"
    shift = shifting(clock)
    newsroom.follow(newsroom.serve("/feed", "One"))
    year = 365 * 86_400.0
    with newsroom.daemon(fault=("shift", str(clock), "0")) as daemon:
        daemon.hear("feed: 1 new")
        newsroom.serve("/feed", "One", "Two")
        shift(year)
        daemon.hear("feed: 1 new", times=2)  # due, for a year has passed; the ticks of a year are one
        newsroom.serve("/feed", "One", "Two", "Three")
        daemon.hear("nothing is pruned")
        shift(0)
        daemon.hear("the clock went back")
        daemon.hear("feed: 1 new", times=3)
        health = newsroom.call("health", now=newsroom.rows("SELECT max(last_ok) FROM feed")[0][0])
        assert health.code == 0
        assert "the clock went back from" in health.err
        assert daemon.stop() == 0
    assert newsroom.rows("SELECT count(*) FROM entry WHERE first_seen > (SELECT max(last_ok) FROM feed)") == [(0,)]
