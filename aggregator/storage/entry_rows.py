"""Conversion between rows of ``entry`` and values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from aggregator.model import Entry, EntryData, Evidence
from aggregator.storage.damage import from_json
from aggregator.storage.times import from_text, to_text


class Place(NamedTuple):
    """The report, story and storyline of an entry."""

    report: str
    story: str
    storyline: str | None


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """The values of a stored entry that decide whether an arriving entry is known, edited or new."""

    id: str
    number: int
    key: str
    guid: str | None
    title: str
    url: str | None
    canonical_url: str | None
    content_hash: str
    revisions: int
    last_seen: datetime
    facts: Facts
    time: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of an entry, besides its text, that a publisher may correct."""

    published: datetime | None = None
    published_text: str | None = None
    date_flag: str = "missing"
    author: str = ""
    categories: tuple[str, ...] = ()


def facts_of(data: EntryData) -> Facts:
    """Return the facts of an entry as its feed gives them."""
    return Facts(data.published, data.published_text, data.date_flag, data.author, data.categories)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as it is written: the publisher's words, and what was derived from them."""

    id: str
    feed_id: int
    data: EntryData
    publisher: str
    agency: str | None
    language: str | None
    category: str | None
    canonical_url: str | None
    time: datetime
    text: str
    content_hash: str
    correction: str | None
    evidence: Evidence
    index_title: str  # normalised words for full-text search
    index_text: str
    backlog: bool = False


KNOWN = (
    "id, number, key, guid, title, url, canonical_url, content_hash, revisions, last_seen,"
    " published, published_text, date_flag, author, categories, time"
)
KNOWN_OF_ENTRY = ", ".join(f"e.{name}" for name in KNOWN.split(", "))
# The columns that are written whenever an entry's text is: column -> its value.
_WRITTEN: Final[Mapping[str, Callable[[EntryRow], object]]] = {
    "guid": lambda row: row.data.guid,
    "title": lambda row: row.data.title,
    "url": lambda row: row.data.link,
    "canonical_url": lambda row: row.canonical_url,
    "publisher": lambda row: row.publisher,
    "agency": lambda row: row.agency,
    "language": lambda row: row.language,
    "category": lambda row: row.category,
    "author": lambda row: row.data.author,
    "published": lambda row: to_text(row.data.published),
    "published_text": lambda row: row.data.published_text,
    "date_flag": lambda row: row.data.date_flag,
    "updated": lambda row: to_text(row.data.updated),
    "time": lambda row: to_text(row.time),
    "summary": lambda row: row.data.summary,
    "content": lambda row: row.data.content,
    "text": lambda row: row.text,
    "content_hash": lambda row: row.content_hash,
    "correction": lambda row: row.correction,
    "source_title": lambda row: row.data.source_title,
    "source_url": lambda row: row.data.source_url,
    "canonical_link": lambda row: row.data.canonical_link,
    "categories": lambda row: _categories_text(row.data.categories),
    "evidence": lambda row: evidence_text(row.evidence),
}
FACTS = ", ".join(
    f"e.{name}"
    for name in (
        *_WRITTEN,
        "id",
        "number",
        "key",
        "first_seen",
        "last_seen",
        "report_id",
        "story_id",
        "revisions",
        "backlog",
    )
    if name not in ("summary", "content", "text")
)
INSERT = (
    f"INSERT INTO entry ({', '.join(_WRITTEN)}, first_seen, last_seen, id, feed_id, key, backlog, number)"
    f" VALUES ({', '.join('?' * (len(_WRITTEN) + 7))})"
)
REVISE = f"UPDATE entry SET {', '.join(f'{name} = ?' for name in _WRITTEN)}, last_seen = ?, revisions = revisions + ? WHERE id = ?"
AMEND = "UPDATE entry SET published = ?, published_text = ?, date_flag = ?, author = ?, categories = ?, time = ? WHERE number = ?"
# Of each fact the first amendment and the last ones are kept, so that a feed that changes its dates at every poll fills no disk.
MAX_AMENDMENTS = 20
AMENDMENTS_KEPT = (
    "DELETE FROM amendment WHERE entry_id = :entry AND field = :field AND id NOT IN"
    " (SELECT id FROM (SELECT id FROM amendment WHERE entry_id = :entry AND field = :field ORDER BY id DESC LIMIT :kept - 1))"
    " AND id <> (SELECT min(id) FROM amendment WHERE entry_id = :entry AND field = :field)"
)


@dataclass(frozen=True, slots=True)
class Amendment:
    """A fact that a publisher corrected: ``field`` is published, author or categories."""

    field: str
    before: str | None
    after: str | None
    at: datetime


def fact_values(facts: Facts) -> tuple[str | None, ...]:
    """Return facts as they are stored, in the order of ``AMEND``."""
    return (
        to_text(facts.published),
        facts.published_text,
        facts.date_flag,
        facts.author,
        _categories_text(facts.categories),
    )


def _categories_text(categories: Sequence[str]) -> str:
    return json.dumps(categories, ensure_ascii=False) if categories else "[]"


def changed_facts(before: Facts, after: Facts) -> list[tuple[str, str | None, str | None]]:
    """Return the fields that differ, with both values as they are stored."""
    if before == after:
        return []
    published, _, _, author, categories = fact_values(before)
    date_text, _, _, byline, terms = fact_values(after)
    fields = (("published", published, date_text), ("author", author, byline), ("categories", categories, terms))
    return [one for one in fields if one[1] != one[2]]


def values_of(row: EntryRow) -> tuple[object, ...]:
    """Return the values of a row in the order in which ``INSERT`` and ``REVISE`` begin."""
    return tuple(value(row) for value in _WRITTEN.values())


def inserted(row: EntryRow, seen: str, number: int | None) -> tuple[object, ...]:
    """Return the values of ``INSERT`` for an entry first seen at a time; where ``number`` is None SQLite gives one."""
    return (*values_of(row), seen, seen, row.id, row.feed_id, row.data.key, int(row.backlog), number)


def evidence_text(evidence: Evidence) -> str:
    """Return evidence as it is stored."""
    return json.dumps(evidence, ensure_ascii=False, sort_keys=True) if evidence else "{}"


def known_of(row: Sequence[Any]) -> KnownEntry:
    """Return a row of ``KNOWN`` as a value."""
    entry_id, number, key, guid, title, url, canonical_url, content_hash, revisions, last_seen, *fact_columns, time = (
        row
    )
    published, published_text, date_flag, author, categories = fact_columns
    facts = Facts(from_text(published), published_text, date_flag, author, tuple(from_json(categories, list)))
    seen = from_text(last_seen)
    return KnownEntry(
        entry_id, number, key, guid, title, url, canonical_url, content_hash, revisions, seen, facts, from_text(time)
    )


def entry_of(row: sqlite3.Row) -> Entry:
    """Return a row of ``FACTS`` and its feed as an entry."""
    evidence = row["evidence"]
    signature = {} if evidence == "{}" else from_json(evidence, dict).get("agency") or {}
    return Entry(
        id=row["id"],
        data=_data_of(row),
        feed=row["feed_name"],
        feed_url=row["feed_url"],
        publisher=row["publisher"],
        language=row["language"],
        canonical_url=row["canonical_url"],
        agency=row["agency"],
        authority=row["authority"],
        category=row["category"],
        first_seen=from_text(row["first_seen"]),
        last_seen=from_text(row["last_seen"]),
        time=from_text(row["time"]),
        text_length=row["text_length"],
        report_id=row["report_id"],
        story_id=row["story_id"],
        revisions=row["revisions"],
        correction=row["correction"],
        from_agency_feed=bool(row["agency_feed"]),
        backlog=bool(row["backlog"]),
        agency_form=signature.get("form"),
        agency_words=signature.get("words", ""),
        opening=" ".join(row["opening"].split()),
    )


def _data_of(row: sqlite3.Row) -> EntryData:
    """Return the publisher's words in a row of ``FACTS``."""
    categories = row["categories"]
    return EntryData(
        key=row["key"],
        title=row["title"],
        guid=row["guid"],
        link=row["url"],
        summary=row["summary"],
        content=row["content"],
        author=row["author"],
        published=from_text(row["published"]),
        updated=from_text(row["updated"]),
        published_text=row["published_text"],
        date_flag=row["date_flag"],
        language=row["language"],
        source_title=row["source_title"],
        source_url=row["source_url"],
        canonical_link=row["canonical_link"],
        categories=() if categories == "[]" else tuple(from_json(categories, list)),
    )
