"""Who had a story when, and how late the others were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Entry, Report, Story, StorySummary
from aggregator.newsroom.timeline import lags, punctuality, timeline
from tests.newsroom.made import MOMENT, made_entry


def dated(entry: Entry) -> Entry:
    """Return the entry as its feed dates it."""
    return replace(entry, data=replace(entry.data, published=entry.time))


def minutes(number: float) -> datetime:
    """Return the moment so many minutes after the tests' own."""
    return MOMENT + timedelta(minutes=number)


def story_of(*entries: Entry) -> Story:
    """Return a story with these entries."""
    reports: dict[str, list[Entry]] = {}
    for entry in entries:
        reports.setdefault(entry.report_id, []).append(entry)
    first = entries[0]
    summary = StorySummary(
        id="s1",
        title=first.data.title,
        url=None,
        publisher=first.publisher,
        agency=None,
        language="en",
        category=None,
        first_seen=first.first_seen,
        last_seen=first.last_seen,
        entries=len(entries),
        reports=len(reports),
        publishers=len({entry.publisher for entry in entries}),
        flags=(),
        canonical_entry=first.id,
    )
    return Story(summary, tuple(Report(name, None, tuple(members)) for name, members in reports.items()))


WIRE = dated(made_entry("e1", "Wire"))
COPY = dated(made_entry("e2", "Herald", minutes=12))
OWN = dated(made_entry("e3", "Post", minutes=95, report="r2"))
LATER = dated(made_entry("e4", "Herald", minutes=200, report="r3"))


def test_publishers_stand_in_the_order_in_which_they_had_it() -> None:
    found = lags([LATER, OWN, COPY, WIRE])
    assert [(one.publisher, one.lag.total_seconds() / 60, one.entries, one.own) for one in found] == [
        ("Wire", 0, 1, True),
        ("Herald", 12, 2, False),
        ("Post", 95, 1, True),
    ]
    assert all(one.dated for one in found)


def test_a_date_that_an_edit_moved_on_makes_nobody_late() -> None:
    moved = replace(COPY, time=minutes(500))
    assert lags([WIRE, moved])[1].lag == timedelta(minutes=12)


def test_an_entry_without_a_date_counts_from_the_poll_and_says_so() -> None:
    undated = made_entry("e5", "Echo", minutes=30)
    clamped = replace(dated(undated), data=replace(undated.data, published=minutes(30), date_flag="clamped"))
    assert [one.dated for one in lags([WIRE, undated])] == [True, False]
    assert not lags([clamped])[0].dated


def test_events_are_told_in_order_and_by_kind() -> None:
    edited = replace(WIRE, revisions=2)
    notice = replace(LATER, correction="kill", publisher="Wire")
    shown = timeline(
        story_of(edited, COPY, OWN, notice),
        {"e1": [minutes(20), minutes(40)]},
        {"e1": minutes(40), "e4": minutes(210)},
    )
    assert [(mark.entry_id, mark.kind) for mark in shown.marks] == [
        ("e1", "report"),
        ("e2", "copy"),
        ("e1", "edit"),
        ("e1", "correction"),
        ("e3", "report"),
        ("e4", "correction"),
    ]
    assert (shown.start, shown.end) == (MOMENT, LATER.time)


def test_what_stood_there_before_the_desk_looked_was_not_seen_late() -> None:
    old = replace(WIRE, backlog=True, first_seen=minutes(600))
    assert timeline(story_of(old), {}).seen is None
    assert timeline(story_of(old, COPY), {}).seen == COPY.first_seen


def test_figures_are_over_the_stories_that_others_had_too() -> None:
    second = [dated(made_entry("f1", "Herald")), dated(made_entry("f2", "Wire", minutes=30, report="r2"))]
    third = [dated(made_entry("g1", "Post", minutes=7))]
    figures = {one.publisher: one for one in punctuality(map(lags, ([WIRE, COPY, OWN], second, third)))}
    wire, post = figures["Wire"], figures["Post"]
    assert (wire.stories, wire.first, wire.alone, wire.own) == (2, 1, 0, 2)
    assert (wire.median, wire.late) == (timedelta(minutes=15), timedelta(minutes=30))
    assert (post.stories, post.first, post.alone) == (1, 0, 1)
    assert (figures["Herald"].own, figures["Herald"].undated) == (1, 0)


def test_a_publisher_that_is_always_alone_has_no_lag() -> None:
    [alone] = punctuality([lags([WIRE])])
    assert (alone.stories, alone.alone, alone.median, alone.late) == (0, 1, None, None)


ENTRIES = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 500), st.sampled_from(["r1", "r2", "r3"])), min_size=1, max_size=9
)


@given(st.lists(ENTRIES, max_size=5))
def test_somebody_is_first_in_every_story(stories: list[list[tuple[str, int, str]]]) -> None:
    def entries(told: Sequence[tuple[str, int, str]]) -> list[Entry]:
        return [made_entry(f"e{n}", p, minutes=at, report=r) for n, (p, at, r) in enumerate(told)]

    found = [lags(entries(told)) for told in stories]
    for told in found:
        assert [one.lag for one in told] == sorted(one.lag for one in told)
        assert not told[0].lag
        assert told[0].own
    figures = punctuality(found)
    shared = [told for told in found if len(told) > 1]
    assert sum(one.first for one in figures) >= len(shared)
    assert sum(one.stories for one in figures) == sum(map(len, shared))
    assert all(one.median is None or one.median <= (one.late or timedelta.max) or one.stories < 3 for one in figures)
