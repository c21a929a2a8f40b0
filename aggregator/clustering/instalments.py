"""Titles without their date, which are equal for the instalments of a series: one publisher's title, repeated on another day.

Instalments are recognised by their titles, because no list names all series. This works in any language whose months and days are
known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aggregator.clustering.stemmers import stems_of
from aggregator.clustering.vocabulary import calendar_stems

ANOTHER_DAY = timedelta(hours=12)  # the same title again within less is a correction or an update
_MIN_DISTINCT = 3  # different words that a title must have without its date: "News of Monday" names no series


def undated(title: Sequence[str], language: str | None) -> tuple[str, ...]:
    """Return the words of a title without days, months and adjacent numbers; all words where too few remain."""
    calendar = calendar_stems(language or "")
    dated = [term in calendar for term in stems_of(title, language)]
    if not any(dated):
        return tuple(title)
    for places in (range(1, len(title)), range(len(title) - 2, -1, -1)):
        step = -1 if places.step > 0 else 1
        for place in places:  # "19 September 2021": numbers on both sides of a month belong to the date
            dated[place] = dated[place] or (dated[place + step] and title[place].isdigit())
    kept = tuple(word for word, is_date in zip(title, dated, strict=True) if not is_date)
    return kept if len(set(kept)) >= _MIN_DISTINCT else tuple(title)
