"""Recognises the wire service that wrote an entry by its signature, never by a mention.

"told Reuters", "AP reported", "laut dpa" are mentions, not signatures. Signatures are the source element, the byline, the address, the
dateline that opens a dispatch and the credit that closes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from aggregator.model import Entry, EntryData, by_time
from aggregator.newsroom.agencies import (
    AGENCIES,
    AMBIGUOUS_MARKS,
    agency_called,
    agency_of_address,
    agency_of_publisher,
    agency_pattern,
    may_name_agency,
)

# How the agency of an entry is known: by its signature, by the agency's own feed, or by the text that it shares with another entry.
Form = Literal["source", "byline", "address", "dateline", "credit", "feed", "copy"]

_OPENING = 1_500  # characters in which a dateline may follow a byline and captions
_OPENING_LINES = 6
_CLOSING = 700  # characters: a sign-off with names of five reporters, or a copyright note
_CLOSING_LINES = 4
_MIN_SIGNERS = 2  # publishers whose copies must be signed by an agency before unsigned copies are attributed to it

_ANY = agency_pattern()
_SURE = agency_pattern(ambiguous=False)
_SPELLED_OUT = "(?:" + "|".join(re.escape(name) for agency in AGENCIES for name in agency.names if " " in name) + ")"
_DASH = r"(?:--|[-–—_:])"


@dataclass(frozen=True, slots=True)
class Attribution:
    """The agency of an entry, the form of its signature, and the words of it."""

    agency: str
    form: Form
    evidence: str


def attribute(data: EntryData, text: str) -> Attribution | None:
    """Return the wire service that signed an entry with this plain ``text``; None where none did."""
    found = _by_source(data) or _by_author(data.author) or _by_address(data)
    if found is not None:
        return found
    tail = "\n".join(text[-_CLOSING:].rstrip().split("\n")[-_CLOSING_LINES:])
    if may_name_agency(text if len(text) <= _OPENING else f"{text[:_OPENING]}\n{tail}"):
        return _by_opening(text) or _by_closing(tail)
    return _by_sign_off(tail)


def wire_of(signed: Attribution | None, publisher: str, *, agency_feed: bool) -> Attribution | None:
    """Return the agency behind an entry: the one that signed it, or its publisher where that is an agency."""
    own = agency_of_publisher(publisher) or (publisher if agency_feed else None)
    if own is not None and (signed is None or signed.agency == own):
        return Attribution(own, "feed", publisher)
    return signed


def shared_text(entries: Iterable[Entry]) -> tuple[str, str] | None:
    """Return the agency whose text the copies of one report carry, and the id of the entry that shows it.

    An agency with an entry of its own among them comes first, the earliest of several. Otherwise it is the agency that signed the
    copies of two publishers. A single signature may be a mistake, and is not applied to the other copies.
    """
    copies = sorted(entries, key=by_time)
    for entry in copies:
        own = _own_agency(entry)
        if own is not None:
            return own, entry.id
    signed: dict[str, list[Entry]] = {}
    for entry in copies:
        if entry.agency is not None and entry.agency_form != "copy":
            signed.setdefault(entry.agency, []).append(entry)
    publishers = {agency: len({entry.publisher for entry in signers}) for agency, signers in signed.items()}
    agency = max(publishers, key=lambda name: publishers[name], default=None)  # of two with as many, the first to sign
    return None if agency is None or publishers[agency] < _MIN_SIGNERS else (agency, signed[agency][0].id)


def _own_agency(entry: Entry) -> str | None:
    return (entry.agency or agency_of_publisher(entry.publisher) or entry.publisher) if entry.is_agency_own else None


# --- what the feed says --------------------------------------------------------------------------


def _by_source(data: EntryData) -> Attribution | None:
    agency = agency_of_address(data.source_url) or agency_of_publisher(data.source_title or "")
    evidence = data.source_title or data.source_url or ""
    return Attribution(agency, "source", evidence) if agency else None


def _by_address(data: EntryData) -> Attribution | None:
    for url in (data.canonical_link, data.link):
        agency = agency_of_address(url)
        if agency and url:
            return Attribution(agency, "address", url)
    return None


_PARTS = re.compile(r"\s*(?:[,;|/&()\[\]\n–—]|\s-\s|\b(?:and|und|et|og|och|mit|avec|with|con|com|met|med)\b)\s*", re.IGNORECASE)  # fmt: skip
_AGENCY_AND_DESK = re.compile(
    r"(?:The )?(?P<agency>Associated Press|Agence France-Presse|Canadian Press|Press Trust of India)(?:\s[^\W\d_]+){1,2}$",
    re.IGNORECASE,
)
_NAME_AND_AGENCY = re.compile(
    r"\s(?P<agency>(?:The )?(?:(?:Australian )?Associated Press|Agence France-Presse|Canadian Press|Press Association|Thomson Reuters))$",
    re.IGNORECASE,
)
# "Agence France-Presse in Nairobi", "PA Political Editor": the place or the desk of an agency's reporters.
_PLACE = re.compile(r"\s+(?:in|aus|à|en|da|a)\s+[^\W\d_].{0,40}$")
_DESK = re.compile(
    r"^PA (?=(?:Scotland|Wales|Ireland|England|Political|Science|Health|Education|Business|City|Sport|Home|Royal|Court|"
    r"Environment|Entertainment|Deputy|Senior|Chief)\b)"
)
_STATE = "PA"  # after a name and a town it means Pennsylvania: "Jane Roe, Pittsburgh, PA"
_PARTS_WITH_AGENCY = 2
_PICTURE = re.compile(r"\b(?:photos?|fotos?|bild(?:er)?|pictures?|images?|фото|zdjęcie|kuva|valokuva)\b", re.IGNORECASE)


def _by_author(author: str) -> Attribution | None:
    if not author or len(author) > 300 or _PICTURE.search(author):
        return None
    for place, part in enumerate((author, *_PARTS.split(author))):
        if place > _PARTS_WITH_AGENCY and part.strip() == _STATE:
            continue
        agency = _signed(part)
        if agency:
            return Attribution(agency, "byline", author)
    return None


def _signed(part: str) -> str | None:
    agency = agency_called(part) or agency_called(_PLACE.sub("", part))
    if agency is None and _DESK.match(part.strip()):
        return agency_called("PA")
    named = _NAME_AND_AGENCY.search(part) or _AGENCY_AND_DESK.match(part.strip())
    return agency_called(named["agency"]) if agency is None and named else agency


# --- how a dispatch opens ------------------------------------------------------------------------

_BRACKETED = (
    rf"(?P<place>.{{0,80}}?)\s*[(（](?:©\s?)?(?P<agency>{_ANY})(?:[/,-][^)）]{{0,25}})?[)）]\s*(?P<after>\.?{_DASH}?)"
)
_SLASHED = rf"(?P<place>.{{0,60}}?)\s*/(?:[Кк]орр\. )?(?P<agency>(?i:ritzau|interfax|ukrinform|укрінформ)|{_SURE})\b[^/]{{0,40}}/"
_PIPED = rf"(?P<place>.{{2,60}}?)\s*\|\s*(?P<agency>{_SURE})\s*\|"
_SPELLED = (
    r"(?P<place>.{2,60}?)[.,]?\s+[-–—]?\s*"
    r"(?P<agency>(?i:interfax|интерфакс|укрінформ|ukrinform|риа новости|ria novosti|belta|белта)|AAP|AFP)"
    rf"(?:\.(?:RU|COM))?\s*(?:{_DASH}|\.)\s"
)
_PLAIN = rf"(?P<agency>{_SURE})\s+[-–—]\s+(?![^\W\d_A-ZА-Я])"
_CHINESE = re.compile(
    r"[（(【]?(?P<agency>(?:新华|新華|路透|法新|共同|塔斯|中新|美联|美聯|德新|韩联|韓聯|安莎|埃菲)社|路透)[^\s，。、；]{1,16}"
    r"\d{0,2}月?[\d一二三四五六七八九十]{1,3}日(?:电|電)"
)
_CENTRAL = re.compile(r"[（(](?P<agency>中央社)[^）)]{0,30}[日]?[電电][）)]")
_ASIAN = re.compile(
    r"[【［\[][^】］\]]{0,24}?(?P<agency>共同|時事|ロイター|AFP|新华社)(?:通信|=時事)?[】］\]]"
    r"|[(（\[][^)）\]]{0,24}?=(?P<korean>연합뉴스|뉴시스|뉴스1|로이터|AFP|AP)[)）\]]"
)
_SOURCES = r"Source|Quelle|Fuente|Fonte|Bron|Zdroj|Źródło|Källa|Kilde|Lähde|Kaynak|Izvor|Forrás|Sursa|Джерело|Источник|來源|来源|出典|출처|المصدر"
_LABELLED = re.compile(rf"(?:{_SOURCES})\s?[:：]")
_BYLINE = re.compile(r"(?:by|von|par|por|di)\b", re.IGNORECASE)

_DATE = re.compile(r"\d")
_PARTICLES = "de la del di da do dos das am an der den im of the and und et y i na nad bei sur les le los el"
_CONNECTORS = frozenset(_PARTICLES.split())
_UNCASED_WORDS = 5
# Marks that mostly mean something else when they stand in brackets.
_AMBIGUOUS_IN_BRACKETS = frozenset(
    {"PA", "AA", "CP", "SPA", "SID", "STA", "MENA", "CNA", "UNI", "NAN", "GNA", "TT", "AGI", "KNA"}
)
_STOPPED = frozenset({"TT"})  # only after a town, with a full stop: "Stockholm (TT). The government"


def _by_opening(text: str) -> Attribution | None:
    for place, line in enumerate(text[:_OPENING].split("\n")[:_OPENING_LINES]):
        line = line.strip()
        if not line or _is_caption(line):
            continue
        found = _dateline(line)
        if found is not None:
            return found
        if place and _LABELLED.match(line):
            continue  # the source of a figure in the text
        if len(line) <= 80 and (agency_called(line) or _BYLINE.match(line)):
            signed = _by_author(line)
            if signed is not None:
                return signed
    return None


def _is_caption(line: str) -> bool:
    return (
        _PICTURE.search(line[:90]) is not None or re.match(r"REUTERS/|[\w. ]{3,40}/(?:AFP|AP|dpa)\b", line) is not None
    )


def _dateline(line: str) -> Attribution | None:
    for pattern, holds in _openings():
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
    """Return whether words could be the place and date of a dateline: few words, all of them names, dates or particles."""
    words = re.findall(r"[^\W\d_]+", place)
    if not words or words[0][0].islower():
        return False
    if not words[0][0].isupper():
        return len(place.split()) <= _UNCASED_WORDS  # a script without capitals: a place is known only by its shortness
    if len(words) > 8:
        return False
    small = [word for word in words if word[0].islower() and word not in _CONNECTORS]
    return not small or (_DATE.search(place) is not None and len(small) <= 2)


def _is_bracketed_dateline(match: re.Match[str]) -> bool:
    place, mark, after = match["place"].strip(), match["agency"], match["after"]
    if not place:
        # "(Belga) Three ports": a dash follows, or the sentence begins at once
        follows = match.string[match.end() :].lstrip()[:1]
        return any(dash in after for dash in "-–—") or (mark not in _AMBIGUOUS_IN_BRACKETS and follows.isupper())
    if not _looks_like_place(place) or _spells_out(place, mark):
        return False
    if "\u0900" <= mark[0] <= "\u0dff":
        return True  # in the scripts of India dispatches have neither capitals nor a dash
    dated = _DATE.search(place) is not None
    shouted = any(len(word) > 2 and word.isupper() for word in re.findall(r"[^\W\d_]+", place))
    if dated or (shouted and mark != _STATE):
        return True
    if re.match(r"(?:the|die|der|das|le|la|el)\b", place, re.IGNORECASE):
        return False
    if mark in _STOPPED:
        return after == "." and len(place.split()) <= 2 and match.string[match.end() :].lstrip()[:1].isupper()
    return bool(after) and mark not in _AMBIGUOUS_IN_BRACKETS


def _spells_out(place: str, mark: str) -> bool:
    """Return whether a mark in brackets is only the initials of the words before it."""
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", place) if word[0].isupper())
    return len(initials) > 1 and initials.endswith(mark.upper())


@cache
def _openings() -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], bool]], ...]:
    """Return the forms of a dateline with their conditions; compiled when first needed, because compiling takes long."""
    return (
        (re.compile(_BRACKETED), _is_bracketed_dateline),
        (re.compile(_SLASHED), _is_place),
        (re.compile(_PIPED), _is_place),
        (re.compile(_SPELLED), _is_place),
        (re.compile(_PLAIN), _always),
        (_CHINESE, _always),
        (_CENTRAL, _always),
        (_ASIAN, _always),
    )


# --- how it closes -------------------------------------------------------------------------------

_END = r"(?:^|(?<=[.!?…。\"'”’»)\]])|\n)\s*"  # after a sentence: a credit inside one is a mention
_INITIALS = r"(?:[\s,;/]*\b[^\W\d_A-ZА-Я]{2,5}/?){0,5}"
_BARE = r"(?:^|(?<=[.!?…])|\n)\s*"
_RESERVED = r"(?:^|(?<=[.!?…\"'”’»)\]])|\n|(?<=RISERVATA)|(?<=riservata)|(?<=eserved))\s*"


@cache
def _credits() -> tuple[re.Pattern[str], ...]:
    return (
        re.compile(rf"{_END}(?:--|==|[-–—])\s?(?P<agency>{_ANY})\.?{_INITIALS}\s*$"),
        re.compile(rf"{_END}[(（\[]\s*(?:©\s?)?(?P<agency>{_ANY}(?:[/-][\w/]{{2,8}})?)[)）\]]\.?{_INITIALS}\s*$"),
        re.compile(
            rf"{_RESERVED}\(?(?:©|\(c\)|Copyright)\s*(?:\(c\)|©|Copyright)?\s*(?:\d{{4}},?\s*)?(?:by\s+)?(?:The\s)?"
            rf"(?P<agency>{_SURE}|ANSA|Lusa)\b",
            re.I,
        ),
        re.compile(rf"(?:^|\n)\s*[(（]?(?:{_SOURCES})\s?[:：]\s*(?P<agency>(?i:{_ANY}))(?![^\W\d_])[^\n]{{0,60}}(?:\n[^\n]{{0,40}})?\s*$"),
        re.compile(_BARE + rf"(?P<agency>dpa|EFE|AFP|AAP|PTI|IANS|ANP|NTB|STT|ANSA|Lusa)(?:/\w{{2,4}}){{0,3}}\.?(?:(?:\s[A-Z]{{2,4}}){{0,5}}|{_INITIALS})\s*$"),
        re.compile(r"\n\s*(?P<agency>afp|efe|ansa|sda|ntb|ritzau)(?:/\w{2,4}){0,2}\s*$"),
        re.compile(rf"/(?P<agency>(?i:ritzau)|{_SURE})/\s*$"),
        re.compile(rf"{_END}/(?P<agency>{_ANY})/?{_INITIALS}\s*$"),
        re.compile(_BARE + rf"(?P<agency>{_SPELLED_OUT})\.?\s*$"),
        re.compile(_BARE + rf"(?P<agency>{_SURE})/?\([A-Z]{{1,3}}\b[^()\n]{{0,120}}\)\s*$"),  # "AGERPRES/(AS - autor: Ion Popa)"
        re.compile(rf"\n(?:autor|author|auteur|autore|oprac\.|opr\.)\s?:?\s[^\n()]{{2,60}}\((?P<agency>{_ANY})\)\s*$", re.I),
        re.compile(r"\b(?P<agency>dpa):\d{6}-\d"),
        re.compile(r"\n(?P<agency>Lusa)/fim\s*$", re.I),
        re.compile(r"This report by (?P<agency>The Canadian Press) was first published"),
        re.compile(r"(?P<agency>Associated Press)\. All rights reserved"),
        # AP names its own people so under its own dispatches; "The Associated Press contributed" is another publisher's thanks
        re.compile(
            rf"{_END}(?P<agency>AP|Associated Press)(?: [\w-]+){{0,3}} (?:writers?|journalists?|reporters?|correspondents?|photographers?)"
            r" [^.\n]{3,300} contributed\b"
        ),
        re.compile(r"Our Standards: The (?P<agency>Thomson Reuters) Trust Principles"),
    )  # fmt: skip


# Reuters signs so; no other agency names its editors in this form.
_SIGN_OFF = re.compile(
    r"\((?:Reporting|Additional reporting|Writing|Compiled) by [^()]{3,400}?[;.,]\s?[Ee]diting by [^()]{3,160}\)"
    r"|(?:^|\n)Reporting by [^()\n]{3,400}?; ?Editing by [^()\n]{3,160}"
)


def _by_sign_off(tail: str) -> Attribution | None:
    signed = _SIGN_OFF.search(tail)
    return None if signed is None else Attribution("Reuters", "credit", signed[0][:120])


def _by_closing(tail: str) -> Attribution | None:
    signed = _by_sign_off(tail)
    if signed is not None:
        return signed
    for pattern in _credits():
        match = pattern.search(tail)
        if match is None or _is_caption(tail[tail.rfind("\n", 0, match.start()) + 1 :]):
            continue
        agency = _named(match["agency"])
        if agency and (match["agency"] not in AMBIGUOUS_MARKS or len(tail) > len(match[0])):
            return Attribution(agency, "credit", match[0].strip())
    return None


def _named(form: str) -> str | None:
    """Return the agency that a credit names, also with a desk behind it or in small letters."""
    for name in (form, re.split(r"[/-]", form)[0]):
        found = agency_called(name) or agency_called(name.upper())
        if found:
            return found
    return None
