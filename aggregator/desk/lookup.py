"""Look-ups in a newsroom: lists, stories, storylines, entries and explanations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.desk.reader import Reader, SearchHit, just_after
from aggregator.exceptions import NotFoundError
from aggregator.model import LONG_AGO, Entry, Feed, Revision, Story, Storyline, StoryQuery, StorySummary
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.editions import EditionStore
from aggregator.storage.entry_rows import Amendment

if TYPE_CHECKING:
    from aggregator.desk.explain import Explainer, Why
    from aggregator.desk.explain_ties import TieExplainer, TieWhy
    from aggregator.desk.health import FeedHealthRow, Status
    from aggregator.desk.revisions import Edit, Retitled
    from aggregator.digest.values import Correction
    from aggregator.ingest.window import Window
    from aggregator.newsroom.novelty import Novelty
    from aggregator.newsroom.timeline import Punctuality, Timeline

Clock = Callable[[], datetime]


class Lookup:
    """The read methods of a newsroom. Modules that few commands need are imported in the methods."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, feeds: Sequence[Feed] = ()) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.feeds = tuple(feeds)
        self._graph: Window | None = None

    def stories(self, query: StoryQuery) -> list[StorySummary]:
        """Return the stories of a query."""
        return self._reader().find(query)

    def story(self, prefix: str) -> Story:
        """Return one story with its reports; the id may be shortened, and a merged id leads to the present story."""
        return self._reader().story(prefix)

    def stories_by_storyline(self, query: StoryQuery) -> list[Storyline]:
        """Return the stories of a query, grouped by storyline."""
        return self._reader().find_by_storyline(query)

    def storylines(self, since: datetime | None = None, limit: int | None = None) -> list[Storyline]:
        """Return the storylines seen since a time, the latest first."""
        return self._reader().list_storylines(since, limit)

    def storyline(self, prefix: str) -> Storyline:
        """Return one storyline with its stories; the id may be shortened, and a merged id leads to the present storyline."""
        return self._reader().storyline(prefix)

    def neighbours(self, story: Story) -> tuple[StorySummary, ...]:
        """Return the other stories of a story's storyline, the last seen first."""
        line = story.summary.storyline
        found = self._reader().storyline(line.id).stories if line is not None else ()
        return tuple(one for one in found if one.id != story.summary.id)

    def why(self, story: str, entry: str | None = None) -> Why:
        """Explain why an entry (by default the newest) is in a story, or why it is not."""
        return self._explainer().explain(story, entry)

    def why_tied(self, story: str, other: str) -> TieWhy:
        """Explain what ties two stories into one storyline, or what is missing."""
        return self._tie_explainer().between(story, other)

    def ties(self, story: Story, others: Sequence[StorySummary], *, in_window: bool = True) -> dict[str, TieWhy]:
        """Explain what ties other stories of its storyline to a story; without the window quickly, but without numbers."""
        if not others:
            return {}
        return self._tie_explainer(in_window=in_window).neighbours(story, [one.id for one in others])

    def whys(self, story: Story) -> dict[str, Why]:
        """Explain each entry of a story."""
        return self._explainer(in_window=False).explain_all(story)

    def stamp(self) -> int:
        """Return a number that changes whenever another connection changes the database."""
        return self.store.data_version()

    def entry(self, prefix: str) -> Entry:
        """Return one entry."""
        return self._reader().entry(prefix)

    def revisions(self, prefix: str) -> tuple[Revision, ...]:
        """Return an entry's earlier versions, oldest first."""
        reader = self._reader()
        return reader.entries.revisions(reader.entries.resolve(prefix))

    def amendments(self, entry_id: str) -> list[Amendment]:
        """Return the publisher's corrections of an entry's facts, oldest first."""
        return self._reader().entries.amendments(entry_id)

    def text(self, entry_id: str) -> str:
        """Return an entry's plain text."""
        return self._reader().entries.texts([entry_id]).get(entry_id, "")

    def corrections(self, story: Story) -> tuple[Correction, ...]:
        """Return a story's corrections and withdrawals with the copies that still carry the old wording, oldest first."""
        from aggregator.desk.corrections import notices
        from aggregator.digest.values import Window

        return notices(self._reader(), story, Window(LONG_AGO, just_after(self.clock())))

    def news_of(self, story: Story, since: datetime) -> Novelty:
        """Return the sentences, numbers and names that a story did not contain before ``since``."""
        from aggregator.desk.novelty import story_news

        return story_news(self._reader(), story, since)

    def edit(self, prefix: str, first: int | None = None, last: int | None = None) -> Edit:
        """Return the changes between two versions of an entry, numbered from 1; by default between the last two."""
        from aggregator.desk.revisions import entry_edit

        return entry_edit(self._reader(), prefix, first, last)

    def edits(self, story: Story, since: datetime | None = None) -> tuple[Edit, ...]:
        """Return the edits of a story's entries since a time, by default since their first text."""
        from aggregator.desk.revisions import story_edits

        return story_edits(self._reader(), story, since)

    def headlines(self, since: datetime | None = None, until: datetime | None = None) -> tuple[Retitled, ...]:
        """Return the changed headlines, oldest change first; by default up to now."""
        from aggregator.desk.revisions import headlines_between

        return headlines_between(self._reader(), since or LONG_AGO, until or just_after(self.clock()))

    def timeline(self, story: Story) -> Timeline:
        """Return when each publisher had a story, with its edits and corrections."""
        from aggregator.desk.timeline import story_timeline

        return story_timeline(self._reader(), story, just_after(self.clock()))

    def punctuality(
        self, since: datetime | None = None, until: datetime | None = None, category: str | None = None
    ) -> tuple[Punctuality, ...]:
        """Return how often each publisher was first, and how late it was, over the stories of a window."""
        from aggregator.desk.timeline import publisher_lags

        return publisher_lags(self._reader(), since, until, category)

    def last_read(self, edition: str | None = None) -> datetime:
        """Return the end of the named edition, else of the last one, else a day ago."""
        if edition is None:
            return self._reader().new_since()
        kept = EditionStore(self.store).get(edition)
        if kept is None:
            raise NotFoundError(f"no edition {edition}; an edition's id is in its header")
        return kept.until

    def search(self, text: str, limit: int = 20, since: datetime | None = None) -> list[SearchHit]:
        """Return the entries with all words of ``text``, best first."""
        return self._reader().search(text, limit, since)

    def status(self) -> Status:
        """Return the state of the newsroom."""
        from aggregator.desk.health import status

        return status(self.store, self.clock())

    def faults(self, allowed: timedelta) -> list[str]:
        """Return signs that this desk's daemon stopped: the last poll, or a due edition, longer ago than ``allowed``."""
        from aggregator.desk.health import faults

        return faults(self.store, self.settings, self.clock(), allowed)

    def oddities(self) -> list[str]:
        """Return warnings about things that are no failures."""
        from aggregator.desk.health import oddities

        return oddities(self.store, self.clock())

    def feed_health(self) -> list[FeedHealthRow]:
        """Return the health of each feed."""
        from aggregator.desk.health import feed_health

        return feed_health(self.store, self.clock(), self.feeds)

    def faulty_entries(self) -> list[dict[str, object]]:
        """Return the entries that our own code failed on, with their content, for a bug report."""
        from aggregator.desk.health import faulty_entries

        return faulty_entries(self.store)

    def _explainer(self, *, in_window: bool = True) -> Explainer:
        from aggregator.desk.explain import Explainer

        return Explainer(self._reader(), self.store, self.settings, self._window(), in_window=in_window)

    def _tie_explainer(self, *, in_window: bool = True) -> TieExplainer:
        from aggregator.desk.explain_ties import TieExplainer

        return TieExplainer(self._reader(), self.store, self.settings, self._window(), in_window=in_window)

    def _window(self) -> Window:
        """Return the graph of the window's reports, read when first needed."""
        from aggregator.ingest.window import Window

        if self._graph is None:
            self._graph = Window(self.store, self.settings.stories)
        return self._graph

    def _reader(self) -> Reader:
        return Reader(self.store, self.clock())
