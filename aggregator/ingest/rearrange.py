"""Rearrangement of reports and stories by editors' verbs, in the caller's transaction.

Two things would take too long there and follow after the verb: the rows of large stories, and the entries of very many reports.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from aggregator.clustering.identifiers import mint
from aggregator.ingest.former_ids import FormerIds, split_id
from aggregator.ingest.moves import Mover
from aggregator.ingest.place import Placer
from aggregator.ingest.window import Window
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.members import places_of, whole_reports
from aggregator.storage.moves import EndingStory
from aggregator.storage.sqlite_errors import is_database_error

log = logging.getLogger("aggregator.placing")


class Rearranger(Placer):
    """A placer that also moves entries, divides reports and opens and ends stories."""

    def __init__(self, store: Store, settings: Settings, window: Window | None = None) -> None:
        super().__init__(store, settings, window)
        self._mover = Mover(store)
        self._former_ids = FormerIds(store)
        self._large: set[str] = set()  # stories whose rows are to be written once a verb is committed
        self._changed_lines: set[str] = set()  # storylines whose rows are to be updated

    @contextmanager
    def moving(self, now: datetime) -> Iterator[None]:
        """Open a transaction for a verb, in which no earlier verb is pending; after it, write the large rows that the verb left.

        A failure of that does not undo the verb: the next verb or pass writes what is left.
        """
        with self._mover.transaction(now):
            yield
        large, self._large = self._large, set()
        try:
            self._mover.finish(now)
            self._settler.refresh_large(large, now)
        except Exception as error:
            if not is_database_error(error):
                raise
            log.warning(
                "%s: the rows cannot be written now (%s); the next pass writes them", ", ".join(sorted(large)), error
            )

    def settle(self, story_ids: Iterable[str], now: datetime, *, suspects: Iterable[str] | None = None) -> None:
        """Update the rows of stories whose reports an editor moved, and schedule them for the next pass.

        The rows of large stories are written after the verb is committed; a new story gets a first row now. ``suspects`` are the
        stories that may hold entries which must not be together; by default all.
        """
        touched = {*story_ids}
        touched |= self.separate_violations(touched if suspects is None else suspects, now)
        self._mover.begin_following(sorted(touched), now)
        living = self.stories.existing(touched)
        self.vectors.mark_stories_unsettled(living)
        large = self._settler.set_large_aside(living, every=self._mover.is_pending())
        self._settler.refresh(self.stories.without_fields(large), (), now)
        self._large |= large
        reports = [report for story in sorted(living - large) for report in self.stories.reports_of(story)]
        self._settler.refresh(living - large, reports, now)
        self._settler.apply_ties(sorted(living), now)
        lines, self._changed_lines = self._changed_lines, set()
        self.lines.refresh([line for line in lines if self.lines.exists(line)], now)

    def separate_violations(self, story_ids: Iterable[str], now: datetime) -> set[str]:
        """Move entries that must not be together out of these stories; return these stories and the new ones.

        Violations only occur after an undo, when entries return to a story that others joined since.
        """
        found = set(story_ids)
        for story_id in sorted(found):
            for leaving in self.editor_constraints.violations(story_id):
                found.add(self.separate(story_id, self.with_copies(leaving), now))
        return found

    def separate(
        self,
        story_id: str,
        leaving: frozenset[str],
        now: datetime,
        *,
        whole: Mapping[str, set[str]] | None = None,
        decision: int | None = None,
    ) -> str:
        """Move exactly these entries out of a story into one of their own; return its id.

        The id is the one that they had before they came to this story, else a new one. ``whole`` maps the reports of the story
        to their entries, where the caller knows them.
        """
        made = self._open_apart(story_id, leaving, now)
        self.put_in_storyline(made, self.lines.of_stories([story_id]).get(story_id))
        moving = [
            report if inside <= leaving else self.divide_report(report, sorted(inside & leaving), now)
            for report, inside in sorted((whole or self._whole_reports(leaving)).items())
            if not inside.isdisjoint(leaving)
        ]
        self.move_reports(moving, made, decision)
        return made

    def _open_apart(self, story_id: str, leaving: frozenset[str], now: datetime) -> str:
        """Open a story for entries that leave another, under their former id where they had one; return its id."""
        former = self._former_ids.of_entries(leaving, story_id)
        if not former:
            made = split_id(leaving, self.stories.id_taken)
            self.stories.open_story(made, now, split_from=story_id)
            return made
        made, opened = former[0]
        self.stories.reopen_story(made, opened or now, story_id)
        self.stories.redirect([one.story_id for one in former[1:]], made)
        return made

    def with_copies(self, leaving: frozenset[str]) -> frozenset[str]:
        """Add the copies of leaving entries, where no decision names another entry of their report."""
        named = self.editor_constraints.groups()
        found = set(leaving)
        for copies in self._whole_reports(leaving).values():
            if not any(named.is_named(entry) for entry in copies - leaving):
                found |= copies
        return frozenset(found)

    def _whole_reports(self, entry_ids: Collection[str]) -> dict[str, set[str]]:
        return whole_reports(self._store.connection, entry_ids)

    def places_of(self, entry_ids: Collection[str]) -> list[tuple[str, str, str | None]]:
        """Return entry, report and story for those of these entries that are in a report."""
        return places_of(self._store.connection, entry_ids)

    def report_of_own(self, entries: frozenset[str], now: datetime) -> str:
        """Return a report that holds exactly these entries of one report; where there is none, make it."""
        report = self.entries.get(min(entries)).report_id
        if frozenset(self.entries.ids_of_report(report)) == entries:
            return report
        return self.divide_report(report, sorted(entries), now)

    def move_reports(self, report_ids: Collection[str], story_id: str, decision: int | None = None) -> None:
        """Move reports to another story, and mark them as unsettled.

        ``decision`` is stored as the reason why their entries are there.
        """
        self._mover.move(report_ids, story_id, decision)
        self.vectors.mark_unsettled(sorted(report_ids))

    def divide_report(self, report_id: str, leaving: Sequence[str], now: datetime) -> str:
        """Move entries out of a report into a new one in the same story; return its id."""
        made = mint("r", *leaving, "divided", taken=self.stories.report_taken)
        story_id = self.stories.story_of_report(report_id)
        self.stories.open_report(made, story_id, now)
        for entry_id in leaving:
            self.join_report(entry_id, made, str(story_id), now)
        return made

    def join_report(self, entry_id: str, report_id: str, story_id: str, now: datetime) -> None:
        """Put one entry into a report, which is made where it is missing; move its sketch and update the vectors of both reports."""
        before = self.entries.placement(entry_id)
        if not self.stories.report_taken(report_id):
            self.stories.open_report(report_id, story_id, now)
        self.entries.place([entry_id], report_id, story_id)
        self.copies.move(entry_id, report_id)
        reports = {report_id, *(before[:1] if before else ())}
        for touched in sorted(reports):
            self._revector(touched)
        self.stories.refresh_reports(reports)

    def put_in_storyline(self, story_id: str, storyline_id: str | None) -> None:
        """Put a story into a storyline, or with None into none; :meth:`settle` writes the rows of the storylines."""
        left = self.lines.of_stories([story_id]).get(story_id)
        self.lines.set(story_id, storyline_id)
        self._changed_lines.update(line for line in (left, storyline_id) if line is not None)

    def tie(self, story_ids: Iterable[str], now: datetime) -> None:
        """Tie stories as far as decisions allow; stories that they keep apart leave the storyline."""
        self._settler.tie(frozenset(story_ids), now)

    def close(self, story_id: str, into: str, reason: str) -> None:
        """End an emptied story; its id is redirected to ``into`` once its entries have followed their reports."""
        self._mover.end_later(EndingStory(story_id, into, reason))
        self._changed_lines.update(self.lines.of_stories([story_id]).values())
