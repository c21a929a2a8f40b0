"""The row of a story, computed from its entries: counts, times, canonical entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from aggregator.clustering.canonical import choose
from aggregator.model import Entry, Evidence, by_report
from aggregator.model.stories import StoryFields
from aggregator.model.withdrawals import confirming, holding_pin
from aggregator.newsroom.corrections import own_notices
from aggregator.newsroom.wires import shared_text
from aggregator.storage.entries import EntryStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.stories import StoryStore
from aggregator.text.headlines import plain_headline


class Counts(NamedTuple):
    """The part of a story's row that its canonical entry does not give."""

    entries: int
    reports: int
    publishers: int
    first_seen: datetime
    last_seen: datetime
    corrected: bool
    edited: bool


def story_fields(entries: Sequence[Entry], pinned: str | None) -> StoryFields:
    """Return the fields of a story with these entries (at least one)."""
    seen = [entry.seen for entry in entries if not entry.is_undated_stock] or [entry.seen for entry in entries]
    counts = Counts(
        entries=len(entries),
        reports=len(confirming(entries)),
        publishers=len({entry.publisher for entry in entries}),
        first_seen=min(seen),
        last_seen=max(seen),
        corrected=bool(own_notices(entries)),
        edited=any(entry.revisions for entry in entries),
    )
    category = next((entry.category for entry in entries if entry.category), None)
    return story_fields_of(choose(entries, holding_pin(pinned, entries)), counts, category)


def story_fields_of(canonical: Entry, counts: Counts, category: str | None) -> StoryFields:
    """Return the fields of a story; ``category`` is the first one that any of its entries has."""
    return StoryFields(
        title=plain_headline(canonical.headline) or canonical.data.link or canonical.id,
        url=canonical.data.link,
        publisher=canonical.publisher,
        agency=canonical.agency,
        language=canonical.language,
        category=canonical.category or category,
        canonical_entry=canonical.id,
        **counts._replace(reports=max(1, counts.reports))._asdict(),
    )


@dataclass(frozen=True, slots=True)
class StoryRow:
    """The computed row of a story."""

    story_id: str
    fields: StoryFields | None  # None where they cannot be computed
    agency_changed: tuple[Entry, ...] = ()  # unsigned entries whose agency differs from the stored one
    left_out: tuple[tuple[str, Exception], ...] = ()  # entries that raised an error, with the error


def compute_rows(story_ids: Iterable[str], stories: StoryStore, entries: EntryStore) -> Iterator[StoryRow]:
    """Yield the rows of these stories; an entry that raises an error is left out of its story's row."""
    wanted = sorted(set(story_ids))
    pins = stories.pins(wanted)
    for story_id, found in entries.of_stories(wanted, light=True).items():
        pinned = pins.get(story_id)
        try:
            yield _compute_row(story_id, found, pinned)
        except Exception as error:
            if is_database_error(error):
                raise
            faulty = {entry.id: fault for entry in found if (fault := _fault_of(entry)) is not None}
            sound = [entry for entry in found if entry.id not in faulty]
            if faulty and sound and _fault_of(*sound) is None:
                yield replace(_compute_row(story_id, sound, pinned), left_out=tuple(faulty.items()))
            else:
                yield StoryRow(story_id, None, left_out=tuple(faulty.items()) or ((found[-1].id, error),))


def save(row: StoryRow, stories: StoryStore, entries: EntryStore, now: datetime) -> None:
    """Write a computed row."""
    for entry in row.agency_changed:
        entries.set_agency(entry.id, entry.agency, agency_evidence(entry.agency_form, entry.agency_words))
    stories.refresh_reports(entry.report_id for entry in row.agency_changed)
    if row.fields is not None:
        stories.save_fields(row.story_id, row.fields, now)


def _fault_of(*entries: Entry) -> Exception | None:
    try:
        story_fields(with_shared_agency(entries), None)
    except Exception as error:  # noqa: BLE001 - whatever an entry raises costs that entry
        return error
    return None


def _compute_row(story_id: str, found: Sequence[Entry], pinned: str | None) -> StoryRow:
    members = with_shared_agency(found)
    changed = tuple(entry for entry, before in zip(members, found, strict=True) if attribution_differs(entry, before))
    return StoryRow(story_id, story_fields(members, pinned) if members else None, changed)


def attribution_differs(entry: Entry, stored: Entry) -> bool:
    """Return whether an entry's agency differs from the stored one."""
    return (entry.agency, entry.agency_words) != (stored.agency, stored.agency_words)


def with_shared_agency(members: Sequence[Entry]) -> list[Entry]:
    """Return a story's entries; entries that name no agency get that of the report whose text they share.

    A signed agency stays. An agency that is known by the shared text alone is lost when the entry leaves the report.
    """
    reports = by_report(members).items()
    shared = {report_id: shared_text(copies) if len(copies) > 1 else None for report_id, copies in reports}
    return [_with_agency(entry, shared[entry.report_id]) for entry in members]


def _with_agency(entry: Entry, shared: tuple[str, str] | None) -> Entry:
    if entry.agency is not None and entry.agency_form != "copy":
        return entry
    if shared is None:
        if entry.agency is None and entry.agency_form is None and not entry.agency_words:
            return entry
        return replace(entry, agency=None, agency_form=None, agency_words="")
    return replace(entry, agency=shared[0], agency_form="copy", agency_words=shared[1])


def agency_evidence(form: str | None, words: str) -> Evidence:
    """Return the evidence of an entry's agency, as stored."""
    return {} if form is None else {"agency": {"form": form, "words": words}}
