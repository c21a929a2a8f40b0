"""Keys that were given to another entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from aggregator.newsroom.identity import former_key, is_another
from aggregator.newsroom.identity_traits import Identity
from tests.newsroom.identities import LATER, NOON, entry

BOMB = "A bomb of the war was found at the station of Vellmar and three thousand people had to leave."
COURT = "Judges in Brenn freed the banker Moe, who had served half of a sentence for fraud."


def under(key: str, title: str, at: datetime | None, *, guid: bool = True, address: str | None = None) -> Identity:
    return replace(entry(key, title, address, at, title), guid=key if guid else None)


@pytest.mark.parametrize(
    ("one", "other", "texts", "another"),
    [
        (under("c-1", "Bomb found in Vellmar", NOON), under("c-1", "Court frees banker", LATER), (BOMB, COURT), True),
        (under("c-1", "Bomb found in Vellmar", NOON), under("c-1", "Court frees banker", NOON), (BOMB, COURT), False),
        (under("c-1", "Bomb found in Vellmar", NOON), under("c-1", "Vellmar cleared", LATER), (BOMB, BOMB), False),
        (under("c-1", "Port shut", None), under("c-1", "Ferries sail again", None), ("", ""), False),
        (under("N/A", "Warning of rain", NOON), under("N/A", "Warning of wind", LATER), ("Rain", "Wind"), True),
        (under("N/A", "Warning of rain", NOON), under("N/A", "Warning of rain", LATER), ("Rain", "Wind"), False),
        (under("none", "Rain", NOON, address="https://quay.example/21"), under("none", "Wind", LATER, address="https://quay.example/22"), ("", ""), True),
        (
            under("none", "Rain", NOON, address="https://quay.example/221407-rain"),
            under("none", "Rain soon", LATER, address="https://quay.example/221407-rain-soon"),
            ("", ""),
            False,
        ),
        (under("00-0", "Rain", NOON, address="https://quay.example/21"), under("00-0", "Wind", LATER, address="https://quay.example/22"), ("", ""), True),
        (under("x-7", "Rain", NOON, address="https://quay.example/21"), under("x-7", "Wind", LATER, address="https://quay.example/22"), ("", ""), False),
        (
            under("c-1", "More soon", NOON, address="https://quay.example/bomb-in-vellmar-station"),
            under("c-1", "Court frees banker", LATER, address="https://quay.example/bomb-in-vellmar-station"),
            (BOMB, COURT),
            False,
        ),
        (
            under("https://quay.example/2214771", "Storm: trees fall", NOON, address="https://quay.example/2214771"),
            under("https://quay.example/2214771", "Court frees banker", LATER, address="https://quay.example/2214771"),
            (BOMB, COURT),
            False,
        ),
        (
            under("https://quay.example/the-alert-of-today", "Bomb found", NOON, address="https://quay.example/the-alert-of-today"),
            under("https://quay.example/the-alert-of-today", "Court frees banker", LATER, address="https://quay.example/the-alert-of-today"),
            (BOMB, COURT),
            True,
        ),
        (
            under("https://quay.example/warnings", "Warning of rain", NOON, guid=False, address="https://quay.example/warnings"),
            under("https://quay.example/warnings", "Warning of wind", LATER, guid=False, address="https://quay.example/warnings"),
            ("Rain is near.", "Wind is near."),
            True,
        ),
        (
            under("https://quay.example/2214", "Bomb found", NOON, guid=False, address="https://quay.example/2214"),
            under("https://quay.example/2214", "Thousands leave", LATER, guid=False, address="https://quay.example/2214"),
            (BOMB, f"{BOMB} They may return at night."),
            False,
        ),
    ],
)  # fmt: skip
def test_a_key_is_too_little_where_all_else_is_other(
    one: Identity, other: Identity, texts: tuple[str, str], another: bool
) -> None:
    assert is_another(other, one, texts[::-1]) is another


def test_a_former_key_is_an_entrys_own() -> None:
    names = {former_key(key, title, date) for key in "ab" for title in ("x", "y") for date in ("1", None)}
    assert len(names) == 8
