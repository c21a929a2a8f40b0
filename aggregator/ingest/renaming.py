"""Storing of the feeds in feeds.yaml, with a note of the publishers and categories that changed there.

Every change of a name comes through here: an edited file, the commands on feeds, an imported list, a feed that is listed again,
a reload. ``reattribution.py`` renames the stored entries later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.model import Feed
from aggregator.newsroom.publishers import Families, families, normal_name, own_publisher, publisher_of_feed
from aggregator.storage.database import Store
from aggregator.storage.feeds import FeedStore
from aggregator.storage.listed_feeds import ListedFeeds
from aggregator.storage.renamed_publishers import FeedName, Renaming, RenamingStore


@dataclass(frozen=True, slots=True)
class _Names:
    """The former and present publishers and categories of all feeds."""

    former: Mapping[int, str]  # feed -> its former publisher
    present: Mapping[str, str]  # publisher -> its present family
    normal: Mapping[str, str]  # former publisher -> its normal form
    categories: Mapping[int, str | None]  # feed -> its former category


def follow_feeds(store: Store, feeds: Sequence[Feed], known: Families, now: datetime) -> None:
    """Follow exactly these feeds, whose publishers are ``known``, and note the feeds whose entries have another publisher now.

    A database that can only be read is not changed.
    """
    if store.read_only:
        return
    rows = RenamingStore(store.connection)
    listed = ListedFeeds([(feed, publisher_of_feed(feed)) for feed in feeds], now)
    families_now = fingerprint(known)

    def write(names: _Names) -> None:
        FeedStore(store).sync(listed)
        renamed = _renamed(rows, names) if names.former else {}
        pending = rows.pending()
        if renamed or (pending is not None and pending.families != families_now):
            rows.begin(_merged(pending, renamed), families_now)

    # names are compared before the transaction: for ten thousand feeds that takes a second
    store.read_then_write(lambda: _names(rows.feeds(), listed, known), write, state=rows.feeds)


def pending_renaming(store: Store, known: Families) -> Renaming | None:
    """Return the pending renaming; None where none is, or where it is to other publishers than this process knows."""
    pending = None if store.read_only else RenamingStore(store.connection).pending()
    return None if pending is None or pending.families != fingerprint(known) else pending


def fingerprint(known: Families) -> str:
    """Return a hash of the publishers in feeds.yaml."""
    parts = (
        sorted(known.domains.items()),
        sorted(known.names.items()),
        sorted(known.aggregators),
        sorted(known.not_aggregators),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _names(rows: Sequence[FeedName], listed: ListedFeeds, known: Families) -> _Names:
    """Return the names of all feeds; empty where feeds.yaml has not changed them."""
    before = {(row.url, row.name, row.publisher, row.is_agency, row.category) for row in rows if row.is_followed}
    if before == listed.names:
        return _Names({}, {}, {}, {})
    were = families(_as_listed(row) for row in rows if row.is_followed)
    former = {row.id: own_publisher(row.publisher, were) for row in rows}
    publishers = {row.publisher for row in rows} | listed.publishers
    return _Names(
        former,
        {publisher: own_publisher(publisher, known) for publisher in publishers},
        {publisher: normal_name(publisher) for publisher in {*former.values()}},
        {row.id: row.category for row in rows},
    )


def _renamed(rows: RenamingStore, names: _Names) -> dict[int, tuple[str, ...]]:
    """Return feed -> former publisher (empty if only the category changed), for the feeds whose entries are to be renamed.

    A feed that is no longer in the file is renamed with its publisher: if all feeds that shared its publisher's name share
    another one now.
    """
    found: dict[int, tuple[str, ...]] = {}
    present_names: dict[str, set[str]] = {}  # normal name of a former publisher -> the present ones of its feeds
    stored = [(feed, names.former[feed.id]) for feed in rows.feeds() if feed.id in names.former]
    for feed, was in stored:
        if feed.category != names.categories[feed.id]:
            found[feed.id] = ()
        if feed.is_followed or feed.is_archive:
            publisher = names.present[feed.publisher]
            if feed.is_followed:
                present_names.setdefault(names.normal[was], set()).add(publisher)
            if publisher != was:
                found[feed.id] = (was,)
    for feed, was in stored:
        present = present_names.get(names.normal[was], set())
        if not feed.is_followed and not feed.is_archive and len(present) == 1 and present != {was}:
            rows.rename_feed(feed.id, *present)
            found[feed.id] = (was,)
    return found


def _as_listed(feed: FeedName) -> Feed:
    """Return a row as feeds.yaml had it: without a publisher where that was derived from the address."""
    unnamed = Feed(feed.url, feed.name, agency=feed.is_agency)
    derived = publisher_of_feed(unnamed) == feed.publisher
    return unnamed if derived else Feed(feed.url, feed.name, feed.publisher, agency=feed.is_agency)


def _merged(pending: Renaming | None, renamed: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """Return feed -> all former publishers under which entries of it may still be stored."""
    found = {} if pending is None else {feed: tuple(names) for feed, names in pending.former.items()}
    for feed, was in renamed.items():
        found[feed] = tuple(dict.fromkeys((*found.get(feed, ()), *was)))
    return found
