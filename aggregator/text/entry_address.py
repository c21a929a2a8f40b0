"""Addresses of entries: their full form, and the number or slug of an article in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import parse_qsl, unquote

from aggregator.text.address import address_of
from aggregator.text.randomness import looks_mixed
from aggregator.text.tokens import fold, words
from aggregator.text.urls import canonical_url

# A fragment that names a channel or a part of every page, not an entry.
_NO_FRAGMENT = re.compile(
    r"(?:(?:utm_|xtor|at_|pk_|mtm_|ns_|wt[._]|cmp|ref|rss|source|intcmp)[^&]*(?:&|$))+|(?:comments?|respond|top|main|content)?",
    re.I,
)
_DATE_LIKE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])?(?:\d{2}){0,3}")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_EXTENSION = re.compile(r"\.[a-z]{2,5}\d?$", re.IGNORECASE)
_COUNTER = re.compile(r"(?P<base>(?=[^#]*[^\W\d_])[^#]*)#(?P<count>\d{1,4})")
# The version of an article at the end of its guid: a small number, or a moment.
_MOMENT = r"1[5-9]\d{8}(?:\d{3})?|20\d{12}|20\d\d-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z?"
_VERSION = re.compile(
    rf"(?:[#:._-]v?|[?&]v=| \()(?:\d{{1,4}}|{_MOMENT})\)?\Z|[?&][a-z]{{1,12}}=(?:{_MOMENT})\Z", re.IGNORECASE
)
# NewsML's names of dispatches: provider, day, a name of the dispatch, and its revision, of an update or not (RFC 3085). dpa writes
# the revision after a slash, Reuters its names as tags. A name of fewer parts has no revision: its last part is the dispatch.
_DISPATCH = re.compile(
    r"(?P<base>(?:urn:newsml:[^:/\s]{1,80}:\d{8}[\dTZ+-]{0,12}:|tag:[^:\s]{4,80}:newsml_)[^:/\s]{3,80})[:/]\d{1,4}[NAU]?",
    re.IGNORECASE,
)
_BARE_MOMENT = re.compile(rf"https?://[^/?#\s]{{1,100}}/?\?[a-z]{{1,12}}=(?:{_MOMENT})", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
# At the end of a slug: hexadecimal digits, or small letters, capitals and digits in one, or 26 capitals and digits.
_TOKEN = re.compile(
    r"(?:(?<=[-_~])|(?<![\w-]))(?:(?=(?:[a-f]{0,40}\d){3})(?=(?:\d{0,40}[a-f]){2})[0-9a-f]{10,40}"
    r"|(?=[A-Za-z]{0,16}\d)(?=[A-Z\d]{0,16}[a-z])(?=[a-z\d]{0,16}[A-Z])[A-Za-z\d]{8,16}|(?=[A-Z]{0,25}\d)[A-Z\d]{26})\Z"
)
_PLACE = re.compile(r"[/:#?=&\s]")
_YEAR = re.compile(r"(?:19|20)\d\d")

MIN_NUMBER = 5  # digits: a shorter number is a page's, a section's or a year
MAX_VERSION = 24  # characters
MIN_SLUG = 3  # words of a slug that names an article; "latest-news" names none


def entry_address(url: str) -> str | None:
    """Return the form of an address that is equal for two links to one entry; None for other than http(s).

    It is the canonical form with the fragment, since pages of notices distinguish entries by it alone.
    """
    canonical = canonical_url(url)
    if canonical is None or "#" not in url or "#" in canonical:
        return canonical
    fragment = url.partition("#")[2].strip()
    if not fragment.isprintable():  # it is stored and compared: without controls and half surrogate pairs
        fragment = "".join(filter(str.isprintable, fragment))
    return canonical if _NO_FRAGMENT.fullmatch(fragment) else f"{canonical}#{fragment}"


def without_spelling_variants(address: str) -> str:
    """Return an address in one spelling: without escapes, with composed accents, without a last slash."""
    return normalize("NFC", unquote(address)).rstrip("/")


def without_counter(guid: str) -> tuple[str, int] | None:
    """Return a guid without the counter behind ``#``, and the counter; None where it has no counter."""
    match = _COUNTER.fullmatch(guid)
    return None if match is None else (match["base"], int(match["count"]))


def without_version(guid: str) -> str | None:
    """Return a guid without the version at its end; None where the rest holds no number or token that identifies an article."""
    match = _VERSION.search(guid, max(len(guid) - MAX_VERSION, 0))
    base = guid if match is None else guid[: match.start()]
    last = _PLACE.split(base)[-1]
    identifies = _longest_number(last) is not None or (last.isascii() and looks_mixed(last))
    return base if identifies else None


def without_dispatch_version(guid: str) -> str | None:
    """Return an agency's name for a dispatch without its revision; None for other guids."""
    match = _DISPATCH.fullmatch(guid.strip())
    return match["base"] if match else None


def is_moment_alone(guid: str) -> bool:
    """Return whether a guid is a site's address with a moment and nothing else: https://host/?t=1773133200."""
    return _BARE_MOMENT.fullmatch(guid) is not None


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The parts of an address that identify an article: host, path, number, and slug of the last part.

    ``number`` is a number, or an identifier like one, in the last part or in the query. With ``number_is_in_folder`` it stands
    in an earlier part, and may be the number of a topic.
    """

    host: str
    parts: tuple[str, ...]
    number: str | None
    slug: str | None
    number_is_in_folder: bool = False

    @property
    def has_own_number(self) -> bool:
        """Return whether the last part or the query holds a number."""
        return self.number is not None and not self.number_is_in_folder

    @property
    def names_an_article(self) -> bool:
        """Return whether the address is that of one article rather than of a page that lists many."""
        numbers = _NUMBER.findall(self.parts[-1])
        return bool(
            self.slug
            or self.has_own_number
            or any(not _YEAR.fullmatch(one) and not _DATE_LIKE.fullmatch(one) for one in numbers)
        )


# Holds the addresses of one large document, arriving and stored, because they are read several times.
@lru_cache(maxsize=12_288)
def landmarks(address: str) -> Landmarks | None:
    """Return the landmarks of an http(s) address without its fragment; None for others."""
    found = address_of(f"https:{address}" if address.startswith("//") else address)
    if found is None:
        return None
    host = found.host.removeprefix("www.")
    parts = tuple(part for part in unquote(found.path).split("/") if part)
    if not host or not parts:
        return None
    last = _EXTENSION.sub("", parts[-1])
    own = _token(last) or _longest_number(last) or _longest_number(*(value for _, value in parse_qsl(found.query)[:20]))
    leading = None if own else _longest_number(*parts[:-1])
    named = _WORD.findall(last)
    slug = fold(last) if len(named) >= MIN_SLUG and len(last) >= 12 else None
    return Landmarks(host, parts, own or leading, slug, leading is not None)


def names_an_article(address: str | None) -> bool:
    """Return whether an address is that of one article rather than of a page that lists many."""
    found = landmarks(address or "")
    return found is not None and found.names_an_article


def _token(part: str) -> str | None:
    """Return an identifier behind a slug that is not a plain number: a UUID, or digits among letters."""
    match = _UUID.search(part) or _TOKEN.search(part)
    return match[0] if match else None


def _longest_number(*texts: str) -> str | None:
    """Return the longest number that may identify an article; dates do not count."""
    numbers = [one for text in texts for one in _NUMBER.findall(text)]
    return max(
        (one for one in numbers if len(one) >= MIN_NUMBER and not _DATE_LIKE.fullmatch(one)), key=len, default=None
    )


def is_headline_slug(part: str, title: str) -> bool:
    """Return whether a part of an address is made of the words of a headline."""
    spelt = [word for word in words(_EXTENSION.sub("", part).replace("-", " ").replace("_", " ")) if not word.isdigit()]
    title_words = set(words(title))
    return len(spelt) >= 2 and 2 * sum(word in title_words for word in spelt) >= len(spelt)
