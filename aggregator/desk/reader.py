"""Read access for the desk: lists of stories, stories, entries, search. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from aggregator.model import Entry, Flag, Report, Story, Storyline, StoryQuery, StorySummary, by_report
from aggregator.model.withdrawals import WITHDRAWN, is_withdrawn
from aggregator.storage.database import Store
from aggregator.storage.editions import EditionStore
from aggregator.storage.entries import EntryStore
from aggregator.storage.matches import MatchStore
from aggregator.storage.stories import StoryStore
from aggregator.storage.storylines import StorylineStore
from aggregator.text.language import primary_language
from aggregator.text.searching import SearchText
from aggregator.text.tokens import plain_letters, sentences, words

_SNIPPET = 200  # characters
# A story is new if it was first seen after the last edition, or, without an edition, within this time.
NEW_WITHOUT_EDITION = timedelta(days=1)


def just_after(now: datetime) -> datetime:
    """Return the end of a window that includes this second: windows exclude their end."""
    return now.replace(microsecond=0) + timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """An entry found by full-text search, with the sentence that contains the words."""

    entry: Entry
    snippet: str


class Reader:
    """Read access to stories and entries as of a moment."""

    def __init__(self, store: Store, now: datetime) -> None:
        self.entries = EntryStore(store)
        self.stories = StoryStore(store)
        self.matches = MatchStore(store)
        self.storylines = StorylineStore(store)
        self._editions = EditionStore(store)
        self._now = now
        self.faults: list[tuple[str, Exception]] = []  # entries that could not be shown completely, and the error

    def new_since(self, since: datetime | None = None) -> datetime:
        """Return the time after which a story counts as new."""
        if since is not None:
            return since
        last = self._editions.last()
        if last is not None and last.until <= self._now:
            return last.until
        return self._now - NEW_WITHOUT_EDITION

    def find(self, query: StoryQuery) -> list[StorySummary]:
        """Return the stories of a query."""
        language = primary_language(query.language)
        if language is not None:  # entries know en, not en-GB
            query = replace(query, language=language)
        wanted = SearchText.parse(query.match or "")
        return self._with_withdrawals(self.stories.find(query, wanted.expression, self.new_since(query.since)))

    def story(self, prefix: str) -> Story:
        """Return the story that an id or its beginning means, through redirects."""
        return self.load([self.stories.resolve(prefix)])[0]

    def storyline(self, prefix: str) -> Storyline:
        """Return the storyline that an id or its beginning means, through redirects."""
        found = self.storylines.resolve(prefix)
        [summary] = self.storylines.summaries([found]).values()
        return Storyline(summary, tuple(self.stories.of_storyline(found, self.new_since())))

    def list_storylines(self, since: datetime | None, limit: int | None) -> list[Storyline]:
        """Return the storylines seen since a time, the latest first."""
        moment = self.new_since()
        return [
            Storyline(summary, tuple(self.stories.of_storyline(summary.id, moment)))
            for summary in self.storylines.find(since, limit)
        ]

    def find_by_storyline(self, query: StoryQuery) -> list[Storyline]:
        """Return the stories of a query by storyline, in the order of their first stories; the limit applies to storylines."""
        grouped: dict[str, list[StorySummary]] = {}
        for story in self.find(replace(query, limit=None)):
            grouped.setdefault(story.storyline.id if story.storyline else story.id, []).append(story)
        chosen = dict(islice(grouped.items(), query.limit))
        summaries = self.storylines.summaries(chosen.keys())
        return [Storyline(summaries.get(key), tuple(stories)) for key, stories in chosen.items()]

    def load(self, story_ids: Sequence[str], since: datetime | None = None, *, light: bool = False) -> list[Story]:
        """Return whole stories by their ids, in the order given."""
        members = self.entries.of_stories(story_ids, light=light)
        merged, split = self.stories.merged_from(story_ids), self.stories.split_from(story_ids)
        return [
            _with_kill(Story(one, _reports(members[one.id]), tuple(merged[one.id]), split[one.id]))
            for one in self.stories.summaries(story_ids, self.new_since(since))
        ]

    def entry(self, prefix: str) -> Entry:
        """Return the entry that an id or its beginning means."""
        return self.entries.get(self.entries.resolve(prefix))

    def search(self, text: str, limit: int, since: datetime | None = None) -> list[SearchHit]:
        """Return the entries with all words of ``text``, best first."""
        wanted = SearchText.parse(text)
        ids = self.entries.search(wanted.expression, limit, since)
        texts = self.entries.texts(ids)
        return [SearchHit(self.entries.get(entry_id), snippet(texts[entry_id], wanted.words)) for entry_id in ids]

    def export(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Entry]:
        """Yield the entries of a window in order of arrival."""
        yield from self.entries.seen_between(since, until)

    def _with_withdrawals(self, summaries: list[StorySummary]) -> list[StorySummary]:
        """Return the summaries with the flag of withdrawn stories; only corrected stories are loaded."""
        corrected = [summary.id for summary in summaries if Flag.CORRECTED in summary.flags]
        members = self.entries.of_stories(corrected, light=True) if corrected else {}
        return [
            _with_kill(Story(summary, _reports(members[summary.id]))).summary if summary.id in members else summary
            for summary in summaries
        ]


def _with_kill(story: Story) -> Story:
    """Return a story with the flag KILLED, which replaces CORRECTED, if its publisher withdrew it."""
    if Flag.CORRECTED not in story.summary.flags or not is_withdrawn(story):
        return story
    kinds = {entry.correction for entry in story.entries} - {None} - WITHDRAWN
    kept = {*story.summary.flags, Flag.KILLED} - (set() if kinds else {Flag.CORRECTED})
    flags = tuple(flag for flag in Flag if flag in kept)
    return replace(story, summary=replace(story.summary, flags=flags))


def _reports(members: Sequence[Entry]) -> tuple[Report, ...]:
    return tuple(_report(report_id, entries) for report_id, entries in by_report(members).items())


def _report(report_id: str, entries: Sequence[Entry]) -> Report:
    agencies = [entry.agency for entry in entries if entry.agency]
    common = max(sorted(set(agencies)), key=agencies.count) if agencies else None
    return Report(report_id, common, tuple(entries))


def snippet(text: str, wanted: Sequence[str]) -> str:
    """Return the sentence with most of the wanted words, cut to ``_SNIPPET`` characters."""
    found = sentences(text, None)
    if not found:
        return ""
    goal = set(map(plain_letters, wanted))
    best = max(found, key=lambda sentence: len(goal.intersection(map(plain_letters, words(sentence)))))
    return best if len(best) <= _SNIPPET else best[: _SNIPPET - 1].rstrip() + "…"
