"""From a document to the vector of a report."""

from __future__ import annotations

import zlib
from collections import Counter
from datetime import datetime

from aggregator.clustering.vectors import ReportVector
from aggregator.model import Document
from aggregator.text.tokens import words


def vectorize(document: Document, publisher: str, time: datetime, dated: bool, language: str | None) -> ReportVector:
    """Return the vector of a report whose text is ``document``."""
    counts: Counter[str] = Counter()
    for text, weight in ((document.title, 2), (document.body or document.lede, 1)):
        for word in words(text, language):
            if len(word) > 3 or any(ord(letter) > 0x2E80 for letter in word):
                counts[word[:6]] += weight
    norm = sum(count**2 for count in counts.values()) ** 0.5 or 1.0
    terms = tuple(sorted((term, round(count / norm, 4)) for term, count in counts.items()))
    return ReportVector(language, time.timestamp(), dated, zlib.crc32(publisher.encode()), terms)
