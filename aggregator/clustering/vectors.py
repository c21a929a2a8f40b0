"""What is kept of a report to compare it by (a plain bag of words until the engine of pairs is here)."""

from __future__ import annotations

import json
from dataclasses import dataclass

VERSION = "bag1"


@dataclass(frozen=True, slots=True)
class ReportVector:
    """Weights of words, and when and in what language the report came."""

    language: str | None
    time: float
    dated: bool
    publisher: int
    terms: tuple[tuple[str, float], ...]

    def packed(self) -> bytes:
        """Return bytes that :meth:`unpacked` reads."""
        return json.dumps([self.language, self.time, self.dated, self.publisher, self.terms]).encode()

    @classmethod
    def unpacked(cls, data: bytes) -> ReportVector:
        """Read what :meth:`packed` gave."""
        language, time, dated, publisher, terms = json.loads(data)
        return cls(language, time, dated, publisher, tuple((str(term), float(weight)) for term, weight in terms))
