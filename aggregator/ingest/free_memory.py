"""Return of freed memory to the system.

glibc keeps freed memory below the highest block in use. After arrays of a large window were replaced that is up to a fifth of
a process.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache


def return_free_memory() -> bool:
    """Give free pages back to the system; False where the C library has no ``malloc_trim`` or had nothing to give."""
    trim = _trim()
    return trim is not None and bool(trim(0))


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # musl, macOS, Windows
        return None
