"""What people write into a search box, as an expression of the full-text index."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from aggregator.text.tokens import plain_letters, spellings, without_points, words

# Words between quotation marks, or what stands between two blanks; a minus before a letter or a quotation mark excludes.
_PART = re.compile(r'(?<!\S)(-(?=[^\W\d_]|"[^"]))?(?:["“”„]([^"“”„]+)["“”„]|(\S+))')


@dataclass(frozen=True, slots=True)
class SearchText:
    """A text to search for: the words that are wanted, and the FTS5 expression; empty where nothing is wanted."""

    words: tuple[str, ...]
    expression: str

    @classmethod
    def of(cls, text: str) -> SearchText:
        """Read a text: ``"two words"`` side by side, ``evacuat*`` for a beginning, ``-word`` for what must not stand there."""
        found: list[str] = []
        wanted: list[str] = []
        unwanted: list[str] = []
        for minus, phrase, part in _PART.findall(text.replace("\0", " ")):
            whole = without_points(phrase or part)
            run = words(whole)
            if not run:
                continue
            runs = [" ".join(run)] if minus or phrase or _is_one_word(whole) else run
            clauses = [either(one) for one in runs]
            if part.endswith("*"):
                clauses[-1] = either(runs[-1], beginning=True)
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


def either(run: str, *, beginning: bool = False) -> str:
    """Return the expression for normalised words side by side; a ``beginning`` takes every word that begins as the last does.

    The index has them in plain letters. What an earlier release stored has them as they were written.
    """
    forms = dict.fromkeys((*spellings(plain_letters(run)), run))
    quoted = ['"' + form.replace('"', '""') + '"' + (" *" if beginning else "") for form in forms]
    return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"
