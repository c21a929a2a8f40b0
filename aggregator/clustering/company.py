"""In which stories the reports stand that are represented: where those that stand for them are.

Stories are made of the reports that are compared with each other; a represented one joins the story that holds the most
of its representatives' log odds. What does not move is told apart from what does, so that a story of very many reports
is not written anew whenever it grows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.represented import NOBODY, Represented
from aggregator.clustering.rows import Floats, Places

ALONE = -1


class Company:
    """The represented reports by story; a story goes by the least of its other places."""

    def __init__(self) -> None:
        self.home: dict[int, int] = {}  # represented place -> its story, ALONE where it is in none
        self._of: dict[int, set[int]] = {}  # story -> represented places
        self.homeless: set[int] = set()  # places whose story is no more what it was

    def of(self, story: int) -> Collection[int]:
        """Return the represented places of a story."""
        return self._of.get(story, ())

    def put(self, place: int, story: int) -> bool:
        """Let a represented report stand in a story; False where it does already."""
        if self.home.get(place) == story:
            return False
        self.forget([place])
        self.home[place] = story
        if story != ALONE:
            self._of.setdefault(story, set()).add(place)
        return True

    def forget(self, places: Iterable[int]) -> None:
        """Forget reports that are gone, or that nobody stands for any more."""
        for place in places:
            self.homeless.discard(place)
            story = self.home.pop(place, ALONE)
            if story != ALONE:
                self._of[story].discard(place)
                if not self._of[story]:
                    del self._of[story]

    def follow(self, became: Mapping[int, int]) -> None:
        """Follow stories to what they are now, ALONE where they were parted: then their company has to be asked anew."""
        taken = [(self._of.pop(story, ()), now) for story, now in became.items()]
        for places, now in taken:
            self.home.update(dict.fromkeys(places, now))
            if now == ALONE:
                self.homeless.update(places)
            elif places:
                self._of.setdefault(now, set()).update(places)

    def moved(self, moved: Places) -> None:
        """Follow reports to other places."""
        to = moved.tolist()
        self.home = {to[place]: ALONE if story == ALONE else to[story] for place, story in self.home.items()}
        self.homeless = {to[place] for place in self.homeless}
        of: dict[int, set[int]] = defaultdict(set)
        for place, story in self.home.items():
            if story != ALONE:
                of[story].add(place)
        self._of = dict(of)


def homes(
    places: Sequence[int],
    represented: Represented,
    story_of: Mapping[int, int],
    params: ClusteringParams,
    may_join: Callable[[int, int], bool] | None = None,
) -> dict[int, int]:
    """Return the story of each of some represented reports, ALONE where none holds enough of its representatives.

    ``may_join`` tells whether nothing keeps a report out of a story.
    """
    if not places:
        return {}
    table, odds = represented.table(places)
    known, number = np.unique(table, return_inverse=True)
    stories = np.array([story_of.get(place, ALONE) if place != NOBODY else ALONE for place in known.tolist()], np.int64)
    row, story, total, share, first = _totals(stories[number.reshape(table.shape)], odds)
    enough = share >= params.represented_share * np.maximum(1, (table != NOBODY).sum(axis=1))[row]
    row, story, total, first = row[enough], story[enough], total[enough], first[enough]
    order = np.lexsort((first, -total, row))
    found = dict.fromkeys(places, ALONE)
    for at in order.tolist():
        place = places[int(row[at])]
        if found[place] == ALONE and (may_join is None or may_join(place, int(story[at]))):
            found[place] = int(story[at])
    return found


def _totals(stories: Places, odds: Floats) -> tuple[Places, Places, Places, Places, Places]:
    """Return of each report and each story that it has representatives in: the sum of their log odds, how many, and the best."""
    row = np.repeat(np.arange(len(stories)), stories.shape[1])
    flat = stories.ravel()
    there = np.flatnonzero(flat != ALONE)
    keys, first, number, counts = np.unique(row[there] << 32 | flat[there], True, True, True)
    # In thousandths, as scores are rounded: sums of whole numbers do not depend on their order.
    thousandths = np.round(odds.ravel()[there].astype(np.float64) * 1_000)
    total = np.bincount(number, thousandths, len(keys)).astype(np.int64)
    return keys >> 32, keys & 0xFFFF_FFFF, total, counts, first
