"""Editors' decisions, and the constraints that they state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from aggregator.clustering.constraints import Constraint
from aggregator.storage.binding import column, first_value
from aggregator.storage.damage import from_json
from aggregator.storage.database import Store
from aggregator.storage.members import PLACES, places_of
from aggregator.storage.times import from_text, to_text

DecisionKind = Literal["merge", "split", "move", "pin", "forbid", "name", "tie", "untie"]
# The sign of a constraint -> the word that is stored, for constraints on stories and on storylines.
_OF_STORIES = {"together": "together", "apart": "apart"}
_OF_STORYLINES = {"together": "tied", "apart": "untied"}
_TIES_READ = 100  # newest verbs on ties that are searched for a storyline that ended: some ms


@dataclass(frozen=True, slots=True)
class Decision:
    """An editor's verb: who, when, with which arguments, and the state before it."""

    id: int
    kind: DecisionKind
    by: str
    at: datetime
    sentence: str
    arguments: tuple[str, ...]
    before: Mapping[str, object]
    constraints: tuple[Constraint, ...]
    undone_at: datetime | None = None
    undone_by: str | None = None


class DecisionStore:
    """Rows of ``decision`` and ``decision_entry``."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection

    def version(self) -> tuple[int, int]:
        """Return a value that changes whenever a decision is stored or undone."""
        newest, undone = self._db.execute("SELECT coalesce(max(id), 0), count(undone_at) FROM decision").fetchone()
        return newest, undone

    def next_number(self) -> int:
        """Return the number that the next decision gets, within the caller's transaction."""
        return self.version()[0] + 1

    def add(
        self,
        number: int,
        kind: DecisionKind,
        by: str,
        at: datetime,
        sentence: str,
        arguments: Sequence[str],
        before: str,
        constraints: Sequence[Constraint],
    ) -> None:
        """Store a decision with its constraints under the number that :meth:`next_number` gave.

        ``before`` is JSON. The constraints of ``tie`` and ``untie`` are on storylines, those of other verbs on stories.
        """
        signs = _OF_STORYLINES if kind in ("tie", "untie") else _OF_STORIES
        self._db.execute(
            "INSERT INTO decision (id, kind, by, at, sentence, arguments, before) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                kind,
                by,
                to_text(at),
                sentence,
                json.dumps(list(arguments)),
                before,
            ),
        )
        for part, constraint in enumerate(constraints):
            for side, members in (("left", constraint.left), ("right", constraint.right)):
                self._db.execute(
                    "INSERT INTO decision_entry (decision_id, part, sign, side, entry_id)"
                    " SELECT ?, ?, ?, ?, value FROM json_each(?)",
                    (number, part, signs[constraint.sign], side, json.dumps(sorted(members))),
                )

    def constraints(self) -> list[Constraint]:
        """Return the constraints on stories of all decisions in force, oldest first."""
        return self._stated(("together", "apart"))

    def ties(self) -> list[Constraint]:
        """Return the constraints on storylines of all decisions in force, oldest first."""
        return self._stated(("tied", "untied"))

    def _stated(self, signs: tuple[str, str]) -> list[Constraint]:
        return _constraints(
            self._db.execute(
                "SELECT m.decision_id, m.part, m.sign, m.side, m.entry_id FROM decision_entry m"
                " JOIN decision d ON d.id = m.decision_id WHERE d.undone_at IS NULL AND m.sign IN (?, ?)"
                " ORDER BY m.decision_id, m.part",
                signs,
            )
        )

    def places(self) -> dict[str, tuple[str, str | None]]:
        """Return entry -> report and story, for the entries that decisions in force name."""
        rows = self._db.execute(
            f"{PLACES} WHERE e.id IN (SELECT m.entry_id FROM decision_entry m JOIN decision d ON d.id = m.decision_id WHERE d.undone_at IS NULL)"
        )
        return {entry_id: (report_id, story_id) for entry_id, report_id, story_id in rows}

    def places_of(self, entry_ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
        """Return entry -> report and story, for these entries."""
        return {entry_id: (report_id, story_id) for entry_id, report_id, story_id in places_of(self._db, entry_ids)}

    def pins(self) -> list[str]:
        """Return the entries that pins in force name, newest first."""
        rows = self._db.execute(
            "SELECT arguments FROM decision WHERE kind = 'pin' AND undone_at IS NULL ORDER BY id DESC"
        )
        return [from_json(arguments, list)[1] for (arguments,) in rows]

    def active(self) -> list[Decision]:
        """Return all decisions in force, oldest first."""
        return list(map(self.get, column(self._db, "SELECT id FROM decision WHERE undone_at IS NULL ORDER BY id")))

    def last_active(self) -> Decision | None:
        """Return the newest decision in force, which undo takes back; None where there is none."""
        number = first_value(self._db, "SELECT max(id) FROM decision WHERE undone_at IS NULL")
        return None if number is None else self.get(number)

    def state_before_newest(self, story_id: str) -> dict[str, Any] | None:
        """Return the state before the newest verb on this story, undone or not; None where no verb moved anything of it."""
        rows = self._db.execute(
            "SELECT before FROM decision WHERE kind IN ('merge', 'move', 'split') AND instr(sentence, ?) ORDER BY id DESC",
            (story_id,),  # sentences of these verbs name all their stories
        )
        states = (from_json(before, dict) for (before,) in rows)
        return next((state for state in states if story_id in state["opened"]), None)

    def states_before_ties(self) -> dict[str, dict[str, Any]]:
        """Return storyline -> the state before the newest verb that tied or untied stories of it, undone or not.

        Only the newest verbs are read, since each pass that opens a storyline asks.
        """
        found: dict[str, dict[str, Any]] = {}
        newest = "SELECT before FROM decision WHERE kind IN ('tie', 'untie') ORDER BY id DESC LIMIT ?"
        for (before,) in self._db.execute(newest, (_TIES_READ,)):
            state = from_json(before, dict)
            for line in state["names"]:
                found.setdefault(line, state)
        return found

    def undo(self, decision_id: int, by: str, at: datetime) -> None:
        """Mark a decision as undone: it stays in the log but is no longer in force."""
        self._db.execute(
            "UPDATE decision SET undone_at = ?, undone_by = ? WHERE id = ?", (to_text(at), by, decision_id)
        )

    def log(self, limit: int | None = None) -> list[Decision]:
        """Return decisions newest first, including undone ones."""
        query = "SELECT id FROM decision ORDER BY id DESC LIMIT ?"
        return list(map(self.get, column(self._db, query, (-1 if limit is None else limit,))))

    def get(self, number: int) -> Decision:
        """Return the decision with this number."""
        kind, by, at, sentence, arguments, before, undone_at, undone_by = self._db.execute(
            "SELECT kind, by, at, sentence, arguments, before, undone_at, undone_by FROM decision WHERE id = ?",
            (number,),
        ).fetchone()
        rows = self._db.execute(
            "SELECT decision_id, part, sign, side, entry_id FROM decision_entry WHERE decision_id = ? ORDER BY part",
            (number,),
        )
        return Decision(
            id=number,
            kind=kind,
            by=by,
            at=from_text(at),
            sentence=sentence,
            arguments=tuple(from_json(arguments, list)),
            before=from_json(before, dict),
            constraints=tuple(_constraints(rows)),
            undone_at=from_text(undone_at),
            undone_by=undone_by,
        )


def reference(number: int) -> str:
    """Return the text by which the evidence of an edge refers to a decision."""
    return f"decision {number}"


def _constraints(rows: Iterable[tuple[int, int, str, str, str]]) -> list[Constraint]:
    sides: dict[tuple[int, int], tuple[str, dict[str, set[str]]]] = {}
    for number, part, sign, side, entry_id in rows:
        sides.setdefault((number, part), (sign, {"left": set(), "right": set()}))[1][side].add(entry_id)
    return [
        Constraint(
            number,
            "apart" if sign in ("apart", "untied") else "together",
            frozenset(both["left"]),
            frozenset(both["right"]),
        )
        for (number, _), (sign, both) in sides.items()
    ]
