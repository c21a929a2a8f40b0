"""Checks changed stories against watches; the commands on watches."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from aggregator.clustering.identifiers import mint
from aggregator.desk.alert_targets import advice_for_open, checked_target, holds_open_secret
from aggregator.desk.reader import Reader
from aggregator.exceptions import NotFoundError, UsageError
from aggregator.fetching import chat
from aggregator.model import StorySummary
from aggregator.model.faults import fault_of
from aggregator.newsroom.alerts import Alerted, Cause, alerted_by, decide, past_alerts
from aggregator.newsroom.publishers import normal_name
from aggregator.newsroom.watches import BEGINNING, Matcher, Reading, WatchQuery, search_expression, unreadable
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.stories import StoryStore
from aggregator.storage.times import to_text
from aggregator.storage.watches import LoggedAlert, NewAlert, StoredWatch, WatchCounts, WatchStore
from aggregator.text.counts import amount
from aggregator.text.display import display_text
from aggregator.text.language import NO_LANGUAGE, primary_language
from aggregator.text.tokens import fold

log = logging.getLogger("aggregator.watches")

_CHUNK = 200  # stories read at once
MAX_NAME = 60


class Watcher:
    """Checks the stories that a pass changed, within the transaction that settles them, or after it for large stories."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._rules = settings.watches
        self._watches = WatchStore(store.connection)
        self._entries = EntryStore(store)

    def check_stories(self, story_ids: Iterable[str], now: datetime) -> int:
        """Store the alerts that these stories raise, with their deliveries; return their number.

        An error in our code is logged and only this work is undone, because stories must be settled nevertheless. Outside of a
        transaction, it reads and decides while other processes may write.
        """
        watches = [(watch, Matcher(watch.query)) for watch in self._watches.all()]
        wanted = sorted(story_ids)
        if not watches or not wanted:
            return 0
        if not self._store.connection.in_transaction:
            return sum(self._check_outside(watches, story_id, now) for story_id in wanted)
        return self._check_inside(watches, wanted, now)

    def _check_outside(self, watches: Sequence[tuple[StoredWatch, Matcher]], story_id: str, now: datetime) -> int:
        """Check a story outside of a transaction; store its alerts in one if nobody wrote meanwhile."""

        def due() -> list[NewAlert] | None:
            return [one for story in self._readings([story_id], now) for one in self._due(watches, story)] or None

        try:
            return self._store.read_then_write(due, self._store_alerts) or 0
        except Exception as error:
            if is_database_error(error):
                raise
        with self._store.transaction():  # judged once more where the fault is logged
            return self._check_inside(watches, [story_id], now)

    def _check_inside(
        self, watches: Sequence[tuple[StoredWatch, Matcher]], wanted: Sequence[str], now: datetime
    ) -> int:
        try:
            with self._store.savepoint():
                return sum(self._check_guarded(watches, story) for story in self._readings(wanted, now))
        except Exception as error:
            # The pass must end: if it settled unchecked stories, their alerts would be lost
            if is_database_error(error):
                raise
            log.exception("the watches could not look over %s", amount(len(wanted), "story", "stories"))
            return 0

    def _check_guarded(self, watches: Sequence[tuple[StoredWatch, Matcher]], story: _StoryReadings) -> int:
        """Check one story; an error costs its own alerts only."""
        try:
            with self._store.savepoint():
                return self._store_alerts(self._due(watches, story))
        except Exception as error:
            if is_database_error(error):
                raise
            log.exception("the watches could not look over story %s", story.id)
            entry = story.readings[0].entry  # represents the story in the report
            FaultStore(self._store).add_for_entry(
                entry.id, fault_of("watching", entry.id, error, entry.data), story.now
            )
            return 0

    def _readings(self, story_ids: Sequence[str], now: datetime) -> Iterator[_StoryReadings]:
        for story_id, readings in read_stories(self._entries, self._watches, story_ids):
            yield _StoryReadings(story_id, readings, now)

    def _store_alerts(self, alerts: Sequence[NewAlert]) -> int:
        for alert in alerts:
            self._watches.add_alert(alert)
        return len(alerts)

    def _due(self, watches: Sequence[tuple[StoredWatch, Matcher]], story: _StoryReadings) -> list[NewAlert]:
        """Return the alerts that a story raises."""
        found: list[NewAlert] = []
        all_alerted = self._watches.alerted([reading.entry.id for reading in story.readings])
        for watch, matcher in watches:
            alerted = all_alerted.get(watch.name, {})
            old = self._older(watch, matcher, story.readings)
            cause = decide(
                matcher, story.readings, alerted, self._rules, self._earlier(story.readings, alerted), old=old
            )
            if cause is not None:
                found.append(self._alert(watch, matcher, story, cause))
        return found

    def _alert(self, watch: StoredWatch, matcher: Matcher, story: _StoryReadings, cause: Cause) -> NewAlert:
        from aggregator.desk.alerts import payload_of  # brings mail and its templates

        summary = StoryStore(self._store).summary(story.id, Reader(self._store, story.now).new_since())
        parts = (watch.name, story.id, cause.reason, to_text(story.now))
        alert_id = mint("a", *parts, taken=self._watches.alert_taken)
        causing = {reading.entry.id: reading.entry for reading in story.readings}
        payload = payload_of(
            alert_id, watch.name, story.now, cause, summary, [causing[entry] for entry in cause.entries]
        )
        return NewAlert(
            id=alert_id,
            watch=watch.name,
            story_id=story.id,
            at=story.now,
            reason=cause.reason,
            sentence=payload["sentence"],
            payload=payload,
            alerted=alerted_by(matcher, story.readings),
            targets=watch.targets,
        )

    def _older(self, watch: StoredWatch, matcher: Matcher, readings: Sequence[Reading]) -> frozenset[str]:
        """Return the entries that matched before the watch was added: it does not report them."""
        there = [reading for reading in readings if reading.entry.first_seen < watch.added]
        return frozenset(
            one.entry.id for one in there if not one.entry.revisions or self._matched_before(watch, matcher, one)
        )

    def _matched_before(self, watch: StoredWatch, matcher: Matcher, reading: Reading) -> bool:
        """Return whether an edited entry matched in its version of when the watch was added."""
        since = [one for one in self._entries.revisions(reading.entry.id) if one.replaced >= watch.added]
        if not since:
            return True
        then = replace(reading.entry, data=replace(reading.entry.data, title=since[0].title))
        return matcher.matches(Reading(then, since[0].text[:BEGINNING]))

    def _earlier(self, readings: Sequence[Reading], alerted: Mapping[str, Alerted]) -> dict[str, str]:
        """Return the text that entries had when they were alerted, where they were edited since."""
        found = {}
        for entry in (reading.entry for reading in readings):
            if entry.id in alerted and alerted[entry.id].revisions < entry.revisions:
                known = alerted[entry.id].revisions
                version = [one for one in self._entries.revisions(entry.id) if one.number > known][:1]
                found[entry.id] = "\n".join(f"{one.title}\n{one.text[:BEGINNING]}" for one in version)
        return found


@dataclass(frozen=True, slots=True)
class _StoryReadings:
    id: str
    readings: tuple[Reading, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class WatchRow:
    """A watch with how it fared."""

    watch: StoredWatch
    tally: WatchCounts


@dataclass(frozen=True, slots=True)
class QueryMatch:
    """A story that matches a query, and the alerts it would have raised."""

    summary: StorySummary
    matched: str  # title of the first entry that fits
    alerts: tuple[tuple[datetime, Cause], ...]


class Watches:
    """The commands on watches."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._watches = WatchStore(store.connection)

    def add(self, name: str, query: WatchQuery, targets: Sequence[str], by: str) -> tuple[str, ...]:
        """Save a query under a name; return what its owner should know although it was saved.

        Raises UsageError for a name that is taken or cannot be shown, a query that asks for nothing, and a target that is none.
        """
        _check(query)
        if not name.strip() or display_text(name) != name or len(name) > MAX_NAME or name.startswith("-"):
            raise UsageError(
                f"{display_text(name)!r} is no name for a watch: write one line of 1 to {MAX_NAME} characters"
            )
        wanted = tuple(dict.fromkeys(checked_target(target, Path.cwd()) for target in targets or ("stdout",)))
        with self._store.transaction():
            if any(fold(watch.name) == fold(name) for watch in self._watches.all()):
                raise UsageError(f"there is a watch {name!r} already; `watch remove` drops it")
            self._watches.add(StoredWatch(name, query, wanted, self._clock(), by))
        return self._doubts(query, wanted)

    def remove(self, name: str) -> str:
        """Drop a watch with its alerts; return its name."""
        with self._store.transaction():
            found = self.named(name).name
            self._watches.remove(found)
        return found

    def named(self, name: str) -> StoredWatch:
        """Return the watch of a name, however its letters are written; NotFoundError where there is none."""
        watches = self._watches.all()
        for watch in (*(one for one in watches if one.name == name), *watches):
            if fold(watch.name) == fold(name):
                return watch
        known = ", ".join(watch.name for watch in watches[:8])
        raise NotFoundError(
            f"no watch {display_text(name)!r}" + (f"; there are {known}" if known else "; none was added")
        )

    def all(self) -> list[WatchRow]:
        """Return the watches by name."""
        counts = self._watches.counts()
        return [WatchRow(watch, counts[watch.name]) for watch in self._watches.all()]

    def log(self, name: str | None, limit: int) -> list[LoggedAlert]:
        """Return alerts with their deliveries, newest first."""
        return self._watches.log(self.named(name).name if name is not None else None, limit)

    def test(self, query: WatchQuery, since: datetime, limit: int) -> list[QueryMatch]:
        """Return the stories that match a query since a time, newest first; nothing is stored or sent."""
        _check(query)
        matcher, reader = Matcher(query), Reader(self._store, self._clock())
        fresh = reader.new_since()
        wanted = self._watches.candidates(search_expression(query), since - self._settings.stories.window)
        caught = []
        for story_id, readings in read_stories(reader.entries, self._watches, wanted):
            fitting = matcher.matching_entries(readings)
            if not fitting:
                continue
            alerts = tuple(one for one in past_alerts(matcher, readings, self._settings.watches) if one[0] >= since)
            if alerts:
                caught.append(QueryMatch(reader.stories.summary(story_id, fresh), fitting[0].entry.data.title, alerts))
        caught.sort(key=lambda one: (one.alerts[0][0], one.summary.id), reverse=True)
        return caught[:limit]

    def _doubts(self, query: WatchQuery, targets: Sequence[str]) -> tuple[str, ...]:
        known = {normal_name(name) for name in self._watches.known_publishers()}
        doubts = [
            f"no feed of publisher {name!r} is followed, and no entry of it is stored; `feeds list` shows the publishers"
            for name in query.publishers
            if known and normal_name(name) not in known
        ]
        if any(target.startswith("mail:") for target in targets) and not self._settings.mail.server:
            doubts.append("mail.server is not set: alerts by mail wait until it is")
        doubts += [advice_for_open(target) for target in targets if holds_open_secret(target)]
        for target in targets:
            kind, env, name = target.partition(":env:")
            if env and kind in ("webhook", "apprise") and not os.environ.get(name, "").strip():
                doubts.append(f"the environment has no {name} here; the daemon's must")
            folder = Path(target.removeprefix("file:")).parent
            if target.startswith("file:") and not folder.exists():
                doubts.append(f"there is no folder {folder}: alerts to a file in it wait until there is")
        if any(target.startswith("apprise:") for target in targets) and (absent := chat.missing()):
            doubts.append(f"alerts for chats wait: {absent}")
        return tuple(doubts)


def read_stories(
    entries: EntryStore, watches: WatchStore, story_ids: Sequence[str]
) -> Iterator[tuple[str, tuple[Reading, ...]]]:
    """Yield stories as watches read them, in the order given."""
    for start in range(0, len(story_ids), _CHUNK):
        members = entries.of_stories(story_ids[start : start + _CHUNK], light=True)
        texts = watches.beginnings([entry.id for found in members.values() for entry in found], BEGINNING)
        for story_id, found in members.items():
            yield story_id, tuple(Reading(entry, texts[entry.id]) for entry in found)


def _check(query: WatchQuery) -> None:
    for tag in query.languages:
        if primary_language(tag) is None:
            raise UsageError(NO_LANGUAGE.format(display_text(tag)))
    if not query:
        raise UsageError("the query asks for nothing: give a word, a phrase, a publisher, or --min-publishers")
    if not_found := unreadable(query):
        raise UsageError(f"{display_text(not_found[0])!r} holds no letter or digit to look for")
