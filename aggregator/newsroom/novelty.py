"""Finds what is new in a story since a moment: sentences, numbers and names that none of its entries had before.

Texts are compared, without a language model. A sentence is new where no earlier one holds most of its words by weight, and most
of its word pairs are new. A number is new where its value is, a name where one of its words is. The oldest source is named. In a
language that is new to the story every word would be new; there a sentence counts only where it holds a new number or name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from aggregator.model import Entry, Revision
from aggregator.newsroom.mentions import Mention, names, numbers
from aggregator.text.tokens import sentences, words

# A sentence was said before where one earlier sentence holds this share of its weight. Reworded quotations of one statement
# share about half, sentences on other matters of the same event a fifth.
SAID_BEFORE = 0.6
# It was also said before where the story held this share of its word pairs: such sentences were split, joined or cut.
PAIRS_BEFORE = 0.7
MIN_WORDS = 5  # a shorter line is a caption, a label or a fragment
_COMPARED = 60  # earlier sentences that one sentence is compared with
_STEM = 5  # letters that the forms of a name share in languages that inflect names
_INFLECTING = frozenset(
    {"be", "bg", "cs", "el", "et", "fi", "hr", "hu", "lt", "lv", "mk", "pl", "ro", "ru", "sk", "sl", "sr", "tr", "uk"}
)
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Version:
    """A text of an entry, its first or an edited one; ``time`` is when the desk could first read it.

    ``written`` is when it was published, where that is known to be earlier. Versions are numbered from 1, and keep their numbers
    when earlier ones are dropped.
    """

    entry_id: str
    publisher: str
    url: str | None
    language: str | None
    time: datetime
    title: str
    text: str
    written: datetime | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One new sentence, number or name with its sentence, and who published it first."""

    text: str
    sentence: str
    entry_id: str
    publisher: str
    url: str | None
    time: datetime


@dataclass(frozen=True, slots=True)
class Novelty:
    """New sentences, numbers and names of a story, each by oldest source."""

    sentences: tuple[Finding, ...] = ()
    numbers: tuple[Finding, ...] = ()
    names: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sentences or self.numbers or self.names)


def versions(entry: Entry, text: str, revisions: Sequence[Revision] = ()) -> tuple[Version, ...]:
    """Return the versions of an entry, oldest first; ``text`` is its present plain text."""
    earlier = sorted(revisions, key=lambda revision: revision.number)
    states = [(one.seen, one.title, one.text, one.url, one.number) for one in earlier]
    seen, number = (earlier[-1].replaced, earlier[-1].number + 1) if earlier else (entry.seen, 1)
    states.append((seen, entry.data.title, text, entry.data.link, number))
    return tuple(
        Version(entry.id, entry.publisher, url, entry.language, seen, title, body, number=number)
        for seen, title, body, url, number in states
    )


def what_is_new(story: Iterable[Version], since: datetime) -> Novelty:
    """Return the sentences, numbers and names that versions of ``since`` and later have and no earlier version has.

    Time grows with the number of sentences; a sentence is compared with a bounded number of earlier ones.
    """
    # versions from before ``since`` are known; of the others, the first to publish is the source
    versions = sorted(story, key=lambda one: (one.time >= since, one.written or one.time, one.entry_id))
    if not versions or versions[-1].time < since:
        return Novelty((), (), ())
    known = _EarlierTexts()
    found: tuple[list[Finding], list[Finding], list[Finding]] = ([], [], [])
    for version in versions:
        if version.time < since:
            known.add(version)
        else:
            for kept, fresh in zip(found, known.news(version), strict=True):
                kept.extend(fresh)
    return Novelty(*(tuple(kept) for kept in found))


@dataclass(slots=True)
class _EarlierTexts:
    """The sentences, values and names of a story so far."""

    sentences: list[dict[str, None]] = field(default_factory=list)  # the distinct words of each sentence, in order
    sentences_with: dict[str, list[int]] = field(default_factory=dict)  # word -> places in ``sentences``
    pairs: set[tuple[str, str]] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    stems: set[str] = field(default_factory=set)
    languages: set[str | None] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)  # entry and sentence: an edit repeats most of its text

    def add(self, version: Version) -> None:
        """Add a version's sentences and title."""
        for sentence in _sentences(version):
            key = (version.entry_id, sentence)
            if key not in self.seen:
                self.seen.add(key)
                self._add_sentence(sentence, words(sentence))
        self._add_title(version)

    def news(self, version: Version) -> tuple[list[Finding], list[Finding], list[Finding]]:
        """Return the new sentences, numbers and names of a version, and add the version."""
        foreign = bool(self.languages) and version.language not in self.languages
        new_sentences: list[Finding] = []
        new_numbers: list[Finding] = []
        new_names: list[Finding] = []
        whole = _sentences(version)
        proper = names(whole, version.language)
        for sentence, named in zip(whole, proper, strict=True):
            key = (version.entry_id, sentence)
            if key in self.seen:
                continue
            self.seen.add(key)
            its_words = words(sentence)
            unknown_numbers = [one for one in numbers(sentence) if one.key not in self.values]
            unknown_names = [one for one in named if self._is_unknown(one, version.language)]
            is_new = bool(unknown_numbers or unknown_names) if foreign else not self._was_said(its_words)
            if len(its_words) >= MIN_WORDS and is_new:
                new_sentences.append(_finding(version, sentence, sentence))
            new_numbers += [_finding(version, one.text, sentence) for one in _once(unknown_numbers)]
            new_names += [_finding(version, one.text, sentence) for one in _once(unknown_names)]
            self._add_sentence(sentence, its_words)
        self._add_title(version)
        return new_sentences, new_numbers, new_names

    def _add_title(self, version: Version) -> None:
        self._add_sentence(version.title, words(version.title))
        self.languages.add(version.language)

    def _add_sentence(self, sentence: str, its_words: Sequence[str]) -> None:
        distinct = dict.fromkeys(its_words)
        for word in distinct:
            self.sentences_with.setdefault(word, []).append(len(self.sentences))
            self.stems.update((word, word[:_STEM]))
        self.sentences.append(distinct)
        self.pairs.update(pairwise(its_words))
        self.values.update(one.key for one in numbers(sentence))

    def _was_said(self, its_words: Sequence[str]) -> bool:
        weights = {word: self._weight(word) for word in dict.fromkeys(its_words)}
        needed = SAID_BEFORE * math.fsum(weights.values())  # the same sum in any order of the words
        pairs = list(pairwise(its_words))
        if pairs and sum(pair in self.pairs for pair in pairs) >= PAIRS_BEFORE * len(pairs):
            return True
        return any(
            math.fsum(map(weights.__getitem__, weights.keys() & other.keys())) >= needed
            for other in self._nearest(weights)
        )

    def _nearest(self, weights: dict[str, float]) -> list[dict[str, None]]:
        """Return the earlier sentences that share the rarest words of this one."""
        shared: dict[int, float] = {}
        for word in sorted(weights, key=lambda one: (-weights[one], one)):
            places = self.sentences_with.get(word)
            if places is None:
                continue
            if len(shared) >= _COMPARED * 4:
                break
            for number in places[: _COMPARED * 4]:
                shared[number] = shared.get(number, 0.0) + weights[word]
        best = sorted(shared, key=lambda number: (-shared[number], number))[:_COMPARED]
        return [self.sentences[number] for number in best]

    def _weight(self, word: str) -> float:
        """Return a word's weight: the fewer sentences hold it, the more; not every language has a list of common words."""
        return math.log(2 + len(self.sentences) / (1 + len(self.sentences_with.get(word, ()))))

    def _is_unknown(self, name: Mention, language: str | None) -> bool:
        parts = [part for part in words(name.text) if _LETTER.match(part) and len(part) > 1]
        inflected = language in _INFLECTING
        return any((part[:_STEM] if inflected else part) not in self.stems for part in parts)


def _sentences(version: Version) -> list[str]:
    return [one for one in sentences(version.text, version.language) if _LETTER.search(one)]


def _finding(version: Version, text: str, sentence: str) -> Finding:
    return Finding(text, sentence, version.entry_id, version.publisher, version.url, version.written or version.time)


def _once(mentions: Iterable[Mention]) -> list[Mention]:
    return list({mention.key: mention for mention in mentions}.values())
