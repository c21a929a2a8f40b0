"""``aggregator`` with a fault in one place: ``python -m tests.daemon.injecting FAULT PLACE TIMES ARGUMENT…``.

FAULT is ``raise`` or ``hang``, PLACE a function as ``module:Class.method`` or ``module:function``, and TIMES how many of
its calls meet the fault. ``shift`` moves the clock instead: PLACE is a file that holds the seconds to add.
"""

from __future__ import annotations

import datetime as library
import importlib
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from aggregator.cli import main

NEEDED = (
    "aggregator.cli.session",
    "aggregator.daemon.service",
    "aggregator.daemon.schedule",
    "apscheduler.schedulers.base",
)


def inject(fault: str, place: str, times: int) -> None:
    """Put a fault into a function."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for one in owners:
        owner = getattr(owner, one)
    whole: Callable[..., Any] = getattr(owner, name)
    left = iter(range(times))

    def broken(*args: Any, **kwargs: Any) -> Any:
        if next(left, None) is None:
            return whole(*args, **kwargs)
        if fault == "hang":
            sys.stderr.write(f"hangs in {name}\n")
            sys.stderr.flush()
            threading.Event().wait(600)
        raise RuntimeError(f"injected into {name}")

    setattr(owner, name, broken)


def shift(file: Path) -> None:
    """Let the clock of the product and of its scheduler run ahead by the seconds in a file."""

    class Shifted(library.datetime):
        @classmethod
        def now(cls, tz: library.tzinfo | None = None) -> Self:
            seconds = float(file.read_text(encoding="utf-8") or 0)
            return super().now(tz) + library.timedelta(seconds=seconds)

    for name in NEEDED:
        importlib.import_module(name).datetime = Shifted  # type: ignore[attr-defined]  # each module's own name for the class


if __name__ == "__main__":
    fault, place, times = sys.argv[1:4]
    del sys.argv[1:4]
    if fault == "shift":
        shift(Path(place))
    else:
        inject(fault, place, int(times))
    main()
