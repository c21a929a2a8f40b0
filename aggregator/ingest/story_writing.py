"""Groups of reports written as stories: which id each goes on to bear, which reports move there, and what links them.

A story of very many reports is written in pieces, each in a transaction of its own, for nobody else can write meanwhile.
What is to become of which id is told once, before the first piece.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.clustering.constraints import Settlement
from aggregator.clustering.graph import Best
from aggregator.clustering.identifiers import mint
from aggregator.clustering.lineage import Lineage, descend
from aggregator.clustering.vectors import VERSION
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.window import Window
from aggregator.model import Match
from aggregator.storage.binding import parts
from aggregator.storage.database import Store
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.stories import StoryStore

IN_ONE = 250  # reports that one transaction moves and links, some .1 ms each

Named = Mapping[str, Sequence[str]]  # report -> its entries that decisions and notices name
Piece = list[tuple[int, Sequence[str]]]  # reports with the place of the group that they are of


@dataclass(slots=True)
class Writing:
    """What becomes of some groups, and how far it is written."""

    groups: list[frozenset[str]]
    members: frozenset[str]  # reports of the groups, without those past the window
    before: Mapping[str, str]  # report -> the story in which it stood
    stood: Mapping[str, str]  # the same, with what follows ids that end
    homes: list[str | None]  # the stories of the groups, None where one is to be opened
    parents: Sequence[str | None]  # of groups without a story: the one that most of it stood in
    ended: Mapping[str, int]  # story -> the group that it ends in
    rest: Mapping[str, list[str]]  # story -> what it holds beside the groups
    speakers: Mapping[str, tuple[float, str]]
    touched: set[str] = field(default_factory=set)

    def pieces(self) -> Iterator[Piece]:
        """Yield the reports to write, some at a time.

        First come those past the window that follow an id which ends: where it breaks off, the same ids end the next time.
        """
        following = [(place, self.rest[story]) for story, place in self.ended.items()]
        piece: Piece = []
        size = 0
        for place, reports in [*following, *((place, sorted(group)) for place, group in enumerate(self.groups))]:
            for some in parts(reports, IN_ONE):
                if size + len(some) > IN_ONE:
                    yield piece
                    piece, size = [], 0
                piece.append((place, some))
                size += len(some)
        if piece:
            yield piece


class StoryWriter:
    """Writes stories; the caller holds the transactions."""

    def __init__(self, store: Store, window: Window, editor_constraints: EditorConstraints) -> None:
        self._window = window
        self._editor_constraints = editor_constraints
        self._stories = StoryStore(store)
        self._vectors = VectorStore(store.connection)

    def begin(self, groups: Sequence[frozenset[str]], quiet: Collection[str]) -> Writing | None:
        """Tell which stories groups go on to be; None where others changed these meanwhile. Nothing is written.

        ``quiet`` reports go where the id of their story goes.
        """
        members: frozenset[str] = frozenset().union(*groups)
        known = self._stories.known_reports(members)
        if members - known:
            self._window.forget(members - known)
            return None
        bindings = self._editor_constraints.bindings()
        named = self._named_entries(bindings)
        groups = [self._with_old_company(group, named, bindings) for group in groups]
        every = {report for group in groups for report in group}
        before = self._stories.stories_of_reports(every)
        rest = self._rest(set(before.values()), every)
        if any(report in self._window and report not in quiet for reports in rest.values() for report in reports):
            return None
        lineage = descend(
            groups,
            before,
            self._stories.age,
            lambda place, story: self._bars(groups[place], rest[story], named),
            self._editor_constraints.reports_pinned(),
        )
        ended = self._ended(groups, lineage, rest, named)
        stood = before | {report: story for story in ended for report in rest[story]}
        speakers = self._vectors.speakers(members)
        return Writing(groups, members, before, stood, list(lineage.borne), lineage.parents, ended, rest, speakers)

    def fits(self, writing: Writing, piece: Piece) -> bool:
        """Tell whether these reports stand where they stood when it was told what becomes of them, and their stories live."""
        standing = self._stories.stories_of_reports([report for _, reports in piece for report in reports])
        homes = {home for place, _ in piece if (home := writing.homes[place]) is not None}
        return self._stories.all_living(homes) == homes and all(
            standing.get(report) == writing.stood.get(report) for _, reports in piece for report in reports
        )

    def write(self, writing: Writing, piece: Piece, best: Mapping[str, Best], now: datetime) -> set[str]:
        """Move reports to their stories and link them; return the stories that were opened for them."""
        opened: set[str] = set()
        story_of: dict[str, str] = {}
        for place, reports in piece:
            home = writing.homes[place]
            if home is None:
                home = writing.homes[place] = self._open(writing, place, now)
                opened.add(home)
            story_of.update(dict.fromkeys(reports, home))
        moving = {report: home for report, home in story_of.items() if writing.stood.get(report) != home}
        self._stories.move_reports(moving)
        writing.touched.update(moving.values(), (writing.stood[one] for one in moving if one in writing.stood))
        links = {report: home for report, home in story_of.items() if report in writing.members}
        self._save_links(links, best, writing.speakers, now)
        return opened

    def end(self, writing: Writing, waiting: Collection[str], now: datetime) -> None:
        """Once all pieces are written: end the stories whose ids lead to others, and tell which rows are to be worked out."""
        for story, place in writing.ended.items():
            home = str(writing.homes[place])
            late = self._stories.reports_of(story)  # what another process put there between two pieces
            if late:
                self._stories.move_reports(dict.fromkeys(late, home))
            self._stories.close_story(story, home, now, "merged: one event")
        for group, own in zip(writing.groups, writing.homes, strict=True):
            if own is not None and not group.isdisjoint(waiting):
                writing.touched.add(own)

    def _open(self, writing: Writing, place: int, now: datetime) -> str:
        """Open a story under an id made of its first entry."""
        speakers = writing.speakers
        first = min(speakers[report] for report in writing.groups[place] if report in speakers)
        made = mint("s", first[1], taken=self._stories.id_taken)
        self._stories.open_story(made, now, split_from=writing.parents[place])
        return made

    def _ended(
        self,
        groups: Sequence[frozenset[str]],
        lineage: Lineage,
        rest: Mapping[str, list[str]],
        named: Named,
    ) -> dict[str, int]:
        """Return the stories that end, with the groups that they end in.

        What the two hold of former times must not meet where an editor says so: then the story stays.
        """
        ended: dict[str, int] = {}
        inside: dict[int, set[str]] = {}
        for story, place in lineage.ended.items():
            if rest[story] and named:
                home = inside.setdefault(place, {*groups[place], *rest[str(lineage.borne[place])]})
                if self._bars(rest[story], home, named):
                    continue
                home.update(rest[story])
            ended[story] = place
        return ended

    def _rest(self, story_ids: Collection[str], covered: Collection[str]) -> dict[str, list[str]]:
        """Return what stories hold beside these reports: reports past the window, which go where the id goes."""
        return {
            story: [report for report in self._stories.reports_of(story) if report not in covered]
            for story in story_ids
        }

    def _bars(self, group: Collection[str], rest: Collection[str], named: Named) -> bool:
        """Return whether editors keep reports apart."""
        if not named or not rest:
            return False
        sides = ([entry for report in side for entry in named.get(report, ())] for side in (group, rest))
        return self._editor_constraints.settlement().barrier(*sides) is not None

    def _named_entries(self, bindings: Settlement) -> Named:
        """Return report -> its entries that decisions and notices name."""
        found: dict[str, list[str]] = {}
        for entry, (report, _) in self._editor_constraints.places(bindings).items():
            found.setdefault(report, []).append(entry)
        return found

    def _with_old_company(self, group: frozenset[str], named: Named, bindings: Settlement) -> frozenset[str]:
        """Add the reports past the window that an editor bound to one of these."""
        entries = [entry for report in group for entry in named.get(report, ())]
        if not entries:
            return group
        bound = {other for entry in entries for other in bindings.group(entry)}
        old = {
            report for report, inside in named.items() if report not in self._window and not bound.isdisjoint(inside)
        }
        return group | old

    def _save_links(
        self,
        story_of: Mapping[str, str],
        best: Mapping[str, Best],
        speakers: Mapping[str, tuple[float, str]],
        now: datetime,
    ) -> None:
        """Store the strongest edge of each of these reports where it is another than before."""
        stored = self._stories.links(story_of)
        said: dict[str, tuple[str, float]] = {
            report: (speakers[one.other][1], round(one.score, 4))
            for report in story_of
            if (one := best.get(report)) is not None and one.other in speakers
        }
        changed = [report for report in story_of if stored.get(report) != said.get(report)]
        links = self._window.links({report: best[report] for report in changed if report in said})
        for report in changed:
            if report in stored:
                self._stories.drop_link(report)
            if report in links:
                link = links[report]
                own, (other, score) = speakers[report][1], said[report]
                match = Match("story", own, other, "pair", score, link.threshold, dict(link.features), VERSION)
                self._stories.add_match(match, report, story_of[report], now)
