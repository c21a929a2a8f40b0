"""Keeps results that take minutes to compute on disk, so that an interrupted measurement can continue.

A result is kept under a hash of its program and its data, and is computed again if either has changed.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
# What windows to learn from are made by: the stage, its tables of words, and how windows are laid out.
MADE_BY = (
    "aggregator/clustering/*.py",
    "aggregator/clustering/background/*",
    "aggregator/text/*.py",
    "bench/pair_examples.py",
    "bench/pairs-read-by-eye.tsv",
    "bench/train_background.py",
    "bench/worlds.py",
)
# Beside it, what models are learned by.
LEARNED_BY = (*MADE_BY, "bench/train_pairs.py")
KEPT = ROOT / "build" / "learning"
Made = TypeVar("Made")


@cache
def program(patterns: tuple[str, ...] = MADE_BY) -> str:
    """Return a hash of what windows to learn from are made by, in hexadecimal digits."""
    found = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def kept(path: Path, make: Callable[[], Made]) -> Made:
    """Return what a file holds; make and keep it where there is none."""
    if path.exists():
        with path.open("rb") as source:
            found: Made = pickle.load(source)
        return found
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as target:
        pickle.dump(made, target, pickle.HIGHEST_PROTOCOL)
    part.replace(path)
    return made
