"""Return of freed memory to the system.

glibc keeps freed memory below the highest block in use. After the arrays of a large window were replaced, this is up to a fifth
of the memory of the process.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache

# Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE, _KEPT_FREE = 2 << 20, 8 << 20  # their values, bytes


@lru_cache(maxsize=1)
def keep_large_blocks_apart() -> bool:
    """Have glibc return blocks of 2 MB and more to the system when they are freed; False where the C library is another.

    By default glibc raises this bound to up to 32 MB once such blocks were freed; the arrays of a window then leave holes.
    """
    library = _glibc()
    return library is not None and all(
        library.mallopt(parameter, value)
        for parameter, value in ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _KEPT_FREE))
    )


def return_free_memory() -> None:
    """Return free pages to the system, where the C library is glibc."""
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
