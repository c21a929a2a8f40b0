"""Whether a text is a random token rather than a word, slug, date or number."""

from __future__ import annotations

import re

# Letter -> letters that rarely follow it: each such pair is fewer than one in 2,850 in each of English, German, French, Italian,
# Dutch, Spanish and Portuguese news. Two in five of randomly drawn pairs are rare.
_RARE_AFTER = {
    "b": "cdfghjkmnpqvwxz",
    "c": "bdfgjmnpqvwxz",
    "d": "bcfhjkmpqvwxz",
    "f": "bghjkmnpqvwxyz",
    "g": "bcfjkmqvwxyz",
    "h": "bcdfghjkpqvxz",
    "i": "iwy",
    "j": "bchilmpqrtvwxyz",
    "k": "bcdfghjmpqvxz",
    "l": "jqrwx",
    "m": "cdfghjklnqrvwxz",
    "n": "mprx",
    "o": "j",
    "p": "bcgjknqvwxyz",
    "q": "abcdefghijklmnopqrstvwxyz",
    "r": "jx",
    "s": "jxz",
    "t": "dfknpqx",
    "u": "jqyz",
    "v": "bcdfghjkmnpqtuvwxyz",
    "w": "bcdfgjklmpqrtvwxyz",
    "x": "abcdfghjklmnoqrsuvwxyz",
    "y": "bcdfghjklpqtvwxyz",
    "z": "bcdfghjklmnpqrsvxy",
}
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_SEPARATOR = re.compile(r"[^A-Za-z0-9]+")
_BASE64 = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_MIN_TOKEN, _MIN_PIECE = 16, 10  # characters: shorter values, and shorter pieces between separators, are not tokens
_MIN_ODD = 4  # unlikely transitions that a random text has at least
# Characters per unlikely transition, and per change of digits or capitals, at most
_MAX_PER_ODD, _MAX_PER_CHANGE = 4, 7


def looks_random(value: str) -> bool:
    """Return whether a value of 16 characters or more looks machine-made: hexadecimal, UUID, base64, random letters."""
    if len(value) < _MIN_TOKEN or "%3A%2F%2F" in value.upper():
        return False
    if _UUID.fullmatch(value):
        return True
    pieces = _SEPARATOR.split(value)
    if any(len(piece) >= _MIN_PIECE and _is_no_word(piece) for piece in pieces):
        return True
    # the base64 of addresses contains separators; a slug has one case
    mixed = _BASE64.fullmatch(value) and any(map(str.isupper, value)) and any(map(str.islower, value))
    return bool(mixed) and _is_odd(sum(map(odd_places, pieces)), value)


def looks_mixed(value: str) -> bool:
    """Return whether a value is longer than a word is likely to be, with digits or capitals inside."""
    changes = sum(_changes(value, place) for place in range(len(value) - 1))
    return len(value) >= 6 and changes >= 2 and not _SEPARATOR.search(value)


def odd_places(piece: str) -> int:
    """Return the number of transitions that are unlikely in words: digit to letter, a capital inside, a rare pair."""
    return sum(
        _changes(piece, place) or piece[place + 1].lower() in _RARE_AFTER.get(piece[place].lower(), "")
        for place in range(len(piece) - 1)
    )


def _changes(piece: str, place: int) -> bool:
    """Return whether digit and letter alternate after a character, or a capital is inside a word."""
    one, other = piece[place], piece[place + 1]
    if one.isdigit() != other.isdigit():
        return True
    begins_a_word = len(piece) >= place + 4 and piece[place + 2 : place + 4].islower()  # as in WordsInCapitals
    return one.islower() and other.isupper() and not begins_a_word


def _is_no_word(piece: str) -> bool:
    changes = sum(_changes(piece, place) for place in range(len(piece) - 1))
    return _is_odd(odd_places(piece), piece) or (changes >= _MIN_ODD and changes * _MAX_PER_CHANGE >= len(piece))


def _is_odd(places: int, text: str) -> bool:
    return places >= _MIN_ODD and places * _MAX_PER_ODD >= len(text)
