"""Which wire service wrote an entry: told by the forms in which agencies sign, never by being mentioned.

"told Reuters", "AP reported", "laut dpa" are mentions. What counts is the source element, the byline, the address, the
dateline that opens a dispatch and the credit that closes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from aggregator.model import Entry, EntryData
from aggregator.newsroom.agencies import LOOSE, agency_called, agency_of_address, forms
from aggregator.text.tokens import fold

Form = Literal["source", "byline", "address", "dateline", "credit"]

_OPENING = 1_500  # characters in which a dateline may stand after a byline and captions
_OPENING_LINES = 6
_CLOSING = 700  # characters: a sign-off with names of five reporters, or a copyright note
_CLOSING_LINES = 4

_ANY = forms()
_SURE = forms(loose=False)
_DASH = r"(?:--|[-–—_:])"


@dataclass(frozen=True, slots=True)
class Attribution:
    """The agency behind an entry, the form in which it says so, and the words that say it."""

    agency: str
    form: Form
    evidence: str


def attribute(data: EntryData, text: str) -> Attribution | None:
    """Return the wire service that wrote an entry with this plain ``text``; None where none signs it."""
    found = _by_source(data) or _by_author(data.author) or _by_address(data)
    return found or _by_opening(text) or _by_closing(text)


def shared_text(entries: Iterable[Entry]) -> str | None:
    """Return the agency whose own entry is among the entries of one report: then all of them carry its text."""
    own = [(entry.time, entry.id, name) for entry in entries if (name := _own_agency(entry))]
    return min(own)[2] if own else None


def _own_agency(entry: Entry) -> str | None:
    called = agency_called(entry.publisher)
    if entry.from_agency_feed:
        return entry.agency or called or entry.publisher
    if called is not None:
        return called
    return entry.agency if entry.agency and fold(entry.agency) == fold(entry.publisher) else None


# --- what the feed says --------------------------------------------------------------------------


def _by_source(data: EntryData) -> Attribution | None:
    agency = agency_of_address(data.source_url) or agency_called(data.source_title or "")
    evidence = data.source_title or data.source_url or ""
    return Attribution(agency, "source", evidence) if agency else None


def _by_address(data: EntryData) -> Attribution | None:
    for url in (data.canonical_link, data.link):
        agency = agency_of_address(url)
        if agency and url:
            return Attribution(agency, "address", url)
    return None


_PARTS = re.compile(r"\s*(?:[,;|/&()\[\]\n–—]|\s-\s|\b(?:and|und|et|og|och|mit|avec|with|con|com|met|med)\b)\s*", re.IGNORECASE)  # fmt: skip
_NAME_AND_AGENCY = re.compile(
    r"\s(?P<agency>(?:The )?(?:Associated Press|Agence France-Presse|Canadian Press|Press Association|Thomson Reuters))$",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"\b(?:photos?|fotos?|bild(?:er)?|pictures?|images?|фото|zdjęcie|kuva|valokuva)\b", re.IGNORECASE)


def _by_author(author: str) -> Attribution | None:
    if not author or len(author) > 300 or _PICTURE.search(author):
        return None
    for part in (author, *_PARTS.split(author)):
        trailing = _NAME_AND_AGENCY.search(part)
        agency = agency_called(trailing["agency"] if trailing else part)
        if agency:
            return Attribution(agency, "byline", author)
    return None


# --- how a dispatch opens ------------------------------------------------------------------------

_BRACKETED = re.compile(
    rf"(?P<place>.{{0,80}}?)\s*[(（](?:©\s?)?(?P<agency>{_ANY})(?:[/,-][^)）]{{0,25}})?[)）]\s*(?P<after>\.?{_DASH}?)"
)
_SLASHED = re.compile(
    r"(?P<place>.{0,60}?)\s*/(?:[Кк]орр\. )?(?P<agency>(?i:TASS|ТАСС|ritzau|interfax|ukrinform|укрінформ))\b[^/]{0,40}/"
)
_SPELLED = re.compile(
    r"(?P<place>.{2,60}?)[.,]?\s+[-–—]?\s*"
    r"(?P<agency>(?i:interfax|интерфакс|укрінформ|ukrinform|риа новости|ria novosti|belta|белта)|AAP|AFP)"
    rf"(?:\.(?:RU|COM))?\s*(?:{_DASH}|\.)\s"
)
_PLAIN = re.compile(rf"(?P<agency>{_SURE})\s+[-–—]\s")
_XINHUA = re.compile(
    r"[（(]?(?P<agency>新华社|新華社)[^\s，。、；]{1,16}\d{0,2}月?[\d一二三四五六七八九十]{1,3}日(?:电|電)"
)
_CENTRAL = re.compile(r"[（(](?P<agency>中央社)[^）)]{0,30}[日]?[電电][）)]")
_ASIAN = re.compile(
    r"[【［][^】］]{0,24}?(?P<agency>共同|時事|ロイター|AFP|新华社)(?:通信|=時事)?[】］]"
    r"|[(（\[][^)）\]]{0,24}?=(?P<korean>연합뉴스|뉴시스|뉴스1|로이터|AFP|AP)[)）\]]"
)
_BYLINE = re.compile(r"(?:by|von|par|por|di)\b", re.IGNORECASE)

_DATE = re.compile(r"\d")
_PARTICLES = "de la del di da do dos das am an der den im of the and und et y i na nad bei sur les le los el"
_CONNECTORS = frozenset(_PARTICLES.split())


def _by_opening(text: str) -> Attribution | None:
    for place, line in enumerate(text[:_OPENING].split("\n")[:_OPENING_LINES]):
        line = line.strip()
        if not line or _is_caption(line):
            continue
        found = _dateline(line)
        if found is not None:
            return found
        if len(line) <= 80 and (place == 0 or _BYLINE.match(line) or agency_called(line)):
            signed = _lone_byline(line)
            if signed is not None:
                return signed
    return None


def _lone_byline(line: str) -> Attribution | None:
    if agency_called(line) or _BYLINE.match(line):
        return _by_author(line)
    return None


def _is_caption(line: str) -> bool:
    return (
        _PICTURE.search(line[:90]) is not None or re.match(r"REUTERS/|[\w. ]{3,40}/(?:AFP|AP|dpa)\b", line) is not None
    )


def _dateline(line: str) -> Attribution | None:
    for pattern, holds in _OPENINGS:
        match = pattern.match(line)
        if match is not None and holds(match):
            agency = agency_called(match[match.lastgroup or 0] if pattern is _ASIAN else match["agency"])
            if agency:
                return Attribution(agency, "dateline", match[0].strip())
    return None


def _always(match: re.Match[str]) -> bool:
    return True


def _is_place(match: re.Match[str]) -> bool:
    return _looks_like_place(match["place"].strip())


def _looks_like_place(place: str) -> bool:
    """Say whether words could be the place and date of a dateline: short, and names but for dates and particles."""
    words = re.findall(r"[^\W\d_]+", place)
    if not words or len(words) > 8 or not words[0][0].isupper():
        return False
    small = [word for word in words if word[0].islower() and word not in _CONNECTORS]
    return not small or (_DATE.search(place) is not None and len(small) <= 2)


def _is_bracketed_dateline(match: re.Match[str]) -> bool:
    place, mark, after = match["place"].strip(), match["agency"], match["after"]
    if not place:
        return any(dash in after for dash in "-–—")
    if not _looks_like_place(place) or _spells_out(place, mark):
        return False
    dated = _DATE.search(place) is not None
    shouted = any(len(word) > 2 and word.isupper() for word in re.findall(r"[^\W\d_]+", place))
    if dated or shouted:
        return True
    if re.match(r"(?:the|die|der|das|le|la|el)\b", place, re.IGNORECASE):
        return False
    return bool(after) and mark not in ("PA", "AA", "CP", "SPA", "SID", "STA", "MENA")


def _spells_out(place: str, mark: str) -> bool:
    """Say whether a mark in brackets is but the initials of the words before it."""
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", place) if word[0].isupper())
    return len(initials) > 1 and initials.endswith(mark.upper())


_OPENINGS = (
    (_BRACKETED, _is_bracketed_dateline),
    (_SLASHED, _is_place),
    (_SPELLED, _is_place),
    (_PLAIN, _always),
    (_XINHUA, _always),
    (_CENTRAL, _always),
    (_ASIAN, _always),
)


# --- how it closes -------------------------------------------------------------------------------

_END = r"(?:^|(?<=[.!?…。\"'”’»)\]])|\n)\s*"  # after a sentence: a credit inside one is a mention
_INITIALS = r"(?:[\s,;/]*\b[^\W\d_A-ZА-Я]{2,5}/?){0,5}"
_BARE = r"(?:^|(?<=[.!?…])|\n)\s*"
_CREDITS = (
    re.compile(rf"{_END}(?:--|[-–—])\s?(?P<agency>{_ANY})\.?{_INITIALS}\s*$"),
    re.compile(rf"{_END}[(（\[]\s*(?:©\s?)?(?P<agency>{_ANY}(?:[/-][\w/]{{2,8}})?)[)）\]]\.?{_INITIALS}\s*$"),
    re.compile(rf"{_END}(?:©|\(c\)|Copyright)\s*(?:\(c\)|©)?\s*(?:\d{{4}},?\s*)?(?:by\s+)?(?:The\s+)?(?P<agency>{_SURE})\b", re.I),
    re.compile(rf"(?:^|\n)\s*(?:Source|Quelle|Fuente|Fonte|Bron|Zdroj|Źródło|Källa|Kilde|Lähde)\s?:\s*(?P<agency>{_ANY})\b"),
    re.compile(_BARE + r"(?P<agency>dpa|EFE|AFP|AAP|PTI|IANS|ANP|NTB|STT|ANSA)(?:/\w{2,4}){0,3}\.?(?:\s[A-Z]{2,4}){0,5}\s*$"),
    re.compile(r"/(?P<agency>ritzau)/\s*$", re.I),
    re.compile(r"\b(?P<agency>dpa):\d{6}-\d"),
    re.compile(r"This report by (?P<agency>The Canadian Press) was first published"),
    re.compile(r"(?P<agency>Associated Press)\. All rights reserved"),
)  # fmt: skip
# How Reuters signs a dispatch; nobody else names its editors so.
_SIGN_OFF = re.compile(
    r"\((?:Reporting|Additional reporting|Writing|Compiled) by [^()]{3,400}?[;.] ?Editing by [^()]{3,160}\)"
)


def _by_closing(text: str) -> Attribution | None:
    tail = "\n".join(text[-_CLOSING:].rstrip().split("\n")[-_CLOSING_LINES:])
    signed = _SIGN_OFF.search(tail)
    if signed is not None:
        return Attribution("Reuters", "credit", signed[0][:120])
    for pattern in _CREDITS:
        match = pattern.search(tail)
        if match is None or _is_caption(tail[tail.rfind("\n", 0, match.start()) + 1 :]):
            continue
        agency = agency_called(re.split(r"[/-]", match["agency"])[0]) or agency_called(match["agency"])
        if agency and (match["agency"] not in LOOSE or len(tail) > len(match[0])):
            return Attribution(agency, "credit", match[0].strip())
    return None
