"""What the density of a window adds to the log odds of its pairs: by what is in it, never by when that arrived."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.clustering import timing
from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.params import DEFAULT, ClusteringParams
from aggregator.clustering.vectors import ReportVector
from tests.clustering.reports import DESK, report
from tests.clustering.test_restart import vectors
from tests.examples import examples

Rows = list[tuple[str, ReportVector]]
SENSITIVE = replace(
    DEFAULT, density_prior=3.0, density_half=3.0, density_sure=0.0, density_step=0.125, timing_prior=1.0, timed_half=1.0
)
NEUTRAL = replace(
    DEFAULT, density_weight=0.0, density_headlines=0.0, timed_weight=0.0, timed_texts=0.0, timed_headlines=0.0,
    timing_least=0.0, timing_most=0.0,
)  # fmt: skip
SYLLABLES = ("bor", "kel", "mav", "tur", "zin", "pas", "lom", "gre", "dan", "vik", "mer", "sol", "tek", "rup")


def word(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=3))


def unlike(count: int, told_by: int = 1, language: str = "en", day: int = 0) -> Rows:
    """Return reports of so many events that share nothing, each told by some publishers, one an event and minute."""
    chance = random.Random(count * 10 + day)
    made: Rows = []
    for number in range(count):
        names = [word(chance).title() for _ in range(6)]
        for voice in range(told_by):
            title = f"{' '.join(names[:4])} {word(chance)}"
            text = f"{' '.join(names)} {word(chance)} {word(chance)} {word(chance)}."
            hours = 24 * day + number / 60
            made.append(
                (
                    f"{language}-{day}-{number}-{voice}",
                    report(title, text, publisher=f"P{voice}", hours=hours, language=language),
                )
            )
    return made


def told_again(count: int, after: Iterable[float]) -> Rows:
    """Return reports of events of a week, each told by a second publisher so many hours later."""
    rows = unlike(count, told_by=2)
    made = []
    for number, ((name, first), (again, second), gap) in enumerate(zip(rows[::2], rows[1::2], after, strict=True)):
        time = first.time + 3_600 * 90 * number / count
        made += [(name, replace(first, time=time)), (again, replace(second, time=time + 3_600 * gap))]
    return made


def several() -> Rows:
    """Return a day of a desk, and events of a week that others tell again within the hour, on the next day, or days later."""
    day, week = vectors(), told_again(36, [1.0, 1.0, 1.5, 30.0, 1.0, 70.0] * 6)
    later = min(vector.time for _, vector in day) - min(vector.time for _, vector in week)
    return [*day, *((name, replace(vector, time=vector.time + later)) for name, vector in week)]


def settled(rows: Iterable[tuple[str, ReportVector]], params: ClusteringParams = DEFAULT) -> StoryGraph:
    graph = StoryGraph(params)
    graph.add_all(rows)
    graph.settle()
    return graph


def shifts(graph: StoryGraph) -> dict[str, float]:
    """Return what the pairs of each report with earlier ones that have a text are given."""
    comparison = graph.comparison
    names, places = zip(*comparison.rows.place.items(), strict=True)
    at = np.array(places)
    text = np.full(len(at), comparison.rows.reports.text_mass[: len(comparison.rows)].argmax())
    return dict(zip(names, comparison.density.density_shifts(at, text).tolist(), strict=True))


def edges(graph: StoryGraph) -> dict[frozenset[str], float]:
    comparison, found = graph.comparison, graph.comparison.graph
    ids = found.incident(range(len(comparison.rows)))
    return {
        frozenset((comparison.rows.ids[a], comparison.rows.ids[b])): value
        for a, b, value in zip(
            found.first[ids].tolist(), found.second[ids].tolist(), found.final[ids].tolist(), strict=True
        )
    }


@pytest.fixture(scope="module")
def sparse() -> StoryGraph:
    return settled(unlike(900))


def test_a_sparse_window_asks_for_more_the_more_of_it_there_is(sparse: StoryGraph) -> None:
    found = shifts(sparse)
    by_time = [found[f"en-0-{number}-0"] for number in range(900)]
    assert by_time[0] == 0
    assert by_time[-1] < -3
    assert by_time == sorted(by_time, reverse=True)


def test_a_dense_window_asks_for_less_within_its_bound() -> None:
    found = shifts(settled(unlike(400, told_by=2)))
    assert 0 < max(found.values()) <= DEFAULT.density_most
    assert min(found.values()) == 0


def test_one_publisher_that_tells_all_twice_makes_no_window_dense() -> None:
    alone = [(name, replace(vector, publisher=1)) for name, vector in unlike(400, told_by=2)]
    assert max(shifts(settled(alone)).values()) == 0
    assert min(shifts(settled(alone)).values()) < -2


def test_each_language_has_a_density_of_its_own(sparse: StoryGraph) -> None:
    both = settled([*unlike(900), *unlike(3, language="de", day=1)])
    assert {shift for name, shift in shifts(both).items() if name.startswith("de")} == {0.0}
    assert {name: shift for name, shift in shifts(both).items() if name.startswith("en")} == shifts(sparse)


def test_a_desk_of_few_reports_is_judged_by_its_pairs_alone() -> None:
    assert set(shifts(settled(DESK.items())).values()) == {0.0}


@pytest.mark.parametrize(
    ("events", "told_by", "least", "most"), [(60, 2, 0.0, 0.0), (900, 2, 1.0, 1.5), (900, 1, -1.5, 0.5)]
)
def test_pairs_of_headlines_get_more_in_a_large_dense_window_only(
    events: int, told_by: int, least: float, most: float
) -> None:
    graph = settled(unlike(events, told_by))
    density, last = graph.comparison.density, np.array([len(graph) - 1])
    texts = graph.comparison.rows.reports.text_mass
    with_text = density.density_shifts(last, last)[0]
    texts[last] = 0.0
    assert least <= density.density_shifts(last, last)[0] - with_text <= most


def test_what_a_window_says_stands_in_its_edges() -> None:
    rows = several()
    neutral = edges(settled(rows, NEUTRAL))
    graph = settled(rows, SENSITIVE)
    assert len(set(shifts(graph).values())) > 3
    place, timed = graph.comparison.rows.place, set()
    for pair, odds in edges(graph).items():
        told = graph.comparison.evidence(*(np.array([place[name]]) for name in pair))
        assert odds - neutral[pair] == pytest.approx(told["density"][0] + told["timing"][0], abs=1e-4)
        timed.add(float(told["timing"][0]))
    assert len(timed) > 3


@settings(deadline=None, max_examples=examples(25))
@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 60), max_size=5))
def test_no_order_no_cut_and_nothing_that_went_decides(chance: random.Random, cuts: list[int]) -> None:
    rows = several()
    whole = settled(rows, SENSITIVE)
    chance.shuffle(rows)
    graph = StoryGraph(SENSITIVE)
    bounds = [0, *sorted({cut % len(rows) for cut in cuts}), len(rows)]
    for start, end in pairwise(bounds):
        graph.add_all(rows[start:end])
        graph.settle()
        passing = chance.sample(rows, 3)
        graph.remove([name for name, _ in passing])
        graph.settle()
        graph.add_all(row for row in passing if row in rows[:end])
        graph.settle()
        graph.add_all(chance.sample(rows[:end], min(2, end)))  # come again as they were
    graph.settle()
    assert shifts(graph) == shifts(whole)
    assert edges(graph) == edges(whole)


def test_reports_that_leave_the_window_leave_what_they_said() -> None:
    old, new = unlike(700), unlike(30, day=8)
    graph = settled([*old, *unlike(40, day=5), *new])
    before = shifts(graph)
    graph.remove([name for name, _ in old])
    graph.add_all(unlike(5, day=9))
    graph.settle()
    after = shifts(graph)
    assert min(before.values()) < -2
    assert all(after[name] == shift for name, shift in before.items() if name in after)


# --- timing ------------------------------------------------------------------------------------------------


def timings(graph: StoryGraph) -> dict[float, float]:
    """Return what pairs of the latest report get for gaps of one hour, of twenty and of sixty."""
    rows, density = graph.comparison.rows, graph.comparison.density
    times = rows.reports.time[: len(rows)]
    last = int(times.argmax())
    gaps = (times[last] - times) / 3_600
    found = {}
    for hours in (1.0, 20.0, 60.0):
        near = int(np.abs(gaps - hours).argmin())
        found[hours] = float(density.timing_shifts(np.array([last]), np.array([near]))[0])
    return found


def test_where_sure_pairs_come_within_hours_a_pair_far_apart_needs_more() -> None:
    found = timings(settled(told_again(150, [1.0] * 150)))
    assert found[1.0] > 1
    assert found[60.0] < -1


def test_where_sure_pairs_come_at_any_time_gaps_say_nothing() -> None:
    chance = random.Random(3)
    scattered = [
        (name, replace(vector, time=vector.time + 3_600 * 48 * chance.random()))
        for name, vector in unlike(300, told_by=2)
    ]
    assert all(abs(shift) <= 0.75 for shift in timings(settled(scattered)).values())


def test_a_window_whose_reports_have_no_time_says_nothing_of_gaps() -> None:
    graph = settled((name, replace(vector, dated=False)) for name, vector in unlike(60, told_by=2))
    last = np.array([len(graph) - 1])
    assert graph.comparison.density.timing_shifts(last, last - 1)[0] == 0


def test_a_date_without_an_hour_says_nothing_of_gaps() -> None:
    """Whose dates are days alone has its reports of a day all at once: midnight."""
    day = 86_400
    rows = [(name, replace(vector, time=vector.time // day * day)) for name, vector in unlike(300, told_by=2)]
    timed = [(f"timed-{name}", vector) for name, vector in told_again(150, [1.0] * 150)]
    graph = settled([*rows, *timed])
    density, place = graph.comparison.density, graph.comparison.rows.place
    last = np.array([place[max(timed, key=lambda row: row[1].time)[0]]])
    midnight, near = np.array([place[rows[0][0]]]), np.array([place[timed[-3][0]]])
    assert density.timing_shifts(last, midnight)[0] == density.timing_shifts(midnight, last)[0] == 0
    assert density.timing_shifts(last, near)[0] != 0


def test_few_sure_pairs_within_hours_free_a_sparse_window() -> None:
    single = unlike(700, day=0)
    spread = [
        (name, replace(vector, time=vector.time + 3_600 * 150 * n / 700)) for n, (name, vector) in enumerate(single)
    ]
    together = [(f"again-{name}", vector) for name, vector in told_again(25, [1.0] * 25)]
    apart = [(f"again-{name}", vector) for name, vector in told_again(25, [60.0] * 25)]
    near = shifts(settled([*spread, *together]))
    far = shifts(settled([*spread, *apart]))
    latest = spread[-1][0]
    assert near[latest] > far[latest]


def test_headlines_far_apart_get_nothing_on_top_for_what_timing_proves_of_near_ones() -> None:
    graph = settled(told_again(150, [1.0] * 150))
    rows, density = graph.comparison.rows, graph.comparison.density
    rows.reports.text_mass[:] = 0
    times = rows.reports.time[: len(rows)]
    last = np.array([times.argmax()])
    gaps = (times[last] - times) / 3_600

    def on_top(hours: float) -> float:
        return float(density.density_shifts(last, np.array([np.abs(gaps - hours).argmin()]))[0])

    assert on_top(2.0) > on_top(20.0) == on_top(60.0)


def test_what_chance_puts_near_is_counted_by_the_hours_themselves() -> None:
    found = timing.expected_shares(np.array([0.0, 2.0, 20.0, 100.0]), np.array([3.0, 4.0, 2.0, 1.0]), 168.0)
    assert found[0].tolist() == [1, 0, 0, 0, 0]
    assert found[2].tolist() == pytest.approx([0.5 / 7.5, 0, 7 / 7.5, 0, 0])
    assert found[3].tolist() == pytest.approx([0, 0, 0, 0, 1])
