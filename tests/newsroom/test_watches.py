"""What a saved query catches: whole words of any script, in title or lede, and no accident of letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.newsroom.watches import (
    LEDE,
    Matcher,
    Reading,
    WatchQuery,
    beginning,
    described,
    query_from,
    query_values,
    search_expression,
    unreadable,
)
from tests.newsroom.made import made_entry


def reading(title: str, text: str = "", publisher: str = "Courier", **more: str | None) -> Reading:
    return Reading(made_entry("e1", publisher, title=title, **more), text)  # type: ignore[arg-type]


def matches(query: WatchQuery, title: str, text: str = "", **more: str | None) -> bool:
    return Matcher(query).matches(reading(title, text, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("strike", "Port STRIKE enters its second day"),
        ("straße", "Die STRASSE bleibt gesperrt"),
        ("elysee", "L’Élysée confirme la visite"),
        ("élysée", "Elysee confirms the visit"),
        ("Зеленський", "ЗЕЛЕНСЬКИЙ прибув до Брюсселя"),
        ("Αθήνα", "Απεργία στην Αθηνα"),
        ("الميناء", "إضراب في الميناء"),
        ("東京", "東京で地震"),
        ("地震", "東京で地震"),
        ("雪", "東京で雪が降る"),
        ("กรุงเทพ", "น้ำท่วมกรุงเทพ"),
        ("दिल्ली", "दिल्ली में बारिश"),
        ("covid-19", "Covid-19: new wave feared"),
        ("1,200", "Some 1,200 jobs go"),
        ("minister", "The minister's plan"),
        ("Città", "Lo sciopero paralizza l'intera citta'"),
        ("o'brien", "Minister O’Brien resigns"),
        ("port strike", "Strike closes the port"),
        ("harbour|port", "Strike closes the port"),
        ("evacuat*", "Thousands evacuated from the coast"),
        ("евакуац*", "Триває евакуація жителів"),
    ],
)
def test_a_word_is_found_however_it_is_written(word: str, title: str) -> None:
    assert matches(WatchQuery(words=(word,)), title)


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("port", "Portable heaters recalled for export and transport"),
        ("war", "Warsaw awards software contract"),
        ("un", "The sun sets on an unlikely union"),
        ("рад", "Радник подав у відставку"),
        ("大阪", "東京で地震"),
        ("port strike", "Strike at the mine"),
    ],
)
def test_letters_inside_a_word_are_no_hit(word: str, title: str) -> None:
    assert not matches(WatchQuery(words=(word,)), title)


@pytest.mark.parametrize(
    ("phrase", "title", "expected"),
    [
        ("new york", "New York shuts its schools", True),
        ("new york", "New mayor of York", False),
        ("new york", "York, new and old", False),
        ("berlin wall", "Ministers meet in Berlin. Wall Street falls", False),
        ("u.s. steel", "Sale of U.S. Steel blocked", True),
        ("defence minister", "Former defence\nminister arrested", False),
        ("peace talks", "Peace-talks resume", True),
        ("防衛省", "防衛省が発表", True),
        ("防衛省", "防衛と省エネ", False),
        ("new york|los angeles", "Los Angeles burns", True),
    ],
)
def test_a_phrase_is_a_run_of_words(phrase: str, title: str, expected: bool) -> None:
    assert matches(WatchQuery(phrases=(phrase,)), title) is expected


def test_the_lede_counts_and_the_rest_of_a_text_does_not() -> None:
    text = "Dockers walked out on Tuesday. " + "Nothing more was known by noon. " * 40 + "A zebra passed by."
    assert len(text) > LEDE
    assert matches(WatchQuery(words=("dockers",)), "Port strike", text)
    assert not matches(WatchQuery(words=("zebra",)), "Port strike", text)


def test_a_phrase_does_not_run_from_the_title_into_the_lede() -> None:
    assert not matches(WatchQuery(phrases=("port workers",)), "Strike at the port", "Workers walked out.")


def test_an_excluded_word_keeps_an_entry_out() -> None:
    query = WatchQuery(words=("jaguar",), without=("car|cars", "formula one"))
    assert matches(query, "A jaguar was seen in Arizona")
    assert not matches(query, "Jaguar shows its first electric car")
    assert not matches(query, "Jaguar leaves", "The team leaves Formula One.")
    assert matches(query, "A jaguar and its one formula")


def test_publisher_language_and_category_are_any_of_those_named() -> None:
    query = WatchQuery(publishers=("The BBC News", "Times"), languages=("en-GB", "DE"), categories=("World",))
    assert matches(query, "Talks", publisher="BBC", language="en", category="world")
    assert matches(query, "Talks", publisher="times", language="de", category="World")
    assert not matches(query, "Talks", publisher="Courier", language="en", category="world")
    assert not matches(query, "Talks", publisher="BBC", language="fr", category="world")
    assert not matches(query, "Talks", publisher="BBC", language=None, category="world")
    assert not matches(query, "Talks", publisher="BBC", language="en", category=None)


def test_the_publishers_own_name_behind_a_title_is_no_word_of_it() -> None:
    assert not matches(WatchQuery(words=("courier",)), "Bridge opens - Courier")
    assert matches(WatchQuery(words=("courier",)), "Courier lost a parcel - Courier")


def test_all_of_it_must_stand_in_one_entry() -> None:
    query = WatchQuery(words=("port", "strike"))
    story = [reading("Strike begins"), reading("Port closed")]
    assert Matcher(query).matching_entries(story) == ()


def test_a_story_needs_enough_publishers_and_one_entry_that_fits() -> None:
    story = [
        Reading(made_entry("e1", "Times", title="Port strike"), ""),
        Reading(made_entry("e2", "Ledger", title="Dockers walk out", minutes=1), ""),
        Reading(made_entry("e3", "Ledger", title="A port strike goes on", minutes=2), ""),
    ]
    two, three = (Matcher(WatchQuery(words=("strike",), min_publishers=number)) for number in (2, 3))
    assert [one.entry.id for one in two.matching_entries(story)] == ["e1", "e3"]
    assert three.matching_entries(story) == ()


def test_words_without_a_letter_are_named() -> None:
    assert unreadable(WatchQuery(words=("port", "!!"), without=("—",))) == ("!!", "—")


def test_a_query_reads_as_a_line() -> None:
    query = WatchQuery(("port", "strike*"), ("new york",), ("football", "red sox"), ("BBC", "Die Zeit"), ("en",), (), 3)
    assert described(query) == (
        'port strike* "new york" -football -"red sox" publisher:"BBC|Die Zeit" lang:en publishers>=3'
    )
    assert not WatchQuery()
    assert WatchQuery(min_publishers=5)


@pytest.mark.parametrize("word", ["Łódź", "Lodz", "lod*", "ŁÓDŹ", "Paris|Lodz"])
def test_letters_that_unicode_does_not_decompose_are_watched_for_without_them(word: str) -> None:
    assert matches(WatchQuery(words=(word,)), "Strajk w mieście Łódź")
    assert not matches(WatchQuery(words=("Strajk",), without=(word,)), "Strajk w mieście Łódź")


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("Djokovic", "Novak Đoković pobedio"),
        ("Djokovic", "Djokovic wins"),
        ("محلي", "فريق محلّي جدًا"),
        ("मंत्री", "मंत्री ने कहा"),
    ],
)
def test_a_watch_reads_a_word_as_a_search_does(word: str, title: str) -> None:
    assert matches(WatchQuery(words=(word,)), title)
    assert not matches(WatchQuery(without=(word,)), title)


def test_a_watch_looks_for_what_an_earlier_release_stored_as_well() -> None:
    assert search_expression(WatchQuery(words=("Łódź",))) == '(("lodz" OR "łodz"))'


TEXT = st.text(st.sampled_from("abcdé ЖдіΣ東京地震雪กท|*.\"'’-\n1,2"), max_size=40)
LISTS = st.lists(TEXT, max_size=3).map(tuple)
QUERIES = st.builds(WatchQuery, LISTS, LISTS, LISTS, LISTS, LISTS, LISTS, st.integers(1, 9))


@given(QUERIES)
def test_a_query_is_kept_as_it_was(query: WatchQuery) -> None:
    assert query_from(query_values(query)) == query


@given(QUERIES, TEXT, TEXT)
def test_any_query_can_be_put_to_any_text(query: WatchQuery, title: str, text: str) -> None:
    matches = Matcher(query).matches(reading(title, text))
    assert Matcher(query_from(query_values(query))).matches(reading(title, text)) is matches
    assert search_expression(query) != ""
    described(query)


WORD = st.text(st.sampled_from("abcdefgäéøßжзиї"), min_size=2, max_size=8)


@given(st.lists(WORD, min_size=1, max_size=12), st.data())
def test_every_word_of_a_title_is_found_and_no_part_of_one(told: list[str], data: st.DataObject) -> None:
    title = " ".join(told)
    word = data.draw(st.sampled_from(told))
    assert matches(WatchQuery(words=(word.upper(),)), title)
    assert not matches(WatchQuery(without=(word,)), title)
    longer = data.draw(WORD)
    known = {one.casefold() for one in told}
    if f"{word}q{longer}".casefold() not in known:
        assert not matches(WatchQuery(words=(f"{word}q{longer}",)), title)
        assert matches(WatchQuery(words=(f"{word}*",)), f"{word}q{longer}")
        assert not matches(WatchQuery(words=(word,)), f"{word}q{longer} q{word}")


@given(st.lists(WORD, min_size=2, max_size=10), st.data())
def test_every_run_of_a_title_is_a_phrase_of_it(told: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(told) - 1))
    end = data.draw(st.integers(start + 1, len(told)))
    assert matches(WatchQuery(phrases=(" ".join(told[start:end]),)), " ".join(told))


@given(st.text(max_size=80), st.integers(0, 60))
def test_a_beginning_is_one(text: str, most: int) -> None:
    found = beginning(text, most)
    assert text.startswith(found)
    assert len(found) <= most
