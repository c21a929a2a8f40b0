"""Links from notices (kills, withdrawals, corrections) to the entries that they name, whose stories they belong to.

A notice shares little wording with the text that it corrects, so its pair score does not link the two. It names the text by
headline. It is linked to the last text with that headline that its publisher or agency published before it.
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

_MAX_NAMED = 1_000  # candidates that are compared with the headlines in notices, at most
_OLDEST_DECISION = 0  # the number of these constraints: every editor's decision is newer, and overrides them


@dataclass(frozen=True, slots=True)
class _Notice:
    entry: Entry
    names: frozenset[str]  # the letters of the headlines that it names
    keys: tuple[int, ...]


class NoticeLinks:
    """Reads notices, and looks up the entries that they name in the window of copies."""

    def __init__(self, store: Store) -> None:
        self._entries = EntryStore(store)
        self._stored = NoticeStore(store)
        self._sketches = SketchStore(store.connection, store.bands)
        self._stamp = (0, 0)
        self._notices: Sequence[_Notice] = ()

    def constraints(self) -> list[Constraint]:
        """Return a constraint for each notice and the entry that it names, as the tables are now: they belong together."""
        notices = self._read()
        keys = sorted({key for notice in notices for key in notice.keys})
        if not keys:
            return []
        ids, _ = self._sketches.candidates(keys, _MAX_NAMED)
        by_name: dict[str, list[Entry]] = {}
        for entry in self._stored.named(ids):
            by_name.setdefault(letters(plain_headline(entry.data.title)), []).append(entry)
        found = ((notice, _named_entry(notice, by_name)) for notice in notices)
        return [
            Constraint(_OLDEST_DECISION, "together", frozenset({notice.entry.id}), frozenset({text.id}))
            for notice, text in found
            if text is not None
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
    """Return a notice with the headlines that it names; None where it names none, as a column of corrections."""
    named = [one for one in headlines_named(entry.data.title, text) if not is_recurring_title(one)]
    keys = tuple(key for one in named for key in keys_of_title(one, entry.language))
    return _Notice(entry, frozenset(map(letters, named)), keys) if keys else None


def _named_entry(notice: _Notice, by_name: dict[str, list[Entry]]) -> Entry | None:
    """Return the entry that a notice names: the last one before the notice, else the first one after it."""
    own = notice.entry
    found = [
        entry
        for name in sorted(notice.names)
        for entry in by_name.get(name, ())
        if entry.id != own.id
        and entry.correction not in WITHDRAWN
        and not {entry.publisher, entry.agency}.isdisjoint(own.sources)
    ]
    before = [entry for entry in found if entry.time <= own.time]
    if before:
        return max(before, key=by_time)
    return min(found, key=by_time, default=None)
