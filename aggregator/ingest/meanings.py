"""The sentence encoder in use, and the meanings (sentence vectors) of reports that it computes."""

from __future__ import annotations

import logging
from functools import lru_cache

from aggregator.clustering.meaning import meaning_of, meaning_version
from aggregator.model import Document
from aggregator.settings import StorySettings
from aggregator.text import encoder

log = logging.getLogger("aggregator.meanings")


class Meanings:
    """Computes the meanings of reports with one encoder."""

    def __init__(self, chosen: encoder.Encoder) -> None:
        self._encoder = chosen
        self.version = meaning_version(chosen)
        self.languages = encoder.LANGUAGES

    def version_and_meaning(self, document: Document) -> tuple[str, bytes] | tuple[None, None]:
        """Return the version and the packed meaning of a document; None for both where the encoder lacks its language."""
        if document.language not in encoder.LANGUAGES:
            return None, None
        return self.version, meaning_of(document, document.language, self._encoder).packed()


def meanings_for(settings: StorySettings) -> Meanings | None:
    """Return the meanings for the setting ``stories.semantic``; None where reports are compared within their language only.

    ConfigurationError: the encoder is switched on and its extra is not installed. The effect of "auto" is logged.
    """
    if not settings.enabled or settings.semantic is False:
        return None
    if settings.semantic == "auto":
        installed = encoder.missing_extra() is None
        _log_auto(installed)
        return Meanings(encoder.load()) if installed else None
    return Meanings(encoder.load())


@lru_cache(maxsize=2)
def _log_auto(installed: bool) -> None:
    """Log the effect of "auto", once a process."""
    effect = "installed: stories join" if installed else "not installed: stories do not join"
    log.info("stories.semantic is auto, and the extra is %s across languages", effect)
