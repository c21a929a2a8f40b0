"""Watch queries over stories, and matching stories against them.

An entry matches a query where its title and the beginning of its text hold all words and phrases and no excluded one, and where
its publisher, language and category are among those of the query. A story matches where one of its entries matches and enough
publishers carry the story.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from aggregator.model import Entry
from aggregator.newsroom.mentions import Mention, names, numbers
from aggregator.newsroom.publishers import normal_name
from aggregator.text.clean import without_publisher
from aggregator.text.searching import phrase_expression
from aggregator.text.tokens import plain_letters, sentences, spellings, without_points, words

LEDE = 600  # characters of a text that are matched; they say what the story is about
BEGINNING = 3_000  # characters of an earlier text that are searched for known numbers and names
# The end of a sentence; a full stop after a short word is mostly that of an abbreviation.
_BREAK = re.compile(r"(?<=[^\W\d_]{4}[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|[\n|•·]+")


@dataclass(frozen=True, slots=True)
class WatchQuery:
    """A saved query: all words and phrases, none of ``without``, and one of the publishers, languages and categories given.

    A word, phrase or exclusion may hold alternatives separated by bars (``flood|inondation``), and may end in ``*`` for a prefix.
    Languages are ISO 639-1.
    """

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    min_publishers: int = 1

    def __bool__(self) -> bool:
        return self != WatchQuery()


@dataclass(frozen=True)
class Reading:
    """An entry as watches read it; ``text`` is the beginning of its plain text."""

    entry: Entry
    text: str

    @property
    def lede(self) -> str:
        """The beginning of the text, cut between words."""
        return beginning(self.text, LEDE)

    @cached_property
    def title(self) -> str:
        """The title without the publisher's name."""
        data = self.entry.data
        named = (self.entry.publisher, self.entry.feed, *((data.source_title,) if data.source_title else ()))
        return without_publisher(data.title, named)

    @cached_property
    def delimited(self) -> str:
        """The words of title and lede, as :func:`delimited` returns them."""
        return delimited(f"{self.title}\n{self.lede}")

    @cached_property
    def plain(self) -> str:
        """The delimited words in plain letters, so that Lodz and Łódź find each other."""
        return plain_letters(self.delimited)

    @cached_property
    def facts(self) -> tuple[tuple[bool, Mention], ...]:
        """The numbers of title and lede and the names of the lede; True marks a name.

        Names of one word are left out, because most of them are nationalities, weekdays and abbreviations.
        """
        lede_sentences = sentences(self.lede, self.entry.language)
        counted = [one for sentence in (self.title, *lede_sentences) for one in numbers(sentence)]
        named = [one for found in names(lede_sentences, self.entry.language) for one in found if " " in one.text]
        return (*((False, one) for one in counted), *((True, one) for one in named))

    @cached_property
    def past(self) -> str:
        """The words of title and text, as :func:`delimited` returns them."""
        return delimited(f"{self.title}\n{self.text}")

    @cached_property
    def values(self) -> frozenset[str]:
        """The numbers of title and text."""
        return values_of(f"{self.title}\n{self.text}", self.entry.language)


# --- the query -------------------------------------------------------------------------------------


def query_values(query: WatchQuery) -> dict[str, Any]:
    """Return a query as JSON values."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(query).items()}


def query_from(values: Mapping[str, Any]) -> WatchQuery:
    """Read what :func:`query_values` wrote."""
    kept: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return WatchQuery(**kept)


def described(query: WatchQuery) -> str:
    """Return a query on one line, as people read it."""
    parts = [*query.words, *(f'"{one}"' for one in query.phrases), *(f"-{_quoted(one)}" for one in query.without)]
    for label, chosen in (
        ("publisher", query.publishers),
        ("lang", query.languages),
        ("category", query.categories),
    ):
        if chosen:
            parts.append(f"{label}:{_quoted('|'.join(chosen))}")
    if query.min_publishers > 1:
        parts.append(f"publishers>={query.min_publishers}")
    return " ".join(parts) or "everything"


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


def unreadable(query: WatchQuery) -> tuple[str, ...]:
    """Return the words, phrases and exclusions of a query that hold no letter or digit."""
    return tuple(one for one in (*query.words, *query.phrases, *query.without) if not _needles(one))


def search_expression(query: WatchQuery) -> str | None:
    """Return an FTS5 expression that finds every matching entry, and perhaps others; None where all entries may match."""
    clauses = []
    for text in _wanted(query):
        needles = _needles(text)
        if not needles or not all(needle.startswith(" ") for needle in needles):
            continue  # a single character of a script without blanks is not in the index
        clauses.append("(" + " OR ".join(_searched(needle) for needle in needles) + ")")
    return " AND ".join(clauses) or None


def _searched(needle: str) -> str:
    return phrase_expression(needle.strip(), beginning=not needle.endswith(" "))


def _wanted(query: WatchQuery) -> list[str]:
    """Return the words, each by itself, and the phrases that an entry must hold."""
    return [*(word for text in query.words for word in _single(text)), *query.phrases]


def _single(text: str) -> list[str]:
    """Split a word with blanks: `--word "port strike"` asks for both, in any order."""
    return [text] if "|" in text else text.split()


class Matcher:
    """A prepared query; pure, and independent of the order of entries."""

    def __init__(self, query: WatchQuery) -> None:
        self.query = query
        self._wanted = [_plain_needles(text) for text in _wanted(query)]
        self._unwanted = [needle for text in query.without for needle in _plain_needles(text)]
        self._publishers = {normal_name(name) for name in query.publishers}
        self._languages = {tag.lower().replace("_", "-").partition("-")[0] for tag in query.languages}
        self._categories = {name.casefold() for name in query.categories}

    def matches(self, reading: Reading) -> bool:
        """Return whether an entry matches."""
        entry = reading.entry
        if self._publishers and normal_name(entry.publisher) not in self._publishers:
            return False
        if self._languages and entry.language not in self._languages:
            return False
        if self._categories and (entry.category or "").casefold() not in self._categories:
            return False
        text = reading.plain
        return all(any(needle in text for needle in needles) for needles in self._wanted) and not any(
            needle in text for needle in self._unwanted
        )

    def matching_entries(self, story: Sequence[Reading]) -> tuple[Reading, ...]:
        """Return the entries of a story that match; none where too few publishers carry the story."""
        if len({reading.entry.publisher for reading in story}) < self.query.min_publishers:
            return ()
        return tuple(sorted(filter(self.matches, story), key=by_arrival))


def _plain_needles(text: str) -> tuple[str, ...]:
    return tuple(form for needle in _needles(text) for form in spellings(plain_letters(needle)))


def _needles(text: str) -> tuple[str, ...]:
    """Return the strings to find in a delimited text: a run of words for each alternative."""
    found = []
    for part in text.split("|"):
        run = words_apart(part.strip().rstrip("*"))
        if not run:
            continue
        alone = "".join(run)
        # A character of a script without blanks between words is separate from a following Latin letter.
        if len(alone) == 1 and len(words(alone + "a")) == 2:
            found.append(alone)
        else:
            found.append(f" {' '.join(run)}" + ("" if part.strip().endswith("*") else " "))
    return tuple(found)


def delimited(text: str) -> str:
    """Return the normalised words of a text, each between blanks, with a line break between sentences."""
    parts = (words_apart(part) for part in _BREAK.split(text) if part)
    return "\n".join(f" {' '.join(part)} " for part in parts if part)


def words_apart(text: str) -> list[str]:
    """Return the words of a text, split at apostrophes: l'Élysée is found by Élysée."""
    return [part for word in words(without_points(text)) for part in word.split("'") if part]


def beginning(text: str, most: int) -> str:
    """Return at most ``most`` characters of a text, cut at a blank where there is one."""
    if len(text) <= most:
        return text
    cut = max(text.rfind(" ", most // 2, most + 1), text.rfind("\n", most // 2, most + 1))
    return text[: cut if cut > 0 else most]


def values_of(text: str, language: str | None) -> frozenset[str]:
    """Return the numbers of a text in the form in which they are compared."""
    return frozenset(one.key for sentence in sentences(text, language) for one in numbers(sentence))


def by_arrival(reading: Reading) -> tuple[datetime, str]:
    """Return the sort key of entries by the time when the desk could have seen them."""
    return reading.entry.seen, reading.entry.id
