"""Files that we write: whole or not at all, through links, and into pipes and devices as they are.

What a desk keeps for itself is its owner's alone. What it was told to write for others follows the umask.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from aggregator.exceptions import DeliveryError

_PRIVATE, _SHARED = 0o600, 0o666


def write_private(path: Path, data: bytes) -> None:
    """Write a file of the desk's own: a new one is readable by its owner only. DeliveryError where it cannot be written."""
    _write(path, data, _PRIVATE)


def write_output(path: Path, data: bytes) -> None:
    """Write what was asked for by name: a new file gets the umask's permissions. DeliveryError where it cannot be written."""
    _write(path, data, _SHARED)


def shown_path(path: Path) -> str:
    """Return a path as it is shortest to type from the working directory."""
    return min(str(path), os.path.relpath(path), key=len)


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        there = _status(path)
        if there is not None and not stat.S_ISREG(there.st_mode):
            _write_into(path, data)
        else:
            # a link stays one: what it leads to is written, also where that is not there yet
            _replace(path.resolve(), data, mode, there)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        reason = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise DeliveryError(f"{path}: cannot be written ({reason})") from error


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _write_into(path: Path, data: bytes) -> None:
    """Write to a pipe, a device or a terminal, none of which can be replaced."""
    with path.open("wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]


def _replace(path: Path, data: bytes, mode: int, there: os.stat_result | None) -> None:
    """Put a new file in the place of an old one, whose permissions and owner it takes over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    # the mode is cut by the umask, which no thread can ask for without changing it for all
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if there is not None:
                _take_over(descriptor, there)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _take_over(descriptor: int, there: os.stat_result) -> None:
    if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.fchown(descriptor, there.st_uid, there.st_gid)
        except PermissionError:
            pass  # not ours to give away: the file is ours from now on
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
