"""What is new in a story since a moment, from its entries and their edits."""

from __future__ import annotations

from datetime import datetime

from aggregator.desk.reader import Reader
from aggregator.desk.revisions import until, versions_of
from aggregator.digest.values import Passage, WhatIsNew
from aggregator.model import Story
from aggregator.newsroom.novelty import Novelty
from aggregator.newsroom.novelty import what_is_new as compared


def story_news(reader: Reader, story: Story, since: datetime, before: datetime | None = None) -> Novelty:
    """Return what entries and edits from ``since`` on (and before ``before``) brought that the story had not held."""
    by_entry = versions_of(reader, story.entries)
    if before is not None:
        by_entry = until(by_entry, before)
    return compared((version for versions in by_entry.values() for version in versions), since)


def what_is_new(reader: Reader, story: Story, since: datetime, before: datetime | None = None) -> WhatIsNew:
    """Return what is new in a story, for a digest, by oldest source."""
    news = story_news(reader, story, since, before)
    return WhatIsNew(
        passages=tuple(Passage(one.text, one.publisher, one.url, one.time) for one in news.sentences),
        numbers=tuple(dict.fromkeys(one.text for one in news.numbers)),
        names=tuple(dict.fromkeys(one.text for one in news.names)),
    )
