"""Editors' verbs as they were given, and the constraints that follow from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.storage.database import Store
from aggregator.storage.times import from_text, to_text

DecisionKind = Literal["merge", "split", "move", "pin", "forbid"]


@dataclass(frozen=True, slots=True)
class Part:
    """One constraint of a decision: the entries of ``left`` and ``right`` belong together, or apart."""

    sign: Literal["together", "apart"]
    left: frozenset[str]
    right: frozenset[str]


@dataclass(frozen=True, slots=True)
class Decision:
    """An editor's verb: who, when, what was asked and what stood before it."""

    id: int
    kind: DecisionKind
    by: str
    at: datetime
    sentence: str
    arguments: tuple[str, ...]
    before: Mapping[str, object]
    parts: tuple[Part, ...]
    undone_at: datetime | None = None
    undone_by: str | None = None


class DecisionStore:
    """Rows of ``decision`` and ``decision_entry``."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection

    def any_active(self) -> bool:
        """Tell whether a decision is in force."""
        return self._db.execute("SELECT 1 FROM decision WHERE undone_at IS NULL LIMIT 1").fetchone() is not None

    def add(
        self,
        kind: DecisionKind,
        by: str,
        at: datetime,
        sentence: str,
        arguments: Sequence[str],
        before: Mapping[str, object],
        parts: Sequence[Part],
    ) -> int:
        """Store a decision with its constraints; return its number."""
        cursor = self._db.execute(
            "INSERT INTO decision (kind, by, at, sentence, arguments, before) VALUES (?, ?, ?, ?, ?, ?)",
            (
                kind,
                by,
                to_text(at),
                sentence,
                json.dumps(list(arguments)),
                json.dumps(before, ensure_ascii=False, sort_keys=True),
            ),
        )
        number = int(cursor.lastrowid or 0)
        self._db.executemany(
            "INSERT INTO decision_entry (decision_id, part, sign, side, entry_id) VALUES (?, ?, ?, ?, ?)",
            [
                (number, index, part.sign, side, entry_id)
                for index, part in enumerate(parts)
                for side, members in (("left", part.left), ("right", part.right))
                for entry_id in sorted(members)
            ],
        )
        return number

    def touching(self, entry_ids: Iterable[str]) -> list[Decision]:
        """Return the decisions in force whose constraints name one of these entries, oldest first."""
        numbers: set[int] = set()
        for entry_id in entry_ids:
            rows = self._db.execute(
                "SELECT DISTINCT d.id FROM decision_entry m JOIN decision d ON d.id = m.decision_id"
                " WHERE m.entry_id = ? AND d.undone_at IS NULL",
                (entry_id,),
            )
            numbers.update(row[0] for row in rows)
        return self._load(sorted(numbers))

    def active(self) -> list[Decision]:
        """Return all decisions in force, oldest first."""
        return self._load(
            [row[0] for row in self._db.execute("SELECT id FROM decision WHERE undone_at IS NULL ORDER BY id")]
        )

    def last_active(self) -> Decision | None:
        """Return the newest decision in force: what undo takes back."""
        row = self._db.execute("SELECT max(id) FROM decision WHERE undone_at IS NULL").fetchone()
        return self._load([row[0]])[0] if row[0] is not None else None

    def undo(self, decision_id: int, by: str, at: datetime) -> None:
        """Mark a decision as taken back; it stays in the log."""
        self._db.execute(
            "UPDATE decision SET undone_at = ?, undone_by = ? WHERE id = ?", (to_text(at), by, decision_id)
        )

    def log(self, limit: int | None = None) -> list[Decision]:
        """Return decisions newest first, those taken back among them."""
        rows = self._db.execute("SELECT id FROM decision ORDER BY id DESC LIMIT ?", (-1 if limit is None else limit,))
        return self._load([row[0] for row in rows])

    def _load(self, numbers: Sequence[int]) -> list[Decision]:
        return [self._one(number) for number in numbers]

    def _one(self, number: int) -> Decision:
        kind, by, at, sentence, arguments, before, undone_at, undone_by = self._db.execute(
            "SELECT kind, by, at, sentence, arguments, before, undone_at, undone_by FROM decision WHERE id = ?",
            (number,),
        ).fetchone()
        sides: dict[int, tuple[str, dict[str, set[str]]]] = {}
        for part, sign, side, entry_id in self._db.execute(
            "SELECT part, sign, side, entry_id FROM decision_entry WHERE decision_id = ? ORDER BY part", (number,)
        ):
            sides.setdefault(part, (sign, {"left": set(), "right": set()}))[1][side].add(entry_id)
        return Decision(
            id=number,
            kind=kind,
            by=by,
            at=from_text(at),
            sentence=sentence,
            arguments=tuple(json.loads(arguments)),
            before=json.loads(before),
            parts=tuple(
                Part("apart" if sign == "apart" else "together", frozenset(both["left"]), frozenset(both["right"]))
                for sign, both in sides.values()
            ),
            undone_at=from_text(undone_at),
            undone_by=undone_by,
        )
