"""Keys of entries inside one document, and the decision whether entries with the same key are one entry.

The key is the guid, else the address, else a hash of title and date. Entries that share a key are one entry only if a
second trait agrees (see the table in ``newsroom/identity.py``). Otherwise the key is bad, and further traits are added to it.
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

MAX_KEY = 1_000  # characters; a longer guid is replaced by its hash
_SUBSTANCE = 8  # words; a shorter text does not count as evidence
_COMPARED = 4_000  # characters of a text that are compared
Numbered = tuple[int, EntryData]


def key_of(guid: str, link: str | None) -> str:
    """Return the key inside the feed: guid, else address; empty if there is neither."""
    if guid:
        return _bounded(guid)
    return _bounded(entry_address(link) or link) if link else ""


def text_key(title: str, published_text: str | None, summary: str, content: str) -> str:
    """Return the key of an entry without guid and link: a hash of title and date, or of title and text; empty without any."""
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
    return any(_are_several_entries(group) for group in _groups(entries).values())


def rekeyed(entries: Sequence[Numbered]) -> list[Numbered]:
    """Return entries under guid and link together; where even that stands for several stories, under their texts as
    well."""
    joint = [(number, replace(data, key=_joint_key(data))) for number, data in entries]
    unclear = {key for key, group in _groups(joint).items() if _are_several_entries(group)}
    return [
        (number, replace(data, key=_distinguished(data)) if data.key in unclear else data) for number, data in joint
    ]


def without_duplicates(entries: Sequence[Numbered]) -> tuple[list[Numbered], list[Skip]]:
    """Return one entry for each key, the latest, and a skip for each other."""
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


def _are_several_entries(group: Sequence[EntryData]) -> bool:
    """Return whether the given data with one key are several entries rather than versions of one."""
    first = group[0]
    return any(not _is_one_entry(first, other) for other in group[1:])


def _is_one_entry(one: EntryData, other: EntryData) -> bool:
    """Return whether two entries of one document with the same key are versions of one entry.

    The key alone is no proof. An equal address is a second trait if it names an article, but not if it is a page that lists many.
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
    return named and (same_moment or _are_similar(one.title, other.title) or _is_retitled(one, other))


def _is_in_two_sections(address: str, other: str) -> bool:
    """Return whether two addresses belong to one article that a site lists in two of its sections."""
    here, there = landmarks(address), landmarks(other)
    if here is None or there is None or here.host != there.host or "#" in address + other:
        return False
    return here.names_an_article and here.parts[-1] == there.parts[-1] and here.parts != there.parts


def _moment(data: EntryData) -> datetime | None:
    return exact_time(data.published, data.published_text, data.date_flag)


def _are_similar(one: str, other: str) -> bool:
    """Return whether two texts share at least half of their words."""
    mine, theirs = set(words(one)), set(words(other))
    return 2 * len(mine & theirs) >= len(mine | theirs)


def _is_retitled(one: EntryData, other: EntryData) -> bool:
    """Return whether two titles share a word, and their texts are long enough to compare and share half of their words."""
    texts = [_text(one)[:_COMPARED], _text(other)[:_COMPARED]]
    if set(words(one.title)).isdisjoint(words(other.title)):
        return False
    return min(len(set(words(text))) for text in texts) >= _SUBSTANCE and _are_similar(*texts)


def _text(data: EntryData) -> str:
    return f"{plain_text(data.summary)}\n{plain_text(data.content)}"


def _rank(data: EntryData) -> tuple[datetime, int, str, str, str]:
    latest = max(
        (time for time in (data.updated, data.published) if time is not None), default=datetime.min.replace(tzinfo=UTC)
    )
    return latest, len(data.content) + len(data.summary), data.title, data.summary, data.content
