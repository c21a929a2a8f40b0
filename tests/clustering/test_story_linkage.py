"""How near two groups of stories are: the mean of their best links, of which more are asked for the larger they are."""

from __future__ import annotations

import pytest

from aggregator.clustering.params import DAY, DEFAULT
from aggregator.clustering.story_linkage import StoryLinkage


def tied(sizes: tuple[int, int], links: int, odds: float = -1.25, days_between: float = 0.0) -> bool:
    """Tell whether two stories of these sizes, with so many links of these log odds, are of one storyline."""
    day = days_between * DAY
    state = StoryLinkage([(0.0, DAY), (day, day + DAY)], sizes, DEFAULT)
    state.link(0, 1, [odds] * links)
    return len(state.join_all()) == 1


@pytest.mark.parametrize(
    ("sizes", "few", "enough"), [((1, 2), 1, 2), ((4, 5), 1, 2), ((20, 20), 3, 7), ((100, 80), 64, 160)]
)
def test_larger_stories_want_more_links(sizes: tuple[int, int], few: int, enough: int) -> None:
    assert not tied(sizes, few)
    assert tied(sizes, enough)


def test_a_storyline_ends() -> None:
    assert tied((2, 2), 4, 2.0, DEFAULT.storyline_days - 1)
    assert not tied((2, 2), 4, 2.0, DEFAULT.storyline_days)
