"""Report vectors: hashed terms and word pairs, small enough to hold a window in memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass

VERSION = "terms-5"  # of the scheme below and of vectorize: vectors of two versions are never compared

# A term's marks, 16 bits: its occurrences in title and text, its kind, and its share of capitals.
TITLE_COUNT, TEXT_SHIFT, TEXT_COUNT = 0b11, 2, 0b111
NUMBER, ORDINAL = 1 << 5, 1 << 6
CAPITAL_SHIFT, CAPITAL_UNKNOWN = 8, 15  # share of capitals in steps of 1/14; 15: never seen inside a sentence
# A pair's marks: where the two words are adjacent.
IN_TITLE, IN_TEXT = 1, 2
OVERLAP = 8  # the second repeats most of the first: pieces of a run of characters
NAME_FORMS = 4  # the two words are forms of one name ("Finland", "Finnish"), adjacent or not

# Language, flags, time, publisher, skeleton, words of title and text, terms, pairs.
_HEAD = struct.Struct("<4sBdQIHHHH")
_DATED, _SLOT = 1, 2


@dataclass(frozen=True, slots=True)
class ReportVector:
    """The data of a report by which the clustering compares it.

    ``time`` is in seconds since 1970. ``terms`` are sorted little-endian uint32 hashes, ``term_marks`` one uint16 a term.
    ``pairs`` are two bytes a pair, the places of its two terms in ``terms``; ``pair_marks`` one byte a pair.
    """

    language: str  # ISO 639-1, empty where unknown
    time: float
    dated: bool  # False where the time of the event is unknown
    publisher: int  # 64-bit hash
    skeleton: int  # 32-bit hash of the title without names, numbers and dates; 0 where nothing is left
    slot: bool  # the title is a recurring one ("Morning briefing") and names no event
    title_words: int
    text_words: int
    terms: bytes
    term_marks: bytes
    pairs: bytes
    pair_marks: bytes

    def packed(self) -> bytes:
        """Return the vector as bytes."""
        head = _HEAD.pack(
            self.language.encode("ascii", "replace")[:4],
            _DATED * self.dated | _SLOT * self.slot,
            self.time,
            self.publisher,
            self.skeleton,
            min(self.title_words, 65_535),
            min(self.text_words, 65_535),
            len(self.terms) // 4,
            len(self.pairs) // 2,
        )
        return b"".join((head, self.terms, self.term_marks, self.pairs, self.pair_marks))

    @classmethod
    def unpacked(cls, data: bytes) -> ReportVector:
        """Return the vector that :meth:`packed` wrote; raises ValueError where the bytes are no vector."""
        if len(data) < _HEAD.size:
            raise ValueError("a packed report vector is cut short")
        language, flags, time, publisher, skeleton, title, text, terms, pairs = _HEAD.unpack_from(data)
        a = _HEAD.size
        b, c, d = a + 4 * terms, a + 6 * terms, a + 6 * terms + 2 * pairs
        if len(data) != d + pairs:
            raise ValueError("a packed report vector has the wrong length")
        return cls(
            language.rstrip(b"\0").decode("ascii"),
            time,
            bool(flags & _DATED),
            publisher,
            skeleton,
            bool(flags & _SLOT),
            title,
            text,
            data[a:b],
            data[b:c],
            data[c:d],
            data[d:],
        )
