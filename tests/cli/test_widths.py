"""Lists on terminals of any width: four golden files, and what holds for all widths and all rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aggregator.cli.output import emit_folded
from aggregator.cli.stories import STORY_COLUMNS
from aggregator.cli.tables import SPACIOUS, Column, fitted, fold, table_lines, width_of_output
from tests.cli.calling import call, newsroom
from tests.cli.test_output import on_a_terminal
from tests.cli.widths import WIDTHS, path, seen

WORD = st.text("abcdefghijklmnopqrstuvwxyzäß東京", min_size=1, max_size=12)
ROW = st.builds(
    lambda title, publisher, entries, flags: {
        "id": "sfrsteacevy", "title": " ".join(title), "publisher": publisher, "agency": None, "flags": flags,
        "last_seen": "2026-03-10T12:00:00Z", "entries": entries, "reports": 1, "publishers": 1,
    },
    st.lists(WORD, min_size=1, max_size=30), WORD, st.integers(1, 10_000), st.lists(st.sampled_from(["new", "edited"]), max_size=2),
)  # fmt: skip


EVERYDAY = (80, 160)  # lists that are folded, and lists of one line a story


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    call("--set", "run.executor=threads", "demo", "--keep", folder, now=None).ok()
    return folder / "demo.db"


@pytest.mark.parametrize(
    "width", [width if width in EVERYDAY else pytest.param(width, marks=pytest.mark.costly) for width in WIDTHS]
)
def test_lists_look_as_in_the_golden_file(kept: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = seen(kept, width)
    assert shown == path(width).read_text(encoding="utf-8")
    addresses = [line for line in shown.splitlines() if "://" in line]
    assert [line for line in shown.splitlines() if cell_len(line) > width and line not in addresses] == []


@given(st.lists(ROW, min_size=1, max_size=5), st.integers(40, 200))
def test_no_headline_is_lost_and_no_line_too_long(rows: list[dict[str, object]], width: int) -> None:
    lines = table_lines(rows, STORY_COLUMNS, width, rule=False, style=False)
    assert all(cell_len(line) <= width for line in lines)
    text = "".join("".join(lines).split())
    for row in rows:
        if width < SPACIOUS:
            assert "".join(str(row["title"]).split()) in text
        assert str(row["id"]) in text


@given(st.text(max_size=200), st.integers(4, 100))
def test_what_is_cut_says_so_and_what_is_folded_is_whole(text: str, width: int) -> None:
    text = " ".join(text.split())
    assert cell_len(fitted(text, width)) <= width
    assert fitted(text, width) == text or fitted(text, width).endswith("…")
    lines = fold(text, width, 2)
    assert "".join("".join(lines).split()) == "".join(text.split())
    if all(cell_len(word) <= width - 2 for word in text.split()):
        assert " ".join(" ".join(lines).split()) == text
    assert [line for line in lines if cell_len(line) > width and "/" not in line] == []


def test_what_has_no_blanks_is_cut_at_the_width_and_an_address_stays_whole() -> None:
    assert fold("東京で大規模な停電が発生", 10, 2) == ["東京で大規", "  模な停電", "  が発生"]
    assert fold("see https://paper.example/one 東京", 12) == ["see", "https://paper.example/one", "東京"]


def test_a_colour_goes_on_in_the_next_line_and_paints_no_margin(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    red, plain = "\x1b[31m\x1b[9m", "\x1b[0m"
    emit_folded(f"  the first wave has {red}forty-two thousand soldiers{plain} in all", 4)
    assert capsysbinary.readouterr().out.decode().splitlines() == [
        f"  the first wave has {red}forty-two thousand{plain}",
        f"    {red}soldiers{plain} in all",
    ]


def test_columns_leave_in_the_declared_order() -> None:
    row = {"id": "s1", "last_seen": "2026-03-10T12:00:00Z", "entries": 10, "reports": 8, "publishers": 5}
    row |= {"title": "A headline", "publisher": "P", "agency": None, "flags": []}
    assert "2026-03-10" in "".join(table_lines([row], STORY_COLUMNS, 80, rule=False, style=False))
    narrow = table_lines([row], STORY_COLUMNS, 50, rule=False, style=False)
    assert narrow == ["A headline (P)", "  s1  10 entries · 8 independent · 5 publishers"]


def test_a_pipe_honours_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert width_of_output() == 160
    for told, width in (("72", 72), ("0", 160), ("wide", 160), ("3", 40), ("9" * 30, 999_999)):
        monkeypatch.setenv("COLUMNS", told)
        assert width_of_output() == width


def test_a_digest_on_a_terminal_is_text_and_for_a_program_markdown() -> None:
    newsroom()
    shown = on_a_terminal("digest")
    assert "](" not in shown
    assert "\n## " not in shown
    assert "## " in call("digest").ok().out
    call("digest", "--output", "d.html").ok()
    assert Path("d.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_a_plain_table_is_what_rich_would_print(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (
        Column("name", lambda row: row["name"]),
        Column("entries", lambda row: str(row["entries"]), right=True),
        Column("", lambda row: row["note"], wrap=True),
    )
    rows = [
        {"name": name, "entries": 7 ** len(name), "note": note}
        for name in ("Ö", "長い名前", "Ledger")
        for note in ("", "a b", "on the quay of 長い名前 at five, in the rain")
    ]
    widths = range(12, 80)
    plain = [table_lines(rows, columns, width, rule=False, style=False) for width in widths]
    monkeypatch.setattr("aggregator.cli.tables._aligned", lambda *table: None)
    assert plain == [table_lines(rows, columns, width, rule=False, style=False) for width in widths]
