"""Decides when a watch raises an alert.

It raises one when a story first matches, and more only for more independent publishers, a correction or new facts. What a watch
has alerted to is remembered by entry, not by story, so that no merge, split or move of stories repeats an alert.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.model import Entry
from aggregator.model.voices import voices
from aggregator.model.withdrawals import confirming
from aggregator.newsroom.corrections import own_notices
from aggregator.newsroom.watches import Matcher, Reading, by_arrival, delimited, values_of, words_apart
from aggregator.settings import WatchSettings

Reason = Literal["new", "publishers", "correction", "facts"]

_STEM = 5  # letters that the forms of a name share in languages that inflect names
_MAX_LISTED = 5  # names or facts that a sentence lists
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Alerted:
    """An entry as it was at the last alert of a watch: whether it matched, how many edits it had, and its correction notice."""

    matched: bool
    revisions: int
    correction: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of a round of deliveries."""

    delivered: int = 0
    failed: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a watch raises an alert: the reason, a sentence, and the entries that gave it."""

    reason: Reason
    sentence: str
    entries: tuple[str, ...]
    facts: tuple[str, ...] = ()


def decide(
    matcher: Matcher,
    story: Sequence[Reading],
    alerted: Mapping[str, Alerted],
    rules: WatchSettings,
    earlier: Mapping[str, str] | None = None,
    *,
    backlog: bool = False,
    old: Collection[str] = (),
) -> Cause | None:
    """Return why a watch raises an alert now; None where it has no reason.

    ``alerted`` holds the story's entries as they were at the last alert, by id. ``earlier`` holds the texts, as they were then, of
    entries that were edited since. With ``backlog`` a story of backlog entries alone raises an alert too. ``old`` are the entries
    that matched before the watch was added: they raise no first alert.
    """
    caught = matcher.matching_entries(story)
    if not any(reading.entry.id in alerted and alerted[reading.entry.id].matched for reading in story):
        fresh = [reading for reading in caught if reading.entry.id not in old]
        return _first(fresh) if any(backlog or not reading.entry.backlog for reading in fresh) else None
    if not backlog:  # entries that were no news when they came count as alerted
        alerted = {
            **alerted_by(matcher, (one for one in story if one.entry.backlog and not one.entry.revisions)),
            **alerted,
        }
    cause = _corrected(story, alerted)
    if cause is not None or not caught:
        return cause
    return _more_publishers(story, alerted, rules) or _facts(matcher, story, alerted, rules, earlier or {})


def alerted_by(matcher: Matcher, story: Iterable[Reading]) -> dict[str, Alerted]:
    """Return the state of all entries of a story, as it is remembered after an alert."""
    return {
        reading.entry.id: Alerted(matcher.matches(reading), reading.entry.revisions, reading.entry.correction)
        for reading in story
    }


def past_alerts(matcher: Matcher, story: Sequence[Reading], rules: WatchSettings) -> list[tuple[datetime, Cause]]:
    """Return the alerts that a story would have raised while its entries arrived, with their times."""
    alerted: dict[str, Alerted] = {}
    alerts = []
    arrived: list[Reading] = []
    arriving = sorted(story, key=by_arrival)
    for place, reading in enumerate(arriving):
        arrived.append(reading)
        moment = reading.entry.seen
        if place + 1 < len(arriving) and arriving[place + 1].entry.seen == moment:
            continue
        cause = decide(matcher, arrived, alerted, rules, backlog=True)
        if cause is not None:
            alerts.append((moment, cause))
            alerted = alerted_by(matcher, arrived)
    return alerts


def voice_names(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the publishers and agencies that reported independently; copies and withdrawals do not count."""
    return frozenset(voice.name for voice in voices(confirming(entries)))


def _first(caught: Sequence[Reading]) -> Cause:
    named = _listed(dict.fromkeys(reading.entry.publisher for reading in caught))
    return Cause("new", f"New: {named}.", tuple(reading.entry.id for reading in caught))


def _corrected(story: Sequence[Reading], alerted: Mapping[str, Alerted]) -> Cause | None:
    own = own_notices([reading.entry for reading in story])
    known = {
        (reading.entry.report_id, alerted[reading.entry.id].correction)
        for reading in story
        if reading.entry.id in alerted and alerted[reading.entry.id].correction
    }
    fresh = [
        reading.entry
        for reading in sorted(story, key=by_arrival)
        if reading.entry.id in own and (reading.entry.report_id, reading.entry.correction) not in known
    ]
    if not fresh:
        return None
    kinds = ", ".join(sorted({str(entry.correction) for entry in fresh}))
    named = _listed(dict.fromkeys(entry.publisher for entry in fresh))
    return Cause("correction", f"{kinds.capitalize()}: {named}.", tuple(entry.id for entry in fresh))


def _more_publishers(story: Sequence[Reading], alerted: Mapping[str, Alerted], rules: WatchSettings) -> Cause | None:
    entries = [reading.entry for reading in sorted(story, key=by_arrival)]
    before = voice_names(entry for entry in entries if entry.id in alerted)
    now = voice_names(entries)
    gained = len(now) - len(before)
    if gained < max(rules.more_publishers, 1):
        return None
    fresh = tuple(entry.id for entry in entries if entry.id not in alerted)
    named = _listed(sorted(now - before))
    return Cause("publishers", f"{gained} more independent publishers, {len(now)} in all: {named}.", fresh)


def _facts(
    matcher: Matcher,
    story: Sequence[Reading],
    alerted: Mapping[str, Alerted],
    rules: WatchSettings,
    earlier: Mapping[str, str],
) -> Cause | None:
    """Return new facts as a cause: numbers and names that enough voices have in title or lede, and that no earlier text had."""
    needed = 1 if len(matcher.query.publishers) == 1 else max(rules.fact_sources, 1)
    fresh = [one for one in sorted(story, key=by_arrival) if _is_fresh(one.entry, alerted)]
    if len(voice_names(reading.entry for reading in fresh)) < needed:
        return None
    carried: dict[tuple[bool, str], tuple[str, list[Entry]]] = {}
    for reading in fresh:
        for named, mention in reading.facts:
            carried.setdefault((named, mention.key), (mention.text, []))[1].append(reading.entry)
    carried = {key: kept for key, kept in carried.items() if len(voice_names(kept[1])) >= needed}
    if not carried:
        return None
    old = [reading for reading in story if not _is_fresh(reading.entry, alerted)]
    edited = [reading for reading in story if reading.entry.id in earlier]
    past = "\n".join([*(one.past for one in old), *(delimited(earlier[one.entry.id]) for one in edited)])
    known = frozenset().union(
        *(one.values for one in old), *(values_of(earlier[one.entry.id], one.entry.language) for one in edited)
    )
    languages = {reading.entry.language for reading in (*old, *edited)}
    news = {
        text: entries
        for (named, key), (text, entries) in carried.items()
        if (_is_new_name(text, past, {entry.language for entry in entries} & languages) if named else key not in known)
    }
    if not news:
        return None
    ids = {entry.id: None for entries in news.values() for entry in entries}
    return Cause("facts", f"New facts: {_listed(news)}.", tuple(ids), tuple(news))


def _is_fresh(entry: Entry, alerted: Mapping[str, Alerted]) -> bool:
    return entry.id not in alerted or alerted[entry.id].revisions < entry.revisions


def _is_new_name(name: str, past: str, languages: set[str | None]) -> bool:
    """Return whether a word of a name is new in the ``past`` texts.

    ``languages`` are those of the name that the past texts have. Where there are none, every word would be new, and none counts.
    """
    parts = [part for part in words_apart(name) if _LETTER.match(part) and len(part) > 1]
    return bool(languages) and any(
        (f" {part[:_STEM]}" if len(part) > _STEM else f" {part} ") not in past for part in parts
    )


def _listed(named: Iterable[str]) -> str:
    listed = list(named)
    more = f" and {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    return ", ".join(listed[:_MAX_LISTED]) + more
