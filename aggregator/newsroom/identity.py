"""The identity of entries: which stored entry an arriving one is, where its key is missing or wrong.

An entry is new unless two traits or more prove that it is a stored one. In doubt it is new. A trait that several entries share
on either side matches none of them, unless as many share it on both sides.

An entry under a key that is not stored is a stored one that has left the document, where the two share, in this order:

| trait | what it proves | what it needs beside it |
|---|---|---|
| guid that is or holds an address, but for its spelling | the site went over to https, ``www.``, another form of path or parameters | nothing |
| guid, under another key | guids were found bad, and are distinguished since | title, date and address or text; or address and date to the second |
| title (but for its spelling) | nothing: bulletins, stock headlines | date to the second; or day and address of an article; or day, without guid or address |
| address | nothing: landing pages, listings, warnings | date to the second, and no other entry on that page |
| guid but for a counter behind ``#`` | a re-issue | the address of one article, unchanged; beside it one issue at most, under its title |
| guid but for a version at its end | a later version | the address of one article, unchanged, half of a headline, and no whole hours between the dates |
| agency's name of a dispatch, but for its revision | a later version | nothing |
| number in address or guid | one article, other slug or section | date to the second, title, or before it a slug made of each headline |
| number behind a slug, in another section | headline and section changed | each slug made of its headline, half of the headline or the text |
| slug in the address | one article in another section | date to the second; or title, text and day |
| folder and headline in the address, without a number | date to the second; one headline within the other |
| address (but for its spelling), title and text | only the guid changed | both are undated |
| date to the second, on one site | nothing: what is put out at once | the text of an article, no other number in the address |
| date to the second | nothing: what is put out at once | half of the title, without guid and address |
| headline and text, without guid and address | nothing: a bulletin's | an hour between the dates, another entry beside it |
| headline and text of a marked advertisement | a new guid at each poll | nothing |
| title and day, whole document | a site's migration | 3 entries, half of what is unknown |
| title and text, or path, whole document | the same, undated | 3 entries, half of what is unknown |
| number or slug, whole document | the same, with another form of titles | words added to each title, not redated, 3 entries, half of what is unknown |
| headline, without guid and address, whole document | texts that change at each poll, undated | half of each text alike, 3 entries, half of what is unknown |
| the same with its text | dates that change at each poll | 3 entries, half of what is unknown |
| title and number or slug, whole document | a feed that republishes itself | 5 entries, nine in ten of it (with their texts three in four), no schedule |

A schedule is a document with the hours of another day and other texts: tomorrow's programme.

An entry under a stored key is the stored one, except where the key alone is too weak:

| key | the entry is another where |
|---|---|
| a guid of its own | title and text share next to no word, the dates are not the same, and it does not stand beside the address of the same article |
| a guid without a number (``N/A``, ``current``) | the same, or: title and date are others, and the address names no article, or another one |
| the address, for want of a guid | title and date are others, unless it names an article and title or text are alike |
| the address of a page that names no article | the same; or date and text are others under one title |
| a hash of title and date | never |
| any | its title, text and date have gone to another key of the document, or came from there, and so have two more: keys are places |
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from datetime import timedelta

from aggregator.model import LONG_AGO
from aggregator.newsroom.identity_traits import (
    HEADLINE,
    RULES,
    SCHEME,
    Condition,
    Identity,
    Trait,
    advertisement,
    article,
    article_and_title,
    dispatch,
    guid_number,
    has_longer_headline,
    has_one_article_guid,
    headline_and_text,
    headline_slug,
    is_in_another_section,
    is_no_other_time,
    is_one_article,
    issue,
    lone_moment,
    moment_on_site,
    number,
    slug,
    title_and_day,
    undated_headline,
    undated_title_and_path,
    undated_title_and_text,
    undated_words_and_place,
    versioned_guid,
    words_and_slug,
)
from aggregator.text.entry_address import entry_address, landmarks, names_an_article
from aggregator.text.tokens import words

_DATE = re.compile(r"(?:19|20)\d\d(?:[-/._]?\d\d){1,2}|(?<!\d)(?:19|20)\d\d(?!\d)")
_SLUG_WORD = re.compile(r"[^\W\d_]{2,}")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

MIGRATED, REPUBLISHED = 3, 5  # entries at least of a document that moved as a whole
# Entries that a document may hold for each new one beside those that come again: where all texts are the same, and else.
SAME_TEXTS, OTHER_TEXTS = 4, 10
UNLIKE = 0.15  # share of words below which a text is another: two of one event share more by its names alone
ALIKE, SAME = 0.5, 0.9
LONG_TEXT = 16  # longer words that a text has at least before it proves an entry the same
SUBSTANCE = 8  # longer words that an entry has at least before its text may speak against its guid
BEGINNING = 200  # words of a text that are compared


def recognise_moved(
    document: Sequence[Identity], known: Collection[str], stored: Sequence[Identity], present: Collection[str]
) -> dict[str, str]:
    """Return key of an arriving entry -> id of the stored entry that it is.

    ``document`` is the whole of it, ``known`` the keys in it that are stored; ``stored`` are the feed's entries seen last
    (a bounded set), ``present`` the ids of those that stand in the document.
    """
    search = _Search(document, known, stored, present)
    for trait, condition in RULES:
        search.match(trait, condition)
    search.match(search.lone_address, None)
    search.match(issue, search.is_reissue, crowded=False)
    search.match(versioned_guid, search.is_version)
    search.match(dispatch, None)
    search.match(number, is_one_article)
    search.match(
        number,
        lambda one, other: (
            is_in_another_section(one, other) and (_has_like_title(one, other) or _has_same_text(one, other))
        ),
    )
    search.match(guid_number, has_one_article_guid)
    search.match(slug, None)
    search.match(headline_slug, has_longer_headline)
    search.match(words_and_slug, None)
    search.match(undated_words_and_place, None)
    search.match(moment_on_site, _is_one_text)
    search.match(lone_moment, _has_like_title)
    search.match(headline_and_text, search.is_an_hour_off)
    search.match(advertisement, None)
    for migrated in (title_and_day, undated_title_and_text, undated_title_and_path):
        search.match_whole(migrated, is_no_other_time)
    search.match_whole(undated_headline, _has_like_text)
    search.match_whole(article, _is_retitled)
    search.match_whole(headline_and_text, None)
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

    def match_whole(self, trait: Trait, condition: Condition | None) -> None:
        """Match entries by a trait that is only conclusive if half of the unknown entries have it, or moved with the document."""
        pairs, moved = self._pairs(trait, condition, alone=True), self._moved()
        if len(pairs) + moved >= MIGRATED and 2 * (len(pairs) + moved) >= len(self._left()) + moved:
            self.found.update(pairs)

    def match_republished(self) -> None:
        """Match the entries of a document that was republished as a whole, under its former addresses and titles."""
        pairs = self._pairs(article_and_title, None, alone=True)
        others = len(self._document) - len(pairs)
        both = self._as_entries(pairs)
        retold = any(one.content_hash != other.content_hash for one, other in both)
        allowed = len(self._document) // (OTHER_TEXTS if retold else SAME_TEXTS)
        if len(pairs) >= REPUBLISHED and others <= allowed and not _is_schedule(both):
            self.found.update(pairs)

    def lone_address(self, entry: Identity) -> Hashable | None:
        """Return address and moment, but for pages that list several entries."""
        if entry.address is None or entry.moment is None or _page(entry) in self._listing:
            return None
        return entry.address, entry.moment

    def is_version(self, arriving: Identity, stored: Identity) -> bool:
        """Return whether two entries with one guid but for its version are one article.

        The page may be a region's, and the version its next warning: a bulletin comes at whole hours or under a short title.
        """
        if arriving.published is None or stored.published is None or len(stored.title.split()) < HEADLINE:
            return False
        shift = arriving.published - stored.published
        named = names_an_article(arriving.address) and _page(arriving) not in self._listing
        same = arriving.address == stored.address and _has_like_title(arriving, stored)
        return named and same and (not shift or shift % _HOUR != timedelta())

    def is_reissue(self, arriving: Identity, stored: Identity) -> bool:
        """Return whether two counters stand behind one article's guid, and not before the entries of one page."""
        if arriving.address is None or arriving.address != stored.address:
            return False
        beside = [one for one in self._document if one.key != arriving.key and issue(one) == issue(arriving)]
        same = all(one.title == arriving.title for one in beside)
        return names_an_article(arriving.address) and len(beside) <= 1 and same

    def is_an_hour_off(self, arriving: Identity, stored: Identity) -> bool:
        """Return whether two dates differ as those of winter and summer time; where one entry stands alone it may be the next."""
        if arriving.published is None or stored.published is None:
            return False
        return len(self._document) > 1 and abs(arriving.published - stored.published) == _HOUR

    def _moved(self) -> int:
        """Count the entries that stand at another address than before: those just found, and those known by both addresses."""
        found = sum(one.address != other.address for one, other in self._as_entries(self.found))
        before = {entry.address for entry in self._present}
        return found + sum(bool(SCHEME.match(one.key)) and one.address not in before for one in self._standing)

    def _left(self) -> list[Identity]:
        return [entry for entry in self._arriving if entry.key not in self.found]

    def _pairs(
        self, trait: Trait, condition: Condition | None, *, crowded: bool = True, alone: bool = False
    ) -> dict[str, str]:
        """Return the arriving and the free entries that share a trait, one to one; ``alone``: where one has it on each side."""
        arriving = _grouped(self._left(), trait)
        if not arriving:
            return {}
        taken = set(self.found.values())
        free = _grouped([entry for entry in self._free if entry.id not in taken], trait)
        if free.keys().isdisjoint(arriving):
            return {}
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

    def _as_entries(self, pairs: dict[str, str]) -> list[tuple[Identity, Identity]]:
        stored = {entry.id: entry for entry in self._free}
        return [(entry, stored[pairs[entry.key]]) for entry in self._arriving if entry.key in pairs]


def _is_schedule(pairs: Sequence[tuple[Identity, Identity]]) -> bool:
    """Return whether a document is another day's programme: the hours of before, other texts."""
    shifts = [one.published - other.published for one, other in pairs if one.published and other.published]
    days = sum(bool(shift) and not shift % _DAY for shift in shifts)
    retold = sum(one.content_hash != other.content_hash for one, other in pairs)
    return 2 * days > len(pairs) and 2 * retold > len(pairs)


def _is_retitled(one: Identity, other: Identity) -> bool:
    dated = one.published is not None and other.published is not None
    mine, theirs = set(one.title.split()), set(other.title.split())
    return not (dated and one.published != other.published) and (mine <= theirs or theirs <= mine)


def _has_like_text(one: Identity, other: Identity) -> bool:
    """Return whether the shorter of two texts, if not a headline alone, is half in the longer one."""
    mine, theirs = _significant_words(one.text), _significant_words(other.text)
    return len(mine & theirs) >= ALIKE * min(len(mine), len(theirs))


def _has_same_text(one: Identity, other: Identity) -> bool:
    """Return whether two texts of some length are one, but for a tenth of their words."""
    mine, theirs = _significant_words(one.text), _significant_words(other.text)
    return min(len(mine), len(theirs)) >= LONG_TEXT and len(mine & theirs) >= SAME * len(mine | theirs)


def _is_one_text(one: Identity, other: Identity) -> bool:
    """Return whether two articles with one text differ by no number, as warnings for two regions would."""
    here, there = one.place, other.place
    return here is not None and there is not None and here.number == there.number and _has_same_text(one, other)


def _has_like_title(one: Identity, other: Identity) -> bool:
    return _share(one.title, other.title) >= ALIKE


def is_another(arriving: Identity, stored: Identity, texts: tuple[str, str]) -> bool:
    """Return whether an entry under a stored key is another entry; ``texts`` are the arriving and the stored text."""
    if arriving.key.startswith("hash:") or (arriving.moment is not None and arriving.moment == stored.moment):
        return False
    named = names_an_article(arriving.address)
    redated = arriving.published is None or arriving.published != stored.published
    if arriving.title == stored.title:
        retold = arriving.content_hash != stored.content_hash
        return arriving.guid is None and not named and retold and redated and arriving.published is not None
    if not redated:
        return False
    own = arriving.guid is not None and _is_own_guid(arriving.guid)
    if own and named and arriving.address == stored.address and _is_second_proof(arriving):
        return False  # a placeholder got its text, or a text was withdrawn
    if arriving.guid and not own and _are_listed_together(arriving.address, stored.address):
        return True
    if arriving.guid and (named or own):
        whole = f"{arriving.title}\n{texts[0]}", f"{stored.title}\n{texts[1]}"
        if min(len(_significant_words(one)) for one in whole) < SUBSTANCE:
            return False
        return _share(*whole) < UNLIKE and _share(arriving.title, stored.title) < UNLIKE
    return not named or (_share(arriving.title, stored.title) < ALIKE and _share(*texts) < ALIKE)


def _is_second_proof(entry: Identity) -> bool:
    """Return whether an article's address proves more than the guid: it is not the same, or holds the article's number."""
    place = entry.place
    return entry_address(entry.guid or "") != entry.address or (place is not None and place.has_own_number)


def _are_listed_together(one: str | None, other: str | None) -> bool:
    """Return whether two addresses are two articles'; one with its number under another slug is one article's."""
    if not one or not other or one == other:
        return False
    here, there = landmarks(one), landmarks(other)
    return here is not None and there is not None and (here.number is None or here.number != there.number)


def _is_own_guid(guid: str) -> bool:
    """Return whether a guid can identify one entry: it holds a number that is no date and not zero, or a slug of several words."""
    stem = _DATE.sub("", SCHEME.sub("", guid).partition("/")[2] if "://" in guid else guid)
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
    found = words(text[: 20 * BEGINNING])[:BEGINNING]
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
