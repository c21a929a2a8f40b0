"""Invented situations of look-alikes in one window, through the importer: what is joined wrongly, and what is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.lookalikes import HELD_OUT, SITUATIONS, played, situations, without_texts


@pytest.mark.parametrize(
    ("file", "texts", "wrong", "right"),
    [
        pytest.param(SITUATIONS, True, 0, 40, id="texts"),
        pytest.param(SITUATIONS, False, 3, 30, id="headlines", marks=pytest.mark.costly),
        pytest.param(HELD_OUT, True, 0, 12, id="texts, held out"),
        pytest.param(HELD_OUT, False, 0, 9, id="headlines, held out", marks=pytest.mark.costly),
    ],
)
def test_look_alikes_stand_apart_and_events_together(file: Path, texts: bool, wrong: int, right: int) -> None:
    lines = [line for situation in situations(file) for line in situation.lines]
    found = played(lines if texts else without_texts(lines))
    assert len(found.wrong) <= wrong, found.wrong
    assert found.right >= right
