"""Builders of stories and editions for the digest's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aggregator.digest.edition import build
from aggregator.digest.values import Counts, Edition, FeedHealth, FeedNote, Material, Passage, WhatIsNew, Window
from aggregator.model import Entry, EntryData, Flag, Report, Story, StorySummary
from aggregator.settings import DigestSettings

SINCE = datetime(2026, 3, 9, 5, 0, tzinfo=UTC)
UNTIL = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
WINDOW = Window(SINCE, UNTIL)
SETTINGS = DigestSettings(timezone="Europe/Warsaw", title="Morning digest")


def entry(
    name: str,
    publisher: str,
    *,
    title: str = "",
    hours: float = 1.0,
    agency: str | None = None,
    authority: int = 50,
    own: bool = False,
    correction: str | None = None,
    link: str | None = "",
    language: str = "en",
) -> Entry:
    """Make an entry seen ``hours`` after the window opened."""
    moment = SINCE + timedelta(hours=hours)
    address = f"https://{publisher.lower().replace(' ', '-')}.example/{name}" if link == "" else link
    return Entry(
        id=name,
        data=EntryData(key=name, title=title or f"{publisher} on {name}", link=address),
        feed=f"https://{publisher.lower().replace(' ', '-')}.example/feed",
        publisher=publisher,
        language=language,
        canonical_url=address,
        agency=agency,
        authority=authority,
        category=None,
        first_seen=moment,
        last_seen=moment,
        time=moment,
        text_length=400,
        report_id="",
        story_id="",
        revisions=0,
        correction=correction,
        from_agency_feed=own,
    )


def story(
    name: str,
    *reports: tuple[Entry, ...],
    title: str = "",
    flags: tuple[Flag, ...] = (),
    category: str | None = "defence",
    merged: tuple[str, ...] = (),
) -> Story:
    """Make a story of ``reports``; its first entry is the canonical one."""
    entries = [member for report in reports for member in report]
    first = entries[0]
    publishers = {member.publisher for member in entries}
    summary = StorySummary(
        id=name,
        title=title or first.data.title,
        url=first.data.link,
        publisher=first.publisher,
        agency=first.agency,
        language=first.language,
        category=category,
        first_seen=min(member.first_seen for member in entries),
        last_seen=max(member.last_seen for member in entries),
        entries=len(entries),
        reports=len(reports),
        publishers=len(publishers),
        flags=flags or ((Flag.SINGLE_SOURCE,) if len(publishers) == 1 else ()),
        canonical_entry=first.id,
    )
    made = tuple(Report(f"r{place}{name}", members[0].agency, members) for place, members in enumerate(reports))
    return Story(summary, made, merged_from=merged)


def edition(*materials: Material, previous: Edition | None = None, settings: DigestSettings = SETTINGS) -> Edition:
    """Make the edition of the test window."""
    return build(
        WINDOW,
        materials,
        counts=Counts(entries=112, reports=61, stories=len(materials)),
        health=FeedHealth(
            polled=24,
            failed=1,
            silent=1,
            notes=(
                FeedNote("Radio Two", "https://two.example/feed", "failing", "HTTP 503 since yesterday", SINCE),
                FeedNote("The Post", "https://post.example/feed", "silent", "", SINCE - timedelta(days=3), 2),
            ),
        ),
        settings=settings,
        previous=previous,
    )


def summit() -> Story:
    """Make a well covered story: one agency report with many copies, and two independent ones."""
    outlets = [f"Courier {letter}" for letter in "ABCDEFGHIJKLMNOPQ"]
    wire = entry(
        "e1", "Continental Press", title="Chiefs meet by video link", agency="CP", authority=90, own=True, hours=3
    )
    copies = tuple(
        entry(f"e{place + 10}", outlet, agency="CP", hours=4 + place / 10) for place, outlet in enumerate(outlets)
    )
    return story(
        "s0summit",
        (wire, *copies),
        (entry("e2", "Aurora", title="Generals agree on a plan", hours=5, authority=70),),
        (entry("e3", "Lumière", title="Les généraux s’accordent", hours=6, authority=60, language="fr"),),
        flags=(Flag.CORRECTED,),
    )


NEWS = WhatIsNew(
    passages=(Passage("The force would number 26,000.", "Aurora", "https://aurora.example/e2", SINCE),),
    numbers=("41 per cent",),
    names=("Port of Vaasa",),
)
