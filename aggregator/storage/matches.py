"""The evidence for groups: copies, the strongest edges of reports, and editors' verbs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aggregator.model import Match
from aggregator.storage.binding import rows_among
from aggregator.storage.damage import from_json
from aggregator.storage.database import Store
from aggregator.storage.decisions import reference
from aggregator.storage.times import to_text

_INSERT = "INSERT INTO match (kind, entry_id, other_id, report_id, story_id, method, score, threshold, evidence, parameters, at)"


class MatchStore:
    """Rows of ``match``."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection

    def add(self, match: Match, report_id: str | None, story_id: str | None, now: datetime) -> None:
        """Store the evidence of an edge."""
        self._db.execute(
            f"{_INSERT} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                match.kind,
                match.entry_id,
                match.other_id,
                report_id,
                story_id,
                match.method,
                match.score,
                match.threshold,
                json.dumps(match.evidence, ensure_ascii=False, sort_keys=True),
                match.parameters,
                to_text(now),
            ),
        )

    def add_reasons(self, decision: int, placed: Mapping[str, Collection[str]]) -> None:
        """Store a decision as the reason why entries are in the stories where it placed them."""
        kind, by, sentence, at = self._db.execute(
            "SELECT kind, by, sentence, at FROM decision WHERE id = ?", (decision,)
        ).fetchone()
        reason = {"decision": decision, "by": by, "verb": kind, "sentence": sentence}
        evidence = json.dumps(reason, ensure_ascii=False, sort_keys=True)
        self._db.executemany(
            f"{_INSERT} VALUES ('editor', ?, ?, NULL, ?, ?, 1.0, 1.0, ?, ?, ?)",
            [
                (entry, story, story, kind, evidence, reference(decision), at)
                for story, entries in placed.items()
                for entry in sorted(entries)
            ],
        )

    def drop_reasons(self, decision: int) -> None:
        """Delete the evidence that a decision is the reason of."""
        self._db.execute("DELETE FROM match WHERE kind = 'editor' AND parameters = ?", (reference(decision),))

    def links(self, report_ids: Collection[str]) -> dict[str, tuple[str, float]]:
        """Return report id -> the entry at the other end of its strongest edge, and the score."""
        rows = rows_among(
            self._db, "SELECT report_id, other_id, score FROM match WHERE kind = 'story' AND report_id", report_ids
        )
        return {report_id: (other_id, score) for report_id, other_id, score in rows}

    def drop_link(self, report_id: str) -> None:
        """Delete a report's strongest edge."""
        self._db.execute("DELETE FROM match WHERE kind = 'story' AND report_id = ?", (report_id,))

    def of_entries(self, entry_ids: Iterable[str]) -> list[Match]:
        """Return the edges of these entries, oldest first."""
        found: list[Match] = []
        for entry_id in entry_ids:
            rows = self._db.execute(
                "SELECT kind, entry_id, other_id, method, score, threshold, evidence, parameters FROM match WHERE entry_id = ? ORDER BY id",
                (entry_id,),
            )
            found.extend(_match(row) for row in rows)
        return found


def _match(row: Sequence[Any]) -> Match:
    kind, entry_id, other_id, method, score, threshold, evidence, parameters = row
    return Match(kind, entry_id, other_id, method, score, threshold, from_json(evidence, dict), parameters)
