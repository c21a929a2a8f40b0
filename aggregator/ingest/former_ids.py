"""Former ids of members that an editor takes out of a story or storyline again.

An id ends when its story is merged into another. Its members are known from the state before the newest verb that names it. If no
verb names it, because the clustering merged it, only the entry that its id was made of is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from aggregator.clustering.identifiers import mint
from aggregator.storage.database import Store
from aggregator.storage.decisions import DecisionStore
from aggregator.storage.members import places_of
from aggregator.storage.stories import StoryStore
from aggregator.storage.storylines import StorylineStore
from aggregator.storage.times import from_text


class FormerStory(NamedTuple):
    """A story that ended, and when it was opened, where that is known."""

    story_id: str
    opened: datetime | None


class FormerStoryline(NamedTuple):
    """A storyline that ended, where its id leads (empty: nowhere), the name that an editor had given it, and who."""

    storyline_id: str
    leads_to: str
    name: str | None
    named_by: str | None


class FormerIds:
    """Finds the former ids of members that an editor separates; the caller holds the transaction."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection
        self._stories = StoryStore(store)
        self._lines = StorylineStore(store)
        self._decisions = DecisionStore(store)

    def of_entries(self, leaving: Collection[str], story_id: str) -> list[FormerStory]:
        """Return the stories that ended in this one and whose larger part leaves it now, the oldest first."""
        ended = self._stories.merged_from([story_id])[story_id]
        made_of = {split_id(leaving), *(mint("s", entry) for entry in leaving)} if ended else set()
        found = []
        for old in ended:
            before = self._decisions.state_before_newest(old)
            if before is None:
                if old in made_of:
                    found.append(FormerStory(old, None))
                continue
            held = [entry for entry, report in before["entries"].items() if before["reports"][report] == old]
            today = Counter("here" if entry in leaving else str(story) for entry, _, story in places_of(self._db, held))
            if _is_larger_part(today, "here", story_id):
                found.append(FormerStory(old, from_text(before["opened"][old])))
        return sorted(found, key=lambda one: (one.opened is None, one.opened, one.story_id))

    def of_groups(self, groups: Collection[frozenset[str]]) -> dict[frozenset[str], list[FormerStoryline]]:
        """Return group of stories -> the storylines that ended and whose larger part it is, the one that a verb named last first."""
        found: dict[frozenset[str], list[FormerStoryline]] = {}
        for line, before in self._decisions.states_before_ties().items() if groups else ():
            leads_to = self._lines.led_to(line)
            if leads_to is None:
                continue  # it lives
            held = {self._stories.current_id(story) for story, its in before["storylines"].items() if its == line}
            stories = {story for story in held if story is not None}
            _, _, heir = min((-len(group & stories), min(group), group) for group in groups)
            elsewhere = self._lines.of_stories(stories - heir).values()
            today = Counter({"here": len(stories & heir)}) + Counter(elsewhere)
            if _is_larger_part(today, "here", leads_to):
                name, by = before["names"].get(line, (None, None))
                found.setdefault(heir, []).append(FormerStoryline(line, leads_to, name, by))
        return found


def split_id(leaving: Collection[str], taken: Callable[[str], bool] = lambda _: False) -> str:
    """Return the id of a story of entries that leave another; ``taken`` returns whether an id was ever used."""
    return mint("s", *sorted(leaving), "split", taken=taken)


def _is_larger_part(parts: Mapping[str, int], here: str, there: str) -> bool:
    """Return whether more members are here than where the id leads, and nowhere more than here."""
    share = parts.get(here, 0)
    return share > parts.get(there, 0) and share == max(parts.values(), default=0)
