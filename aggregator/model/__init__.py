"""Frozen values that travel between stages.

All times are aware UTC datetimes. Ids that people see are short texts with a leading letter:
entries ``e…``, reports ``r…``, stories ``s…``, storylines ``l…``.
"""

from aggregator.model.entries import (
    LONG_AGO,
    Arrival,
    Document,
    Entry,
    EntryData,
    ParsedFeed,
    Revision,
    Sketch,
    Skip,
    by_report,
    by_time,
    exact_time,
)
from aggregator.model.feeds import (
    Feed,
    FeedOutcome,
    FeedState,
    FetchFailure,
    FetchOutcome,
    NotModified,
    PollHints,
    Response,
    Secret,
)
from aggregator.model.stories import (
    Evidence,
    Flag,
    Match,
    Report,
    Story,
    Storyline,
    StorylineMention,
    StorylineSummary,
    StoryQuery,
    StorySummary,
)

__all__ = [
    "LONG_AGO",
    "Arrival",
    "Document",
    "Entry",
    "EntryData",
    "Evidence",
    "Feed",
    "FeedOutcome",
    "FeedState",
    "FetchFailure",
    "FetchOutcome",
    "Flag",
    "Match",
    "NotModified",
    "ParsedFeed",
    "PollHints",
    "Report",
    "Response",
    "Revision",
    "Secret",
    "Sketch",
    "Skip",
    "Story",
    "StoryQuery",
    "StorySummary",
    "Storyline",
    "StorylineMention",
    "StorylineSummary",
    "by_report",
    "by_time",
    "exact_time",
]
