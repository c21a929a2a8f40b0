"""A process that starts again over the same vectors finds the same stories and storylines, whatever is touched first."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from aggregator.clustering.graph import GraphUpdate, StoryGraph
from aggregator.clustering.report_constraints import ReportConstraints
from aggregator.clustering.vectorize import vectorize
from aggregator.clustering.vectors import ReportVector
from aggregator.model import Document
from tests.clustering.reports import group
from tests.clustering.test_stability import DAY
from tests.harness import MORNING


def vectors() -> list[tuple[str, ReportVector]]:
    return [
        (
            text.key,
            vectorize(
                Document(text.title, text.summary, text.body, text.language, None, ""),
                text.source or text.key,
                MORNING + timedelta(hours=text.hours or 0),
                True,
            ),
        )
        for text in DAY
    ]


def lines_of(settled: GraphUpdate) -> set[frozenset[frozenset[str]]]:
    return {frozenset(line) for line in settled.storylines}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_settled_after_a_restart_is_what_was_settled_before(seed: int) -> None:
    rows = vectors()
    whole = group(rows)
    chance = random.Random(seed)
    again = StoryGraph()
    again.load(rows)
    touched = {key for key, _ in chance.sample(rows, 3)}
    again.touch(touched)
    found = again.settle(ReportConstraints())
    assert {story for story in whole.stories if story & touched} <= set(found.stories) <= set(whole.stories)
    tied = {line for line in lines_of(whole) if any(story & touched for story in line)}
    assert tied <= lines_of(found) <= lines_of(whole)


def test_a_report_that_comes_after_a_restart_joins_what_it_would_have_joined() -> None:
    rows = vectors()
    whole = group(rows)
    for last in ("ferry2", "strike0", "varga5"):
        again = StoryGraph()
        again.load([row for row in rows if row[0] != last])
        again.add_all(row for row in rows if row[0] == last)
        found = again.settle(ReportConstraints())
        assert next(story for story in whole.stories if last in story) in found.stories
