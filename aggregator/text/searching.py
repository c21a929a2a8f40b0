"""What people write into a search box, as an expression of the full-text index."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aggregator.text.tokens import words

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
            run = words(phrase or part)
            if not run:
                continue
            if minus or phrase:
                clauses = [_quoted(" ".join(run))]
            else:
                clauses = [_quoted(word) for word in run]
            if part.endswith("*"):
                clauses[-1] += " *"
            if minus:
                unwanted += clauses
            else:
                wanted += clauses
                found += run
        if not wanted:
            return cls((), "")
        without = f" NOT ({' OR '.join(unwanted)})" if unwanted else ""
        return cls(tuple(found), f"({' AND '.join(wanted)}){without}")


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
