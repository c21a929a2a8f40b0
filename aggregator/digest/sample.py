"""An invented edition that contains every part once, for testing templates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aggregator.digest.values import (
    Correction,
    Counts,
    Edition,
    EditionSection,
    EditionStory,
    EditionStoryline,
    FeedHealth,
    FeedNote,
    Headline,
    Passage,
    Source,
    WhatIsNew,
    Window,
    edition_id,
)
from aggregator.model import Flag

_UNTIL = datetime(2026, 3, 10, 6, tzinfo=UTC)
_WINDOW = Window(_UNTIL - timedelta(days=1), _UNTIL)


def sample_edition(language: str) -> Edition:
    """Return the sample edition with labels in a language."""
    harbour = Source(
        "e2", "Harbour Times", "Two ferries collide", "https://harbour.example/2", agency="CPA", language="en"
    )
    return Edition(
        id=edition_id(_WINDOW),
        title="Sample",
        since=_WINDOW.since,
        until=_WINDOW.until,
        timezone="Europe/Brussels",
        counts=Counts(entries=12, reports=8, stories=7),
        health=FeedHealth(
            polled=3,
            failed=1,
            silent=1,
            notes=(
                FeedNote(
                    "Ledger", "https://ledger.example/rss", "failing", "the host has no address", _WINDOW.since, 1
                ),
                FeedNote("Radio", "https://radio.example/rss", "silent", since=_WINDOW.since),
            ),
        ),
        corrections=(
            Correction(
                "s1",
                "e3",
                "kill",
                "CPA",
                "KILL: Two ferries collide",
                None,
                _UNTIL,
                "Kill the story.",
                stale=(harbour,),
            ),
        ),
        sections=(
            EditionSection("top", "Top stories", (_story("s1", harbour), _story("s2", harbour))),
            EditionSection("developing", "Developing", (_story("s3"),), more=2),
            EditionSection("new", "New", (_story("s4"),)),
            EditionSection("rest", "Sport", (_story("s5"),), folded=True, more=1),
            EditionSection("rest", "Other", (_story("s6"),), folded=True),
        ),
        language=language,
    )


def _story(name: str, *also: Source) -> EditionStory:
    return EditionStory(
        id=name,
        title="Ferries collide off Skarn",
        url=f"https://press.example/{name}",
        publisher="Continental Press",
        agency="CPA",
        language="en",
        category="world",
        first_seen=_WINDOW.since - timedelta(hours=1),
        last_seen=_UNTIL - timedelta(hours=1),
        entries=4,
        reports=3,
        publishers=3,
        independent=3,
        score=1.0,
        flags=tuple(Flag),
        canonical_entry="e1",
        quote="Two ferries collided in fog on Monday.",
        also=also,
        more=2,
        copies=(("CPA", 2),),
        new=WhatIsNew(
            (Passage("The port was closed.", "Aurora", "https://aurora.example/1", _UNTIL),),
            ("14",),
            ("Port of Skarn",),
        ),
        gained_entries=2,
        gained_reports=1,
        gained_publishers=1,
        headlines=(Headline("Aurora", "Ferries collide", "Two ferries collide", "https://aurora.example/1"),),
        facts=3,
        storyline=EditionStoryline("l1", "Ferries of Skarn"),
    )
