"""Language-independent features of a text: numbers, names by their sound, places.

``Kiew``, ``Київ`` and ``كييف`` are one place by the tables of Unicode's CLDR; ``Зеленский`` and ``Selenskyj`` are one name by
their sound. The only home of babel and anyascii (extra ``semantic``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from aggregator.text.tokens import fold

_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f' ]\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
_GROUPS = re.compile(r"[.,\u00a0\u202f' ]")
# Scripts without capitals in which a name of another language is spelled by its sound: kana, Hangul, Arabic.
_SPELLED = re.compile("[\u30a1-\u30fa\u30fc]{3,}|[\uac00-\ud7af]{3,}|[\u0621-\u064a]{4,}")
_ARABIC_PREFIX = re.compile("^(?:[وفبكل]?ال|لل)")
_UNVOWELLED = re.compile("[\u0590-\u06ff]")
_UNSPACED = frozenset({"ja", "ko", "th", "zh", "ar"})
_LATIN = frozenset({"de", "en", "es", "fr", "it", "nl", "pl", "pt", "tr"})
_SOUNDS = (
    ("tsch", "c"), ("sch", "s"), ("tch", "c"), ("ch", "k"), ("kh", "k"), ("sh", "s"), ("zh", "s"), ("ph", "f"), ("ck", "k"),
    ("qu", "k"), ("q", "k"), ("x", "ks"), ("z", "s"), ("w", "v"), ("ce", "s"), ("ci", "s"), ("c", "k"), ("r", "l"),
)  # fmt: skip
_SILENT = re.compile(r"[aeiouyjh'\W\d_]")
_DOUBLE = re.compile(r"(.)\1+")
MIN_SIMILARITY = 0.62  # of two spellings (difflib's ratio), from which names with the same consonants are one
MIN_SIMILARITY_SHORT = 0.7  # the same for names with few consonants
MAX_ENDING = 2  # consonants by which an ending may lengthen a name


@dataclass(frozen=True, slots=True)
class PhoneticKey:
    """A name as it sounds: its ``spelling`` in plain Latin letters, and its ``consonants``."""

    spelling: str
    consonants: str
    vowelled: bool


def numbers(text: str) -> list[str]:
    """Return the numbers of a text in order, each once: "5,9" is 5.9, "2 300" and "2.300" are 2300."""
    found: dict[str, None] = {}
    for match in _NUMBER.finditer(text):
        written = match[0]
        head, *groups = _GROUPS.split(written)
        grouped = bool(groups) and head != "0" and len(head) <= 3 and all(len(group) == 3 for group in groups)
        number = head + "".join(groups) if grouped else written.replace(",", ".")
        number = number.translate(_DIGITS)
        found[number.rstrip("0").rstrip(".") if "." in number else number] = None
    return list(found)


def number_weight(number: str) -> float:
    """Return the weight of a shared number as evidence: single digits and present years count less, since any text has them."""
    if len(number) < 2 or (len(number) == 4 and number[:2] in ("19", "20")):
        return 0.3
    return 1.0


def spelled_names(text: str) -> list[str]:
    """Return the words of kana, Hangul and Arabic, any of which may spell a name by its sound."""
    return list(dict.fromkeys(_ARABIC_PREFIX.sub("", match[0]) for match in _SPELLED.finditer(text)))


def places(text: str, language: str) -> Mapping[str, str]:
    """Return the countries and large cities that a text names, as code -> the words that name it."""
    pattern, codes = _gazetteer(language)
    if pattern is None:
        return {}
    read = text if language in _UNSPACED else fold(text)
    found: dict[str, str] = {}
    for match in pattern.finditer(read):
        word = match[0] if len(read) != len(text) else text[match.start() : match.end()]
        found.setdefault(codes[match[1]], word)
    return found


@lru_cache(maxsize=100_000)
def phonetic_key(name: str) -> PhoneticKey:
    """Return the phonetic key of a name, whatever script it is written in."""
    from anyascii import anyascii

    spelling = re.sub(r"[^a-z]", "", anyascii(name.replace("х", "kh").replace("Х", "Kh")).lower())
    consonants = spelling
    for letters, heard in _SOUNDS:
        consonants = consonants.replace(letters, heard)
    return PhoneticKey(spelling, _DOUBLE.sub(r"\1", _SILENT.sub("", consonants)), not _UNVOWELLED.search(name))


def same_name(one: PhoneticKey, other: PhoneticKey) -> bool:
    """Return whether two names are the same: equal in spelling, or alike in consonants and similar in spelling."""
    if one.spelling == other.spelling:
        return len(one.spelling) >= 3
    short, long = sorted((one.consonants, other.consonants), key=len)
    if len(short) < 2 or not long.startswith(short) or len(long) - len(short) > max(0, min(len(short) - 2, MAX_ENDING)):
        return False
    if not (one.vowelled and other.vowelled):
        return len(short) > 3
    if len(short) < 4 and one.spelling[0] != other.spelling[0]:
        return False
    needed = MIN_SIMILARITY if len(short) > 3 else MIN_SIMILARITY_SHORT
    return SequenceMatcher(None, one.spelling, other.spelling, autojunk=False).ratio() >= needed


_DIGITS = {ord(c): str(d) for zero in (0x660, 0x6F0, 0xE50, 0x966, 0xFF10) for d in range(10) for c in chr(zero + d)}


@lru_cache(maxsize=32)
def _gazetteer(language: str) -> tuple[re.Pattern[str] | None, Mapping[str, str]]:
    """Return a pattern that finds the names of places in a language, and name -> code."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return None, {}
    names = {name: code for code, name in locale.territories.items() if len(code) == 2 and code.isalpha()}
    zones = Locale.parse("ru").time_zones  # a locale of another script names every city
    for zone in map(str, zones):
        city = locale.time_zones.get(zone, {}).get("city")
        if city is None and language in _LATIN:
            city = zone.rpartition("/")[2].replace("_", " ")
        if city and "/" in zone:
            names.setdefault(city, zone)
    if language in _UNSPACED:
        whole = sorted((name for name in names if len(name) > 1), key=lambda name: (-len(name), name))
        return re.compile("(" + "|".join(map(re.escape, whole)) + ")"), names
    stems: dict[str, str] = {}
    short = set()
    for name, code in names.items():
        stem = _stem(fold(name), language)
        stems.setdefault(stem, code)
        if stem == fold(name) and len(stem) < (4 if language in ("pl", "ru", "tr") else 5):
            short.add(stem)
    kept = sorted((stem for stem in stems if len(stem) > 2), key=lambda stem: (-len(stem), stem))
    ends = [re.escape(stem) + (r"\b" if stem in short else "") for stem in kept]
    return re.compile(r"\b(" + "|".join(ends) + r")\w*"), stems


def _stem(name: str, language: str) -> str:
    """Return a place's name without its ending, so that its grammatical cases and its adjective are found."""
    if language in ("de", "nl") and name.endswith("land") and len(name) > 7:
        return name.removesuffix("land")
    return name[: len(name) - (2 if len(name) > 8 else 1)] if len(name) > 5 and " " not in name else name
