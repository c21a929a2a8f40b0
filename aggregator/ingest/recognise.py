"""Which stored entries a document's entries are: by key, by proof where the key changed, and not by key where it was given to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from aggregator.ingest.prepare import PreparedEntry
from aggregator.model import exact_time
from aggregator.newsroom.identity import Identity, former_key, is_another, recognise_moved
from aggregator.storage.entries import EntryStore
from aggregator.storage.entry_rows import Facts, KnownEntry, facts_of
from aggregator.text.addresses import entry_address

# A feed's entries that are looked at for one that moved: those of its last documents, and as many before them.
LEAST_LOOKED_AT = 100


class Recogniser:
    """Recognises the entries of one feed's document; the caller holds the transaction."""

    def __init__(self, entries: EntryStore, feed_id: int) -> None:
        self._entries = entries
        self._feed_id = feed_id

    def known(self, entries: Sequence[PreparedEntry]) -> dict[str, KnownEntry]:
        """Return key -> the stored entry that an arriving one is, for those that are stored under that key."""
        return self._entries.known(self._feed_id, [entry.data.key for entry in entries])

    def recognise(self, entries: Sequence[PreparedEntry]) -> dict[str, KnownEntry]:
        """Return key -> the stored entry that an arriving one is, for a whole document.

        A key that changed becomes another name of its entry; a key that was given to another entry goes over to that.
        """
        known = self._side_by_side(entries, self._without_successors(entries, self.known(entries)))
        arriving = [entry for entry in entries if entry.data.key not in known]
        return {**known, **self._moved(entries, known)} if arriving else known

    def _without_successors(
        self, entries: Sequence[PreparedEntry], known: dict[str, KnownEntry]
    ) -> dict[str, KnownEntry]:
        others = [entry for entry in entries if entry.data.key in known and self._is_another(entry, known)]
        if not others:
            return known
        before = self._entries.known(self._feed_id, [_former_key(entry) for entry in others])
        for entry in others:
            bearer = known.pop(entry.data.key)
            returned = before.get(_former_key(entry))
            if returned is not None:
                known[entry.data.key] = returned
            elif bearer.key == entry.data.key:
                former = former_key(bearer.key, bearer.title, bearer.facts.published_text)
                self._entries.retire_key(bearer, former)
            else:
                self._entries.forget_alias(self._feed_id, entry.data.key)
        return known

    def _side_by_side(self, entries: Sequence[PreparedEntry], known: dict[str, KnownEntry]) -> dict[str, KnownEntry]:
        """Part what was taken for one and now stands side by side under two keys: one keeps the stored entry, another text is new."""
        bearers: dict[str, PreparedEntry] = {}
        for entry in sorted(entries, key=_precedence(known)):
            before = known.get(entry.data.key)
            if before is None:
                continue
            bearer = bearers.setdefault(before.id, entry)
            if bearer.document.content_hash != entry.document.content_hash:
                del known[entry.data.key]
                self._entries.forget_alias(self._feed_id, entry.data.key)
        return known

    def _is_another(self, entry: PreparedEntry, known: Mapping[str, KnownEntry]) -> bool:
        before = known[entry.data.key]
        if entry.document.content_hash == before.content_hash:
            return False
        text = self._entries.texts([before.id])[before.id]
        return is_another(_arriving(entry), _stored(before), (entry.text, text))

    def _moved(self, entries: Sequence[PreparedEntry], known: Mapping[str, KnownEntry]) -> dict[str, KnownEntry]:
        recent = {
            entry.id: entry for entry in self._entries.recent(self._feed_id, max(2 * len(entries), LEAST_LOOKED_AT))
        }
        found = recognise_moved(
            [_arriving(entry) for entry in entries],
            known.keys(),
            [_stored(entry) for entry in recent.values()],
            {entry.id for entry in known.values()},
        )
        for key, entry_id in found.items():
            self._entries.rename_key(self._feed_id, key, entry_id)
        return {key: recent[entry_id] for key, entry_id in found.items()}


def _precedence(known: Mapping[str, KnownEntry]) -> Callable[[PreparedEntry], tuple[bool, float, str]]:
    """Order entries so that of those that are one stored entry the latest comes first, and one under another name last."""

    def order(entry: PreparedEntry) -> tuple[bool, float, str]:
        before, published = known.get(entry.data.key), entry.data.published
        renamed = before is not None and before.key != entry.data.key
        return renamed, -published.timestamp() if published else 0.0, entry.data.key

    return order


def _former_key(entry: PreparedEntry) -> str:
    return former_key(entry.data.key, entry.data.title, entry.data.published_text)


def _arriving(entry: PreparedEntry) -> Identity:
    data = entry.data
    return _identity(
        data.key,
        data.key,
        data.title,
        _address(data.link, entry.document.canonical_url),
        entry.document.content_hash,
        data.guid,
        facts_of(data),
        None,
    )


def _stored(entry: KnownEntry) -> Identity:
    return _identity(
        entry.id,
        entry.key,
        entry.title,
        _address(entry.url, entry.canonical_url),
        entry.content_hash,
        entry.guid,
        entry.facts,
        entry.last_seen,
    )


def _identity(
    name: str,
    key: str,
    title: str,
    address: str | None,
    content_hash: str,
    guid: str | None,
    facts: Facts,
    seen: datetime | None,
) -> Identity:
    published = facts.published if facts.date_flag in ("ok", "zoneless") else None
    if published is not None:
        published = published.replace(microsecond=0)  # as it is stored
    moment = exact_time(published, facts.published_text, facts.date_flag)
    return Identity(name, key, title, address, content_hash, guid, published, moment, seen)


def _address(url: str | None, canonical: str | None) -> str | None:
    return entry_address(url) if url and "#" in url else canonical
