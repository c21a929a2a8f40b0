"""Keys of entries inside one document, and which entries with one key are one entry.

The key is the guid, else the address, else a hash of title and date. Entries that share a key are one only where a
second trait agrees (see the table in ``newsroom/identity.py``). Else the key is bad, and more traits distinguish the entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from aggregator.model import EntryData, Skip, exact_time
from aggregator.parsing.raw import RawEntry
from aggregator.text.clean import plain_text
from aggregator.text.entry_address import entry_address, landmarks
from aggregator.text.tokens import words

MAX_KEY = 1_000  # characters; a longer guid is kept by its hash
_SUBSTANCE = 8  # words of a text at least that may speak for two titles
_COMPARED = 4_000  # characters of it
Numbered = tuple[int, EntryData]


def key_of(guid: str, link: str | None) -> str:
    """Return the identity inside the feed: guid, else address; empty where there is neither."""
    if guid:
        return _bounded(guid)
    return _bounded(entry_address(link) or link) if link else ""


def text_key(title: str, published_text: str | None, summary: str, content: str) -> str:
    """Return the key of an entry without guid and link: a hash of title and date, else text; empty where there is none."""
    if not (title or summary or content):
        return ""
    return "hash:" + _digest(title, published_text or summary or content)


def raw_key(raw: RawEntry) -> str:
    """Return an identity for an entry of which nothing readable is left but its author, its date or empty markup."""
    dates = (raw.published_text or "", raw.updated_text or "", raw.created_text or "")
    parts = (", ".join(raw.authors), *dates, raw.title.value, raw.summary.value, *(text.value for text in raw.contents))
    return "hash:" + _digest(*parts) if any(parts) else ""


def shares_keys(entries: Sequence[Numbered]) -> bool:
    """Return whether several stories in a document share a key, so its guids cannot be trusted."""
    return any(_several(group) for group in _groups(entries).values())


def rekeyed(entries: Sequence[Numbered]) -> list[Numbered]:
    """Return entries under guid and link together; where even that stands for several stories, under their texts as
    well."""
    joint = [(number, replace(data, key=_joint_key(data))) for number, data in entries]
    unclear = {key for key, group in _groups(joint).items() if _several(group)}
    return [
        (number, replace(data, key=_distinguished(data)) if data.key in unclear else data) for number, data in joint
    ]


def without_duplicates(entries: Sequence[Numbered]) -> tuple[list[Numbered], list[Skip]]:
    """Keep one entry a key: the latest, whatever the order of the document."""
    best: dict[str, Numbered] = {}
    for number, data in entries:
        other = best.get(data.key)
        if other is None or _rank(data) > _rank(other[1]):
            best[data.key] = (number, data)
    if len(best) == len(entries):
        return list(entries), []
    skips = [
        Skip(number, f"entry {number} repeats entry {best[data.key][0]}")
        for number, data in entries
        if best[data.key][0] != number
    ]
    return [(number, data) for number, data in entries if best[data.key][0] == number], skips


def _distinguished(data: EntryData) -> str:
    return _bounded(f"{data.key} {text_key(data.title, data.published_text, data.summary, data.content)}")


def _joint_key(data: EntryData) -> str:
    return _bounded(f"{data.guid} {_address(data)}") if data.guid and data.link else data.key


def _address(data: EntryData) -> str:
    return (entry_address(data.link) or data.link) if data.link else ""


def _bounded(key: str) -> str:
    return key if len(key) <= MAX_KEY else "sha256:" + _digest(key)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _groups(entries: Sequence[Numbered]) -> dict[str, list[EntryData]]:
    """Return the keys that occur more than once, with their entries."""
    groups: dict[str, list[EntryData]] = defaultdict(list)
    for _, data in entries:
        groups[data.key].append(data)
    return {key: group for key, group in groups.items() if len(group) > 1}


def _several(group: Sequence[EntryData]) -> bool:
    """Return whether entries under one key are several stories rather than versions of one."""
    first = group[0]
    return any(not _is_one_entry(first, other) for other in group[1:])


def _is_one_entry(one: EntryData, other: EntryData) -> bool:
    """Return whether two entries of one document under one key are versions of one.

    A key is one trait, and one trait is no proof. Two numbered addresses that agree are a second; a page that lists many is none.
    """
    address = _address(one)
    if one.key.startswith("hash:"):
        return True
    same_moment = _moment(one) is not None and _moment(one) == _moment(other)
    if one.guid and one.link and other.link and address != _address(other):
        return same_moment and one.title == other.title and _is_in_two_sections(address, _address(other))
    place = landmarks(address) if one.guid else None
    named = place is not None and place.names_an_article
    if one.title.casefold() == other.title.casefold():
        redated = one.published is not None and other.published is not None and one.published != other.published
        return named or same_moment or (not redated and _text(one) == _text(other))
    return named and (same_moment or _alike(one.title, other.title) or _is_retitled(one, other))


def _is_in_two_sections(address: str, other: str) -> bool:
    """Return whether two addresses are one article's, which a site lists under two of its sections."""
    here, there = landmarks(address), landmarks(other)
    if here is None or there is None or here.host != there.host or "#" in address + other:
        return False
    return here.names_an_article and here.parts[-1] == there.parts[-1] and here.parts != there.parts


def _moment(data: EntryData) -> datetime | None:
    return exact_time(data.published, data.published_text, data.date_flag)


def _alike(one: str, other: str) -> bool:
    """Return whether two texts share at least half of their words."""
    mine, theirs = set(words(one, None)), set(words(other, None))
    return 2 * len(mine & theirs) >= len(mine | theirs)


def _is_retitled(one: EntryData, other: EntryData) -> bool:
    """Return whether two titles have a word in common, and their texts, if not a line alone, half of theirs."""
    texts = [_text(one)[:_COMPARED], _text(other)[:_COMPARED]]
    if set(words(one.title, None)).isdisjoint(words(other.title, None)):
        return False
    return min(len(set(words(text, None))) for text in texts) >= _SUBSTANCE and _alike(*texts)


def _text(data: EntryData) -> str:
    return f"{plain_text(data.summary)}\n{plain_text(data.content)}"


def _rank(data: EntryData) -> tuple[datetime, int, str, str, str]:
    latest = max(
        (time for time in (data.updated, data.published) if time is not None), default=datetime.min.replace(tzinfo=UTC)
    )
    return latest, len(data.content) + len(data.summary), data.title, data.summary, data.content
