"""Properties of what lies beneath the comparison of reports."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.clustering.rows import shared

pytestmark = pytest.mark.property

# few keys, so that runs share some; the great ones fall into the slots of small ones
RUNS = st.lists(
    st.sets(st.sampled_from([*range(6), *(n << 17 for n in range(1, 6)), 2**32 - 1]), max_size=5), min_size=1
)
PAIRS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=12)


@example([set(), {1}], [(0, 1), (1, 1)])  # a run of nothing begins where the next does
@given(RUNS, PAIRS)
def test_equal_keys_of_two_runs_are_found_whatever_comes_again(
    runs: list[set[int]], pairs: list[tuple[int, int]]
) -> None:
    keys = np.array([key for run in runs for key in sorted(run)], np.uint32)
    lengths = np.array([len(run) for run in runs])
    starts = np.cumsum(lengths) - lengths
    first, second = (np.array([pair[side] % len(runs) for pair in pairs], np.int64) for side in (0, 1))
    ours, theirs, pair = shared(keys, (starts[first], lengths[first]), (starts[second], lengths[second]))
    found = list(zip(pair.tolist(), keys[ours].tolist(), keys[theirs].tolist(), strict=True))
    expected = [
        (number, key, key)
        for number, (one, other) in enumerate(zip(first, second, strict=True))
        for key in sorted(runs[one] & runs[other])
    ]
    assert found == expected
    owner = np.repeat(np.arange(len(runs)), lengths)
    assert (owner[ours] == first[pair]).all()
    assert (owner[theirs] == second[pair]).all()
