"""A clock that jumps and is set right again: no story falls apart, no alert is repeated, nothing is new a second time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.app import Aggregator
from aggregator.model import Feed
from aggregator.newsroom.watches import WatchQuery
from aggregator.storage.integrity import faults
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger", language="en")
TIMES = Feed("https://times.example/rss", name="Times", publisher="Times", language="en")
STRIKE = Item(
    "a1",
    "Dockers' strike closes the port of Rotterdam",
    "Dockers walked out at the port of Rotterdam on Tuesday morning over pay. The union said the strike would last "
    "three days. Container ships were sent to Antwerp and the harbour master asked carriers to wait at sea.",
    link="https://ledger.example/strike",
)
COPY = replace(STRIKE, guid="b1", link="https://times.example/strike")
LATER = replace(COPY, guid="b2", link="https://times.example/port", published=MORNING + timedelta(hours=1))
STORM = Item("a2", "Storm shuts schools in Bergen", "A storm shut all schools in Bergen on Tuesday. Ferries stayed in.")
JUMPS = [sign * jump for sign in (1, -1) for jump in (timedelta(hours=1), timedelta(days=1), timedelta(days=365))]


class Desk:
    """A desk that can be closed and opened again."""

    def __init__(self, database: Path) -> None:
        self.database, self.clock = database, Clock()
        self.fetcher = FakeFetcher({LEDGER.url: rss(STRIKE, STORM), TIMES.url: rss(COPY)})

    def poll(self, *apps: Aggregator) -> list[int]:
        if apps:
            return [outcome.new for outcome in apps[0].fetch(everything=True)]
        with open_desk(self.fetcher, self.clock, [LEDGER, TIMES], database=self.database) as app:
            return self.poll(app)

    def stands(self) -> tuple[list[object], ...]:
        with open_desk(self.fetcher, self.clock, [LEDGER, TIMES], database=self.database) as app:
            queries = (
                "SELECT key, report_id, story_id FROM entry ORDER BY key",
                "SELECT id, title, entries FROM story ORDER BY id",
                "SELECT watch, story_id, reason FROM alert ORDER BY rowid",
            )
            assert faults(app.store.connection, app.store.path) == ()
            return tuple(app.store.connection.execute(query).fetchall() for query in queries)


@pytest.mark.parametrize("restarts", [pytest.param(False, marks=pytest.mark.costly), True])
@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_jump_of_the_clock_takes_nothing_apart_and_repeats_nothing(
    jump: timedelta, restarts: bool, tmp_path: Path
) -> None:
    desk = Desk(tmp_path / "a.db")
    with open_desk(desk.fetcher, desk.clock, [LEDGER, TIMES], database=desk.database) as app:
        app.watches().add("strikes", WatchQuery(words=("strike",)), ["stdout"], "desk")
        assert sum(desk.poll(app)) == 3
        desk.clock.forward(minutes=30)
        before = desk.stands()
        same = () if restarts else (app,)
        right = desk.clock.now
        desk.clock.now += jump
        assert sum(desk.poll(*same)) == 0
        desk.clock.now = right + timedelta(hours=1)
        assert sum(desk.poll(*same)) == 0
        assert desk.stands() == before
        desk.fetcher.answers[TIMES.url] = rss(COPY, LATER)
        desk.clock.forward(hours=1)
        assert sum(desk.poll(*same)) == 1
        entries, stories, alerts = desk.stands()
    assert {row[1:] for row in entries if row[0] != STORM.guid} == {before[0][0][1:]}  # type: ignore[index]
    assert len(stories) == 2
    assert alerts == before[2]
