"""Log lines for people or programs, on one stream, without secrets."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from queue import Full, Queue
from threading import Event, Thread
from typing import TextIO

from aggregator.model import FeedOutcome
from aggregator.storage.times import to_text
from aggregator.text.display import display_text
from aggregator.text.urls import mask_secrets

_WAITING = 10_000  # lines that wait to be written; later ones are dropped
_READER = 2.0  # seconds to wait for a slow reader at the end


class _ThreadedHandler(logging.Handler):
    """Writes lines in a thread, so that a paused terminal or a full pipe delays neither polls nor a stop."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: Queue[str | Event] = Queue(_WAITING)
        Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(f"{self.format(record)}\n")
        except Full:
            pass
        except Exception:  # noqa: BLE001 - as the library's own handlers do
            self.handleError(record)

    def flush(self) -> None:
        """Wait until the lines so far are written, or until the reader takes too long."""
        written = Event()
        with suppress(Full):
            self._lines.put_nowait(written)
            written.wait(_READER)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            if isinstance(line, Event):
                line.set()
                continue
            with suppress(OSError, ValueError):  # the reader closed the stream
                self._stream.write(line)
                self._stream.flush()


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_stamp(record)} {record.levelname.lower():7} {_message(record)}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        row = {
            "time": _stamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        return json.dumps(row, ensure_ascii=False)


def set_up(level: int, form: str, stream: TextIO) -> None:
    """Send log lines to ``stream``; libraries log only warnings and errors."""
    handler = _ThreadedHandler(stream)
    handler.setFormatter(_Json() if form == "json" else _Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("aggregator").setLevel(level)
    # it would warn of each tick that is skipped because the previous one is still running
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def write_last_lines() -> None:
    """Flush the log and the streams before the process ends at once; wait at most some seconds for their readers."""

    def write() -> None:
        logging.shutdown()
        with suppress(OSError):  # the reader closed the pipe
            sys.stdout.flush()
            sys.stderr.flush()

    last = Thread(target=write, daemon=True)
    last.start()
    last.join(_READER)


def _stamp(record: logging.LogRecord) -> str:
    return to_text(datetime.fromtimestamp(record.created, UTC))


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        text = f"{text} ({type(error).__name__}: {error})"
    return display_text(mask_secrets(text))


def log_outcome(log: logging.Logger, outcome: FeedOutcome) -> None:
    """Log the outcome of a poll; an uneventful one at debug level."""
    if outcome.status == "error":
        log.warning("%s: %s", outcome.feed, outcome.explanation or outcome.error)
    elif outcome.status == "gone":
        log.info("%s: %s", outcome.feed, outcome.explanation or outcome.note)
    elif outcome.new or outcome.updated:
        log.info("%s: %d new, %d edited", outcome.feed, outcome.new, outcome.updated)
    else:
        log.debug("%s: %s", outcome.feed, outcome.explanation or outcome.status)
