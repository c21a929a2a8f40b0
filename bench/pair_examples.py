"""Candidate pairs to learn from, with what is known of them: labelled archives, mixed weeks, scattered days, pairs read by eye.

Pairs across weeks of different months or years tell two events for certain, and come at their natural frequency. The
background that is used while learning lacks the days that are learned from, or every word of theirs would look familiar.
og2021 is never learned from, nor is any day that a measure of record is taken on.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering import background
from aggregator.clustering.arrays import Floats, Places
from aggregator.clustering.comparing import Comparison
from aggregator.clustering.pair_context import Context
from aggregator.clustering.pair_features import PairFeatures
from aggregator.clustering.pair_search import PairSearch
from aggregator.clustering.params import DEFAULT, ClusteringParams
from aggregator.clustering.score_graph import ScoreGraph
from aggregator.clustering.scoring import known_inputs, pair_inputs
from bench import model_files
from bench.worlds import DAY, START, Item, archive, cut, injected, row_key, scattered, seen, some, verdict_rows, week

ENGLISH_2023 = ("newsapi-us-2023", "newsapi-gb-2023", "newsapi-au-2023")
GOOGLE = ("gnews-en-2025",)
# First days of the weeks that are learned from; none is of a month that a measure of record is taken in.
WEEKS_2023 = ("2023-04-03", "2023-05-01", "2023-05-15", "2023-06-05")
OTHER_WEEKS = ("2023-03-20", "2023-04-17", "2023-05-15", "2023-06-12")  # of languages but English
WEEKS_2025 = ("2025-05-19", "2025-06-09", "2025-07-14", "2025-09-08", "2025-09-22")
# Weeks to choose settings on.
CHOICE = (("2023-06-19", "2025-08-18"), ("2023-04-17", "2025-07-28"))
OTHERS = ("newsapi-de-2023", "newsapi-fr-2023", "newsapi-it-2023", "newsapi-nl-2023", "newsapi-ru-2023")
ARCHIVES = ("allsides-dated", "groundnews-2025-08", "ecbplus-train-dev", "basil", "newswcl50", "gva-incidents-dev",
            "vims-vietnamese", "google-news", "uci-headlines-2014")  # fmt: skip
FOLDS = (("allsides-dated", "vims-vietnamese"), ("ecbplus-train-dev",), ("groundnews-2025-08", "google-news"),
         ("gva-incidents-dev", "basil", "uci-headlines-2014", "newswcl50"))  # fmt: skip
# Days that scatters to learn from are drawn from.
SCATTERED = (("2023-03-14", "2023-04-30"), ("2025-07-01", "2025-09-30"))
APART = 14  # days over which two reports surely tell two events
DATED = ("gva-incidents-dev", "ecbplus-train-dev")  # learned from with their dates and without
WEIGHT = {"uci-headlines-2014": 0.5}
# What is learned from: without bare names, labels, next issues by their numbers, and forms. These are weighed with inputs that stand by
# design; among the learned ones they would move all weights by the few pairs of archives that look like them.
LEARNED = replace(DEFAULT, bare_words=0, label_names=0.0, issue_share=2.0, issue_numbers=10**6, form_texts=(2.0, 3.0))
PAIRS = 500.0  # positives that an archive counts for


READ_BY_EYE = Path(__file__).with_name("pairs-read-by-eye.tsv")
READ_WEIGHT = 6.0  # of a pair that was read


class _Recorder(PairSearch):
    """Keeps every candidate pair."""

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(comparison)
        self.pairs: list[tuple[Places, Places]] = []

    def _scored(self, first: Places, second: Places) -> tuple[Places, Places, Floats, Floats]:
        self.pairs.append((first, second))
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, np.zeros(0, np.float32), np.zeros(0, np.float32)


class _Any:
    def first(self, features: PairFeatures) -> NDArray[np.float32]:
        return np.zeros(len(features.cosine), np.float32)

    def known(self, features: PairFeatures, first: NDArray[np.float32]) -> NDArray[np.float32]:
        return first

    def second(self, known: NDArray[np.float32], context: Context, words: NDArray[np.float32]) -> NDArray[np.float32]:
        return known


@dataclass
class Table:
    """The candidate pairs of a window."""

    name: str
    items: Sequence[Item]
    first: Places
    second: Places
    features: PairFeatures
    rank: NDArray[np.uint32]
    label: NDArray[np.int8]  # 1 one event, 0 two, -1 unknown
    kind: NDArray[np.str_]  # archive of both, else "mix"

    @property
    def archives(self) -> list[str]:
        return sorted({str(kind) for kind in np.unique(self.kind)} - {"mix"})


def table(name: str, items: Sequence[Item], params: ClusteringParams = DEFAULT) -> Table:
    """Return the candidate pairs of a window with their features and what is known of them."""
    comparison = Comparison(params, _Any())
    comparison.search = recorder = _Recorder(comparison)
    comparison.add((f"{n}", item.vector()) for n, item in enumerate(items))
    comparison.compare()
    first = np.concatenate([one for one, _ in recorder.pairs])
    second = np.concatenate([two for _, two in recorder.pairs])
    parts = [comparison.features(first[k : k + 50_000], second[k : k + 50_000]) for k in range(0, len(first), 50_000)]
    features = PairFeatures(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    side = np.array([item.side for item in items])
    cluster = np.array([item.cluster or f"?{n}" for n, item in enumerate(items)])
    archives = np.array([item.archive or "" for item in items])
    same = cluster[first] == cluster[second]
    days = side_days(items)
    far = (side[first] != side[second]) & ~(np.abs(days[first] - days[second]) <= APART)
    known = far | ((archives[first] != "") & (archives[second] != ""))
    label = np.where(known, same, -1).astype(np.int8)
    kind = np.where((archives[first] == archives[second]) & (archives[first] != ""), archives[first], "mix")
    # pairs of an archive with a week or another archive: left out with the archive
    beside = np.where((kind == "mix") & (archives[first] != ""), "x:" + archives[first].astype(object), kind)
    beside = np.where((beside == "mix") & (archives[second] != ""), "x:" + archives[second].astype(object), beside)
    print(
        f"{name}: {len(items)} items, {len(first)} pairs, {(label == 1).sum()} positive, {(label == 0).sum()} negative",
        flush=True,
    )
    return Table(
        name, items, first, second, features, comparison.rows.rank[: len(items)].copy(), label, beside.astype(str)
    )


def side_days(items: Sequence[Item]) -> NDArray[np.float64]:
    """Return the day that each item's side is named after; NaN for an archive."""
    return np.array([_day(item.side) for item in items])


def _day(side: str) -> float:
    """Return the day that a side is named after; NaN for an archive."""
    return float(date.fromisoformat(side).toordinal()) if side[:2] == "20" else float("nan")


def scatters() -> dict[str, list[Item]]:
    """Return days laid into one window, where hardly any two tell one event, with archives among them."""
    chance = random.Random(6)
    found: dict[str, list[Item]] = {}
    for seed in (1, 2):
        among = [
            replace(item, time=START + chance.random() * 2 * DAY)
            for name in ("allsides-dated", "groundnews-2025-08", "ecbplus-train-dev", "basil", "gva-incidents-dev")
            for item in some(cut(archive(name), 30), 300, chance, 6)
        ]
        found[f"scatter ledes {seed}"] = scattered("gnews-en-2025", *SCATTERED[1], 3_000, False, seed) + among
        among = cut(among, 0) + [
            replace(item, time=START + chance.random() * 2 * DAY) for item in archive("google-news")
        ]
        for name in ("us", "gb"):
            found[f"scatter {name} {seed}"] = (
                scattered(f"newsapi-{name}-2023", *SCATTERED[0], 3_000, True, seed) + among
            )
    for name in OTHERS:
        found[f"scatter {name}"] = scattered(name, *SCATTERED[0], 3_000, True, 1)
    return found


def _archive_windows(chance: random.Random) -> dict[str, list[Item]]:
    """Return the windows that consist of one labelled archive: whole, with dates, and cut to texts of 30 and 0 words."""
    found: dict[str, list[Item]] = {}
    for name in ARCHIVES:
        whole = list(archive(name))
        if name == "groundnews-2025-08":
            whole = some(whole, 1_500, chance, 40)
        if name != "gva-incidents-dev":
            found[f"{name}/full"] = list(whole)
        if name in DATED:
            found[f"{name}/dated"] = list(archive(name, dated=True))
        if name not in ("newswcl50", "google-news", "uci-headlines-2014"):
            if name != "gva-incidents-dev":
                found[f"{name}/30"] = cut(whole, 30)
            found[f"{name}/0"] = cut(whole, 0)
    return found


def learned_windows() -> dict[str, list[Item]]:
    """Return all windows that are learned from."""
    chance = random.Random(5)
    found = _archive_windows(chance)
    weeks = {day: week(ENGLISH_2023, day) for day in WEEKS_2023} | {day: week(GOOGLE, day) for day in WEEKS_2025}
    base = joined(weeks[day] for day in ("2023-04-03", "2023-06-05", "2025-05-19", "2025-07-14", "2025-09-08"))
    ledes = [
        item
        for name in ("allsides-dated", "groundnews-2025-08", "ecbplus-train-dev", "basil", "gva-incidents-dev")
        for item in injected(some(cut(archive(name), 30), 600, chance, 15), chance)
    ]
    found["ledes among weeks"] = base + ledes
    base = joined(weeks[day] for day in ("2023-05-01", "2023-05-15", "2025-06-09", "2025-09-22"))
    heads = [
        item
        for name in ("allsides-dated", "groundnews-2025-08", "ecbplus-train-dev", "basil", "gva-incidents-dev")
        for item in injected(some(found[f"{name}/0"], 600, chance, 15), chance)
    ]
    heads += injected(archive("google-news"), chance)
    heads += injected(some(archive("uci-headlines-2014"), 1_500, chance, 30), chance)
    found["headlines among weeks"] = cut(base, 0) + cut(heads, 0)
    full = [
        item
        for name in ("allsides-dated", "groundnews-2025-08", "basil")
        for item in injected(some(found[f"{name}/full"], 500, chance, 15), chance)
    ]
    full += [
        item
        for name in ("allsides-dated", "groundnews-2025-08", "ecbplus-train-dev")
        for item in injected(some(cut(found[f"{name}/full"], 60), 500, chance, 15), chance)
    ]
    found["all weeks"] = joined(weeks.values()) + distinct_keys(full + injected(archive("google-news"), chance))
    for name in OTHERS:
        found[name] = cut(joined(week((name,), day) for day in OTHER_WEEKS), 0)
    return found


def joined(parts: Iterable[Sequence[Item]]) -> list[Item]:
    """Return several lists as one."""
    return [item for part in parts for item in part]


def distinct_keys(items: Sequence[Item]) -> list[Item]:
    """Return the first item of each key."""
    return list({item.key: item for item in reversed(items)}.values())[::-1]


def examples(
    tables: Sequence[Table], exclude: Sequence[str], seed: int = 1
) -> tuple[NDArray[np.float32], list[str], NDArray[np.int8], NDArray[np.float64]]:
    """Return inputs, labels and weights of the pairs that are known; easy negatives are drawn by lot, and weighed up."""
    chance = np.random.default_rng(seed)
    names: list[str] = []
    rows, labels, weights = [], [], []
    for one in tables:
        weight = weights_of(one)
        left_out = np.isin(one.kind, [*exclude, *(f"x:{name}" for name in exclude)])
        known = (one.label >= 0) & ~left_out
        negative = one.label == 0
        keep = np.where(negative, np.where(one.features.cosine > 0.12, 0.3, 0.06), 1.0)
        known &= chance.random(len(known)) < keep
        at = np.flatnonzero(known)
        inputs = pair_inputs(PairFeatures(*(column[at] for column in one.features)))
        names = list(inputs)
        rows.append(model_files.ordered(inputs, names))
        labels.append(one.label[at])
        weights.append((weight / keep)[at])
    return np.concatenate(rows), names, np.concatenate(labels), np.concatenate(weights)


def weights_of(one: Table) -> NDArray[np.float64]:
    """Return how much each pair counts: an archive for at most PAIRS positives a window."""
    weight = np.full(len(one.label), READ_WEIGHT if one.name.startswith("read ") else 1.0)
    for kind in one.archives:
        if not kind.startswith("x:"):
            mine = one.kind == kind
            weight[mine] = min(1.5, PAIRS / max(1, (one.label[mine] == 1).sum())) * WEIGHT.get(kind, 1.0)
    return weight


def second_inputs(
    one: Table, odds: NDArray[np.float32], params: ClusteringParams = DEFAULT
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.floating]]]:
    """Return the pairs over the graph's bar, and what the second model weighs of them."""
    keep = np.flatnonzero(odds > params.graph_bar)
    graph = ScoreGraph(params.degree)
    graph.grow(len(one.items))
    graph.add(one.first[keep], one.second[keep], odds[keep], np.zeros(len(keep), np.float32), one.rank)
    context = graph.context(np.arange(len(keep)))
    inputs = {**known_inputs(PairFeatures(*(column[keep] for column in one.features)), odds[keep]), **context._asdict()}
    return keep, inputs


# --- pairs read by eye, and backgrounds --------------------------------------------------------------------

# The weeks that pairs were read in: streams, first day, and whether texts were read beside the headlines.
READ_WEEKS = (
    (("newsapi-us-2023",), "2023-06-05", "lede"),
    (GOOGLE, "2025-09-08", "lede"),
    (("newsapi-us-2023",), "2023-05-01", "lede"),
    (GOOGLE, "2025-05-19", "lede"),
    (("newsapi-gb-2023", "newsapi-au-2023"), "2023-05-15", "headline"),
    (GOOGLE, "2025-07-14", "headline"),
    (("newsapi-gb-2023",), "2023-04-03", "headline"),
    (GOOGLE, "2025-06-09", "headline"),
)


def read_by_eye(params: ClusteringParams = DEFAULT) -> list[Table]:
    """Return single weeks of streams in which only the pairs that were read are known; unclear ones are not."""
    verdicts: dict[tuple[str, frozenset[str]], str] = {}
    for verdict, text, *both in verdict_rows(READ_BY_EYE):
        verdicts[text, frozenset(both)] = verdict
    found = []
    for number, (streams, first, text) in enumerate(READ_WEEKS):
        one = table(f"read {number}", seen(week(streams, first), text), params)
        keys = [row_key(item.key) for item in one.items]
        one.label[:] = -1
        for place, (a, b) in enumerate(zip(one.first.tolist(), one.second.tolist(), strict=True)):
            known = verdicts.get((text, frozenset((keys[a], keys[b]))))
            if known in ("one", "two"):
                one.label[place] = known == "one"
        found.append(one)
    return found


def learned_days() -> list[tuple[str, str]]:
    """Return the weeks that are learned from, or that settings are chosen on, as first and last days."""
    firsts = [*WEEKS_2023, *WEEKS_2025, *OTHER_WEEKS, *(day for pair in CHOICE for day in pair)]
    return [(day, (date.fromisoformat(day) + timedelta(days=6)).isoformat()) for day in firsts]


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Have the background tables read from a folder."""
    shipped, background.MODELS = background.MODELS, folder
    background.background_of.cache_clear()
    try:
        yield
    finally:
        background.MODELS = shipped
        background.background_of.cache_clear()
