"""Measure the effect of each part of the score by switching the parts off one at a time.

    python -m bench.ablations [--only NAME ...]

"Shipped" rows use the two shipped models, without the corrections for articles and for ledes; "learned" rows use the models that
the training learns now. "Anew": both models are learned again without some inputs or examples. "Off": the models are as
learned, and the part is disabled; lists of words then replace the background of news. All "anew" and "off" rows learn from
the same smaller choice of windows (no weeks in languages other than English, no cut texts of three sets), so compare them with
each other and not with the shipped ones. The measured days may be learned from: two weeks of 2023 and 2025 with the same dates,
and May and June scattered; the background lacks them.

Columns: share of scattered reports that stand in a surely wrong pair; of the mixes the estimated share of false pairs and
the estimated true pairs of stories of up to six; true pairs where the bar is so that 1 % (ledes) or 3 % (headlines) of the
scattered reports stand wrong; BCubed F1 of labelled sets (of the large ones a thousand reports); processor time a report.
Rows are kept under build/learning, so a run that was stopped goes on. Needs the `bench` extra and the shared data.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from aggregator.clustering.arrays import Floats
from aggregator.clustering.fingerprint import clustering_fingerprint
from aggregator.clustering.pair_context import Context
from aggregator.clustering.pair_features import PairFeatures
from aggregator.clustering.params import DEFAULT, ClusteringParams
from aggregator.clustering.scoring import LearnedScorer, shipped_scorer
from bench import certain, train_pairs
from bench.kept import KEPT, LEARNED_BY, kept, program
from bench.model_files import Models
from bench.pair_examples import CHOICE, Table, learned_days, using
from bench.windows import Compared, Window, agreement, labelled, mix, scatter

# Inputs of both models by what they tell.
GROUPS = {
    "titles": (
        "title cosine", "contained, least", "contained, most", "told in titles", "told in titles now", "names in titles",
        "plain in titles", "terms in titles", "title words", "title cosine by words", "same title", "same title by texts",
    ),
    "names": (
        "names", "names in titles", "names unshared, least", "names unshared, most", "names alone",
        "one publisher, other names", "titles name others",
    ),
    "numbers": ("numbers differ", "ordinals differ", "figures alone"),
    "burst": (
        "told now", "told in titles now", "strongest now", "second now", "plain now", "burst", "burst, most",
        "burst, mean", "sightings",
    ),
    "strongest terms": ("strongest term", "second term", "third term", "rarest term", "one thing"),
    "moulds and series": ("same skeleton", "same mould", "slot", "moulded", "series"),
    "publisher": ("same publisher", "same mould", "one publisher, other names", "series"),
    "time": ("gap",),
    "length": (
        "title words", "words, least", "words, most", "cosine by words", "title cosine by words", "told by words",
        "long texts", "first by words",
    ),
    "texts": ("texts", "two texts", "long texts", "same title", "same title by texts"),
}  # fmt: skip
LABELLED = ("allsides-dated", "ecbplus-train-dev", "google-news", "gva-incidents-dev")
MOST = 1_000  # reports of a labelled set: whole clusters, drawn by lot
SCATTERED = 1_800  # reports of a scatter
SCATTER_DAYS = {"2023": ("2023-05-01", "2023-06-30"), "2025": ("2025-05-01", "2025-06-21")}
ALLOWED = {"ledes": 0.01, "headlines": 0.03}  # of the scattered reports, that may stand wrong
BARS = np.arange(-3.0, 4.01, 0.25)
# Windows that are too much for a comparison.
HEAVY = ("all weeks", "newsapi-", "scatter newsapi", "scatter us", "scatter ledes 2", "scatter gb 2", "vims-vietnamese/30",
         "vims-vietnamese/0", "gva-incidents-dev/dated", "groundnews-2025-08/30")  # fmt: skip


@dataclass(frozen=True)
class Ablation:
    """One part that is switched off."""

    name: str
    how: str = "anew"
    inputs: tuple[str, ...] = ()
    seen: Callable[[PairFeatures], PairFeatures] = lambda features: features
    taught: Callable[[Table], Table | None] = lambda table: table
    params: ClusteringParams = DEFAULT
    second: bool = True
    background: bool = True


class Lessened(LearnedScorer):
    """A score without a part."""

    def __init__(self, models: Models, ablation: Ablation) -> None:
        super().__init__(*models)
        self._ablation = ablation

    def first(self, features: PairFeatures) -> Floats:
        """Return the log odds of pairs by themselves."""
        return super().first(self._ablation.seen(features))

    def known(self, features: PairFeatures, first: Floats) -> Floats:
        """Return the part of the second round's log odds that the pair itself decides."""
        return super().known(self._ablation.seen(features), first) if self._ablation.second else first

    def second(self, known: Floats, context: Context, words: Floats) -> Floats:
        """Return the log odds of pairs within the graph."""
        return super().second(known, context, words) if self._ablation.second else known


def without_phrases(features: PairFeatures) -> PairFeatures:
    """Return features as if words that stand side by side explained nothing."""
    return features._replace(told=features.shared, told_titles=features.shared_titles, things=features.terms)


def without_negatives(table: Table) -> Table | None:
    """Return a window of which only pairs of one archive are known, and those that were read."""
    across = (table.kind == "mix") | np.char.startswith(table.kind, "x:")
    if table.name.startswith("read "):
        return table
    return replace(table, label=np.where(across & (table.label == 0), -1, table.label).astype(np.int8))


def without_read(table: Table) -> Table | None:
    """Return no window of pairs read by eye."""
    return None if table.name.startswith("read ") else table


def no_density(params: ClusteringParams) -> ClusteringParams:
    """Return settings under which the share of sure pairs adds nothing."""
    return replace(params, density_weight=0.0, density_headlines=0.0)


def no_timing(params: ClusteringParams) -> ClusteringParams:
    """Return settings under which the time of sure pairs adds nothing."""
    return replace(params, timed_weight=0.0, timed_texts=0.0, timed_headlines=0.0, timing_least=0.0, timing_most=0.0)


def ablations() -> list[Ablation]:
    """Return all, the whole first."""
    return [
        Ablation("nothing, as shipped", "shipped"),
        Ablation("nothing, learned of all windows", "learned"),
        Ablation("nothing", "anew"),
        *(Ablation(name, inputs=inputs) for name, inputs in GROUPS.items()),
        Ablation("phrases", seen=without_phrases),
        Ablation("certain negatives", taught=without_negatives),
        Ablation("pairs read by eye", taught=without_read),
        Ablation("second round", "off", second=False),
        Ablation("background of news", "off", background=False),
        Ablation("density", "off", params=no_density(DEFAULT)),
        Ablation("timing", "off", params=no_timing(DEFAULT)),
        Ablation("density and timing", "off", params=no_timing(no_density(DEFAULT))),
    ]


@cache
def lesser() -> tuple[Table, ...]:
    """Return the windows that all rows learn from."""
    return tuple(one for one in train_pairs.tables() if not one.name.startswith(HEAVY))


def learned(found: Sequence[Table], ablation: Ablation) -> Models:
    """Return both models without a part."""
    known = [changed for one in found if (changed := ablation.taught(one)) is not None]
    known = [replace(one, features=ablation.seen(one.features)) for one in known]
    first = train_pairs.first_model(known, without=ablation.inputs)
    odds = [train_pairs.first_odds(first, one) for one in known]
    made = train_pairs.second_examples(known, odds, ablation.inputs)
    return Models(first, train_pairs.second_model(made, without=ablation.inputs))


@cache
def windows() -> dict[str, Window]:
    """Return what is measured on."""
    left, right = CHOICE[0]
    found = [
        scatter("gnews-en-2025", *SCATTER_DAYS["2025"], SCATTERED, False),
        scatter("newsapi-gb-2023", *SCATTER_DAYS["2023"], SCATTERED, True),
        mix(("newsapi-us-2023", left), ("gnews-en-2025", right), False),
        mix(("newsapi-gb-2023", left), ("gnews-en-2025", right), True),
        *(labelled(name, MOST) for name in LABELLED),
    ]
    return {one.name: one for one in found}


def backgrounds(ablation: Ablation, folder: Path = KEPT) -> AbstractContextManager[None]:
    """Have the background lack the days that are measured on, or leave lists of common words alone."""
    if not ablation.background:
        empty = folder / "lists-alone"
        empty.mkdir(parents=True, exist_ok=True)
        return using(empty)
    return train_pairs.background_without("measured", [*learned_days(), *SCATTER_DAYS.values()], folder)


def measured(ablation: Ablation, models: Models) -> dict[str, str]:
    """Return the figures of a row."""
    scorer = Lessened(models, ablation)
    with backgrounds(ablation):
        compared = {name: Compared(one, scorer, ablation.params) for name, one in windows().items()}
    row: dict[str, str] = {}
    for text, allowed in ALLOWED.items():
        scattered, mixed = compared[f"scatter, {text}"], compared[f"mix, {text}"]
        row[f"scattered {text}"] = f"{certain.surely_wrong(scattered.at().stories):.4f}"
        false, true = certain.mixed(mixed.at().stories, certain.SMALL)
        row[f"mix {text}, false / true"] = f"{false:.3f} / {true:.0f}"
        bar = bar_for(scattered, allowed)
        row[f"true at {allowed:.0%}"] = f"{certain.mixed(mixed.at(bar).stories, certain.SMALL)[1]:.0f} (bar {bar:+.2f})"
    for name in LABELLED:
        row[name.split("-")[0]] = f"{agreement(compared[name].at(), name).bcubed_f1:.3f}"
    every = sum(len(one.items) for one in windows().values())
    row["ms"] = f"{sum(one.seconds for one in compared.values()) / every * 1_000:.2f}"
    return row


def bar_for(scattered: Compared, allowed: float) -> float:
    """Return the lowest bar at which at most so many scattered reports stand wrong."""
    low, high = 0, len(BARS) - 1
    while low < high:
        middle = (low + high) // 2
        if certain.surely_wrong(scattered.at(float(BARS[middle])).stories) <= allowed:
            high = middle
        else:
            low = middle + 1
    return float(BARS[low])


def rows(chosen: Sequence[str] = ()) -> Iterator[tuple[Ablation, dict[str, str]]]:
    """Yield the rows; those measured before come from where they are kept."""
    models, numbers = program((*LEARNED_BY, "bench/ablations.py", "bench/windows.py")), clustering_fingerprint()[:16]
    for ablation in ablations():
        if not chosen or ablation.name in chosen:
            path = KEPT / f"ablations-{models}-{numbers}" / f"{ablation.name}.pickle"
            yield ablation, kept(path, partial(_row, path.parent, ablation))


def _row(folder: Path, ablation: Ablation) -> dict[str, str]:
    if ablation.how == "shipped":
        return measured(ablation, Models(shipped_scorer().pairs, shipped_scorer().graph))
    if ablation.how == "learned":
        return measured(ablation, train_pairs.shipped(train_pairs.learned()))
    taught = ablation if ablation.how == "anew" else Ablation("nothing")
    models = kept(folder / f"models without {taught.name}.pickle", lambda: learned(lesser(), taught))
    return measured(ablation, train_pairs.shipped(models))


def main() -> None:
    """Learn, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], choices=[one.name for one in ablations()], metavar="NAME")
    options = parser.parse_args()
    for number, (ablation, row) in enumerate(rows(options.only)):
        if not number:
            print("| without | how | " + " | ".join(row) + " |\n" + "|---" * (len(row) + 2) + "|")
        print(f"| {ablation.name} | {ablation.how} | " + " | ".join(row.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
