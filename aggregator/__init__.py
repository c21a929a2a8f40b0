"""Newsroom feed aggregator: it finds copies, groups reports into stories, and explains why.

``__all__`` names the public Python API, and ``docs/python.md`` describes it. Everything else is private by convention.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.app import Aggregator
    from aggregator.exceptions import (
        AggregatorError,
        AmbiguousIdError,
        ConfigurationError,
        DecisionError,
        DeliveryError,
        LockedError,
        NotAFeedError,
        NotFoundError,
        NotOursError,
        ParseError,
        StorageError,
        UsageError,
    )
    from aggregator.model import StoryQuery
    from aggregator.settings import Settings

__version__ = "0.2.0"

__all__ = [
    "Aggregator",
    "AggregatorError",
    "AmbiguousIdError",
    "ConfigurationError",
    "DecisionError",
    "DeliveryError",
    "LockedError",
    "NotAFeedError",
    "NotFoundError",
    "NotOursError",
    "ParseError",
    "Settings",
    "StorageError",
    "StoryQuery",
    "UsageError",
]

_HOMES = {"Aggregator": "aggregator.app", "Settings": "aggregator.settings", "StoryQuery": "aggregator.model"}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that the command line loads only the modules it needs."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "aggregator.exceptions")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
