from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.display import csv_cell, display_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – “text” 日本", "plain – “text” 日本"),
        ("a\x1b[31mred\x1b[0m\x07b", "aredb"),
        ("\x1b]0;title\x07shown\x9b2J", "shown"),
        ("line\r\nline\u2028line\tx", "line line line x"),
        ("safe\u202eevil\u2066\u200b", "safeevil"),
        ("a\0b\x85c\ud800", "ab c"),
    ],
)
def test_terminal_text_has_no_controls(text: str, shown: str) -> None:
    assert display_text(text) == shown


def test_limit_counts_characters() -> None:
    assert display_text("abcdef", 4) == "abc…"
    assert display_text("abcd", 4) == "abcd"


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "  =x", "\t=x", "\uff1dx"])
def test_formulas_are_quoted(text: str) -> None:
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["-5", "+1.5", "plain", "a=b", ""])
def test_numbers_and_words_are_left(text: str) -> None:
    assert csv_cell(text) == text


@given(st.text(max_size=60))
def test_any_text_is_one_printable_line(text: str) -> None:
    for made in (display_text(text), csv_cell(text)):
        assert "\n" not in made
        assert "\x1b" not in made
        assert not any(0x202A <= ord(character) <= 0x202E for character in made)
    row = io.StringIO()
    csv.writer(row).writerow([csv_cell(text), "x"])
    assert next(csv.reader(io.StringIO(row.getvalue(), newline="")))[0] == csv_cell(text)
