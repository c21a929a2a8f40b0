"""Words and sentences of any language, by Unicode's rules.

Words are folded (NFKD, combining marks of Latin, Greek and Cyrillic stripped, casefold); scripts without
spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) give character bigrams. Marks stay
where they carry the vowel or the word: Devanagari, Arabic, Hebrew points excepted, Thai, kana.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain
from typing import cast

from aggregator.text.part_cache import PartCache

# Scripts whose writers put no space between words: Han, kana, Thai, Lao, Burmese, Khmer.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0002fa1f"
)
_WORD = re.compile(
    rf"[{_UNSPACED}]+|\d+(?:[.,:]\d+)*(?:[^\W\d_{_UNSPACED}]+)?|[^\W_{_UNSPACED}]+(?:['’][^\W\d_{_UNSPACED}]+)*"
)
_ASCII_WORD = re.compile(r"\d+(?:[.,:]\d+)*(?:[a-z]+)?|[a-z0-9]+(?:'[a-z]+)*")
_RUN = re.compile(rf"[{_UNSPACED}]+")
# Combining marks of scripts in which they are accents, not letters.
ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670]")
# Languages that write every noun with a capital, so that a capital marks no name.
CAPITAL_NOUNS = frozenset({"de", "lb"})
_POSSESSIVE = re.compile(r"['’]s?$")
_GROUPED = re.compile(r"(?<=\d)[.,](?=\d{3}(?:\D|$))")
# Numbers that words() rewrites, or divides otherwise than SQLite: 1,000, 4x4 and l'A380.
_OWN_NUMBER = re.compile(r"\d[.,]\d{3}|[\d'’][^\W\d_]+\d")
# Latin, Greek and Cyrillic letters and signs without combining marks, where SQLite divides words as words() does.
_ALPHABETS = re.compile("[\0-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u2064\u2070-\u20b9\u2100-\u214f]*+")
_SENTENCE_END = re.compile(
    r"(?<=[.!?…؟])(?P<closing>[\"'”’»)\]]*)\s+(?=[^\s\da-zа-яё])|(?<=[。！？])(?P<closing_wide>[」』”’）]*)|\n+"
)
# Words that a full stop may follow without ending a sentence: an initial or "U.S.", a title, a German day of the month.
_INITIALS = re.compile(r"(?:^|[^\w.])(?:[^\W\d_a-zа-яё]\.)+$")
_TITLES = re.compile(
    r"(?:^|[^\w.])(?:Mr|Mrs|Ms|Mx|Dr|Prof|St|Sen|Rep|Gov|Gen|Lt|Col|Maj|Sgt|Capt|Cmdr|Adm|Rev|Hon|Pres|Amb|Supt|Messrs|vs|Mme|Mlle|Sr|Sra|Dra|"
    r"Hr|Fr|Frl|Ing|Dott|ul|im|św|проф|ген|ст|вул|ул|им|г)\.$"
)
_ORDINAL = re.compile(r"(?:^|[^\w.,])\d{1,2}\.$")
_WITH_ORDINALS = frozenset({"de", "da", "no", "nb", "nn", "fi", "cs", "sk", "hu", "et", "hr", "sl", "sr", "pl"})
# After "U.S.", only a word like these begins a sentence for certain.
_ENGLISH = (
    "the a an it its he she they we you i this that these those there here in on at as after before for from with by but and or if "
    "when while since although however meanwhile his her their our what who how why no not one two many most some"
)
_STARTERS = frozenset(f"{_ENGLISH} der die das ein eine es er sie wir ihr le la les un une il elle el los las".split())
_FIRST_WORD = re.compile(r"[^\W\d_]+")


# Letters that Unicode does not decompose -> the letters that people write who lack them on their keyboard.
_PLAIN_LETTERS = str.maketrans(
    {
        **dict(zip("łøđðħıŧŋĸƒəǝɛɔɓɖɗɠɣɨƙɲɵʉʋƴƶɩʊ", "loddhitnqfeeeobddggiknouvyziu", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)


def fold(text: str) -> str:
    """Return ``text`` in the form in which words are compared."""
    if text.isascii():
        return text.lower()
    stripped = ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", stripped).casefold()


def plain_letters(text: str) -> str:
    """Return a folded text with plain letters for those that Unicode does not decompose: ``łodz`` becomes ``lodz``."""
    return text if text.isascii() else text.translate(_PLAIN_LETTERS)


def spellings(plain: str) -> tuple[str, ...]:
    """Return what words in plain letters may stand for: Đ, which is indexed as d, is mostly written Dj without it (Djoković)."""
    return tuple(dict.fromkeys((plain, plain.replace("dj", "d"))))


def without_points(text: str) -> str:
    """Return ``text`` without accents that stand alone, such as the vowel signs of Arabic and Hebrew, at which :func:`words` divides."""
    return text if text.isascii() else ACCENTS.sub("", unicodedata.normalize("NFKC", text))


def words(text: str) -> list[str]:
    """Return the normalised words of ``text`` in order."""
    return list(chain.from_iterable(_words.results(text.split())))


def is_content_word(word: str) -> bool:
    """Return whether a normalised word may say what a text is about: in ASCII it has four letters, in other scripts it is shorter."""
    return len(word) >= 4 or not word.isascii()


def _words_of(part: str) -> tuple[str, ...]:
    """Return the words of a part between two blanks; no word spans one."""
    if part.isascii():
        return tuple(word if word.isalpha() else _ascii_word(word) for word in _ASCII_WORD.findall(part.lower()))
    return tuple(chain.from_iterable(map(_normalised, _WORD.findall(unicodedata.normalize("NFKC", part)))))


def _normalised(written: str) -> tuple[str, ...]:
    """Return the index words of a token: the normalised word, or pairs of characters where scripts have no blanks."""
    word = fold(written)
    if _RUN.match(word):
        return tuple(word[i : i + 2] for i in range(len(word) - 1)) or (word,)
    if word[0].isdigit():
        return (_GROUPED.sub("", word),)
    return (_POSSESSIVE.sub("", word).replace("’", "'") or word,)


@lru_cache(maxsize=4)
def folded_tokens(text: str) -> tuple[str, ...]:
    """Return the case-folded parts between blanks, cached briefly since several callers need them for one text."""
    return tuple(text.casefold().split())


def index_form(text: str) -> str:
    """Return ``text`` in the form of the full-text index: SQLite finds in it the same :func:`words`, in :func:`plain_letters`.

    Words with points are whole there. Text of scripts with spaces between words is not split here, because SQLite splits it.
    """
    parts = list(_indexed.results(text.split(" ")))
    return plain_letters(" ".join(words(without_points(text)))) if None in parts else " ".join(cast("list[str]", parts))


def _indexed_of(part: str) -> str | None:
    """Return a part that SQLite splits into the same words as :func:`words`; None where it splits it otherwise."""
    part = without_points(part)
    plain = (part.isascii() or _ALPHABETS.fullmatch(part)) and not _OWN_NUMBER.search(part)
    return plain_letters(fold(part)) if plain else None


_words = PartCache(_words_of)
_indexed = PartCache(_indexed_of)


def _ascii_word(word: str) -> str:
    """Return a lower-case word with a digit or apostrophe as :func:`words` does."""
    if word[0].isdigit():
        return _GROUPED.sub("", word)
    return _POSSESSIVE.sub("", word) or word if "'" in word else word


def sentences(text: str, language: str | None) -> list[str]:
    """Return the sentences of ``text`` in order, blanks folded."""
    found, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        end = match.end(match.lastgroup) if match.lastgroup else match.start()
        if not _continues(text[max(start, end - 40) : end], text[match.end() : match.end() + 20], language):
            found.append(text[start:end])
            start = match.end()
    return [" ".join(part.split()) for part in (*found, text[start:]) if part and part.strip()]


def _continues(before: str, after: str, language: str | None) -> bool:
    """Return whether the full stop after ``before`` belongs to an abbreviation, so that the sentence continues."""
    if not before.endswith("."):
        return False
    if _TITLES.search(before):
        return True
    if _INITIALS.search(before):
        first = _FIRST_WORD.match(after)
        return first is not None and first[0].casefold() not in _STARTERS
    return language in _WITH_ORDINALS and _ORDINAL.search(before) is not None
