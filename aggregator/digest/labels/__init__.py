"""Labels of a digest and of the page in a language: JSON data with the English phrase as the key.

Feeds' text is never translated. A phrase that a language lacks is shown in English.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from aggregator.exceptions import ConfigurationError

ENGLISH = "en"


@dataclass(frozen=True)
class Labels:
    """The phrases, the nouns with their plural, and how dates and numbers are written."""

    language: str
    days: tuple[str, ...]  # of the week, from Monday
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    date: str
    moment: str
    full: str
    thousands: str  # separator of groups of three digits
    singular_from: int  # numbers that take the singular
    singular_up_to: int
    nouns: Mapping[str, tuple[str, str]]
    words: Mapping[str, str]

    def __call__(self, phrase: str, **values: object) -> str:
        """Return a phrase in this language, with its values put in."""
        translated = self.words.get(phrase, phrase)
        return translated.format(**values) if values else translated

    def amount(self, number: int, noun: str, **values: object) -> str:
        """Return a count with its noun."""
        one, many = self.nouns[noun]
        form = one if self.singular_from <= number <= self.singular_up_to else many
        return form.format(number=self.number(number), **values)

    def number(self, number: int) -> str:
        """Return a number with its digits in groups of three."""
        return f"{number:,}".replace(",", self.thousands)


@cache
def shipped() -> tuple[str, ...]:
    """Return the languages that are shipped."""
    return tuple(
        sorted(one.name.removesuffix(".json") for one in files(__package__).iterdir() if one.name.endswith(".json"))
    )


def labels(language: str, folder: str = "") -> Labels:
    """Return the labels of a language: the desk's own ``LANGUAGE.json`` over the shipped ones, over English.

    Raises ConfigurationError where nobody knows the language, or the desk's file cannot be used.
    """
    own = Path(folder) / f"{language}.json" if folder else None
    known = language in shipped()
    if own is None or not own.is_file():
        if not known:
            hint = f"; or write {own}" if own else ""
            raise ConfigurationError(
                f"digest.language: there are no labels in {language!r}; choose from {', '.join(shipped())}{hint}"
            )
        return _shipped(language)
    base = _shipped(language if known else ENGLISH)
    try:
        return _over(base, language, json.loads(own.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise ConfigurationError(f"{own}: the labels cannot be used: {error}") from error


@cache
def _shipped(language: str) -> Labels:
    plain = json.loads((files(__package__) / f"{language}.json").read_text(encoding="utf-8"))
    return Labels(language=language, **{name: _frozen(value) for name, value in plain.items()})


def _over(base: Labels, language: str, own: Any) -> Labels:
    """Return labels overridden by a desk's own; ValueError names what is invalid."""
    if not isinstance(own, dict):
        raise ValueError("a mapping is wanted")
    legal = {field.name for field in fields(Labels)} - {"language"}
    values: dict[str, Any] = {}
    for name, value in own.items():
        if name not in legal:
            raise ValueError(f"there is no key {name!r}; there are {', '.join(sorted(legal))}")
        before, value = getattr(base, name), _frozen(value)
        if type(value) is not type(before) or (isinstance(before, tuple) and len(value) != len(before)):
            raise ValueError(f"{name}: something of the form of {before!r} is wanted"[:200])
        values[name] = {**before, **value} if isinstance(before, dict) else value
    made = replace(base, language=language, **values)
    _try(made)
    return made


def _try(made: Labels) -> None:
    """Format every label with values; ValueError names one that fails."""
    sample = dict.fromkeys(
        [
            "agency",
            "day",
            "entries",
            "failed",
            "failing",
            "feeds",
            "first",
            "gone",
            "last",
            "month",
            "needed",
            "number",
            "polls",
            "score",
            "short_month",
            "silent",
            "stories",
            "time",
            "weekday",
            "year",
        ],
        "1",
    )
    forms = {"date": made.date, "moment": made.moment, "full": made.full, **made.words}
    forms |= {f"{noun}, {place}": form for noun, pair in made.nouns.items() for place, form in enumerate(pair)}
    for name, form in forms.items():
        try:
            form.format(**sample)
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"{name!r}: {form!r} names something that is not there ({error})") from None


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return {key: _frozen(part) for key, part in value.items()} if isinstance(value, dict) else value
