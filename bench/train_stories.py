"""Learn the weights of the story score from labelled archives, and say what they reach on archives left out.

    python -m bench.train_stories FOLDER [--write] [--without-each] [--rounds 3] [--threshold 0.45]

Every archive is run through the stories stage as the product runs it, with the weights of the round before; at each
decision the candidates' numbers are kept, with the share of the candidate story that bears the arrival's label. A logistic
model is fitted to them; the nearest candidate of a decision counts most, for it alone can be joined. This is repeated, for
better weights lead to other states (Ross et al., "A Reduction of Imitation Learning to No-Regret Online Learning", 2011).
Signs are bounded: no likeness may speak against a story, for such weights only fit the archives they were learned from.
With ``--without-each`` each archive is left out once: weights learned on the others, run on it. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from aggregator.clustering import weights
from aggregator.clustering.likeness import NAMES
from aggregator.clustering.matching import Candidate
from aggregator.clustering.metrics import Figures, score
from aggregator.clustering.stories import StoryFinder
from aggregator.clustering.views import StoryView
from aggregator.ingest import evaluate as evaluation
from aggregator.ingest import place as placing
from aggregator.model import Arrival, Document, Join, Merge, Open
from aggregator.settings import Settings, StorySettings
from aggregator.storage import meanings
from aggregator.storage.clusters import TABLES, ClusterStore
from aggregator.storage.entries import EntryStore
from aggregator.storage.entry_rows import EntryRow
from bench import lookalikes

# How much each archive counts. The headlines of 2014 bear one story under several labels; the last two are small and easy.
SETS = {
    "uci-headlines-2014": 0.3,
    "google-news": 1.0,
    "allsides-dated": 1.0,
    "ecbplus-train-dev": 1.0,
    "basil": 0.5,
    "newswcl50": 0.3,
}
# The same entries cut short, for a feed may give a headline, a lede or all: words of text kept, and how much that counts.
SHORTENED = {
    ("allsides-dated", 0): 0.7,
    ("allsides-dated", 25): 0.3,
    ("ecbplus-train-dev", 0): 0.3,
    ("ecbplus-train-dev", 40): 0.5,
    ("basil", 0): 0.3,
    ("basil", 40): 0.3,
}
LOOKALIKES = 0.7  # of lookalikes.py, by themselves
MIXED = 0.7  # headlines of several archives as if of one day: hundreds of stories side by side
MIXED_FROM = {"google-news": 667, "allsides-dated": 700, "uci-headlines-2014": 900, "lookalikes": 208}
# Numbers that may only speak for a story, and those that may only speak against it.
FOR = {
    "mean whole",
    "mean title",
    "log mean whole",
    "log top three whole",
    "shared",
    "numbers shared",
    "names shared",
}
AGAINST = {
    "core numbers missed",
    "log gap",
    "recurring",
    "recurring story",
    "nothing telling shared",
    "one plain word shared",
    "one rare word shared",
    "ledes",
    "one word shared by texts",
    "one phrase shared by texts",
    "two plain phrases shared by texts",
    "others in like titles",
    "alike, names differ",
    "alike, numbers differ",
    "ordinals differ",
}
# What speaks against a story at least this much, whatever is learned: the archives hold few look-alikes, a wire many.
AT_LEAST = {
    "nothing telling shared": -12.0,
    "one plain word shared": -2.9,
    "one rare word shared": -0.8,
    "ledes": -1.4,
    "one word shared by texts": -4.5,
    "one phrase shared by texts": -3.0,
    "two plain phrases shared by texts": -2.0,
    "recurring": -2.5,
    "recurring story": -2.5,
    "alike, names differ": -2.5,
    "ordinals differ": -12.0,
}
RIDGE = 1e-4
HEADLINES = 1_500  # entries of one archive that are learned from at most
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Call:
    """One arrival as the stories stage sees it: a new report, or a copy of a known one."""

    report_id: str
    arrival: Arrival
    new: bool
    label: str | None


@dataclass(frozen=True)
class Examples:
    """Numbers of candidates, with the share of each candidate that bears the arrival's label."""

    numbers: Numbers
    shares: Numbers
    ranks: Numbers


def record(path: Path) -> list[Call]:
    """Return the calls that an archive makes to the stories stage; reports don't depend on stories."""
    calls: list[tuple[str, Arrival, bool]] = []

    class Recorder(StoryFinder):
        def place(self, report_id: str, arrival: Arrival, **options: Any) -> Open | Join:
            calls.append((report_id, arrival, True))
            return Open(options["new_id"](), report_id)

        def add_copy(self, report_id: str, arrival: Arrival) -> None:
            calls.append((report_id, arrival, False))

        def second_look(self, *_: Any, **__: Any) -> tuple[()]:
            return ()

    placed: dict[str, str] = {}
    add = EntryStore.add

    def noted(self: EntryStore, rows: Sequence[EntryRow], now: datetime) -> range:
        placed.update((row.id, row.data.key) for row in rows)
        return add(self, rows, now)

    with patch.object(placing, "StoryFinder", Recorder), patch.object(EntryStore, "add", noted):
        result = evaluation.evaluate(path, Settings(), NOW)
    by_key = {result.ids[line]: f"{path.stem} {label}" for line, label in result.labels.items()}
    return [Call(report_id, arrival, new, by_key.get(placed[arrival.entry_id])) for report_id, arrival, new in calls]


def shortened(calls: Sequence[Call], kept: int) -> list[Call]:
    """Return the calls of an archive whose entries have hardly any text."""
    return [replace(call, arrival=replace(call.arrival, document=_cut(call.arrival.document, kept))) for call in calls]


def _cut(document: Document, kept: int) -> Document:
    return replace(document, lede="", body=" ".join(f"{document.lede} {document.body}".split()[:kept]))


def mixed(archives: Mapping[str, Sequence[Call]]) -> list[Call]:
    """Return headlines of several archives as if they had all come within a day, each archive in its own order."""
    parts = []
    for name, calls in archives.items():
        chosen = shortened(calls[: MIXED_FROM[name]], 0)
        for place, call in enumerate(chosen):
            moment = NOW + timedelta(days=place / len(chosen))
            parts.append(
                replace(
                    call,
                    report_id=f"{name} {call.report_id}",
                    arrival=replace(call.arrival, time=moment, dated=True, entry_id=f"{name} {call.arrival.entry_id}"),
                )
            )
    return sorted(parts, key=lambda call: call.arrival.time)


def curriculum(archives: Mapping[str, Sequence[Call]]) -> tuple[dict[str, Sequence[Call]], dict[str, float]]:
    """Return what is learned from, and how much each part of it counts."""
    calls: dict[str, Sequence[Call]] = {}
    weight: dict[str, float] = {}
    for name, part in archives.items():
        calls[name], weight[name] = part[:HEADLINES], SETS.get(name, LOOKALIKES)
    for (name, kept), share in SHORTENED.items():
        if name in archives:
            title = f"{name} {kept}"
            calls[title], weight[title] = shortened(archives[name], kept), share
    calls["mixed"], weight["mixed"] = (
        mixed({name: part for name, part in archives.items() if name in MIXED_FROM}),
        MIXED,
    )
    return calls, weight


class Watching(StoryFinder):
    """A finder that keeps what it saw."""

    def __init__(self, *arguments: Any, labels: Mapping[str, str | None]) -> None:
        super().__init__(*arguments)
        self.labels = labels
        self.rows: list[tuple[float, ...]] = []
        self.shares: list[float] = []
        self.ranks: list[int] = []

    def choose(self, report_id: str, candidates: Sequence[Candidate]) -> Candidate | None:
        mine = self.labels.get(report_id)
        if mine is not None:
            for rank, one in enumerate(sorted(candidates, key=lambda one: -one.score)):
                self.ranks.append(rank)
                self.rows.append(one.numbers)
                self.shares.append(self._share(one.story, mine))
        return super().choose(report_id, candidates)

    def _share(self, story: StoryView, mine: str) -> float:
        theirs = [self.labels.get(report) for report in story.members]
        return sum(label == mine for label in theirs) / len(theirs)


def run(calls: Sequence[Call], settings: StorySettings) -> tuple[Figures, Examples]:
    """Run the stories stage over an archive; return its figures and what it saw."""
    finder = Watching(memory(), settings, labels={call.report_id: call.label for call in calls if call.new})
    figures = play(calls, finder)
    return figures, Examples(np.array(finder.rows), np.array(finder.shares), np.array(finder.ranks, float))


def memory(meaning: str | None = None) -> ClusterStore:
    """Return an empty memory of the stories stage; ``meaning`` is the version of the sentence encoder, if there is one."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(TABLES + meanings.TABLES)
    connection.execute("BEGIN")
    return ClusterStore(connection, meaning)


def play(calls: Sequence[Call], finder: StoryFinder) -> Figures:
    """Let the reports of an archive arrive one by one, with the second looks that fall due; return what is reached."""
    where: dict[str, str] = {}
    for number, call in enumerate(calls):
        if call.new:
            new_id = partial("s{}".format, number)
            where[call.report_id] = finder.place(call.report_id, call.arrival, new_id=new_id).story_id
        else:
            finder.add_copy(call.report_id, call.arrival)
        if finder.due():
            for change in finder.second_look(
                NOW, lambda one, other: False, new_id=lambda report, left: f"{left}-{report}"
            ):
                if isinstance(change, Merge):
                    where = {r: change.kept if story == change.gone else story for r, story in where.items()}
                else:
                    where[change.report_id] = change.joined
    truth = {call.arrival.entry_id: call.label for call in calls if call.label is not None}
    return score(truth, {call.arrival.entry_id: where[call.report_id] for call in calls})


def joined(examples: Sequence[Examples]) -> Examples:
    """Return examples of several runs as one."""
    return Examples(
        np.concatenate([one.numbers for one in examples]),
        np.concatenate([one.shares for one in examples]),
        np.concatenate([one.ranks for one in examples]),
    )


def fit(by_set: Mapping[str, Examples], weights_of: Mapping[str, float]) -> tuple[Numbers, float]:
    """Return the weights and the bias that make the examples likeliest, within the bounds of signs."""
    whole = joined(list(by_set.values()))
    importance = [1.0 / (1.0 + one.ranks) for one in by_set.values()]
    weight = np.concatenate(
        [weights_of[name] * part / part.sum() for name, part in zip(by_set, importance, strict=True)]
    )
    weight /= weight.sum()
    spread = whole.numbers.std(0) + 1e-9
    scaled = whole.numbers / spread

    def loss(point: Numbers) -> tuple[float, Numbers]:
        odds = scaled @ point[:-1] + point[-1]
        chance = 1.0 / (1.0 + np.exp(-np.clip(odds, -30, 30)))
        likely = whole.shares * np.log(chance + 1e-12) + (1 - whole.shares) * np.log(1 - chance + 1e-12)
        slope = weight * (chance - whole.shares)
        ridge = RIDGE * float((point[:-1] ** 2).sum())
        return -float((weight * likely).sum()) + ridge, np.r_[scaled.T @ slope + 2 * RIDGE * point[:-1], slope.sum()]

    bounds = [
        (0, None) if name in FOR else (None, AT_LEAST.get(name, 0.0) * scale) if name in AGAINST else (None, None)
        for name, scale in zip(NAMES, spread, strict=True)
    ]
    start = np.array([min(0.0, high or 0.0) for _, high in bounds] + [0.0])
    found = minimize(loss, start, jac=True, bounds=[*bounds, (None, None)], method="L-BFGS-B")
    return found.x[:-1] / spread, float(found.x[-1])


def job(task: tuple[str, Sequence[Call], Sequence[float], float, float]) -> tuple[str, Figures, Examples]:
    """Run one archive under given weights."""
    name, calls, values, bias, threshold = task
    with patch.object(weights, "BIAS", bias), patch.object(weights, "VALUES", tuple(values)):
        return name, *run(calls, StorySettings(threshold=threshold))


def learn(
    pool: ProcessPoolExecutor, archives: Mapping[str, Sequence[Call]], rounds: int, threshold: float
) -> tuple[Numbers, float]:
    """Return weights learned on archives in rounds; the last two rounds' states are learned from."""
    calls, counts = curriculum(archives)
    values, bias = np.array(weights.VALUES), weights.BIAS
    seen: dict[str, list[Examples]] = {name: [] for name in calls}
    for _ in range(rounds):
        tasks = [(name, calls[name], tuple(values), bias, threshold) for name in calls]
        for name, figures, examples in pool.map(job, tasks):
            print(f"  {told(name, figures)}", flush=True)
            seen[name] = [*seen[name][-1:], examples]
        values, bias = fit({name: joined(parts) for name, parts in seen.items()}, counts)
        print(flush=True)
    return values, bias


def told(name: str, figures: Figures) -> str:
    """Return one line of the table."""
    return (
        f"{name:20} {figures.bcubed_precision:6.3f} {figures.bcubed_recall:6.3f} {figures.bcubed_f1:6.3f} "
        f"{figures.predicted_clusters:5}/{figures.labelled_clusters}"
    )


def write(values: Numbers, bias: float) -> None:
    """Put the weights into the product's table, in place of what was moved by hand there."""
    path = Path(weights.__file__)
    head, _, rest = path.read_text("utf-8").partition("# --- weights")
    _, _, tail = rest.partition("# --- end\n")
    lines = "".join(f'    "{name}": {value:.2f},\n' for name, value in zip(NAMES, values, strict=True))
    path.write_text(
        f"{head}# --- weights\nBIAS = {bias:.2f}\nWEIGHTS = {{\n{lines}}}\n# --- end\n{tail}",
        "utf-8",
    )


def main() -> None:
    """Learn, print, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--write", action="store_true", help="put the weights into aggregator/clustering/weights.py")
    options.add_argument("--without-each", action="store_true", help="leave each archive out once")
    options.add_argument("--without", action="append", choices=SETS, help="leave out this archive only")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--threshold", type=float, default=StorySettings().threshold)
    chosen = options.parse_args()
    calls = {name: record(chosen.folder / f"{name}.jsonl") for name in SETS}
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "lookalikes.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lookalikes.lines()), "utf-8")
        calls["lookalikes"] = record(path)
    with ProcessPoolExecutor() as pool:
        left_out = SETS if chosen.without_each else chosen.without or ()
        if left_out:
            print("left out             precision recall  F1")
            for name in left_out:
                others = {other: part for other, part in calls.items() if other != name}
                values, bias = learn(pool, others, chosen.rounds, chosen.threshold)
                print(told(name, job((name, calls[name], tuple(values), bias, chosen.threshold))[1]), flush=True)
        values, bias = learn(pool, calls, chosen.rounds, chosen.threshold)
        print("all learned from     precision recall  F1")
        for name, figures, _ in pool.map(
            job, [(name, calls[name], tuple(values), bias, chosen.threshold) for name in calls]
        ):
            print(told(name, figures))
    for name, value in zip(NAMES, values, strict=True):
        print(f"{name:24} {value:7.2f}")
    print(f"{'bias':24} {bias:7.2f}")
    if chosen.write:
        write(values, bias)


if __name__ == "__main__":
    main()
