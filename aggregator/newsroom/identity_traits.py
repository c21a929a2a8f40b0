"""The traits by which an entry is recognised, and the conditions that two entries with one trait must meet.

A trait is a function of an entry; it returns None where the entry does not have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime

from aggregator.text.entry_address import (
    Landmarks,
    entry_address,
    is_headline_slug,
    is_moment_alone,
    landmarks,
    names_an_article,
    without_counter,
    without_dispatch_version,
    without_spelling_variants,
    without_version,
)

SCHEME = re.compile(r"^(?:https?:)?//(?:www\.)?", re.IGNORECASE)
_SCHEME_INSIDE = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
# First words of the headlines of paid entries, in lower case.
_PAID_WORDS = """
    sponsored advertisement advertorial promoted anzeige werbung publicité publireportage publirreportaje publicidad patrocinado
    sponsorizzato publiredazionale publieditorial advertentie reklama реклама sponsrad annons annonce
"""
_PAID = frozenset(_PAID_WORDS.split())
HEADLINE = 4  # words: a shorter title may be the name of a programme


@dataclass(frozen=True, slots=True)
class Identity:
    """The traits by which an entry is recognised; ``id`` is its key on arrival, its id when stored.

    ``address`` is the canonical one with its fragment. ``published`` is a date that can be believed; ``moment`` is the same to the
    second, or None where only the day is known. ``seen`` is when a stored entry was last in its feed. ``text`` is given for
    arriving entries, and for stored entries that have no guid, address and date, or that share a date to the second or a number
    with an arriving one.
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
    text: str = ""

    @property
    def place(self) -> Landmarks | None:
        """The parts of the address that identify an article."""
        return landmarks(self.address or "")


Trait = Callable[[Identity], Hashable | None]
Condition = Callable[[Identity, Identity], bool]


def guid_spelt_alike(entry: Identity) -> Hashable | None:
    """Return a guid that is or holds an address, without the parts in which two addresses of one page may differ."""
    key = entry.key.strip()
    if not SCHEME.match(key):  # "4712 at https://host"
        return _SCHEME_INSIDE.sub("", key).rstrip("/") if _SCHEME_INSIDE.search(key) else None
    address = None if " " in key else entry_address(key)
    return SCHEME.sub("", without_spelling_variants(address or key))


def guid_address_title(entry: Identity) -> Hashable | None:
    known = entry.guid and entry.address and entry.title
    return (entry.guid, entry.address, entry.title, entry.published) if known else None


def guid_address_moment(entry: Identity) -> Hashable | None:
    return (entry.guid, entry.address, entry.moment) if entry.guid and entry.address and entry.moment else None


def title_and_moment(entry: Identity) -> Hashable | None:
    return (entry.title, entry.moment) if entry.title and entry.moment else None


def title_day_address(entry: Identity) -> Hashable | None:
    known = entry.title and entry.published and names_an_article(entry.address)
    return (entry.title, entry.published, entry.address) if known else None


def guid_title_text(entry: Identity) -> Hashable | None:
    return (entry.guid, entry.title, entry.published, entry.content_hash) if entry.guid and entry.title else None


def title_and_day(entry: Identity) -> Hashable | None:
    return (entry.title, entry.published.date()) if entry.title and entry.published else None


def article(entry: Identity) -> Hashable | None:
    """Return the part of an address that an article keeps when it moves to another section or site."""
    place = entry.place
    if place is None or not place.names_an_article:
        return None
    return (place.number if place.has_own_number else None) or place.slug or entry.address


def article_and_title(entry: Identity) -> Hashable | None:
    mark = article(entry)
    return (entry.title, mark) if entry.title and mark else None


def lone_moment(entry: Identity) -> Hashable | None:
    """Return the date to the second of an entry that has neither guid nor address."""
    return entry.moment if entry.guid is None and entry.address is None else None


def lone_title_and_date(entry: Identity) -> Hashable | None:
    """Return title and date of an entry that has neither guid nor address."""
    alone = entry.guid is None and entry.address is None and entry.title and entry.published
    return (entry.title, entry.published) if alone else None


def headline_and_text(entry: Identity) -> Hashable | None:
    """Return title and text of an entry without guid and address, where the title is more than the name of a programme."""
    return (entry.title, entry.content_hash) if entry.address is None and _headline(entry) else None


def undated_headline(entry: Identity) -> Hashable | None:
    return entry.title if is_bare(entry) and _headline(entry) else None


def is_bare(entry: Identity) -> bool:
    """Return whether an entry can be recognised by its words alone."""
    return entry.guid is None and entry.address is None and entry.published is None


def _headline(entry: Identity) -> bool:
    return entry.guid is None and len(entry.title.split()) >= HEADLINE


def is_no_other_time(one: Identity, other: Identity) -> bool:
    return one.moment is None or other.moment is None or one.moment == other.moment


def undated_words_and_place(entry: Identity) -> Hashable | None:
    undated = entry.published is None and entry.title and entry.address
    return (entry.title, without_spelling_variants(entry.address or ""), entry.content_hash) if undated else None


def headline_slug(entry: Identity) -> Hashable | None:
    """Return moment and folder of an entry whose address ends in the words of its headline and holds no number."""
    place = entry.place
    if entry.moment is None or place is None or place.number is not None:
        return None
    return (entry.moment, place.host, place.parts[:-1]) if is_headline_slug(place.parts[-1], entry.title) else None


def has_longer_headline(one: Identity, other: Identity) -> bool:
    """Return whether one of two headlines is the other with added words, but no added numbers: those may number a series."""
    fewer, more = sorted((one.title.split(), other.title.split()), key=len)
    added = set(more) - set(fewer)
    return len(fewer) > 1 and set(fewer) < set(more) and not any(word[0].isdigit() for word in added)


def words_and_slug(entry: Identity) -> Hashable | None:
    """Return title, text, slug and day of an entry without a time of day."""
    place = entry.place
    if entry.moment is not None or place is None or place.slug is None or not entry.title:
        return None
    return entry.title, entry.content_hash, place.slug, entry.published


def undated_title_and_text(entry: Identity) -> Hashable | None:
    return (entry.title, entry.content_hash) if entry.title and entry.published is None else None


def undated_title_and_path(entry: Identity) -> Hashable | None:
    known = entry.title and entry.published is None and entry.place
    return (entry.title, known.parts[-1]) if known else None


def issue(entry: Identity) -> Hashable | None:
    parts = without_counter(entry.guid or "")
    return parts[0] if parts else None


def versioned_guid(entry: Identity) -> Hashable | None:
    """Return a guid without its version; for a guid that is only a version, return the address."""
    if entry.guid and entry.address and is_moment_alone(entry.guid):
        return entry.address
    return without_version(entry.guid) if entry.guid else None


def dispatch(entry: Identity) -> Hashable | None:
    """Return an agency's name for a dispatch without the version at its end."""
    return without_dispatch_version(entry.guid) if entry.guid else None


def moment_on_site(entry: Identity) -> Hashable | None:
    """Return date to the second and host of an article under a headline."""
    place = entry.place
    known = entry.moment and place and place.names_an_article and len(entry.title.split()) >= HEADLINE
    return (entry.moment, place.host) if place and known else None


def advertisement(entry: Identity) -> Hashable | None:
    """Return headline and text of an entry that its headline calls an advertisement."""
    return entry.content_hash if entry.title.partition(" ")[0] in _PAID else None


def number(entry: Identity) -> Hashable | None:
    return _numbered(entry.address)


def guid_number(entry: Identity) -> Hashable | None:
    return _numbered(entry.guid)


def _numbered(address: str | None) -> Hashable | None:
    place = landmarks(address or "")
    return place.number if place else None


def slug(entry: Identity) -> Hashable | None:
    place = entry.place
    return (place.slug, entry.moment) if place and place.slug and entry.moment else None


def is_one_article(one: Identity, other: Identity) -> bool:
    """Return whether two addresses with one number are of one article."""
    return _differ_as_versions((one, one.address), (other, other.address))


def has_one_article_guid(one: Identity, other: Identity) -> bool:
    """Return whether two guids with one number are of one article."""
    return _differ_as_versions((one, one.guid), (other, other.guid))


def _differ_as_versions(one: tuple[Identity, str | None], other: tuple[Identity, str | None]) -> bool:
    """Return whether two addresses differ only in the slug of each headline, or in a section under one title."""
    mine, theirs = landmarks(one[1] or ""), landmarks(other[1] or "")
    if mine is None or theirs is None or one[1] == other[1]:
        return False
    if one[0].moment is not None and one[0].moment == other[0].moment:
        return True
    if mine.host != theirs.host:  # on another site the same number may be another article's
        return mine.has_own_number and theirs.has_own_number and one[0].title == other[0].title
    own = [_unnumbered(part, mine.number) for part in mine.parts if part not in theirs.parts]
    others = [_unnumbered(part, mine.number) for part in theirs.parts if part not in mine.parts]
    spelt = all(is_headline_slug(part, one[0].title) for part in own)
    others_spelt = all(is_headline_slug(part, other[0].title) for part in others)
    if own and others and spelt and others_spelt and not mine.number_is_in_folder:
        return True
    plain = not any(character.isdigit() for part in (*own, *others) for character in part)
    return one[0].title == other[0].title and plain


def is_in_another_section(one: Identity, other: Identity) -> bool:
    """Return whether two addresses hold a number behind the slug of each headline, below plain names of sections."""
    mine, theirs = one.place, other.place
    if (
        mine is None
        or theirs is None
        or mine.host != theirs.host
        or not (mine.has_own_number and theirs.has_own_number)
    ):
        return False
    folders = {*mine.parts[:-1]} ^ {*theirs.parts[:-1]}
    plain = not any(character.isdigit() for part in folders for character in part)
    spelt = all(
        is_headline_slug(_unnumbered(place.parts[-1], place.number), title)
        for place, title in ((mine, one.title), (theirs, other.title))
    )
    return plain and spelt


def _unnumbered(part: str, number: str | None) -> str:
    return part.replace(number or "", "") if number else part


RULES: tuple[tuple[Trait, Condition | None], ...] = (
    (guid_spelt_alike, None),
    (guid_address_title, None),
    (guid_address_moment, None),
    (guid_title_text, None),
    (title_and_moment, None),
    (title_day_address, None),
    (lone_title_and_date, None),
)
