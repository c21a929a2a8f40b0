"""Links from notices to the entries that they name: a kill, withdrawal or correction belongs to that text's story.

A notice shares little wording with the text that it corrects, so its pair score does not link the two. It names the text by
headline; the match is its publisher's or agency's last text with that headline before the notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.clustering.constraints import Constraint
from aggregator.clustering.recurring import is_recurring_title
from aggregator.clustering.sketch import keys_of_title
from aggregator.model import Entry, by_time
from aggregator.model.withdrawals import WITHDRAWN
from aggregator.newsroom.named_headlines import headlines_named
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.notices import NoticeStore
from aggregator.storage.sketches import SketchStore
from aggregator.text.headlines import letters, plain_headline

_NAMED = 1_000  # entries that are looked at for those that notices name
_OLDEST_DECISION = 0  # of a constraint: every editor's decision is newer, and rules


@dataclass(frozen=True, slots=True)
class _Notice:
    entry: Entry
    names: frozenset[str]  # letters of headlines
    keys: tuple[int, ...]


class NoticeLinks:
    """Reads notices, and looks up what they name among the entries in the window of copies."""

    def __init__(self, store: Store) -> None:
        self._entries = EntryStore(store)
        self._stored = NoticeStore(store)
        self._sketches = SketchStore(store.connection, store.bands)
        self._stamp = (0, 0)
        self._notices: Sequence[_Notice] = ()

    def constraints(self) -> list[Constraint]:
        """Return that each notice belongs with the entry that it names, as the tables are now."""
        notices = self._read()
        keys = sorted({key for notice in notices for key in notice.keys})
        if not keys:
            return []
        ids, _ = self._sketches.candidates(keys, _NAMED)
        by_name: dict[str, list[Entry]] = {}
        for entry in self._stored.named(ids):
            by_name.setdefault(letters(plain_headline(entry.data.title)), []).append(entry)
        found = ((notice, _meant(notice, by_name)) for notice in notices)
        return [
            Constraint(_OLDEST_DECISION, "together", frozenset({notice.entry.id}), frozenset({meant.id}))
            for notice, meant in found
            if meant is not None
        ]

    def _read(self) -> Sequence[_Notice]:
        stamp = self._stored.state()
        if stamp != self._stamp:
            self._stamp = stamp
            latest = self._stored.newest()
            texts = self._entries.texts([entry.id for entry in latest])
            found = (_notice(entry, texts[entry.id]) for entry in latest)
            self._notices = [notice for notice in found if notice is not None]
        return self._notices


def _notice(entry: Entry, text: str) -> _Notice | None:
    """Return what a notice names; None where it is no text of its own, as a column of corrections."""
    named = [one for one in headlines_named(entry.data.title, text) if not is_recurring_title(one)]
    keys = tuple(key for one in named for key in keys_of_title(one, entry.language))
    return _Notice(entry, frozenset(map(letters, named)), keys) if keys else None


def _meant(notice: _Notice, by_name: dict[str, list[Entry]]) -> Entry | None:
    said = notice.entry
    found = [
        entry
        for name in sorted(notice.names)
        for entry in by_name.get(name, ())
        if entry.id != said.id
        and entry.correction not in WITHDRAWN
        and not {entry.publisher, entry.agency}.isdisjoint(said.sources)
    ]
    before = [entry for entry in found if entry.time <= said.time]
    if before:
        return max(before, key=by_time)
    return min(found, key=by_time, default=None)
