"""The stories of the window: a pure function of its reports and of the editors' decisions.

They depend neither on the order of arrivals nor on their division into passes. A change recomputes only the affected stories.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aggregator.clustering.arrays import run_starts
from aggregator.clustering.blocks import Engine, blocks, report_set
from aggregator.clustering.comparing import Changes, Comparison
from aggregator.clustering.component_stories import stories_of_component
from aggregator.clustering.components import components
from aggregator.clustering.explanations import PairExplanation, explain_pair, probability_of
from aggregator.clustering.links import Best, Link
from aggregator.clustering.meaning import Meaning
from aggregator.clustering.params import DEFAULT, ClusteringParams
from aggregator.clustering.report_constraints import (
    NO_CONSTRAINTS,
    PlaceConstraints,
    ReportConstraints,
    StoryConstraints,
)
from aggregator.clustering.represented_stories import NO_STORY, RepresentedStories, stories_of_represented
from aggregator.clustering.scoring import Scorer, shipped_scorer
from aggregator.clustering.storylines import StoryIndex
from aggregator.clustering.vectors import ReportVector


@dataclass(frozen=True, slots=True)
class GraphUpdate:
    """The stories and storylines that :meth:`StoryGraph.settle` found for everything that was touched."""

    stories: tuple[frozenset[str], ...]  # complete and disjoint; every touched report is in one
    storylines: tuple[tuple[frozenset[str], ...], ...] = ()  # of two stories or more
    # report -> its strongest edge, unless it is alone or unmoved
    best: Mapping[str, Best] = field(default_factory=dict)
    unmoved: frozenset[str] = frozenset()  # represented reports that were returned in the same story before


class StoryGraph:
    """The reports of the window with their edges."""

    def __init__(
        self, params: ClusteringParams = DEFAULT, scorer: Scorer | None = None, cross_language: bool = False
    ) -> None:
        self.params = params
        self.comparison = Comparison(params, scorer or shipped_scorer(), cross_language)
        self._touched: set[str] = set()
        self._index = StoryIndex()
        self._assigned = RepresentedStories()
        self._unwritten: set[str] = set()  # represented reports whose returned story may not be stored yet

    def __len__(self) -> int:
        return len(self.comparison.rows.place)

    def __contains__(self, report_id: object) -> bool:
        return report_id in self.comparison.rows.place

    def set_meanings(self, meanings: Mapping[str, Meaning]) -> None:
        """Set the meanings of the reports that are added next; only these are compared across languages."""
        if self.comparison.cross_language is not None:
            self.comparison.cross_language.set_meanings(meanings)

    def load(self, rows: Iterable[tuple[str, ReportVector]], engine: Engine | None = None) -> None:
        """Load the stored reports of a window. With an engine they are compared now, without one at the first :meth:`settle`.

        All of them are compared, because the context of a pair depends on the context of its neighbours.
        """
        given = dict(rows)
        if engine is None or len(self) or self.comparison.cross_language is not None or not given:
            self.comparison.add(given.items())
            return
        reports = report_set(self.params, given)
        self.comparison.add(given.items())
        if not self.comparison.add_block_edges(
            edges for answer in engine(reports, blocks(len(given))) for edges in answer
        ):
            self.comparison = Comparison(self.params, self.comparison.scorer)
            self.comparison.add(given.items())

    def add_all(self, rows: Iterable[tuple[str, ReportVector]]) -> None:
        """Add or replace reports; they count as touched."""
        given = list(rows)
        place = self.comparison.rows.place
        self._remove_places([place[name] for name, _ in given if name in place])  # a replaced report gets another place
        self.comparison.add(given)
        self._touched.update(name for name, _ in given)

    def remove(self, report_ids: Collection[str]) -> None:
        """Remove reports; reports tied to them count as touched."""
        rows = self.comparison.rows
        places = [rows.place[name] for name in report_ids if name in rows.place]
        self._touched -= set(report_ids)
        self.comparison.remove(report_ids)
        self._remove_places(places)
        moved = self.comparison.compact()
        if moved is not None:
            self._index.remap(moved)
            self._assigned.remap(moved)

    def _remove_places(self, places: Sequence[int]) -> None:
        """Remove places from the stories; represented reports stay with the rest of their story."""
        self._assigned.remove(places)
        gone, ids = set(places), self.comparison.rows.ids
        for story in {self._index.story_of[place] for place in places if place in self._index.story_of}:
            if self._assigned.reports_of(story):
                left = [place for place in self._index.members[story] if place not in gone]
                self._touched.update(ids[place] for place in left[:1] or self._assigned.reports_of(story))
                self._assigned.rename_stories({story: left[0] if left else NO_STORY})
        self._index.remove(places)

    def touch(self, report_ids: Collection[str]) -> None:
        """Mark reports as touched, so that their stories are computed anew."""
        self._touched.update(name for name in report_ids if name in self.comparison.rows.place)

    def compare_ahead(self) -> None:
        """Compare the new reports ahead of :meth:`settle`, which returns the changes."""
        self.comparison.compare_ahead()

    def bring_up_to_date(self) -> None:
        """Compare and score new reports, so that pairs can be explained; :meth:`settle` returns the changes."""
        ids = self.comparison.rows.ids
        self._touched.update(ids[place] for place in self._changed_places())

    def settle(self, constraints: ReportConstraints = NO_CONSTRAINTS) -> GraphUpdate:
        """Return the stories and storylines of everything that was touched."""
        rows, represented = self.comparison.rows, self.comparison.represented
        index, assigned = self._index, self._assigned
        changed = self._changed_places()
        touched = {rows.place[name] for name in self._touched if name in rows.place} | changed
        self._touched = set()
        bound = PlaceConstraints(constraints, rows.place, represented)
        affected = {one for one in touched if one in represented}
        assigned.remove(touched - affected)
        index.remove([one for one in affected if one in index.story_of], keep_component=True)
        starts = touched - affected | {one for one in affected if bound.is_named(one)}
        stories: list[list[int]] = []
        for component in components(self.comparison.graph, starts, self.params.story_bar, bound.neighbours):
            compared = [one for one in component if one not in represented] if len(represented) else component
            stories += stories_of_component(self.comparison, compared, bound, self.params) if compared else []
        names = {story[0] for story in stories}
        rebuilt = self._update_index(stories)
        if len(represented) or assigned.pending:
            names |= self._assign(affected, rebuilt, bound)
        ordered = sorted(name for name in names if name in index.members)
        alone = [one for one in affected if one not in index.story_of and assigned.story_of[one] == NO_STORY]
        unmoved = {one for name in ordered for one in assigned.reports_of(name) if rows.ids[one] not in self._unwritten}
        lines = index.storylines(self.comparison, starts, self.params)
        return GraphUpdate(
            (*map(self._story_reports, ordered), *(self._names([one]) for one in sorted(alone))),
            tuple(tuple(self._story_reports(story[0]) for story in line) for line in lines),
            self._best([index.members[name] for name in ordered]) | self._best_of_represented(ordered, unmoved),
            self._names(list(unmoved)),
        )

    def mark_written(self) -> None:
        """Note that everything that :meth:`settle` returned is stored."""
        self._unwritten = set()

    def _story_reports(self, story: int) -> frozenset[str]:
        return self._names([*self._index.members[story], *self._assigned.reports_of(story)])

    def _update_index(self, stories: list[list[int]]) -> list[int]:
        """Store recomputed stories; return the places of those that did not only grow."""
        rebuilt: list[int] = []
        became: dict[int, int] = {}
        for story in stories:
            here = set(story)
            before = {self._index.story_of[one] for one in story if one in self._index.story_of}
            whole = [name for name in before if here.issuperset(self._index.members[name])]
            became.update((name, story[0] if name in whole else NO_STORY) for name in before)
            if len(whole) != 1 or len(before) != 1:
                rebuilt += story
        self._index.put(stories)
        self._assigned.rename_stories({name: now for name, now in became.items() if name != now})
        return rebuilt

    def _assign(self, affected: set[int], rebuilt: list[int], bound: PlaceConstraints) -> set[int]:
        """Assign represented reports to stories where that may change; return the stories that they left or joined."""
        rows, assigned = self.comparison.rows, self._assigned
        represented, unwritten = self.comparison.represented, set(affected) | assigned.pending
        asked = {*affected, *represented.represented_by(rebuilt).tolist(), *assigned.pending}
        asked = {one for one in asked if one in represented}
        assigned.pending = set()
        named = sorted((one for one in asked if bound.is_named(one)), key=lambda one: (rows.rank[one], rows.ids[one]))
        touched = {assigned.story_of.get(one, NO_STORY) for one in asked}
        free = sorted(asked.difference(named))
        for one, home in stories_of_represented(free, represented, self._index.story_of, self.params).items():
            if assigned.assign(one, home):
                unwritten.add(one)
        marks = StoryConstraints(bound, lambda story: (*self._index.members[story], *assigned.reports_of(story)))
        assigned.remove(named)  # a report about to leave must not keep out one that stays
        for one in named:
            home = stories_of_represented([one], represented, self._index.story_of, self.params, marks.may_join)[one]
            assigned.assign(one, home)
            marks.add(one, home)
            unwritten.add(one)
        touched |= {assigned.story_of[one] for one in asked} | self._merge_bound(bound)
        self._unwritten.update(rows.ids[one] for one in unwritten)
        return touched

    def _merge_bound(self, bound: PlaceConstraints) -> set[int]:
        """Merge the stories of reports that belong together, where some of these reports are represented."""
        touched: set[int] = set()
        story, home = self._index.story_of, self._assigned.story_of
        for group in bound.together:
            affected = [one for one in group if one in home]
            names = {name for one in group if (name := story.get(one, home.get(one, NO_STORY))) != NO_STORY}
            alone = [one for one in affected if home[one] == NO_STORY and one not in story]
            if not affected or (len(names) < 2 and not alone):
                continue
            if names:
                merged = sorted(place for name in names for place in self._index.members[name])
                for one in alone:
                    self._assigned.assign(one, min(names))
            else:
                merged = sorted(alone)
            self._index.put([merged])
            self._assigned.rename_stories({name: merged[0] for name in names if name != merged[0]})
            touched |= names | {merged[0]}
        return touched

    def _changed_places(self) -> set[int]:
        """Update the comparison; return the places whose stories may have changed."""
        changes = self.comparison.compare()
        return changes.new | self._affected_places(changes) | changes.represented

    def _affected_places(self, changes: Changes) -> set[int]:
        """Return the ends of changed edges that can change a story or a storyline."""
        alive = self.comparison.rows.alive
        part = self._index.component
        strong = changes.strongest > self.params.storyline_bar
        found = {*changes.first[strong].tolist(), *changes.second[strong].tolist()}
        first, second = changes.first[~strong], changes.second[~strong]
        ends, number = np.unique(np.concatenate([first, second]), return_inverse=True)
        parts = np.array([part.get(place, -1) for place in ends.tolist()], np.int64)[number]
        one = (parts[: len(first)] == parts[len(first) :]) & (parts[: len(first)] >= 0)
        found.update(first[one].tolist(), second[one].tolist())
        return {place for place in found if alive[place]}

    def explain(self, first: str, second: str) -> PairExplanation:
        """Return the explanation of a pair; raises KeyError where a report is not in the window."""
        place = self.comparison.rows.place
        return explain_pair(self.comparison, place[first], place[second])

    # --- stories -------------------------------------------------------------------------------------

    def _names(self, story: Sequence[int]) -> frozenset[str]:
        return frozenset(self.comparison.rows.ids[place] for place in story)

    def _cross_language_features(self, one: int, two: int) -> dict[str, float]:
        """Return the features of a pair of different languages; an empty dict for a pair of one language."""
        across = self.comparison.cross_language
        return across.compared(one, two)[0] if across is not None and across.is_cross_language(one, two) else {}

    def _best(self, stories: Sequence[Sequence[int]]) -> dict[str, Best]:
        """Return the strongest edge of each report that is not alone."""
        places = [place for story in stories if len(story) > 1 for place in story]
        if not places:
            return {}
        ids = self.comparison.rows.ids
        owner, other, odds = self.comparison.graph.best_first(places, self.comparison.rows.rank)
        with self.comparison.rows.numbered(stories) as number:
            inside = number[other] == number[np.array(places)[owner]]
        owner, other, odds = owner[inside], other[inside], odds[inside]
        first = run_starts(owner)
        return {
            ids[places[n]]: Best(ids[to], value)
            for n, to, value in zip(owner[first].tolist(), other[first].tolist(), odds[first].tolist(), strict=True)
        }

    def _best_of_represented(self, stories: Sequence[int], unmoved: Collection[int]) -> dict[str, Best]:
        """Return the strongest edge within its story of each represented report that is not unmoved."""
        ids, found = self.comparison.rows.ids, {}
        for story in stories:
            for one in self._assigned.reports_of(story):
                best = None if one in unmoved else self._best_representative(one, story)
                if best is not None:
                    found[ids[one]] = best
        return found

    def _best_representative(self, represented: int, story: int) -> Best | None:
        """Return the edge to the best representative within a story; None where no representative is in it."""
        others, odds = self.comparison.represented.representatives(represented)
        for other, value in zip(others.tolist(), odds.tolist(), strict=True):
            if self._index.story_of.get(other) == story:
                return Best(self.comparison.rows.ids[other], value)
        return None

    def links(self, best: Mapping[str, Best]) -> dict[str, Link]:
        """Return the links of edges that :meth:`settle` returned; both reports of each must be in the window."""
        if not best:
            return {}
        rows = self.comparison.rows
        first = np.array([rows.place[name] for name in best])
        second = np.array([rows.place[one.other] for one in best.values()])
        columns = {name: values.tolist() for name, values in self.comparison.evidence(first, second).items()}
        bar = probability_of(self.params.story_bar)
        return {
            name: Link(
                bar,
                self._cross_language_features(rows.place[name], rows.place[one.other])
                or {feature: values[n] for feature, values in columns.items()},
            )
            for n, (name, one) in enumerate(best.items())
        }
