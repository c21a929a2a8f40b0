"""The small model of languages answers as the library's own does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from aggregator.text.language import LANGUAGES
from aggregator.text.language_model import load

CASES = Path(__file__).parents[1] / "newsroom" / "agency_cases.jsonl"


@pytest.mark.costly  # the library's own model takes two seconds to load
def test_every_answer_is_that_of_the_librarys_own_model() -> None:
    theirs = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    theirs.set_languages(LANGUAGES)
    ours = load(LANGUAGES)
    texts = [
        "",
        "12:30",
        "ŁÓDŹ",
        "日本の港で火災",
        "Пожар в гавани",
        "Пожежа в гавані потушена",
        "Požar u luci",
        "\ud800",
    ]
    texts += [json.loads(line).get("text", "")[:300] for line in CASES.read_text("utf-8").splitlines()]
    assert [ours.classify(text) for text in texts] == [theirs.classify(text) for text in texts]


def test_the_tables_take_a_quarter_of_the_librarys() -> None:
    model = load(LANGUAGES)
    held = (model._rows, model._places, model._moves, model.tk_output)
    assert sum(table.itemsize * len(table) for table in held) + model.nb_ptc.nbytes < 20_000_000
