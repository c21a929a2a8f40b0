"""JSON Lines archives: entries read from their lines, including those that ``export`` wrote."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from aggregator.model import EntryData, Skip
from aggregator.model.faults import described
from aggregator.parsing.dates import DateReader
from aggregator.parsing.jsonfeed import whole_number
from aggregator.settings import ParseSettings
from aggregator.text.clean import one_line, plain_text, plain_title, sanitise, storable
from aggregator.text.language import primary_language
from aggregator.text.urls import absolute_url

# The publisher of a line that names no source and has no address that identifies a publisher.
UNNAMED = "archive"

MAX_LINE = 20_000_000  # bytes
MAX_ID = 1_000  # characters
_MARKUP = re.compile(
    r"</?(?:p|br|div|a|b|i|em|strong|ul|ol|li|h[1-6]|img|span|blockquote|table|article|section|script|style)\b[^<>]*>"
    r"|&(?:amp|lt|gt|quot|nbsp|apos|#\d{1,6}|#x[0-9a-f]{1,5});",
    re.IGNORECASE,
)
_ENTRY_ID = re.compile("e[0-9a-z]{10}")
_LIMITS = ParseSettings()
_FAR = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One usable line; ``data.key`` is the archive's ``id``, ``source`` the publisher, ``cluster`` the label, if any."""

    line: int
    data: EntryData
    source: str
    language: str | None
    cluster: str | None = None
    time: datetime | None = None  # lines are imported in the order of this time
    origin: Origin | None = None  # of a line that `export` wrote


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of an exported entry: its feed's address, when the exporting desk first saw it, its agency."""

    feed: str
    first_seen: datetime | None
    agency: str | None


class _UnusableError(ValueError):
    """Why a line is left out."""


def read(lines: Iterable[bytes]) -> Iterator[ArchiveEntry | Skip]:
    """Yield an entry or a skip for each line that is not blank, in the order of the file; future dates are accepted."""
    dates = DateReader(_FAR, slow_readings=1_000)
    for number, line in enumerate(lines, 1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            yield _entry(number, _members(line), dates)
        except _UnusableError as reason:
            yield Skip(number, f"line {number}: {reason}")
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a line raises costs that line
            yield Skip(number, f"line {number}: cannot be read: {described(error)}")


def in_date_order(entries: Iterable[ArchiveEntry]) -> list[ArchiveEntry]:
    """Return entries by date, then by id; undated ones last, in the order of the file."""
    return sorted(entries, key=date_order)


def date_order(one: ArchiveEntry) -> tuple[bool, datetime, str, int]:
    """Return the sort key of an entry: date and id; undated entries come last."""
    return one.time is None, one.time or _FAR, one.data.key if one.time else "", one.line


def _members(line: bytes) -> dict[str, object]:
    if len(line) > MAX_LINE:
        raise _UnusableError(f"longer than {MAX_LINE // 1_000_000} MB")
    try:
        members = json.loads(line.decode("utf-8"), strict=False, parse_int=whole_number)
    except UnicodeDecodeError as error:
        raise _UnusableError(f"not UTF-8 at byte {error.start + 1}") from None
    except (ValueError, RecursionError) as error:
        raise _UnusableError(f"not JSON: {error}") from None
    if not isinstance(members, dict):
        raise _UnusableError("not a JSON object")
    return cast("dict[str, object]", members)


def _entry(number: int, members: dict[str, object], dates: DateReader) -> ArchiveEntry:
    exported = _exported(members)
    key = _text(members, "key" if exported else "id").strip()
    if not key:
        raise _UnusableError("no id")
    if len(key) > MAX_ID:
        raise _UnusableError(f"an id of more than {MAX_ID} characters")
    title = _text(members, "title")[: 10 * _LIMITS.max_title]
    title = (one_line(title) if exported else plain_title(title))[: _LIMITS.max_title].rstrip()
    content = _markup(_text(members, "body"), _LIMITS.max_content)
    summary = _markup(_text(members, "summary"), _LIMITS.max_summary)
    if not (title or plain_text(content) or plain_text(summary)):
        raise _UnusableError("neither title nor body")
    url = _text(members, "url")
    published_text = _text(members, "published" if exported else "date")
    published, flag = dates.believed(published_text or None, None)
    source = one_line(_text(members, "source"))
    language = primary_language(_text(members, "lang"))
    data = EntryData(
        key=key,
        title=title,
        guid=key,
        link=absolute_url(url, "", _LIMITS.max_link) if url else None,
        summary=summary,
        content=content,
        author=one_line(_text(members, "author"))[: _LIMITS.max_title],
        published=published,
        published_text=one_line(published_text)[:200] or None,
        date_flag=flag,
        language=language,
        source_title=source if exported else None,
    )
    cluster = _text(members, "cluster") or None
    if not exported:
        return ArchiveEntry(number, data, source, language, cluster, published)
    first_seen, _ = dates.believed(_text(members, "first_seen") or None, None)
    time, _ = dates.believed(_text(members, "date") or None, None)
    origin = Origin(_text(members, "feed"), first_seen, _text(members, "agency") or None)
    return ArchiveEntry(number, data, source, language, cluster, time or published, origin)


def _exported(members: dict[str, object]) -> bool:
    """Return whether a line was written by ``export``: read back, it is the same entry of the same feed under the same id."""
    return (
        _ENTRY_ID.fullmatch(str(members.get("id"))) is not None
        and all(isinstance(members.get(name), str) and members[name] for name in ("key", "feed"))
        and {"report_id", "story_id", "first_seen"} <= members.keys()
    )


def _text(members: dict[str, object], name: str) -> str:
    value = members.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # more digits than Python is willing to write out
            raise _UnusableError(f"{name} is a number of too many digits") from None
    raise _UnusableError(f"{name} is neither text nor number")


def _markup(text: str, limit: int) -> str:
    """Return text or HTML as safe HTML; text keeps its line breaks."""
    text = text[:limit].strip()
    if not _MARKUP.search(text):
        return html.escape(text, quote=False)
    return sanitise(text)
