"""Archive entries in order of date: sorted in memory, or in an unnamed file where the archive is large."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from aggregator.exceptions import NotFoundError, StorageError
from aggregator.model import Skip
from aggregator.parsing.archive import ArchiveEntry, date_order, in_date_order, read
from aggregator.storage.spilled import Order, Spilled, spilled

# Bytes of an archive from which on it is sorted on disk. In memory its entries take some three times as much.
LARGE = 4_000_000

# Files that cannot be read as lines: their first bytes, their form, and the command that turns them into lines.
_PACKED = (
    (b"\x1f\x8b", "packed with gzip", "gzip -dc"),
    (b"\xfd7zXZ\0", "packed with xz", "xz -dc"),
    (b"BZh", "packed with bzip2", "bzip2 -dc"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "zstd -dc"),
    (b"PK\x03\x04", "packed with zip", "unzip -p"),
    (b"\xff\xfe", "UTF-16, and an archive is UTF-8", "iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "UTF-16, and an archive is UTF-8", "iconv -f UTF-16 -t UTF-8"),
)

Lines = Callable[[Path], Iterator[bytes]]


class OnDisk(Collection[ArchiveEntry]):
    """A collection of entries on disk, iterated in order of date."""

    def __init__(self, kept: Spilled) -> None:
        self._kept = kept
        self._count = len(kept)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ArchiveEntry]:
        return map(pickle.loads, self._kept.in_order())  # packed by this process

    def __contains__(self, one: object) -> bool:
        return any(one == other for other in self)


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines of a JSON Lines archive; StorageError where the file must be unpacked first."""
    with path.open("rb") as lines:
        first = lines.readline()
        for beginning, form, command in _PACKED:
            if first.startswith(beginning):
                raise StorageError(f"{path}: is {form}; read it with `{command} {path.name} | aggregator import -`")
        yield first
        yield from lines


@contextmanager
def opened(path: Path) -> Iterator[None]:
    """Turn the errors of reading an archive into errors of this package."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: no such file") from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror})") from error


def load(path: Path) -> tuple[list[ArchiveEntry], tuple[Skip, ...]]:
    """Return the entries of an archive in order of date, undated ones at the end, and the lines left out."""
    skips: list[Skip] = []
    return in_date_order(_entries(path, lines_of, skips)), tuple(skips)


@contextmanager
def ordered(path: Path, large: int = LARGE) -> Iterator[tuple[Collection[ArchiveEntry], Sequence[Skip]]]:
    """Provide the entries and skips that :func:`load` returns; an archive of ``large`` bytes or more is sorted on disk."""
    with opened(path):
        size = path.stat().st_size
    if size < large:
        yield load(path)
        return
    skips: list[Skip] = []
    with spilled() as kept:
        kept.add(0, packed(path, lines_of, skips))
        yield OnDisk(kept), skips


def packed(path: Path, lines: Lines, skips: list[Skip]) -> Iterator[tuple[Order, bytes]]:
    """Yield the entries of an archive with their sort keys, pickled; append the lines left out to ``skips``."""
    for one in _entries(path, lines, skips):
        undated, time, key, line = date_order(one)
        moment = time.astimezone(UTC).isoformat(timespec="microseconds")
        yield (int(undated), moment, key, line), pickle.dumps(one, pickle.HIGHEST_PROTOCOL)


def _entries(path: Path, lines: Lines, skips: list[Skip]) -> Iterator[ArchiveEntry]:
    with opened(path):
        for one in read(lines(path)):
            if isinstance(one, Skip):
                skips.append(one)
            else:
                yield one
