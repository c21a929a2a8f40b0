"""One line that says what happened to a feed and what happens next. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.model import Feed, FeedOutcome, FeedState

NO_ENTRY = "empty: it answers with a feed that holds no entries at all; look whether its address is the right one"
NONE_LEFT = "empty: it answers with a feed that holds no entries any more; look whether it has moved"


def explain(feed: Feed, outcome: FeedOutcome, state: FeedState, now: datetime) -> str:
    """Return a sentence with the outcome of a poll and the next step; ``state`` is the state after the poll."""
    return f"{_happened(outcome)}; {what_next(feed, state, now)}"


def health(feed: Feed, state: FeedState, now: datetime) -> str:
    """Return a sentence with a feed's health and the next step, between two polls."""
    if state.last_fetch is None:
        happened = "never asked"
    elif state.failures:
        times = "once" if state.failures == 1 else f"{state.failures} times in a row"
        since = f" over {duration(now - state.first_failed)}" if state.first_failed and state.failures > 1 else ""
        happened = f"failed {times}{since}: {_without_full_stop(state.last_error or 'unknown error')}"
    elif state.last_error:
        happened = state.last_error
    else:
        happened = f"answered {_moment(state.last_ok, now)}" if state.last_ok else "asked"
    if state.possible_gaps and state.last_gap:
        happened += f"; entries may have been missed ({state.possible_gaps}x, last {_moment(state.last_gap, now)})"
    return f"{happened}; {what_next(feed, state, now)}"


def what_next(feed: Feed, state: FeedState, now: datetime) -> str:
    """Return the next step for a feed, with the reason if it is unusual."""
    if feed.paused:
        return "paused by the desk"
    if state.gone:
        return "given up: it answered 410 (gone) for so long; remove it or correct its address"
    due = state.next_fetch
    when = "next poll now" if due is None or due <= now else f"next poll in {duration(due - now)}"
    reasons = []
    if state.gone_since is not None:
        so_far = now - state.gone_since
        gone = (
            f"gone for {duration(so_far)}" if so_far >= timedelta(days=1) else "given up once it has said so for long"
        )
        reasons.append(gone)
    if state.moved_to is not None:
        reasons.append("it moved for good; the new address is taken over if that repeats")
    if not feed.verify_tls:
        reasons.append("certificate not checked")
    return f"{when} ({'; '.join(reasons)})" if reasons else when


def duration(span: timedelta) -> str:
    """Return a span in the unit a person would use: ``40 s``, ``25 min``, ``3 h``, ``2 days``."""
    seconds = round(span.total_seconds())
    if seconds < 90:
        return f"{max(seconds, 0)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 36 * 3_600:
        return f"{round(seconds / 3_600)} h"
    return f"{round(seconds / 86_400)} days"


def _happened(outcome: FeedOutcome) -> str:
    if outcome.status == "not_modified":
        text = "unchanged"
    elif outcome.status == "ok":
        counts = [(outcome.new, "new"), (outcome.updated, "edited"), (outcome.skipped, "skipped")]
        text = ", ".join(f"{count} {name}" for count, name in counts if count) or "nothing new"
    elif outcome.status == "skipped":
        text = "not asked"
    else:
        text = _without_full_stop(outcome.error or "failed")
    return f"{text} ({outcome.note})" if outcome.note else text


def _without_full_stop(sentence: str) -> str:
    """Return a sentence without its full stop, so that it can be continued."""
    return sentence.removesuffix(".")


def _moment(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "an unknown time"
    return f"{duration(now - moment)} ago"
