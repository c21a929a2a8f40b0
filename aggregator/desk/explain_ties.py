"""Explains what ties two stories into one storyline, or what is missing, as one true sentence with its evidence."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from types import MappingProxyType

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.sentences import PAST_THE_WINDOW, different_languages, too_long_between
from aggregator.clustering.tie_explanations import TieExplanation, days_and_reports, direct_ties, explain_tie
from aggregator.clustering.tie_sentences import alike, tied, untied
from aggregator.clustering.vectors import VERSION
from aggregator.desk.pair_evidence import ExplainerBase
from aggregator.model import Entry, Match, Story

ONE_STORY = "Both ids mean one story."
PAST = "The window no longer holds reports of both, so what ties them cannot be told any more."
_NEAREST = 30  # the newest reports of a story, which are compared without the window
NO_BOUNDS: Mapping[str, float] = MappingProxyType({})
ACROSS = "They are in different languages, and tied by what they mean."
WHOLE = "Nothing ties these two by themselves; their storyline holds them both through older stories, or as a whole."


@dataclass(frozen=True, slots=True)
class TieWhy:
    """The explanation of two stories: their common storyline, the sentence, and the link on which it is based."""

    story: str
    other: str
    storyline: str | None  # the common one, if any
    sentence: str
    links: tuple[Match, ...] = ()
    through: tuple[str, ...] = ()  # stories that tie the two indirectly, if no direct tie exists


class TieExplainer(ExplainerBase):
    """Explains the ties between stories of one window.

    Without the window only reports of the given stories are compared, which is quick. The sentences then say what two
    reports share, but not how many others share it, nor how likely it is that they belong to one affair.
    """

    def between(self, prefix: str, other_prefix: str) -> TieWhy:
        """Explain what ties two stories, or what is missing."""
        story, other = self._reader.story(prefix), self._reader.story(other_prefix)
        if story.summary.id == other.summary.id:
            return TieWhy(story.summary.id, other.summary.id, None, ONE_STORY)
        line = _storyline(story)
        if line is None or line != _storyline(other):
            return self._untied(story, other)
        return self._tied(story, [other], line)[other.summary.id]

    def neighbours(self, story: Story, ids: Collection[str]) -> dict[str, TieWhy]:
        """Return story id -> explanation of its tie to this story, for other stories of its storyline."""
        line = _storyline(story)
        others = self._reader.load(sorted(ids))
        if line is None or not others:
            return {}
        if self._in_window:
            return self._tied(story, others, line)
        graph = self._window.graph_of(report for one in (story, *others) for report in _newest(one))
        graph.bring_up_to_date()
        return {one.summary.id: self._alike(graph, story, one, line) for one in others}

    # --- tied ------------------------------------------------------------------------------

    def _tied(self, story: Story, others: Sequence[Story], line: str) -> dict[str, TieWhy]:
        every = {one.summary.id: one for one in self._reader.load(self._placer.lines.stories_of(line))}
        paths = self._paths(story.summary.id, every)
        return {one.summary.id: self._tie(story, one, line, paths.get(one.summary.id)) for one in others}

    def _tie(self, story: Story, other: Story, line: str, path: tuple[str, ...] | None) -> TieWhy:
        ids = story.summary.id, other.summary.id
        if word := self._tied_by_word(story, other):
            return TieWhy(*ids, line, word)
        found = explain_tie(self._window.compared_graph(), _reports(story), _reports(other))
        if found is None:
            return TieWhy(*ids, line, PAST)
        if found.counts:
            match = self._match(found)
            return TieWhy(*ids, line, tied(match, self._zone, by_itself=found.holds), (match,))
        if path:
            return TieWhy(
                *ids, line, f"Nothing ties these two by themselves; both are tied through {', '.join(path)}.", (), path
            )
        return TieWhy(*ids, line, WHOLE)

    def _paths(self, start: str, every: Mapping[str, Story]) -> dict[str, tuple[str, ...]]:
        """Return story -> the stories between it and the first one, by the fewest ties."""
        names = sorted(every, key=lambda one: (every[one].summary.first_seen, one))
        near: dict[str, list[str]] = {name: [] for name in names}
        by_editors = self._tied_by_editors([every[name] for name in names])
        for one, two in (
            *direct_ties(self._window.compared_graph(), [_reports(every[name]) for name in names]),
            *by_editors,
        ):
            near[names[one]].append(names[two])
            near[names[two]].append(names[one])
        paths: dict[str, tuple[str, ...]] = {start: ()}
        waiting = deque([start])
        while waiting:
            here = waiting.popleft()
            for there in near[here]:
                if there not in paths:
                    paths[there] = (*paths[here], here) if here != start else ()
                    waiting.append(there)
        return paths

    def _tied_by_word(self, story: Story, other: Story) -> str | None:
        decision = self._constraints.tied_by(_entries(story), _entries(other))
        return None if decision is None else f"Tied by an editor's word: {decision.sentence}"

    def _tied_by_editors(self, stories: Sequence[Story]) -> list[tuple[int, int]]:
        ties = self._constraints.ties()
        number = {entry: n for n, story in enumerate(stories) for entry in _entries(story)} if ties else {}
        groups = ({number[entry] for entry in group if entry in number} for group in ties.groups())
        return [(min(group), other) for group in groups for other in sorted(group)[1:]]

    def _alike(self, graph: StoryGraph, story: Story, other: Story, line: str) -> TieWhy:
        """Return what the two most similar reports of two tied stories share, by their texts alone."""
        ids = story.summary.id, other.summary.id
        if word := self._tied_by_word(story, other):
            return TieWhy(*ids, line, word)
        if not _languages(story) & _languages(other):
            return TieWhy(*ids, line, ACROSS)
        found = explain_tie(graph, _newest(story), _newest(other))
        if found is None:
            return TieWhy(*ids, line, PAST)
        match = self._match(found)
        return TieWhy(*ids, line, alike(match, self._zone), (match,))

    # --- untied ----------------------------------------------------------------------------

    def _untied(self, story: Story, other: Story) -> TieWhy:
        ids = story.summary.id, other.summary.id
        word = self._constraints.untied_by(_entries(story), _entries(other))
        if word is not None:
            return TieWhy(*ids, None, f"Apart by an editor's word: {word.sentence}")
        hours, window = _hours_between(story, other), self._settings.stories.window.total_seconds() / 3600
        if hours > window:
            return TieWhy(*ids, None, too_long_between(hours, window))
        found = explain_tie(self._window.compared_graph(), _reports(story), _reports(other))
        if found is None:
            return TieWhy(*ids, None, PAST_THE_WINDOW)
        languages = _languages(story), _languages(other)
        if not found.linked and not languages[0] & languages[1] and "meaning" not in self._match(found).evidence:
            return TieWhy(*ids, None, different_languages(*("/".join(sorted(one)) for one in languages)))
        missing, bounds = self._missing(found, story, other)
        match = self._match(found, bounds)
        return TieWhy(*ids, None, untied(match, missing, self._zone), (match,))

    def _missing(self, found: TieExplanation, story: Story, other: Story) -> tuple[str, Mapping[str, float]]:
        """Return what keeps two stories apart, and the figures of a storyline's bounds."""
        if not found.linked:
            return "link" if found.event <= found.event_needed else "candidate", {}
        if found.mean is None:
            return "weak", {}
        if not found.counts:
            return "affair", {}
        if not found.holds:
            return "mean", {}
        graph = self._window.compared_graph()
        days, size = days_and_reports(graph, [*self._with_storyline(story), *self._with_storyline(other)])
        most_days, most_size = graph.params.storyline_days, graph.params.storyline_reports
        bounds = {"days": round(days, 1), "most_days": most_days, "size": size, "most_size": most_size}
        return "days" if days > most_days else "reports" if size > most_size else "whole", bounds

    def _with_storyline(self, story: Story) -> list[str]:
        line = _storyline(story)
        stories = self._reader.load(self._placer.lines.stories_of(line)) if line is not None else [story]
        return [report for one in stories for report in _reports(one)]

    # --- pieces ----------------------------------------------------------------------------

    def _match(self, found: TieExplanation, bounds: Mapping[str, float] = NO_BOUNDS) -> Match:
        """Return the link between two stories, with what its two reports share."""
        one, other = self._speaker(found.one), self._speaker(found.other)
        by_affair = found.affair is not None
        figures = {name: value for name, value in asdict(found).items() if name not in ("one", "other", "pair")}
        match = Match(
            "tie",
            one.id,
            other.id,
            "affair" if by_affair else "event",
            round((found.affair if by_affair else found.mean) or 0.0, 4),
            round(found.affair_needed if by_affair else found.event_needed, 4),
            {**found.pair.features, **figures, **bounds, "publisher": one.publisher, "time": one.time.isoformat()},
            VERSION,
        )
        return self._evidence.of(match)

    def _speaker(self, report: str) -> Entry:
        """Return the entry whose text a report's vector is of."""
        row = self._placer.vectors.get(report)
        return self._reader.entries.get(row.entry_id if row is not None else report)


def _hours_between(story: Story, other: Story) -> float:
    """Return the hours between the two nearest entries of two stories."""
    every = sorted([*((one.time, True) for one in story.entries), *((one.time, False) for one in other.entries)])
    gaps = (late - early for (early, left), (late, right) in pairwise(every) if left is not right)
    return min(gaps).total_seconds() / 3600


def _storyline(story: Story) -> str | None:
    return story.summary.storyline.id if story.summary.storyline is not None else None


def _entries(story: Story) -> frozenset[str]:
    return frozenset(entry.id for entry in story.entries)


def _languages(story: Story) -> frozenset[str]:
    return frozenset(entry.language or "unknown" for entry in story.entries)


def _newest(story: Story) -> Collection[str]:
    return list(_reports(story))[-_NEAREST:]


def _reports(story: Story) -> Collection[str]:
    return [report.id for report in story.reports]
