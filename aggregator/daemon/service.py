"""The daemon: one tick that polls due feeds, jobs for the digest, pruning and backups, and signals."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator.app import Aggregator
from aggregator.config.files import shown_path
from aggregator.daemon.held_file import HeldFile
from aggregator.daemon.locking import DaemonLock
from aggregator.daemon.logs import log_outcome, write_last_lines
from aggregator.daemon.metrics import Metrics
from aggregator.daemon.notify import notify, watchdog_interval
from aggregator.daemon.progress import POLLING, Progress
from aggregator.daemon.reclustering_log import log_reclustering
from aggregator.daemon.schedule import RECLUSTER, Jobs, is_far_off, run_soon, scheduler, set_jobs
from aggregator.daemon.signals import RELOAD, STOP, WOKEN, Signals
from aggregator.desk.alerts import AlertSender, Announce
from aggregator.desk.publish import publish_due
from aggregator.digest.time_zone import time_zone
from aggregator.exceptions import AggregatorError, LockedError
from aggregator.ingest.clocks import is_settled
from aggregator.ingest.recluster import Progress as Reclustered
from aggregator.model import Feed, FeedOutcome
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.feeds import FeedStore
from aggregator.storage.sqlite_errors import explained
from aggregator.text.counts import amount

log = logging.getLogger("aggregator.daemon")

Configured = Callable[[], tuple[Any, Any]]
# Seconds from the signal to the end of the process, whatever is running. A transaction that is not committed by then is lost.
_STOP_WITHIN = 8.5
_LAST_RESORT = "last resort"
# Seconds in which a pass starts fetches. The other feeds are left for the next pass, and waiting jobs run between the two.
_PASS_WITHIN = 600.0
# How long a job waits for another process that writes before it fails; shorter than a stop. At the start it tries repeatedly.
_BUSY_MS, _BUSY_AT_START_MS = 5_000, 1_000
# The pause after a failed pass doubles with each further failure up to this number of seconds.
_LONGEST_PAUSE = 30.0
_RELOAD_AGAIN = timedelta(seconds=5)
# Seconds between two checks of the clock, and how far it must have gone back; corrections by time servers are smaller.
_LOOK, _BACK = 5.0, timedelta(seconds=2)
# If more time passed since the last look for due feeds, the machine was suspended, and all feeds came due meanwhile.
_AWAY = timedelta(minutes=15)
# How long the outbox waits for a pass that writes. A sent alert must be recorded, otherwise it is sent again.
_BUSY_TIMEOUT_MS = 60_000
_UNREACHED = timedelta(hours=1)  # a hint is logged if no feed has answered for this time


class Daemon:
    """The daemon. ``configured`` reads settings and feeds at the start and at SIGHUP; ``announce`` prints an alert."""

    def __init__(
        self,
        database: Path,
        clock: Callable[[], datetime],
        configured: Configured,
        announce: Announce = lambda payload: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._configured = configured
        self._announce = announce
        self._stop = threading.Event()
        # the tick and the jobs take turns: one writer
        self._poll_lock = threading.Lock()
        self._helped = False  # the hint for machines without a network was logged after the last answer of a feed
        self._failed_passes = 0
        self._not_before = 0.0  # the earliest time of the next pass, on the clock of time.monotonic
        self._looked = clock()  # the time of the last look for due feeds

    def run(self) -> int:
        """Run to the end; return the exit code: 0, or 130 if the terminal's interrupt ended it."""
        self._ended = threading.Event()
        before = set(threading.enumerate())
        try:
            with Signals() as self._signals, explained(self._database):
                return self._run()
        finally:
            # a thread that still waits for a server would delay the end of the interpreter
            if all(thread in before or thread.name == _LAST_RESORT for thread in threading.enumerate()):
                self._ended.set()

    def _run(self) -> int:
        settings, feeds = self._configured()
        time_zone(settings.digest.timezone)
        with DaemonLock(self._database) as lock, ExitStack() as opened:
            store = self._opened(opened)
            if isinstance(store, int):
                return _code(store)
            store.needs_writing()
            lock.hold_file()
            app = opened.enter_context(Aggregator(settings, store, self._clock))
            # a separate connection, so that deliveries do not wait for polls
            outbox = opened.enter_context(Store(self._database, busy_timeout_ms=_BUSY_TIMEOUT_MS))
            self._held = opened.enter_context(HeldFile(self._database, store, self._clock))
            number = self._when_unlocked(lambda: app.follow(feeds))
            if number is not None:
                return _code(number)
            store.busy_timeout(_BUSY_MS)
            self._metrics = opened.enter_context(Metrics(settings.run.metrics_port, settings.run.metrics_address))
            self._desk = app
            self._alert_sender = AlertSender(outbox, settings, self._clock, self._announce, self._stop)
            self._progress = Progress(time.monotonic, self._clock, lock.note, settings.run.tick)
            return self._serve(settings, feeds)

    def _serve(self, settings: Settings, feeds: Sequence[Feed]) -> int:
        self._follows(feeds)
        log.info("database %s", shown_path(self._database))
        self._guarded("spreading the feeds that are overdue", self._spread)
        self._looked = self._clock()
        self._schedule = scheduler(settings)
        self._set_jobs(settings)
        self._schedule.start()
        notify("READY=1\nSTATUS=polling")
        try:
            number = self._wait()
        finally:
            self._finish_jobs()
        log.info("stopped")
        return _code(number)

    # --- starting ----------------------------------------------------------------------------

    def _opened(self, opened: ExitStack) -> Store | int:
        """Return the open database, or a signal that arrived while another process held it."""
        found: list[Store] = []
        number = self._when_unlocked(lambda: found.append(Store(self._database, busy_timeout_ms=_BUSY_AT_START_MS)))
        if number is not None:
            return number
        opened.callback(found[0].close)
        return found[0]

    def _when_unlocked(self, act: Callable[[], object]) -> int | None:
        """Run a step of the start once no other process writes; return a stop signal that arrives before."""
        logged = False
        while True:
            try:
                act()
            except LockedError as error:
                if not logged:
                    log.warning("waiting to start: %s", error)
                logged = True
                notify("STATUS=waiting for another process that writes\nEXTEND_TIMEOUT_USEC=30000000")
            else:
                return None
            number = self._signals.wait(0.05)
            if number in STOP:
                log.info("stopped before the start")
                return number

    def _spread(self) -> None:
        if spread := self._desk.spread_overdue():
            log.info("%s came due while nobody polled, spread over the next minutes", amount(spread, "feed"))

    # --- signals -----------------------------------------------------------------------------

    def _wait(self) -> int:
        """Return the signal that ends the daemon; until then reload on SIGHUP."""
        while True:
            number = self._next()
            if number in STOP:
                log.info("stopping: the feeds in hand are finished and saved; a second signal stops at once")
                return number
            if number == RELOAD:
                # a job, because a reload may wait for a long pass, and the watchdog must be notified meanwhile
                run_soon(self._schedule, "reload", self._load_configuration)

    def _next(self) -> int:
        """Return the next signal; meanwhile notify the watchdog while there is progress, and check the clock."""
        pulse = min(watchdog_interval() or _LOOK, _LOOK)
        before = datetime.now(UTC)  # noqa: TID251 - the scheduler's own clock
        while (number := self._signals.wait(pulse)) is None:
            if self._progress.is_alive():
                notify("WATCHDOG=1")
            self._held.look()
            now = datetime.now(UTC)  # noqa: TID251 - the same
            longest = timedelta(seconds=self._desk.settings.run.tick) + _BACK
            if now < before - _BACK or is_far_off(self._schedule, "tick", now, longest):
                log.warning("the clock went back: the jobs are scheduled again")
                self._set_jobs(self._desk.settings)
            before = now
        return number

    def _finish_jobs(self) -> None:
        """Wait for running jobs in a separate thread, while this one handles signals."""
        notify("STOPPING=1")
        self._stop.set()
        threading.Thread(target=self._end_in_time, name=_LAST_RESORT, daemon=True).start()

        def end() -> None:
            self._schedule.shutdown(wait=True)
            self._signals.wake()

        ending = threading.Thread(target=end, name="ending", daemon=True)
        ending.start()
        while (number := self._signals.wait(None)) != WOKEN:
            if number in STOP:
                # threads that hang in a socket would delay an orderly exit, and uncommitted transactions are undone anyway
                os._exit(128 + int(number or 0))
        ending.join()

    def _end_in_time(self) -> None:
        """End the process if a job, thread or worker does not end in time; transactions are stored whole or not at all."""
        if self._ended.wait(_STOP_WITHIN):
            return
        log.warning("stopped at once: running work did not end in time; the next start repeats what was not stored")
        write_last_lines()
        with self._held.saving:
            os._exit(0)

    # --- jobs ------------------------------------------------------------------------------

    def _set_jobs(self, settings: Settings) -> None:
        """Schedule the jobs by these settings."""
        jobs = Jobs(
            self._tick, self._deliver, self._digest, self._recluster, self._keep_window, self._prune, self._backup
        )
        set_jobs(self._schedule, settings, jobs)

    def _tick(self) -> None:
        if time.monotonic() < self._not_before or self._stop.is_set():
            return
        if self._run_job(POLLING, self._poll):
            self._failed_passes, self._not_before = 0, 0.0
            return
        pause = min(2.0**self._failed_passes, _LONGEST_PAUSE)
        self._failed_passes, self._not_before = self._failed_passes + 1, time.monotonic() + pause

    def _poll(self) -> None:
        if self._stop.is_set():
            return
        began, started = self._clock(), time.monotonic()
        if began - self._looked > _AWAY:
            self._spread()
        outcomes = self._desk.fetch(
            progress=lambda outcome, done, total: self._log_outcome(outcome),
            placing=lambda done, total: self._progress.moved(),
            stop=self._stop,
            within=_PASS_WITHIN,
        )
        # the monotonic clock stops while a machine is suspended, so a suspension during a pass is noticed as well
        self._looked = began + timedelta(seconds=time.monotonic() - started)
        asked = [outcome for outcome in outcomes if outcome.status not in ("skipped", "gone")]
        if not asked:
            return
        self._metrics.passed(outcomes, time.monotonic() - started, self._desk.capped_lookups())
        if self._metrics.served:  # the health of all feeds takes time
            self._metrics.feeds(self._desk.feed_health())
        self._sum_up(asked, time.monotonic() - started)
        if not self._stop.is_set():
            self._guarded("writing the stories for subscribers", self._desk.publish_stories)

    def _log_outcome(self, outcome: FeedOutcome) -> None:
        self._progress.moved()
        log_outcome(log, outcome)

    def _sum_up(self, asked: Sequence[FeedOutcome], seconds: float) -> None:
        failed = sum(outcome.status == "error" for outcome in asked)
        feeds, new = amount(len(asked), "feed"), amount(sum(one.new for one in asked), "new entry", "new entries")
        log.info("%s asked in %.1f s: %s, %d failed", feeds, seconds, new, failed)
        notify(f"STATUS=last pass: {feeds}, {new}, {failed} failed")
        if failed < len(asked):
            self._helped = False
        elif not self._helped and FeedStore(self._desk.store).nobody_answers(self._clock() - _UNREACHED):
            self._helped = True
            log.warning(
                "no feed could be reached; they are asked again."
                " Without a network, `aggregator demo` shows the whole chain."
            )

    def _deliver(self) -> None:
        """Deliver alerts in parallel to polls, so that no poll waits for a slow webhook."""
        self._guarded("delivering alerts", self._alert_sender.deliver)

    def _digest(self) -> None:
        def written(paths: Sequence[Path]) -> None:
            self._progress.moved()
            for path in paths:
                log.info("digest written to %s", shown_path(path))

        def make() -> None:
            self._desk.place_waiting(self._stop)
            if not publish_due(self._desk, self._stop, written):
                log.debug("no digest is due")

        self._run_job("the digest", make)

    def _prune(self) -> None:
        def prune() -> None:
            app = self._desk
            if not is_settled(app.store, app.clock(), app.settings.fetch.max_interval):
                log.info("nothing is pruned: feeds were not asked a day ago, so the clock may be ahead")
                return
            dropped = {name: count for name, count in app.prune(self._stop).items() if count}
            log.info("pruned %s", dropped or "nothing")

        self._run_job("pruning", prune)

    def _keep_window(self) -> None:
        self._run_job("keeping the window", self._desk.keep_window)

    def _recluster(self) -> None:
        self._run_job("clustering anew", self._recluster_some)

    def _recluster_some(self) -> None:
        """Do one step of the work after an upgrade, or after a change of publishers or categories; the job ends when all is done."""
        if self._stop.is_set() or self._desk.follow_publishers_step() is not None:
            return
        reached = self._desk.recluster_step()
        if reached is not None:
            log_reclustering(reached)
        if not isinstance(reached, Reclustered) and not self._stop.is_set():
            self._schedule.remove_job(RECLUSTER)

    def _backup(self) -> None:
        def copy() -> None:
            path = self._desk.backup()
            if path is not None:
                log.info("backup written to %s", shown_path(path))

        self._run_job("the backup", copy)

    def _run_job(self, what: str, act: Callable[[], object]) -> bool:
        """Run a job in its turn; return whether it ended well."""
        self._progress.wanted(what)
        with self._poll_lock:
            well = self._stop.is_set() or self._guarded(what, act)
            self._progress.ended(what, well=well)
        return well

    def _guarded(self, what: str, act: Callable[[], object]) -> bool:
        """Run a job: its failure is logged and never ends the daemon. Return whether it ended well."""
        try:
            with explained(self._database):
                act()
        except AggregatorError as error:
            log.error("%s failed: %s", what, error)
        except Exception:
            log.exception("%s failed unexpectedly; the daemon goes on", what)
        else:
            return True
        return False

    # --- reload ---------------------------------------------------------------------------

    def _load_configuration(self) -> None:
        self._run_job("the reload", self._reload)

    def _reload(self) -> None:
        if self._stop.is_set():
            return
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            settings, feeds = self._configured()
            time_zone(settings.digest.timezone)
            self._swap(settings, feeds)
        except LockedError as error:
            log.warning("the reload waits: %s", error)
            again = datetime.now(UTC) + _RELOAD_AGAIN  # noqa: TID251 - the scheduler's own clock
            run_soon(self._schedule, "reload", self._load_configuration, again)
        except AggregatorError as error:
            log.error("not reloaded, the old settings and feeds stay: %s", "; ".join(str(error).split("\n")))
        else:
            log.info("reloaded")
            self._follows(feeds)
        finally:
            notify("READY=1")

    def _follows(self, feeds: Sequence[Feed]) -> None:
        if feeds:
            log.info("following %d feed%s", len(feeds), "" if len(feeds) == 1 else "s")
        else:
            log.warning("no feed to follow: put some into feeds.yaml, then send this process a SIGHUP")

    def _swap(self, settings: Settings, feeds: tuple[Feed, ...]) -> None:
        before = self._desk.settings.run
        self._desk.reconfigure(settings, feeds)
        self._alert_sender.settings = settings
        self._metrics.forget()
        self._set_jobs(settings)
        if (before.metrics_port, before.metrics_address) != (settings.run.metrics_port, settings.run.metrics_address):
            log.warning("run.metrics_port and run.metrics_address hold from the next start on")


def _code(number: int) -> int:
    """Return the exit code for the signal that ended the daemon."""
    return 130 if number == signal.SIGINT else 0
