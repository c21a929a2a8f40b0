"""Keeps apart groups of reports that each have names of their own: similar events, such as two fights of one champion.

The log odds of pairs do not show this, because any two reports of one event differ in some names by chance. But it is not by chance
that nearly all reports of one group have a name that hardly any of the other has, and vice versa. The more reports there are, the
less it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Places
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.rows import Rows, spread

SURELY_NAME = 0.7  # probability that a term is a name, from which on it counts as one


class OwnNames:
    """The names in some reports; a report is given by its number among them."""

    def __init__(self, rows: Rows, places: Places, params: ClusteringParams) -> None:
        terms, owner = spread(rows.reports.terms_from[places], rows.reports.terms[places])
        term = rows.terms.term[terms]
        # A term is a name where it is one in any report
        named = np.isin(term, term[rows.terms.name[terms] >= SURELY_NAME])
        self._names: NDArray[np.uint32] = term[named]
        self._ends = np.searchsorted(owner[named], np.arange(len(places) + 1)).tolist()
        self._params = params

    def keep_apart(self, first: Sequence[int], second: Sequence[int], mean: float) -> bool:
        """Return whether the names of two groups show that they are two events; ``mean`` is their mean log odds."""
        params, sizes = self._params, (len(first), len(second))
        if min(sizes) < params.own_names_reports or mean >= params.own_names_weight * _draws(*sizes):
            return False
        (ours, our_counts), (theirs, their_counts) = self._counted(first), self._counted(second)
        names = np.union1d(ours, theirs)
        shares = np.zeros((2, len(names)))
        shares[0, np.searchsorted(names, ours)] = our_counts / sizes[0]
        shares[1, np.searchsorted(names, theirs)] = their_counts / sizes[1]
        nearly_all, hardly_any = shares >= params.own_names_share, shares <= params.own_names_elsewhere
        return bool((nearly_all[0] & hardly_any[1]).any() and (nearly_all[1] & hardly_any[0]).any())

    def _counted(self, group: Sequence[int]) -> tuple[NDArray[np.uint32], Places]:
        """Return the names of a group, and how many of its reports have each."""
        found = [self._names[self._ends[one] : self._ends[one + 1]] for one in group]
        names, counts = np.unique(np.concatenate(found), return_counts=True)
        return names, counts


def _draws(one: int, other: int) -> float:
    """Return the natural logarithm of the number of ways to draw one group from both."""
    return lgamma(one + other + 1) - lgamma(one + 1) - lgamma(other + 1)
