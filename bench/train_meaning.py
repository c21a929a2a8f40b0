"""Learn the weights of meaning, and say what the sentence encoder adds to the score of words.

Its ``--write`` replaces the weights within a language too, which now are set by hand; it learns them from reports of any length.

    python bench/train_meaning.py FOLDER [--write] [--without-each] [--rounds 2] [--cache FILE]

FOLDER holds the labelled archives that ``train_stories.py`` learns from; the development set of ``tests/semantic`` joins them.
Each archive is run through the stories stage under the weights of the round before; at each decision the numbers of the
candidates that meaning was heard on are kept, with the share of the candidate story that bears the arrival's label. The model
within a language is fitted to all of them. The model across languages is fitted half to the candidates of the development set
in other languages, half to those of the archives with their words left out. The test set of ``tests/semantic`` is only run.
With ``--without-each`` each archive is left out once: weights learned on the others, run on it. Needs the extras `bench`, `semantic`.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from aggregator.clustering import meaning_weights
from aggregator.clustering.judging import Judge, read_text
from aggregator.clustering.matching import Candidate
from aggregator.clustering.meaning import NAMES
from aggregator.clustering.metrics import Figures
from aggregator.clustering.stories import StoryFinder
from aggregator.settings import StorySettings
from aggregator.text.encoder import LANGUAGES, load
from bench.train_stories import SETS, Call, memory, play, record, told

TEXTS = Path(__file__).parent.parent / "tests" / "semantic"
DEVELOPMENT, TEST = "languages-dev", "languages-test"
COUNTS = {
    **SETS,
    DEVELOPMENT: 3.0,
}  # it alone has look-alikes and other languages: a false merge costs more than a miss
# Log odds added within a language; chosen on google-news and the development set, for the fit alone misses more headlines.
LEAN = 0.15
FOR = {"words", "nearest", "mean", "names shared", "places shared", "numbers shared"}
AGAINST = {"names missed", "places missed", "numbers missed", "nothing shared", "log gap"}
RIDGE = 3e-4
Numbers = NDArray[np.float64]
Table = tuple[dict[str, float], float]  # weights by name, bias


@dataclass(frozen=True)
class Examples:
    """Numbers of candidates; ``shares`` bear the arrival's label; ``across`` tells those in other languages."""

    numbers: Numbers
    shares: Numbers
    ranks: Numbers
    across: NDArray[np.bool_]

    def only(self, chosen: NDArray[np.bool_]) -> Examples:
        """Return some of them."""
        return Examples(self.numbers[chosen], self.shares[chosen], self.ranks[chosen], self.across[chosen])


class Remembering:
    """An encoder that has read its texts before."""

    def __init__(self, known: Mapping[str, bytes], version: str) -> None:
        self.known = known
        self.version = version

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vectors of known texts."""
        return [self.known[text] for text in texts]


class Watching(StoryFinder):
    """A finder that keeps what it saw."""

    def __init__(self, *arguments: Any, labels: Mapping[str, str | None]) -> None:
        super().__init__(*arguments)
        self.labels = labels
        self.seen: list[tuple[tuple[float, ...], float, int, bool]] = []

    def choose(self, report_id: str, candidates: Sequence[Candidate]) -> Candidate | None:
        """Keep the candidates' numbers, and choose."""
        mine = self.labels.get(report_id)
        if mine is not None:
            for rank, one in enumerate(sorted(candidates, key=lambda one: -one.score)):
                if one.opinion is not None:
                    theirs = [self.labels.get(report) for report in one.story.members]
                    share = sum(label == mine for label in theirs) / len(theirs)
                    self.seen.append((one.opinion.numbers, share, rank, one.opinion.across))
        return super().choose(report_id, candidates)


def run(calls: Sequence[Call], settings: StorySettings, judge: Judge | None) -> tuple[Figures, Examples]:
    """Run the stories stage over an archive; return its figures and what it saw."""
    labels = {call.report_id: call.label for call in calls if call.new}
    finder = Watching(memory(judge.version if judge else None), settings, judge, labels=labels)
    figures = play(calls, finder)
    numbers, shares, ranks, across = zip(*finder.seen, strict=True) if finder.seen else ((), (), (), ())
    return figures, Examples(
        np.array(numbers).reshape(-1, len(NAMES)), np.array(shares), np.array(ranks, float), np.array(across, bool)
    )


_shared: dict[str, Any] = {}


def start(encoded: Mapping[str, bytes], version: str, calls: Mapping[str, Sequence[Call]]) -> None:
    """Give a worker what all its jobs need."""
    _shared.update(judge=Judge(Remembering(encoded, version)), calls=calls)


def job(task: tuple[str, Table | None, Table | None]) -> tuple[str, Figures, Examples]:
    """Run one archive under given weights; without any, by words alone."""
    name, within, across = task
    calls, settings = _shared["calls"][name], StorySettings()
    if within is None or across is None:
        return name, *run(calls, settings, None)
    with (
        patch.object(meaning_weights, "WITHIN", within[0]),
        patch.object(meaning_weights, "WITHIN_BIAS", within[1]),
        patch.object(meaning_weights, "ACROSS", across[0]),
        patch.object(meaning_weights, "ACROSS_BIAS", across[1]),
    ):
        return name, *run(calls, settings, _shared["judge"])


def fit(parts: Sequence[tuple[float, Examples]], *, words: bool) -> Table:
    """Return the weights that make the examples likeliest, within the bounds of signs; each part counts as told."""
    parts = [(count, one) for count, one in parts if len(one.shares)]
    numbers = np.concatenate([one.numbers for _, one in parts])
    if not words:
        numbers = np.where(np.array(NAMES) == "words", 0.0, numbers)
    shares = np.concatenate([one.shares for _, one in parts])
    importance = [(count, 1.0 / (1.0 + one.ranks)) for count, one in parts]
    weight = np.concatenate([count * one / one.sum() for count, one in importance])
    weight /= weight.sum()
    spread = numbers.std(0) + 1e-9
    scaled = numbers / spread

    def loss(point: Numbers) -> tuple[float, Numbers]:
        chance = 1.0 / (1.0 + np.exp(-np.clip(scaled @ point[:-1] + point[-1], -30, 30)))
        likely = shares * np.log(chance + 1e-12) + (1 - shares) * np.log(1 - chance + 1e-12)
        slope = weight * (chance - shares)
        ridge = RIDGE * float((point[:-1] ** 2).sum())
        return -float((weight * likely).sum()) + ridge, np.r_[scaled.T @ slope + 2 * RIDGE * point[:-1], slope.sum()]

    def bound(name: str) -> tuple[float | None, float | None]:
        if name == "words" and not words:
            return 0.0, 0.0
        return (0.0, None) if name in FOR else (None, 0.0) if name in AGAINST else (None, None)

    bounds = [*map(bound, NAMES), (None, None)]
    found = minimize(loss, np.zeros(len(NAMES) + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    values = found[:-1] / spread
    return {name: float(value) for name, value in zip(NAMES, values, strict=True) if value}, float(found[-1])


def learn(pool: ProcessPoolExecutor, names: Sequence[str], rounds: int) -> tuple[Table, Table]:
    """Return the weights within and across languages, learned in rounds on the archives named."""
    within: Table = (meaning_weights.WITHIN, meaning_weights.WITHIN_BIAS)
    across: Table = (meaning_weights.ACROSS, meaning_weights.ACROSS_BIAS)
    for _ in range(rounds):
        seen = {name: examples for name, _, examples in pool.map(job, [(name, within, across) for name in names])}
        same = [(COUNTS[name], one.only(~one.across)) for name, one in seen.items()]
        other = [(COUNTS[name], one.only(one.across)) for name, one in seen.items()]
        archives = sum(count for count, one in same if len(one.shares))
        learned, bias = fit(same, words=True)
        within = (learned, bias + LEAN)
        if any(len(one.shares) for _, one in other):
            across = fit([(count / archives, one) for count, one in same] + other, words=False)
    return within, across


def encoded(calls: Mapping[str, Sequence[Call]], cache: Path | None) -> dict[str, bytes]:
    """Return the vectors of all texts, from a file where one is given and holds them."""
    known: dict[str, bytes] = pickle.loads(cache.read_bytes()) if cache is not None and cache.is_file() else {}
    documents = [call.arrival.document for part in calls.values() for call in part]
    texts = {read_text(one.title, one.lede, one.body) for one in documents if one.language in LANGUAGES}
    wanted = sorted(texts - known.keys())
    known.update(zip(wanted, load().encode(wanted), strict=True))
    if cache is not None:
        cache.write_bytes(pickle.dumps(known))
    return known


def written(table: Table, name: str) -> str:
    """Return a table as the product keeps it."""
    lines = "".join(f'    "{key}": {value:.2f},\n' for key, value in table[0].items() if round(value, 2))
    return f"{name}_BIAS = {table[1]:.2f}\n{name} = {{\n{lines}}}\n"


def write(within: Table, across: Table) -> None:
    """Put the weights into the product's table."""
    path = Path(meaning_weights.__file__)
    head, _, rest = path.read_text("utf-8").partition("# --- weights")
    _, _, tail = rest.partition("# --- end\n")
    body = written(within, "WITHIN") + written(across, "ACROSS")
    path.write_text(f"{head}# --- weights\n{body}# --- end\n{tail}", "utf-8")


def main() -> None:
    """Learn, print, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--write", action="store_true", help="put the weights into the product's table")
    options.add_argument("--without-each", action="store_true", help="leave each archive out once")
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--cache", type=Path, help="a file of vectors, read and written: encoding takes the longest")
    chosen = options.parse_args()
    paths = {name: chosen.folder / f"{name}.jsonl" for name in SETS}
    paths |= {name: TEXTS / f"{name}.jsonl" for name in (DEVELOPMENT, TEST)}
    calls = {name: record(path) for name, path in paths.items()}
    arguments = (encoded(calls, chosen.cache), load().version, calls)
    with ProcessPoolExecutor(2, initializer=start, initargs=arguments) as pool:
        print("by words alone       precision recall  F1", flush=True)
        for name, figures, _ in pool.map(job, [(name, None, None) for name in calls]):
            print(told(name, figures), flush=True)
        if chosen.without_each:
            print("left out", flush=True)
            for name in COUNTS:
                tables = learn(pool, [other for other in COUNTS if other != name], chosen.rounds)
                print(told(name, next(pool.map(job, [(name, *tables)]))[1]), flush=True)
        within, across = learn(pool, list(COUNTS), chosen.rounds)
        print(f"all learned from; {TEST} only run", flush=True)
        for name, figures, _ in pool.map(job, [(name, within, across) for name in calls]):
            print(told(name, figures), flush=True)
    print(written(within, "WITHIN") + written(across, "ACROSS"))
    if chosen.write:
        write(within, across)


if __name__ == "__main__":
    main()
