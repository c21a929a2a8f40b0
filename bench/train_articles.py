"""Learn how other the weights of the second round are for two articles; one command reproduces them to the digit.

    python -m bench.train_articles [--write] [--held-out]

Headlines and ledes come by the ten thousand, so the models of ``bench/train_pairs.py`` are theirs. Two whole articles share
more by chance, and are told apart by other things. What is added to the second model's weights is learned on labelled
archives with their texts, under the shipped models, and counts from 60 words of the shorter report on, wholly at 160.
``--held-out`` prints what each archive reaches on events that were not learned from: four parts, each learned without it.
Run it again whenever the shipped models change. Needs the `bench` extra and the shared data.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")  # another kernel sums in another order, and gives other digits

import argparse
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from aggregator.clustering.metrics import score
from aggregator.clustering.pair_context import Context
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.partition import Edges, partition
from aggregator.clustering.scoring import MODELS, Logistic, article_share, shipped_scorer
from bench import model_files
from bench.pair_examples import LEARNED, Table, second_inputs, table, weights_of
from bench.train_pairs import KNOWN, SIGNS, bounds_of_addition
from bench.worlds import archive

# Archives of whole texts, and whether their dates count.
TEXTS = (
    ("ecbplus-train-dev", False),
    ("ecbplus-train-dev", True),
    ("gva-incidents-dev", True),
    ("allsides-dated", True),
    ("groundnews-2025-08", True),
    ("basil", False),
    ("newswcl50", False),
    ("vims-vietnamese", False),
)
# What is decided by design, whatever the length of the texts.
BY_DESIGN = ("series", "figures alone", "titles name others", "slot", "moulded", "ordinals differ", "same mould",
             "one publisher, other names", "same publisher", "long texts", "two texts")  # fmt: skip
NAMES = tuple(name for name in (*KNOWN, *Context._fields) if name not in BY_DESIGN)
RIDGE = 1e-4
PARTS = 4
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Articles:
    """The edges of an archive: ends, inputs times how far both are articles, log odds by the shipped models."""

    window: Table
    at: NDArray[np.int64]  # of the window's pairs
    inputs: Matrix
    base: Matrix
    part: NDArray[np.int64]  # of each item's event, see PARTS


def articles(name: str, dated: bool) -> Articles:
    """Return the edges of an archive."""
    scorer = shipped_scorer()
    window = table(name, archive(name, dated), LEARNED)
    at, inputs = second_inputs(window, scorer.first(window.features))
    share = article_share(window.features.words_least[at])
    columns = np.column_stack([model_files.ordered(inputs, NAMES).astype(np.float64), np.ones(len(at))])
    part = np.array([_part(item.cluster or "") for item in window.items])
    return Articles(window, at, columns * share[:, None], scorer.graph.odds(inputs), part)


def _part(cluster: str) -> int:
    """Return the part that an event is of; the events of one topic of ECB+ are of one part."""
    name, event = cluster.split("|", 1)
    if name.startswith("ecbplus"):
        event = "".join(letter for letter in event if letter.isdigit())
    return zlib.crc32((name + event).encode()) % PARTS


def learn(found: Sequence[Articles], without: int = -1) -> Logistic:
    """Return what is added to the second model's weights for articles, learned without a part."""
    rows, base, labels, weights = [], [], [], []
    for one in found:
        first, second = one.window.first[one.at], one.window.second[one.at]
        known = (one.part[first] != without) & (one.part[second] != without) & (one.inputs[:, -1] > 0)
        known &= one.window.label[one.at] >= 0
        rows.append(one.inputs[known])
        base.append(one.base[known])
        labels.append(one.window.label[one.at][known].astype(np.float64))
        weights.append(weights_of(one.window)[one.at][known])
    return _fitted(*map(np.concatenate, (rows, base, labels, weights)))


def _fitted(rows: Matrix, base: Matrix, labels: Matrix, weights: Matrix) -> Logistic:
    """Return the logistic model that is added to known log odds; the signs of the sums of both weights are bounded."""
    spread = rows.std(0) + 1e-9
    spread[-1] = 1.0
    scaled, share = rows / spread, weights / weights.sum()

    def loss(point: Matrix) -> tuple[float, Matrix]:
        odds = base + scaled @ point
        slope = share * (1 / (1 + np.exp(-np.clip(odds, -30, 30))) - labels)
        likely = np.where(labels > 0, np.logaddexp(0, -odds), np.logaddexp(0, odds))
        return float((share * likely).sum() + RIDGE * (point**2).sum()), scaled.T @ slope + 2 * RIDGE * point

    bounds, start = bounds_of_addition(NAMES, SIGNS, shipped_scorer().graph, spread)
    point = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 300}).x / spread
    return Logistic(float(point[-1]), dict(zip(NAMES, point[:-1].tolist(), strict=True)))


def added(model: Logistic, one: Articles) -> Matrix:
    """Return what a model adds to the log odds of an archive's edges."""
    return np.asarray(one.inputs @ np.array([*(model.weights[name] for name in NAMES), model.bias]))


def held_out(found: Sequence[Articles]) -> None:
    """Print BCubed F1 of each archive, its pairs scored by models that had not seen their events."""
    models = [learn(found, part) for part in range(PARTS)]
    for one in found:
        first, second = one.window.first[one.at], one.window.second[one.at]
        odds = one.base.copy()
        for number, model in enumerate(models):
            mine = (one.part[first] == number) | (one.part[second] == number)
            odds[mine] = (one.base + added(model, one))[mine]
        figures = [_bcubed(one, each) for each in (one.base, odds)]
        print(f"{one.window.name}: BCubed F1 {figures[0]:.4f} without, {figures[1]:.4f} with, on events held out")


def _bcubed(one: Articles, odds: Matrix) -> float:
    first, second = one.window.first[one.at], one.window.second[one.at]
    clipped = np.clip(odds, *DEFAULT.clip)
    groups = partition(len(one.window.items), Edges(first, second, clipped), DEFAULT.story_bar, DEFAULT.missing)
    guess = {str(place): str(number) for number, group in enumerate(groups) for place in group}
    truth = {str(place): item.cluster or "" for place, item in enumerate(one.window.items)}
    return score(truth, guess).bcubed_f1


def main() -> None:
    """Learn, tell, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the model that comes with the product")
    parser.add_argument("--note", action="store_true", help="only write beside it what was learned now")
    parser.add_argument("--held-out", action="store_true", help="print what is reached on events not learned from")
    options = parser.parse_args()
    found = [articles(name, dated) for name, dated in TEXTS]
    if options.held_out:
        held_out(found)
    model = learn(found)
    print("articles", round(model.bias, 5), {name: round(weight, 5) for name, weight in model.weights.items()})
    if options.write:
        description = {
            "what": "what is added to the weights of graph.json for two articles, in proportion to the length of the shorter",
            "made by": "python -m bench.train_articles --write",
            "learned on": {"archives, their texts whole": sorted({name for name, _ in TEXTS})},
        }
        model_files.write_one(MODELS / "articles.json", model, model, description)
    elif options.note:
        model_files.note_one(MODELS / "articles.json", model)


if __name__ == "__main__":
    main()
