"""Play invented situations of look-alikes: entries that must be kept apart, and entries that must be put together.

    python -m bench.lookalikes [--among ARCHIVE ...] [--held-out]

``lookalikes.txt`` holds them: the event that an entry tells, hours after the first morning, publisher, title, text. The kinds that
failed there were mended; ``lookalikes-held-out.txt`` was written afterwards, and nothing was chosen on it. Each is played
through the importer, with texts and as headlines: alone on a desk of its own, and all of them at once among the entries of each
archive (JSON Lines), whose days are laid onto those of the situations.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from aggregator.app import Aggregator

SITUATIONS = Path(__file__).with_name("lookalikes.txt")
HELD_OUT = Path(__file__).with_name("lookalikes-held-out.txt")
MORNING = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
Line = dict[str, str]


class Situation(NamedTuple):
    """Entries as lines of an archive; ``cluster`` is the event that one tells."""

    name: str
    lines: list[Line]


class Seen(NamedTuple):
    """What stands in one story or storyline: pairs of one event, and pairs of two, by their titles."""

    right: int
    of: int  # pairs of one event at all
    wrong: list[tuple[str, str]]
    tied: int  # pairs of two events in one storyline


def situations(path: Path = SITUATIONS) -> list[Situation]:
    """Return the situations of a file."""
    found: list[Situation] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            found.append(Situation(line[2:], []))
            continue
        event, hours, source, title, text = (part.strip() for part in line.split("|"))
        lines = found[-1].lines
        lines.append(
            {
                "id": f"{event} {len(lines)}",
                "cluster": event,
                "date": (MORNING + timedelta(hours=float(hours))).isoformat(),
                "source": source,
                "title": title,
                "body": text,
                "lang": found[-1].name[-3:-1],
            }
        )
    return found


def played(lines: Sequence[Line]) -> Seen:
    """Return what the product makes of entries; those without a cluster are not counted."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "situation.jsonl"
        archive.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n", "utf-8")
        with Aggregator.open(database=Path(folder) / "a.db", clock=lambda: MORNING + timedelta(days=5)) as app:
            app.import_archive(archive)
            rows = {str(row["key"]): row for row in app.export()}
    labelled = [(line, rows[line["id"]]) for line in lines if "cluster" in line]
    right, of, wrong, tied = 0, 0, [], 0
    for (one, row), (other, its) in combinations(labelled, 2):
        together = row["story_id"] == its["story_id"]
        if one["cluster"] == other["cluster"]:
            right, of = right + together, of + 1
        elif together:
            wrong.append((one["title"], other["title"]))
        elif row["storyline_id"] is not None and row["storyline_id"] == its["storyline_id"]:
            tied += 1
    return Seen(right, of, wrong, tied)


def without_texts(lines: Iterable[Line]) -> list[Line]:
    """Return entries as bare headlines."""
    return [{**line, "body": ""} for line in lines]


def others(path: Path) -> Iterator[Line]:
    """Yield an archive's entries, their first day laid onto that of the situations."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    first = min(datetime.fromisoformat(line["date"]) for line in lines)
    for line in lines:
        kept = {key: value for key, value in line.items() if key != "cluster"}
        moved = MORNING - timedelta(days=1) + (datetime.fromisoformat(line["date"]) - first)
        yield {**kept, "date": moved.isoformat()}


def main() -> None:
    """Print what stands together wrongly and rightly."""
    parser = argparse.ArgumentParser(description="Plays situations of look-alikes.")
    parser.add_argument("--among", type=Path, nargs="*", default=[], help="archives of other entries")
    parser.add_argument("--held-out", action="store_true", help="situations that nothing was chosen on")
    asked = parser.parse_args()
    every = situations(HELD_OUT if asked.held_out else SITUATIONS)
    for texts in (True, False):
        kind = "texts" if texts else "headlines"
        whole = [0, 0, 0, 0]
        for name, lines in every:
            seen = played(lines if texts else without_texts(lines))
            for number, count in enumerate((seen.right, seen.of, len(seen.wrong), seen.tied)):
                whole[number] += count
            if seen.wrong or (texts and seen.right < seen.of):
                print(
                    f"  {kind}, {name}: {seen.right} of {seen.of}",
                    *(f"\n    WRONG {one} | {two}" for one, two in seen.wrong),
                )
        print(f"{kind}, each alone: {whole[0]} of {whole[1]} right pairs, {whole[2]} wrong, {whole[3]} more tied")
        lines = [line for _, some in every for line in some]
        for path in (None, *asked.among):
            window = [*lines, *(others(path) if path is not None else ())]
            seen = played(window if texts else without_texts(window))
            where = f"among {len(window) - len(lines):,} of {path.name}" if path is not None else "all at once"
            print(
                f"{kind}, {where}: {seen.right} of {seen.of} right pairs, {len(seen.wrong)} wrong, {seen.tied} more tied"
            )
            print(*(f"    WRONG {one} | {two}\n" for one, two in seen.wrong), sep="", end="")


if __name__ == "__main__":
    main()
