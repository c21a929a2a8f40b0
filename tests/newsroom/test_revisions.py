"""What an edit changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Entry, EntryData, Revision
from aggregator.newsroom.revisions import Piece, compare, diff, excerpt, headline_changes, plain

START = datetime(2026, 3, 9, 5, 0, tzinfo=UTC)
TITLE = "Bridge opens in Delft"
TEXT = "The bridge opened on Monday.\nIt cost 40 million euros, the mayor said."


@pytest.mark.parametrize(
    "after",
    [
        (TITLE, TEXT.replace("\n", "  \n ")),
        (TITLE.upper(), TEXT),
        (TITLE, TEXT.replace("euros,", "euros –")),
        (TITLE, "“" + TEXT + "”"),
        (TITLE, TEXT + "\nUpdated 9 March 2026, 10:31 GMT"),
        (TITLE, "5 minutes ago\n" + TEXT),
        (TITLE, "vor 12 Minuten\n" + TEXT),
        (TITLE, "Обновлено 12:30\n" + TEXT),
        (TITLE, TEXT + " 3 hours ago"),
        (TITLE, TEXT + "\n1,204 views · 12 comments"),
        (TITLE, TEXT + "\n48 posts - 17 participants"),
        (TITLE, TEXT + "\n👁 1.2K 09:05"),
        (TITLE, TEXT + "\nShare this:\nClick to share on X (Opens in new window) X\nLike this:\nLike Loading..."),
        ("3. " + TITLE, TEXT),
        ("BREAKING: " + TITLE, TEXT),
        ("EILMELDUNG +++ " + TITLE, TEXT),
        ("UPDATE 2-" + TITLE, TEXT),
        (TITLE + " +++ 12:05 +++", TEXT),
        (TITLE + " (update 2)", TEXT),
        (TITLE, "10. März 2026, 12:05 Uhr\n" + TEXT),
        (TITLE, "March 10, 2026 12:05 p.m.\n" + TEXT),
        (TITLE, "Published 10 March 2026, 08:00 GMT | Updated 10 March 2026, 12:05 GMT\n" + TEXT),
        (TITLE, "Publié le 10/03/2026 à 12h05 - Mis à jour le 10/03/2026 à 12h35\n" + TEXT),
        (TITLE, TEXT + "\nSon güncelleme: 10.03.2026 12:05"),
        (TITLE, TEXT + "\nPäivitetty 10.3.2026 klo 12.05"),
        (TITLE, TEXT + "\n更新日時：2026年3月10日 12:05"),
        (TITLE, TEXT + "\nآخر تحديث: 10 مارس 2026 12:05"),
        (TITLE, "Listen to this article · 5:31 min\n" + TEXT),
        (TITLE, TEXT + "\nYou have 2 free articles left."),
        (TITLE, TEXT + "\nStory continues below advertisement"),
        (TITLE, TEXT + "\nBe the first to comment"),
        (TITLE, TEXT + "\n浏览：344次"),
        (TITLE, TEXT + "\n조회수 344"),
        (TITLE, TEXT + "\n👍 77 ❤ 9"),
        (TITLE, TEXT + "\nRating: 4.3/5 (18 votes)"),
        (TITLE, "2 min read\n" + TEXT + "\nКомментарии: 12"),
        (TITLE, TEXT + "\nRead also: Ferry aground off Port Ellery"),
        (TITLE, TEXT + "\nMehr zum Thema\nFähre auf Grund gelaufen\nLotsen stimmen ab"),
        (TITLE, TEXT + "\nAdvertisement | Buy a boat"),
        (TITLE + " (12 comments)", TEXT),
        (TITLE + " (updated 12:05)", TEXT),
        (TITLE, "10.03.2026, 12:05 Uhr\n" + TEXT),
        (TITLE + " | Delft Gazette", TEXT),
        (TITLE.replace(" ", "\u00a0"), TEXT.replace("opened", "open\u00aded") + "\u200b"),
    ],
)
def test_edits_of_form_alone_are_cosmetic(after: tuple[str, str]) -> None:
    change = compare((TITLE, TEXT), after)
    assert change.weight == "cosmetic"
    assert not change.is_substantive


def test_what_follows_a_page_in_an_address_may_change_and_the_page_may_not() -> None:
    before = (TITLE, TEXT + "\nhttps://lists.example/bridge?k=a1c9#top")
    assert compare(before, (TITLE, TEXT + "\nhttps://lists.example/bridge?k=b2d8")).weight == "cosmetic"
    assert compare(before, (TITLE, TEXT + "\nhttps://lists.example/tunnel?k=a1c9")).is_substantive


def test_a_headline_behind_a_bar_is_one() -> None:
    assert compare(("Delft | Bridge opens", TEXT), ("Delft | Bridge shuts", TEXT)).is_substantive


def test_a_place_in_a_ranking_passes_and_a_number_of_an_edited_text_does_not() -> None:
    assert compare(("1. " + TITLE, TEXT), ("#4: " + TITLE, TEXT)).weight == "cosmetic"
    assert compare(("1. " + TITLE, TEXT), ("2. " + TITLE, TEXT + " It is the second.")).title_changed
    assert compare(("5 bridges open", TEXT), ("7 bridges open", TEXT)).is_substantive


LONG = "The bridge opened on Monday after four years of work on both banks, and the first trams crossed it before noon."


@pytest.mark.parametrize("end", ["…", "...", " […]", " [...]"])
def test_an_excerpt_that_goes_on_is_no_edit_and_one_that_says_otherwise_is(end: str) -> None:
    excerpt = LONG[:85] + end
    assert compare((TITLE, excerpt), (TITLE, f"{LONG} The mayor spoke.")).weight == "cosmetic"
    assert compare((TITLE, excerpt), (TITLE, LONG[:100] + end)).weight == "cosmetic"
    assert compare((TITLE, excerpt), (TITLE, LONG.replace("four", "five"))).is_substantive
    assert compare((TITLE, LONG), (TITLE, excerpt)).is_substantive  # the version with the text is kept
    assert compare((TITLE, "The bridge opened" + end), (TITLE, LONG)).is_substantive  # dots of the writer's own


def test_a_title_that_was_cut_off_is_no_other() -> None:
    before, after = "Bridge opens in Delft after four…", "Bridge opens in Delft after four years of work"
    assert compare((before, TEXT), (after, TEXT)).weight == "cosmetic"
    assert compare(("Bridge opens…", TEXT), ("Bridge opens in Delft", TEXT)).is_substantive


def test_what_others_wrote_below_a_headline_of_a_search_is_no_edit() -> None:
    title = TITLE + " - Gazette"
    before = (title, f"{TITLE}  Gazette\nWhat the bridge cost  Herald")
    assert (
        compare(before, (title, f"{TITLE}  Gazette\nDelft has its bridge  Courier\nBridge: a guide  Echo")).weight
        == "cosmetic"
    )
    assert compare(before, (title, f"{TITLE}  Gazette\nThe mayor has resigned, she said.")).is_substantive


def test_brackets_that_count_nothing_are_words() -> None:
    assert compare((TITLE, TEXT), (TITLE + " (video)", TEXT)).is_substantive
    assert compare((TITLE + " (2 dead)", TEXT), (TITLE + " (3 dead)", TEXT)).is_substantive


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It cost 40 million.", "It cost 41 million."),
        ("It cost €40 million.", "It cost $40 million."),
        ("Growth was 2.", "Growth was -2."),
        ("Growth was 2.", "Growth was 2%."),
        ("Five died.", "Six died."),
        ("The mayor said so.", "The mayor did not say so."),
        ("知事は賛成した。", "知事は反対した。"),
        ("12 comments were made.", "13 comments were made."),
        ("Dead: 12", "Dead: 13"),
        ("More from the scene: 12 died.", "More from the scene: 13 died."),
        ("It opened 3 years ago.", "It opened 4 years ago."),
        ("Related\nThree people died.", "Related\nFour people died."),
        ("Updated plans for the harbour were shown to the council and all its committees in the town hall.", ""),
    ],
)
def test_edits_of_words_are_substantive(before: str, after: str) -> None:
    change = compare((TITLE, before), (TITLE, after))
    assert change.is_substantive
    assert change.text_changed
    assert not change.title_changed
    assert 0 <= change.similarity < 1


def test_the_same_text_is_no_change() -> None:
    assert compare((TITLE, TEXT), (TITLE, TEXT)).weight == "none"


def test_a_word_that_was_replaced() -> None:
    assert (
        plain(diff("It cost 40 million euros.", "It cost 44 million euros.")) == "It cost [-40-] {+44+} million euros."
    )


def test_only_the_lines_that_differ_are_looked_into() -> None:
    pieces = diff("One line.\nTwo lines.\nThree lines.\n", "One line.\nTwo new lines.\nThree lines.\n")
    assert pieces == (Piece("same", "One line.\nTwo "), Piece("added", "new "), Piece("same", "lines.\nThree lines.\n"))


def test_a_rewritten_sentence_is_one_change() -> None:
    told = plain(
        diff("Police in the old harbour town said so.", "A judge sitting quite near the great river ruled otherwise.")
    )
    assert told.count("[-") == 1


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert plain(diff("知事は賛成した。", "知事は反対した。")) == "知事は[-賛成-]{+反対+}した。"


def test_a_long_text_is_cut_to_what_changed() -> None:
    before = "word " * 50 + "old " + "word " * 50
    shown = plain(excerpt(diff(before, before.replace("old", "new")), around=3))
    assert shown == "… word word word [-old-] {+new+} word word word …"


def test_a_text_that_repeats_two_words_is_compared_by_words_however_long() -> None:
    before, after = "a b " * 1500, "b a " * 1500
    assert [(piece.op, len(piece.text)) for piece in diff(before, after)] == [
        ("removed", 2),
        ("same", 5_998),
        ("added", 2),
    ]


def test_long_texts_that_share_little_are_given_as_a_whole_between_their_common_ends() -> None:
    middle = [" ".join(f"{word}{turn % 7}{(turn * turn) % 11}" for turn in range(9_000)) for word in ("x", "y")]
    pieces = diff(f"The beginning {middle[0]} the end", f"The beginning {middle[1]} the end")
    assert [piece.op for piece in pieces] == ["same", "removed", "added", "same"]
    assert plain((pieces[0], pieces[-1])) == "The beginning the end"


TEXTS = st.text("ab 1.\n知é", max_size=60)


@given(TEXTS, TEXTS)
def test_a_diff_holds_both_versions(before: str, after: str) -> None:
    pieces = diff(before, after)
    assert "".join(piece.text for piece in pieces if piece.op != "added") == before
    assert "".join(piece.text for piece in pieces if piece.op != "removed") == after
    assert all(piece.text for piece in pieces)
    assert all(one.op != other.op for one, other in pairwise(pieces))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_compared(before: str, after: str) -> None:
    assert "".join(piece.text for piece in diff(before, after) if piece.op != "added") == before
    assert compare(("", before), ("", after)).weight == compare(("", after), ("", before)).weight


def test_headlines_changed_over_a_day() -> None:
    entry = Entry(
        "e1", EntryData("k", title="Bridge closed again"), "Feed", "Courier", "en", None, None, 50, None, START, START, START, 9, "r1", "s1", 3
    )  # fmt: skip

    def revision(number: int, title: str) -> Revision:
        return Revision("e1", number, title, None, "", START, START + timedelta(hours=number))

    history = [revision(3, "BRIDGE OPENS!"), revision(1, "Bridge to open"), revision(2, "Bridge opens")]
    changes = headline_changes([(entry, history)], START, START + timedelta(days=1))
    assert [(one.before, one.after) for one in changes] == [
        ("Bridge to open", "Bridge opens"),
        ("BRIDGE OPENS!", "Bridge closed again"),
    ]
    assert headline_changes([(entry, history)], START, START + timedelta(hours=3)) == changes[:1]
    assert headline_changes([(entry, ())], START, START + timedelta(days=1)) == ()
