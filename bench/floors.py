"""The floors that quality must not fall through: measure on the labelled archives, compare, and raise.

    python bench/floors.py FOLDER [--write] [--lower] [--only NAME ...]

Prints what each archive reaches beside its floor in tests/clustering/floors.json and ends with 1 where one lies below.
``--write`` raises floors to the measured figure less the margin; it lowers none unless ``--lower`` is given as well, and
then tests/clustering/test_floors.py still refuses what lies under the figures pinned there. The hash of each archive is
pinned beside its floor: another file is another measure.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from aggregator.ingest.archive_order import load
from aggregator.ingest.archives import Importer
from aggregator.ingest.evaluate import Level, evaluate
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store

FLOORS = Path(__file__).parents[1] / "tests" / "clustering" / "floors.json"
MARGIN = 0.01
BAR_RECALL, BAR_TOGETHER = 0.97, 0.01  # what copies must reach whatever was measured
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COPIES, PAIRS = "helsinki-copies-dev", "helsinki-pairs-dev"
SLICE = "uci-headlines-2014, its first 1500 lines"
SETS = ("google-news", "allsides-dated", "ecbplus-train-dev", "basil", "newswcl50", "uci-headlines-2014", SLICE)
AFFAIRS = frozenset({"uci-headlines-2014", SLICE})  # a label of theirs is a running affair: storylines are scored


@dataclass(frozen=True)
class Copies:
    """Recall on labelled copies, and the share of labelled non-copies that stand in one report."""

    recall: float
    together: float


def file_of(folder: Path, name: str) -> Path:
    """Return the file that a set is made from."""
    return folder / f"{name.split(',')[0]}.jsonl"


def digest(path: Path) -> str:
    """Return the hash by which an archive is pinned."""
    return sha256(path.read_bytes()).hexdigest()


def stories(folder: Path, name: str) -> float:
    """Return the BCubed F1 of one set under the default settings: of stories, or of storylines where a label means an affair."""
    path = file_of(folder, name)
    level: Level = "storyline" if name in AFFAIRS else "story"
    if name != SLICE:
        return evaluate(path, Settings(), NOW, level=level).figures.bcubed_f1
    with tempfile.TemporaryDirectory() as made:
        part = Path(made) / path.name
        part.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:1500]))
        return evaluate(part, Settings(), NOW, level=level).figures.bcubed_f1


def copies(folder: Path) -> Copies:
    """Return how well copies are found under the default settings."""
    entries, _ = load(folder / f"{COPIES}.jsonl")
    with Store(None) as store:
        Importer(store, Settings(), families(()), NOW).record_places(entries, lambda done, total: None)
        report = dict(store.connection.execute("SELECT key, report_id FROM entry").fetchall())
    pairs = [json.loads(line) for line in (folder / f"{PAIRS}.jsonl").read_text("utf-8").splitlines() if line]
    shares = {
        label: sum(report[pair["a"]] == report[pair["b"]] for pair in pairs if pair["label"] == label)
        / sum(pair["label"] == label for pair in pairs)
        for label in ("pos", "neg")
    }
    return Copies(round(shares["pos"], 4), round(shares["neg"], 4))


def read() -> dict[str, Any]:
    """Return the floors in force."""
    found: dict[str, Any] = json.loads(FLOORS.read_text("utf-8")) if FLOORS.exists() else {}
    return found


def raised(old: Mapping[str, Any], new: Mapping[str, Any], *, lower: bool) -> dict[str, Any]:
    """Return the floors with ``new`` in place where it asks for more; for less only where ``lower`` says so."""
    merged = dict(old)
    for name, floor in new.items():
        before = old.get(name, floor)
        kept = dict(floor)
        for figure, value in floor.items():
            if not lower and isinstance(value, float) and figure in before:
                pick = min if figure == "most_together" else max
                kept[figure] = pick(value, before[figure])
        merged[name] = kept
    return merged


def _measured(folder: Path, name: str) -> tuple[dict[str, Any], str, bool]:
    floor = read().get(name, {})
    if name == COPIES:
        found = copies(folder)
        asked = (floor.get("least_recall", 0.0), floor.get("most_together", 1.0))
        pins = {"sha256": digest(folder / f"{COPIES}.jsonl"), "pairs_sha256": digest(folder / f"{PAIRS}.jsonl")}
        new = {**pins, "least_recall": max(BAR_RECALL, round(found.recall - MARGIN, 4)), "most_together": BAR_TOGETHER}
        line = f"recall {found.recall:.4f} (floor {asked[0]:.4f}), non-copies together {found.together:.4f} (at most {asked[1]:.4f})"
        return new, line, found.recall >= asked[0] and found.together <= asked[1]
    reached = stories(folder, name)
    least = floor.get("least_bcubed_f1", 0.0)
    new = {"sha256": digest(file_of(folder, name)), "least_bcubed_f1": round(reached - MARGIN, 4)}
    return new, f"BCubed F1 {reached:.4f} (floor {least:.4f})", reached >= least


def main() -> int:
    """Measure, print, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--write", action="store_true", help="raise the floors to what was measured, less the margin")
    options.add_argument("--lower", action="store_true", help="with --write: lower floors too")
    options.add_argument("--only", action="append", choices=(*SETS, COPIES), help="measure these sets only")
    chosen = options.parse_args()
    found, sound = {}, True
    for name in chosen.only or (*SETS, COPIES):
        found[name], line, held = _measured(chosen.folder, name)
        sound &= held
        print(f"{name:42} {line}{'' if held else '  BELOW'}", flush=True)
    if chosen.write:
        floors = raised(read(), found, lower=chosen.lower)
        FLOORS.write_text(json.dumps(floors, indent=2, sort_keys=True) + "\n", "utf-8")
    return 0 if sound else 1


if __name__ == "__main__":
    raise SystemExit(main())
