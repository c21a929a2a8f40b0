"""Writes files completely or not at all. Links are followed; pipes and devices are written to directly.

Files for the product's own use can be read only by their owner. Files for others get the umask's permissions.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from aggregator.disk import BESIDE, LOCK, give_to_owner_of, is_database, make_durable, make_folder, real_path, take_over
from aggregator.exceptions import DeliveryError

_PRIVATE, _SHARED = 0o600, 0o666


def write_private(path: Path, data: bytes) -> None:
    """Write a file that, if new, only its owner can read; raises DeliveryError."""
    refuse_database(path)
    _write(path, data, _PRIVATE)


def write_output(path: Path, data: bytes) -> None:
    """Write a file that a person named; a new one gets the umask's permissions. Raises DeliveryError."""
    check_output(path)
    _write(path, data, _SHARED)


def write_named(path: Path, data: bytes) -> None:
    """Write a file that the program named, like :func:`write_output`; a link is replaced, not followed."""
    with _explained(path):
        real = real_path(path.parent) / path.name
        make_folder(real.parent)
        there = real.lstat() if os.path.lexists(real) else None
        with _replacing(real, _SHARED, there if there is not None and stat.S_ISREG(there.st_mode) else None) as file:
            file.write(data)


def shown_path(path: Path) -> str:
    """Return the shortest form of a path: absolute, or relative to the working directory."""
    return min(str(path), os.path.relpath(path), key=len)


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that a person named for writing in pieces; it appears when complete. Raises DeliveryError."""
    check_output(path)
    with _explained(path):
        there = _status(path)
        if there is not None and not stat.S_ISREG(there.st_mode):
            with path.open("wb") as file:
                yield file
        else:
            with _replacing(real_path(path), _SHARED, there) as file:
                yield file


def check_output(path: Path) -> None:
    """Raise DeliveryError if a path must not be overwritten: a database, feeds or settings."""
    refuse_database(path)
    if path.suffix.lower() in (".yaml", ".yml") and path.is_file():  # nothing that we write out is YAML
        raise DeliveryError(f"{path}: is YAML, as feeds and settings are; name another file")


def refuse_database(path: Path) -> None:
    """Raise DeliveryError if a path is a database, or a file that SQLite or we keep beside one."""
    _refuse(path, ("", *BESIDE, LOCK))


def refuse_beside_database(path: Path) -> None:
    """Raise DeliveryError if a path is a file that SQLite or we keep beside a database."""
    _refuse(path, (*BESIDE, LOCK))


def _refuse(path: Path, endings: tuple[str, ...]) -> None:
    path = Path(os.path.realpath(path))
    for ending in endings:
        if path.name.endswith(ending) and is_database(path.with_name(path.name.removesuffix(ending))):
            raise DeliveryError(f"{path}: is a database or belongs to one; name another file")


def _write(path: Path, data: bytes, mode: int) -> None:
    with _explained(path):
        there = _status(path)
        if there is not None and not stat.S_ISREG(there.st_mode):
            _write_into(path, data)
        else:
            real = real_path(path)  # a link stays a link; its target is written, even if it does not exist yet
            make_folder(real.parent)
            with _replacing(real, mode, there) as file:
                file.write(data)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DeliveryError(f"{path}: cannot be written ({error.strerror})") from error


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


@contextmanager
def _replacing(path: Path, mode: int, there: os.stat_result | None) -> Iterator[BinaryIO]:
    """Open a new file that replaces an old one with its permissions and owner."""
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    # the system applies the umask to the mode; reading the umask here would change it for all threads
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if there is not None:
                take_over(descriptor, there)
            else:
                give_to_owner_of(path.parent, descriptor)
            yield file
        make_durable(partial)  # by its path, because a library that wrote it may have closed the file
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
