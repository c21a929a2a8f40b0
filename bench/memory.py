"""The memory of the measuring process."""

from __future__ import annotations

from pathlib import Path


def megabytes(*, most: bool = False) -> float:
    """Return this process's resident memory in millions of bytes: that of now, or the ``most`` since it began."""
    wanted = "VmHWM:" if most else "VmRSS:"
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1_024 / 1e6 for line in status.splitlines() if line.startswith(wanted))
