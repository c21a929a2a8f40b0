"""What a story's row says: counts, times and the canonical entry, worked out from its entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.clustering.canonical import choose
from aggregator.model import Entry, Evidence
from aggregator.model.withdrawals import confirming
from aggregator.newsroom.corrections import own_notices
from aggregator.newsroom.wires import shared_text
from aggregator.storage.database import is_of_the_database
from aggregator.storage.entries import EntryStore
from aggregator.storage.standing import Standing
from aggregator.storage.stories import StoryStore
from aggregator.text.headlines import plain_headline


def standing(entries: Sequence[Entry], pinned: str | None) -> Standing:
    """Return the standing of a story with these entries (at least one)."""
    canonical = choose(entries, pinned)
    seen = [entry.seen for entry in entries if not entry.is_undated_stock] or [entry.seen for entry in entries]
    return Standing(
        title=plain_headline(canonical.data.title) or canonical.data.link or canonical.id,
        url=canonical.data.link,
        publisher=canonical.publisher,
        agency=canonical.agency,
        language=canonical.language,
        category=canonical.category or next((entry.category for entry in entries if entry.category), None),
        entries=len(entries),
        reports=max(1, len(confirming(entries))),
        publishers=len({entry.publisher for entry in entries}),
        first_seen=min(seen),
        last_seen=max(seen),
        canonical_entry=canonical.id,
        corrected=bool(own_notices(entries)),
        edited=any(entry.revisions for entry in entries),
    )


def refresh(
    story_ids: Iterable[str], stories: StoryStore, entries: EntryStore, now: datetime
) -> list[tuple[str, Exception]]:
    """Bring the rows of these stories in line with their entries.

    An entry that cannot be looked at is left out of its story's row; those entries are returned, with their errors.
    """
    wanted = sorted(set(story_ids))
    left_out: list[tuple[str, Exception]] = []
    pins = stories.pins(wanted)
    for story_id, found in entries.of_stories(wanted, light=True).items():
        try:
            _refresh(story_id, found, pins.get(story_id), stories, entries, now)
        except Exception as error:
            if is_of_the_database(error):
                raise
            faulty = {entry.id: fault for entry in found if (fault := _fault_of(entry)) is not None}
            left_out += faulty.items() or [(found[-1].id, error)]
            sound = [entry for entry in found if entry.id not in faulty]
            if faulty and sound and _fault_of(*sound) is None:
                _refresh(story_id, sound, pins.get(story_id), stories, entries, now)
    return left_out


def _fault_of(*entries: Entry) -> Exception | None:
    try:
        standing(attributed(entries), None)
    except Exception as error:  # noqa: BLE001 - whatever an entry raises costs that entry
        return error
    return None


def _refresh(
    story_id: str, found: Sequence[Entry], pinned: str | None, stories: StoryStore, entries: EntryStore, now: datetime
) -> None:
    members = attributed(found)
    for entry, before in zip(members, found, strict=True):
        if (entry.agency, entry.agency_words) != (before.agency, before.agency_words):
            entries.set_agency(entry.id, entry.agency, agency_evidence(entry.agency_form, entry.agency_words))
    if members:
        stories.save_standing(story_id, standing(members, pinned), now)


def attributed(members: Sequence[Entry]) -> list[Entry]:
    """Return a story's entries, those that sign nothing with the agency whose text they share.

    What is signed stays; what an entry has by its text alone it loses when it leaves the report.
    """
    reports: dict[str, list[Entry]] = {}
    for entry in members:
        reports.setdefault(entry.report_id, []).append(entry)
    shared = {report_id: shared_text(copies) if len(copies) > 1 else None for report_id, copies in reports.items()}
    return [_attributed(entry, shared[entry.report_id]) for entry in members]


def _attributed(entry: Entry, shared: tuple[str, str] | None) -> Entry:
    if entry.agency is not None and entry.agency_form != "copy":
        return entry
    if shared is None:
        return replace(entry, agency=None, agency_form=None, agency_words="")
    return replace(entry, agency=shared[0], agency_form="copy", agency_words=shared[1])


def agency_evidence(form: str | None, words: str) -> Evidence:
    """Return how an entry tells its agency, as it is stored."""
    return {} if form is None else {"agency": {"form": form, "words": words}}
