"""An entry is new unless there is proof that it is an old one; two that stand side by side are two."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.newsroom.identity_traits import Identity
from tests.examples import examples
from tests.newsroom.identities import LATER, MIDNIGHT, NOON, SECOND, bare, entry, found

ARTICLE = " ".join(f"word{number}" for number in range(20))
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
    "a version behind an article's guid": (
        entry("8812345-v1", "Pilots vote on pay", "https://quay.example/pilots-vote-on-pay"),
        entry("8812345-v2", "UPDATE 1-Pilots vote on pay", "https://quay.example/pilots-vote-on-pay", LATER + SECOND, "y"),
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
    "title and day, and nothing else to tell it by": (
        bare("hash:1", "Dredger freed", MIDNIGHT, "x"),
        bare("hash:2", "Dredger freed", MIDNIGHT, "y"),
    ),
    "half a title to the second, and nothing else to tell it by": (
        bare("hash:1", "Dredger freed after two days", NOON, "x"),
        bare("hash:2", "UPDATE Dredger freed after two days", NOON, "y"),
    ),
    "a number behind the slug of a like headline, in another section": (
        entry("g1", "Dredger freed", "https://quay.example/world/dredger-freed-8812345"),
        entry("g2", "Dredger freed at last", "https://quay.example/ports/dredger-freed-at-last-8812345", LATER, "y"),
    ),
    "an identifier behind the slug of each headline": (
        entry("g1", "Pilots vote on pay", "https://quay.example/pilots-vote-on-pay-a-3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        entry("g2", "Offer is rejected", "https://quay.example/offer-is-rejected-a-3f2504e0-4f89-11d3-9a0c-0305e82c3301", LATER, "y"),
    ),
    "an identifier of capitals behind the slug of each headline, in another section, with its text": (
        replace(entry("g1", "Pilots vote on pay", "https://quay.example/pilots-vote-on-pay-7QX2ZJ4HNBFTVKQ3LMW5RDCY6E"), text=ARTICLE),
        replace(
            entry("g2", "Offer is rejected", "https://quay.example/ports/offer-is-rejected-7QX2ZJ4HNBFTVKQ3LMW5RDCY6E", LATER, "y"),
            text=ARTICLE,
        ),
    ),
    "the text of an article, to the second": (
        replace(entry("g1", "Pilots vote on their pay", "https://quay.example/ports/pilots-vote-on-pay"), text=ARTICLE),
        replace(entry("g2", "Offer of owners is rejected", "https://quay.example/ports/offer-is-rejected", text="y"), text=ARTICLE),
    ),
    "an agency's dispatch in a later revision": (
        entry("urn:newsml:wire.example:20260310:quay-1:2", "Pilots vote", None),
        entry("urn:newsml:wire.example:20260310:quay-1:3U", "Pilots reject offer", None, LATER, "y"),
    ),
    "an agency's dispatch in a later revision, as dpa writes it": (
        entry("urn:newsml:wire.example:20260101:260310-99-12345/2", "Pilots vote", None),
        entry("urn:newsml:wire.example:20260101:260310-99-12345/10", "Pilots reject offer", None, LATER, "y"),
    ),
    "a marked advertisement": (
        entry("ad-1", "sponsored sleep well", "https://ads.example/1"),
        entry("ad-2", "sponsored sleep well", "https://ads.example/2", LATER),
    ),
    "a guid that is nothing but a moment": (
        entry("https://quay.example/?t=1773142820", "Pilots vote on pay", "https://quay.example/pilots-vote-on-pay"),
        entry("https://quay.example/?t=1773153700", "Pilots vote on their pay", "https://quay.example/pilots-vote-on-pay", LATER + SECOND, "y"),
    ),
    "a headline with more words, and the slug of each, to the second": (
        entry("g1", "Dredger freed", "https://quay.example/ports/dredger-freed"),
        entry("g2", "Dredger freed after two days", "https://quay.example/ports/dredger-freed-after-two-days", text="y"),
    ),
    "a guid that holds an address, with another scheme": (
        entry("4712 at http://quay.example", "Old", "https://quay.example/node/4712", LATER),
        entry("4712 at https://www.quay.example", "New", "https://quay.example/ports/new"),
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


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Dredger aground", "dredger-aground"),  # no more words, but others
        ("Dredger freed 2", "dredger-freed-2"),  # the next of a series
        ("Dredger freed after two days", "a-long-night-at-sea"),  # a slug of its own
    ],
)
def test_another_headline_in_the_address_to_the_second_is_another_entry(title: str, slug: str) -> None:
    stored = entry("g1", "Dredger freed", "https://quay.example/ports/dredger-freed")
    assert found([entry("g2", title, f"https://quay.example/ports/{slug}", text="y")], [stored]) == {}


@pytest.mark.parametrize(
    ("headline", "slug", "text"),
    [
        # Other words
        ("Crane falls in the port", "crane-falls-in-the-port", ARTICLE.replace("word7 word8 word9", "a b c")),
        ("Warning for the eastern ports", "warning-88124", ARTICLE),  # another number: a warning for another place
        ("Crane falls in the port", "crane-falls-in-the-port", "Read on."),
        ("Crane falls", "crane-falls-in-the-port", ARTICLE),  # as the name of a programme
    ],
)
def test_a_text_alone_that_is_put_out_at_the_same_second_is_another_entry(headline: str, slug: str, text: str) -> None:
    stored = replace(
        entry("a", "Dredger freed at last today", "https://quay.example/dredger-freed-at-last"), text=text and ARTICLE
    )
    arriving = replace(entry("b", headline, f"https://quay.example/{slug}", text="y"), text=text)
    assert found([arriving], [stored]) == {}


def test_an_hour_between_two_dates_is_summer_time_and_of_the_only_entry_the_next_bulletin() -> None:
    stored = bare("hash:1", "High tide in the harbour", NOON, "x")
    later = bare("hash:2", "High tide in the harbour", NOON + timedelta(hours=1), "x")
    other = bare("hash:3", "Crane falls", NOON, "y")
    assert found([later, other], [stored]) == {"hash:2": "hash:1"}
    assert found([later], [stored]) == {}
    assert found([replace(later, published=LATER), other], [stored]) == {}


def test_what_is_no_agencys_name_keeps_the_number_at_its_end() -> None:
    assert (
        found(
            [entry("urn:uuid:quay-2026:3", "Crane falls", None, LATER, "y")],
            [entry("urn:uuid:quay-2026:2", address=None)],
        )
        == {}
    )


def test_a_report_and_a_preview_of_one_match_are_two() -> None:
    stored = entry("g1", "Preview: Tolle meet Kolm", "https://quay.example/preview/8812345")
    arriving = entry("g2", "Tolle 2 Kolm 1", "https://quay.example/report/8812345", LATER, "y")
    assert found([arriving], [stored]) == {}


def test_a_preview_under_a_headline_of_its_own_in_another_section_is_another() -> None:
    stored = entry("g1", "Preview: Tolle meet Kolm", "https://quay.example/preview/preview-tolle-meet-kolm-8812345")
    arriving = entry("g2", "Tolle beat Kolm", "https://quay.example/report/tolle-beat-kolm-8812345", LATER, "y")
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


def test_warnings_at_whole_hours_are_no_versions_of_one() -> None:
    page = "https://quay.example/region/55120"
    stored = entry("region-55120:1", "Gale in the north", page)
    assert found([entry("region-55120:2", "Gale in the north", page, LATER, "y")], [stored]) == {}


def test_a_warning_for_a_region_on_its_page_is_new_under_each_guid() -> None:
    page = "https://quay.example/warnings/a-gale-in-the-north"
    for at, later in ((NOON, LATER + SECOND), (None, None)):
        stored = entry("5d41402a", "Gale warning for the north", page, at)
        assert found([entry("7d793037", "Gale warning for the north", page, later, "y")], [stored]) == {}


def test_episodes_numbered_behind_a_shows_guid_are_no_versions_of_one() -> None:
    show = "https://quay.example/shows/the-evening-of-the-pilots"
    stored = entry("show-88123:1", "The night of the flood", show)
    assert found([entry("show-88123:2", "A dredger is freed", show, LATER, "y")], [stored]) == {}


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
