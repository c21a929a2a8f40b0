"""Watches, alerts and the outbox: written with their cause, claimed before they are tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.newsroom.alerts import Alerted
from aggregator.newsroom.watches import WatchQuery
from aggregator.storage.database import Store
from aggregator.storage.watches import NewAlert, Outbox, StoredWatch, WatchStore

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WATCH = StoredWatch("strikes", WatchQuery(("strike",), min_publishers=2), ("stdout", "file:/tmp/a"), NOW, "desk")
HOOK = "webhook:https://hooks.example/1"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(None) as opened:
        opened.connection.execute("PRAGMA foreign_keys = OFF")  # entries are not what is tested here
        yield opened


def alert(
    name: str, at: datetime = NOW, *targets: str, watch: str = "strikes", alerted: Alerted | None = None
) -> NewAlert:
    entries = {"e1": alerted or Alerted(True, 0, None)}
    return NewAlert(name, watch, "s1", at, "new", "New.", {"id": name}, entries, targets or (HOOK,))


def states(store: Store) -> list[tuple[str, str, int]]:
    return store.connection.execute("SELECT alert_id, state, attempts FROM delivery ORDER BY id").fetchall()


def test_a_watch_is_kept_as_it_was_added(store: Store) -> None:
    watches = WatchStore(store.connection)
    watches.add(WATCH)
    watches.add(replace(WATCH, name="all"))
    assert [watch.name for watch in watches.all()] == ["all", "strikes"]
    assert watches.all()[1] == WATCH


def test_an_alert_brings_its_deliveries_and_what_it_told(store: Store) -> None:
    watches = WatchStore(store.connection)
    watches.add(WATCH)
    watches.add_alert(alert("a1", NOW, "stdout", HOOK, "stdout"))
    watches.add_alert(alert("a2", NOW + DAY, alerted=Alerted(False, 2, "kill")))
    assert watches.alerted(["e1", "e2"]) == {"strikes": {"e1": Alerted(False, 2, "kill")}}
    assert states(store) == [("a1", "waiting", 0), ("a1", "waiting", 0), ("a2", "waiting", 0)]
    tally = watches.counts()["strikes"]
    assert (tally.alerts, tally.last_alert, tally.waiting, tally.given_up) == (2, NOW + DAY, 3, 0)
    assert [(one.id, one.target) for one in watches.log("strikes", 9)] == [("a2", HOOK), ("a1", "stdout"), ("a1", HOOK)]
    assert watches.log("other", 9) == []


def test_what_is_undone_leaves_nothing(store: Store) -> None:
    watches = WatchStore(store.connection)
    watches.add(WATCH)

    def crash() -> None:
        with store.transaction():
            watches.add_alert(alert("a1"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()
    assert states(store) == []
    assert watches.alerted(["e1"]) == {}


def test_removing_a_watch_takes_its_alerts_along(store: Store) -> None:
    store.connection.execute("PRAGMA foreign_keys = ON")
    watches = WatchStore(store.connection)
    watches.add(WATCH)
    watches.add_alert(replace(alert("a1"), alerted={}))
    watches.remove("strikes")
    assert states(store) == []
    assert watches.all() == []


def test_a_claimed_delivery_is_not_claimed_again_until_its_lease_ends(store: Store) -> None:
    watches, outbox = WatchStore(store.connection), Outbox(store.connection)
    watches.add(WATCH)
    watches.add_alert(alert("a1"))
    watches.add_alert(alert("a2", NOW + timedelta(seconds=1)))
    later = NOW + timedelta(minutes=1)
    assert outbox.due(NOW - DAY) == []
    assert outbox.due(later) == [HOOK]
    first = outbox.claim(HOOK, later, later + timedelta(minutes=5))
    second = outbox.claim(HOOK, later, later + timedelta(minutes=5))
    assert first is not None
    assert second is not None
    assert (first.alert_id, first.attempts, first.payload) == ("a1", 1, {"id": "a1"})
    assert second.alert_id == "a2"
    assert outbox.claim(HOOK, later, later + timedelta(minutes=5)) is None
    outbox.mark_delivered(second.id, later)
    after = later + timedelta(minutes=5)  # the one that held a1 is gone
    again = outbox.claim(HOOK, after, after + timedelta(minutes=5))
    assert again is not None
    assert (again.alert_id, again.attempts) == ("a1", 2)


def test_a_failure_puts_off_its_whole_target_and_gives_up_what_is_stale(store: Store) -> None:
    watches, outbox = WatchStore(store.connection), Outbox(store.connection)
    watches.add(WATCH)
    watches.add_alert(alert("a0"))
    held = outbox.claim(HOOK, NOW, NOW + timedelta(minutes=5))
    assert held is not None
    assert outbox.mark_failed(held, "refused", NOW, NOW - DAY) == 0  # its lease ends with the attempt
    assert outbox.due(NOW) == [HOOK]
    outbox.mark_delivered(held.id, NOW)
    for name, at in (("a1", NOW - 2 * DAY), ("a2", NOW - DAY), ("a3", NOW), ("a4", NOW)):
        watches.add_alert(alert(name, at, "stdout" if name == "a4" else HOOK))
    claimed = outbox.claim(HOOK, NOW, NOW + timedelta(minutes=5))
    assert claimed is not None
    again = NOW + timedelta(minutes=2)
    assert outbox.mark_failed(claimed, "refused", again, NOW - DAY) == 2
    assert states(store)[1:] == [
        ("a1", "given_up", 1),
        ("a2", "given_up", 0),
        ("a3", "waiting", 0),
        ("a4", "waiting", 0),
    ]
    assert outbox.due(NOW) == ["stdout"]
    assert sorted(outbox.due(again)) == ["stdout", HOOK]
    tally = watches.counts()["strikes"]
    assert (tally.waiting, tally.given_up, tally.last_error) == (2, 2, "refused")


def test_pruning_spares_what_waits(store: Store) -> None:
    store.connection.execute("PRAGMA foreign_keys = ON")
    watches, outbox = WatchStore(store.connection), Outbox(store.connection)
    watches.add(WATCH)
    for name in ("a1", "a2"):
        watches.add_alert(replace(alert(name), alerted={}))
    claimed = outbox.claim(HOOK, NOW, NOW)
    assert claimed is not None
    outbox.mark_delivered(claimed.id, NOW)
    assert watches.prune(NOW, 10) == 0
    assert watches.prune(NOW + DAY, 10) == 1
    assert [name for name, _, _ in states(store)] == ["a2"]


def test_two_programs_do_not_claim_the_same(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as one, Store(tmp_path / "a.db") as other:
        with one.transaction():
            WatchStore(one.connection).add(WATCH)
            WatchStore(one.connection).add_alert(replace(alert("a1"), alerted={}))
        with one.transaction():
            assert Outbox(one.connection).claim(HOOK, NOW, NOW + DAY) is not None
        with other.transaction():
            assert Outbox(other.connection).claim(HOOK, NOW, NOW + DAY) is None
