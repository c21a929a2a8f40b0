"""The measurements of quality run, on sizes at which their figures mean nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aggregator.clustering import background
from aggregator.clustering.pair_context import Context
from aggregator.clustering.scoring import shipped_scorer
from bench import ablations, curves, kept, train_background, train_pairs, windows
from bench.model_files import Models
from bench.pair_examples import table
from bench.windows import Compared, Window
from bench.worlds import START, Item

TITLES = (
    "Ferry sinks off Vasstrand, forty rescued",
    "Forty rescued as ferry sinks near Vasstrand",
    "Bakers of Norbanka go on strike over flour",
    "Flour strike: bakers of Norbanka stay at home",
    "Observatory finds a comet with two tails",
)
CLUSTERS = ("ferry", "ferry", "bakers", "bakers", "comet")
SHIPPED = Models(shipped_scorer().pairs, shipped_scorer().graph)


def window(name: str, labelled: bool = True) -> Window:
    sides = ("2023-04-03", "2023-04-03", "2023-06-05", "2023-04-03", "2023-06-05")
    rows = zip(TITLES, CLUSTERS, sides, strict=True)
    return Window(
        name,
        [
            Item(f"{name}:{n}", title, "", "en", f"house{n}.example", START + 3_600 * n, f"L:{name}" if labelled else side,
                 f"{name}|{cluster}" if labelled else None)
            for n, (title, cluster, side) in enumerate(rows)
        ],
    )  # fmt: skip


def test_a_higher_bar_never_joins_more_and_the_own_bar_is_met_again() -> None:
    compared = Compared(window("set"))
    counts = [len(compared.at(bar).stories) for bar in (-6.0, -2.0, 0.0, 2.0, 6.0)]
    assert counts == sorted(counts)
    assert counts[-1] == len(TITLES)
    assert sorted(map(len, compared.at().stories)) == sorted(map(len, compared.at(0.0).stories))
    assert compared.seconds > 0


def test_an_archive_of_affairs_is_scored_by_storylines() -> None:
    one, two = window("set"), window(windows.AFFAIRS[0])
    found = windows.Found([[one.items[0], one.items[1]]], [list(one.items)])
    assert windows.agreement(found, "set").bcubed_precision == 1.0
    found = windows.Found([[two.items[0], two.items[1]]], [list(two.items)])
    assert windows.agreement(found, two.name).bcubed_precision < 1.0


def test_curves_are_told_and_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    of_set = curves.curve(window("set"), curves.of_labels("set"), (-2.0, 0.0, 6.0))
    assert of_set[-1].precision == 1.0
    assert of_set[-1].recall <= of_set[0].recall
    of_mix = [curves.Point(bar, 0.9, 40.0) for bar in (-2.0, 0.0, 6.0)]
    told = curves.table({"mix": of_mix, "set": of_set})
    assert told.count("\n") == 4
    assert "| +0.0 | 0.900, 40 |" in told
    curves.draw({"mix": of_mix, "set": of_set}, tmp_path / "drawn" / "curves.png")
    assert (tmp_path / "drawn" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_each_input_of_the_models_stands_in_a_group_that_is_switched_off() -> None:
    used = {*SHIPPED.pairs.weights, *train_pairs.second_names()} - set(Context._fields)
    grouped = {name for inputs in ablations.GROUPS.values() for name in inputs}
    assert grouped <= used
    assert used - grouped <= {
        "cosine", "cosine by words", "told", "told by words", "plain", "terms", "first",
    }  # fmt: skip


@pytest.mark.parametrize("ablation", ablations.ablations(), ids=lambda one: one.name)
def test_each_part_can_be_switched_off(ablation: ablations.Ablation) -> None:
    scorer = ablations.Lessened(SHIPPED, ablation)
    found = Compared(window("set"), scorer, ablation.params).at()
    assert sum(map(len, found.stories)) == len(TITLES)


def test_without_a_background_of_news_a_list_of_common_words_stands_for_it(tmp_path: Path) -> None:
    bare = next(one for one in ablations.ablations() if not one.background)
    with ablations.backgrounds(bare, tmp_path):
        assert background.background_of("en").texts == background.LIST_TEXTS
        assert sum(map(len, Compared(window("set"), ablations.Lessened(SHIPPED, bare)).at().stories)) == len(TITLES)
    assert background.background_of("en").texts > background.LIST_TEXTS


def test_models_are_learned_without_inputs_examples_and_phrases(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    tables = [table("set/full", window("set").items, train_pairs.LEARNED_PARAMS),
              table("weeks", window("week", labelled=False).items, train_pairs.LEARNED_PARAMS)]  # fmt: skip
    by_name = {one.name: one for one in ablations.ablations()}
    whole = ablations.learned(tables, by_name["nothing"])
    assert "gap" in whole.pairs.weights
    assert "gap" in whole.graph.weights
    for name in ("titles", "names", "phrases"):
        assert "gap" in train_pairs.shipped(ablations.learned(tables, by_name[name])).graph.weights
    less = train_pairs.shipped(ablations.learned(tables, by_name["time"]))
    assert "gap" not in {*less.pairs.weights, *less.graph.weights}
    unknown = ablations.without_negatives(tables[1])
    assert unknown is not None
    assert (unknown.label != 0).all()
    assert (tables[1].label == 0).any()
    features = tables[0].features
    assert np.array_equal(ablations.without_phrases(features).told, features.shared)


def test_the_lowest_bar_that_keeps_scattered_reports_apart_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Half:
        def at(self, bar: float) -> windows.Found:
            item = window("x", labelled=False).items
            apart = [[item[0]], [item[2]]]
            return windows.Found(apart if bar >= 1.25 else [[item[0], item[2]]], [])

    assert ablations.bar_for(Half(), 0.01) == 1.25  # type: ignore[arg-type]


def test_what_is_kept_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> list[int]:
        made.append(1)
        return made

    assert kept.kept(tmp_path / "new" / "one.pickle", make) == [1]
    assert kept.kept(tmp_path / "new" / "one.pickle", make) == [1]
    assert made == [1]
    assert kept.program() != kept.program(kept.LEARNED_BY)


def test_tables_that_hold_something_else_are_told(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, counts in ((one, [1, 2]), (two, [1, 3])):
        folder.mkdir()
        np.savez_compressed(folder / "background-en.npz", terms=np.array([7, 9]), counts=np.array(counts))
    assert train_background.differing(one, one) == []
    assert train_background.differing(one, two) == ["background-en.npz: counts"]
    (two / "background-en.npz").rename(two / "background-de.npz")
    assert train_background.differing(one, two) == [
        "background-de.npz: only in " + str(two),
        "background-en.npz: only in " + str(one),
    ]


def test_the_training_ends_well_only_where_the_files_say_what_it_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_pairs, "MODELS", tmp_path)
    monkeypatch.setattr(train_pairs, "learned", lambda: SHIPPED)
    monkeypatch.setattr("sys.argv", ["train_pairs", "--write"])
    assert train_pairs.main() == 0
    other = Models(SHIPPED.pairs, train_pairs.moved(SHIPPED.graph, train_pairs.MOVED))
    monkeypatch.setattr(train_pairs, "learned", lambda: other)
    monkeypatch.setattr("sys.argv", ["train_pairs"])
    assert train_pairs.main() == 1
    monkeypatch.setattr("sys.argv", ["train_pairs", "--note"])
    assert train_pairs.main() == 0
