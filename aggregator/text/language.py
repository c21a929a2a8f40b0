"""The language of a text whose feed does not say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# The languages of newsrooms that a desk follows; the fewer there are to choose from, the fewer mistakes in a headline.
LANGUAGES = [
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id",
    "it", "ja", "ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "th",
    "tr", "uk", "ur", "vi", "zh",
]  # fmt: skip
# A shorter text says too little, unless its script does.
MIN_LETTERS = 25
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
_TELLING = re.compile("[" + "".join(script.pattern[1:-1] for _, script in _SCRIPTS) + "]")
# Languages that are written in each of these scripts: who says one of them is believed.
_WRITERS = {
    "ja": {"ja"}, "ko": {"ko"}, "zh": {"zh", "ja", "ko", "yue"}, "th": {"th"}, "el": {"el"}, "he": {"he", "yi", "iw"},
    "hi": {"hi", "mr", "ne", "sa", "bho", "mai", "kok"},
}  # fmt: skip
# Languages so like each other that a feed's word counts for more than a guess.
_ALIKE = (
    {"no", "nb", "nn", "da", "sv"},
    {"hr", "sr", "bs", "sl"},
    {"id", "ms"},
    {"cs", "sk"},
    {"es", "ca", "gl", "pt"},
)
# What stands in feeds for the code of a language: its code of former times, or that of a country.
_MEANT = {
    "iw": "he", "in": "id", "ji": "yi", "mo": "ro", "sp": "es",
    "ua": "uk", "cz": "cs", "dk": "da", "jp": "ja", "cn": "zh", "hk": "zh", "gr": "el", "vn": "vi", "by": "be",
    "rs": "sr", "il": "he", "us": "en", "gb": "en", "at": "de", "mx": "es", "ir": "fa", "pk": "ur", "al": "sq",
}  # fmt: skip
# Codes of languages that few newsrooms write in, and of countries: what is spoken there.
_COUNTRIES = {
    "br": {"pt"}, "se": {"sv"}, "si": {"sl"}, "ee": {"et"}, "be": {"nl", "fr", "de"}, "ch": {"de", "fr", "it"}, "kr": {"ko"},
}  # fmt: skip
_LETTER = re.compile(r"[^\W\d_]")
_ENOUGH = 1_000  # characters; more of a text adds cost and no certainty


NO_LANGUAGE = "{!r} is no language; write a code of two letters such as en"


def primary_language(tag: str | None) -> str | None:
    """Return the ISO 639-1 part of a language tag such as ``en-GB``; None where there is none."""
    if not tag:
        return None
    primary = tag.strip().replace("_", "-").split("-", 1)[0].lower()
    primary = _MEANT.get(primary, primary)
    return primary if len(primary) == 2 and primary.isascii() and primary.isalpha() else None


def identify(text: str, hint: str | None) -> str | None:
    """Return the ISO 639-1 code of a text's language; None where unsure.

    The feed's own word (``hint``) stands where it gives one, unless the text is in a script that the language isn't written in.
    """
    said = hint.split("-")[0].lower() if hint else None
    if said and text.isascii():
        return said
    head = text[:_ENOUGH]
    if said and not _TELLING.search(head):
        return said
    letters = len(_LETTER.findall(head))
    written = _by_script(head, letters)
    if written and said not in _WRITERS[written]:
        return written
    if said or letters < MIN_LETTERS:
        return said
    language, _ = _identifier().classify(head)
    return str(language)


def is_of_country(text: str, said: str) -> bool:
    """Return whether a text is surely in a language of the country whose code was given for a language's."""
    head = text[:_ENOUGH]
    if said not in _COUNTRIES or len(_LETTER.findall(head)) < MIN_LETTERS:
        return False
    language, chance = _identifier().classify(head)
    return language in _COUNTRIES[said] and float(chance) > 0.99


def surely_other(text: str, said: str) -> bool:
    """Return whether a text of some length is surely in another language than the given one."""
    head = text[:_ENOUGH]
    if said not in LANGUAGES or len(_LETTER.findall(head)) < 4 * MIN_LETTERS:
        return False
    language, chance = _identifier().classify(head)
    alike = any(said in group and language in group for group in _ALIKE)
    return language != said and not alike and float(chance) > 0.99


def _by_script(head: str, letters: int) -> str | None:
    for language, script in _SCRIPTS:
        found = len(script.findall(head))
        # a text in Han characters with any kana is Japanese; otherwise most of the letters decide
        if found and (found * 2 > letters or (language == "ja" and found * 8 > letters)):
            return language
    return None


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """Return py3langid's model for our languages; see language_model for why not by its own loader."""
    from aggregator.text.language_model import load

    return load(LANGUAGES)
