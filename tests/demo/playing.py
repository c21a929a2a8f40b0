"""The demonstration played with its feeds answering in an order drawn by lot, another at each stage."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from aggregator.app import Aggregator
from aggregator.demo.content import OUTLETS, STAGES, document, feeds, moment
from aggregator.model import Feed
from aggregator.settings import Settings
from tests.harness import Clock, FakeFetcher, open_desk

FEEDS = feeds("https://demo.example")
ONE_AT_A_TIME = replace(Settings(), fetch=replace(Settings().fetch, workers=1))


@contextmanager
def played(seed: int, followed: Sequence[Feed] = FEEDS) -> Iterator[Aggregator]:
    """Open a desk that has polled all stages, its feeds asked one after another in orders that follow from the seed."""
    chance = random.Random(seed)
    followed = list(followed)
    clock, fetcher = Clock(), FakeFetcher()
    with open_desk(fetcher, clock, followed, settings=ONE_AT_A_TIME) as app:
        for stage in STAGES:
            clock.now = moment(stage)
            fetcher.answers = {f"https://demo.example/{one.file}": document(one.file, stage) for one in OUTLETS}
            fetcher.asked = []
            chance.shuffle(followed)
            app.follow(followed)
            app.fetch(everything=True)
            assert fetcher.asked == [feed.url for feed in followed]
        yield app
