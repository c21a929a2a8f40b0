"""Reports compared by what they mean: the encoder proposes, names, numbers, places and time confirm.

Theory of operation. A report has a vector that the encoder's languages share, and signs that read alike in all of them
(``text/cross_language.py``). Vectors near each other propose stories that share no word. Within a language the cosine and the signs
are added to the score of words where a report is short, and leave it alone where it isn't; across languages, where words say
nothing, they stand alone, and nothing joins without a name, a number or a place in common. ``meaning_weights.py`` has both models.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aggregator.text.cross_language import (
    PhoneticKey,
    number_weight,
    numbers,
    phonetic_key,
    places,
    same_name,
    spelled_names,
)

if TYPE_CHECKING:
    from aggregator.clustering.views import Stored, StoryView

NAMES = (
    "words",  # log odds of the score of words; nothing to go by across languages
    "nearest",  # cosine to the story's nearest report
    "mean",  # mean cosine to its reports
    "names shared",
    "names missed",  # share of the report's names that the story's nearest reports lack, where both have some
    "places shared",
    "places missed",
    "numbers shared",
    "numbers missed",
    "nothing shared",  # of how many kinds of sign both have some, where none at all is shared: another event alike
    "log gap",
    "alone",  # the story has one report
)
COMPARED = 24  # newest reports of a story that a newcomer is compared with
CONFIRMING = 3  # nearest of them whose signs are looked at
NAMED = 24  # names kept of a report, the telling first
CONFIRMED = 0.5  # shared signs that let a story of another language in: a name, a number of two digits or a place
SHORT = 30  # words of text up to which meaning is heard within a language; longer texts say enough in words


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a report means: ``vector`` holds 512 numbers of four bytes, of length 1; ``version`` names the encoder.

    ``names``, ``spelled`` (words of scripts without capitals, any of which may be a name) and ``numbers`` are as written;
    ``places`` maps codes to the words of the text.
    """

    version: str
    vector: bytes
    names: tuple[str, ...] = ()
    spelled: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a report's signs and those of others have in common; shares missed are 0 where either side has none."""

    names: tuple[str, ...]
    numbers: tuple[str, ...]
    places: tuple[str, ...]
    names_missed: float
    numbers_missed: float
    places_missed: float

    @property
    def confirmation(self) -> float:
        """How much is in common: 1 a name or a telling number, half a place."""
        return len(self.names) + sum(map(number_weight, self.numbers)) + 0.5 * len(self.places)

    @property
    def strangeness(self) -> int:
        """Of how many kinds of sign both sides have some and share none; 0 where anything is shared."""
        if self.names or self.numbers or self.places:
            return 0
        return sum(missed == 1.0 for missed in (self.names_missed, self.numbers_missed, self.places_missed))


def meaning_of(version: str, vector: bytes, text: str, language: str, names: Iterable[str]) -> Meaning:
    """Return the meaning of a text whose names its words gave."""
    where = places(text, language)
    placed = [phonetic_key(word) for word in where.values()]
    return Meaning(
        version=version,
        vector=vector,
        names=tuple(name for name in names if not any(same_name(phonetic_key(name), place) for place in placed))[
            :NAMED
        ],
        spelled=tuple(spelled_names(text))[:NAMED],
        numbers=tuple(numbers(text)),
        places=where,
    )


def cosines(meaning: Meaning, others: Sequence[Meaning]) -> list[float]:
    """Return the cosine to each of the others."""
    import numpy as np  # only where it is needed: it costs memory

    if not others:
        return []
    table = np.frombuffer(b"".join(one.vector for one in others), "<f4").reshape(len(others), -1)
    return [round(float(value), 4) for value in table @ np.frombuffer(meaning.vector, "<f4")]


def agreement(mine: Meaning, theirs: Sequence[Meaning]) -> Agreement:
    """Return what one report has in common with any of several."""
    names, lacking, comparable = _shared_names(mine, theirs)
    known_numbers = {number for one in theirs for number in one.numbers}
    known_places = {place for one in theirs for place in one.places}
    shared_numbers = tuple(number for number in mine.numbers if number in known_numbers)
    shared_places = tuple(word for place, word in mine.places.items() if place in known_places)
    weight = sum(map(number_weight, mine.numbers))
    return Agreement(
        names=names,
        numbers=shared_numbers,
        places=shared_places,
        names_missed=lacking / comparable if comparable else 0.0,
        numbers_missed=1 - sum(map(number_weight, shared_numbers)) / weight if weight and known_numbers else 0.0,
        places_missed=1 - len(shared_places) / len(mine.places) if mine.places and known_places else 0.0,
    )


def _shared_names(mine: Meaning, theirs: Sequence[Meaning]) -> tuple[tuple[str, ...], int, int]:
    """Return the names in common, how many of mine are lacking, and of how many that can be said."""
    known: dict[str, list[PhoneticKey]] = {}
    cased = 0
    for one in theirs:
        cased = max(cased, len(one.names))
        for heard in map(phonetic_key, (*one.names, *one.spelled)):
            for key in {heard.consonants[:2], "=" + heard.spelling}:
                known.setdefault(key, []).append(heard)

    def met(name: str) -> bool:
        heard = phonetic_key(name)
        if len(heard.spelling) >= 3 and "=" + heard.spelling in known:
            return True
        return any(same_name(heard, other) for other in known.get(heard.consonants[:2], ()))

    shared = [name for name in mine.names if met(name)]
    # names of theirs that are spelled by sound can be met by names of mine only, and the other way round
    spelled = [word for word in mine.spelled if met(word)]
    comparable = min(len(mine.names), cased)
    return tuple(dict.fromkeys((*shared, *spelled))), max(comparable - len(shared), 0), comparable


def measure(
    words: float, mine: Meaning, story: StoryView, near: Iterable[Stored], gap: float | None
) -> tuple[tuple[float, ...], Agreement] | None:
    """Return the numbers named in ``NAMES`` for a report and a story, with what they have in common.

    None where no report of the story has a vector of this version.
    """
    theirs = comparable(mine, story, near)
    if not theirs:
        return None
    near_first = sorted(
        zip(cosines(mine, theirs), range(len(theirs)), strict=True), key=lambda pair: (-pair[0], pair[1])
    )
    common = agreement(mine, [theirs[place] for _, place in near_first[:CONFIRMING]])
    values = [value for value, _ in near_first]
    return (
        words,
        values[0],
        math.fsum(values) / len(values),
        math.log1p(min(len(common.names), 8)),
        common.names_missed,
        math.log1p(len(common.places)),
        common.places_missed,
        math.log1p(sum(map(number_weight, common.numbers))),
        common.numbers_missed,
        float(common.strangeness),
        0.0 if gap is None else math.log1p(gap / 3600) / 5,
        float(story.size == 1),
    ), common


def comparable(mine: Meaning, story: StoryView, near: Iterable[Stored]) -> list[Meaning]:
    """Return the meanings of a story's reports that can be compared: the near ones and the newest."""
    members = {one.report_id: one for one in near} | dict(list(story.members.items())[-COMPARED:])
    found = (one.vector.meaning for one in members.values())
    return [one for one in found if one is not None and one.version == mine.version]
