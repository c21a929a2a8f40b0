"""Independent voices of a story: copies and unproved attributions do not count as further voices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.model.entries import Entry

_ENOUGH_SIGN = 2  # publishers that must sign one text with an agency's name before it counts as the agency's


@dataclass(frozen=True, slots=True)
class Voice:
    """An independent voice: an agency or a publisher, and the entries with its text."""

    name: str
    entries: tuple[Entry, ...]


def voices(reports: Iterable[Sequence[Entry]]) -> tuple[Voice, ...]:
    """Return the independent voices of a story; ``reports`` are the entries of each report.

    A report is one voice, however many publishers carry it. It is the agency's voice if the agency itself or two publishers
    say so, else the voice of the publisher that had it first. If only one publisher names an agency, that is a claim: the
    report counts as one voice with the agency's other reports and with that publisher's other reports. So no publisher
    becomes two voices by naming agencies.
    """
    found: list[tuple[set[str], str, list[Entry]]] = []
    for entries in reports:
        name, names = _voice_of(entries)
        spoken = list(entries)
        rest = []
        for other in found:
            if names.isdisjoint(other[0]):
                rest.append(other)
            else:
                names, name, spoken = names | other[0], other[1], other[2] + spoken
        found = [*rest, (names, name, spoken)]
    return tuple(Voice(name, tuple(spoken)) for _, name, spoken in found)


def _voice_of(entries: Sequence[Entry]) -> tuple[str, set[str]]:
    """Return the name of a report's voice, and all names under which the voice may occur again."""
    first = min(entries, key=_by_time).publisher
    signed: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for entry in sorted(entries, key=_by_time):
        if entry.agency is not None:
            counts[entry.agency] += 1
            signed.setdefault(entry.agency, set()).add(entry.publisher)
    if not counts:
        return first, {first}
    agency = counts.most_common(1)[0][0]
    if len(signed[agency]) >= _ENOUGH_SIGN or any(agency in entry.sources for entry in entries):
        return agency, {agency}
    return agency, {agency, first}


def _by_time(entry: Entry) -> tuple[datetime, str]:
    return entry.seen, entry.id
