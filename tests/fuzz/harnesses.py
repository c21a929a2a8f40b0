"""What reads foreign bytes, each as a function of bytes that raises where a promise is broken.

Atheris drives them (``python -m tests.fuzz NAME``); the suite plays the corpora through them without it. Only the errors
that a reader declares may come out of it, and what it returns must be safe to store and to show.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket
from typing import cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aggregator.cli.times import parse_clock, parse_day, parse_moment
from aggregator.config.durations import format_duration, parse_duration
from aggregator.config.feeds_file import read_feeds
from aggregator.config.settings_files import resolve
from aggregator.exceptions import ConfigurationError, ParseError, UsageError
from aggregator.fetching import coding
from aggregator.fetching.faults import FetchError
from aggregator.fetching.http1 import ResponseReader
from aggregator.parsing import archive, opml
from aggregator.parsing.archive import ArchiveEntry
from aggregator.parsing.dates import DateReader
from aggregator.parsing.feed import parse
from aggregator.settings import ParseSettings
from aggregator.text.address import address_of, host_of, joined
from aggregator.text.clean import one_line, plain_text, plain_title, sanitise, storable
from aggregator.text.display import csv_cell, display_text
from aggregator.text.entry_address import entry_address, landmarks, without_counter, without_version
from aggregator.text.masking import shown_address
from aggregator.text.urls import (
    absolute_url,
    canonical_url,
    mask_secrets,
    registrable_domain,
    request_url,
    secret_parts,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BASE = "https://ledger.example/rss"
LIMITS = ParseSettings(max_entries=200)
MOST = 200_000  # bytes of a body
ZONES = tuple(map(ZoneInfo, ("UTC", "Europe/Vienna", "America/St_Johns", "Australia/Lord_Howe")))
_ROOM = Path(tempfile.gettempdir())

_TAG = re.compile(r"<[a-z][^>]*>")
_RUNS = re.compile(r"(?:href|src)=.?\s*(?:javascript|data|vbscript):|\son[a-z]+=")

Harness = Callable[[bytes], None]


def feed(data: bytes) -> None:
    """Read a feed document; the first byte chooses the media type."""
    kinds = (
        "application/rss+xml",
        "text/xml; charset=utf-8",
        "application/feed+json",
        "text/html; charset=latin-1",
        "",
    )
    kind, body = (kinds[data[0] % len(kinds)], data[1:]) if data else ("", data)
    try:
        found = parse(body, BASE, {"Content-Type": kind}, NOW, LIMITS)
    except ParseError as error:
        storable_text([str(error)])
        return
    assert len(found.entries) <= LIMITS.max_entries
    storable_text([found.title or ""])
    for entry in found.entries:
        shown(display_text(entry.title))
        assert "\n" not in entry.title, entry.title
        assert entry.key
        storable_text([entry.key, entry.title, entry.summary, entry.content, entry.link or "", *entry.categories])
        assert entry.link is None or address_of(entry.link) is not None, entry.link
        assert entry.published is None or entry.published <= NOW + timedelta(hours=2), entry.published
        harmless(entry.summary)
        harmless(entry.content)


def cleaning(data: bytes) -> None:
    """Clean markup of all kinds."""
    text = data.decode("utf-8", "surrogatepass" if data[:1] < b"\x80" else "replace") if _decodes(data) else _wide(data)
    clean = sanitise(text, BASE)
    harmless(clean)
    again = sanitise(clean)  # what no browser nests alike may be nested otherwise, but says the same
    harmless(again)
    assert plain_text(again).split() == plain_text(clean).split(), clean
    title = plain_title(text)
    assert "\n" not in title, title
    shown(display_text(title))
    for found in (
        plain_text(text),
        plain_text(clean),
        one_line(text),
        storable(text),
        csv_cell(text),
    ):
        storable_text([found])
    shown(display_text(text))


def answers(data: bytes) -> None:
    """Read an HTTP answer; the first byte tells how it is cut into blocks."""
    size = data[0] + 1 if data else 1
    reader = ResponseReader(cast("socket", _Wire(data[1:], size)))
    with suppress(FetchError):
        reader.read_head()
        assert 200 <= reader.status <= 999
        assert all(name == name.lower() and "\n" not in value for name, value in reader.fields)
        codings = reader.every("content-encoding")
        assert len(coding.beginning(data, codings, 1_000)) <= 1_000
        body = reader.read_body(MOST)
        assert len(body) <= MOST
        assert len(coding.decode(body, codings, MOST)) <= MOST
    again = ResponseReader(cast("socket", _Wire(data[1:], 7 * size)))
    with suppress(FetchError):
        again.read_head()
        assert (again.status, again.fields) == (reader.status, reader.fields)  # however it is cut
        assert len(again.read_beginning(1_000, 1.0)) <= 1_000
        again.drain()


def subscriptions(data: bytes) -> None:
    """Read OPML, and read again what is written of it."""
    try:
        found = opml.read(data)
    except ParseError as error:
        storable_text([str(error)])
        return
    assert all(address_of(one.url) is not None for one in found.feeds)
    again = opml.read(opml.write(found.feeds, "again")).feeds
    assert {one.url for one in again} == {shown_address(one) for one in found.feeds}


def archives(data: bytes) -> None:
    """Read lines of an archive: each is an entry or says why not."""
    lines = data.split(b"\n")
    found = list(archive.read(lines))
    assert len(found) <= len(lines)
    for one in found:
        if isinstance(one, ArchiveEntry):
            storable_text([one.data.key, one.data.title, one.data.content, one.source, one.language or ""])
            harmless(one.data.content)
            assert one.data.link is None or address_of(one.data.link) is not None, one.data.link
        else:
            assert "cannot be read" not in one.reason, one.reason  # the net below the declared reasons
            storable_text([one.reason])
    archive.in_date_order([one for one in found if isinstance(one, ArchiveEntry)])


def configuration(data: bytes) -> None:
    """Read a feeds file and a settings file."""
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_ROOM) as folder:
        path = Path(folder) / "file.yaml"
        path.write_bytes(data)
        for read in (lambda: read_feeds(path, {"A": "b"}), lambda: resolve({}, project=path, required=True)):
            told = _fault(read)
            assert told is None or str(path) in told, told
    line = data.decode("utf-8", "replace")
    with suppress(ConfigurationError):
        resolve({"AGGREGATOR_RUN_TICK": line}, project=None, assignments=[line])


def times(data: bytes) -> None:
    """Read moments, days, durations and the dates of feeds."""
    text = data.decode("utf-8", "replace")
    for zone in ZONES:
        with suppress(UsageError):
            found = parse_moment(text, NOW, zone)
            assert found.tzinfo is not None
            str(found)
        with suppress(UsageError):
            parse_day(text, NOW, zone)
    with suppress(UsageError):
        assert parse_clock(text).tzinfo is UTC
    with suppress(ValueError, OverflowError):
        duration = parse_duration(text)
        assert parse_duration(format_duration(duration)) == duration
    for language in (None, "de", "el", "ja", "ar"):
        moment, flag = DateReader(NOW, int(language is None and len(data) % 8 == 0), [text], language).believed(
            text, None
        )
        assert (moment is None) == (flag in ("missing", "unreadable"))
        assert moment is None or (
            moment.tzinfo is not None and moment.year >= 1990 and moment <= NOW + timedelta(days=2)
        )


def addresses(data: bytes) -> None:
    """Read addresses: whoever asks gets one host, and a canonical address is its own."""
    text, _, base = data.decode("utf-8", "surrogatepass" if _decodes(data) else "replace").partition("\n")
    found = address_of(text)
    canonical = canonical_url(text)
    request = request_url(text)
    assert (found is None) == (canonical is None)
    assert request_url(request) == request
    storable_text([absolute_url(text, base or BASE) or "", entry_address(text) or ""])
    joined(base or BASE, text)
    landmarks(text)
    without_counter(text)
    without_version(text)
    storable(mask_secrets(text))
    secret_parts(text)
    if found is None or canonical is None:
        return
    assert canonical_url(canonical) == canonical, canonical
    parts = urlsplit(found.href)
    assert (parts.scheme, parts.hostname, parts.port) == (found.scheme, found.plain_host, found.port), found.href
    assert host_of(text) == found.host
    asked = urlsplit(request)
    assert (asked.hostname, asked.port) == (found.plain_host, found.port), request
    domain = registrable_domain(text)
    assert domain is None or found.host.endswith(domain)


# --- pieces ------------------------------------------------------------------------------------------


class _Wire:
    """A socket that brings bytes in blocks."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = data, size

    def recv(self, count: int) -> bytes:
        block = self._data[: min(count, self._size)]
        self._data = self._data[len(block) :]
        return block

    def settimeout(self, seconds: float) -> None:
        """Nothing is waited for."""


def storable_text(texts: Iterable[str]) -> None:
    """Assert that texts can be stored and sent: UTF-8 without NUL."""
    for text in texts:
        text.encode("utf-8")
        assert "\0" not in text, text


def shown(text: str) -> None:
    """Assert that a text is one line that steers no terminal."""
    text.encode("utf-8")
    assert not any(unicodedata.category(character) == "Cc" for character in text), text


def harmless(markup: str) -> None:
    """Assert that markup neither runs nor loads anything by itself."""
    lowered = markup.lower()
    assert "<script" not in lowered, markup
    assert "<iframe" not in lowered, markup
    for tag in _TAG.findall(lowered):
        assert not _RUNS.search(tag), tag


def _fault(read: Callable[[], object]) -> str | None:
    """Return what a reader of configuration says is wrong."""
    try:
        read()
    except ConfigurationError as error:
        return str(error)
    return None


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _wide(data: bytes) -> str:
    return data.decode("latin-1")


HARNESSES: dict[str, Harness] = {
    "feed": feed,
    "cleaning": cleaning,
    "answers": answers,
    "subscriptions": subscriptions,
    "archives": archives,
    "configuration": configuration,
    "times": times,
    "addresses": addresses,
}
CORPUS = Path(__file__).parent / "corpus"
