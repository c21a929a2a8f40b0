"""What holds for every test: markers that follow from what it is, and no deadline of the wall clock for generated inputs."""

from __future__ import annotations

import gc
import os
import secrets
import signal
import sqlite3
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from aggregator.ingest.garbage import SELDOM
from aggregator.storage import migrations, opening
from aggregator.storage.database import Store
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

# Tests, and commands and workers that tests start, are compiled once, and not by each process of each run.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell lets what it runs in the background ignore these, and with it what tests start.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

# --- new databases -----------------------------------------------------------------------------------

# A new database takes some thirty milliseconds of migrations, and tests make thousands: each gets a copy of one that
# was made by them. Tests of the storage itself, and processes that tests start, apply them each time.
bring_up_to_date = migrations.bring_up_to_date
make_private = opening._make_private
_COMMIT_NUMBER = slice(
    60, 64
)  # in the first page, see aggregator.storage.commit_number; of a new database drawn by lot


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


@cache
def _file_of_one() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        opening._make_private = make_private
        Store(path).close()
        opening._make_private = _make_copy
        return path.read_bytes()


def _make_copy(path: Path) -> None:
    """Make a new file a copy of the one that is kept."""
    content = bytearray(_file_of_one())
    content[_COMMIT_NUMBER] = (secrets.randbelow(2**31 - 1) + 1).to_bytes(4, "big")
    make_private(path)
    if not list(path.parent.glob(f"{path.name}-*")):  # beside a log that was left it is as empty as it would be
        path.write_bytes(content)


migrations.bring_up_to_date = _copy_of_one
opening._make_private = _make_copy


def pytest_collection_finish() -> None:
    """Let Python look for cycles of garbage among what tests make alone, not among the tests, and seldom, as the command does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(4 * SELDOM, *gc.get_threshold()[1:])


DAEMON = Path(__file__).parent / "daemon"


@pytest.hookimpl(tryfirst=True)  # before -m chooses by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker("property")
        if DAEMON in item.path.parents:
            item.add_marker("daemon")
