"""Learn the two models of the stories stage, and tell whether they are those that come with the product.

    python -m bench.train_background STREAMS && python -m bench.train_pairs [--write]

Prints every number that differs from what comes with the product, and ends with 1 where one does without a word on why.
What is learned from is told in pair_examples.py. The second round learns from log odds of first models that had not
seen the archive in question. Windows and models are kept under build/learning. Needs the `bench` extra and the shared data.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")  # another kernel sums in another order, and gives other digits

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.pair_context import Context
from aggregator.clustering.params import DEFAULT, HOUR
from aggregator.clustering.scoring import MODELS, Logistic, pair_inputs
from bench import model_files, train_background
from bench.kept import KEPT, LEARNED_BY, kept, program
from bench.model_files import Models
from bench.pair_examples import (
    ARCHIVES,
    FOLDS,
    LEARNED,
    SCATTERED,
    WEEKS_2023,
    WEEKS_2025,
    Table,
    examples,
    learned_days,
    learned_windows,
    read_by_eye,
    scatters,
    second_inputs,
    table,
    using,
    weights_of,
)
from bench.worlds import DATA

RIDGE = 1e-6
Bounds = tuple[float | None, float | None]  # of a weight
_FOR, _AGAINST = (0.0, None), (None, 0.0)
SIGNS = {
    **dict.fromkeys(
        ("cosine", "title cosine", "contained, least", "contained, most", "told", "told in titles",
         "rarest term", "names", "names in titles", "told now", "told in titles now",
         "plain now", "plain", "plain in titles", "burst", "burst, most", "burst, mean",
         "common_best", "common_count", "common_sum", "tied_least", "tied_most", "mean_least", "mean_most", "first"),
        _FOR,
    ),
    **dict.fromkeys(
        ("names unshared, least", "names unshared, most", "numbers differ", "sightings"),
        _AGAINST,
    ),
    "gap": (-3.0, 0.0),
    "same publisher": (-1.5, 0.0),
    "ordinals differ": (None, -3.0),
    "texts": (0.0, None),
    "same title": (None, 0.0),
    "same title by texts": (0.0, None),
    # What no archive holds enough of: series and notices from one mould. Bounded by design.
    "same mould": (None, -1.0),
    "moulded": (None, -6.0),
    "series": (None, -12.0),
    "figures alone": (None, -4.0),
    "titles name others": (None, -6.0),
    "slot": (None, -4.0),
    "one thing": (None, -3.0),
    "names alone": (None, -2.0),
    "one publisher, other names": (None, -8.0),
}  # fmt: skip
# Inputs of the first model that are left to its products or to train_ledes.py, and what the second model weighs beside the graph.
NOT_FIRST = ("cosine squared", "cosine by strongest", "told by cosine", "hours")
KNOWN = (
    "cosine", "title cosine", "contained, least", "contained, most", "told now", "told in titles now", "strongest now",
    "second now", "plain now", "names unshared, least", "names unshared, most", "numbers differ", "ordinals differ",
    "gap", "same publisher", "same mould", "slot", "title words", "words, least", "words, most", "burst", "burst, mean",
    "sightings", "first", "first by words", "texts", "two texts", "long texts", "same title", "same title by texts",
    "moulded", "one thing", "names alone", "one publisher, other names", "plain in titles", "terms", "terms in titles", "names", "names in titles",
    "figures alone", "series", "titles name others",
)  # fmt: skip
# Moved after learning: articles come from few archives, and tell more than certain negatives of ledes let them.
MOVED = {"long texts": 0.9, "one thing": -2.0}
MOVED_WHY = {
    "long texts": "0.9 more: articles come from few archives, and tell more than certain negatives of ledes let them",
    "one thing": "2.0 less: look-alikes that share one thing alone stand in no archive",
}
MOVED_IN_BOTH = {"one publisher, other names": -2.0}
MOVED_IN_BOTH_WHY = {
    "one publisher, other names": "2.0 less: notices that a house fills in with another company each stand in no archive",
}
GAP_WHY = "gaps count from 28 hours on and are learned from 48: closer pairs stay as they were"
# Gaps under two days are learned as one, for exact ones leak when streams were polled. The product counts from 28 hours on,
# with the learned weight: of pairs over a day and a half apart two thirds were read as two acts of one affair.
LEARNED_GAP = 48 * HOUR
LEARNED_PARAMS = replace(LEARNED, least_gap=LEARNED_GAP)
# Archives whose pairs a half of the windows learns its second round from; the other half's first models had not seen them.
HALVES = (
    ("allsides-dated", "groundnews-2025-08", "google-news"),
    ("ecbplus-train-dev", "basil", "gva-incidents-dev", "uci-headlines-2014"),
)
# A window, its pairs within the graph, their inputs, and the half that its archives are learned from in.
Seen = tuple[Table, NDArray[np.int64], NDArray[np.float32], int]


def tables() -> Iterator[Table]:
    """Yield all windows that are learned from, compared under backgrounds that lack their days; each is kept."""
    folder = KEPT / program()
    for name, days in (("weeks", learned_days()), ("scatters", list(SCATTERED))):
        with background_without(name, days):
            windows = kept(folder / f"{name}.pickle", learned_windows if name == "weeks" else scatters)
            for number, (title, items) in enumerate(windows.items()):
                yield kept(folder / f"{name}-{number}.pickle", partial(table, title, items, LEARNED_PARAMS))
            if name == "weeks":
                yield from kept(folder / "read.pickle", partial(read_by_eye, LEARNED_PARAMS))


def background_without(name: str, days: Sequence[tuple[str, str]], folder: Path = KEPT) -> AbstractContextManager[None]:
    """Have the backgrounds lack some days, by the name of which they are kept."""
    target = folder / program() / f"background-{name}"
    kept(target / "counted.pickle", partial(count_without, days, target))
    return using(target)


def count_without(days: Sequence[tuple[str, str]], target: Path) -> int:
    """Write the backgrounds without some days; return how many."""
    target.mkdir(parents=True, exist_ok=True)
    streams = sorted((DATA / "streams").glob("*.jsonl.xz"))
    counted = train_background.count(streams, train_background.outside(days))
    for language, (counts, names) in counted.items():
        train_background.write(language, counts, names, target)
    return len(counted)


def half_of(one: Table, number: int) -> int:
    """Return which half of the windows a mixed one is of."""
    if one.name in ("ledes among weeks", "headlines among weeks"):
        return 0
    return 1 if one.name == "all weeks" else number % 2


def first_model(found: Sequence[Table], exclude: Sequence[str] = (), without: Sequence[str] = ()) -> Logistic:
    """Return the model of pairs by themselves, learned without some archives and without some inputs."""
    rows, names, labels, weights = examples(found, exclude)
    used = [name for name in names if name not in (*NOT_FIRST, *without)]
    return fit(rows[:, [names.index(name) for name in used]], used, labels, weights)


def unseen_odds(found: Sequence[Table]) -> list[NDArray[np.float32]]:
    """Return each window's log odds by a first model that had not seen its archives."""
    alone = [one for one in found if "/" in one.name]
    mixed = [one for one in found if "/" not in one.name]
    halves = {id(one): half_of(one, number) for number, one in enumerate(mixed)}
    models = [
        first_model([*alone, *(one for one in mixed if halves[id(one)] != half)], HALVES[half]) for half in (0, 1)
    ]
    folds = {name: model for fold in FOLDS for model in [first_model(found, fold)] for name in fold}
    return [
        first_odds(folds[one.name.split("/")[0]] if "/" in one.name else models[halves[id(one)]], one) for one in found
    ]


def second_examples(
    found: Sequence[Table], odds: Sequence[NDArray[np.float32]], without: Sequence[str] = ()
) -> list[Seen]:
    """Return the inputs of the second model for each window, with the half that its archives are learned from in."""
    mixed = [one for one in found if "/" not in one.name]
    halves = {id(one): half_of(one, number) for number, one in enumerate(mixed)}
    made = []
    for one, own in zip(found, odds, strict=True):
        at, inputs = second_inputs(one, own)
        made.append((one, at, model_files.ordered(inputs, second_names(without)), halves.get(id(one), -1)))
    return made


def second_names(without: Sequence[str] = ()) -> list[str]:
    """Return the inputs of the second model."""
    return [name for name in (*KNOWN, *Context._fields) if name not in without]


def second_model(made: Sequence[Seen], exclude: Sequence[str] = (), without: Sequence[str] = ()) -> Logistic:
    """Return the model of pairs within the graph, learned without some archives and without some inputs."""
    rows, labels, weights = [], [], []
    for one, at, inputs, half in made:
        kind, label = one.kind[at], one.label[at]
        known = (label >= 0) & ~np.isin(kind, [*exclude, *(f"x:{name}" for name in exclude)])
        if half >= 0:
            labelled = (kind != "mix") & ~np.char.startswith(kind, "x:")
            known &= ~labelled | np.isin(kind, HALVES[half])
        rows.append(inputs[known])
        labels.append(label[known])
        weights.append(weights_of(one)[at][known])
    return fit(np.concatenate(rows), second_names(without), np.concatenate(labels), np.concatenate(weights))


def fit(
    rows: NDArray[np.float32], names: Sequence[str], labels: NDArray[np.int8], weights: NDArray[np.float64]
) -> Logistic:
    """Return the logistic model of some examples; the signs of its weights are bounded as SIGNS says.

    No likeness may speak against a story, and no conflict for one: such weights only fit the archives they come from. The
    strongest single terms are free: what is told by one term alone is worth less.
    """
    from scipy.optimize import minimize

    mean, spread = rows.mean(0, dtype=np.float64), rows.std(0, dtype=np.float64) + 1e-9
    scaled = ((rows - mean) / spread).astype(np.float32)
    share = (weights / weights.sum()).astype(np.float32)
    truth = labels.astype(np.float32)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = scaled @ point[:-1].astype(np.float32) + np.float32(point[-1])
        chance = 1 / (1 + np.exp(-odds))
        likely = np.where(truth > 0, np.logaddexp(0, -odds), np.logaddexp(0, odds))
        slope = share * (chance - truth)
        ridge = RIDGE * float((point[:-1] ** 2).sum())
        return float((share * likely).sum(dtype=np.float64)) + ridge, np.r_[
            (scaled.T @ slope).astype(np.float64) + 2 * RIDGE * point[:-1], float(slope.sum(dtype=np.float64))
        ]

    bounds = []
    for name, scale in zip(names, spread, strict=True):
        low, high = SIGNS.get(name, (None, None))
        bounds.append((None if low is None else low * scale, None if high is None else high * scale))
    start = np.array(
        [
            min(max(0.0, low or 0.0 if low is not None else 0.0), high if high is not None else 0.0)
            for low, high in bounds
        ]
        + [-3.0]
    )
    found = minimize(loss, start, jac=True, bounds=[*bounds, (None, None)], method="L-BFGS-B", options={"maxiter": 300})
    coefficients = found.x[:-1] / spread
    bias = float(found.x[-1] - (coefficients * mean).sum())
    return Logistic(bias, dict(zip(names, coefficients.tolist(), strict=True)))


def bounds_of_addition(
    names: Sequence[str], signs: Mapping[str, Bounds], already: Logistic, spread: NDArray[np.float64]
) -> tuple[list[Bounds], list[float]]:
    """Return the bounds of weights that are added to a model's, so that the sums keep their signs, and where to begin.

    The weights are those of inputs divided by their spread; a bias without bounds is the last.
    """
    bounds: list[Bounds] = []
    for name, size in zip(names, spread.tolist(), strict=False):
        low, high = signs.get(name, (None, None))
        before = already.weights.get(name, 0.0)
        bounds.append(
            (None if low is None else (low - before) * size, None if high is None else (high - before) * size)
        )
    bounds.append((None, None))
    return bounds, [min(max(0.0, low or 0.0), 0.0 if high is None else high) for low, high in bounds]


def from_least_gap(model: Logistic) -> Logistic:
    """Return a model that gives gaps of up to the product's least what it was taught to give up to the learned one."""
    less = math.log1p(LEARNED_GAP / HOUR) - math.log1p(DEFAULT.least_gap / HOUR)
    return Logistic(model.bias + model.weights.get("gap", 0.0) * less, model.weights)


def first_odds(model: Logistic, one: Table) -> NDArray[np.float32]:
    """Return a first model's log odds of a window's pairs."""
    return np.round(model.odds(pair_inputs(one.features)), 3).astype(np.float32)


def moved(model: Logistic, by: Mapping[str, float]) -> Logistic:
    """Return a model with what design moves."""
    return Logistic(model.bias, {name: weight + by.get(name, 0.0) for name, weight in model.weights.items()})


def seen() -> tuple[list[Table], list[Seen]]:
    """Return the windows that are learned from, and the inputs of the second model; the log odds between them are kept."""
    found = list(tables())
    odds = kept(KEPT / f"{program(LEARNED_BY)}-odds.pickle", partial(unseen_odds, found))
    return found, second_examples(found, odds)


def learned() -> Models:
    """Return both models as they were learned, before design moves anything; they are kept."""

    def learn() -> Models:
        found, made = seen()
        return Models(first_model(found), second_model(made))

    return kept(KEPT / f"{program(LEARNED_BY)}.pickle", learn)


def shipped(models: Models) -> Models:
    """Return what is shipped of two learned models."""
    return Models(
        from_least_gap(moved(models.pairs, MOVED_IN_BOTH)), from_least_gap(moved(models.graph, MOVED | MOVED_IN_BOTH))
    )


def descriptions() -> dict[str, dict[str, object]]:
    """Return what the model files say of themselves: what they are, what they were learned on, what design moves and why."""
    learned_on = {
        "archives": list(ARCHIVES),
        "weeks": [*WEEKS_2023, *WEEKS_2025],
        "scattered": [list(days) for days in SCATTERED],
        "read by eye": "bench/pairs-read-by-eye.tsv",
    }
    found: dict[str, dict[str, object]] = {}
    for name, what in (
        ("pairs", "log odds that two reports tell one event, by themselves"),
        ("graph", "log odds that two reports tell one event, by the pair and the graph of scores around it"),
    ):
        why = {"bias": GAP_WHY} | MOVED_IN_BOTH_WHY | (MOVED_WHY if name == "graph" else {})
        found[name] = {"what": what, "made by": "python -m bench.train_pairs", "learned on": learned_on, "why": why}
    return found


def main() -> int:
    """Learn, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the models that come with the product")
    parser.add_argument("--note", action="store_true", help="only write beside them what was learned now")
    options = parser.parse_args()
    raw = learned()
    if options.write:
        model_files.write(MODELS, shipped(raw), raw, descriptions())
    elif options.note:
        model_files.note(MODELS, raw)
    return 0 if model_files.compare(MODELS, raw, print) else 1


if __name__ == "__main__":
    raise SystemExit(main())
