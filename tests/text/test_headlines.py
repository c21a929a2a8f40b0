"""What a house sets before a headline that it sends again is no part of the headline."""

from __future__ import annotations

import pytest

from aggregator.text.headlines import plain_headline


@pytest.mark.parametrize(
    "sent",
    [
        "CORRECTED-Ministers meet in Skarvik",
        "UPDATE 2-Ministers meet in Skarvik",
        "CORRECTED (OFFICIAL)-Ministers meet in Skarvik",
        "CORRECTED UPDATE 1-Ministers meet in Skarvik",
        "REFILE-UPDATE 3-Ministers meet in Skarvik",
        "WRAPUP 4 - Ministers meet in Skarvik",
        "Correction: Ministers meet in Skarvik",
        "[CORRECTED] - Ministers meet in Skarvik",
        "Korrektur: Ministers meet in Skarvik",
        "Ministers meet in Skarvik",
    ],
)
def test_the_note_is_left_out(sent: str) -> None:
    assert plain_headline(sent) == "Ministers meet in Skarvik"


@pytest.mark.parametrize(
    "title",
    [
        "Update on the war in Morvia",
        "Update-Probleme bei Windows",
        "Lead poisoning rises in Velden",
        "Correction of the market goes on",
        "Corrections and clarifications",
        "Correction:",
        "CORRECTED-",
        "UPDATE",
        "Repeat offender caught",
        "",
    ],
)
def test_words_of_the_headline_stay(title: str) -> None:
    assert plain_headline(title) == title
