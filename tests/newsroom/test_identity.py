"""An entry whose guid changed is the same entry; two that stand side by side never are."""

from __future__ import annotations

from aggregator.newsroom.identity import Identity, recognise_moved


def entry(name: str, key: str, title: str = "", link: str | None = None, text: str = "x") -> Identity:
    return Identity(id=name, key=key, title=title, canonical_url=link, content_hash=text)


def test_scheme_change_of_a_guid_is_recognised() -> None:
    stored = [entry("e1", "http://www.example.org/a")]
    arriving = [entry("https://example.org/a", "https://example.org/a")]
    assert recognise_moved(arriving, stored, {"https://example.org/a"}) == {"https://example.org/a": "e1"}


def test_same_address_under_a_new_guid_is_recognised() -> None:
    stored = [entry("e1", "guid-1", "Old", "https://example.org/a", "h1")]
    arriving = [entry("guid-2", "guid-2", "New", "https://example.org/a", "h2")]
    assert recognise_moved(arriving, stored, {"guid-2"}) == {"guid-2": "e1"}


def test_same_title_and_text_under_a_new_guid_and_address_is_recognised() -> None:
    stored = [entry("e1", "guid-1", "Talks", "https://old.example/a", "h")]
    arriving = [entry("guid-2", "guid-2", "Talks", "https://new.example/a", "h")]
    assert recognise_moved(arriving, stored, {"guid-2"}) == {"guid-2": "e1"}


def test_entries_side_by_side_stay_two() -> None:
    stored = [entry("e1", "guid-1", "Talks", "https://example.org/a", "h")]
    arriving = [entry("guid-2", "guid-2", "Talks", "https://example.org/a", "h")]
    assert recognise_moved(arriving, stored, {"guid-1", "guid-2"}) == {}


def test_what_fits_two_entries_fits_none() -> None:
    stored = [entry("e1", "k1", "Weather", None, "h"), entry("e2", "k2", "Weather", None, "h")]
    arriving = [entry("k3", "k3", "Weather", None, "h")]
    assert recognise_moved(arriving, stored, {"k3"}) == {}


def test_one_stored_entry_is_given_away_once() -> None:
    stored = [entry("e1", "http://example.org/a", "Talks", "https://example.org/b", "h")]
    arriving = [
        entry("https://example.org/a", "https://example.org/a"),
        entry("k", "k", "Talks", "https://example.org/b", "h"),
    ]
    assert recognise_moved(arriving, stored, {"https://example.org/a", "k"}) == {"https://example.org/a": "e1"}
