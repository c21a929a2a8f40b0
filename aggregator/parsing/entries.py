"""The door: raw entries become safe values, or skips with a reason.

Caps, sanitising, http(s) links only, dates that can be believed, and the identity of each entry inside its feed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from aggregator.model import EntryData, ParsedFeed, PollHints, Skip
from aggregator.model.faults import as_given, described
from aggregator.parsing.dates import DateFlag, DateReader, read_common
from aggregator.parsing.keys import Numbered, key_of, raw_key, rekeyed, shares_keys, text_key, without_doubles
from aggregator.parsing.raw import Markup, RawEntry, RawFeed, RawText
from aggregator.settings import ParseSettings
from aggregator.text.clean import one_line, plain_text, plain_title, sanitise, storable
from aggregator.text.urls import absolute_url

MAX_CATEGORIES = 50
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_BLANKS = " \t\r\n\f\v\0\u00a0\ufeff\u200b"


def admit(
    raw: RawFeed,
    base: str,
    now: datetime,
    limits: ParseSettings,
    hints: PollHints,
    ill_formed: str | None,
    *,
    bad_guids: bool = False,
) -> ParsedFeed:
    """Return a document as safe values.

    ``base`` is the address that relative links start from. ``bad_guids``: this feed's guids were found to stand for
    several stories, now or before; entries are then told apart by guid and link together.
    """
    door = _Door(base, now, limits)
    kept, skips = _newest(raw.entries, limits.max_entries)
    skips += [Skip(number, reason) for number, reason in raw.faults]
    entries: list[Numbered] = []
    for number, entry in kept:
        made = door.entry(number, entry, raw.language)
        if isinstance(made, Skip):
            skips.append(made)
        else:
            entries.append((number, made))
    bad_guids = bad_guids or shares_keys(entries)
    if bad_guids:
        entries = rekeyed(entries)
    entries, doubles = without_doubles(entries)
    return ParsedFeed(
        entries=tuple(data for _, data in entries),
        title=door.title(raw.title) or None,
        link=absolute_url(raw.link, base, limits.max_link) if raw.link else None,
        language=_language(raw.language),
        skips=tuple(sorted(skips + doubles, key=lambda skip: skip.position)),
        hints=hints,
        format=raw.format,
        ill_formed=ill_formed,
        bad_guids=bad_guids,
    )


class _Door:
    """Admits the entries of one document."""

    def __init__(self, base: str, now: datetime, limits: ParseSettings) -> None:
        self._base = base
        self._limits = limits
        self._dates = DateReader(now)

    def entry(self, number: int, raw: RawEntry, feed_language: str | None) -> EntryData | Skip:
        try:
            data = self._entry(raw, feed_language)
        except MemoryError:
            raise  # the worker's, not the entry's
        except Exception as error:  # noqa: BLE001 - whatever an entry raises costs that entry
            return Skip(number, f"entry {number} cannot be read: {described(error)}", as_given(raw))
        if data is None:
            return Skip(number, f"entry {number} is empty: no id, link, title, text, author or date")
        return data

    def _entry(self, raw: RawEntry, feed_language: str | None) -> EntryData | None:
        limits = self._limits
        title = self.title(raw.title)
        content = max(raw.contents, key=lambda text: len(text.value)) if raw.contents else None
        summary = self._markup(raw.summary, limits.max_summary)
        published, flag, published_text = self._published(raw)
        guid = storable(raw.guid).strip(_BLANKS) if raw.guid else ""
        if guid.startswith("/") and raw.guid_is_link:
            guid = absolute_url(guid, self._base) or guid
        link = self._link(raw, guid)
        source_url, canonical = raw.source_url, raw.canonical_link
        text = self._markup(content, limits.max_content) if content is not None else ""
        key = key_of(guid, link) or text_key(title, published_text, summary, text) or raw_key(raw)
        if not key:
            return None
        return EntryData(
            key=key,
            title=title,
            guid=guid or None,
            link=link,
            summary=summary,
            content=text,
            author=self._line(raw.author) or "",
            published=published,
            updated=self._dates.believed(raw.updated_text, raw.updated_read)[0],
            published_text=published_text,
            date_flag=flag,
            language=_language(raw.language) if raw.language != feed_language else None,
            source_title=self._line(raw.source_title),
            source_url=absolute_url(source_url, self._base, limits.max_link) if source_url else None,
            canonical_link=absolute_url(canonical, self._base, limits.max_link) if canonical else None,
            categories=_categories(raw.categories),
        )

    def title(self, text: RawText) -> str:
        value = text.value[: 10 * self._limits.max_title]
        if text.markup is Markup.TEXT:
            title = one_line(value)
        elif text.markup is Markup.HTML and "<" in value:
            title = one_line(plain_text(value))
        else:
            title = plain_title(value)
        return title[: self._limits.max_title].rstrip()

    def _line(self, text: str | None) -> str | None:
        limit = self._limits.max_title
        return plain_title(text[: 10 * limit])[:limit].rstrip() or None if text else None

    def _markup(self, text: RawText, limit: int) -> str:
        value = text.value[:limit]
        if not value:
            return ""
        if text.markup is Markup.TEXT:
            safe = html.escape(storable(value), quote=False).strip()
        else:
            safe = sanitise(value, text.base or self._base)
        return safe if len(safe) <= limit else _cut(safe, limit)

    def _published(self, raw: RawEntry) -> tuple[datetime | None, DateFlag, str | None]:
        flag: DateFlag = "missing"
        first_text: str | None = None
        for text, read in (
            (raw.published_text, raw.published_read),
            (raw.created_text, raw.created_read),
            (raw.updated_text, raw.updated_read),
        ):
            if not text and read is None:
                continue
            time, this_flag = self._dates.believed(text, read)
            if time is not None:
                return time, this_flag, one_line(text or "")[:200]
            flag, first_text = "unreadable", first_text or one_line(text or "")[:200]
        return None, flag, first_text

    def _link(self, raw: RawEntry, guid: str) -> str | None:
        candidates = [raw.link, raw.other_link]
        if raw.guid_is_link and "://" in guid:
            candidates.append(guid)
        for candidate in candidates:
            if candidate:
                link = absolute_url(storable(candidate), self._base, self._limits.max_link)
                if link is not None:
                    return link
        return None


def _cut(markup: str, limit: int) -> str:
    """Return sanitised markup that fits, whole: cut before a broken tag or entity, open elements closed."""
    room = limit - limit // 10
    short = markup[:room]
    if short.rfind("<") > short.rfind(">"):
        short = short[: short.rfind("<")]
    if "&" in short[-12:] and ";" not in short[short.rfind("&") :]:
        short = short[: short.rfind("&")]
    short = sanitise(short)
    return short if len(short) <= limit else html.escape(plain_text(short)[: limit // 6], quote=False)


def _language(tag: str | None) -> str | None:
    tag = tag.strip().replace("_", "-") if tag else ""
    return tag if _LANGUAGE.fullmatch(tag) else None


def _categories(terms: Sequence[str]) -> tuple[str, ...]:
    seen = dict.fromkeys(plain_title(term[:2_000])[:200] for term in terms[:1_000])
    seen.pop("", None)
    return tuple(seen)[:MAX_CATEGORIES]


def _newest(entries: Sequence[RawEntry], limit: int) -> tuple[list[tuple[int, RawEntry]], list[Skip]]:
    """Return the newest ``limit`` entries in document order, with their numbers, and a skip for each other."""
    numbered = list(enumerate(entries, 1))
    if len(numbered) <= limit:
        return numbered, []
    latest = datetime.max.replace(tzinfo=UTC)  # undated entries: documents begin with the newest

    def age(pair: tuple[int, RawEntry]) -> datetime:
        text = pair[1].published_text or pair[1].created_text or pair[1].updated_text
        reading = read_common(text) if text else None
        return reading.time if reading is not None else latest

    kept = {number for number, _ in sorted(numbered, key=age, reverse=True)[:limit]}
    reason = f"over the limit of {limit} entries a document; the newest are kept"
    return [pair for pair in numbered if pair[0] in kept], [
        Skip(number, reason) for number, _ in numbered if number not in kept
    ]
