"""An entry is new unless there is proof that it is an old one; two that stand side by side are two."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.newsroom.identity import REPUBLISHED, former_key, is_another, recognise_moved
from aggregator.newsroom.identity_traits import Identity
from tests.examples import examples

NOON = datetime(2026, 3, 10, 12, 17, 5, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0, minute=0, second=0)


def entry(
    name: str,
    title: str = "Dredger freed",
    address: str | None = "https://quay.example/news",
    at: datetime | None = NOON,
    text: str = "x",
    *,
    guid: str | None = None,
    seen: datetime | None = None,
) -> Identity:
    moment = at if at is not None and at != at.replace(hour=0, minute=0, second=0) else None
    return Identity(name, name, title, address, text, guid or name, at, moment, seen)


def bare(name: str, title: str, at: datetime | None, text: str) -> Identity:
    """Return an entry without guid and address."""
    return replace(entry(name, title, None, at, text), guid=None)


def found(
    document: Sequence[Identity],
    stored: Sequence[Identity],
    known: Collection[str] = (),
    present: Collection[str] = (),
) -> dict[str, str]:
    return recognise_moved(document, known, stored, present)


LATER = NOON + timedelta(hours=3)
PROOFS = {
    "guid without its scheme": (
        entry("http://www.quay.example/a", "Old", "https://quay.example/1", LATER),
        entry("https://quay.example/a", "New", "https://quay.example/2"),
    ),
    "title and second": (entry("a", address="https://old.example/5"), entry("b", address="https://new.example/x")),
    "address and second": (entry("a", "Dredger aground"), entry("b", "Dredger freed at noon")),
    "title, day and address": (
        entry("a", address="https://quay.example/7", at=MIDNIGHT),
        entry("b", address="https://quay.example/7", at=MIDNIGHT, text="y"),
    ),
    "bad guids without address": (
        replace(entry("N/A x", address=None, at=None), guid="N/A"),
        replace(entry("N/A", address=None, at=None), guid="N/A"),
    ),
    "a number in the query": (
        entry("g1", "Pilots vote on pay", "https://quay.example/pilots-vote-on-pay?id=8812345"),
        entry("g2", "Pilots reject offer", "https://quay.example/pilots-reject-offer?id=8812345", LATER, "y"),
    ),
    "a number before the slug, to the second": (
        entry("g1", "Pilots vote on pay", "https://quay.example/8812345/pilots-vote-on-pay"),
        entry("g2", "Pilots reject offer", "https://quay.example/8812345/pilots-reject-offer", text="y"),
    ),
    "bad guids told apart": (
        replace(entry("N/A", at=MIDNIGHT), key="N/A"),
        replace(entry("N/A https://quay.example/news", at=MIDNIGHT), guid="N/A"),
    ),
    "a counter behind an article's guid": (
        entry("https://quay.example/c7rk2#0", "Pilots vote", "https://quay.example/c7rk2"),
        entry("https://quay.example/c7rk2#4", "Pilots reject the offer", "https://quay.example/c7rk2", LATER, "y"),
    ),
    "a number behind the slug of each headline": (
        entry("g1", "Pilots vote on pay", "https://quay.example/en/pilots-vote-on-pay/a-8812345"),
        entry("g2", "Pilots reject offer", "https://quay.example/en/pilots-reject-offer/a-8812345", LATER, "y"),
    ),
    "a number in the guid alone": (
        entry("https://quay.example/pilots-vote-on-pay-8812345", "Pilots vote on pay"),
        entry("https://quay.example/pilots-reject-offer-8812345", "Pilots reject offer", at=LATER, text="y"),
    ),
    "a number in another section, under one title": (
        entry("g1", address="https://quay.example/world/8812345.html"),
        entry("g2", address="https://quay.example/ports/8812345.html", at=LATER),
    ),
    "a slug in another section, to the second": (
        entry("g1", "Freed", "https://quay.example/world/dredger-freed-at-last"),
        entry("g2", "Freed at last", "https://quay.example/ports/dredger-freed-at-last"),
    ),
    "undated, and all the same": (entry("a", at=None), entry("b", at=None)),
    "a guid that is the address, with a slash and a channel": (
        entry("https://quay.example/a", "Old", "https://quay.example/1", LATER),
        entry("https://quay.example/a/?utm_source=rss", "New", "https://quay.example/2"),
    ),
    "a slug at another site, to the second": (
        entry("g1", "Freed", "https://quay.example/dredger-freed-at-last"),
        entry("g2", "Freed at last | Quay", "https://harbour.example/dredger-freed-at-last"),
    ),
    "a number at another site, under one title": (
        entry("g1", address="https://quay.example/dredger-8812345"),
        entry("g2", address="https://harbour.example/dredger-8812345", at=LATER),
    ),
    "a slug in another section, title, text and day": (
        entry("g1", address="https://quay.example/world/dredger-freed-at-last", at=MIDNIGHT),
        entry("g2", address="https://quay.example/ports/dredger-freed-at-last", at=MIDNIGHT),
    ),
    "undated, title and article": (
        entry("g1", address="https://quay.example/7", at=None),
        entry("g2", address="https://quay.example/7", at=None, text="y"),
    ),
    "title and day, and nothing else to tell it by": (
        bare("hash:1", "Dredger freed", MIDNIGHT, "x"),
        bare("hash:2", "Dredger freed", MIDNIGHT, "y"),
    ),
    "half a title to the second, and nothing else to tell it by": (
        bare("hash:1", "Dredger freed after two days", NOON, "x"),
        bare("hash:2", "UPDATE Dredger freed after two days", NOON, "y"),
    ),
    "undated, with a last slash": (
        entry("a", address="https://quay.example/freed", at=None),
        entry("b", address="https://quay.example/freed/", at=None),
    ),
    "undated, with an accent of its own": (
        entry("a", address="https://quay.example/caf%C3%A9", at=None),
        entry("b", address="https://quay.example/cafe%CC%81", at=None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("proof", PROOFS)
def test_what_proves_that_an_entry_is_an_old_one(proof: str) -> None:
    stored, arriving = PROOFS[proof]
    assert found([arriving], [stored]) == {arriving.key: stored.id}


ONE_TRAIT = {
    "address": entry("b", "Crane falls", at=LATER, text="y"),
    "title": entry("b", address="https://quay.example/2", at=LATER, text="y"),
    "title and text": entry("b", address=None, at=LATER),
    "title, text and address": entry("b", at=LATER),
    "second": entry("b", "Crane falls", "https://quay.example/2", text="y"),
    "title, text and midnight": entry("b", address="https://quay.example/2", at=MIDNIGHT),
    "title, listing and midnight": entry("b", at=MIDNIGHT, text="y"),
    "title, at a midnight": entry("b", address="https://quay.example/2", at=MIDNIGHT, text="y"),
    "nothing": entry("b", "Crane falls", "https://quay.example/2", LATER, "y"),
    "address and title, undated": entry("b", at=None, text="y"),
    "title and the number of another site's topic": entry("b", address="https://harbour.example/8812345/x", at=LATER),
    "a short number": entry("b", "Crane falls", "https://quay.example/other/12", LATER, "y"),
}


@pytest.mark.parametrize("trait", ONE_TRAIT)
def test_one_shared_trait_proves_nothing(trait: str) -> None:
    at = MIDNIGHT if "midnight" in trait else None if "undated" in trait else NOON
    address = "https://quay.example/some/12" if trait == "a short number" else "https://quay.example/news"
    assert found([ONE_TRAIT[trait]], [entry("a", address=address, at=at)]) == {}


def test_a_report_and_a_preview_of_one_match_are_two() -> None:
    stored = entry("g1", "Preview: Tolle meet Kolm", "https://quay.example/preview/8812345")
    arriving = entry("g2", "Tolle 2 Kolm 1", "https://quay.example/report/8812345", LATER, "y")
    assert found([arriving], [stored]) == {}


def test_the_episodes_of_one_programme_are_as_many() -> None:
    stored = entry("g1", "The night of the flood", "https://quay.example/shows/8812345/the-night-of-the-flood")
    arriving = entry("g2", "The day after", "https://quay.example/shows/8812345/the-day-after", LATER, "y")
    assert found([arriving], [stored]) == {}


def test_a_day_in_the_address_is_no_number() -> None:
    stored = entry("g1", "Port bulletin", "https://quay.example/bulletin/20260309")
    arriving = entry("g2", "Port bulletin", "https://quay.example/notices/20260309", LATER, "y")
    assert found([arriving], [stored]) == {}


def test_notices_numbered_on_one_page_are_no_issues_of_one() -> None:
    page = "https://quay.example/warnings"
    stored = entry(f"{page}#1", "Gale warning", page)
    assert found([entry(f"{page}#2", "Gale warning", page, LATER)], [stored]) == {}


def test_the_posts_of_a_live_page_are_no_issues_of_one() -> None:
    page = "https://quay.example/live/8812345"
    posts = [entry(f"{page}#{n}", f"Post {n}", page, NOON + timedelta(minutes=n), str(n)) for n in range(1, 6)]
    known = [post.key for post in posts[1:4]]
    assert found(posts[1:], posts[:4], known, known) == {}


def test_two_that_stand_side_by_side_are_two() -> None:
    stored, arriving = entry("a"), entry("b")
    assert found([stored, arriving], [stored], ["a"], ["a"]) == {}


def test_what_fits_two_fits_none_and_what_fits_as_many_fits_in_order() -> None:
    stored = [entry("a", text="1"), entry("b", text="2")]
    assert found([entry("c")], stored) == {}
    assert found([entry("d", text="2"), entry("c", text="1")], stored) == {"c": "a", "d": "b"}


def test_of_several_the_one_that_stood_there_last_is_meant() -> None:
    stored = [entry("a", seen=NOON), entry("b", seen=LATER)]
    assert found([entry("c")], stored) == {"c": "b"}


def test_one_stored_entry_is_given_away_once() -> None:
    stored = [entry("http://quay.example/a")]
    arriving = [entry("https://quay.example/a", at=LATER), entry("k")]
    assert found(arriving, stored) == {"https://quay.example/a": "http://quay.example/a"}


# --- whole documents -------------------------------------------------------------------------------


def issue(
    mark: str, count: int, *, shift: timedelta = timedelta(), text: str = "", host: str = "quay.example"
) -> list[Identity]:
    """Return a document: every entry with a title, an address and a date of its own."""
    return [
        entry(f"{mark}{n}", f"Notice number {n}", f"https://{host}/n/{n}", NOON - timedelta(minutes=n) + shift, f"{n}{text}")
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [REPUBLISHED, 40, 500])
def test_a_feed_that_republishes_itself_whole_is_known_again(count: int) -> None:
    again = issue("b", count, shift=timedelta(hours=30), text=" with a new footer")
    assert found(again, issue("a", count)) == {f"b{n}": f"a{n}" for n in range(count)}


def test_a_long_document_may_hold_something_new_beside_what_comes_again() -> None:
    again = [
        *issue("b", 40, shift=timedelta(hours=30)),
        entry("new", "Mine found off Tolle", "https://quay.example/n/41"),
    ]
    assert len(found(again, issue("a", 40))) == 40


@pytest.mark.parametrize("count", [1, REPUBLISHED - 1])
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


def test_three_programmes_without_guid_and_address_are_new_at_each_hour() -> None:
    old = [bare(f"a{n}", title, NOON, "x") for n, title in enumerate(("World news", "Business", "Sport"))]
    new = [replace(one, id=f"b{one.id}", key=f"b{one.id}", published=LATER, moment=LATER) for one in old]
    assert found(new, old) == {}


def test_what_came_while_a_site_showed_other_addresses_moves_back_with_the_rest() -> None:
    there = [replace(one, published=None, moment=None) for one in issue("b", 6, host="new.example")]
    here = [replace(one, published=None, moment=None) for one in issue("a", 6)]
    stored = [replace(one, key=here[n].key, address=one.address) for n, one in enumerate(there)]
    known, present = [one.key for one in here[:4]], [one.id for one in stored[:4]]
    assert found(here, stored, known, present) == {"a4": "b4", "a5": "b5"}


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


# --- a key that was given to another ---------------------------------------------------------------

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


# --- in general ------------------------------------------------------------------------------------

NAMES = st.sampled_from("abcdefghijkl")
TIMES = st.none() | st.integers(0, 5).map(lambda hours: NOON + timedelta(hours=hours)) | st.just(MIDNIGHT)
ENTRIES = st.builds(
    entry,
    NAMES,
    st.sampled_from(["Gale warning", "Dredger freed", "Crane falls", "Pilots vote on pay"]),
    st.none() | st.integers(0, 4).map("https://quay.example/n/{}".format) | st.just("https://quay.example/list"),
    TIMES,
    st.sampled_from("xyz"),
)
DOCUMENTS = st.lists(ENTRIES, max_size=8, unique_by=lambda one: one.key)


@settings(max_examples=examples(400))
@given(DOCUMENTS, DOCUMENTS)
def test_an_entry_with_guid_date_and_address_of_its_own_overwrites_none(
    stored: list[Identity], document: list[Identity]
) -> None:
    held = {one.key for one in stored}
    known = [one.key for one in document if one.key in held]
    pairs = found(document, stored, known, known)
    by_id = {one.id: one for one in stored}
    assert len(set(pairs.values())) == len(pairs)
    assert not set(pairs.values()) & set(known)
    whole = all(any((one.title, one.address) == (old.title, old.address) for old in stored) for one in document)
    for one in document:
        if one.key not in pairs or one.published is None or by_id[pairs[one.key]].published is None:
            continue
        dates = {old.published for old in stored}
        addresses = {old.address for old in stored}
        if one.published not in dates:
            assert one.address in addresses
            assert whole
