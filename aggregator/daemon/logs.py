"""Log lines for people or programs, on one stream, without secrets."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

from aggregator.model import FeedOutcome
from aggregator.text.display import display_text
from aggregator.text.urls import mask_secrets


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
    """Send log lines to ``stream``; of libraries, warnings and errors only."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if form == "json" else _Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("aggregator").setLevel(level)
    # a job that is missed because the one before is still at work is no news: ticks coalesce
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _stamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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
