"""The corrections, kills and withdrawals of a story, with the copies that still carry the old wording.

A notice has the time of the version that contained it first, and counts once, however many copies carry it. Nothing is deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.desk.reader import Reader
from aggregator.desk.revisions import until, versions_of
from aggregator.digest.values import Correction, Source, Window
from aggregator.model import Entry, Story, by_time
from aggregator.model.withdrawals import WITHDRAWN
from aggregator.newsroom.alignment import StepBudget
from aggregator.newsroom.corrections import earlier_version_statement, own_notices, recognise, stale_copies
from aggregator.newsroom.novelty import Version
from aggregator.text.tokens import words

log = logging.getLogger("aggregator.corrections")

_DISTINCT = 4  # words; a headline of this length identifies a text


@dataclass(frozen=True, slots=True)
class _DatedNotice:
    """A notice of an entry, with the version that contained it first and the version that it corrected."""

    entry: Entry
    kind: str
    statement: str
    version: Version
    before: Version | None


@dataclass(frozen=True, slots=True)
class _StoryTexts:
    """The entries of a story and their versions; ``carrying`` are the ids of entries with a notice, ``budget`` is shared by all notices."""

    members: Sequence[Entry]
    versions: Mapping[str, Sequence[Version]]
    carrying: frozenset[str]
    budget: StepBudget


def notices(reader: Reader, story: Story, window: Window) -> tuple[Correction, ...]:
    """Return the notices of a window, oldest first, from the texts at the end of the window."""
    members = sorted(story.entries, key=by_time)
    given = _dated_notices(reader, members, window.until)
    recent = [one for one in _without_copies(_own_notices(given, members)) if window.holds(one.version.time)]
    if not recent:
        return ()
    versions = until(versions_of(reader, members), window.until)
    texts = _StoryTexts(members, versions, frozenset(one.entry.id for one in given), StepBudget())
    return tuple(_correction(story.summary.id, one, texts) for one in recent)


def notice_times(reader: Reader, story: Story, before: datetime) -> dict[str, datetime]:
    """Return entry id -> time of its notice, for all entries with a notice of their own publisher's text, copies included."""
    members = story.entries
    return {one.entry.id: one.version.time for one in _own_notices(_dated_notices(reader, members, before), members)}


def _dated_notices(reader: Reader, members: Sequence[Entry], before: datetime) -> list[_DatedNotice]:
    suspects = [entry for entry in members if entry.correction or entry.revisions]
    versions = until(versions_of(reader, suspects), before)
    return [one for entry in suspects if entry.id in versions and (one := _guarded(reader, entry, versions[entry.id]))]


def _guarded(reader: Reader, entry: Entry, versions: Sequence[Version]) -> _DatedNotice | None:
    """Return the notice of an entry; None if the entry raises an error."""
    try:
        return _dated_notice(entry, versions)
    except Exception as error:
        reader.faults.append((entry.id, error))
        log.exception("entry %s could not be looked at for a correction notice", entry.id)
        return None


def _own_notices(given: Sequence[_DatedNotice], members: Sequence[Entry]) -> list[_DatedNotice]:
    """Return the notices about a publisher's own text; a claim about another publisher's text is no notice."""
    kinds = {one.entry.id: one.kind for one in given}
    # an edit of an entry that was a notice from its first version on withdraws no text of its own
    never_a_text = {one.entry.id for one in given if one.before is None}
    own = own_notices(
        [
            replace(
                entry,
                correction=kinds.get(entry.id),
                revisions=0 if entry.id in never_a_text else entry.revisions,
            )
            for entry in members
        ]
    )
    return [one for one in given if one.entry.id in own]


def _dated_notice(entry: Entry, versions: Sequence[Version]) -> _DatedNotice | None:
    """Return the notice in the last of these versions, dated by the version that brought it."""
    if entry.correction is None and len(versions) > entry.revisions:
        return None  # it was checked when it arrived, and has not changed since
    last = recognise(versions[-1].title, versions[-1].text)
    if last is None:
        if entry.correction is None or len(versions) <= entry.revisions:
            return None
        return _DatedNotice(entry, entry.correction, "", versions[-1], None)  # recognised by an earlier release only
    place = len(versions) - 1
    while place:
        earlier = recognise(versions[place - 1].title, versions[place - 1].text)
        if earlier is None or (earlier.kind, earlier.statement) != (last.kind, last.statement):
            break
        place -= 1
    return _DatedNotice(entry, last.kind, last.statement, versions[place], versions[place - 1] if place else None)


def _without_copies(given: Iterable[_DatedNotice]) -> list[_DatedNotice]:
    """Return one of each notice's copies: the agency's own, else the first."""
    kept: list[_DatedNotice] = []
    givers: dict[tuple[str, str], str] = {}
    statements: set[tuple[str, ...]] = set()
    for one in sorted(given, key=lambda one: (not one.entry.from_agency_feed, one.version.time, one.entry.id)):
        statement = (one.kind, *words(one.statement))
        giver = givers.setdefault((one.kind, one.entry.report_id), one.entry.publisher)
        if giver != one.entry.publisher or (len(statement) > 1 and statement in statements):
            continue
        statements.add(statement)
        kept.append(one)
    return sorted(kept, key=lambda one: (one.version.time, one.entry.id))


def _correction(story_id: str, given: _DatedNotice, texts: _StoryTexts) -> Correction:
    entry = given.entry
    return Correction(
        story=story_id,
        entry=entry.id,
        kind=given.kind,
        publisher=entry.publisher,
        title=given.version.title,
        url=entry.data.link,
        time=given.version.time,
        text=_explanation(given),
        agency=entry.agency,
        language=entry.language,
        stale=tuple(Source.of(one) for one in _stale(given, texts)),
    )


def _explanation(given: _DatedNotice) -> str:
    """Return the sentence that says what was wrong; empty if the title only contains the word of the notice."""
    title = " ".join(given.version.title.split())
    statement = given.statement
    if statement == title:
        inside = recognise("", given.version.text)
        says = inside is not None and inside.kind == given.kind
        statement = inside.statement if inside is not None and says else earlier_version_statement(given.version.text)
    # an agency's note is in parentheses before the text
    return statement[1:].partition(")")[0] if statement.startswith("(") else statement


def _stale(given: _DatedNotice, texts: _StoryTexts) -> tuple[Entry, ...]:
    """Return the entries with the uncorrected text, except those that carry the notice or were replaced by it."""
    members, versions, budget = texts.members, texts.versions, texts.budget
    notice = replace(given.entry, correction=given.kind)
    agencies = dict(sorted({(entry.report_id, entry.agency) for entry in members if entry.agency}))
    others = [
        # an unsigned copy of an agency's text also counts as the agency's
        (
            replace(entry, correction=None, agency=entry.agency or agencies.get(entry.report_id)),
            _words(versions[entry.id][-1]),
        )
        for entry in members
        if entry.id in versions and entry.id not in texts.carrying and not _same_place(entry, notice)
    ]
    now = _words(versions[notice.id][-1])
    if given.kind in WITHDRAWN:
        return _one_per_page(stale_copies(notice, now, _named(notice, now, others)))
    before = _words(given.before) if given.before else _superseded(notice, members, versions)
    known = stale_copies(notice, now, others, before, budget) if before else ()
    return _one_per_page(known or stale_copies(notice, now, others, None, budget))


def _named(notice: Entry, text: str, others: Sequence[tuple[Entry, str]]) -> Sequence[tuple[Entry, str]]:
    """Return only the texts whose headline a kill names, if it names one, because an agency sends several texts per story."""
    wording = _spaced(text)
    reports = {
        entry.report_id
        for entry, _ in others
        if len(_spaced(entry.data.title).split()) >= _DISTINCT and _spaced(entry.data.title) in wording
    }
    reports = reports | {notice.report_id} if reports else {entry.report_id for entry, _ in others}
    return [(entry, text) for entry, text in others if entry.report_id in reports]


def _spaced(text: str) -> str:
    return f" {' '.join(words(text))} "


def _one_per_page(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return one entry for each page; several feeds of a publisher may carry the same page."""
    places: dict[str, Entry] = {}
    for entry in entries:
        places.setdefault(entry.canonical_url or entry.id, entry)
    return tuple(places.values())


def _superseded(notice: Entry, members: Sequence[Entry], versions: Mapping[str, Sequence[Version]]) -> str | None:
    """Return the text that an agency's separate correction replaces: its last own text in the same report."""
    earlier = [
        entry
        for entry in members
        if entry.id in versions
        and entry.report_id == notice.report_id
        and entry.publisher == notice.publisher
        and entry.correction is None
        and by_time(entry) < by_time(notice)
    ]
    return _words(versions[earlier[-1].id][-1]) if earlier else None


def _same_place(entry: Entry, notice: Entry) -> bool:
    """Return whether a reader who follows the entry's link now reads the notice."""
    return entry.canonical_url is not None and entry.canonical_url == notice.canonical_url


def _words(version: Version) -> str:
    return f"{version.title}\n{version.text}"
