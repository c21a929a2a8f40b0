"""A hash of everything that decides which stories are found; it changes with the parameters and models of a release."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from aggregator.clustering.params import DEFAULT
from aggregator.clustering.vectors import VERSION

_MODELS = Path(__file__).with_name("models")


@cache
def clustering_fingerprint() -> str:
    """Return a hash of the vectors' version, all parameters and all shipped models, in hexadecimal digits."""
    found = hashlib.sha256(f"{VERSION} {DEFAULT!r}".encode())
    for path in sorted(_MODELS.iterdir()):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()
