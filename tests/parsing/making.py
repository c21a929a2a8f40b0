"""Feed documents for tests, made of a few members."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from aggregator.model import ParsedFeed
from aggregator.parsing.feed import parse
from aggregator.settings import ParseSettings

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://feeds.example/rss"


def read(
    body: bytes | str, content_type: str = "text/xml", *, bad_guids: bool = False, limits: ParseSettings | None = None
) -> ParsedFeed:
    data = body.encode() if isinstance(body, str) else body
    return parse(data, URL, {"Content-Type": content_type}, NOW, limits or ParseSettings(), bad_guids=bad_guids)


def rss(entries: str, head: str = "") -> str:
    return f'<rss version="2.0"><channel><title>T</title>{head}{entries}</channel></rss>'


def entry(**members: str) -> str:
    return "<item>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items()) + "</item>"


def titled(title: bytes, declaration: bytes = b"") -> bytes:
    return declaration + b'<rss version="2.0"><channel><item><title>' + title + b"</title></item></channel></rss>"
