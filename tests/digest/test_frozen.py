from __future__ import annotations

import json

import pytest

from aggregator.digest.frozen import from_json, to_json
from aggregator.digest.values import Material
from aggregator.exceptions import StorageError
from tests.digest.desk import NEWS, edition, entry, story, summit


def full() -> str:
    before = edition(Material(summit()))
    corrected = story("s2", (entry("e9", "Aurora", correction="correction"),))
    return to_json(
        edition(Material(summit(), ("The chiefs met on Tuesday.",), NEWS), Material(corrected), previous=before)
    )


def test_edition_survives_the_round_trip_byte_for_byte() -> None:
    text = full()
    assert to_json(from_json(text)) == text


def test_times_are_written_in_utc() -> None:
    assert json.loads(full())["since"] == "2026-03-09T05:00:00Z"


def test_missing_fields_take_their_defaults_and_unknown_ones_are_passed_over() -> None:
    plain = json.loads(full())
    del plain["known"]
    plain["later"] = 1
    assert from_json(json.dumps(plain)).known == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": "x"}',
        '{"format": 1, "id": 3}',
        '{"format": 1, "sections": [{"key": "x"}]}',
    ],
)
def test_text_that_is_no_edition_is_refused(text: str) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        from_json(text)


def test_newer_format_is_refused_with_advice() -> None:
    with pytest.raises(StorageError, match="newer"):
        from_json('{"format": 99}')
