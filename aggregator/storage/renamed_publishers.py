"""Publishers whose name in feeds.yaml changed: entries of open stories follow, so that no house counts as two."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aggregator.storage.database import Store
from aggregator.storage.times import to_text

_FOLLOWED: Final = "SELECT id, key, publisher FROM feed WHERE kind = 'poll' AND followed"
# An entry that its feed attributed to another house keeps that one.
_RENAME: Final = "UPDATE entry SET publisher = ? WHERE feed_id = ? AND last_seen >= ? AND publisher = ?"
_UNSETTLE: Final = """
INSERT OR IGNORE INTO unsettled_report (report_id)
SELECT report_id FROM entry WHERE feed_id = ? AND last_seen >= ? AND publisher = ? AND report_id IS NOT NULL
"""


def rename_publishers(store: Store, publishers: Mapping[str, str], since: datetime) -> None:
    """Rename the publisher of a feed's entries seen since a time; ``publishers`` maps keys of feeds to their names now.

    Their stories are counted anew by the next pass. Called before the rows of feeds are updated, which hold the old names.
    """
    renamed = [
        (feed_id, old, publishers[key])
        for feed_id, key, old in store.connection.execute(_FOLLOWED).fetchall()
        if key in publishers and publishers[key] != old
    ]
    if not renamed or store.read_only:
        return
    with store.transaction() as db:
        for feed_id, old, new in renamed:
            db.execute(_UNSETTLE, (feed_id, to_text(since), old))
            db.execute(_RENAME, (new, feed_id, to_text(since), old))
