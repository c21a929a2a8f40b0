"""The daemon as people run it: a process of its own, told by signals, heard through its log lines."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.fetching.server import Server, answer
from tests.harness import CommandNewsroom

ROOT = Path(__file__).parents[2]
STARTED = datetime.now(UTC)
DEADLINE = 150.0  # seconds for anything to happen: on a busy machine late is not wrong


def document(*titles: str, published: datetime = STARTED) -> bytes:
    """Return a feed with an entry for each title; a feed's first entries are news only with a date of the last day."""
    date = f"<pubDate>{format_datetime(published)}</pubDate>"
    entries = "".join(
        f"<item><guid>{title}</guid><title>{title}</title><link>http://example.org/{number}</link>{date}</item>"
        for number, title in enumerate(titles)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Desk</title>{entries}</channel></rss>'.encode()


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail when the deadline has passed."""
    pause = threading.Event()
    for _ in range(int(DEADLINE / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("waited in vain")


class Newsroom(CommandNewsroom):
    """A folder with a feeds file and a database, beside a server."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        self.server = server
        # clustering takes longer to start than what is tested here
        self.settings |= {"run.tick": 0.2, "stories.enabled": "false"}

    def serve(self, path: str, *titles: str) -> str:
        """Serve a feed and return its address."""
        return self.server.on(path, answer(document(*titles)))

    def follow(self, *feeds: str | Mapping[str, object]) -> None:
        """Write the feeds file; a feed of which only the address is given is called by its path."""
        super().follow(
            *({"url": one, "name": one.rpartition("/")[2]} if isinstance(one, str) else one for one in feeds)
        )

    def daemon(
        self,
        *,
        now: str | None = None,
        settings: Sequence[str] = (),
        fault: Sequence[str] = (),
        witness: Path | None = None,
        **environ: str,
    ) -> Daemon:
        """Return a daemon to be entered; ``fault`` is what ``injecting`` puts into it, ``witness`` where it notes its calls."""
        clock = ["--now", now] if now else []
        arguments = self.arguments("-v", *clock, "run", settings=settings)
        module = ["tests.daemon.injecting", *fault] if fault else ["aggregator"]
        if witness is not None:
            module = ["tests.daemon.witnessing", str(witness)]
        return Daemon([sys.executable, "-W", "error", "-m", *module, *arguments], self.folder, environ)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the write lock of the database, as another process that writes does."""
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None, timeout=DEADLINE)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")

    def titles(self) -> list[str]:
        """Return the titles of what is stored."""
        return [title for (title,) in self.rows("SELECT title FROM entry ORDER BY title")]


def environment(more: dict[str, str]) -> dict[str, str]:
    """Return the environment of a call: this one, without what would lead it elsewhere."""
    foreign = ("AGGREGATOR_", "NOTIFY_SOCKET", "WATCHDOG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_PROXY": "*", **more}


class Daemon:
    """A running daemon; killed at the end of the context where it still runs."""

    def __init__(self, arguments: list[str], folder: Path, environ: dict[str, str]) -> None:
        self._arguments = arguments
        self._folder = folder
        self._environ = environ
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._arguments, cwd=self._folder, env=environment(self._environ), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._listener.join()
        assert self._process.stderr is not None
        self._process.stderr.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def said(self, text: str) -> list[str]:
        """Return the log lines so far in which a pattern is found."""
        return [line for line in list(self.lines) if re.search(text, line)]

    def hear(self, text: str, times: int = 1) -> str:
        """Wait until a pattern is found in so many log lines; return the last of them."""
        try:
            wait_for(lambda: len(self.said(text)) >= times or self._process.poll() is not None)
            return self.said(text)[times - 1]
        except (AssertionError, IndexError):
            raise AssertionError(f"never said {text!r}:\n" + "".join(self.lines)) from None

    def end(self) -> int:
        """Wait for its end; return the exit code."""
        try:
            code = self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError("still runs:\n" + "".join(self.lines)) from None
        self._listener.join()
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.send(number)
        return self.end()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in iter(self._process.stderr.readline, ""):
            self.lines.append(line)
