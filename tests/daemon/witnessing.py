"""``aggregator`` whose calls of other packages are noted: ``python -m tests.daemon.witnessing FILE ARGUMENT…``.

Each package is watched at the function in which it does its part; what passed through is written to FILE, a line a call,
as JSON: the package, and what it was given or gave.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aggregator.cli import main

# Package, where its function stands, and what of a call's arguments and outcome is told.
WATCHED: tuple[tuple[str, str, str, Callable[[tuple[Any, ...], Any], object]], ...] = (
    ("requests", "requests.sessions", "Session.send", lambda given, out: [given[1].url, out.status_code]),
    ("feedparser", "feedparser", "parse", lambda given, out: [entry.get("title") for entry in out.entries]),
    (
        "datasketch",
        "datasketch.minhash",
        "MinHash.update_batch",
        lambda given, out: sum(map(len, given[1])),
    ),  # arrays of hashes
    ("apscheduler", "apscheduler.executors.pool", "run_job", lambda given, out: given[0].id),
    ("sqlite-utils", "sqlite_utils.migrations", "Migrations.apply", lambda given, out: given[1].table_names()),
)


def watch(file: Path) -> None:
    """Note every call of a watched function."""
    for package, module, path, telling in WATCHED:
        owner: Any = importlib.import_module(module)
        *owners, name = path.split(".")
        for one in owners:
            owner = getattr(owner, one)
        setattr(owner, name, _noted(getattr(owner, name), package, telling, file))


def _noted(
    whole: Callable[..., Any], package: str, telling: Callable[[tuple[Any, ...], Any], object], file: Path
) -> Callable[..., Any]:
    @functools.wraps(whole)
    def noted(*given: Any, **named: Any) -> Any:
        out = whole(*given, **named)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps([package, telling(given, out)]) + "\n")
        return out

    return noted


if __name__ == "__main__":
    watch(Path(sys.argv.pop(1)))
    main()
