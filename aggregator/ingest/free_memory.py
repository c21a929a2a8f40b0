"""Return of freed memory to the system.

glibc keeps freed memory below the highest block in use. After arrays of a large window were replaced that is up to a fifth of
a process.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache

# Parameters of glibc's mallopt(3), and their values in bytes.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE, _KEPT_FREE = 2 << 20, 8 << 20


@lru_cache(maxsize=1)
def keep_large_blocks_apart() -> bool:
    """Have blocks of 2 MB and more go back to the system when they are freed; False where the C library is not glibc.

    By itself glibc raises that bound to 32 MB once such blocks were freed, and arrays of a window then leave holes.
    """
    library = _glibc()
    return library is not None and all(
        library.mallopt(parameter, value)
        for parameter, value in ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _KEPT_FREE))
    )


def return_free_memory() -> None:
    """Give free pages back to the system, where the C library is glibc."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@lru_cache(maxsize=1)
def _glibc() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows
        return None
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None  # musl, macOS
