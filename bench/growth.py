"""What an entry costs as the window fills: a made-up stream with the words of a language and the events of a newsroom.

    python bench/growth.py [--to 100000] [--probe 500] [--checkpoints 1000 3000 10000 30000 100000]

The stream: words by Zipf's law over 60,000, events that open at random and are told by as many reports as a power law
gives, a fifth of the entries copies. All of it lies within the windows, so that nothing is pruned. At each checkpoint the cost
of the next ``--probe`` entries is measured, clustering on, from text to tables, in milliseconds an entry, and set against the
first checkpoint; the stories stage has a column of its own. Processor time, so that other work on the machine has no say.
The last line is a hash of which entries stand together and of which entry stands for each story: two versions of the code that
print the same hash group the stream alike.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import sqlite3
import time
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from aggregator.clustering.stories import StoryFinder
from aggregator.ingest.archives import Importer
from aggregator.model import EntryData
from aggregator.newsroom.publishers import families
from aggregator.parsing.archive import ArchiveEntry
from aggregator.settings import Settings
from aggregator.storage.database import Store

WORDS, OUTLETS, SEED = 60_000, 400, 7
START = datetime(2026, 3, 1, tzinfo=UTC)
BETWEEN = timedelta(seconds=5)  # 100,000 entries in six days: within the window of stories


@dataclass
class Event:
    """What reports of one event share: its names and its words."""

    names: list[str]
    words: list[str]
    left: int  # reports to come
    last: str = ""  # the text that a copy carries


class Stream:
    """Entries without end, the same for the same seed."""

    def __init__(self, seed: int = SEED) -> None:
        self._chance = random.Random(seed)
        letters = "etaoinsrhldcumfpgwybvkxjqz"
        self._words = [
            "".join(self._chance.choices(letters, weights=range(26, 0, -1), k=self._chance.randint(2, 10)))
            for _ in range(WORDS)
        ]
        self._ranks = list(accumulate(1 / (rank + 2.7) for rank in range(WORDS)))
        self._open: list[Event] = []

    def __iter__(self) -> Iterator[ArchiveEntry]:
        number = 0
        while True:
            yield self._entry(number)
            number += 1

    def _word(self) -> str:
        return self._words[bisect(self._ranks, self._chance.random() * self._ranks[-1])]

    def _event(self) -> Event:
        chance = self._chance
        if self._open and chance.random() < 0.7:
            event = chance.choice(self._open[-200:])
        else:
            size = min(int(chance.paretovariate(1.1)), 400)
            names = [self._words[chance.randrange(2_000, WORDS)].capitalize() for _ in range(4)]
            event = Event(names, [self._words[chance.randrange(200, WORDS)] for _ in range(12)], size)
            self._open.append(event)
        event.left -= 1
        if event.left <= 0:
            self._open.remove(event)
        return event

    def _text(self, event: Event) -> str:
        chance = self._chance
        sentences = []
        for _ in range(chance.randint(2, 9)):
            said = [self._word() for _ in range(chance.randint(8, 22))]
            for word in chance.sample(event.words, 3) + chance.sample(event.names, chance.randint(0, 2)):
                said.insert(chance.randrange(len(said)), word)
            sentences.append(" ".join(said).capitalize() + ".")
        return " ".join(sentences)

    def _entry(self, number: int) -> ArchiveEntry:
        chance, event = self._chance, self._event()
        if not event.last or chance.random() > 0.2:
            event.last = self._text(event)
        said = [self._word() for _ in range(4)] + chance.sample(event.words, 2) + chance.sample(event.names, 2)
        chance.shuffle(said)
        source = f"Outlet {chance.randrange(OUTLETS)}"
        data = EntryData(
            key=str(number),
            title=" ".join(said).capitalize(),
            content=event.last,
            link=f"https://outlet.example/{number}",
            published=START + number * BETWEEN,
        )
        return ArchiveEntry(number, data, source, "en")


class Clock:
    """How long the stories stage took: its calls are timed as they are made."""

    def __init__(self) -> None:
        self.seconds = 0.0
        for name in ("place", "add_copy", "second_look"):
            self._time(name)

    def _time(self, name: str) -> None:
        inner = getattr(StoryFinder, name)

        def timed(*arguments: object, **options: object) -> object:
            started = time.process_time()
            try:
                return inner(*arguments, **options)
            finally:
                self.seconds += time.process_time() - started

        setattr(StoryFinder, name, timed)


def main() -> None:
    """Fill the window, measure at each checkpoint."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--checkpoints", nargs="+", type=int, default=[1_000, 3_000, 10_000, 30_000, 100_000])
    options.add_argument("--probe", type=int, default=500)
    options.add_argument("--to", type=int, default=100_000)
    chosen = options.parse_args()
    clock, baseline = Clock(), 0.0
    print("entries    ms an entry  of which stories  ratio  MB of file  MB of memory  entries/report  entries/story")
    with TemporaryDirectory() as folder, Store(Path(folder) / "growth.db") as store:
        importer = Importer(store, Settings(), families(()), START + timedelta(days=7))
        stream = iter(Stream())
        done = 0
        for checkpoint in sorted(one for one in chosen.checkpoints if one <= chosen.to):
            while done < checkpoint:
                _import(importer, list(islice(stream, min(500, checkpoint - done))))
                done += min(500, checkpoint - done)
            clock.seconds = 0.0
            probe = list(islice(stream, chosen.probe))
            started = time.process_time()
            _import(importer, probe)
            cost = 1000 * (time.process_time() - started) / chosen.probe
            done += chosen.probe
            baseline = baseline or cost
            reports, stories = store.connection.execute(
                "SELECT count(DISTINCT report_id), count(DISTINCT story_id) FROM entry"
            ).fetchone()
            size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            stages = 1000 * clock.seconds / chosen.probe
            print(
                f"{checkpoint:7,} {cost:14.2f} {stages:17.2f} {cost / baseline:6.2f} {size:11.0f} {memory:13.0f}"
                f" {done / reports:15.2f} {done / stories:14.2f}",
                flush=True,
            )
        print(f"stories and canonical entries: {state_hash(store.connection)}")


def state_hash(connection: sqlite3.Connection) -> str:
    """Return the hash of each entry's report, story and whether it is canonical, by the entries' ids."""
    digest = hashlib.sha256()
    for row in connection.execute(
        "SELECT entry.id, report_id, story_id, entry.id = story.canonical_entry"
        " FROM entry LEFT JOIN story ON story.id = story_id ORDER BY entry.id"
    ):
        digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()[:16]


def _import(importer: Importer, entries: list[ArchiveEntry]) -> None:
    importer.record(entries, lambda done, total: None)


if __name__ == "__main__":
    main()
