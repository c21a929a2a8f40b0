"""The identity of entries: which stored entry an arriving one is, where its key is missing or wrong.

An entry is new unless two traits or more prove that it is a stored one. In doubt it is new. A trait that several entries share
on either side matches none of them, unless as many share it on both sides.

An entry under a key that is not stored is a stored one that has left the document, where the two share, in this order:

| trait | what it proves | what it needs beside it |
|---|---|---|
| guid without scheme and ``www.`` | the site went over to https | nothing |
| guid, under another key | guids were found bad, and are distinguished since | title, date and address or text; or address and date to the second |
| title | nothing: bulletins, programmes, stock headlines | date to the second; or day and the address of one article |
| address | nothing: landing pages, listings, warnings | date to the second, and no other entry on that page |
| guid but for a counter behind ``#`` | a re-issue | the address of one article, unchanged; beside it one issue at most, under its title |
| number in address or guid | one article, other slug or section | date to the second, title, or before it a slug made of each headline |
| slug in the address | one article in another section | date to the second |
| address (but for its spelling), title and text | only the guid changed | both are undated |
| title and day, whole document | a site's migration | 3 entries, half of what is unknown |
| title and text, or path, whole document | the same, undated | 3 entries, half of what is unknown |
| title and address, whole document | a feed that republishes itself | 5 entries, all of it (nine in ten of a long one), no schedule |

A schedule is a document with the hours of another day and other texts: tomorrow's programme.

An entry under a stored key is the stored one, except where the key alone is too weak:

| key | the entry is another where |
|---|---|
| a guid of its own | title and text share next to no word, and the dates are not the same |
| a guid without a number (``N/A``, ``current``) | the same, or: title and date are others, and the address names no article, or another one |
| the address, for want of a guid | title and date are others, unless it names an article and title or text are alike |
| the address of a page that names no article | the same; or date and text are others under one title |
| a hash of title and date | never |
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.model import LONG_AGO
from aggregator.text.entry_address import counted, is_headline_slug, landmarks, place_spelt_alike
from aggregator.text.tokens import words

_SCHEME = re.compile(r"^(?:https?:)?//(?:www\.)?", re.IGNORECASE)
_DATE = re.compile(r"(?:19|20)\d\d(?:[-/._]?\d\d){1,2}|(?<!\d)(?:19|20)\d\d(?!\d)")
_SLUG_WORD = re.compile(r"[^\W\d_]{2,}")
_DAY = timedelta(days=1)

MIGRATED, REPUBLISHED = 3, 5  # entries at least of a document that moved as a whole
SHORT_DOCUMENT = 10  # entries; a longer one may hold one new entry in ten beside those that come again
UNLIKE = 0.15  # share of words below which a text is another: two of one event share more by its names alone
ALIKE = 0.5
SUBSTANCE = 8  # longer words that an entry has at least before its text may speak against its guid
BEGINNING = 200  # words of a text that are compared


@dataclass(frozen=True, slots=True)
class Identity:
    """The traits by which an entry is recognised; ``id`` is its key on arrival, its id when stored.

    ``address`` is the canonical one with its fragment, ``published`` a date that can be believed, ``moment`` the same to the
    second and None where only the day is known, ``seen`` when a stored entry last stood in its feed.
    """

    id: str
    key: str
    title: str
    address: str | None
    content_hash: str
    guid: str | None = None
    published: datetime | None = None
    moment: datetime | None = None
    seen: datetime | None = None


Trait = Callable[[Identity], Hashable | None]
Condition = Callable[[Identity, Identity], bool]


def recognise_moved(
    document: Sequence[Identity], known: Collection[str], stored: Sequence[Identity], present: Collection[str]
) -> dict[str, str]:
    """Return key of an arriving entry -> id of the stored entry that it is.

    ``document`` is the whole of it, ``known`` the keys in it that are stored; ``stored`` are the feed's entries seen last
    (a bounded set), ``present`` the ids of those that stand in the document.
    """
    search = _Search(document, known, stored, present)
    for trait, condition in _RULES:
        search.match(trait, condition)
    search.match(search.lone_address, None)
    search.match(_issue, search.is_reissue, crowded=False)
    search.match(_number, _is_one_article)
    search.match(_guid_number, _has_one_article_guid)
    search.match(_slug, None)
    search.match(_undated_words_and_place, None)
    for migrated in (_title_and_day, _undated_title_and_text, _undated_title_and_path):
        search.match_whole(migrated, MIGRATED, 2)
    search.match_republished()
    return search.found


class _Search:
    """The search for one document's entries among its feed's stored ones; what is found is removed from the search."""

    def __init__(
        self,
        document: Sequence[Identity],
        known: Collection[str],
        stored: Sequence[Identity],
        present: Collection[str],
    ) -> None:
        self.found: dict[str, str] = {}
        self._document = document
        self._arriving = [entry for entry in document if entry.key not in known]
        self._standing = [entry for entry in document if entry.key in known]
        self._free = [entry for entry in stored if entry.id not in present]
        self._present = [entry for entry in stored if entry.id in present]
        self._listing = _listing_pages(document, stored)

    def match(self, trait: Trait, condition: Condition | None, *, crowded: bool = True) -> None:
        """Match entries by a trait; with ``crowded``, a trait that also entries with a stored key share matches nothing."""
        self.found.update(self._pairs(trait, condition, crowded=crowded))

    def match_whole(self, trait: Trait, least: int, part: int) -> None:
        """Match entries by a trait that is only conclusive if one in ``part`` of the unknown entries has it, or moved with the document."""
        pairs, moved = self._pairs(trait, _is_no_other_time, alone=True), self._moved()
        if len(pairs) + moved >= least and part * (len(pairs) + moved) >= len(self._left()) + moved:
            self.found.update(pairs)

    def match_republished(self) -> None:
        """Match the entries of a document that was republished as a whole, under its former addresses and titles."""
        pairs = self._pairs(_title_and_address, None, alone=True)
        others = len(self._document) - len(pairs)
        allowed = len(self._document) // 10 if len(self._document) >= SHORT_DOCUMENT else 0
        if len(pairs) >= REPUBLISHED and others <= allowed and not self._is_schedule(pairs):
            self.found.update(pairs)

    def lone_address(self, entry: Identity) -> Hashable | None:
        """Return address and moment, but for pages that list several entries."""
        if entry.address is None or entry.moment is None or _page(entry) in self._listing:
            return None
        return entry.address, entry.moment

    def is_reissue(self, arriving: Identity, stored: Identity) -> bool:
        """Return whether two counters stand behind one article's guid, and not before the entries of one page."""
        if arriving.address is None or arriving.address != stored.address:
            return False
        place = landmarks(arriving.address)
        beside = [one for one in self._document if one.key != arriving.key and _issue(one) == _issue(arriving)]
        same = all(one.title == arriving.title for one in beside)
        return place is not None and place.names_an_article and len(beside) <= 1 and same

    def _moved(self) -> int:
        before = {entry.id: entry.address for entry in self._free}  # found at another one
        return sum(before[self.found[one.key]] != one.address for one in self._arriving if one.key in self.found)

    def _left(self) -> list[Identity]:
        return [entry for entry in self._arriving if entry.key not in self.found]

    def _pairs(
        self, trait: Trait, condition: Condition | None, *, crowded: bool = True, alone: bool = False
    ) -> dict[str, str]:
        """Return the arriving and the free entries that share a trait, one to one; ``alone``: where one has it on each side."""
        taken = set(self.found.values())
        arriving = _grouped(self._left(), trait)
        free = _grouped([entry for entry in self._free if entry.id not in taken], trait)
        standing = set(_grouped([*self._standing, *self._present], trait)) if crowded else set()
        pairs: dict[str, str] = {}
        for shared, these in arriving.items():
            those = _seen_last(free.get(shared, ()))
            if shared in standing or len(these) != len(those) or (alone and len(these) > 1):
                continue
            for one, other in zip(_in_order(these), _in_order(those), strict=True):
                if condition is None or condition(one, other):
                    pairs[one.key] = other.id
        return pairs

    def _is_schedule(self, pairs: dict[str, str]) -> bool:
        """Return whether a document is another day's programme: the hours of before, other texts."""
        stored = {entry.id: entry for entry in self._free}
        both = [(entry, stored[pairs[entry.key]]) for entry in self._arriving if entry.key in pairs]
        shifts = [one.published - other.published for one, other in both if one.published and other.published]
        days = sum(bool(shift) and not shift % _DAY for shift in shifts)
        retold = sum(one.content_hash != other.content_hash for one, other in both)
        return 2 * days > len(both) and 2 * retold > len(both)


def is_another(arriving: Identity, stored: Identity, texts: tuple[str, str]) -> bool:
    """Return whether an entry under a stored key is another entry; ``texts`` are the arriving and the stored text."""
    if arriving.key.startswith("hash:") or (arriving.moment is not None and arriving.moment == stored.moment):
        return False
    named = (place := landmarks(arriving.address or "")) is not None and place.names_an_article
    redated = arriving.published is None or arriving.published != stored.published
    if arriving.title == stored.title:
        retold = arriving.content_hash != stored.content_hash
        return arriving.guid is None and not named and retold and redated and arriving.published is not None
    if not redated:
        return False
    own = arriving.guid is not None and _is_own_guid(arriving.guid)
    if arriving.guid and not own and _are_listed_together(arriving.address, stored.address):
        return True
    if arriving.guid and (named or own):
        whole = f"{arriving.title}\n{texts[0]}", f"{stored.title}\n{texts[1]}"
        if min(len(_significant_words(one)) for one in whole) < SUBSTANCE:
            return False
        return _share(*whole) < UNLIKE and _share(arriving.title, stored.title) < UNLIKE
    return not named or (_share(arriving.title, stored.title) < ALIKE and _share(*texts) < ALIKE)


def _are_listed_together(one: str | None, other: str | None) -> bool:
    """Return whether two addresses are two articles'; one with its number under another slug is one article's."""
    if not one or not other or one == other:
        return False
    here, there = landmarks(one), landmarks(other)
    return here is not None and there is not None and (here.number is None or here.number != there.number)


def _is_own_guid(guid: str) -> bool:
    """Return whether a guid can identify one entry: it holds a number that is no date and not zero, or a slug of several words."""
    stem = _DATE.sub("", _SCHEME.sub("", guid).partition("/")[2] if "://" in guid else guid)
    return any(character.isdigit() and character != "0" for character in stem) or len(_SLUG_WORD.findall(stem)) >= 3


def former_key(key: str, title: str, published_text: str | None) -> str:
    """Return the key under which an entry is kept after its own was given to another."""
    material = f"{key}\0{title}\0{published_text or ''}".encode("utf-8", "replace")
    return f"formerly:{hashlib.blake2b(material, digest_size=16).hexdigest()}"


def _share(one: str, other: str) -> float:
    """Return the share of longer words that two texts have in common; 1 where neither has any."""
    words, others = _significant_words(one), _significant_words(other)
    return len(words & others) / len(words | others) if words | others else 1.0


def _significant_words(text: str) -> set[str]:
    """Return the words of a text's beginning that may say what it is about: of alphabets, those of four letters and more."""
    found = words(text[: 20 * BEGINNING], None)[:BEGINNING]
    return {word for word in found if len(word) >= 4 or not word.isascii() or word[0].isdigit()}


def _listing_pages(document: Sequence[Identity], stored: Sequence[Identity]) -> set[str]:
    """Return the pages that are the address of several entries."""
    holders: dict[str, set[str]] = defaultdict(set)
    for side in (document, stored):
        counts: dict[str, set[str]] = defaultdict(set)
        for entry in side:
            if page := _page(entry):
                counts[page].add(entry.title)
        for page, titles in counts.items():
            if len(titles) > 1:
                holders[page] |= titles
    return set(holders)


def _page(entry: Identity) -> str | None:
    return entry.address.partition("#")[0] if entry.address else None


def _grouped(entries: Sequence[Identity], trait: Trait) -> dict[Hashable, list[Identity]]:
    groups: dict[Hashable, list[Identity]] = defaultdict(list)
    for entry in entries:
        value = trait(entry)
        if value is not None:
            groups[value].append(entry)
    return groups


def _seen_last(entries: Sequence[Identity]) -> list[Identity]:
    latest = max((entry.seen or LONG_AGO for entry in entries), default=LONG_AGO)
    return [entry for entry in entries if (entry.seen or LONG_AGO) == latest]


def _in_order(entries: Sequence[Identity]) -> list[Identity]:
    return sorted(entries, key=lambda one: (one.published or LONG_AGO, one.address or "", one.content_hash, one.id))


# --- traits ----------------------------------------------------------------------------------------


def _stripped_guid(entry: Identity) -> Hashable | None:
    return _SCHEME.sub("", entry.key.strip()) if _SCHEME.match(entry.key) else None


def _guid_address_title(entry: Identity) -> Hashable | None:
    known = entry.guid and entry.address and entry.title
    return (entry.guid, entry.address, entry.title, entry.published) if known else None


def _guid_address_moment(entry: Identity) -> Hashable | None:
    return (entry.guid, entry.address, entry.moment) if entry.guid and entry.address and entry.moment else None


def _title_and_moment(entry: Identity) -> Hashable | None:
    return (entry.title, entry.moment) if entry.title and entry.moment else None


def _title_day_address(entry: Identity) -> Hashable | None:
    place = landmarks(entry.address or "")
    named = place is not None and place.names_an_article
    return (entry.title, entry.published, entry.address) if entry.title and entry.published and named else None


def _guid_title_text(entry: Identity) -> Hashable | None:
    return (entry.guid, entry.title, entry.published, entry.content_hash) if entry.guid and entry.title else None


def _title_and_day(entry: Identity) -> Hashable | None:
    return (entry.title, entry.published.date()) if entry.title and entry.published else None


def _title_and_address(entry: Identity) -> Hashable | None:
    return (entry.title, entry.address) if entry.title and entry.address else None


def _is_no_other_time(one: Identity, other: Identity) -> bool:
    return one.moment is None or other.moment is None or one.moment == other.moment


def _undated_words_and_place(entry: Identity) -> Hashable | None:
    undated = entry.published is None and entry.title and entry.address
    return (entry.title, place_spelt_alike(entry.address or ""), entry.content_hash) if undated else None


def _undated_title_and_text(entry: Identity) -> Hashable | None:
    return (entry.title, entry.content_hash) if entry.title and entry.published is None else None


def _undated_title_and_path(entry: Identity) -> Hashable | None:
    place = landmarks(entry.address or "")
    return (entry.title, place.parts[-1]) if entry.title and entry.published is None and place else None


def _issue(entry: Identity) -> Hashable | None:
    parts = counted(entry.guid or "")
    return parts[0] if parts else None


def _number(entry: Identity) -> Hashable | None:
    return _numbered(entry.address)


def _guid_number(entry: Identity) -> Hashable | None:
    return _numbered(entry.guid)


def _numbered(address: str | None) -> Hashable | None:
    place = landmarks(address or "")
    return (place.host, place.number) if place and place.number else None


def _slug(entry: Identity) -> Hashable | None:
    place = landmarks(entry.address or "")
    return (place.host, place.slug, entry.moment) if place and place.slug and entry.moment else None


def _is_one_article(one: Identity, other: Identity) -> bool:
    """Return whether two addresses with one number are of one article."""
    return _differ_as_versions((one, one.address), (other, other.address))


def _has_one_article_guid(one: Identity, other: Identity) -> bool:
    """Return whether two guids with one number are of one article."""
    return _differ_as_versions((one, one.guid), (other, other.guid))


def _differ_as_versions(one: tuple[Identity, str | None], other: tuple[Identity, str | None]) -> bool:
    """Return whether what differs between two addresses is the slug of each headline, or a section under one title."""
    mine, theirs = landmarks(one[1] or ""), landmarks(other[1] or "")
    if mine is None or theirs is None or one[1] == other[1]:
        return False
    if one[0].moment is not None and one[0].moment == other[0].moment:
        return True
    own = [_unnumbered(part, mine.number) for part in mine.parts if part not in theirs.parts]
    others = [_unnumbered(part, mine.number) for part in theirs.parts if part not in mine.parts]
    spelt = all(is_headline_slug(part, one[0].title) for part in own)
    others_spelt = all(is_headline_slug(part, other[0].title) for part in others)
    if own and others and spelt and others_spelt and not mine.number_leads:
        return True
    plain = not any(character.isdigit() for part in (*own, *others) for character in part)
    return one[0].title == other[0].title and plain


def _unnumbered(part: str, number: str | None) -> str:
    return part.replace(number or "", "") if number else part


_RULES: tuple[tuple[Trait, Condition | None], ...] = (
    (_stripped_guid, None),
    (_guid_address_title, None),
    (_guid_address_moment, None),
    (_guid_title_text, None),
    (_title_and_moment, None),
    (_title_day_address, None),
)
