"""Conditional requests."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.fetching.politeness import DocumentRead, PollContext, after_failure, after_not_modified, after_response
from aggregator.model import Feed, FeedState, FetchFailure, ParsedFeed, Response
from tests.fetching.conftest import NOW, SETTINGS, FetcherHarness
from tests.fetching.server import RSS, Server, answer, moved

FEED = ParsedFeed(())


def remembered(app: FetcherHarness, url: str, state: FeedState | None = None) -> FeedState:
    """Poll once and return what is to be remembered."""
    feed, state = Feed(url), state or FeedState(url)
    outcome = app.fetch(feed, state)
    asked = PollContext(feed, state, NOW, 0.5, SETTINGS)
    if isinstance(outcome, Response):
        return after_response(asked, outcome, DocumentRead(FEED, 0, 1))
    if isinstance(outcome, FetchFailure):
        return after_failure(asked, outcome)
    return after_not_modified(asked, outcome)


@pytest.mark.parametrize(
    ("etag", "modified"),
    [
        ('"abc"', "Tue, 15 Nov 1994 12:45:26 GMT"),
        ('W/"a b\'c,"', "1994-11-15 noon-ish"),
        ("unquoted", "Mon, 31 Feb 2099 25:61:61 CEST"),
        ('"caf\xe9"', ""),
        ("", "0"),
    ],
)
def test_validators_replayed_byte_for_byte(app: FetcherHarness, server: Server, etag: str, modified: str) -> None:
    fields = [f"ETag: {etag}"] * bool(etag) + [f"Last-Modified: {modified}"] * bool(modified)
    url = server.on("/feed", answer(RSS, *fields))
    state = remembered(app, url)
    app.fetch(url, state)
    first, second = server.asked
    assert "if-none-match" not in first.headers
    assert "if-modified-since" not in first.headers
    assert second.headers.get("if-none-match", "") == etag
    assert second.headers.get("if-modified-since", "") == modified


def test_validators_not_sent_to_redirect_target(app: FetcherHarness, server: Server) -> None:
    url = server.on("/old", moved("/new"))
    server.on("/new", answer(RSS, 'ETag: "new"'))
    state = remembered(app, url, FeedState(url, etag='"old"', last_modified="then"))
    old, new = server.asked
    assert old.headers["if-none-match"] == '"old"'
    assert "if-none-match" not in new.headers
    assert "if-modified-since" not in new.headers
    assert (state.etag, state.last_modified) == (None, None), (
        "the target's validators say nothing about the old address"
    )


def test_validators_not_sent_after_the_address_changed(app: FetcherHarness, server: Server) -> None:
    url = server.on("/old", moved("/new", "301 Moved Permanently"))
    server.on("/new", answer(RSS, 'ETag: "new"'))
    before = FeedState(url, etag='"old"', moved_to=server.url("/new"), moved_since=NOW, moved_seen=SETTINGS.move_polls)
    state = remembered(app, url, before)
    assert (state.url, state.etag) == (server.url("/new"), '"new"'), "taken over with the validators that belong to it"
    app.fetch(url, state)
    assert server.asked[-1].path == "/new"
    assert server.asked[-1].headers["if-none-match"] == '"new"'


def test_later_answer_without_validators_drops_the_old_ones(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(RSS))
    state = remembered(app, url, FeedState(url, etag='"old"', last_modified="then"))
    assert (state.etag, state.last_modified) == (None, None)


def test_not_modified_is_a_success_and_freshens(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"", 'ETag: "2"', "Cache-Control: max-age=7200", status="304 Not Modified"))
    failed = FeedState(
        url, etag='"1"', content_hash="x", failures=3, first_failed=NOW, last_failed=NOW, last_error="HTTP 500"
    )
    state = remembered(app, url, failed)
    assert (state.etag, state.content_hash) == ('"2"', "x")
    assert (state.failures, state.first_failed, state.last_error) == (0, None, None)
    assert state.last_fetch == state.last_ok == NOW
    assert state.next_fetch is not None
    assert (state.next_fetch - NOW).total_seconds() >= 7200


def test_not_modified_keeps_the_validators_that_it_does_not_name(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"", status="304 Not Modified"))
    state = remembered(app, url, FeedState(url, etag='"1"', last_modified="then"))
    assert (state.etag, state.last_modified) == ('"1"', "then")


def test_unasked_304_is_an_error_and_the_next_poll_unconditional(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"", status="304 Not Modified"))
    failure = app.failure(url)
    assert failure.status == 304
    assert failure.force_unconditional
    state = replace(remembered(app, url), etag='"1"', last_modified="then")
    assert state.force_unconditional
    assert state.failures == 1
    server.on("/feed", answer(RSS, 'ETag: "2"'))
    state = remembered(app, url, state)
    assert "if-none-match" not in server.asked[-1].headers
    assert "if-modified-since" not in server.asked[-1].headers
    assert (state.force_unconditional, state.etag) == (False, '"2"')


@pytest.mark.parametrize(
    "play",
    [
        answer(b"no", 'ETag: "bad"', status="404 Not Found"),
        answer(b"no", 'ETag: "bad"', status="500 Internal Server Error"),
        answer(RSS, 'ETag: "bad"').replace(b"Content-Length: ", b"Content-Length: 9"),
    ],
)
def test_validators_of_failures_are_not_stored(app: FetcherHarness, server: Server, play: bytes) -> None:
    url = server.on("/feed", play)
    state = remembered(app, url, FeedState(url, etag='"good"', last_modified="then", content_hash="x"))
    assert (state.etag, state.last_modified, state.content_hash) == ('"good"', "then", "x")
    assert state.failures == 1


def test_validators_of_a_body_that_does_not_parse_are_not_stored(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"<html>maintenance</html>", 'ETag: "bad"'))
    before = FeedState(url, etag='"good"', content_hash="x")
    app.response(url, before)
    state = after_failure(PollContext(Feed(url), before, NOW, 0.5, SETTINGS), FetchFailure("parse", "a page"))
    assert (state.etag, state.content_hash) == ('"good"', "x")


def test_same_bytes_have_the_same_hash_whatever_their_coding(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(RSS))
    plain = app.response(url)
    server.on("/feed", answer(gzip.compress(RSS), "Content-Encoding: gzip", "Date: Mon, 05 Oct 2026 12:00:00 GMT"))
    packed = app.response(url)
    assert plain.content_hash == packed.content_hash
    assert plain.body == packed.body == RSS
    before = after_response(PollContext(Feed(url), FeedState(url), NOW, 0.0, SETTINGS), plain, DocumentRead(FEED, 1, 0))
    again = after_response(PollContext(Feed(url), before, NOW, 0.0, SETTINGS), packed, None)
    assert (again.content_hash, again.failures, again.possible_gaps) == (plain.content_hash, 0, 0)


def test_no_cache_is_forced_on_the_way(app: FetcherHarness, server: Server) -> None:
    """A poll by hand is a poll like any other: the run that asks for one keeps to the host's slots."""
    url = server.on("/feed", answer(RSS))
    app.fetch(url, FeedState(url, etag='"1"'))
    assert "cache-control" not in server.asked[0].headers
    assert "pragma" not in server.asked[0].headers


def test_deltas_are_not_asked_for_and_not_taken_for_a_whole(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(RSS, status="226 IM Used"))
    failure = app.failure(url, FeedState(url, etag='"1"'))
    assert "a-im" not in server.asked[0].headers
    assert failure.status == 226


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(RSS, mtime=0)),
        ("X-GZip", gzip.compress(RSS, mtime=0)),
        ("deflate", zlib.compress(RSS)),
        ("deflate", zlib.compress(RSS)[2:-4]),
        ("identity", RSS),
        ("", RSS),
    ],
)
def test_compression_always_asked_for_and_undone(app: FetcherHarness, server: Server, coding: str, body: bytes) -> None:
    url = server.on("/feed", answer(body, f"Content-Encoding: {coding}"))
    assert app.response(url).body == RSS
    assert server.asked[0].headers["accept-encoding"] == "gzip, deflate"


def test_a_feed_silent_for_long_is_asked_once_without_validators(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"", status="304 Not Modified"))
    day = timedelta(days=1)
    state = FeedState(url, etag='"1"', last_new=NOW - 15 * day, last_fetch=NOW - 2 * day)
    app.fetch(url, state)
    assert "if-none-match" not in server.asked[-1].headers
    for fetched, new in ((1, 15), (1, 13), (8, 20)):
        app.fetch(url, replace(state, last_fetch=NOW - fetched * day / 4, last_new=NOW - new * day))
        assert server.asked[-1].headers["if-none-match"] == '"1"'
    app.fetch(url, replace(state, last_fetch=NOW - day, last_new=NOW - 28 * day))
    assert "if-none-match" not in server.asked[-1].headers  # another two weeks


def test_a_lively_feed_is_asked_without_validators_sooner(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"", status="304 Not Modified"))
    hour = timedelta(hours=1)
    for rate, silent, conditional in ((56, 25, False), (56, 23, True), (7, 25, True), (7, 8 * 24 + 1, False)):
        state = FeedState(
            url, etag='"1"', last_new=NOW - silent * hour, last_fetch=NOW - 2 * hour, entries_per_week=rate
        )
        app.fetch(url, state)
        assert ("if-none-match" in server.asked[-1].headers) is conditional, (rate, silent)
