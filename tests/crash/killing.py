"""A daemon that is killed again and again at random moments, and what a desk then holds.

The clock is driven: it stands still at each moment of a program, and goes on when all that is due there is done. So the
desk of a run with kills must be that of a run without, to the id and the letter.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import multiprocessing
import random
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from aggregator.app import Aggregator
from aggregator.daemon.service import Daemon
from aggregator.exceptions import DecisionError
from aggregator.model import Feed
from aggregator.newsroom.watches import WatchQuery
from aggregator.settings import DigestSettings, FetchSettings, MailSettings, ParseSettings, RunSettings, Settings
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from aggregator.storage.poll_lines import PollLines
from aggregator.storage.waiting_polls import FEEDS_NOW
from tests.digest.test_mail import Mailbox, mailbox
from tests.fetching.server import Server, Visit, answer

PATIENCE = 600.0  # seconds for anything to happen, on a machine with ten times more to do than processors
EDITION_AT = timedelta(hours=6)  # the digest's time of the day
WATCHED = ("fire", "strike", "storm")  # a watch for each
# What is left to do at a moment: nothing when each of these is 0.
LEFT = (
    f"SELECT count(*) FROM {FEEDS_NOW} WHERE followed AND NOT gone AND (last_fetch IS NULL OR next_fetch <= :now)",
    "SELECT count(*) FROM entry WHERE story_id IS NULL",
    "SELECT count(*) FROM unsettled_report",
    "SELECT count(*) FROM delivery WHERE state = 'waiting' AND (next_try IS NULL OR next_try <= :now)",
)
# By their entries, since the id of a story tells which of its reports was settled first.
STORIES = "SELECT story_id, min(id) FROM entry WHERE story_id IS NOT NULL GROUP BY story_id ORDER BY 2"
# How a process may end: told to, before it listens or after, or killed.
ENDINGS = (0, -signal.SIGTERM, -signal.SIGKILL)
# What must be equal, row by row. Left out are numbers that rows get in the order of writing, and how often was tried.
COMPARED = {
    "entry": "id, key, title, url, publisher, agency, published, first_seen, last_seen, time, backlog, text, content_hash,"
    " revisions, correction, report_id, story_id",
    "revision": "entry_id, number, title, url, text, seen, replaced",
    "amendment": "entry_id, field, before, after, at",
    "report": "id, story_id, agency, entries, first_seen, last_seen",
    "story": "id, title, url, publisher, entries, reports, publishers, first_seen, last_seen, canonical_entry,"
    " pinned_entry, corrected, edited, opened, split_from, storyline_id",
    "story_redirect": "old_id, story_id, at, reason",
    "decision": "id, kind, by, at, sentence, arguments, undone_at, undone_by",
    "decision_entry": "decision_id, part, side, entry_id, sign",
    "edition": "id, title, since, until, made, stories, body",
    "alert": "id, watch, story_id, at, reason, sentence, payload",
    "delivery": "alert_id, target, state",
}


class Shown(Protocol):
    """Feeds and what they show, moment by moment; at each moment every feed must be due, and none overdue by an interval."""

    @property
    def moments(self) -> list[datetime]:
        """Return when the feeds are asked."""

    @property
    def interval(self) -> timedelta:
        """Return how often a feed is asked."""

    def feeds(self, base: str) -> tuple[Feed, ...]:
        """Return the subscriptions under an address."""

    def body(self, name: str, step: int) -> bytes | None:
        """Return what the feed of that name shows at a step; None where it shows nothing yet."""


@dataclass
class Tally:
    """What a run did, met and sent."""

    kills: int = 0
    starts: int = 0
    verbs: int = 0
    unsound: list[str] = field(default_factory=list)
    alerts: Counter[str] = field(default_factory=Counter)  # as the webhook took them
    lines: Counter[str] = field(default_factory=Counter)  # as the file holds them
    mails: Counter[str] = field(default_factory=Counter)

    @property
    def repeated(self) -> int:
        """Return how many deliveries came more than once."""
        return sum(sum(counts.values()) - len(counts) for counts in (self.alerts, self.lines, self.mails))


@dataclass
class Room:
    """One desk in a folder, between a server of feeds and a mailbox."""

    folder: Path
    shown: Shown
    server: Server
    box: Mailbox
    step: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for feed in self.shown.feeds(""):
            self.server.on(feed.url, self._answers(feed.url.lstrip("/")))
        self.server.on("/hook", answer())

    def _answers(self, name: str) -> Callable[[Visit], bytes]:
        def play(visit: Visit) -> bytes:
            body = self.shown.body(name, self.step)
            if body is None:
                return answer(b"", status="404 Not Found")
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if visit.asked.headers.get("if-none-match") == tag:
                return answer(b"", f"ETag: {tag}", status="304 Not Modified")
            return answer(body, f"ETag: {tag}")

        return play

    @property
    def database(self) -> Path:
        return self.folder / "aggregator.db"

    def settings(self) -> Settings:
        """Return the settings: feeds asked and read one after another, so that they come in one order."""
        interval = self.shown.interval
        return Settings(
            fetch=FetchSettings(
                allow_private_networks=True,
                host_delay=0.0,
                workers=1,
                jitter=0.0,
                min_interval=interval,
                default_interval=interval,
                max_interval=interval,
            ),
            parse=ParseSettings(workers=1),
            digest=DigestSettings(formats=("md", "json"), directory=str(self.folder / "digests")),
            mail=MailSettings("127.0.0.1", self.box.port, starttls=False, sender="d@x.example", recipients=("a@x.example",)),
            run=RunSettings(tick=0.05, executor="threads"),
        )  # fmt: skip

    def feeds(self) -> tuple[Feed, ...]:
        return self.shown.feeds(self.server.url("").rstrip("/"))

    def tell(self, now: datetime) -> None:
        """Set the clock."""
        fresh = self.folder / "clock.new"
        fresh.write_text(now.isoformat(), encoding="utf-8")
        fresh.replace(self.folder / "clock")

    def read(self, *queries: str, **values: str) -> list[list[tuple[Any, ...]]]:
        """Read the database without changing anything of it."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as db:
            PollLines(db, self.database, lambda _: None, lambda: False)  # tells of the polls beside the database
            return [db.execute(query, values).fetchall() for query in queries]

    def is_done(self, now: datetime) -> bool:
        """Tell whether nothing is left to do at a moment."""
        try:
            return not any(rows[0][0] for rows in self.read(*LEFT, now=text(now)))
        except sqlite3.OperationalError:  # not made yet
            return False

    def has_edition(self, until: datetime) -> bool:
        """Tell whether the edition is written, mailed and noted as such."""
        [facts] = self.read("SELECT value FROM fact WHERE name = 'digests_published_until'")
        return any(text(until) in value for (value,) in facts)

    def unsound(self) -> list[str]:
        """Return what SQLite and the product find wrong with the file."""
        pages, keys = self.read("PRAGMA integrity_check", "PRAGMA foreign_key_check")
        return [str(row) for row in pages if row != ("ok",)] + [str(row) for row in keys]

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what is compared."""
        rows = self.read(*(f"SELECT {columns} FROM {table}" for table, columns in COMPARED.items()))
        return {table: sorted(found, key=repr) for table, found in zip(COMPARED, rows, strict=True)}


def text(moment: datetime) -> str:
    """Return a moment as the database holds it."""
    from aggregator.storage.times import to_text

    return to_text(moment)


# --- what runs in processes that are killed ----------------------------------------------------


def serve(folder: Path, settings: Settings, feeds: tuple[Feed, ...]) -> None:
    """Run the daemon under the clock in the folder."""
    logging.basicConfig(filename=folder / "daemon.log", level=logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that comes while one runs is no news
    clock = folder / "clock"
    Daemon(
        folder / "aggregator.db",
        lambda: datetime.fromisoformat(clock.read_text(encoding="utf-8")),
        lambda: (settings, feeds),
    ).run()


def rule(folder: Path, settings: Settings, feeds: tuple[Feed, ...], step: int) -> None:
    """Give an editor's verb that follows from the step and from what stands there; not again where it is in force."""
    now = datetime.fromisoformat((folder / "clock").read_text(encoding="utf-8"))
    by, chance = verb_name(step), random.Random(step)
    with Aggregator.open(settings, folder / "aggregator.db", clock=lambda: now, feeds=feeds) as app:
        if any(by in (one.by, one.undone_by) for one in app.decisions()):
            return
        editor = app.editor(by)
        stories = [story for story, _ in app.store.connection.execute(STORIES)]
        chance.shuffle(stories)
        large = next((story for story in stories if len(_members(app, story)) > 1), None)
        with contextlib.suppress(DecisionError):
            match step % 6:
                case 0 | 3:
                    editor.merge(stories[:2])
                case 1 if large is not None:
                    editor.split(large, _members(app, large)[-1:])
                case 2 if large is not None:
                    editor.pin(large, _members(app, large)[-1])
                case 4:
                    editor.forbid(stories[0], stories[1])
                case _:
                    editor.undo()


def verb_name(step: int) -> str:
    """Return who gives the verb of a step."""
    return f"editor-{step}"


def _members(app: Aggregator, story: str) -> list[str]:
    return sorted(entry.id for report in app.story(story).reports for entry in report.entries)


# --- the run ---------------------------------------------------------------------------------------


class Run:
    """Plays a program through; ``kills`` are spread over it at moments that ``seed`` draws."""

    def __init__(self, room: Room, kills: int, seed: int) -> None:
        self.room = room
        self.tally = Tally()
        self._chance = random.Random(seed)
        self._left = kills
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(
            ["tests.crash.killing", "aggregator.desk.mailing", "aggregator.ingest.place"]
        )
        self._seconds = 0.4  # what a moment takes, as it went so far

    def play(self) -> Tally:
        """Run to the end."""
        room = self.room
        begin = room.shown.moments[0]
        room.tell(begin)
        with Aggregator.open(room.settings(), room.database, clock=lambda: begin, feeds=room.feeds()) as app:
            targets = [f"webhook:{room.server.url('/hook')}", f"file:{room.folder / 'alerts.jsonl'}"]
            for word in WATCHED:
                app.watches().add(word, WatchQuery(words=(word,)), targets, "desk")
        acts = list(self._acts())
        for number, (now, done, verb) in enumerate(acts):
            room.tell(now)
            self._act(now, done, verb, round(self._left / (len(acts) - number)))
        self._collect()
        return self.tally

    def _acts(self) -> Iterator[tuple[datetime, Callable[[], bool], bool]]:
        """Yield what is done one after another: the clock, when it is over, and whether it is an editor's."""
        room, moments = self.room, self.room.shown.moments
        for step, now in enumerate(moments):
            edition = now.replace(hour=0, minute=0, second=0, microsecond=0) + EDITION_AT
            if step and moments[step - 1] < edition <= now:
                late = edition + (now - edition) / 2
                yield late, partial(self._published, edition, late), False
            yield now, partial(self._polled, step, now), False
            ruled = now + timedelta(minutes=1)
            yield ruled, partial(self._ruled, step), True
            # by the same clock: whether it is settled beside the verb or after it must not show
            yield ruled, partial(room.is_done, ruled), False
        for hours in (1, 2):  # what a kill left claimed is due again
            last = moments[-1] + timedelta(minutes=30 * hours)
            yield last, partial(room.is_done, last), False

    def _published(self, until: datetime, now: datetime) -> bool:
        return self.room.has_edition(until) and self.room.is_done(now)

    def _polled(self, step: int, now: datetime) -> bool:
        self.room.step = step
        return self.room.is_done(now)

    def _ruled(self, step: int) -> bool:
        self.room.step = step
        return self._ruling_ended

    def _act(self, now: datetime, done: Callable[[], bool], verb: bool, kills: int) -> None:
        """Bring one moment to its end through so many kills."""
        self._ruling_ended = False
        while not done():  # asked first: from now on the feeds show what they show at this step
            began = time.monotonic()
            with self._processes(verb) as processes:
                after = self._chance.uniform(0.0, 1.1 * self._seconds) if kills else PATIENCE
                over = self._wait(done, processes, after)
                if not over and not kills:
                    raise AssertionError(f"not done at {now}")
                if not over:
                    kills -= 1
                    for process in self._chance.sample(processes, len(processes)):
                        self._kill(process)
            if over:
                self._seconds += (min(time.monotonic() - began, 5.0) - self._seconds) / 8
                break
        found = self.room.unsound()
        self.tally.unsound += found

    def _kill(self, process: BaseProcess) -> None:
        if process.is_alive():
            process.kill()
            self.tally.kills += 1
            self._left -= 1
        process.join()
        self.tally.unsound += self.room.unsound() if self.room.database.exists() else []

    @contextlib.contextmanager
    def _processes(self, verb: bool) -> Iterator[list[BaseProcess]]:
        room = self.room
        given = (room.folder, room.settings(), room.feeds())
        processes: list[BaseProcess] = [self._context.Process(target=serve, args=given)]
        if verb:
            processes.append(self._context.Process(target=rule, args=(*given, room.step)))
        for process in processes:
            process.start()
            self.tally.starts += 1
        try:
            yield processes
        finally:
            for process in processes:
                if process.is_alive() and process.pid is not None:
                    process.terminate()
                process.join(PATIENCE)
                assert process.exitcode in ENDINGS, process.exitcode

    def _wait(self, done: Callable[[], bool], processes: list[BaseProcess], seconds: float) -> bool:
        """Wait until something is done, at most so long; tell whether it is."""
        pause, until = threading.Event(), time.monotonic() + seconds
        while time.monotonic() < until:
            if len(processes) > 1 and processes[1].exitcode is not None:
                assert processes[1].exitcode == 0
                self._ruling_ended = True
                self.tally.verbs += 1
            if done():
                return True
            if processes[0].exitcode is not None:
                raise AssertionError(f"the daemon ended by itself with {processes[0].exitcode}")
            pause.wait(0.01)
        return False

    def _collect(self) -> None:
        room, tally = self.room, self.tally
        tally.alerts.update(json.loads(one.body)["id"] for one in room.server.asked if one.path == "/hook")
        lines = room.folder / "alerts.jsonl"
        if lines.exists():
            tally.lines.update(json.loads(line)["id"] for line in lines.read_text(encoding="utf-8").splitlines())
        tally.mails.update(str(message_from_bytes(one)["Message-ID"]) for one in room.box.bodies)


@dataclass(frozen=True)
class Compared:
    """A run with kills beside one without."""

    calm: Tally
    shaken: Tally
    differences: list[str]


def compare(folder: Path, shown: Shown, kills: int, seed: int, *, by_entries: bool = False) -> Compared:
    """Play a program twice, in two folders, once with kills; return what differs.

    A story keeps the id of the report that was settled first, since somebody may have seen it. Where reports of one story
    come in one pass, that is another one if the pass was cut between them: ``by_entries``, stories, storylines and their alerts are
    known by the entries that they hold, and redirects are left out.
    """
    found: list[tuple[Tally, dict[str, list[tuple[Any, ...]]]]] = []
    port = 0
    for name, count in (("calm", 0), ("shaken", kills)):
        with Server(port=port) as server, mailbox() as box:
            port = server.port  # the same addresses, hence the same ids
            room = Room(folder / name, shown, server, box)
            tally = Run(room, count, seed).play()
            with Store(room.database) as store:
                tally.unsound += faults(store.connection, store.path)
            found.append((tally, _without_folders(room.dump())))
    (calm, before), (shaken, after) = found
    names: list[dict[str, str]] = [{}, {}]
    if by_entries:
        names = [_names(before), _names(after)]
        before, after = (
            {**_renamed(dump, given), "story_redirect": []} for (_, dump), given in zip(found, names, strict=True)
        )
    differences = [line for table, rows in before.items() for line in _differing(table, rows, after[table])]
    for name in ("alerts", "lines", "mails"):
        one, other = (
            {given.get(key, key) for key in getattr(tally, name)}
            for tally, given in zip((calm, shaken), names, strict=True)
        )
        if one != other:
            differences.append(f"{name}: {one} became {other}")
    return Compared(calm, shaken, differences)


def _names(dump: dict[str, list[tuple[Any, ...]]]) -> dict[str, str]:
    """Return what a desk's stories, storylines and alerts are called by what they hold."""
    names: dict[str, str] = {}
    for row in dump["entry"]:
        names[row[-1]] = min(names.get(row[-1], row[0]), row[0])
    affairs: dict[str, str] = {}
    for row in dump["story"]:
        if row[-1] is not None:
            affairs[row[-1]] = min(affairs.get(row[-1], "~"), names[row[0]])
    names = {story: f"the story of {entry}" for story, entry in names.items()}
    names |= {affair: f"the storyline of {entry}" for affair, entry in affairs.items()}
    return names | {row[0]: f"{row[1]} of {names.get(row[2], row[2])} at {row[3]}: {row[4]}" for row in dump["alert"]}


def _renamed(dump: dict[str, list[tuple[Any, ...]]], names: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    def renamed(value: Any) -> Any:
        return (
            re.sub(r"\b[a-z0-9]{11,}\b", lambda match: names.get(match[0], match[0]), value)
            if isinstance(value, str)
            else value
        )

    return {table: sorted((tuple(map(renamed, row)) for row in rows), key=repr) for table, rows in dump.items()}


def _differing(table: str, before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]) -> Iterator[str]:
    """Yield what differs between two dumps of a table; of a row that both have under one id, the columns alone."""
    lost, made_up = _minus(before, after), _minus(after, before)
    columns = COMPARED[table].replace(" ", "").split(",")
    for row in lost:
        other = next((one for one in made_up if one[0] == row[0]), None)
        if other is None:
            yield f"{table}: lost {row}"
        else:
            made_up.remove(other)
            pairs = zip(columns, row, other, strict=True)
            yield f"{table} {row[0]}: " + ", ".join(
                f"{name} {_around(one, two)!r} became {_around(two, one)!r}" for name, one, two in pairs if one != two
            )
    yield from (f"{table}: made up {row}" for row in made_up)


def _around(value: Any, other: Any) -> Any:
    """Return what stands where a long text begins to differ from another."""
    if not (isinstance(value, str) and isinstance(other, str)):
        return value
    same = next(
        (place for place, pair in enumerate(zip(value, other, strict=False)) if pair[0] != pair[1]),
        min(len(value), len(other)),
    )
    return value[max(0, same - 60) : same + 60]


def _without_folders(dump: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Name a delivery's target by its kind: the two runs have folders of their own."""
    dump["delivery"] = [(alert, target.split(":")[0], state) for alert, target, state in dump["delivery"]]
    return dump


def _minus(rows: list[tuple[Any, ...]], others: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list((Counter(rows) - Counter(others)).elements())
