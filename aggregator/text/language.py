"""The language of a text whose feed does not say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# The languages to choose from, those of newsrooms that a desk follows: with fewer languages, fewer headlines are mistaken.
LANGUAGES = [
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id",
    "it", "ja", "ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "th",
    "tr", "uk", "ur", "vi", "zh",
]  # fmt: skip
# A shorter text is not identified, except by its script.
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
_DISTINCT_SCRIPT = re.compile("[" + "".join(script.pattern[1:-1] for _, script in _SCRIPTS) + "]")
# Language of a script -> the declared languages that are believed of a text in that script.
_SCRIPT_LANGUAGES = {
    "ja": {"ja"}, "ko": {"ko"}, "zh": {"zh", "ja", "ko", "yue"}, "th": {"th"}, "el": {"el"}, "he": {"he", "yi", "iw"},
    "hi": {"hi", "mr", "ne", "sa", "bho", "mai", "kok"},
}  # fmt: skip
# Languages so similar that the declared one counts for more than the identified one.
_ALIKE = (
    {"no", "nb", "nn", "da", "sv"},
    {"hr", "sr", "bs", "sl"},
    {"id", "ms"},
    {"cs", "sk"},
    {"es", "ca", "gl", "pt"},
)
# Wrong codes in feeds -> the code that is meant: a former code of the language, or the code of a country.
_CORRECTED_CODES = {
    "iw": "he", "in": "id", "ji": "yi", "mo": "ro", "sp": "es",
    "ua": "uk", "cz": "cs", "dk": "da", "jp": "ja", "cn": "zh", "hk": "zh", "gr": "el", "vn": "vi", "by": "be",
    "rs": "sr", "il": "he", "us": "en", "gb": "en", "at": "de", "mx": "es", "ir": "fa", "pk": "ur", "al": "sq",
}  # fmt: skip
# Codes of rare languages that are also codes of countries -> the languages of the country.
_COUNTRY_LANGUAGES = {
    "br": {"pt"}, "se": {"sv"}, "si": {"sl"}, "ee": {"et"}, "be": {"nl", "fr", "de"}, "ch": {"de", "fr", "it"}, "kr": {"ko"},
}  # fmt: skip
_LETTER = re.compile(r"[^\W\d_]")
_MAX_READ = 1_000  # characters of a text that are read; more of them add cost and no certainty


NO_LANGUAGE = "{!r} is no language; write a code of two letters such as en"


def primary_language(tag: str | None) -> str | None:
    """Return the ISO 639-1 code in a language tag such as ``en-GB``; None where it has none."""
    if not tag:
        return None
    primary = tag.strip().replace("_", "-").split("-", 1)[0].lower()
    primary = _CORRECTED_CODES.get(primary, primary)
    return primary if len(primary) == 2 and primary.isascii() and primary.isalpha() else None


def identify(text: str, hint: str | None) -> str | None:
    """Return the ISO 639-1 code of a text's language; None where unsure.

    The declared language (``hint``) is believed, unless the text is in a script that this language is not written in.
    """
    declared = hint.split("-")[0].lower() if hint else None
    if declared and text.isascii():
        return declared
    head = text[:_MAX_READ]
    if declared and not _DISTINCT_SCRIPT.search(head):
        return declared
    letters = len(_LETTER.findall(head))
    by_script = _language_of_script(head, letters)
    if by_script and declared not in _SCRIPT_LANGUAGES[by_script]:
        return by_script
    if declared or letters < MIN_LETTERS:
        return declared
    language, _ = _identifier().classify(head)
    return str(language)


def is_of_country(text: str, declared: str) -> bool:
    """Return whether the declared code is surely a country's: the text is in a language of that country."""
    head = text[:_MAX_READ]
    if declared not in _COUNTRY_LANGUAGES or len(_LETTER.findall(head)) < MIN_LETTERS:
        return False
    language, chance = _identifier().classify(head)
    return language in _COUNTRY_LANGUAGES[declared] and float(chance) > 0.99


def is_surely_other(text: str, declared: str) -> bool:
    """Return whether a text of some length is surely in another language than the declared one."""
    head = text[:_MAX_READ]
    if declared not in LANGUAGES or len(_LETTER.findall(head)) < 4 * MIN_LETTERS:
        return False
    language, chance = _identifier().classify(head)
    alike = any(declared in group and language in group for group in _ALIKE)
    return language != declared and not alike and float(chance) > 0.99


def _language_of_script(head: str, letters: int) -> str | None:
    for language, script in _SCRIPTS:
        found = len(script.findall(head))
        # a text in Han characters with any kana is Japanese; otherwise most of the letters decide
        if found and (found * 2 > letters or (language == "ja" and found * 8 > letters)):
            return language
    return None


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """Return py3langid's model for our languages; ``language_model`` says why its own loader is not used."""
    from aggregator.text.language_model import load

    return load(LANGUAGES)
