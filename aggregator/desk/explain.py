"""Why an entry stands where it stands, in one true sentence with the evidence behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.clustering.identifiers import mint
from aggregator.clustering.sentences import sentence
from aggregator.desk.reader import Reader
from aggregator.exceptions import NotFoundError
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.place import Placer
from aggregator.model import Entry, Match, Story
from aggregator.settings import Settings
from aggregator.storage.database import Store

MERGED = "It opened a story of its own, which a second look merged into this one: their reports tell one event."


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to "why": the entry asked about, the sentence, and the edges it rests on."""

    entry: str
    sentence: str
    links: tuple[Match, ...]


def explain(reader: Reader, store: Store, settings: Settings, prefix: str, entry_prefix: str | None) -> Why:
    """Say why an entry stands in a story, or what keeps it out; without an entry, why the newest one joined."""
    story = reader.story(prefix)
    members = [entry for report in story.reports for entry in report.entries]
    if entry_prefix is None:
        entry = max(members, key=lambda one: (bool(reader.stories.matches([one.id])), one.first_seen, one.id))
        return _inside(reader, story, entry)
    entry = reader.entry(entry_prefix)
    if entry.story_id == story.summary.id:
        return _inside(reader, story, entry)
    return _outside(reader, store, settings, story, entry)


def explain_all(reader: Reader, story: Story) -> dict[str, Why]:
    """Return entry id -> why it stands in its story, for all entries of one."""
    return {entry.id: _inside(reader, story, entry) for report in story.reports for entry in report.entries}


def _inside(reader: Reader, story: Story, entry: Entry) -> Why:
    """Follow the edges from the entry to the story: its own, and for a copy those of the report's first entry."""
    own = reader.stories.matches([entry.id])
    report = next(one for one in story.reports if one.id == entry.report_id)
    links = own + [
        match
        for other in report.entries
        if other.id != entry.id
        for match in reader.stories.matches([other.id])
        if match.kind != "copy"
    ]
    if not links:
        merges = tuple(one for one in reader.stories.story_matches(story.summary.id) if one.method == "second look")
        if merges and not any(mint("s", one.id) == story.summary.id for one in report.entries):
            return Why(entry.id, MERGED, merges)
        return Why(entry.id, _alone(story, entry), ())
    decisive = next((match for match in reversed(own) if match.kind == "editor"), own[-1] if own else links[-1])
    told = sentence(decisive)
    if decisive.entry_id != entry.id:
        told = f"The text of its report brought it here. {told}"
    return Why(entry.id, told, tuple(links))


def _alone(story: Story, entry: Entry) -> str:
    if story.summary.entries == 1:
        return "It is the only entry of this story: nothing stored is near enough to its text or its event."
    others = story.summary.reports - 1
    if not others:
        return f"It opened this story; {story.summary.entries - 1} other entries carry its text."
    return f"It opened this story; {others} other report{'s' if others > 1 else ''} joined it since."


def _outside(reader: Reader, store: Store, settings: Settings, story: Story, entry: Entry) -> Why:
    theirs = frozenset(other.id for report in story.reports for other in report.entries)
    own = frozenset(reader.entries.ids_of_story(entry.story_id))
    word = EditorConstraints(store).between(own, theirs)
    if word is not None:
        return Why(entry.id, f"Not in this story by an editor's word: {word.sentence}", ())
    apart = Placer(store, settings).finder.explain_apart(entry.report_id, story.summary.id)
    return Why(entry.id, apart, _edges(reader, entry))


def _edges(reader: Reader, entry: Entry) -> tuple[Match, ...]:
    found: Sequence[Match] = reader.stories.matches([entry.id])
    if not found and not entry.story_id:
        raise NotFoundError(f"entry {entry.id} is in no story")
    return tuple(found)
