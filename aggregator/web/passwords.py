"""Hashes of passwords: scrypt from the standard library, with its parameters in the text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from aggregator.exceptions import UsageError

# 16 MB of memory and some hundredths of a second for each guess.
_N, _R, _P = 2**14, 8, 1
_BYTES = 32
# The highest cost of checking a password, whatever a settings file says.
_MOST_N, _MOST_RP = 2**17, 32
SHORTEST = 8


def hash_password(password: str) -> str:
    """Return the hash of a password for ``web.users``; raises UsageError if it is too short."""
    if len(password) < SHORTEST:
        raise UsageError(f"a password has {SHORTEST} characters at least")
    salt = secrets.token_bytes(16)
    return ":".join(("scrypt", str(_N), str(_R), str(_P), _text(salt), _text(_derived(password, salt, _N, _R, _P))))


def is_hash(text: str) -> bool:
    """Return whether a text is a hash that :func:`verify` can check."""
    return _parts(text) is not None


def without_hash(users: Mapping[str, str]) -> tuple[str, ...]:
    """Return a warning for each user whose value is no hash of a password."""
    return tuple(
        f"web.users: the value of {name} is no hash of a password; `aggregator web --hash-password` makes one"
        for name, text in users.items()
        if not is_hash(text)
    )


def verify(password: str, hashed: str) -> bool:
    """Return whether a password matches the hash, in constant time."""
    parts = _parts(hashed)
    if parts is None:
        return False
    n, r, p, salt, wanted = parts
    return hmac.compare_digest(_derived(password, salt, n, r, p), wanted)


def _derived(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    needed = 128 * r * (n + p + 2)
    return hashlib.scrypt(password.encode("utf-8"), salt=salt, n=n, r=r, p=p, maxmem=needed * 2, dklen=_BYTES)


def _parts(text: str) -> tuple[int, int, int, bytes, bytes] | None:
    try:
        kind, n_text, r_text, p_text, salt_text, hash_text = text.split(":")
        n, r, p = int(n_text), int(r_text), int(p_text)
        salt, hashed = _bytes(salt_text), _bytes(hash_text)
    except ValueError:
        return None
    sound = kind == "scrypt" and 1 < n <= _MOST_N and n & (n - 1) == 0 and 0 < r * p <= _MOST_RP and r > 0
    return (n, r, p, salt, hashed) if sound and len(hashed) == _BYTES else None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
