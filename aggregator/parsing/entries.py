"""Admission of raw entries: each becomes a sanitised value, or a skip with a reason.

Texts are cut to their limits and sanitised, links must be http(s), dates must be credible, and each entry gets its key
inside the feed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from mimetypes import guess_type

from aggregator.model import EntryData, ParsedFeed, PollHints, Skip
from aggregator.model.faults import as_given, described
from aggregator.parsing.date_forms import without_markup
from aggregator.parsing.dates import DateFlag, DateReader
from aggregator.parsing.keys import Numbered, key_of, raw_key, rekeyed, shares_keys, text_key, without_duplicates
from aggregator.parsing.links import address_in
from aggregator.parsing.raw import Markup, RawEntry, RawFeed, RawText
from aggregator.settings import ParseSettings
from aggregator.text.address import is_front_page, joined
from aggregator.text.clean import one_line, plain_text, plain_title, sanitise, storable
from aggregator.text.escapes import (
    has_inline_markup,
    is_markup,
    singly_encoded,
    unescaped_markup,
    with_surrogates_joined,
    without_backslashes,
    without_cdata_marks,
    without_references,
)
from aggregator.text.forwarders import page_behind
from aggregator.text.urls import absolute_url, registrable_domain

MAX_CATEGORIES = 50
MAX_AUTHORS = 100
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_NO_REPLY = re.compile(r"[(<]?(?:no|do)[-_.]?(?:not[-_.]?)?reply@[\w.-]+[)>]?", re.IGNORECASE)
_FILE = re.compile(r"data:[\w.+-]{1,60}/[\w.+-]{1,60};base64,[A-Za-z0-9+/=%\s]*+")
_BLANKS = " \t\r\n\f\v\0\u00a0\ufeff\u200b"
_MEDIA = ("audio/", "video/", "image/")


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

    ``base`` is the base of relative links. ``bad_guids``: an earlier document of this feed used one guid for several
    entries; entries are then distinguished by guid and link together.
    """
    dates = DateReader(now, texts=_date_texts(raw.entries), language=raw.language)
    admission = _EntryAdmission(_base_of(raw, base), dates, limits, raw.authors)
    kept, skips = _newest(raw.entries, limits.max_entries, dates)
    skips += [Skip(number, reason) for number, reason in raw.faults]
    entries, unusable = admission.entries(kept, raw.language)
    skips += unusable
    bad_guids = bad_guids or shares_keys(entries)
    if bad_guids:
        entries = rekeyed(entries)
    entries, doubles = without_duplicates(entries)
    return ParsedFeed(
        entries=tuple(data for _, data in entries),
        title=admission.title(raw.title) or None,
        link=absolute_url(raw.link, base, limits.max_link) if raw.link else None,
        language=_language(raw.language),
        skips=tuple(sorted(skips + doubles, key=lambda skip: skip.position)),
        hints=hints,
        format=raw.format,
        ill_formed=ill_formed,
        bad_guids=bad_guids,
    )


def _base_of(raw: RawFeed, base: str) -> str:
    """Return the base of relative addresses.

    In Atom and JSON Feed it is the document's address (RFC 4287 2, RFC 3986 5.1.3). RSS has no rule; its readers use
    the channel's link, because the host of a feed often differs from that of its pages. A link to the machine that the
    feed was made on (``http://localhost:1313/``) is ignored.
    """
    site = absolute_url(raw.link, base) if raw.link and not raw.format.startswith(("atom", "json")) else None
    if site is None or (registrable_domain(site) is None and registrable_domain(base) is not None):
        return base
    return site


def _date_texts(entries: Sequence[RawEntry]) -> list[str]:
    return [
        without_markup(text)
        for entry in entries
        for text in (entry.published_text, entry.created_text, entry.updated_text)
        if text
    ]


class _EntryAdmission:
    """Admits the entries of one document."""

    def __init__(self, base: str, dates: DateReader, limits: ParseSettings, authors: Sequence[str]) -> None:
        self._base = base
        self._feed_authors = authors
        self._limits = limits
        self._dates = dates

    def entries(
        self, numbered: Sequence[tuple[int, RawEntry]], feed_language: str | None
    ) -> tuple[list[Numbered], list[Skip]]:
        """Return the usable entries with their numbers, and a skip for each other."""
        entries: list[Numbered] = []
        skips: list[Skip] = []
        for number, raw in numbered:
            admitted = self._admitted(number, raw, feed_language)
            if isinstance(admitted, Skip):
                skips.append(admitted)
            else:
                entries.append((number, admitted))
        return entries, skips

    def _admitted(self, number: int, raw: RawEntry, feed_language: str | None) -> EntryData | Skip:
        try:
            data = self._entry(raw, feed_language)
        except MemoryError:
            raise  # the worker's, not the entry's
        except Exception as error:  # noqa: BLE001 - an error in one entry costs only that entry
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
        guid = storable(without_cdata_marks(raw.guid)).strip(_BLANKS) if raw.guid else ""
        if guid.startswith("/") and raw.guid_is_link:
            guid = absolute_url(guid, self._base) or guid
        given = self._link(raw, guid)
        link = absolute_url(page_behind(given), self._base, limits.max_link) or given if given else None
        source_url, canonical = raw.source_url, raw.canonical_link
        if link and link != given and not (raw.source_title or source_url):
            source_url = joined(link, "/")  # who sends readers on through a counter tells of another's page
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
            author=self._authors(raw.authors or raw.source_authors or self._feed_authors),
            published=published,
            updated=self._dates.believed(without_markup(raw.updated_text or ""), raw.updated_read)[0],
            published_text=published_text,
            date_flag=flag,
            language=_language(raw.language) if raw.language != feed_language else None,
            source_title=self._line(raw.source_title),
            source_url=absolute_url(source_url, self._base, limits.max_link) if source_url else None,
            canonical_link=absolute_url(canonical, self._base, limits.max_link) if canonical else None,
            categories=_categories(raw.categories),
        )

    def title(self, text: RawText) -> str:
        value = singly_encoded(without_cdata_marks(text.value[: 10 * self._limits.max_title]))
        value = with_surrogates_joined(value)
        if text.markup is Markup.TEXT:
            title = one_line(value)
        elif text.markup is Markup.HTML and "<" in value:
            title = one_line(plain_text(value))
        else:
            title = plain_title(value)
        title = one_line(without_references(title))
        if has_inline_markup(title):
            title = plain_title(title)
        return without_backslashes(title)[: self._limits.max_title].rstrip()

    def _line(self, text: str | None) -> str | None:
        return self.title(RawText(text)) or None if text else None

    def _authors(self, names: Sequence[str]) -> str:
        lines = (_without_no_reply(line) for name in names[:MAX_AUTHORS] if (line := self._line(name)))
        found = dict.fromkeys(filter(None, lines))
        people = [name for name in found if not any(_is_same_person(name, other) for other in found)]
        return ", ".join(people)[: self._limits.max_title].rstrip()

    def _markup(self, text: RawText, limit: int) -> str:
        value = with_surrogates_joined(singly_encoded(_without_files(text.value)[:limit]))
        if not value:
            return ""
        if text.markup is Markup.TEXT:
            value = without_cdata_marks(value)
        if text.markup is Markup.TEXT and not is_markup(value):
            safe = html.escape(storable(without_references(value)), quote=False).strip()
        else:
            value = without_cdata_marks(value, everywhere=True)
            safe = sanitise(unescaped_markup(value), text.base or self._base)
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
            text = without_markup(without_cdata_marks(text)) if text else text
            time, this_flag = self._dates.believed(text, read)
            if time is not None:
                return time, this_flag, one_line(text or "")[:200]
            flag, first_text = "unreadable", first_text or one_line(text or "")[:200]
        return None, flag, first_text

    def _link(self, raw: RawEntry, guid: str) -> str | None:
        candidates = [raw.link, raw.other_link]
        if raw.guid_is_link and "://" in guid:
            candidates.append(guid)
        candidates.append(raw.enclosure)
        for candidate in candidates:
            if candidate:
                address = address_in(storable(without_cdata_marks(candidate)))
                link = absolute_url(address, self._base, self._limits.max_link)
                if link is not None:
                    return self._permalink(raw, guid, link) or link
        return None

    def _permalink(self, raw: RawEntry, guid: str, link: str) -> str | None:
        """Return the guid if it is the address of a page and the link only leads to the front page of the same site."""
        if not (raw.guid_is_link and "://" in guid and is_front_page(link)):
            return None
        address = absolute_url(guid, self._base, self._limits.max_link)
        same = address is not None and registrable_domain(address) == registrable_domain(link)
        if address is None or not same or is_front_page(address):
            return None
        kind, _ = guess_type(address)
        return None if kind and kind.startswith(_MEDIA) else address  # a podcast's guid may be its audio file


def _without_no_reply(byline: str) -> str:
    """Return a byline without the no-reply address that publishing software writes beside the name."""
    if "reply@" not in byline.lower():
        return byline
    name = _NO_REPLY.sub(" ", byline).strip()
    return name[1:-1].strip() if name.startswith("(") and name.endswith(")") else name


def _without_files(text: str) -> str:
    """Return markup without the content of embedded files; links to them are dropped anyway, and they would use up the limit."""
    return _FILE.sub("data:,", text) if ";base64," in text else text


def _is_same_person(name: str, other: str) -> bool:
    """Return whether another byline is the same name with an address or a role."""
    return name != other and name in other and any(mark in other.replace(name, "", 1) for mark in "(@<:")


def _cut(markup: str, limit: int) -> str:
    """Return sanitised markup of at most ``limit`` characters: cut before a broken tag or entity, open elements closed."""
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
    lines = (plain_title(without_cdata_marks(term[:2_000])) for term in terms[:1_000])
    seen = dict.fromkeys(one_line(without_references(line))[:200] for line in lines)
    seen.pop("", None)
    return tuple(seen)[:MAX_CATEGORIES]


def _newest(
    entries: Sequence[RawEntry], limit: int, dates: DateReader
) -> tuple[list[tuple[int, RawEntry]], list[Skip]]:
    """Return the newest ``limit`` entries in document order, with their numbers, and a skip for each other."""
    numbered = list(enumerate(entries, 1))
    if len(numbered) <= limit:
        return numbered, []
    latest = datetime.max.replace(tzinfo=UTC)  # undated entries: documents begin with the newest

    def age(pair: tuple[int, RawEntry]) -> datetime:
        text = pair[1].published_text or pair[1].created_text or pair[1].updated_text
        reading = dates.read(text) if text else None
        return reading.time if reading is not None else latest

    kept = {number for number, _ in sorted(numbered, key=age, reverse=True)[:limit]}
    reason = f"over the limit of {limit} entries a document; the newest are kept"
    return [pair for pair in numbered if pair[0] in kept], [
        Skip(number, reason) for number, _ in numbered if number not in kept
    ]
