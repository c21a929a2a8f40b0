"""Translates the text of a search box into an expression of the full-text index (FTS5)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from aggregator.text.tokens import plain_letters, spellings, without_points, words

# Words between quotation marks, or the characters between two blanks; a minus before a letter or a quotation mark excludes them.
_PART = re.compile(r'(?<!\S)(-(?=[^\W\d_]|"[^"]))?(?:["“”„]([^"“”„]+)["“”„]|(\S+))')


@dataclass(frozen=True, slots=True)
class SearchText:
    """A parsed search text: the wanted words, and the FTS5 expression; both are empty where no word is wanted."""

    words: tuple[str, ...]
    expression: str

    @classmethod
    def parse(cls, text: str) -> SearchText:
        """Parse a text: ``"two words"`` stand side by side, ``evacuat*`` is the beginning of a word, ``-word`` must not occur."""
        found: list[str] = []
        wanted: list[str] = []
        unwanted: list[str] = []
        for minus, phrase, part in _PART.findall(text.replace("\0", " ")):
            whole = without_points(phrase or part)
            run = words(whole)
            if not run:
                continue
            runs = [" ".join(run)] if minus or phrase or _is_one_word(whole) else run
            clauses = [phrase_expression(one) for one in runs]
            if part.endswith("*"):
                clauses[-1] = phrase_expression(runs[-1], beginning=True)
            if minus:
                unwanted += clauses
            else:
                wanted += clauses
                found += run
        if not wanted:
            return cls((), "")
        without = f" NOT ({' OR '.join(unwanted)})" if unwanted else ""
        return cls(tuple(found), f"({' AND '.join(wanted)}){without}")


def _is_one_word(part: str) -> bool:
    """Return whether signs of vowels divide a part for the index (Hindi, Bengali, Tamil …), so that its pieces stand side by side."""
    return not part.isascii() and any(unicodedata.category(sign)[0] == "M" for sign in part)


def phrase_expression(run: str, *, beginning: bool = False) -> str:
    """Return the FTS5 expression for normalised words side by side; with ``beginning`` the last one is a prefix.

    The index holds words in plain letters. Rows that an earlier release stored hold them as written, so both forms are asked for.
    """
    forms = dict.fromkeys((*spellings(plain_letters(run)), run))
    quoted = ['"' + form.replace('"', '""') + '"' + (" *" if beginning else "") for form in forms]
    return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"
