"""The stories of the window: a pure function of the reports in it and of the editors' decisions.

Nothing depends on the order of arrivals or on how they are cut into passes. Only what a change touches is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from aggregator.clustering.blocks import Engine, blocks, report_set
from aggregator.clustering.bound import NO_CONSTRAINTS, Bound, Constraints, StoryMarks
from aggregator.clustering.company import ALONE, Company, homes
from aggregator.clustering.comparing import Changes, Comparison
from aggregator.clustering.components import components
from aggregator.clustering.explanations import PairExplanation, SharedTerm, chance, explained, shared_terms
from aggregator.clustering.meaning import Meaning
from aggregator.clustering.own_names import OwnNames
from aggregator.clustering.params import DEFAULT, ClusteringParams
from aggregator.clustering.partition import Edges, partition, with_far_ones
from aggregator.clustering.rows import Floats, Places
from aggregator.clustering.scoring import Scorer, shipped_scorer
from aggregator.clustering.storylines import Affairs
from aggregator.clustering.vectors import ReportVector

# Edges kept by the places whose log odds are averaged at once, some tenths of a second, and the fewest such places.
_MOST_EDGES, _LEAST_AVERAGED = 40_000, 200


@dataclass(frozen=True, slots=True)
class Link:
    """The strongest edge of a report inside its story."""

    other: str
    score: float  # probability
    threshold: float  # probability of the bar
    features: Mapping[str, float]
    shared: tuple[SharedTerm, ...] = ()  # the most telling terms
    before: int = 0  # reports of the language before the later of the two, within the window


class Best(NamedTuple):
    """The strongest edge of a report inside its story."""

    other: str
    odds: float  # log odds

    @property
    def score(self) -> float:
        """The probability."""
        return chance(self.odds)


@dataclass(frozen=True, slots=True)
class Settled:
    """What :meth:`StoryGraph.settle` found for everything that was touched."""

    stories: tuple[frozenset[str], ...]  # complete and disjoint; every touched report stands in one
    storylines: tuple[tuple[frozenset[str], ...], ...] = ()  # of two stories or more
    best: Mapping[str, Best] = field(default_factory=dict)  # of each report that is neither alone nor quiet
    quiet: frozenset[str] = frozenset()  # represented reports of these stories that were told before to be in them


class StoryGraph:
    """The reports of the window with their edges."""

    def __init__(
        self, params: ClusteringParams = DEFAULT, scorer: Scorer | None = None, across_languages: bool = False
    ) -> None:
        self.params = params
        self.comparison = Comparison(params, scorer or shipped_scorer(), across_languages)
        self._touched: set[str] = set()
        self._affairs = Affairs()
        self._company = Company()
        self._told: set[str] = set()  # represented reports whose story was told, and may not be written yet

    def __len__(self) -> int:
        return len(self.comparison.rows.place)

    def set_meanings(self, meanings: Mapping[str, Meaning]) -> None:
        """Set the meanings of reports that are added next; only these are compared across languages."""
        if self.comparison.across is not None:
            self.comparison.across.set_meanings(meanings)

    def load(self, rows: Iterable[tuple[str, ReportVector]], engine: Engine | None = None) -> None:
        """Take a window's reports as they were stored; all are compared when something is settled first, or now on an engine.

        Comparing only what is touched would be quicker and not the same: what a pair's surroundings say depends on theirs.
        """
        given = dict(rows)
        if engine is None or len(self) or self.comparison.across is not None or not given:
            self.comparison.add(given.items())
            return
        reports = report_set(self.params, given)
        self.comparison.add(given.items())
        if not self.comparison.take(looked for answer in engine(reports, blocks(len(given))) for looked in answer):
            self.comparison = Comparison(self.params, self.comparison.scorer)
            self.comparison.add(given.items())

    def add(self, report_id: str, vector: ReportVector) -> None:
        """Add a report, or replace it; it counts as touched."""
        self.add_all([(report_id, vector)])

    def add_all(self, rows: Iterable[tuple[str, ReportVector]]) -> None:
        """Add reports at once; they count as touched."""
        given = list(rows)
        place = self.comparison.rows.place
        self._forget([place[name] for name, _ in given if name in place])  # what is replaced has another place
        self.comparison.add(given)
        self._touched.update(name for name, _ in given)

    def remove(self, report_ids: Collection[str]) -> None:
        """Forget reports; those tied to them count as touched."""
        rows = self.comparison.rows
        places = [rows.place[name] for name in report_ids if name in rows.place]
        self._touched -= set(report_ids)
        self.comparison.remove(report_ids)
        self._forget(places)
        moved = self.comparison.compacted()
        if moved is not None:
            self._affairs.moved(moved)
            self._company.moved(moved)

    def _forget(self, places: Sequence[int]) -> None:
        """Forget where reports stand that are gone; the represented ones of a story stay with what is left of it."""
        self._company.forget(places)
        gone, ids = set(places), self.comparison.rows.ids
        for story in {self._affairs.story[place] for place in places if place in self._affairs.story}:
            if self._company.of(story):
                left = [place for place in self._affairs.members[story] if place not in gone]
                self._touched.update(ids[place] for place in left[:1] or self._company.of(story))
                self._company.follow({story: left[0] if left else ALONE})
        self._affairs.forget(places)

    def touch(self, report_ids: Collection[str]) -> None:
        """Have these reports' stories computed anew."""
        self._touched.update(name for name in report_ids if name in self.comparison.rows.place)

    def settle(self, constraints: Constraints = NO_CONSTRAINTS) -> Settled:
        """Return the stories and storylines of everything that was touched."""
        place, represented = self.comparison.rows.place, self.comparison.represented
        changes = self.comparison.compare()
        touched = {place[name] for name in self._touched if name in place}
        touched |= changes.new | self._shaken(changes) | changes.represented
        self._touched = set()
        bound = Bound(constraints, place, represented)
        aside = {one for one in touched if one in represented}
        self._company.forget(touched - aside)
        self._affairs.forget([one for one in aside if one in self._affairs.story], keep_component=True)
        starts = touched - aside | {one for one in aside if bound.names(one)}
        stories: list[list[int]] = []
        for component in components(self.comparison.graph, starts, self.params.story_bar, bound.neighbours):
            compared = [one for one in component if one not in represented] if len(represented) else component
            stories += self._stories(compared, bound) if compared else []
        names = {story[0] for story in stories}
        anew = self._place(stories)
        quiet: set[int] = set()
        if len(represented) or self._company.homeless:
            names |= self._join_company(aside, anew, bound)
        ordered = sorted(name for name in names if name in self._affairs.members)
        alone = [one for one in aside if one not in self._affairs.story and self._company.home[one] == ALONE]
        ids = self.comparison.rows.ids
        quiet = {one for name in ordered for one in self._company.of(name) if ids[one] not in self._told}
        lines = self._affairs.storylines(self.comparison, starts, self.params)
        return Settled(
            (*map(self._whole, ordered), *(self._names([one]) for one in sorted(alone))),
            tuple(tuple(self._whole(story[0]) for story in line) for line in lines),
            self._best([self._affairs.members[name] for name in ordered]) | self._best_of_company(ordered, quiet),
            self._names(list(quiet)),
        )

    def written(self) -> None:
        """Hear that all that was told is stored."""
        self._told = set()

    def _whole(self, story: int) -> frozenset[str]:
        return self._names([*self._affairs.members[story], *self._company.of(story)])

    def _place(self, stories: list[list[int]]) -> list[int]:
        """Take note of stories that were computed anew; return the places of those that did not only grow."""
        anew: list[int] = []
        became: dict[int, int] = {}
        for story in stories:
            here = set(story)
            before = {self._affairs.story[one] for one in story if one in self._affairs.story}
            whole = [name for name in before if here.issuperset(self._affairs.members[name])]
            became.update((name, story[0] if name in whole else ALONE) for name in before)
            if len(whole) != 1 or len(before) != 1:
                anew += story
        self._affairs.place(stories)
        self._company.follow({name: now for name, now in became.items() if name != now})
        return anew

    def _join_company(self, aside: set[int], anew: list[int], bound: Bound) -> set[int]:
        """Find the stories of the represented reports that may have another one; return the stories that they left or joined."""
        rows, company = self.comparison.rows, self._company
        represented, told = self.comparison.represented, set(aside) | company.homeless
        asked = {
            one for one in (*aside, *represented.following(anew).tolist(), *company.homeless) if one in represented
        }
        company.homeless = set()
        named = sorted((one for one in asked if bound.names(one)), key=lambda one: (rows.rank[one], rows.ids[one]))
        touched = {company.home.get(one, ALONE) for one in asked}
        free = sorted(asked.difference(named))
        for one, home in homes(free, represented, self._affairs.story, self.params).items():
            if company.put(one, home):
                told.add(one)

        marks = StoryMarks(bound, lambda story: (*self._affairs.members[story], *company.of(story)))
        company.forget(named)  # who is to leave keeps nobody out who is to stay
        for one in named:
            home = homes([one], represented, self._affairs.story, self.params, marks.may_join)[one]
            company.put(one, home)
            marks.joined(one, home)
            told.add(one)
        touched |= {company.home[one] for one in asked} | self._bind(bound)
        self._told.update(rows.ids[one] for one in told)
        return touched

    def _bind(self, bound: Bound) -> set[int]:
        """Make one story of those in which the reports stand that belong together, where some of these are represented."""
        touched: set[int] = set()
        story, home = self._affairs.story, self._company.home
        for group in bound.together:
            aside = [one for one in group if one in home]
            names = {name for one in group if (name := story.get(one, home.get(one, ALONE))) != ALONE}
            alone = [one for one in aside if home[one] == ALONE and one not in story]
            if not aside or (len(names) < 2 and not alone):
                continue
            if names:
                merged = sorted(place for name in names for place in self._affairs.members[name])
                for one in alone:
                    self._company.put(one, min(names))
            else:
                merged = sorted(alone)
            self._affairs.place([merged])
            self._company.follow({name: merged[0] for name in names if name != merged[0]})
            touched |= names | {merged[0]}
        return touched

    def _shaken(self, changes: Changes) -> set[int]:
        """Return the ends of changed edges that can change a story or a storyline."""
        alive = self.comparison.rows.alive
        part = self._affairs.component
        strong = changes.strongest > self.params.storyline_bar
        found = {*changes.first[strong].tolist(), *changes.second[strong].tolist()}
        first, second = changes.first[~strong], changes.second[~strong]
        ends, number = np.unique(np.concatenate([first, second]), return_inverse=True)
        parts = np.array([part.get(place, -1) for place in ends.tolist()], np.int64)[number]
        one = (parts[: len(first)] == parts[len(first) :]) & (parts[: len(first)] >= 0)
        found.update(first[one].tolist(), second[one].tolist())
        return {place for place in found if alive[place]}

    def explain(self, first: str, second: str) -> PairExplanation:
        """Return what two reports share and what speaks against; raises KeyError where one is not in the window."""
        place = self.comparison.rows.place
        return explained(self.comparison, place[first], place[second])

    # --- stories -------------------------------------------------------------------------------------

    def _names(self, story: Sequence[int]) -> frozenset[str]:
        return frozenset(self.comparison.rows.ids[place] for place in story)

    def _stories(self, component: Sequence[int], bound: Bound) -> list[list[int]]:
        """Return the stories of one component."""
        if len(component) == 1:
            return [list(component)]
        rows = self.comparison.rows
        order = sorted(component, key=lambda place: (rows.rank[place], rows.ids[place]))
        most = self._averaged(order)
        core, rest = order[:most], order[most:]
        stories = [[core[n] for n in group] for group in self._parted(core, bound)]
        if rest:
            alone = self._attach(rest, stories, bound)
            stories += self._stories(alone, bound) if alone else []
        return [sorted(story) for story in stories]

    def _averaged(self, order: Sequence[int]) -> int:
        """Return of how many places the log odds are averaged at once: a flood's have so many edges that fewer are taken."""
        most = min(len(order), self.params.largest_component)
        edges = np.cumsum([len(self.comparison.graph.kept_by([place])) for place in order[:most]])
        return min(most, max(_LEAST_AVERAGED, int(np.searchsorted(edges, _MOST_EDGES, "right"))))

    def _parted(self, order: Sequence[int], bound: Bound) -> list[list[int]]:
        """Return the groups of some places, by their numbers."""
        graph = self.comparison.graph
        ids = graph.incident(order)
        with self.comparison.rows.numbered([[place] for place in order]) as numbers:
            first, second = numbers[graph.first[ids]], numbers[graph.second[ids]]
        inside = (first >= 0) & (second >= 0)
        odds = np.clip(graph.final[ids[inside]], *self.params.clip).astype(np.float64)
        places, rows, params = np.array(order), self.comparison.rows, self.params
        known = Edges(first[inside], second[inside], odds)
        edges = with_far_ones(known, rows.reports.time[places], params.window, params.story_bar)
        number = {place: n for n, place in enumerate(order)}
        apart = OwnNames(rows, places, params).keep_apart if len(order) >= 2 * params.own_names_reports else None
        return partition(len(order), edges, params.story_bar, params.missing, bound.bonds(number), apart)

    def _attach(self, rest: Sequence[int], stories: list[list[int]], bound: Bound) -> list[int]:
        """Put each place of a component that is too large into the story of its best edge; return those that have none."""
        owner, other, odds = self._ordered_edges(rest)
        with self.comparison.rows.numbered(stories) as story:
            home = story[other]
        tied = (odds > self.params.story_bar) & (home >= 0)
        owner, home = owner[tied], home[tied]
        first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]]) if len(owner) else owner
        nearest = dict(zip(owner[first].tolist(), home[first].tolist(), strict=True))
        alone = []
        for number, place in enumerate(rest):
            chosen = nearest.get(number)
            if chosen is not None and not bound.may_join(place, stories[chosen]):
                others = home[owner == number].tolist()
                chosen = next((one for one in others if bound.may_join(place, stories[one])), None)
            if chosen is None:
                alone.append(place)
            else:
                stories[chosen].append(place)
        return alone

    def _ordered_edges(self, places: Sequence[int]) -> tuple[Places, Places, Floats]:
        """Return the edges that places keep: number of the place, other end, log odds; the best of each place first."""
        graph, rank = self.comparison.graph, self.comparison.rows.rank
        owner, edges, other = graph.ends(places)
        odds = graph.final[edges]
        order = np.lexsort((other, rank[other], -odds, owner))
        return owner[order], other[order], odds[order]

    def _across(self, one: int, two: int) -> dict[str, float]:
        """Return the features of a pair of two languages; none of a pair of one."""
        across = self.comparison.across
        return across.compared(one, two)[0] if across is not None and across.is_across(one, two) else {}

    def _best(self, stories: Sequence[Sequence[int]]) -> dict[str, Best]:
        """Return the strongest edge of each report that is not alone."""
        places = [place for story in stories if len(story) > 1 for place in story]
        if not places:
            return {}
        ids = self.comparison.rows.ids
        owner, other, odds = self._ordered_edges(places)
        with self.comparison.rows.numbered(stories) as number:
            inside = number[other] == number[np.array(places)[owner]]
        owner, other, odds = owner[inside], other[inside], odds[inside]
        first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]]) if len(owner) else owner
        return {
            ids[places[n]]: Best(ids[to], value)
            for n, to, value in zip(owner[first].tolist(), other[first].tolist(), odds[first].tolist(), strict=True)
        }

    def _best_of_company(self, stories: Sequence[int], quiet: Collection[int]) -> dict[str, Best]:
        """Return the strongest edge within its story of each represented report that is not quiet."""
        ids, found = self.comparison.rows.ids, {}
        for story in stories:
            for one in self._company.of(story):
                if one not in quiet:
                    others, odds = self.comparison.represented.of(one)
                    for other, value in zip(others.tolist(), odds.tolist(), strict=True):
                        if self._affairs.story.get(other) == story:
                            found[ids[one]] = Best(ids[other], value)
                            break
        return found

    def links(self, best: Mapping[str, Best]) -> dict[str, Link]:
        """Return what edges say that :meth:`settle` told of; both their reports must be in the window."""
        if not best:
            return {}
        rows = self.comparison.rows
        first = np.array([rows.place[name] for name in best])
        second = np.array([rows.place[one.other] for one in best.values()])
        columns = {name: values.tolist() for name, values in self.comparison.evidence(first, second).items()}
        bar = chance(self.params.story_bar)
        terms = shared_terms(self.comparison, first, second)
        before = rows.reports.before[np.where(rows.is_before(first, second), second, first)].tolist()
        return {
            name: Link(
                one.other,
                one.score,
                bar,
                self._across(rows.place[name], rows.place[one.other])
                or {feature: values[n] for feature, values in columns.items()},
                terms[n][:5],
                before[n],
            )
            for n, (name, one) in enumerate(best.items())
        }


def group(
    reports: Iterable[tuple[str, ReportVector]],
    constraints: Constraints = NO_CONSTRAINTS,
    params: ClusteringParams = DEFAULT,
    scorer: Scorer | None = None,
) -> Settled:
    """Return the stories and storylines of a set of reports."""
    graph = StoryGraph(params, scorer)
    graph.add_all(reports)
    return graph.settle(constraints)
