"""What holds for every test: markers that follow from what it is, and no deadline of the wall clock for generated inputs."""

from __future__ import annotations

import os
import signal
import sqlite3
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from aggregator.storage import migrations
from aggregator.storage.schema import APPLICATION_ID
from tests.examples import examples

# On a busy machine late is not wrong. The checks of a fresh clone play the same examples each time; others are drawn here.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=examples(100),
    derandomize="SAME_EXAMPLES" in os.environ,
)
settings.load_profile("any machine")

# Commands and workers that tests start compile the package once, and not each anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell lets what it runs in the background ignore these, and with it what tests start.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

# --- new databases -----------------------------------------------------------------------------------

# A new database takes some thirty milliseconds of migrations, and tests make thousands: each gets a copy of one that
# was made by them. Tests of the storage itself, and processes that tests start, apply them each time.
bring_up_to_date = migrations.bring_up_to_date


@cache
def _made_once() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", check_same_thread=False)
    made.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    bring_up_to_date(made)
    return made


def _copy_of_one(connection: sqlite3.Connection) -> None:
    """Make a new database a copy of the one that is kept, and bring any other up to date."""
    is_new = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    if is_new and not connection.in_transaction:
        _made_once().backup(connection)
    else:
        bring_up_to_date(connection)


migrations.bring_up_to_date = _copy_of_one


DAEMON = Path(__file__).parent / "daemon"


@pytest.hookimpl(tryfirst=True)  # before -m chooses by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker("property")
        if DAEMON in item.path.parents:
            item.add_marker("daemon")
