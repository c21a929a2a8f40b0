"""Reports that editors moved: a database of the version before gets the tables, and reasons are found by their index."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from aggregator.storage.matches import MatchStore
from aggregator.storage.migrations import migrations
from aggregator.storage.moves import EndingStory, Follower, MoveStore
from aggregator.storage.schema import APPLICATION_ID

AT = "2026-03-10T09:00:00Z"


def made_before(path: Path) -> Path:
    """Make a database of the version before, with a story of two reports and the reason why an editor put one there."""
    made = Database(path)
    migrations.apply(made, stop_before="m014_moved_reports")
    made.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for story in ("s1", "s2"):
        made.conn.execute(
            "INSERT INTO story (id, title, publisher, entries, reports, publishers, first_seen, last_seen, opened, changed)"
            " VALUES (?, 'A', 'P', 2, 2, 1, ?, ?, ?, ?)",
            (story, AT, AT, AT, AT),
        )
    made.conn.execute(
        "INSERT INTO feed (id, key, url, publisher, added) VALUES (1, 'f', 'https://a.example/f', 'P', ?)", (AT,)
    )
    for number in (1, 2):
        made.conn.execute("INSERT INTO report VALUES (?, 's1', NULL, 1, ?, ?)", (f"r{number}", AT, AT))
        made.conn.execute(
            "INSERT INTO entry (number, id, feed_id, key, title, publisher, author, date_flag, first_seen, last_seen, time,"
            " summary, content, text, content_hash, report_id, story_id)"
            " VALUES (?, ?, 1, ?, 'A', 'P', '', '', ?, ?, ?, '', '', '', '', ?, 's1')",
            (number, f"e{number}", f"k{number}", AT, AT, AT, f"r{number}"),
        )
        made.conn.execute(
            "INSERT INTO match (kind, entry_id, other_id, story_id, method, score, threshold, evidence, parameters, at)"
            " VALUES ('editor', ?, 's1', 's1', 'merge', 1.0, 1.0, '{}', ?, ?)",
            (f"e{number}", f"decision {number}", AT),
        )
    made.conn.commit()
    made.close()
    return path


def test_a_database_of_the_version_before_takes_moves(tmp_path: Path) -> None:
    with Store(made_before(tmp_path / "a.db")) as store, store.transaction():
        moves = MoveStore(store.connection)
        assert not moves.is_pending()
        moves.move(["r2"], "s2", 7)
        moves.end_later(EndingStory("s1", "s2", "merged by an editor"))
        assert moves.is_pending()
        assert moves.moved(9, "s1") == []
        [report] = moves.moved(9, "s2")
        assert moves.followers([report], 9) == [Follower(2, "e2", "s2", 7)]
        moves.follow(moves.followers([report], 9))
        moves.mark_followed([report])
        assert not moves.is_empty("s1")
        moves.forget_ending("s1")
        assert not moves.is_pending()
        assert faults(store.connection, store.path) == ()


def test_the_reasons_of_a_decision_are_found_without_a_walk_over_all_links(tmp_path: Path) -> None:
    with Store(made_before(tmp_path / "a.db")) as store, store.transaction() as db:
        plan = db.execute("EXPLAIN QUERY PLAN DELETE FROM match WHERE kind = 'editor' AND parameters = ?", ("",))
        assert "match_decision" in plan.fetchall()[0][3]
        MatchStore(store).drop_reasons(1)
        assert [one.entry_id for one in MatchStore(store).of_entries(["e1", "e2"])] == ["e2"]
