"""When a watch speaks up: once for a story, and again only for more independent publishers, a correction or new facts.

What a watch has told is kept by entry, not by story, so that no merge, split or move of stories makes it tell twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.model import Entry
from aggregator.model.voices import voices as independent
from aggregator.newsroom.corrections import TAKEN_BACK, own_notices
from aggregator.newsroom.watches import Matcher, Reading, by_arrival, marked, values_of
from aggregator.settings import WatchSettings
from aggregator.text.tokens import words

Reason = Literal["new", "publishers", "correction", "facts"]

_STEM = 5  # letters that the forms of a name share in the languages that bend names
_SHOWN = 5  # names or facts that a sentence lists
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Told:
    """What a watch has told of an entry: whether it fitted, which of its versions, and its correction notice."""

    matched: bool
    revisions: int
    correction: str | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a watch speaks up: the reason, a sentence, and the entries that gave it."""

    reason: Reason
    sentence: str
    entries: tuple[str, ...]
    facts: tuple[str, ...] = ()


def decide(
    matcher: Matcher,
    story: Sequence[Reading],
    told: Mapping[str, Told],
    rules: WatchSettings,
    earlier: Mapping[str, str] | None = None,
    *,
    backlog: bool = False,
    old: Collection[str] = (),
) -> Cause | None:
    """Return why a watch speaks up now; None where it has nothing to tell.

    ``told`` is what it has told of the story's entries, ``earlier`` the texts, when it told, of those edited since.
    With ``backlog`` a story of none but entries that stood there before the desk looked is told too. ``old`` entries were there,
    and fitted, before the watch: they are told in no first alert.
    """
    caught = matcher.catches(story)
    if not any(reading.entry.id in told and told[reading.entry.id].matched for reading in story):
        fresh = [reading for reading in caught if reading.entry.id not in old]
        return _first(fresh) if any(backlog or not reading.entry.backlog for reading in fresh) else None
    if not backlog:  # what was no news when it came counts as told
        told = {**telling(matcher, (one for one in story if one.entry.backlog and not one.entry.revisions)), **told}
    cause = _corrected(story, told)
    if cause is not None or not caught:
        return cause
    return _spread(story, told, rules) or _facts(matcher, story, told, rules, earlier or {})


def telling(matcher: Matcher, story: Iterable[Reading]) -> dict[str, Told]:
    """Return what an alert on a story tells: all its entries, as they are now."""
    return {
        reading.entry.id: Told(matcher.fits(reading), reading.entry.revisions, reading.entry.correction)
        for reading in story
    }


def rehearse(matcher: Matcher, story: Sequence[Reading], rules: WatchSettings) -> list[tuple[datetime, Cause]]:
    """Return the alerts that a story would have raised as its entries came in, by what is known of them today."""
    told: dict[str, Told] = {}
    alerts = []
    arrived: list[Reading] = []
    arriving = sorted(story, key=by_arrival)
    for place, reading in enumerate(arriving):
        arrived.append(reading)
        moment = reading.entry.seen
        if place + 1 < len(arriving) and arriving[place + 1].entry.seen == moment:
            continue
        cause = decide(matcher, arrived, told, rules, backlog=True)
        if cause is not None:
            alerts.append((moment, cause))
            told = telling(matcher, arrived)
    return alerts


def voices(entries: Iterable[Entry]) -> frozenset[str]:
    """Return who reported on their own; neither a copy nor a text that only takes another back confirms anything."""
    reports: dict[str, list[Entry]] = {}
    for entry in entries:
        reports.setdefault(entry.report_id, []).append(entry)
    told = [copies for copies in reports.values() if any(entry.correction not in TAKEN_BACK for entry in copies)]
    return frozenset(voice.name for voice in independent(told))


def _first(caught: Sequence[Reading]) -> Cause:
    named = _listed(dict.fromkeys(reading.entry.publisher for reading in caught))
    return Cause("new", f"New: {named}.", tuple(reading.entry.id for reading in caught))


def _corrected(story: Sequence[Reading], told: Mapping[str, Told]) -> Cause | None:
    own = own_notices([reading.entry for reading in story])
    known = {
        (reading.entry.report_id, told[reading.entry.id].correction)
        for reading in story
        if reading.entry.id in told and told[reading.entry.id].correction
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


def _spread(story: Sequence[Reading], told: Mapping[str, Told], rules: WatchSettings) -> Cause | None:
    entries = [reading.entry for reading in sorted(story, key=by_arrival)]
    before = voices(entry for entry in entries if entry.id in told)
    now = voices(entries)
    gained = len(now) - len(before)
    if gained < max(rules.more_publishers, 1):
        return None
    fresh = tuple(entry.id for entry in entries if entry.id not in told)
    named = _listed(sorted(now - before))
    return Cause("publishers", f"{gained} more independent publishers, {len(now)} in all: {named}.", fresh)


def _facts(
    matcher: Matcher,
    story: Sequence[Reading],
    told: Mapping[str, Told],
    rules: WatchSettings,
    earlier: Mapping[str, str],
) -> Cause | None:
    """Find numbers and names that enough independent publishers tell in title or lede, and that nobody had told."""
    needed = 1 if len(matcher.query.publishers) == 1 else max(rules.fact_sources, 1)
    fresh = [one for one in sorted(story, key=by_arrival) if _is_fresh(one.entry, told)]
    if len(voices(reading.entry for reading in fresh)) < needed:
        return None
    carried: dict[tuple[bool, str], tuple[str, list[Entry]]] = {}
    for reading in fresh:
        for named, mention in reading.facts:
            carried.setdefault((named, mention.key), (mention.text, []))[1].append(reading.entry)
    carried = {key: kept for key, kept in carried.items() if len(voices(kept[1])) >= needed}
    if not carried:
        return None
    old = [reading for reading in story if not _is_fresh(reading.entry, told)]
    edited = [reading for reading in story if reading.entry.id in earlier]
    past = "\n".join([*(one.past for one in old), *(marked(earlier[one.entry.id]) for one in edited)])
    known = frozenset().union(
        *(one.values for one in old), *(values_of(earlier[one.entry.id], one.entry.language) for one in edited)
    )
    spoken = {reading.entry.language for reading in (*old, *edited)}
    news = {
        text: entries
        for (named, key), (text, entries) in carried.items()
        if (_is_strange(text, past, {entry.language for entry in entries} & spoken) if named else key not in known)
    }
    if not news:
        return None
    ids = {entry.id: None for entries in news.values() for entry in entries}
    return Cause("facts", f"New facts: {_listed(news)}.", tuple(ids), tuple(news))


def _is_fresh(entry: Entry, told: Mapping[str, Told]) -> bool:
    return entry.id not in told or told[entry.id].revisions < entry.revisions


def _is_strange(name: str, past: str, spoken: set[str | None]) -> bool:
    """Tell whether a word of a name was never told; in a language new to the story every name would be."""
    parts = [part for word in words(name, None) for part in word.split("'") if _LETTER.match(part) and len(part) > 1]
    return bool(spoken) and any(
        (f" {part[:_STEM]}" if len(part) > _STEM else f" {part} ") not in past for part in parts
    )


def _listed(named: Iterable[str]) -> str:
    listed = list(named)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
