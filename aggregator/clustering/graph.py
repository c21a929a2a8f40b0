"""The graph of reports: cosines, connected components under constraints. Stands in for the engine of pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from aggregator.clustering.params import DEFAULT, ClusteringParams
from aggregator.clustering.vectors import ReportVector


@dataclass(frozen=True, slots=True)
class Constraints:
    """What editors demand of reports: sets to be found together, pairs of sets never to meet."""

    together: tuple[frozenset[str], ...] = ()
    apart: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """The strongest edge of a report inside its story."""

    other: str
    score: float
    features: Mapping[str, float]
    threshold: float


@dataclass(frozen=True, slots=True)
class Settled:
    """The complete groups of every component that was touched."""

    stories: tuple[frozenset[str], ...]
    storylines: tuple[tuple[frozenset[str], ...], ...]
    links: Mapping[str, Link]


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """What two reports share."""

    score: float
    features: Mapping[str, float]
    threshold: float


class StoryGraph:
    """Reports and their edges."""

    def __init__(self, params: ClusteringParams = DEFAULT) -> None:
        self._params = params
        self._vectors: dict[str, ReportVector] = {}
        self._postings: dict[str, set[str]] = defaultdict(set)
        self._edges: dict[str, dict[str, float]] = {}
        self._touched: set[str] = set()

    def load(self, rows: Iterable[tuple[str, ReportVector]]) -> None:
        """Take in a whole window; nothing of it is touched."""
        for report, vector in rows:
            self._put(report, vector)

    def add(self, report_id: str, vector: ReportVector) -> None:
        """Take in a report, or replace it."""
        self.remove([report_id])
        self._put(report_id, vector)
        self._touched.add(report_id)

    def remove(self, report_ids: Collection[str]) -> None:
        """Forget reports; what they were tied to is touched."""
        for report in report_ids:
            vector = self._vectors.pop(report, None)
            if vector is None:
                continue
            for other in self._of(report, vector):
                self._edges.get(other, {}).pop(report, None)
                self._touched.add(other)
            self._edges.pop(report, None)
            self._touched.discard(report)
            for term, _ in vector.terms:
                self._postings[term].discard(report)

    def touch(self, report_ids: Collection[str]) -> None:
        """Let the components of these reports be settled anew."""
        self._touched.update(report for report in report_ids if report in self._vectors)

    def settle(self, constraints: Constraints) -> Settled:
        """Return the groups of all that was touched."""
        bound: dict[str, set[str]] = defaultdict(set)
        for members in constraints.together:
            for one in members:
                bound[one] |= members - {one}
        looser = self._component(self._touched, self._params.storyline, bound)
        self._touched = set()
        scored = sorted(
            (
                (-score, *sorted((one, other)))
                for one in looser
                for other, score in self._near(one).items()
                if one < other
            )
        )
        home = {report: frozenset({report}) for report in looser}

        def join(one: str, other: str, *, free: bool) -> None:
            left, right = home[one], home[other]
            if left == right or (free and self._rivals(left, right, constraints)):
                return
            for report in left | right:
                home[report] = left | right

        for members in constraints.together:
            first, *others = sorted(members & looser) or [""]
            for other in others:
                join(first, other, free=False)
        for score, one, other in scored:
            if -score >= self._params.threshold:
                join(one, other, free=True)
        stories = tuple(sorted(set(home.values()), key=min))
        lines: dict[frozenset[str], set[frozenset[str]]] = {story: {story} for story in stories}
        for _, one, other in scored:
            merged = lines[home[one]] | lines[home[other]]
            for story in merged:
                lines[story] = merged
        tied = {frozenset(line) for line in lines.values() if len(line) > 1}
        links = {}
        for report, story in home.items():
            best = max(((score, other) for other, score in self._near(report).items() if other in story), default=None)
            if best is not None:
                links[report] = Link(best[1], best[0], {"cosine": best[0]}, self._params.threshold)
        return Settled(
            stories, tuple(sorted((tuple(sorted(line, key=min)) for line in tied), key=lambda l: min(l[0]))), links
        )

    def explain(self, first: str, second: str) -> PairExplanation:
        """Return what speaks for and against two reports being of one story."""
        score = _cosine(self._vectors[first], self._vectors[second])
        return PairExplanation(score, {"cosine": score}, self._params.threshold)

    def _put(self, report: str, vector: ReportVector) -> None:
        self._vectors[report] = vector
        for term, _ in vector.terms:
            self._postings[term].add(report)

    def _of(self, report: str, vector: ReportVector) -> dict[str, float]:
        found = {}
        for other in {one for term, _ in vector.terms for one in self._postings[term]} - {report}:
            if other in self._vectors:
                there = self._vectors[other]
                score = _cosine(vector, there)
                close = abs(vector.time - there.time) <= self._params.window or not (vector.dated and there.dated)
                if score >= self._params.storyline and close and vector.language == there.language:
                    found[other] = score
        return found

    def _near(self, report: str) -> dict[str, float]:
        if report not in self._edges:
            self._edges[report] = self._of(report, self._vectors[report])
            for other, score in self._edges[report].items():
                if other in self._edges:
                    self._edges[other][report] = score
        return self._edges[report]

    def _component(self, start: Collection[str], bar: float, bound: Mapping[str, Collection[str]]) -> set[str]:
        found, waiting = set(start), list(start)
        while waiting:
            one = waiting.pop()
            near = {other for other, score in self._near(one).items() if score >= bar}
            near |= {other for other in bound.get(one, ()) if other in self._vectors}
            waiting += near - found
            found |= near
        return found

    @staticmethod
    def _rivals(left: frozenset[str], right: frozenset[str], constraints: Constraints) -> bool:
        return any((left & one and right & other) or (left & other and right & one) for one, other in constraints.apart)


def _cosine(left: ReportVector, right: ReportVector) -> float:
    there = dict(right.terms)
    return round(sum(weight * there.get(term, 0.0) for term, weight in left.terms), 4)
