"""Labels of feeds that changed in feeds.yaml: entries of open stories follow, so that no house counts as two."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aggregator.storage.database import Store
from aggregator.storage.times import to_text

Labels = tuple[str, str | None]  # publisher, category

_COLUMNS: Final = ("publisher", "category")
_FOLLOWED: Final = "SELECT id, key, publisher, category FROM feed WHERE kind = 'poll' AND followed"
# Entries with another label than their feed's are left: the feed attributed them to another house.
_LABELLED: Final = "feed_id = ? AND last_seen >= ? AND {column} IS ?"
_UNSETTLE: Final = (
    "INSERT OR IGNORE INTO unsettled_report (report_id)"
    f" SELECT report_id FROM entry WHERE {_LABELLED} AND report_id IS NOT NULL"
)
_RELABEL: Final = f"UPDATE entry SET {{column}} = ? WHERE {_LABELLED}"


def relabel_entries(store: Store, labels: Mapping[str, Labels], since: datetime) -> None:
    """Give entries seen since a time the labels that their feeds have now; ``labels`` maps keys of feeds to them.

    Their stories are counted anew by the next pass. Called before the rows of feeds are updated, which hold the old labels.
    """
    changed = [
        (feed_id, column, before, now)
        for feed_id, key, *old in store.connection.execute(_FOLLOWED).fetchall()
        if key in labels
        for column, before, now in zip(_COLUMNS, old, labels[key], strict=True)
        if before != now
    ]
    if not changed or store.read_only:
        return
    with store.transaction() as db:
        for feed_id, column, before, now in changed:
            labelled = (feed_id, to_text(since), before)
            db.execute(_UNSETTLE.format(column=column), labelled)
            db.execute(_RELABEL.format(column=column), (now, *labelled))
