"""Which language a text is in, when the feed doesn't say; the only home of py3langid."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# The languages of newsrooms that a desk follows; the fewer there are to choose from, the fewer mistakes in a headline.
LANGUAGES = [
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id",
    "it", "ja", "ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "th",
    "tr", "uk", "ur", "vi", "zh",
]  # fmt: skip
# A shorter text says too little, unless its script does.
MIN_LETTERS = 25
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
_LETTER = re.compile(r"[^\W\d_]")
_ENOUGH = 1_000  # characters; more of a text adds cost and no certainty


def identify(text: str, hint: str | None) -> str | None:
    """Return the ISO 639-1 code of a text's language; the feed's own word (``hint``) where it gives one; None where unsure."""
    if hint:
        return hint.split("-")[0].lower()
    head = text[:_ENOUGH]
    letters = len(_LETTER.findall(head))
    for language, script in _SCRIPTS:
        found = len(script.findall(head))
        # a text in Han characters with any kana is Japanese; otherwise most of the letters decide
        if found and (found * 2 > letters or (language == "ja" and found * 8 > letters)):
            return language
    if letters < MIN_LETTERS:
        return None
    language, _ = _identifier().classify(head)
    return str(language)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    made = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    made.set_languages(LANGUAGES)
    return made
