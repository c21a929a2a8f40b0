"""Entries for the newsroom's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aggregator.model import Entry, EntryData

MOMENT = datetime(2026, 3, 9, 5, 0, tzinfo=UTC)


def made_entry(
    name: str,
    publisher: str = "Courier",
    *,
    title: str = "Bridge over the strait opens",
    minutes: float = 0,
    agency: str | None = None,
    own: bool = False,
    report: str = "r1",
    correction: str | None = None,
    language: str | None = "en",
    category: str | None = None,
) -> Entry:
    """Make an entry seen some minutes after the tests' moment."""
    moment = MOMENT + timedelta(minutes=minutes)
    return Entry(
        id=name,
        data=EntryData(key=name, title=title, link=f"https://{publisher.lower().replace(' ', '-')}.example/{name}"),
        feed=publisher,
        publisher=publisher,
        language=language,
        canonical_url=None,
        agency=agency,
        authority=50,
        category=category,
        first_seen=moment,
        last_seen=moment,
        time=moment,
        text_length=900,
        report_id=report,
        story_id="s1",
        revisions=0,
        correction=correction,
        from_agency_feed=own,
    )
