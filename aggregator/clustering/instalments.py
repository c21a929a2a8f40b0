"""Titles without their date, by which the instalments of a series are alike: one publisher's titles, repeated on another day.

Instalments are recognised by their titles, since no list names all series; this works in any language whose months and
days are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aggregator.clustering.stemmers import stems_of
from aggregator.clustering.vocabulary import calendar_stems

ANOTHER_DAY = timedelta(hours=12)  # a publisher that runs a title twice within less corrects or updates it
_DISTINCT = 3  # words that a title has at least without its date: "News of Monday" names no series


def undated(title: Sequence[str], language: str | None) -> tuple[str, ...]:
    """Return the words of a title without days, months and adjacent numbers; all words where too few remain."""
    calendar = calendar_stems(language or "")
    dated = [term in calendar for term in stems_of(title, language)]
    if not any(dated):
        return tuple(title)
    for places in (range(1, len(title)), range(len(title) - 2, -1, -1)):
        step = -1 if places.step > 0 else 1
        for place in places:  # "19 September 2021": numbers beside a date belong to it, on either side
            dated[place] = dated[place] or (dated[place + step] and title[place].isdigit())
    kept = tuple(word for word, is_date in zip(title, dated, strict=True) if not is_date)
    return kept if len(set(kept)) >= _DISTINCT else tuple(title)
