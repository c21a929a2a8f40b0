"""Makes the ids of entries, reports and stories: short hashes whose first letter names the kind, never random.

An id is a hash of the identifying values (a feed's address and the publisher's key), so that the same input gives the same ids in
every run and replay. A salt is added only where an id is already taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

# Crockford's base 32 in lower case: without i, l, o and u an id is neither a word nor misread.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10  # 50 bits after the letter: one collision expected in some 40 million ids
_PAIRS = [one + two for two in _ALPHABET for one in _ALPHABET]  # ten bits at a time, the lowest first


def mint(letter: str, *parts: str, taken: Callable[[str], bool] = lambda _: False) -> str:
    """Return the id of ``parts`` with the prefix ``letter``; ``taken`` returns whether an id was ever used."""
    salt = 0
    while True:
        text = "\0".join((*parts, str(salt)) if salt else parts)
        number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:7], "big")
        made = letter + "".join([_PAIRS[(number >> place) & 1023] for place in range(0, 5 * LENGTH, 10)])
        if not taken(made):
            return made
        salt += 1
