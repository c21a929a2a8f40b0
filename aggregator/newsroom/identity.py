"""Which stored entry an arriving one is, when its guid changed on the way.

Sites that move, or publish over https from now on, give old entries new guids. A guid is compared
without its scheme first, then by address, then by title and text, and only against entries whose own
guid has left the document: two entries that stand side by side are never one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

_SCHEME = re.compile(r"^(?:https?:)?//(?:www\.)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identity:
    """What an entry can be recognised by; ``id`` is its key on arrival, its id when stored."""

    id: str
    key: str
    title: str
    canonical_url: str | None
    content_hash: str


def recognise_moved(
    arriving: Sequence[Identity], stored: Sequence[Identity], present_keys: Collection[str]
) -> dict[str, str]:
    """Return key of an arriving entry -> id of the stored one that it is.

    ``stored`` are the feed's entries seen last (a bounded set), ``present_keys`` all keys of the document.
    An entry is recognised only where exactly one on each side fits.
    """
    free = [entry for entry in stored if entry.key not in present_keys]
    found: dict[str, str] = {}
    for trait in (_stripped_key, _link, _words):
        left = [entry for entry in arriving if entry.key not in found]
        taken = set(found.values())
        index = _unique((trait(entry), entry.id) for entry in free if entry.id not in taken)
        for wanted, key in _unique((trait(entry), entry.key) for entry in left).items():
            if wanted in index:
                found[key] = index[wanted]
    return found


def _unique(pairs: Iterable[tuple[Hashable | None, str]]) -> Mapping[Hashable, str]:
    seen: dict[Hashable, str] = {}
    twice: set[Hashable] = set()
    for trait, name in pairs:
        if trait is None:
            continue
        if trait in seen:
            twice.add(trait)
        seen[trait] = name
    return {trait: name for trait, name in seen.items() if trait not in twice}


def _stripped_key(entry: Identity) -> str | None:
    return _SCHEME.sub("", entry.key.strip()) or None


def _link(entry: Identity) -> str | None:
    return entry.canonical_url


def _words(entry: Identity) -> tuple[str, str] | None:
    return (entry.title, entry.content_hash) if entry.title else None
