"""Words and sentences of any language, by Unicode's rules.

Words are folded (NFKD, combining marks of Latin, Greek and Cyrillic stripped, casefold); scripts without
spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) give character bigrams. Marks stay
where they carry the vowel or the word: Devanagari, Arabic, Hebrew points excepted, Thai, kana.
"""

from __future__ import annotations

import re
import unicodedata

# Scripts whose writers put no space between words: Han, kana, Thai, Lao, Burmese, Khmer.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0002fa1f"
)
_WORD = re.compile(
    rf"[{_UNSPACED}]+|\d+(?:[.,:]\d+)*(?:[^\W\d_{_UNSPACED}]+)?|[^\W_{_UNSPACED}]+(?:['’][^\W\d_{_UNSPACED}]+)*"
)
_RUN = re.compile(rf"[{_UNSPACED}]+")
# Combining marks of scripts in which they are accents, not letters.
_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670]")
_POSSESSIVE = re.compile(r"['’]s?$")
_GROUPED = re.compile(r"(?<=\d)[.,](?=\d{3}(?:\D|$))")
_SENTENCE_END = re.compile(r"(?<=[.!?…؟])[\"'”’»)\]]*\s+(?=[^\s\da-zа-яё])|(?<=[。！？])|\n+")


def fold(text: str) -> str:
    """Return ``text`` in the form in which words are compared."""
    if text.isascii():
        return text.lower()
    stripped = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", stripped).casefold()


def words(text: str, language: str | None) -> list[str]:
    """Return the normalised words of ``text`` in order."""
    if text.isascii():
        return [_ascii_word(word) for word in _WORD.findall(text.lower())]
    found: list[str] = []
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        word = fold(match[0])
        if _RUN.match(word):
            found.extend([word[i : i + 2] for i in range(len(word) - 1)] or [word])
        elif word[0].isdigit():
            found.append(_GROUPED.sub("", word))
        else:
            found.append(_POSSESSIVE.sub("", word).replace("’", "'") or word)
    return found


def _ascii_word(word: str) -> str:
    """Return a lower-case word as :func:`words` does, in less than half the time: no marks, no scripts without spaces."""
    if word[0].isdigit():
        return _GROUPED.sub("", word)
    return _POSSESSIVE.sub("", word) or word if "'" in word else word


def sentences(text: str, language: str | None) -> list[str]:
    """Return the sentences of ``text`` in order, blanks folded."""
    return [" ".join(part.split()) for part in _SENTENCE_END.split(text) if part and part.strip()]
