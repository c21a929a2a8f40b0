"""The quick reader of feeds says what the YAML reader says, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.config import documents
from aggregator.config.documents import line_of
from aggregator.config.feeds_file import read_feeds
from aggregator.config.quick_feeds import quick_document
from aggregator.exceptions import ConfigurationError
from tests.examples import examples

USUAL = """# ours

feeds:
  - url: https://a.example/rss?x=1#top
    name: The Ledger & Sons (west)
    authority: 70
    agency: true
  # a paper
  - url: https://b.example/feed
    publisher: O'Hara
    interval: 15m
"""
PIECES = st.sampled_from(
    ["url: ", "name: ", "- ", "  ", "    ", "\n", "\n    ", "\n  - ", "a", "Zed", ": ", ":", " #", "#", "'", '"', "1", "010", "0x1f", "1e3",
     "yes", "null", "~", "true", "True", "é", "\t", "[", "{", "&a", "*a", "!x", "|", ">", "-", "---", "...", "%", "@", "`", ",", "12:30", "=", "<<"]
)  # fmt: skip


def same(text: str) -> bool:
    """Tell whether the quick reader took the text; where it did, it must have read what the YAML reader reads."""
    found = quick_document(text)
    if found is None:
        return False
    expected = documents._parsed(Path("feeds.yaml"), text)
    assert found == expected
    assert line_of(found, "feeds") == line_of(expected, "feeds")
    for place, (one, other) in enumerate(zip(found["feeds"], expected["feeds"], strict=True)):
        assert line_of(found["feeds"], place) == line_of(expected["feeds"], place)
        assert [(key, type(value).__mro__[-2], line_of(one, key)) for key, value in one.items()] == [
            (key, type(value).__mro__[-2], line_of(other, key)) for key, value in other.items()
        ]
    return True


def test_the_usual_form_is_taken() -> None:
    assert same(USUAL)


@settings(max_examples=examples(400))
@given(st.lists(PIECES, min_size=1, max_size=4), st.integers(0, len(USUAL)))
def test_what_is_taken_is_read_as_yaml_is(pieces: list[str], at: int) -> None:
    text = USUAL[:at] + "".join(pieces) + USUAL[at:]
    try:
        same(text)
    except ConfigurationError:
        pytest.fail(f"taken, though it is no YAML: {text!r}")


@settings(max_examples=examples(300))
@given(st.text(st.characters(codec="ascii"), max_size=12))
def test_any_value_is_read_as_yaml_reads_it(value: str) -> None:
    same(f"feeds:\n- url: {value}\n  name: x{value}\n")


def test_a_long_list_has_its_faults_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    lines = [f"  - url: https://host{number}.example/rss\n    name: House {number}" for number in range(400)]
    path.write_text("feeds:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert [feed.name for feed in read_feeds(path, {})][399] == "House 399"
    path.write_text("feeds:\n" + "\n".join([*lines, "    authorty: 3"]) + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"feeds.yaml:802: unknown key 'authorty'; did you mean 'authority'"):
        read_feeds(path, {})
