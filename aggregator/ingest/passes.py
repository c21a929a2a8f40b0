"""One pass: its feeds, its resources, and the outcome of each feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from threading import Event

from aggregator.fetching.politeness import longest_wait
from aggregator.ingest.clocks import begin_pass
from aggregator.ingest.poll import PollPass, Progress
from aggregator.ingest.polls import FollowedElsewhere, Poll, named, neighbours, sort_out, subscriptions
from aggregator.ingest.resources import Resources
from aggregator.ingest.save import PassContext, open_saver
from aggregator.model import LONG_AGO, Feed, FeedOutcome
from aggregator.settings import Settings
from aggregator.storage.feeds import FeedStore

# Each pass writes some pages even without news. So a few due feeds of a large desk wait for others to fall due: for so many
# ticks, and at most for so long.
_TICKS, _GATHERED = 3, timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class PassOptions:
    """The options of a pass: ``patterns`` name its feeds. Without them the due feeds are polled, with ``everything`` all.

    Setting ``stop`` ends the pass within seconds; after ``within`` seconds no further feed is asked. A pass with a limit
    ``within`` is one of many: it reports no outcome for feeds that are not due, and costs next to nothing where none is. At a
    large desk it gathers feeds that fall due within seconds of each other.
    ``progress`` is called with each feed's outcome, ``placing`` with the number of new entries placed in stories and their total.
    """

    patterns: Sequence[str] = ()
    everything: bool = False
    progress: Progress = lambda outcome, done, total: None
    placing: Callable[[int, int], None] = lambda done, total: None
    stop: Event = field(default_factory=Event)
    within: float = inf

    @property
    def is_one_of_many(self) -> bool:
        """Whether the pass has a time limit, as passes of the daemon have."""
        return self.within < inf


def run_pass(
    context: PassContext, feeds: Sequence[Feed], resources: Resources, options: PassOptions
) -> list[FeedOutcome]:
    """Poll feeds and place what they bring; return one outcome a feed. NotFoundError: a pattern names no feed."""
    rows, now = FeedStore(context.store), context.clock()
    due = rows.due_keys(now, longest_wait(context.settings.fetch), _gathering_time(context.settings, options))
    if options.is_one_of_many and not due:
        return []
    polls, others = _choose(rows, feeds, due, options, now)
    total = len(polls) + len(others)
    for done, outcome in enumerate(others, 1):
        options.progress(outcome, done, total)
    if not polls:
        return others
    begin_pass(context.store, now)

    def on_host_of(address: str) -> tuple[int, ...]:
        # rarely called: at a large desk a pass reads only the due feeds, and this reads all
        return neighbours(address, subscriptions(feeds, rows.followed(), now))

    run = PollPass(
        context.settings,
        resources.fetcher(len(feeds)),
        resources.workers(),
        open_saver(context, on_host_of, beside=options.is_one_of_many),
        context.clock,
        options.stop,
        resources.schedule(),
        FollowedElsewhere(feeds, rows.answering()),
        options.within,
    )
    try:
        ended = run.run(
            polls, lambda outcome, done, _: options.progress(outcome, done + len(others), total), options.placing
        )
    finally:
        if run.abandoned:
            resources.abandon()
    return others + ended


def _gathering_time(settings: Settings, options: PassOptions) -> timedelta:
    """Return how long a few due feeds wait for others to fall due."""
    if not options.is_one_of_many:
        return timedelta(0)
    return min(_TICKS * timedelta(seconds=settings.run.tick), _GATHERED)


def _choose(
    rows: FeedStore, feeds: Sequence[Feed], due: set[str], options: PassOptions, now: datetime
) -> tuple[list[Poll], list[FeedOutcome]]:
    """Return the polls of a pass, and the outcomes of feeds that it leaves out."""
    stored = rows.of_keys(due) if options.is_one_of_many else rows.followed()
    wanted = named(subscriptions(feeds, stored, now), options.patterns)
    polls, others = sort_out(wanted, due, everything=options.everything or bool(options.patterns))
    if not options.is_one_of_many:
        return polls, others
    # the longest overdue first: else, when time runs out, the same feeds would be left each time
    return sorted(polls, key=lambda poll: poll.stored.state.next_fetch or LONG_AGO), []
