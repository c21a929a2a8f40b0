"""A large document is recorded in short transactions: others get their turn, and how it is cut decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event

import pytest

from aggregator.app import Aggregator
from aggregator.ingest import large_documents
from aggregator.model import Feed
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

GAZETTE = Feed("https://gazette.example/rss", name="Gazette", publisher="Gazette")
COUNT = 30
FIRST = [
    Item(f"n{n}", f"Notice {n} of the office", f"It tells of matter {n}, which is closed.", MORNING - timedelta(minutes=n), f"https://gazette.example/n/{n}")
    for n in range(COUNT)
]  # fmt: skip
EDITED = [replace(one, text=f"{one.text} A footer stands below.") for one in FIRST]
REPUBLISHED = [
    replace(one, guid=f"again-{one.guid}", published=MORNING + timedelta(hours=3, seconds=n))
    for n, one in enumerate(EDITED)
]
# another text under a guid that was another entry's, beside edits
GIVEN_AWAY = [
    replace(
        one,
        title=f"Judges free banker {n}",
        text=f"A court in Brenn freed the banker of matter {n}.",
        published=MORNING,
    )
    for n, one in enumerate(FIRST[:5])
] + EDITED[5:]
POLLS = [FIRST, EDITED, REPUBLISHED, FIRST, GIVEN_AWAY, REPUBLISHED[::-1]]


def rows(store: Store) -> list[list[tuple[object, ...]]]:
    queries = (
        "SELECT id, key, title, text, published, time, revisions, report_id, story_id, last_seen FROM entry ORDER BY id",
        "SELECT entry_id, number, title, text, replaced FROM revision ORDER BY 1, 2",
        "SELECT key, entry_id FROM entry_alias ORDER BY 1, 2",
        "SELECT entry_id, field, before, after FROM amendment ORDER BY 1, 2, 3",
        "SELECT at, new, updated, known FROM poll ORDER BY at",
    )
    return [store.connection.execute(query).fetchall() for query in queries]


def poll_all(polls: list[list[Item]], database: Path) -> list[list[tuple[object, ...]]]:
    fetcher, clock = FakeFetcher({}), Clock()
    with open_desk(fetcher, clock, [GAZETTE], database=database) as app:
        for items in polls:
            fetcher.answers[GAZETTE.url] = rss(*items)
            clock.forward(hours=1)
            app.fetch(everything=True)
        assert faults(app.store.connection, app.store.path) == ()
        return rows(app.store)


def in_short_turns(monkeypatch: pytest.MonkeyPatch, between: Callable[[float], object] = lambda seconds: None) -> None:
    """Let each entry be taken in by a transaction of its own, and ``between`` be done in the room that is left."""
    monkeypatch.setattr(large_documents, "LARGE", 0)
    monkeypatch.setattr(large_documents, "MAX_TRANSACTION", 0.0)
    monkeypatch.setattr(large_documents, "sleep", between)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.costly) for seed in (1, 2))])
def test_how_a_document_is_cut_decides_nothing(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Random(seed)
    polls = [chance.sample(items, COUNT - seed) for items in [FIRST, *chance.sample(POLLS, len(POLLS))]]
    monkeypatch.setattr(large_documents, "LARGE", 10 * COUNT)
    whole = poll_all(polls, tmp_path / "whole.db")
    in_short_turns(monkeypatch)
    assert poll_all(polls, tmp_path / "cut.db") == whole


def test_others_write_between_the_edits_of_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = poll_all([FIRST, EDITED, REPUBLISHED], tmp_path / "whole.db")
    turns: list[float] = []

    def write(seconds: float) -> None:
        turns.append(seconds)
        with Store(tmp_path / "cut.db", busy_timeout_ms=0) as other, other.transaction() as db:
            db.execute("INSERT INTO fact (name, value) VALUES (?, 'x')", (f"turn {len(turns)}",))

    in_short_turns(monkeypatch, write)
    assert poll_all([FIRST, EDITED, REPUBLISHED], tmp_path / "cut.db") == whole
    assert len(turns) > COUNT


def test_what_another_process_edits_meanwhile_is_looked_at_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = EDITED[0]  # the newest comes last in its turn

    def edit(seconds: float) -> None:
        with Store(tmp_path / "a.db", busy_timeout_ms=0) as other, other.transaction() as db:
            db.execute(
                "UPDATE entry SET content_hash = 'other', revisions = 3 WHERE key = ? AND revisions = 0", (last.guid,)
            )

    in_short_turns(monkeypatch, edit)
    entries, *_ = poll_all([FIRST, EDITED], tmp_path / "a.db")
    assert len(entries) == COUNT
    assert [(row[3], row[6]) for row in entries if row[1] == last.guid] == [(last.text, 4)]


def test_a_document_that_was_stopped_in_the_midst_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = poll_all([FIRST, EDITED], tmp_path / "whole.db")
    fetcher, clock, stop = FakeFetcher({GAZETTE.url: rss(*FIRST)}), Clock(), Event()

    def poll(app: Aggregator) -> list[int]:
        return [outcome.updated for outcome in app.fetch(everything=True, stop=stop)]

    with open_desk(fetcher, clock, [GAZETTE], database=tmp_path / "cut.db") as app:
        clock.forward(hours=1)
        poll(app)
        fetcher.answers[GAZETTE.url] = rss(*EDITED)
        clock.forward(hours=1)
        monkeypatch.setattr("aggregator.ingest.poll.GRACE", 0.0)
        in_short_turns(monkeypatch, lambda seconds: stop.set())
        assert poll(app) == []
        (taken,) = app.store.connection.execute("SELECT count(*) FROM entry WHERE revisions = 1").fetchone()
        assert 0 < taken < COUNT
        stop.clear()
        in_short_turns(monkeypatch)
        assert poll(app) == [COUNT - taken]
        assert rows(app.store)[:4] == whole[:4]
