"""Assigns represented reports to the stories of their representatives.

Stories are formed from the compared reports. A represented report joins the story whose representatives have the greatest sum of log
odds. Reports that stay are distinguished from those that move, so that a story of very many reports is not rewritten whenever it
grows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from aggregator.clustering.arrays import Floats, Places
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.represented import NO_REPRESENTATIVE, Represented

NO_STORY = -1


class RepresentedStories:
    """The represented reports of each story; a story is identified by the least place of its compared reports."""

    def __init__(self) -> None:
        self.story_of: dict[int, int] = {}  # represented place -> its story, NO_STORY where it is in none
        self._reports: dict[int, set[int]] = {}  # story -> represented places
        self.pending: set[int] = set()  # represented places whose story changed

    def reports_of(self, story: int) -> Collection[int]:
        """Return the represented places of a story."""
        return self._reports.get(story, ())

    def assign(self, place: int, story: int) -> bool:
        """Assign a represented report to a story; return False where it is in that story already."""
        if self.story_of.get(place) == story:
            return False
        self.remove([place])
        self.story_of[place] = story
        if story != NO_STORY:
            self._reports.setdefault(story, set()).add(place)
        return True

    def remove(self, places: Iterable[int]) -> None:
        """Remove reports that are gone or no longer represented."""
        for place in places:
            self.pending.discard(place)
            story = self.story_of.pop(place, NO_STORY)
            if story != NO_STORY:
                self._reports[story].discard(place)
                if not self._reports[story]:
                    del self._reports[story]

    def rename_stories(self, became: Mapping[int, int]) -> None:
        """Change the identifiers of stories; the represented reports of a split story (NO_STORY) become pending."""
        taken = [(self._reports.pop(story, ()), now) for story, now in became.items()]
        for places, now in taken:
            self.story_of.update(dict.fromkeys(places, now))
            if now == NO_STORY:
                self.pending.update(places)
            elif places:
                self._reports.setdefault(now, set()).update(places)

    def remap(self, moved: Places) -> None:
        """Move reports to new places."""
        to = moved.tolist()
        self.story_of = {
            to[place]: NO_STORY if story == NO_STORY else to[story] for place, story in self.story_of.items()
        }
        self.pending = {to[place] for place in self.pending}
        of: dict[int, set[int]] = defaultdict(set)
        for place, story in self.story_of.items():
            if story != NO_STORY:
                of[story].add(place)
        self._reports = dict(of)


def stories_of_represented(
    places: Sequence[int],
    represented: Represented,
    story_of: Mapping[int, int],
    params: ClusteringParams,
    may_join: Callable[[int, int], bool] | None = None,
) -> dict[int, int]:
    """Return the story of each of some represented reports, NO_STORY where none holds enough of its representatives.

    ``may_join`` returns whether a report may join a story.
    """
    if not places:
        return {}
    table, odds = represented.representative_table(places)
    known, number = np.unique(table, return_inverse=True)
    stories = np.array(
        [story_of.get(place, NO_STORY) if place != NO_REPRESENTATIVE else NO_STORY for place in known.tolist()],
        np.int64,
    )
    row, story, total, share, first = _totals(stories[number.reshape(table.shape)], odds)
    enough = share >= params.represented_share * np.maximum(1, (table != NO_REPRESENTATIVE).sum(axis=1))[row]
    row, story, total, first = row[enough], story[enough], total[enough], first[enough]
    order = np.lexsort((first, -total, row))
    found = dict.fromkeys(places, NO_STORY)
    for at in order.tolist():
        place = places[int(row[at])]
        if found[place] == NO_STORY and (may_join is None or may_join(place, int(story[at]))):
            found[place] = int(story[at])
    return found


def _totals(stories: Places, odds: Floats) -> tuple[Places, Places, Places, Places, Places]:
    """Return report, story, sum of log odds, number and best place of the representatives that each report has in each story."""
    row = np.repeat(np.arange(len(stories)), stories.shape[1])
    flat = stories.ravel()
    there = np.flatnonzero(flat != NO_STORY)
    keys, first, number, counts = np.unique(row[there] << 32 | flat[there], True, True, True)
    # In thousandths, to which scores are rounded: sums of integers do not depend on the order.
    thousandths = np.round(odds.ravel()[there].astype(np.float64) * 1_000)
    total = np.bincount(number, thousandths, len(keys)).astype(np.int64)
    return keys >> 32, keys & 0xFFFF_FFFF, total, counts, first
