"""The daemon itself: one tick that polls what is due, jobs for the digest, pruning and backups, and signals."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from aggregator.daemon.locking import DaemonLock
from aggregator.daemon.metrics import Metrics
from aggregator.daemon.notify import notify, watchdog_interval
from aggregator.daemon.signals import RELOAD, STOP, WOKEN, Signals
from aggregator.exceptions import AggregatorError
from aggregator.model import Feed, FeedOutcome
from aggregator.pipeline.alerting import Announce, Courier
from aggregator.pipeline.desk import Desk
from aggregator.pipeline.editions import zone_of
from aggregator.pipeline.publishing import publish_due
from aggregator.pipeline.reclustering import Progress
from aggregator.settings import Settings
from aggregator.storage.database import Store

log = logging.getLogger("aggregator.daemon")

Configured = Callable[[], tuple[Any, Any]]
# Jobs never overlap, run late rather than not at all, and make up for what was missed once (APScheduler's own grace is a second).
_JOB = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
# How long the outbox waits for a pass that is saving: an alert that went out must be noted, else it goes out again.
_PATIENCE_MS = 60_000
# How often the window is kept beside the database, so that even a start after a power cut is quick.
_KEPT_EVERY = timedelta(minutes=10)
_CHANGES_TOLD = 10  # of what clustering anew changed; `recluster` tells more
_HELP_AFTER = 1  # passes in which no feed answered before the way out is named
# How often is looked whether an edition is still to be made: after a stop, a change of its time, a mail that failed.
_LATE_DIGEST = timedelta(minutes=10)


class Daemon:
    """Runs until it is told to stop. ``configured`` reads settings and feeds, at the start and at SIGHUP; ``announce`` prints an alert."""

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
        self._turn = threading.Lock()
        self._unreached = 0

    def run(self) -> int:
        """Run to the end; return the exit code: 0, or 130 where the terminal's interrupt ended it."""
        with Signals() as self._signals:
            return self._run()

    def _run(self) -> int:
        settings, feeds = self._configured()
        zone_of(settings.digest)
        with (
            DaemonLock(self._database),
            Desk.open(settings, self._database, clock=self._clock, feeds=feeds) as desk,
            # a connection of its own: deliveries take no turn with the polls
            Store(self._database, busy_timeout_ms=_PATIENCE_MS) as outbox,
            Metrics(settings.run.metrics_port, settings.run.metrics_address) as metrics,
        ):
            self._desk = desk
            self._courier = Courier(outbox, settings, self._clock, self._announce, self._stop)
            self._metrics = metrics
            spread = desk.spread_overdue()
            self._follows(feeds)
            log.info("database %s", self._database)
            if spread:
                log.info("%d feeds came due while nobody polled; they are spread over the next minutes", spread)
            self._schedule = self._scheduler(settings)
            self._schedule.start()
            notify("READY=1\nSTATUS=polling")
            try:
                number = self._wait()
            finally:
                self._wind_up()
            log.info("stopped")
        return 130 if number == signal.SIGINT else 0

    def _wait(self) -> int:
        """Return the signal that ends the daemon; until then have it reread what it is told to."""
        while True:
            number = self._next()
            if number in STOP:
                log.info("stopping: the feeds in hand are finished and saved; a second signal stops at once")
                return number
            if number == RELOAD:
                # a job like the others: a reload that waits for a long pass must not keep the watchdog waiting
                self._schedule.add_job(self._reread, id="reload", replace_existing=True)

    def _next(self) -> int:
        """Return the next signal, and say meanwhile that the daemon lives."""
        pulse = watchdog_interval()
        while (number := self._signals.wait(pulse)) is None:
            notify("WATCHDOG=1")
        return number

    def _wind_up(self) -> None:
        """Let the jobs in hand end, in a thread of its own: this one goes on to listen."""
        notify("STOPPING=1")
        self._stop.set()

        def end() -> None:
            self._schedule.shutdown(wait=True)
            self._signals.wake()

        ending = threading.Thread(target=end, name="ending", daemon=True)
        ending.start()
        while (number := self._next()) != WOKEN:
            if number in STOP:
                # threads that hang in a socket would hold up an orderly exit; what is not committed never was
                os._exit(128 + number)
        ending.join()

    # --- jobs ------------------------------------------------------------------------------

    def _scheduler(self, settings: Settings) -> BackgroundScheduler:
        made = BackgroundScheduler(timezone=zone_of(settings.digest), job_defaults=_JOB)
        self._set_jobs(made, settings)
        return made

    def _set_jobs(self, scheduler: BackgroundScheduler, settings: Settings) -> None:
        zone = zone_of(settings.digest)
        scheduler.add_job(
            self._tick,
            IntervalTrigger(seconds=settings.run.tick, timezone=zone),
            id="tick",
            replace_existing=True,
            next_run_time=datetime.now(zone),  # noqa: TID251 - the scheduler's own clock: its first tick is at once
        )
        scheduler.add_job(
            self._deliver,
            IntervalTrigger(seconds=settings.run.tick, timezone=zone),
            id="alerts",
            replace_existing=True,
        )
        at = settings.digest.time
        scheduler.add_job(
            self._digest, CronTrigger(hour=at.hour, minute=at.minute, timezone=zone), id="digest", replace_existing=True
        )
        scheduler.add_job(
            self._digest,
            IntervalTrigger(seconds=int(_LATE_DIGEST.total_seconds()), timezone=zone),
            id="late digest",
            replace_existing=True,
            next_run_time=datetime.now(zone),  # noqa: TID251 - one that came due while the daemon was down is made now
        )
        scheduler.add_job(
            self._recluster,
            IntervalTrigger(seconds=settings.run.tick, timezone=zone),
            id="recluster",
            replace_existing=True,
        )
        scheduler.add_job(
            self._keep_window,
            IntervalTrigger(seconds=int(_KEPT_EVERY.total_seconds()), timezone=zone),
            id="window",
            replace_existing=True,
        )
        scheduler.add_job(self._prune, CronTrigger(hour=3, minute=17, timezone=zone), id="prune", replace_existing=True)
        scheduler.add_job(
            self._backup, CronTrigger(hour=3, minute=47, timezone=zone), id="backup", replace_existing=True
        )

    def _tick(self) -> None:
        self._do("a pass over the feeds", self._poll)

    def _poll(self) -> None:
        if self._stop.is_set():
            return
        started = time.monotonic()
        outcomes = self._desk.fetch(progress=lambda outcome, done, total: self._told(outcome), stop=self._stop)
        asked = [outcome for outcome in outcomes if outcome.status not in ("skipped", "gone")]
        if not asked:
            return
        self._metrics.passed(outcomes, time.monotonic() - started)
        self._metrics.feeds(self._desk.feed_health())
        self._sum_up(asked, time.monotonic() - started)

    def _told(self, outcome: FeedOutcome) -> None:
        if outcome.status == "error":
            log.warning("%s: %s", outcome.feed, outcome.explanation or outcome.error)
        elif outcome.status == "gone":
            log.info("%s: %s", outcome.feed, outcome.explanation or outcome.note)
        elif outcome.new or outcome.updated:
            log.info("%s: %d new, %d edited", outcome.feed, outcome.new, outcome.updated)
        else:
            log.debug("%s: %s", outcome.feed, outcome.explanation or outcome.status)

    def _sum_up(self, asked: Sequence[FeedOutcome], seconds: float) -> None:
        failed = sum(outcome.status == "error" for outcome in asked)
        new = sum(outcome.new for outcome in asked)
        log.info("%d feeds asked in %.1f s: %d new entries, %d failed", len(asked), seconds, new, failed)
        notify(f"STATUS=last pass: {len(asked)} feeds, {new} new entries, {failed} failed")
        self._unreached = self._unreached + 1 if failed == len(asked) else 0
        if self._unreached == _HELP_AFTER:
            log.warning(
                "no feed could be reached; they are asked again, less and less often."
                " Without a network, `aggregator demo` shows the whole chain."
            )

    def _deliver(self) -> None:
        """Deliver alerts beside the polls: whoever waits for a slow webhook, it is not they."""
        self._guarded("delivering alerts", self._courier.deliver)

    def _digest(self) -> None:
        def make() -> None:
            written = publish_due(self._desk)
            for path in written:
                log.info("digest written to %s", path)
            if not written:
                log.debug("no digest is due")

        self._do("the digest", make)

    def _prune(self) -> None:
        def prune() -> None:
            dropped = {name: count for name, count in self._desk.prune().items() if count}
            log.info("pruned %s", dropped or "nothing")

        self._do("pruning", prune)

    def _keep_window(self) -> None:
        self._do("keeping the window", self._desk.keep_window)

    def _recluster(self) -> None:
        self._do("clustering anew", self._recluster_some)

    def _recluster_some(self) -> None:
        """Take a step of what follows an upgrade; once there is nothing left to do, this job ends."""
        reached = None if self._stop.is_set() else self._desk.recluster_step()
        if isinstance(reached, Progress):
            percent = 100 * reached.done // max(1, reached.total)
            log.info("stories are clustered anew after an upgrade: %d %%", percent)
            notify(f"STATUS=clustering anew, {percent} %")
            return
        if reached is not None:
            log.info("stories were clustered anew: %s", reached.sentence)
            for change in reached.changes[:_CHANGES_TOLD]:
                log.info("%s of %s: %s", change.change, " ".join(change.stories), change.title)
        if not self._stop.is_set():
            self._schedule.remove_job("recluster")

    def _backup(self) -> None:
        def copy() -> None:
            path = self._desk.backup()
            if path is not None:
                log.info("backup written to %s", path)

        self._do("the backup", copy)

    def _do(self, what: str, act: Callable[[], object]) -> None:
        """Run a job in its turn."""
        with self._turn:
            self._guarded(what, act)

    def _guarded(self, what: str, act: Callable[[], object]) -> None:
        """Run a job: its failure is told and never ends the daemon."""
        try:
            act()
        except AggregatorError as error:
            log.error("%s failed: %s", what, error)
        except Exception:
            log.exception("%s failed unexpectedly; the daemon goes on", what)

    # --- reload ---------------------------------------------------------------------------

    def _reread(self) -> None:
        self._do("the reload", self._reload)

    def _reload(self) -> None:
        if self._stop.is_set():
            return
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            settings, feeds = self._configured()
            zone_of(settings.digest)
            self._swap(settings, feeds)
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
        self._courier.settings = settings
        self._metrics.forget()
        self._set_jobs(self._schedule, settings)
        if (before.metrics_port, before.metrics_address) != (settings.run.metrics_port, settings.run.metrics_address):
            log.warning("run.metrics_port and run.metrics_address hold from the next start on")
