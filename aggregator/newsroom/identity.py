"""The identity of entries: decides which stored entry an arriving one is where keys are missing or wrong.

An entry is new unless two traits or more prove that it is a stored one. In doubt it is new. A trait that several arriving or
several stored entries share matches none of them, unless as many share it on both sides.

An arriving entry with a key that is not stored can be a stored entry that is no longer in the document. It is, where the two
share one of these traits. They are tried in this order:

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

An arriving entry with a stored key is the stored entry, except where the key alone proves too little:

| key | the entry is another where |
|---|---|
| a guid of its own | title and text share next to no word, the dates are not the same, and it does not stand beside the address of the same article |
| a guid without a number (``N/A``, ``current``) | the same, or: title and date are others, and the address names no article, or another one |
| the address, for want of a guid | title and date are others, unless it names an article and title or text are alike |
| the address of a page that names no article | the same; or date and text are others under one title |
| a hash of title and date | never |
| any | its title, text and date moved to or from another key of the document, and two more entries moved so: keys are positions |
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
from aggregator.text.tokens import is_content_word, words

_DATE = re.compile(r"(?:19|20)\d\d(?:[-/._]?\d\d){1,2}|(?<!\d)(?:19|20)\d\d(?!\d)")
_SLUG_WORD = re.compile(r"[^\W\d_]{2,}")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

MIN_MIGRATED, MIN_REPUBLISHED = 3, 5  # entries that must match before a document counts as moved as a whole
# A republished document has at least this many entries for each new one: where all texts are the same, and where some changed.
ENTRIES_PER_NEW_SAME_TEXTS, ENTRIES_PER_NEW_CHANGED_TEXTS = 4, 10
UNLIKE = 0.15  # share of common words below which two texts are different: two texts of one event share more by its names alone
ALIKE, SAME = 0.5, 0.9  # share of common words from which on two texts are alike, or are the same
MIN_PROVING_WORDS = 16  # longer words that a text must have before it proves that two entries are one
MIN_SUBSTANCE = 8  # longer words that both entries must have before their texts can overrule one guid
COMPARED_WORDS = 200  # words of a text that are compared


def recognise_moved(
    document: Sequence[Identity], known: Collection[str], stored: Sequence[Identity], present: Collection[str]
) -> dict[str, str]:
    """Return key of an arriving entry -> id of the stored entry that it is.

    ``document`` holds all entries of the document, ``known`` the keys in it that are stored. ``stored`` are the feed's entries that
    were seen last (a bounded number), ``present`` the ids of those that are in the document.
    """
    search = _Search(document, known, stored, present)
    for trait, condition in RULES:
        search.match(trait, condition)
    search.match(search.lone_address, None)
    search.match(issue, search.is_reissue, exclusive=False)
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
    """The search for one document's entries among its feed's stored ones; each entry that is found leaves the search."""

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
        self._known = [entry for entry in document if entry.key in known]
        self._free = [entry for entry in stored if entry.id not in present]
        self._present = [entry for entry in stored if entry.id in present]
        self._listing = _listing_pages(document, stored)

    def match(self, trait: Trait, condition: Condition | None, *, exclusive: bool = True) -> None:
        """Match entries by a trait; with ``exclusive``, a trait that entries with a stored key also have matches nothing."""
        self.found.update(self._pairs(trait, condition, exclusive=exclusive))

    def match_whole(self, trait: Trait, condition: Condition | None) -> None:
        """Match entries by a trait that proves something only where half of the unmatched entries have it, or have moved."""
        pairs, moved = self._pairs(trait, condition, unique=True), self._moved()
        if len(pairs) + moved >= MIN_MIGRATED and 2 * (len(pairs) + moved) >= len(self._unmatched()) + moved:
            self.found.update(pairs)

    def match_republished(self) -> None:
        """Match the entries of a document that was republished as a whole, under its former addresses and titles."""
        pairs = self._pairs(article_and_title, None, unique=True)
        others = len(self._document) - len(pairs)
        both = self._as_entries(pairs)
        changed = any(one.content_hash != other.content_hash for one, other in both)
        allowed = len(self._document) // (ENTRIES_PER_NEW_CHANGED_TEXTS if changed else ENTRIES_PER_NEW_SAME_TEXTS)
        if len(pairs) >= MIN_REPUBLISHED and others <= allowed and not _is_schedule(both):
            self.found.update(pairs)

    def lone_address(self, entry: Identity) -> Hashable | None:
        """Return address and moment of an entry; None where its page lists several entries."""
        if entry.address is None or entry.moment is None or _page(entry) in self._listing:
            return None
        return entry.address, entry.moment

    def is_version(self, arriving: Identity, stored: Identity) -> bool:
        """Return whether two entries whose guids differ only in a version are one article.

        The page may be a region's, and the version its next warning. Such bulletins come at whole hours or under a short title.
        """
        if arriving.published is None or stored.published is None or len(stored.title.split()) < HEADLINE:
            return False
        shift = arriving.published - stored.published
        named = names_an_article(arriving.address) and _page(arriving) not in self._listing
        same = arriving.address == stored.address and _has_like_title(arriving, stored)
        return named and same and (not shift or shift % _HOUR != timedelta())

    def is_reissue(self, arriving: Identity, stored: Identity) -> bool:
        """Return whether a counter behind a guid numbers the issues of one article, and not the entries of one page."""
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
        """Return how many entries changed their address: those just found, and those with a stored key."""
        found = sum(one.address != other.address for one, other in self._as_entries(self.found))
        before = {entry.address for entry in self._present}
        return found + sum(bool(SCHEME.match(one.key)) and one.address not in before for one in self._known)

    def _unmatched(self) -> list[Identity]:
        return [entry for entry in self._arriving if entry.key not in self.found]

    def _pairs(
        self, trait: Trait, condition: Condition | None, *, exclusive: bool = True, unique: bool = False
    ) -> dict[str, str]:
        """Return the arriving and the free entries that share a trait, one to one; with ``unique`` only one of each side has it."""
        arriving = _grouped(self._unmatched(), trait)
        if not arriving:
            return {}
        taken = set(self.found.values())
        free = _grouped([entry for entry in self._free if entry.id not in taken], trait)
        if free.keys().isdisjoint(arriving):
            return {}
        excluded = set(_grouped([*self._known, *self._present], trait)) if exclusive else set()
        pairs: dict[str, str] = {}
        for shared, these in arriving.items():
            those = _seen_last(free.get(shared, ()))
            if shared in excluded or len(these) != len(those) or (unique and len(these) > 1):
                continue
            for one, other in zip(_in_order(these), _in_order(those), strict=True):
                if condition is None or condition(one, other):
                    pairs[one.key] = other.id
        return pairs

    def _as_entries(self, pairs: dict[str, str]) -> list[tuple[Identity, Identity]]:
        stored = {entry.id: entry for entry in self._free}
        return [(entry, stored[pairs[entry.key]]) for entry in self._arriving if entry.key in pairs]


def _is_schedule(pairs: Sequence[tuple[Identity, Identity]]) -> bool:
    """Return whether a document is another day's programme: the same hours, other texts."""
    shifts = [one.published - other.published for one, other in pairs if one.published and other.published]
    days = sum(bool(shift) and not shift % _DAY for shift in shifts)
    changed = sum(one.content_hash != other.content_hash for one, other in pairs)
    return 2 * days > len(pairs) and 2 * changed > len(pairs)


def _is_retitled(one: Identity, other: Identity) -> bool:
    dated = one.published is not None and other.published is not None
    mine, theirs = set(one.title.split()), set(other.title.split())
    return not (dated and one.published != other.published) and (mine <= theirs or theirs <= mine)


def _has_like_text(one: Identity, other: Identity) -> bool:
    """Return whether the longer of two texts holds half of the significant words of the shorter one."""
    mine, theirs = _significant_words(one.text), _significant_words(other.text)
    return len(mine & theirs) >= ALIKE * min(len(mine), len(theirs))


def _has_same_text(one: Identity, other: Identity) -> bool:
    """Return whether two texts of some length are one, but for a tenth of their words."""
    mine, theirs = _significant_words(one.text), _significant_words(other.text)
    return min(len(mine), len(theirs)) >= MIN_PROVING_WORDS and len(mine & theirs) >= SAME * len(mine | theirs)


def _is_one_text(one: Identity, other: Identity) -> bool:
    """Return whether two articles with one text differ by no number, as warnings for two regions would."""
    here, there = one.place, other.place
    return here is not None and there is not None and here.number == there.number and _has_same_text(one, other)


def _has_like_title(one: Identity, other: Identity) -> bool:
    return _share(one.title, other.title) >= ALIKE


def is_another(arriving: Identity, stored: Identity, texts: tuple[str, str]) -> bool:
    """Return whether an arriving entry with a stored key is another entry; ``texts`` are the arriving and the stored text."""
    if arriving.key.startswith("hash:") or (arriving.moment is not None and arriving.moment == stored.moment):
        return False
    named = names_an_article(arriving.address)
    redated = arriving.published is None or arriving.published != stored.published
    if arriving.title == stored.title:
        changed = arriving.content_hash != stored.content_hash
        return arriving.guid is None and not named and changed and redated and arriving.published is not None
    if not redated:
        return False
    own = arriving.guid is not None and _is_own_guid(arriving.guid)
    if own and named and arriving.address == stored.address and _is_second_proof(arriving):
        return False  # a placeholder was replaced by its text, or a text was withdrawn
    if arriving.guid and not own and _are_two_articles(arriving.address, stored.address):
        return True
    if arriving.guid and (named or own):
        whole = f"{arriving.title}\n{texts[0]}", f"{stored.title}\n{texts[1]}"
        if min(len(_significant_words(one)) for one in whole) < MIN_SUBSTANCE:
            return False
        return _share(*whole) < UNLIKE and _share(arriving.title, stored.title) < UNLIKE
    return not named or (_share(arriving.title, stored.title) < ALIKE and _share(*texts) < ALIKE)


def _is_second_proof(entry: Identity) -> bool:
    """Return whether an article's address proves more than its guid: it differs from the guid, or holds the article's number."""
    place = entry.place
    return entry_address(entry.guid or "") != entry.address or (place is not None and place.has_own_number)


def _are_two_articles(one: str | None, other: str | None) -> bool:
    """Return whether two addresses are of two articles; the same number under another slug is the same article."""
    if not one or not other or one == other:
        return False
    here, there = landmarks(one), landmarks(other)
    return here is not None and there is not None and (here.number is None or here.number != there.number)


def _is_own_guid(guid: str) -> bool:
    """Return whether a guid can identify one entry: it holds a number that is no date and not zero, or a slug of several words."""
    stem = _DATE.sub("", SCHEME.sub("", guid).partition("/")[2] if "://" in guid else guid)
    return any(character.isdigit() and character != "0" for character in stem) or len(_SLUG_WORD.findall(stem)) >= 3


def former_key(key: str, title: str, published_text: str | None) -> str:
    """Return the key under which an entry is stored after another entry took its key."""
    material = f"{key}\0{title}\0{published_text or ''}".encode("utf-8", "replace")
    return f"formerly:{hashlib.blake2b(material, digest_size=16).hexdigest()}"


def _share(one: str, other: str) -> float:
    """Return the share of significant words that two texts have in common; 1 where neither has any."""
    words, others = _significant_words(one), _significant_words(other)
    return len(words & others) / len(words | others) if words | others else 1.0


def _significant_words(text: str) -> set[str]:
    """Return the numbers and content words of a text's beginning."""
    found = words(text[: 20 * COMPARED_WORDS])[:COMPARED_WORDS]
    return {word for word in found if is_content_word(word) or word[0].isdigit()}


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
