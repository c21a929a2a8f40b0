"""The window saved in a file beside the database, so that a restarted process compares nothing anew.

The file is a cache: it is ignored where it does not fit the database, the program or the settings. Later changes are read
from the database.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pickle
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import aggregator.clustering
from aggregator.clustering.graph import StoryGraph
from aggregator.disk import give_to_owner_of
from aggregator.storage.database import Store
from aggregator.storage.facts import FactStore

log = logging.getLogger("aggregator.window")

MIN_REPORTS = 2_000  # a smaller window is not saved: it is compared anew in a second
_FACT = "window file"  # the fact that holds the digest of this database's file
# Global names that a file may refer to beside the classes of aggregator.clustering: arrays and containers.
_ALLOWED_NAMES = frozenset(
    {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy.core.numeric", "_frombuffer"),
        ("array", "array"),
        ("array", "_array_reconstructor"),
        ("collections", "defaultdict"),
        ("collections", "Counter"),
        ("collections", "deque"),
        ("collections", "OrderedDict"),
    }
)
_ALLOWED_BUILTINS = frozenset({"set", "frozenset", "slice", "bytearray", "range", "list", "dict", "int", "float"})


class SavedWindow(NamedTuple):
    """A window, and the state of the database up to which it is current."""

    graph: StoryGraph
    times: dict[str, float]  # report -> time
    read_to: int  # the number of the last vector that it read
    horizon: float | None  # older reports were removed


def read(store: Store, settings: str) -> SavedWindow | None:
    """Return the saved window of this database under these settings; None where none fits."""
    path = _path(store)
    if path is None or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != FactStore(store.connection).fact(_FACT):  # another database's file, or damaged
                return None
            file.seek(0)
            if json.loads(file.readline(10_000)) != {"settings": settings, "program": _program()}:
                return None
            return SavedWindow(*_Reader(file).load())
    except (OSError, ValueError, EOFError, pickle.UnpicklingError, TypeError, AttributeError, ImportError) as error:
        log.info("%s: passed over (%s)", path, error)
        return None


def write(store: Store, settings: str, kept: SavedWindow) -> None:
    """Save a window of at least ``MIN_REPORTS``; an error of the file system is only logged."""
    path = _path(store)
    if path is None or store.path is None or len(kept.times) < MIN_REPORTS:
        return
    head = json.dumps({"settings": settings, "program": _program()})
    partial = path.with_name(path.name + ".partial")
    try:
        partial.unlink(missing_ok=True)  # left by a killed process; and a link in its place is not followed
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            give_to_owner_of(store.path, descriptor)
            file.write(head.encode() + b"\n")
            pickle.dump(tuple(kept), file, pickle.HIGHEST_PROTOCOL)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with store.transaction():
            FactStore(store.connection).remember(_FACT, digest)
        partial.replace(path)
    except OSError as error:
        log.info("%s: not kept (%s)", path, error)
        partial.unlink(missing_ok=True)


class _Reader(pickle.Unpickler):
    """An unpickler that accepts only the classes of a saved window."""

    def find_class(self, module: str, name: str) -> Any:
        plain = (module == "builtins" and name in _ALLOWED_BUILTINS) or (module, name) in _ALLOWED_NAMES
        ours = module.startswith("aggregator.clustering.") and "." not in name and name.lstrip("_")[:1].isupper()
        if plain or ours:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"names {module}.{name}")


def _path(store: Store) -> Path | None:
    return None if store.path is None else store.path.with_name(f"{store.path.name}-window")


@cache
def _program() -> str:
    """Return a hash of the source files of the clustering."""
    found = hashlib.sha256()
    folder = Path(aggregator.clustering.__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()
