"""Documents that come again as a whole: sites that move, feeds that republish themselves, texts that change at each poll."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aggregator.newsroom.identity import MIN_REPUBLISHED
from aggregator.newsroom.identity_traits import Identity
from tests.newsroom.identities import LATER, MIDNIGHT, NOON, bare, entry, found


def issue(
    mark: str, count: int, *, shift: timedelta = timedelta(), text: str = "", host: str = "quay.example"
) -> list[Identity]:
    """Return a document: every entry with a title, an address and a date of its own."""
    return [
        entry(f"{mark}{n}", f"Notice number {n}", f"https://{host}/n/{n}", NOON - timedelta(minutes=n) + shift, f"{n}{text}")
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [MIN_REPUBLISHED, 40, 500])
def test_a_feed_that_republishes_itself_whole_is_known_again(count: int) -> None:
    again = issue("b", count, shift=timedelta(hours=30), text=" with a new footer")
    assert found(again, issue("a", count)) == {f"b{n}": f"a{n}" for n in range(count)}


def test_a_long_document_may_hold_something_new_beside_what_comes_again() -> None:
    again = [
        *issue("b", 40, shift=timedelta(hours=30)),
        entry("new", "Mine found off Tolle", "https://quay.example/n/41"),
    ]
    assert len(found(again, issue("a", 40))) == 40


@pytest.mark.parametrize("count", [1, MIN_REPUBLISHED - 1])
def test_a_few_entries_under_old_titles_and_addresses_are_new(count: int) -> None:
    assert found(issue("b", count, shift=timedelta(hours=30)), issue("a", count)) == {}


def test_half_a_document_under_old_titles_and_addresses_is_new() -> None:
    fresh = [replace(one, title=f"{one.title} again", address=f"{one.address}/x") for one in issue("c", 5)]
    again = issue("b", 5, shift=timedelta(hours=30))
    assert found([*again, *(replace(one, moment=LATER, published=LATER) for one in fresh)], issue("a", 5)) == {}


def test_a_short_document_may_hold_something_new_where_texts_come_again_as_they_were() -> None:
    new = entry("new", "Mine found off Tolle", "https://quay.example/n/41")
    again = issue("b", 7, shift=timedelta(hours=30))
    assert len(found([*again, new], issue("a", 8))) == 7
    assert found([*(replace(one, content_hash="y") for one in again), new], issue("a", 8)) == {}


def test_warnings_that_are_issued_again_for_each_region_are_new() -> None:
    def warnings(mark: str, at: datetime) -> list[Identity]:
        regions = ("north", "south", "east", "west", "coast")
        return [entry(f"{mark}-{one}", f"Gale in the {one}", f"https://quay.example/{one}", at) for one in regions]

    assert found(warnings("b", LATER), warnings("a", NOON)) == {}


def test_pages_of_regions_hold_another_warning_each_day() -> None:
    old = [entry(f"a{n}", f"Gale for region {n}", f"https://quay.example/{7712300 + n}", MIDNIGHT) for n in range(3)]
    new = [replace(one, id=f"b{one.id}", key=f"b{one.id}", published=MIDNIGHT + timedelta(days=1)) for one in old]
    assert found(new, old) == {}


def test_a_site_that_titles_its_undated_entries_anew_takes_them_along() -> None:
    old = [entry(f"a{n}", f"Ship {n} left", f"https://quay.example/{7712300 + n}", None) for n in range(3)]
    new = [replace(one, id=f"b{one.id}", key=f"b{one.id}", title=f"{one.title} Quay", content_hash="y") for one in old]
    assert found(new, old) == {f"ba{n}": f"a{n}" for n in range(3)}
    assert found(new[:2], old[:2]) == {}


HEADLINES = ("Dredger freed after two days", "Pilots vote on pay again", "Crane falls onto empty quay")


@pytest.mark.parametrize(("dates", "text"), [((NOON, LATER), "x"), ((None, None), "y")])
def test_entries_told_by_headlines_alone_are_known_as_a_document(
    dates: tuple[datetime | None, datetime | None], text: str
) -> None:
    old = [bare(f"a{n}", title, dates[0], "x") for n, title in enumerate(HEADLINES)]
    new = [bare(f"b{n}", title, dates[1], text) for n, title in enumerate(HEADLINES)]
    assert found(new, old) == {f"b{n}": f"a{n}" for n in range(3)}
    assert found(new[:1], old[:1]) == {}


def test_bulletins_without_guid_address_and_date_are_new_where_their_texts_are_others() -> None:
    old = [
        replace(bare(f"a{n}", title, None, "x"), text="Ships wait outside the harbour")
        for n, title in enumerate(HEADLINES)
    ]
    new = [
        replace(bare(f"b{n}", title, None, "y"), text="Wind and rain are expected") for n, title in enumerate(HEADLINES)
    ]
    assert found(new, old) == {}
    again = [replace(one, text="Two ships wait outside the harbour") for one in new]
    assert found(again, old) == {f"b{n}": f"a{n}" for n in range(3)}


def test_three_programmes_without_guid_and_address_are_new_at_each_hour() -> None:
    old = [bare(f"a{n}", title, NOON, "x") for n, title in enumerate(("World news", "Business", "Sport"))]
    new = [replace(one, id=f"b{one.id}", key=f"b{one.id}", published=LATER, moment=LATER) for one in old]
    assert found(new, old) == {}


def test_what_came_while_a_site_showed_other_addresses_moves_back_with_the_rest() -> None:
    there = [replace(one, published=None, moment=None) for one in issue("b", 6, host="new.example")]
    here = [replace(one, key=one.address or "", published=None, moment=None) for one in issue("a", 6)]
    stored = [replace(one, key=here[n].key, address=one.address) for n, one in enumerate(there)]
    known, present = [one.key for one in here[:4]], [one.id for one in stored[:4]]
    assert found(here, stored, known, present) == {one.key: one.id.replace("a", "b") for one in here[4:]}


def test_the_programme_of_another_day_is_new() -> None:
    assert found(issue("b", 9, shift=timedelta(days=1), text=" tonight"), issue("a", 9)) == {}


@pytest.mark.parametrize("at", [MIDNIGHT, None])
def test_a_site_that_moves_takes_its_entries_along(at: datetime | None) -> None:
    old = [replace(one, published=at, moment=None) for one in issue("a", 6)]
    new = [replace(one, published=at, moment=None) for one in issue("b", 6, text=" footer", host="new.example")]
    fresh = entry("fresh", "Mine found off Tolle", "https://new.example/n/x", at)
    assert found([fresh, *new], old) == {f"b{n}": f"a{n}" for n in range(6)}


def test_the_last_of_a_moved_site_follow_those_that_are_sure() -> None:
    old = [replace(one, published=MIDNIGHT, moment=None) if one.key == "a0" else one for one in issue("a", 6)]
    new = [replace(one, published=MIDNIGHT, moment=None) if one.key == "b0" else one for one in issue("b", 6, host="new.example")]  # fmt: skip
    assert found(new, old) == {f"b{n}": f"a{n}" for n in range(6)}
    stayed = [replace(one, key=f"http://{one.key}") for one in issue("b", 6)]
    assert "b0" not in found([new[0], *stayed[1:]], [old[0], *stayed[1:]])


def test_a_site_that_moves_and_forgets_the_hour_takes_its_entries_along() -> None:
    new = [replace(one, published=MIDNIGHT, moment=None) for one in issue("b", 6, host="new.example")]
    assert found(new, issue("a", 6)) == {f"b{n}": f"a{n}" for n in range(6)}
