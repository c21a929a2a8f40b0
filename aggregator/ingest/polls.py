"""The choice of the feeds that a pass polls: those due or named, and only one of several that end at one address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from aggregator.exceptions import NotFoundError
from aggregator.fetching.politeness import address_key, without_future
from aggregator.model import Feed, FeedOutcome
from aggregator.storage.database import Store
from aggregator.storage.feeds import Answering, FeedStore, StoredFeed
from aggregator.storage.listed_feeds import feed_key
from aggregator.text.address import host_of


@dataclass(frozen=True, slots=True)
class Poll:
    """One feed to poll: its subscription and its stored row."""

    feed: Feed
    stored: StoredFeed

    @property
    def address(self) -> str:
        """The address of the request: the one after a permanent move."""
        return self.stored.state.url or self.feed.url


def named(feeds: Sequence[Poll], patterns: Sequence[str]) -> list[Poll]:
    """Return the feeds that ``patterns`` name by address, name, title or publisher; NotFoundError for a pattern without a match."""
    if not patterns:
        return list(feeds)
    names = [_names(poll) for poll in feeds]  # once, whatever the number of patterns
    called: dict[str, list[int]] = {}
    for number, known in enumerate(names):
        for name in known:
            called.setdefault(name, []).append(number)
    texts = ["\0".join(known) for known in names]
    chosen: set[int] = set()
    for pattern in patterns:
        wanted = pattern.strip().casefold()
        fits = called.get(wanted) or [number for number, text in enumerate(texts) if wanted and wanted in text]
        if not fits:
            raise NotFoundError(f"no feed is called {pattern!r}; `feeds list` shows those that are followed")
        chosen.update(fits)
    return [poll for number, poll in enumerate(feeds) if number in chosen]


def _names(poll: Poll) -> tuple[str, ...]:
    stored = poll.stored
    names = (poll.feed.url, stored.url, stored.name, stored.title, stored.publisher)
    return tuple(name.casefold() for name in names if name)


def subscriptions(feeds: Sequence[Feed], rows: Iterable[StoredFeed], now: datetime) -> list[Poll]:
    """Pair the feeds that have a row with it, in the order of feeds.yaml; times that lie in the future are left out."""
    stored = {row.url_key: row for row in rows}
    return [
        Poll(feed, _with_address(stored[feed_key(feed.url)], feed.url, now))
        for feed in feeds
        if feed_key(feed.url) in stored
    ]


def _with_address(row: StoredFeed, address: str, now: datetime) -> StoredFeed:
    """Fill in the address of a feed that never moved, or whose address is not stored because it holds a secret."""
    state = without_future(row.state, now)
    state = state if state.url else replace(state, url=address)
    return row if state is row.state else replace(row, state=state)


def sort_out(polls: Sequence[Poll], due: set[str], *, everything: bool) -> tuple[list[Poll], list[FeedOutcome]]:
    """Return the feeds to poll now, and outcomes of the others that were asked for.

    Paused and gone feeds are never polled. Of several subscriptions that end at one address with the same credentials, one is
    polled, preferably the one that has this address in feeds.yaml: a feed that a redirect led there must not displace it.
    """
    chosen: list[Poll] = []
    others: list[FeedOutcome] = []
    taken: dict[tuple[object, ...], StoredFeed] = {}
    for poll in sorted(polls, key=_has_moved):
        if poll.stored.paused or poll.stored.state.gone:
            others.append(_left_out(poll))
            continue
        if not everything and feed_key(poll.feed.url) not in due:
            continue
        key = _request_key(poll.feed, poll.address)
        if key in taken:
            representative = taken[key]
            note = (
                f"duplicate: ends at the same address as {representative.shown}; remove one of the two from feeds.yaml"
            )
            others.append(_skipped(poll, note))
            continue
        taken[key] = poll.stored
        chosen.append(poll)
    order = {poll.feed.url: number for number, poll in enumerate(polls)}
    return sorted(chosen, key=lambda poll: order[poll.feed.url]), others


def _has_moved(poll: Poll) -> bool:
    return address_key(poll.address) != address_key(poll.feed.url)


class FollowedElsewhere:
    """A look-up of the feed that is polled at an address, so that a redirect there need not be followed.

    Only feeds whose last poll was a success count, or that were never asked: two that redirect to each other, or to one
    that fails, must be reported as what they are.
    """

    def __init__(self, feeds: Sequence[Feed], answering: Sequence[Answering]) -> None:
        self._feeds = feeds
        self._answering = answering
        self._lock = Lock()
        # Computed at the first redirect: most passes meet none.
        self._by_key: dict[tuple[object, ...], tuple[int, str]] | None = None

    def __call__(self, poll: Poll, url: str) -> str | None:
        """Return the name of another feed that is polled at ``url`` with the same credentials; thread-safe."""
        with self._lock:
            if self._by_key is None:
                self._by_key = self._feeds_by_key()
        found = self._by_key.get(_request_key(poll.feed, url))
        return found[1] if found is not None and found[0] != poll.stored.id else None

    def _feeds_by_key(self) -> dict[tuple[object, ...], tuple[int, str]]:
        """Return request key -> row and name of the feed that is polled with it."""
        answering = {key: (number, address, shown) for number, key, address, shown in self._answering}
        by_key: dict[tuple[object, ...], tuple[int, str]] = {}
        for feed in self._feeds:
            if found := answering.get(feed_key(feed.url)):
                number, address, shown = found
                by_key.setdefault(_request_key(feed, address or feed.url), (number, shown))
        return by_key


def _request_key(feed: Feed, url: str) -> tuple[object, ...]:
    return (address_key(url), feed.headers, feed.user, feed.password, feed.proxy)


def neighbours(address: str, polls: Sequence[Poll]) -> tuple[int, ...]:
    """Return the rows of the feeds that live on the host of ``address`` and obey a back-off for the whole host."""
    host = host_of(address)
    return tuple(poll.stored.id for poll in polls if poll.feed.host_backoff and host_of(poll.address) == host)


def _left_out(poll: Poll) -> FeedOutcome:
    if poll.stored.state.gone:
        note = "gone: the server said 410 Gone for good; `feeds resume` asks again, `feeds remove` forgets it"
        return FeedOutcome(poll.stored.shown, poll.stored.url, "gone", http_status=410, note=note)
    return _skipped(poll, "paused; `feeds resume` takes it up again")


def _skipped(poll: Poll, note: str) -> FeedOutcome:
    return FeedOutcome(
        poll.stored.shown, poll.stored.url, "skipped", next_fetch=poll.stored.state.next_fetch, note=note
    )


def poll_again(store: Store, feed: Feed) -> None:
    """Make a feed due at once; forget its failures, and that it was gone."""
    rows = FeedStore(store)
    stored = rows.by_url(feed.url)
    if stored is not None:
        state = replace(stored.state, gone=False, gone_since=None, failures=0, first_failed=None, next_fetch=None)
        with store.transaction():
            rows.save_state(stored.id, state)
