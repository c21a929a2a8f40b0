"""What the retention rule drops: old entries, and the stories and reports they leave empty."""

from __future__ import annotations

from datetime import datetime

from aggregator.storage.database import Store
from aggregator.storage.storylines import StorylineStore
from aggregator.storage.times import to_text


def drop_entries(store: Store, before: datetime, now: datetime) -> tuple[int, int]:
    """Drop whole stories that were last seen before a time; return how many entries and stories went.

    A story goes as a whole: its ids lead nowhere afterwards, and say so. Stories that an editor's verb names stay.
    """
    db = store.connection
    with store.transaction():
        db.execute("CREATE TEMP TABLE IF NOT EXISTS dropped (story_id TEXT PRIMARY KEY)")
        db.execute("DELETE FROM dropped")
        db.execute(
            "INSERT INTO dropped SELECT id FROM story WHERE last_seen < ? AND pinned_entry IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM entry JOIN decision_entry m ON m.entry_id = entry.id WHERE entry.story_id = story.id)",
            (to_text(before),),
        )
        db.execute("DELETE FROM entry_fts WHERE rowid IN (SELECT number FROM entry JOIN dropped USING (story_id))")
        lines = [
            row[0]
            for row in db.execute("SELECT DISTINCT storyline_id FROM story JOIN dropped ON dropped.story_id = story.id")
            if row[0] is not None
        ]
        db.execute("DELETE FROM report_vector WHERE report_id IN (SELECT id FROM report JOIN dropped USING (story_id))")
        entries = db.execute("DELETE FROM entry WHERE story_id IN (SELECT story_id FROM dropped)").rowcount
        db.execute("DELETE FROM report WHERE story_id IN (SELECT story_id FROM dropped)")
        db.execute("UPDATE story_redirect SET story_id = NULL WHERE story_id IN (SELECT story_id FROM dropped)")
        db.execute(
            "INSERT INTO story_redirect (old_id, story_id, at, reason) SELECT story_id, NULL, ?, 'retention' FROM dropped",
            (to_text(now),),
        )
        stories = db.execute("DELETE FROM story WHERE id IN (SELECT story_id FROM dropped)").rowcount
        StorylineStore(store).refresh(lines, now)
    return entries, stories
