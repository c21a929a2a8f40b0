"""What a story did not hold before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Entry, EntryData, Revision
from aggregator.newsroom.novelty import Version, versions, what_is_new

START = datetime(2026, 3, 9, 5, 0, tzinfo=UTC)
SINCE = START + timedelta(hours=6)
OPENED = "The harbour bridge in Delft was opened on Monday after six years of work. It cost 40 million euros."


def told(hours: float, text: str, *, entry: str = "", publisher: str = "Courier", language: str = "en") -> Version:
    return Version(
        entry or f"e{hours}", publisher, None, language, START + timedelta(hours=hours), "Bridge opens in Delft", text
    )


def sentences_of(*story: Version) -> list[str]:
    return [one.text for one in what_is_new(story, SINCE).sentences]


def test_what_was_said_is_not_new() -> None:
    assert not what_is_new([told(0, OPENED), told(7, OPENED)], SINCE)


def test_a_sentence_nobody_wrote_is_new_with_who_wrote_it_first() -> None:
    line = "A lorry overturned on the ramp an hour later and closed two lanes."
    news = what_is_new(
        [
            told(0, OPENED),
            told(8, f"{OPENED} {line}", publisher="Late"),
            told(7, f"{OPENED}\n{line}", publisher="Early"),
        ],
        SINCE,
    )
    assert [(one.text, one.publisher) for one in news.sentences] == [(line, "Early")]


def test_a_reworded_sentence_is_not_new() -> None:
    reworded = "After six years of work, the bridge at the harbour in Delft was finally opened on Monday."
    assert sentences_of(told(0, OPENED), told(7, reworded)) == []


def test_sentences_split_or_joined_are_not_new() -> None:
    joined = OPENED.replace(". It", ", it")
    assert sentences_of(told(0, OPENED), told(7, joined)) == []
    assert sentences_of(told(0, joined), told(7, OPENED)) == []


def test_an_edit_brings_only_what_it_added() -> None:
    line = "Police counted 12,000 visitors on the first day, said Mayor Ineke Visser."
    first = told(0, OPENED, entry="e1")
    edited = told(7, f"{OPENED} {line}", entry="e1")
    news = what_is_new([first, edited], SINCE)
    assert [one.text for one in news.sentences] == [line]
    assert [one.text for one in news.numbers] == ["12,000"]
    assert [one.text for one in news.names] == ["Mayor Ineke Visser"]
    assert news.names[0].sentence == line


def test_a_number_is_the_same_in_every_notation() -> None:
    german = "Rund 12.000 Menschen kamen am ersten Tag zur neuen Brücke nach Delft."
    news = what_is_new([told(0, OPENED + " Some 12,000 came on the first day."), told(7, german, language="de")], SINCE)
    assert not news.numbers


def test_a_first_report_in_another_language_counts_by_its_facts() -> None:
    same = "Die Hafenbrücke in Delft wurde nach langer Bauzeit feierlich eröffnet."
    more = "Die Brücke wurde von 17.500 Radfahrern am ersten Tag benutzt."
    assert sentences_of(told(0, OPENED), told(7, f"{same} {more}", language="de")) == [more]


def test_a_name_that_is_bent_is_the_same_name() -> None:
    first = told(0, "Президент Олександр Коваленко відкрив міст у місті над річкою.", language="uk")
    later = told(7, "За словами Олександра Коваленка, ремонт почнеться наступного тижня.", language="uk")
    assert not what_is_new([first, later], SINCE).names


def test_new_sentences_are_found_in_scripts_without_spaces() -> None:
    old = "新しい橋が月曜日に開通した。"
    new = "知事は通行料を来年から無料にすると発表した。"
    assert sentences_of(told(0, old, language="ja"), told(7, old + new, language="ja")) == [new]


def test_a_story_without_a_past_is_all_new() -> None:
    assert len(sentences_of(told(7, OPENED))) == 2
    assert not what_is_new([], SINCE)


def test_captions_are_not_sentences() -> None:
    assert sentences_of(told(0, OPENED), told(7, OPENED + "\nPhoto: harbour archive")) == []


def test_versions_of_an_edited_entry() -> None:
    entry = Entry(
        "e1", EntryData("k", title="now"), "Feed", "Courier", "en", None, None, 50, None, START, START, START, 9, "r1", "s1", 1
    )  # fmt: skip
    edit = START + timedelta(hours=7)
    before = Revision("e1", 1, "then", None, "Old.", START, edit)
    assert [(one.title, one.text, one.time) for one in versions(entry, "New.", [before])] == [
        ("then", "Old.", START),
        ("now", "New.", edit),
    ]
    assert versions(entry, "New.")[0].time == START


LINES = st.lists(
    st.sampled_from(
        [
            "A lorry overturned on the ramp and closed two lanes for 45 minutes.",
            "Ferries will sail every half hour until the repair is done.",
            "The council meets on Thursday to hear Ineke Visser about the toll.",
            "Rund 17.500 Radfahrer nutzten die neue Brücke am ersten Tag.",
            "知事は通行料を来年から無料にすると発表した。",
        ]
    ),
    max_size=4,
).map("\n".join)
STORIES = st.lists(st.tuples(st.integers(0, 12), LINES, st.sampled_from(["en", "de", "ja"])), max_size=5)


@given(STORIES)
def test_nothing_is_new_twice_and_all_that_is_new_was_written(drawn: list[tuple[int, str, str]]) -> None:
    story = [told(hours, text, entry=f"e{i}", language=lang) for i, (hours, text, lang) in enumerate(drawn)]
    news = what_is_new(story, SINCE)
    found = [one.text for one in news.sentences]
    assert len(set(found)) == len(found)
    for one in (*news.sentences, *news.numbers, *news.names):
        version = next(each for each in story if each.entry_id == one.entry_id)
        assert version.time >= SINCE
        assert one.text in version.text
    assert [one.time for one in news.sentences] == sorted(one.time for one in news.sentences)
    assert what_is_new(reversed(story), SINCE) == news
