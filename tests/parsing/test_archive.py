from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Skip
from aggregator.parsing.archive import ArchiveEntry, Origin, in_date_order, read
from aggregator.text.clean import plain_text


def line(**members: object) -> bytes:
    return json.dumps(members).encode()


def one(**members: object) -> ArchiveEntry:
    (made,) = read([line(**members)])
    assert isinstance(made, ArchiveEntry), made
    return made


def test_a_line_becomes_an_entry() -> None:
    made = one(
        id=17, title="A <b>title</b>", body="<p>Body<script>x</script></p>", summary="S & T",
        url="https://a.example/1", source=" Gazette ",
        lang="en-GB", date="2026-11-24T10:00:00+01:00", cluster=3, extra={"kept": "out"},
    )  # fmt: skip
    assert (made.line, made.source, made.language, made.cluster) == (1, "Gazette", "en", "3")
    data = made.data
    assert (data.key, data.title, data.content, data.summary) == ("17", "A title", "<p>Body</p>", "S &amp; T")
    assert data.published == datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_a_number_without_end_is_no_id_and_else_costs_nothing() -> None:
    endless = b"9" * 5_000
    lines = [b'{"id": "a", "title": "One", "more": ' + endless + b"}", b'{"id": ' + endless + b', "title": "Two"}']
    made, skipped = read(lines)
    assert isinstance(made, ArchiveEntry)
    assert isinstance(skipped, Skip)
    assert skipped.reason == "line 2: an id of more than 1000 characters"


def test_plain_bodies_keep_their_words_and_lines() -> None:
    body = "1 < 2 & a <- b\n\nSecond paragraph"
    assert plain_text(one(id="x", body=body).data.content) == "1 < 2 & a <- b\nSecond paragraph"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff{}", "not UTF-8 at byte 1"),
        (b'{"title": "no id"}', "no id"),
        (b'{"id": "", "title": "x"}', "no id"),
        (b'{"id": "1"}', "neither title nor body"),
        (b'{"id": "1", "title": "  ", "body": "<p></p>"}', "neither title nor body"),
        (b'{"id": ["1"], "title": "x"}', "id is neither text nor number"),
        (b'{"id": "1", "title": {"x": 1}}', "title is neither text nor number"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_line_of_no_use_is_skipped_with_number_and_reason(bad: bytes, reason: str) -> None:
    first, second, third = read([line(id="1", title="x"), bad, b" \n", line(id="2", title="y")])
    assert isinstance(second, Skip)
    assert second.position == 2
    assert reason in second.reason
    assert isinstance(first, ArchiveEntry)
    assert isinstance(third, ArchiveEntry)
    assert third.line == 4


def test_entries_are_taken_by_date_and_undated_ones_last() -> None:
    lines = [
        line(id="u1", title="x"),
        line(id="b", title="x", date="2026-02-01"),
        line(id="u2", title="x", date="?"),
        line(id="a", title="x", date="2026-01-01"),
    ]
    entries = [made for made in read(lines) if isinstance(made, ArchiveEntry)]
    assert [entry.data.key for entry in in_date_order(entries)] == ["a", "b", "u1", "u2"]


@given(
    st.one_of(
        st.binary(max_size=60),
        st.dictionaries(st.sampled_from(["id", "title", "body", "url", "date", "lang"]), st.text(max_size=20)).map(
            lambda d: line(**d)
        ),
    )
)
def test_any_line_gives_an_entry_or_a_skip(data: bytes) -> None:
    for made in read([data]):
        assert made.line == 1 if isinstance(made, ArchiveEntry) else made.position == 1
        repr(made).encode("utf-8")


EXPORTED = {
    "id": "e0123456789", "key": "17", "feed": "https://a.example/rss", "title": "A <plain> title", "source": "Gazette",
    "agency": "AP", "published": None, "date": "2026-11-24T09:00:00Z", "first_seen": "2026-11-24T09:00:00Z",
    "report_id": "r0123456789", "story_id": "s0123456789",
}  # fmt: skip


def test_a_line_that_export_wrote_is_the_entry_it_was() -> None:
    made = one(**EXPORTED)
    time = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert (made.data.key, made.data.guid, made.data.title, made.data.published) == (
        "17",
        "17",
        "A <plain> title",
        None,
    )
    assert made.origin == Origin("https://a.example/rss", time, "AP")
    assert made.time == time


@pytest.mark.parametrize(
    "change",
    [{"id": "17"}, {"id": 3}, {"key": None}, {"key": 5}, {"feed": ""}, {"feed": ["a"]}, {"id": "e01234567890"}],
)
def test_any_other_line_with_such_keys_is_taken_at_its_id(change: dict[str, object]) -> None:
    made = one(**{**EXPORTED, **change})
    assert made.origin is None
    assert made.data.key == str({**EXPORTED, **change}["id"])
