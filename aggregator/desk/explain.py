"""Explains why an entry is in its story, or not in another, as one true sentence with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.clustering.explanations import probability_of
from aggregator.clustering.sentences import PAST_THE_WINDOW, apart, different_languages, sentence, too_long_between
from aggregator.clustering.shared_terms import cross_language_agreement
from aggregator.clustering.vectors import VERSION
from aggregator.desk.pair_evidence import ExplainerBase
from aggregator.exceptions import NotFoundError
from aggregator.model import Entry, Match, Story
from aggregator.text.counts import amount

NEAREST = 60  # the newest reports of a story, among which the most similar one is searched


@dataclass(frozen=True, slots=True)
class Why:
    """The explanation of an entry: its id, the sentence, and the links on which it is based."""

    entry: str
    sentence: str
    links: tuple[Match, ...]


class Explainer(ExplainerBase):
    """Explains entries from the stored links, the window's graph and the texts.

    Without the window the sentences say which words two reports share, but not how many other reports have them.
    """

    def explain(self, prefix: str, entry_prefix: str | None) -> Why:
        """Explain why an entry is in a story, or why it is not; without an entry, explain the newest one."""
        reader = self._reader
        story = reader.story(prefix)
        if entry_prefix is None:
            entry = max(
                story.entries, key=lambda one: (bool(reader.matches.of_entries([one.id])), one.first_seen, one.id)
            )
            return self._inside(story, entry)
        entry = reader.entry(entry_prefix)
        return self._inside(story, entry) if entry.story_id == story.summary.id else self._outside(story, entry)

    def explain_all(self, story: Story) -> dict[str, Why]:
        """Return entry id -> explanation, for all entries of a story."""
        return {entry.id: self._inside(story, entry) for entry in story.entries}

    def _inside(self, story: Story, entry: Entry) -> Why:
        """Explain an entry inside a story by its own links, and a copy also by those of the report's other entries."""
        matches = self._reader.matches.of_entries
        own = [self._evidence.of(match) for match in matches([entry.id])]
        report = next(one for one in story.reports if one.id == entry.report_id)
        others = [match for other in report.entries if other.id != entry.id for match in matches([other.id])]
        links = own + [self._evidence.of(match) for match in others if match.kind != "copy"]
        if not links:
            return Why(entry.id, _alone(story), ())
        editors = [match for match in own if match.kind == "editor"]
        copies = [match for match in own if match.kind == "copy"]
        decisive = (editors or copies or own or links)[-1]
        text = sentence(decisive, self._zone)
        if decisive.entry_id != entry.id:
            text = f"Another entry with the same text brought it here: {text[0].lower()}{text[1:]}"
        return Why(entry.id, text, tuple(links))

    def _outside(self, story: Story, entry: Entry) -> Why:
        reader = self._reader
        theirs = frozenset(other.id for other in story.entries)
        own = frozenset(reader.entries.ids_of_story(entry.story_id))
        word = self._constraints.between(own, theirs)
        if word is not None:
            return Why(entry.id, f"Not in this story by an editor's word: {word.sentence}", ())
        links = tuple(self._evidence.of(match) for match in reader.matches.of_entries([entry.id]))
        if not links and not entry.story_id:
            raise NotFoundError(f"entry {entry.id} is in no story")
        return Why(entry.id, self._apart(story, entry), links)

    def _apart(self, story: Story, entry: Entry) -> str:
        languages = {other.language for other in story.entries}
        if entry.language not in languages and not self._compared_across(story, entry):
            return different_languages(entry.language, "/".join(sorted(one or "unknown" for one in languages)))
        hours = min(abs((other.time - entry.time).total_seconds()) / 3600 for other in story.entries)
        window = self._settings.stories.window.total_seconds() / 3600
        if hours > window:
            return too_long_between(hours, window)
        graph = self._window.compared_graph()
        near = [report.id for report in story.reports if report.id in self._window][-NEAREST:]
        if entry.report_id not in self._window or not near:
            return PAST_THE_WINDOW
        pairs = [(graph.explain(entry.report_id, other), other) for other in near]
        best, other = max(pairs, key=lambda pair: (pair[0].odds, pair[1]))
        speaker = self._placer.vectors.get(other)
        match = Match(
            "story",
            entry.id,
            speaker.entry_id if speaker else other,
            "pair",
            round(best.probability, 4),
            round(probability_of(best.bar), 4),
            dict(best.features),
            VERSION,
        )
        return apart(self._evidence.of(match), self._zone)

    def _compared_across(self, story: Story, entry: Entry) -> bool:
        """Return whether an entry is compared with any report of a story of other languages."""
        graph = self._window.compared_graph()
        return any(
            cross_language_agreement(graph, entry.report_id, report.id) is not None
            for report in story.reports[-NEAREST:]
        )


def _alone(story: Story) -> str:
    if story.summary.entries == 1:
        return "It is the only entry of this story: nothing stored is near enough to its text or its event."
    others = story.summary.reports - 1
    if not others:
        carriers = story.summary.entries - 1
        return f"It opened this story; {amount(carriers, 'other entry carries', 'other entries carry')} its text."
    if others == 1:
        return "The other report of this story is not near to its text; an editor holds it here."
    return (
        "No single report of this story is near to its text; "
        f"an editor holds it here, or the {others:,} other reports do together."
    )
