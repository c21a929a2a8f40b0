"""The difference between two versions of an entry, word by word, and whether it matters.

An edit is cosmetic where the words stay the same: only blanks, markup, typography, case, accents, punctuation or passing parts such
as "updated 5 minutes ago" changed. Signs with a meaning (currencies, percent, minus) count as words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.model import Entry, Revision
from aggregator.newsroom.alignment import StepBudget, changes, matching_blocks
from aggregator.newsroom.passing_lines import (
    LEAST_CUT_TEXT,
    LEAST_CUT_TITLE,
    is_list_of_headlines,
    is_longer_cut,
    lasting_text,
    lasting_title,
    without_place,
)
from aggregator.text.tokens import words

Op = Literal["same", "removed", "added"]
Weight = Literal["none", "cosmetic", "substantive"]

# Signs that change what a number says.
_SIGNS = re.compile(r"[%‰$€£¥₽₴₹±]|(?<![\w\-])[-−](?=\d)")
# A token is a word with the blanks behind it, a single sign, or one character of a script without spaces.
_TOKEN = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+(?:['’.,-][^\W]+)*\s*|\s+|[^\w\s]\s*"
)
_SITE_NAME = 42  # characters, with the bar before it
# So few unchanged words between two longer changes are shown as part of one change, which reads better.
_MAX_BRIDGED = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that two versions share, or that only one of them has."""

    op: Op
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between two versions; ``similarity`` is the share of words kept, 0 to 1."""

    weight: Weight
    title_changed: bool = False
    text_changed: bool = False
    similarity: float = 1.0

    @property
    def is_substantive(self) -> bool:
        """Return whether words changed."""
        return self.weight == "substantive"


@dataclass(frozen=True, slots=True)
class HeadlineChange:
    """A headline whose words changed."""

    entry_id: str
    publisher: str
    url: str | None
    before: str
    after: str
    time: datetime


def compare(
    before: tuple[str, str],
    after: tuple[str, str],
) -> Change:
    """Return what changed between two versions, each (title, plain text)."""
    if before == after:
        return Change("none")
    titles = [_content_words(lasting_title(version[0])) for version in (before, after)]
    texts = [_content_words(lasting_text(version[1])) for version in (before, after)]
    title = titles[0] != titles[1] and not _is_same_title(before, after)
    text = texts[0] != texts[1] and not _is_same_text(before, after)
    if not title and not text:
        return Change("cosmetic")
    kept = _kept(titles[0] + texts[0], titles[1] + texts[1])
    return Change("substantive", title, text, round(kept, 4))


def _is_same_title(before: tuple[str, str], after: tuple[str, str]) -> bool:
    """Return whether titles differ by a site's name, by what was cut off, or under one text by a place in a ranking."""
    one, other = before[0], after[0]
    if _is_site_name(one, other) or is_longer_cut(one, other, LEAST_CUT_TITLE):
        return True
    return bool(before[1]) and before[1] == after[1] and without_place(one) == without_place(other)


def _is_same_text(before: tuple[str, str], after: tuple[str, str]) -> bool:
    """Return whether texts differ by what was cut off, or by what others wrote below the headline of a news search."""
    listed = is_list_of_headlines(*before) and is_list_of_headlines(*after)
    return listed or is_longer_cut(lasting_text(before[1]), lasting_text(after[1]), LEAST_CUT_TEXT)


def _is_site_name(one: str, other: str) -> bool:
    """Return whether two titles differ only in a site's name behind a bar: "Bridge opens | Gazette"."""
    shorter, longer = sorted((one.strip(), other.strip()), key=len)
    tail = longer[len(shorter) :].lstrip()
    return bool(shorter) and longer.startswith(shorter) and tail[:2] == "| " and len(tail) <= _SITE_NAME


def _content_words(text: str) -> list[str]:
    return [*words(text), *_SIGNS.findall(unicodedata.normalize("NFKC", text))]


def _kept(before: Sequence[str], after: Sequence[str]) -> float:
    """Return the share of words in common regardless of order, each counted as often as both have it."""
    common = (Counter(before) & Counter(after)).total()
    return 2 * common / max(len(before) + len(after), 1)


# --- word by word --------------------------------------------------------------------------------


def diff(before: str, after: str) -> tuple[Piece, ...]:
    """Return two versions as runs of words: joined without ``added`` they are ``before``, without ``removed`` ``after``.

    Lines are aligned first, then the words of what differs, all in bounded time.
    """
    pieces: list[Piece] = []
    budget = StepBudget()
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for shared, a, b, c, d in changes(old, new, budget):
        left, right = "".join(old[a:b]), "".join(new[c:d])
        if shared:
            pieces.append(Piece("same", left))
        else:
            pieces.extend(_by_words(left, right, budget))
    return tuple(_joined(pieces))


def _by_words(before: str, after: str, budget: StepBudget) -> Iterator[Piece]:
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if not old or not new:
        yield from _pieces("", before, after)
        return
    keys = [[token.strip() or " " for token in tokens] for tokens in (old, new)]
    left = right = 0
    for match in _landmarks(matching_blocks(keys[0], keys[1], budget), keys[0]):
        a, b, size = match
        yield from _pieces("", "".join(old[left:a]), "".join(new[right:b]))
        for one, other in zip(old[a : a + size], new[b : b + size], strict=True):
            yield from _pieces(one, "", "") if one == other else _pieces("", one, other)
        left, right = a + size, b + size


def _landmarks(blocks: Iterable[tuple[int, int, int]], tokens: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the matches without short ones between longer changes: a lone "the" in a rewritten sentence does not help a reader."""
    left = right = 0
    found = list(blocks)
    for place, (a, b, size) in enumerate(found):
        if 0 < size <= _MAX_BRIDGED and place + 1 < len(found):
            after = found[place + 1]
            around = (a - left, b - right, after[0] - a - size, after[1] - b - size)
            if (
                max(around[:2]) > 2 * size
                and max(around[2:]) > 2 * size
                and not any(map(_is_number, tokens[a : a + size]))
            ):
                continue
        yield a, b, size
        left, right = a + size, b + size


def _is_number(token: str) -> bool:
    return token[:1].isdigit()


def _pieces(same: str, removed: str, added: str) -> Iterator[Piece]:
    if same:
        yield Piece("same", same)
    if removed:
        yield Piece("removed", removed)
    if added:
        yield Piece("added", added)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces with neighbours of one kind joined; of a run of changes, first everything removed, then everything added."""
    removed = added = same = ""
    for piece in pieces:
        if piece.op == "same":
            yield from _pieces("", removed, added)
            removed = added = ""
            same += piece.text
            continue
        yield from _pieces(same, "", "")
        same = ""
        removed += piece.text if piece.op == "removed" else ""
        added += piece.text if piece.op == "added" else ""
    yield from _pieces(same, removed, added)


def excerpt(pieces: Iterable[Piece], around: int = 12) -> tuple[Piece, ...]:
    """Return the changes with at most ``around`` unchanged words on each side; ``…`` replaces the others."""
    found = list(pieces)
    return tuple(
        Piece("same", _cut(piece.text, around, first=place == 0, last=place == len(found) - 1))
        if piece.op == "same"
        else piece
        for place, piece in enumerate(found)
    )


def _cut(text: str, around: int, *, first: bool, last: bool) -> str:
    tokens = _TOKEN.findall(text)
    head = 0 if first else around
    tail = 0 if last else around
    if len(tokens) <= head + tail + 1:
        return text
    end = "".join(tokens[len(tokens) - tail :]) if tail else ""
    return "".join(tokens[:head]) + ("… " if end else "…") + end


def plain(pieces: Iterable[Piece]) -> str:
    """Return a diff for places without colours, in the notation of wdiff: ``[-old-]{+new+}``."""
    marks = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
    return "".join(_marked(piece.text, *marks[piece.op]) for piece in pieces)


def _marked(text: str, left: str, right: str) -> str:
    if not left:
        return text
    bare = text.rstrip()
    return f"{left}{bare}{right}{text[len(bare) :]}" if bare else f"{left}{text}{right}"


# --- over time -----------------------------------------------------------------------------------


def headline_changes(
    edited: Iterable[tuple[Entry, Sequence[Revision]]], since: datetime, until: datetime
) -> tuple[HeadlineChange, ...]:
    """Return the headlines that got other words between ``since`` (included) and ``until``, oldest change first."""
    found = []
    for entry, revisions in edited:
        ordered = sorted(revisions, key=lambda revision: revision.number)
        titles = [*(revision.title for revision in ordered), entry.data.title]
        for revision, after in zip(ordered, titles[1:], strict=True):
            if since <= revision.replaced < until and compare((revision.title, ""), (after, "")).title_changed:
                found.append(
                    HeadlineChange(entry.id, entry.publisher, entry.data.link, revision.title, after, revision.replaced)
                )
    return tuple(sorted(found, key=lambda change: (change.time, change.entry_id)))
