"""Why an entry stands where it stands, in one true sentence with the evidence behind it."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model import Match


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to "why": the sentence, and the edges it rests on."""

    entry: str
    sentence: str
    links: tuple[Match, ...]


def explain(*_: object) -> Why:
    raise RuntimeError
