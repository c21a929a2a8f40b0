"""The list of stories: its form, and its query from page to page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Literal, get_args
from urllib.parse import urlencode

from aggregator import Aggregator, StoryQuery
from aggregator.config.durations import parse_duration
from aggregator.model import StorySummary

Sort = Literal["latest", "publishers", "entries", "first"]
SORTS: dict[Sort, str] = {
    "latest": "Latest first",
    "publishers": "Most publishers",
    "entries": "Most entries",
    "first": "Newest stories",
}
WINDOWS = ("1h", "6h", "24h", "3d", "7d")  # those that are offered
PER_PAGE = 60
MOST_PAGES = 200
_LONGEST = 200  # characters of a filter


@dataclass(frozen=True, slots=True)
class Filters:
    """The values of the form above the list."""

    match: str = ""
    since: str = ""
    min_publishers: int = 1
    publisher: str = ""
    lang: str = ""
    category: str = ""
    sort: Sort = "latest"
    page: int = 1

    @property
    def address(self) -> str:
        """The filters as the query of an address; empty if all have their defaults."""
        return self.turned_to(self.page)

    @property
    def is_set(self) -> bool:
        """Return whether any filter besides the order is set."""
        return replace(self, sort="latest", page=1) != _UNSET

    def turned_to(self, page: int) -> str:
        """Return the address of another page of the same list."""
        shown = replace(self, page=page)
        values = {one.name: getattr(shown, one.name) for one in fields(shown)}
        text = urlencode({name: value for name, value in values.items() if value != getattr(_UNSET, name)})
        return f"?{text}" if text else ""

    def query(self, now: datetime, limit: int) -> StoryQuery:
        """Return the query for the first ``limit`` stories."""
        return StoryQuery(
            since=_before(now, self.since) if self.since else None,
            match=self.match or None,
            min_publishers=self.min_publishers,
            publisher=self.publisher or None,
            language=self.lang or None,
            category=self.category or None,
            sort=self.sort,
            limit=limit,
        )


_UNSET = Filters()


def filters_of(given: Mapping[str, str]) -> Filters:
    """Return the filters of an address; invalid values are ignored."""
    sort = given.get("sort", "")
    return Filters(
        match=_text(given, "match"),
        since=_duration(given.get("since", "")),
        min_publishers=_number(given, "min_publishers", 1_000),
        publisher=_text(given, "publisher"),
        lang=_text(given, "lang"),
        category=_text(given, "category"),
        sort=sort if sort in get_args(Sort) else "latest",  # type: ignore[arg-type]
        page=_number(given, "page", MOST_PAGES),
    )


def listed(app: Aggregator, filters: Filters) -> tuple[list[StorySummary], bool]:
    """Return a page of the list, and whether there is a next page."""
    end = filters.page * PER_PAGE
    found = app.stories(filters.query(app.clock(), end + 1))
    return found[end - PER_PAGE : end], len(found) > end


def _text(given: Mapping[str, str], key: str) -> str:
    return given.get(key, "").strip()[:_LONGEST]


def _duration(text: str) -> str:
    """Return a duration as `--since` takes it; empty where it is none."""
    try:
        parse_duration(text)
    except ValueError:
        return ""
    return text.strip()


def _before(now: datetime, duration: str) -> datetime:
    try:
        return now - parse_duration(duration)
    except OverflowError:  # before there was a calendar
        return datetime.min.replace(tzinfo=now.tzinfo)


def _number(given: Mapping[str, str], key: str, most: int) -> int:
    text = given.get(key, "")
    return min(max(int(text), 1), most) if text.isascii() and text.isdecimal() and len(text) < 10 else 1
