"""The line that a person reads: what happened, and what happens next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.fetching.wording import duration, explain, health
from aggregator.model import Feed, FeedOutcome, FeedState
from tests.fetching.polls import DAY, FEED, HOUR, MINUTE, NOW, URL

STATE = FeedState(URL, last_fetch=NOW - MINUTE, last_ok=NOW - MINUTE, next_fetch=NOW + 25 * MINUTE)


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (FeedOutcome("Desk", URL, "ok", 200, new=3, updated=1, known=20), "3 new, 1 edited; next poll in 25 min"),
        (FeedOutcome("Desk", URL, "ok", 200, known=20), "nothing new; next poll in 25 min"),
        (FeedOutcome("Desk", URL, "not_modified", 304), "unchanged; next poll in 25 min"),
        (
            FeedOutcome("Desk", URL, "error", 404, error="x: HTTP 404 Not Found"),
            "x: HTTP 404 Not Found; next poll in 25 min",
        ),
        (FeedOutcome("Desk", URL, "skipped", note="same as Wire"), "not asked (same as Wire); next poll in 25 min"),
    ],
)
def test_what_happened_and_what_follows(outcome: FeedOutcome, line: str) -> None:
    assert explain(FEED, outcome, STATE, NOW) == line


def test_health_gives_count_and_duration_of_failures() -> None:
    failing = replace(STATE, failures=3, first_failed=NOW - 5 * HOUR, last_failed=NOW, last_error="HTTP 500")
    assert health(FEED, failing, NOW) == "failed 3 times in a row over 5 h: HTTP 500; next poll in 25 min"
    assert health(FEED, replace(failing, failures=1), NOW) == "failed once: HTTP 500; next poll in 25 min"
    ended = replace(failing, failures=1, last_error="This is a web page, not a feed.")
    assert health(FEED, ended, NOW) == "failed once: This is a web page, not a feed; next poll in 25 min"
    assert health(FEED, FeedState(URL), NOW) == "never asked; next poll now"
    assert health(FEED, STATE, NOW) == "answered 60 s ago; next poll in 25 min"


def test_what_follows_has_its_reasons() -> None:
    gone = replace(STATE, gone_since=NOW - 3 * DAY)
    assert "gone for 3 days" in health(FEED, gone, NOW)
    assert "given up once it has said so for long" in health(FEED, replace(gone, gone_since=NOW), NOW)
    assert "given up" in health(FEED, replace(gone, gone=True, next_fetch=None), NOW)
    assert "paused" in health(replace(FEED, paused=True), STATE, NOW)
    assert "moved for good" in health(FEED, replace(STATE, moved_to="https://new.example/"), NOW)
    assert "certificate not checked" in health(Feed(URL, verify_tls=False), STATE, NOW)
    assert "may have been missed (2x" in health(FEED, replace(STATE, possible_gaps=2, last_gap=NOW - DAY), NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (1_500, "25 min"), (5_400, "2 h"), (129_600, "2 days"), (-5, "0 s")],
)
def test_durations_in_the_unit_of_a_person(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text
