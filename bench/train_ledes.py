"""Learn how other the weights of the second round are for headlines and ledes, from pairs of real weeks that were read by eye.

    python -m bench.train_ledes [--write] [--held-out]

Archives hold what somebody put together, and certain negatives hold no two acts of one affair: both teach little of what stands
within one week. ``bench/pairs-of-weeks.tsv`` does. What is added to the weights of ``models/graph.json`` is learned on these
pairs, each for as many as it stands for, beside reports of different months and years laid onto the same days, which surely
tell two events. It counts for headlines and ledes that tell their hour, in proportion to the reports that came before.
``--held-out`` prints what it reaches on weeks that were not learned from. Run it again whenever ``models/pairs.json`` or
``models/graph.json`` change. Needs the `bench` extra and the shared data.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")  # another kernel sums in another order, and gives other digits

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from aggregator.clustering.arrays import Places
from aggregator.clustering.comparing import Comparison
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.scoring import MODELS, LearnedScorer, Logistic, known_inputs, read_model, stream_share
from bench import model_files
from bench.kept import KEPT, MADE_BY, kept, program
from bench.pair_examples import APART, GOOGLE, SCATTERED, learned_days, side_days
from bench.train_pairs import SIGNS, background_without, bounds_of_addition
from bench.worlds import Item, row_key, scattered, seen, verdict_rows, week

READ = Path(__file__).with_name("pairs-of-weeks.tsv")
US, GB, AU = "newsapi-us-2023", "newsapi-gb-2023", "newsapi-au-2023"
# Two weeks laid onto the same days: streams and first day of each, and what the machine sees.
MIXES = (
    ((US,), "2023-05-01", GOOGLE, "2025-05-19", "lede"),
    ((US,), "2023-05-15", GOOGLE, "2025-06-09", "lede"),
    ((US,), "2023-06-05", GOOGLE, "2025-09-22", "lede"),
    ((GB,), "2023-04-03", GOOGLE, "2025-07-14", "headline"),
    ((AU,), "2023-05-15", GOOGLE, "2025-05-19", "headline"),
    ((GB, AU), "2023-06-05", GOOGLE, "2025-09-08", "headline"),
    *(((name,), "2023-04-17", (name,), "2023-06-12", "headline")
      for name in (f"newsapi-{language}-2023" for language in ("de", "fr", "it", "nl", "ru"))),
)  # fmt: skip
OTHERS = tuple(f"newsapi-{name}-2023" for name in ("us", "gb", "fr", "de", "it", "nl", "ru"))
# What is learned here: eight of the second model's inputs do what all do. More of them part large affairs into pieces, for what
# counts partners grows beyond what single weeks of one stream show.
NAMES = ("hours", "same publisher", "contained, least", "contained, most", "told in titles now", "told now", "cosine",
         "strongest now")  # fmt: skip
BOUNDS = {**SIGNS, "same publisher": (-3.0, 0.0), "hours": (None, 0.0)}
# What reading bears out of each log odd of the second round: of pairs that were read, about half; then scattered days suffer.
SLOPE = 0.75
RIDGE = 1e-3
SURE_WEIGHT = 2.0  # of a pair that surely tells two events
PARTS = 7
# After learning, to where somewhat more true pairs are found than before, of fewer wrong ones.
MOVED = Logistic(0.6, {"two texts": -0.2})
WHY = {
    "bias": "0.6 more: there somewhat more true pairs of real weeks are found than before, and fewer wrong ones",
    "two texts": "0.2 less: where two texts are compared, 0.4 more is enough for that",
}
Matrix = NDArray[np.float64]


class Pairs(NamedTuple):
    """Pairs within the graph of a window, one row a pair."""

    window: NDArray[np.str_]  # what is known of its pairs, "read", "mix" or "scatter"; its text; what it holds
    inputs: Matrix  # columns as NAMES, and ones
    share: Matrix  # how far they are headlines and ledes of a stream
    before: Matrix  # log odds without what is learned here
    label: Matrix  # 1 one event, 0 two
    weight: Matrix

    def of(self, what: str, text: str) -> NDArray[np.bool_]:
        """Return which pairs are of windows of one kind and text."""
        return np.char.startswith(self.window, f"{what} {text} ")


Verdicts = Mapping[frozenset[str], tuple[float, float]]  # label and weight of a pair of keys


def compared(name: str, items: Sequence[Item], verdicts: Verdicts | None = None) -> Pairs:
    """Return the pairs of a window that are known: those of the verdicts; without any, those that surely tell two events."""
    graph = read_model(MODELS / "graph.json")
    comparison = Comparison(DEFAULT, LearnedScorer(read_model(MODELS / "pairs.json"), graph))
    comparison.add((str(number), item.vector()) for number, item in enumerate(items))
    comparison.compare()
    edges = comparison.graph.incident(range(len(items)))
    ordered = [items[int(number)] for number in comparison.rows.ids]
    at, label, weight = known(ordered, comparison.graph.both_ends(edges), verdicts)
    edges = edges[at]
    features = comparison.features(*comparison.graph.both_ends(edges))
    inputs = {
        **known_inputs(features, comparison.graph.odds[edges]),
        **comparison.graph.context(edges)._asdict(),
    }
    print(f"{name}: {len(items)} reports, {len(at)} pairs, {int(label.sum())} of one event", flush=True)
    return Pairs(
        np.full(len(at), name),
        np.column_stack([*(inputs[each].astype(np.float64) for each in NAMES), np.ones(len(at))]),
        stream_share(features),
        comparison.graph.final[edges].astype(np.float64),
        label,
        weight,
    )


def known(
    items: Sequence[Item], ends: tuple[Places, Places], verdicts: Verdicts | None
) -> tuple[Places, Matrix, Matrix]:
    """Return which pairs are known, with their labels and weights."""
    first, second = ends
    if verdicts is None:
        days = side_days(items)
        at = np.flatnonzero(np.abs(days[first] - days[second]) > APART)
        return at, np.zeros(len(at)), np.full(len(at), SURE_WEIGHT)
    keys = [row_key(item.key) for item in items]
    found = [verdicts.get(frozenset((keys[one], keys[two]))) for one, two in zip(first, second, strict=True)]
    at = np.array([place for place, verdict in enumerate(found) if verdict is not None], np.int64)
    label, weight = np.array([verdict for verdict in found if verdict is not None]).reshape(-1, 2).T
    return at, label, weight


def read_pairs() -> Iterator[Pairs]:
    """Yield the pairs that were read, by week; unclear ones count as two events."""
    weeks: dict[tuple[str, str, str], dict[frozenset[str], tuple[float, float]]] = defaultdict(dict)
    for verdict, streams, first, text, stands_for, *both in verdict_rows(READ):
        weeks[streams, first, text][frozenset(both)] = (float(verdict == "one"), float(stands_for))
    for (streams, first, text), verdicts in weeks.items():
        yield compared(f"read {text} {streams} {first}", seen(week(streams.split("+"), first), text), verdicts)


def mixes() -> Iterator[Pairs]:
    """Yield the pairs of two weeks laid onto the same days."""
    for left, one, right, two, text in MIXES:
        items = seen([*week(left, one), *week(right, two)], text)
        yield compared(f"mix {text} {'+'.join(left)} {one} {'+'.join(right)} {two}", items)


def scatters() -> Iterator[Pairs]:
    """Yield the pairs of days scattered over two."""
    yield compared(f"scatter lede {GOOGLE[0]}", scattered(GOOGLE[0], *SCATTERED[1], 3_000, False, 3))
    for name in OTHERS:
        yield compared(f"scatter headline {name}", scattered(name, *SCATTERED[0], 3_000, True, 3))


def every_pair() -> Pairs:
    """Return all pairs that are learned from, compared under backgrounds that lack their days; they are kept."""
    folder = KEPT / program((*MADE_BY, "bench/train_ledes.py", "bench/pairs-of-weeks.tsv"))
    with background_without("weeks", learned_days()):
        found = kept(folder / "weeks.pickle", lambda: list(map(tuple, chain(read_pairs(), mixes()))))
    with background_without("scatters", list(SCATTERED)):
        found = [*found, *kept(folder / "scatters.pickle", lambda: list(map(tuple, scatters())))]
    return Pairs(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def learn(found: Pairs, chosen: NDArray[np.bool_]) -> Logistic:
    """Return what is added to the second model, learned from the pairs that are chosen."""
    graph = read_model(MODELS / "graph.json")
    rows, base, truth = found.inputs[chosen] * found.share[chosen, None], found.before[chosen], found.label[chosen]
    weight = found.weight[chosen] / found.weight[chosen].sum()
    spread = rows.std(0) + 1e-9
    spread[-1] = 1.0
    scaled = rows / spread
    ridge = np.r_[np.full(len(NAMES), RIDGE), 0.0]

    def loss(point: Matrix) -> tuple[float, Matrix]:
        odds = SLOPE * (base + scaled @ point)
        slope = SLOPE * weight * (1 / (1 + np.exp(-np.clip(odds, -30, 30))) - truth)
        likely = np.where(truth > 0, np.logaddexp(0, -odds), np.logaddexp(0, odds))
        moved = SLOPE * point
        return float((weight * likely).sum() + (ridge * moved**2).sum()), scaled.T @ slope + 2 * SLOPE * ridge * moved

    bounds, start = bounds_of_addition(NAMES, BOUNDS, graph, spread)
    point = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 500}).x / spread
    return Logistic(float(point[-1]), dict(zip(NAMES, point[:-1].tolist(), strict=True)))


def odds(model: Logistic, found: Pairs) -> Matrix:
    """Return the log odds of pairs with what a model adds."""
    added = found.inputs @ np.array([*(model.weights[name] for name in NAMES), model.bias])
    return np.asarray(found.before + found.share * added)


def held_out(found: Pairs) -> None:
    """Print what is reached on windows that were not learned from, at as many true pairs as before and more or fewer."""
    names = sorted(set(found.window.tolist()))
    part = np.array([names.index(name) % PARTS for name in found.window])
    now = np.zeros(len(part))
    for number in range(PARTS):
        now[part == number] = odds(learn(found, part != number), found)[part == number]
    for text in ("lede", "headline"):
        for times in (0.85, 1.0, 1.15):
            figures = (
                f"{title}: {at_yield(found, text, times, each)}"
                for title, each in (("before", found.before), ("now", now))
            )
            print(f"{text}s, {times:.2f} times the true pairs;", "; ".join(figures))


def at_yield(found: Pairs, text: str, times: float, odds: Matrix) -> str:
    """Return the share of right pairs and the number of certain errors, where so many times the true pairs of before are found."""
    read = np.flatnonzero(found.of("read", text))
    order = read[np.argsort(-odds[read])]
    true = np.cumsum(found.weight[order] * found.label[order])
    wanted = times * (found.weight * found.label)[read][found.before[read] > 0].sum()
    last = min(int(np.searchsorted(true, wanted)), len(order) - 1)
    right = true[last] / found.weight[order][: last + 1].sum()
    wrong = {what: int((found.of(what, text) & (odds > odds[order[last]])).sum()) for what in ("mix", "scatter")}
    return f"{right:.3f} right, {wrong['mix']} wrong in mixes, {wrong['scatter']} in scatters, bar {odds[order[last]]:+.2f}"


def main() -> None:
    """Learn, tell, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the model that comes with the product")
    parser.add_argument("--held-out", action="store_true", help="print what is reached on weeks not learned from")
    options = parser.parse_args()
    found = every_pair()
    if options.held_out:
        held_out(found)
    model = learn(found, np.ones(len(found.label), np.bool_))
    print("ledes", round(model.bias, 5), {name: round(weight, 5) for name, weight in model.weights.items()})
    if options.write:
        description = {
            "why": WHY,
            "what": "what is added to the weights of graph.json for headlines and ledes, the less the longer the shorter report",
            "made by": "python -m bench.train_ledes --write",
            "learned on": {
                "read by eye": "bench/pairs-of-weeks.tsv",
                "mixes": sorted({name for name in found.window.tolist() if name.startswith("mix")}),
                "scattered": [list(days) for days in SCATTERED],
            },
        }
        moved = Logistic(model.bias + MOVED.bias, {**model.weights, **MOVED.weights})
        model_files.write_one(MODELS / "ledes.json", moved, model, description)


if __name__ == "__main__":
    main()
