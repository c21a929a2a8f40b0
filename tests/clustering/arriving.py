"""Texts written for a test arrive in an in-memory newsroom by the importer; the tables say what stands together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.clustering.metrics import Figures, score
from aggregator.desk.explain import Explainer, Why
from aggregator.ingest.window import Window
from aggregator.model import Entry, EntryData, Match
from aggregator.parsing.archive import ArchiveEntry
from aggregator.settings import Settings
from tests.harness import MORNING, StoredNewsroom


@dataclass(frozen=True)
class Text:
    """An entry to come. ``hours`` after the first morning, None where it bears no date."""

    key: str
    title: str
    body: str = ""
    source: str = ""  # each its own where none is given
    hours: float | None = 0.0
    language: str | None = "en"
    link: str | None = None
    summary: str = ""
    event: str = ""  # what it tells, for tests that score

    def line(self, number: int) -> ArchiveEntry:
        source = self.source or f"Outlet {self.key}"
        data = EntryData(
            key=self.key,
            title=self.title,
            content="".join(f"<p>{line}</p>" for line in self.body.split("\n") if line),
            summary=self.summary,
            link=self.link or f"https://{source.lower().replace(' ', '-')}.example/{self.key}",
            published=None if self.hours is None else MORNING + timedelta(hours=self.hours),
        )
        return ArchiveEntry(number, data, source, self.language)


class Room(StoredNewsroom):
    """A newsroom in memory, ninety days after the first morning. Entries are spoken of by their keys."""

    def __init__(self, settings: Settings | None = None, *, now: datetime | None = None) -> None:
        super().__init__(None, settings, now or MORNING + timedelta(days=90))

    def take(self, *texts: Text, window: Window | None = None) -> None:
        """Let texts arrive in the order given, as one import; a window that is handed in is that of a process that lives on."""
        self.take_lines([text.line(number) for number, text in enumerate(texts, 1)], window)

    def id(self, key: str) -> str:
        [found] = self._column("SELECT id FROM entry WHERE key = ?", key)
        return found

    def report(self, key: str) -> str:
        [found] = self._column("SELECT report_id FROM entry WHERE key = ?", key)
        return found

    def story(self, key: str) -> str:
        [found] = self._column("SELECT story_id FROM entry WHERE key = ?", key)
        return found

    def reports(self, keys: Iterable[str]) -> int:
        """Return in how many reports these entries stand."""
        return len({self.report(key) for key in keys})

    def stories(self, keys: Iterable[str]) -> int:
        """Return in how many stories these entries stand."""
        return len({self.story(key) for key in keys})

    def entry(self, key: str) -> Entry:
        return self.reader().entry(self.id(key))

    def matches(self, key: str) -> Sequence[Match]:
        """Return the edges of an entry."""
        return self.reader().matches.of_entries([self.id(key)])

    def why(self, key: str, about: str | None = None) -> Why:
        """Return why an entry stands in its story, or what keeps it out of the story of another."""
        window = Window(self.store, self.settings.stories)
        explainer = Explainer(self.reader(), self.store, self.settings, window)
        return explainer.explain(self.story(about or key), self.id(key))

    def places(self) -> dict[str, tuple[str, str]]:
        """Return key -> report and story."""
        return self.places_by("key")

    def groups(self) -> set[frozenset[str]]:
        """Return the stories as sets of keys."""
        found: dict[str, set[str]] = {}
        for key, (_, story) in self.places().items():
            found.setdefault(story, set()).add(key)
        return {frozenset(keys) for keys in found.values()}

    def storylines(self) -> set[frozenset[str]]:
        """Return the storylines as sets of keys."""
        found: dict[str, set[str]] = {}
        for key, line in self.store.connection.execute(
            "SELECT e.key, s.storyline_id FROM entry e JOIN story s ON s.id = e.story_id WHERE s.storyline_id IS NOT NULL"
        ):
            found.setdefault(line, set()).add(key)
        return {frozenset(keys) for keys in found.values()}

    def figures(self, labels: dict[str, str]) -> Figures:
        """Return how well the stories agree with labels."""
        return score(labels, {key: story for key, (_, story) in self.places().items()})

    def _column(self, query: str, *values: str) -> list[str]:
        return [str(row[0]) for row in self.store.connection.execute(query, values)]


@contextmanager
def room(*texts: Text, settings: Settings | None = None) -> Iterator[Room]:
    """Open a newsroom in which these texts have arrived and the pass has ended."""
    made = Room(settings)
    try:
        made.take(*texts)
        made.settle_anew()
        yield made
    finally:
        made.store.close()


def one_by_one(texts: Iterable[Text]) -> Room:
    """Return a newsroom to which each text came in an import of its own."""
    made = Room()
    for text in texts:
        made.take(text)
    return made


def spread(texts: Iterable[Text], hours: float) -> list[Text]:
    """Return texts that lack nothing but a time, so many hours apart."""
    return [replace(text, hours=number * hours) for number, text in enumerate(texts)]
