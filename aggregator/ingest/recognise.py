"""Matching of a document's entries to stored ones: by key, or by other evidence where a key changed or was reused."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator.ingest.prepare import PreparedEntry
from aggregator.model import exact_time
from aggregator.newsroom.identity import former_key, is_another, recognise_moved
from aggregator.newsroom.identity_traits import Identity, is_bare, moment_on_site, number
from aggregator.storage.entries import EntryStore
from aggregator.storage.entry_rows import Facts, KnownEntry, facts_of
from aggregator.text.clean import plain_typography
from aggregator.text.entry_address import entry_address
from aggregator.text.tokens import words

# The least number of a feed's stored entries that are searched for one whose key changed: about those of its last documents.
MIN_LOOKED_AT = 100
MAX_TEXTS = 100  # stored texts that are read as a second proof; if more are alike, none is one
MIN_EXCHANGED = 3  # texts that are now under keys of other entries; with fewer, keys still count as keys


@dataclass(slots=True)
class Recognition:
    """The stored entry of each arriving one, by key, and the changes of keys to be stored."""

    known: dict[str, KnownEntry]
    # id -> an entry that lost its key, and its new one
    retired: dict[str, tuple[KnownEntry, str]] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)  # aliases that are keys of other entries now
    renamed: dict[str, str] = field(default_factory=dict)  # new alias -> the id of its entry


class Recogniser:
    """Recognises the entries of one feed's document: :meth:`recognise` reads, :meth:`store_keys` writes."""

    def __init__(self, entries: EntryStore, feed_id: int) -> None:
        self._entries = entries
        self._feed_id = feed_id

    def known(self, entries: Sequence[PreparedEntry]) -> dict[str, KnownEntry]:
        """Return key -> stored entry, for arriving entries that are stored under their key."""
        return self._entries.known(self._feed_id, [entry.data.key for entry in entries])

    def recognise(self, entries: Sequence[PreparedEntry]) -> Recognition:
        """Match the entries of a whole document to stored ones; nothing is written.

        A changed key is to become an alias of its entry. A key that the publisher gave to another entry is to become that
        entry's.
        """
        found = Recognition(self.known(entries))
        self._remove_reused_keys(entries, found)
        self._separate_twins(entries, found)
        if any(entry.data.key not in found.known for entry in entries):
            self._find_moved(entries, found)
        return found

    def store_keys(self, found: Recognition) -> None:
        """Store the changes of keys; the caller holds the transaction."""
        for bearer, former in found.retired.values():
            self._entries.retire_key(bearer, former)
        for key in found.forgotten:
            self._entries.forget_alias(self._feed_id, key)
        self._entries.rename_keys(self._feed_id, found.renamed)

    def _remove_reused_keys(self, entries: Sequence[PreparedEntry], found: Recognition) -> None:
        """Part the arriving entries from stored ones whose key they reuse: they are other entries."""
        known = found.known
        exchanged = _exchanged_keys(entries, known)
        others = [
            entry
            for entry in entries
            if entry.data.key in known and (entry.data.key in exchanged or self._is_another(entry, known))
        ]
        if not others:
            return
        before = self._entries.known(self._feed_id, [_former_key(entry) for entry in others])
        for entry in others:
            bearer = known.pop(entry.data.key)
            returned = before.get(_former_key(entry))
            if returned is not None:
                known[entry.data.key] = returned
            elif bearer.key == entry.data.key:
                former = former_key(bearer.key, bearer.title, bearer.facts.published_text)
                found.retired[bearer.id] = bearer, former
            else:
                found.forgotten.append(entry.data.key)

    def _separate_twins(self, entries: Sequence[PreparedEntry], found: Recognition) -> None:
        """Separate arriving entries that were matched to one stored entry: one keeps it, those with another text are new."""
        bearers: dict[str, PreparedEntry] = {}
        for entry in sorted(entries, key=_precedence(found.known)):
            before = found.known.get(entry.data.key)
            if before is None:
                continue
            bearer = bearers.setdefault(before.id, entry)
            if bearer.document.content_hash != entry.document.content_hash:
                del found.known[entry.data.key]
                found.forgotten.append(entry.data.key)

    def _is_another(self, entry: PreparedEntry, known: Mapping[str, KnownEntry]) -> bool:
        before = known[entry.data.key]
        if entry.document.content_hash == before.content_hash:
            return False
        text = self._entries.texts([before.id])[before.id]
        return is_another(_arriving(entry), _stored(before), (entry.text, text))

    def _find_moved(self, entries: Sequence[PreparedEntry], found: Recognition) -> None:
        recent = {
            entry.id: replace(entry, key=found.retired[entry.id][1]) if entry.id in found.retired else entry
            for entry in self._entries.recent(self._feed_id, max(2 * len(entries), MIN_LOOKED_AT))
        }
        stored = [_stored(entry) for entry in recent.values()]
        arriving = [_arriving(entry) for entry in entries]
        asked = _traits_of_text(entry for entry in arriving if entry.key not in found.known)
        alike = [entry.id for entry in stored if asked & _traits_of_text([entry])]
        bare = [entry.id for entry in stored if is_bare(entry)]
        texts = self._entries.texts(bare + alike if len(alike) <= MAX_TEXTS else bare)
        found.renamed = recognise_moved(
            arriving,
            found.known.keys(),
            [replace(entry, text=texts[entry.id]) if entry.id in texts else entry for entry in stored],
            {entry.id for entry in found.known.values()},
        )
        found.known |= {key: recent[entry_id] for key, entry_id in found.renamed.items()}


def _exchanged_keys(entries: Sequence[PreparedEntry], known: Mapping[str, KnownEntry]) -> set[str]:
    """Return the keys whose texts moved to one another's keys; none if few did. If many did, keys are positions in the list."""
    changed = [
        (entry.data.key, entry.document.content_hash, before.content_hash)
        for entry in entries
        if (before := known.get(entry.data.key)) is not None
        and entry.data.title != before.title
        and (entry.data.published is None or entry.data.published_text != before.facts.published_text)
    ]
    moved = {now for _, now, _ in changed}.intersection(before for _, _, before in changed)
    if len(moved) < MIN_EXCHANGED:
        return set()
    return {key for key, now, before in changed if now in moved or before in moved}


def _precedence(known: Mapping[str, KnownEntry]) -> Callable[[PreparedEntry], tuple[bool, float, str]]:
    """Return a sort key for entries that match one stored entry: the latest first, one under another key last."""

    def order(entry: PreparedEntry) -> tuple[bool, float, str]:
        before, published = known.get(entry.data.key), entry.data.published
        renamed = before is not None and before.key != entry.data.key
        return renamed, -published.timestamp() if published else 0.0, entry.data.key

    return order


def _former_key(entry: PreparedEntry) -> str:
    return former_key(entry.data.key, entry.data.title, entry.data.published_text)


def _arriving(entry: PreparedEntry) -> Identity:
    data, content_hash = entry.data, entry.document.content_hash
    address = _address(data.link, entry.document.canonical_url)
    dates = _dates(facts_of(data))
    return Identity(
        data.key, data.key, _normalised(data.title), address, content_hash, data.guid, *dates, text=entry.text
    )


def _traits_of_text(entries: Iterable[Identity]) -> set[Hashable]:
    """Return the traits of entries for which the text may be the second proof."""
    return {trait for entry in entries for trait in (moment_on_site(entry), number(entry)) if trait is not None}


def _stored(entry: KnownEntry) -> Identity:
    address, dates = _address(entry.url, entry.canonical_url), _dates(entry.facts)
    return Identity(
        entry.id, entry.key, _normalised(entry.title), address, entry.content_hash, entry.guid, *dates, entry.last_seen
    )


def _normalised(title: str) -> str:
    """Return a title without differences of typesetting: case, quotes and full stops."""
    return " ".join(words(plain_typography(title))) or title


def _dates(facts: Facts) -> tuple[datetime | None, datetime | None]:
    """Return the date of an entry if it is believed, and the same if it is exact to the second."""
    published = facts.published if facts.date_flag in ("ok", "zoneless") else None
    if published is not None:
        published = published.replace(microsecond=0)  # stored dates have none
    return published, exact_time(published, facts.published_text, facts.date_flag)


def _address(url: str | None, canonical: str | None) -> str | None:
    return entry_address(url) if url and "#" in url else canonical
