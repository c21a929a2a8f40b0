"""Feeds inside a page, a JSON text or an escaped text: read where nothing else is said, and not where a page shows one."""

from __future__ import annotations

import json
from html import escape

import pytest

from aggregator.exceptions import NotAFeedError, ParseError
from tests.parsing.making import entry, read, rss

FEED = '<?xml version="1.0"?>\n' + rss(entry(title="R&D on the quay", link="https://a.example/1"))
PAGE = "<html><head><title>feed</title><style>pre {{color: red}}</style></head><body>{}</body></html>".format
PRE = '<pre style="word-wrap: break-word; white-space: pre-wrap;">{}</pre>'.format
JSON_FEED = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [{"id": "1", "title": "R&D on the quay"}]})  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        PAGE(PRE(escape(FEED))),
        PAGE(PRE(escape(JSON_FEED))),
        PAGE(f'<div id="viewer-source">{FEED}</div>'),
        json.dumps({"contents": FEED, "status": {"http_code": 200, "content_type": "text/xml"}}),
        json.dumps({"status": "ok", "solution": {"status": 200, "response": PAGE(PRE(escape(FEED)))}}),
        json.dumps(FEED),
        f"/**/quay.load({JSON_FEED});",
        escape(FEED),
        f'<?xml version="1.0"?><string xmlns="http://tempuri.org/">{escape(FEED)}</string>',
    ],
)
def test_a_feed_inside_another_document_is_read(document: str) -> None:
    feed = read(document, "text/html")
    assert [one.title for one in feed.entries] == ["R&D on the quay"]
    assert feed.title == "T"


def test_it_is_said_that_a_feed_stands_inside_another_document() -> None:
    assert "inside another document" in (read(PAGE(PRE(escape(FEED))), "text/html").ill_formed or "")


@pytest.mark.parametrize(
    "document",
    [
        PAGE(f"<h1>How to write a feed</h1><p>{'It begins with a root. ' * 20}</p>{PRE(escape(FEED))}"),
        PAGE(PRE("the service is down")),
        PAGE("&lt;rss"),
    ],
)
def test_a_page_that_shows_more_than_a_feed_is_a_page(document: str) -> None:
    with pytest.raises(NotAFeedError):
        read(document, "text/html")


@pytest.mark.parametrize("document", [json.dumps({"error": "<b>quota</b>"}), json.dumps({"a": FEED, "b": FEED}), '"a"'])
def test_json_without_one_feed_is_an_error(document: str) -> None:
    with pytest.raises(ParseError):
        read(document, "application/json")


def test_a_page_that_shows_a_feed_without_entries_is_a_page() -> None:
    with pytest.raises(NotAFeedError):
        read(PAGE(PRE(escape(rss("")))), "text/html")
