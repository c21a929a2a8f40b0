"""Workers and hosts stay occupied while the coordinator of a pass writes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aggregator.ingest import poll, save
from aggregator.ingest.polls import Poll
from aggregator.ingest.results import FetchedFeed, Results
from aggregator.model import Feed, FeedState, FetchFailure
from aggregator.settings import FetchSettings, Settings
from aggregator.storage.feeds import StoredFeed
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

FEEDS = [Feed(f"https://{number}.example/rss") for number in range(6)]


def result(number: int, *, is_handed_on: bool = False) -> FetchedFeed:
    url = FEEDS[number].url
    row = StoredFeed(number, url, url, None, None, "P", None, False, False, MORNING, FeedState(url))
    return FetchedFeed(Poll(FEEDS[number], row), FetchFailure("http", "404"), is_handed_on)


def test_answers_with_workers_are_taken_out_of_turn_and_all_others_keep_theirs() -> None:
    results = Results()
    for number in range(6):
        results.put(result(number, is_handed_on=number in (1, 4)))
    assert results.next(0) == result(0)
    assert results.take_handed_on() == [result(1, is_handed_on=True), result(4, is_handed_on=True)]
    results.put(result(1))
    assert [results.next(0) for _ in range(5)] == [result(2), result(3), result(5), result(1), None]


def test_further_feeds_are_asked_while_entries_are_placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = [Feed(f"https://{number}.example/rss") for number in range(9)]
    entries = [Item(f"{number}", f"Event {number} of the day") for number in range(3)]
    fetcher = FakeFetcher({feed.url: rss(*entries) for feed in feeds})
    monkeypatch.setattr(poll, "_BATCH", 2)  # results: an answer, and what a worker made of it
    monkeypatch.setattr(poll, "MAX_WAITING", 0)
    monkeypatch.setattr(save, "PLACED_PER_TRANSACTION", 1)
    asked_at_pauses: list[int] = []

    def pause(seconds: float) -> None:
        ends = time.monotonic() + 20.0
        while not asked_at_pauses and len(fetcher.asked) < len(feeds) and time.monotonic() < ends:
            time.sleep(0.01)
        asked_at_pauses.append(len(fetcher.asked))

    monkeypatch.setattr(save, "sleep", pause)
    settings = Settings(fetch=FetchSettings(workers=4))  # eight feeds under way at most
    with open_desk(fetcher, Clock(), feeds, database=tmp_path / "a.db", settings=settings) as app:
        assert {outcome.new for outcome in app.fetch()} == {3}
    assert asked_at_pauses[0] == len(feeds)


def test_an_entry_that_cannot_be_placed_costs_itself_and_not_those_of_its_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aggregator.ingest.place import Placer

    whole = Placer.place

    def broken(self: Placer, arrival: object, *rest: object) -> str:
        if "Event 1" in arrival.document.title:  # type: ignore[attr-defined]
            raise ValueError("a fault of this entry")
        return whole(self, arrival, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Placer, "place", broken)
    entries = [Item(f"{number}", f"Event {number} of the day in Town {number}") for number in range(3)]
    fetcher = FakeFetcher({FEEDS[0].url: rss(*entries)})
    with open_desk(fetcher, Clock(), FEEDS[:1], database=tmp_path / "a.db") as app:
        assert [outcome.new for outcome in app.fetch()] == [3]
        rows = app.store.connection.execute("SELECT title, story_id IS NULL FROM entry ORDER BY title").fetchall()
    assert [(title, bool(alone)) for title, alone in rows] == [
        ("Event 0 of the day in Town 0", False),
        ("Event 1 of the day in Town 1", True),
        ("Event 2 of the day in Town 2", False),
    ]
