"""Whatever way entries come, the stories are the same: polls cut anyhow, an import, a replay, clustering anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.app import Aggregator
from aggregator.cli.output import plain
from aggregator.ingest.archives import Importer
from aggregator.ingest.replay import replay
from aggregator.model import Feed
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from tests.examples import examples
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss
from tests.ingest.arrivals import EVENTS

HOUSES = ("Ledger", "Times", "Post")
FEEDS = [Feed(f"https://{house.lower()}.example/rss", name=house, publisher=house) for house in HOUSES]
ITEMS = [
    (
        HOUSES[(number + place) % len(HOUSES)],
        Item(f"{event}-{number}", *EVENTS[event][number], published=MORNING - timedelta(hours=20 - place - number)),
    )
    for place, event in enumerate(EVENTS)
    for number in range(len(EVENTS[event]))
]
Groups = set[frozenset[str]]


@contextmanager
def polled(passes: Sequence[Sequence[tuple[str, Item]]]) -> Iterator[Aggregator]:
    """Open a desk whose feeds brought these entries, pass by pass; a feed keeps what it held."""
    fetcher, clock = FakeFetcher({}), Clock()
    with open_desk(fetcher, clock, FEEDS) as desk:
        held: dict[str, list[Item]] = {house: [] for house in HOUSES}
        for entries in passes:
            for house, item in entries:
                held[house].append(item)
            for feed in FEEDS:
                fetcher.answers[feed.url] = rss(*held[str(feed.name)])
            desk.fetch(everything=True)
            clock.forward(minutes=1)
        yield desk


def stories(store: Store, column: str = "story_id") -> Groups:
    found: dict[str, set[str]] = {}
    rows = store.connection.execute(f"SELECT e.key, {column} FROM entry e JOIN story s ON s.id = e.story_id")
    for key, group in rows:
        if group is not None:
            found.setdefault(group, set()).add(key)
    return {frozenset(keys) for keys in found.values()}


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(ITEMS), st.lists(st.integers(1, len(ITEMS) - 1), max_size=4))
def test_polls_an_import_a_replay_and_clustering_anew_agree(items: list[tuple[str, Item]], cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(items)]
    passes = [items[start:end] for start, end in pairwise(edges)]
    with polled([ITEMS]) as whole, polled(passes) as desk, TemporaryDirectory() as folder:
        expected, tied = stories(whole.store), stories(whole.store, "storyline_id")
        assert {key for story in expected for key in story} == {item.guid for _, item in ITEMS}
        assert stories(desk.store) == expected
        assert stories(desk.store, "storyline_id") == tied
        archive = Path(folder) / "archive.jsonl"
        archive.write_text("".join(json.dumps(plain(row)) + "\n" for row in desk.export()), encoding="utf-8")
        with Store(None) as store:
            Importer(store, Settings(), families(()), desk.clock()).run(archive, lambda done, total: None)
            assert stories(store) == expected
            assert stories(store, "storyline_id") == tied
        outcome = replay(desk.store, desk.settings, families(()), None, lambda done, total: None)
        assert outcome.changes == []
        assert desk.recluster().changes == []
