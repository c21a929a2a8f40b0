"""Entries for measurements: from the streams if they lie beside the repository, else invented."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bench.worlds import DATA, rows_of

STREAM = "gnews-en-2025"
SEED = 11
START = datetime(2025, 5, 1, tzinfo=UTC)
# What reports of one flood differ in.
WORDS = (
    "rescue",
    "coast",
    "crew",
    "night",
    "storm",
    "harbour",
    "captain",
    "island",
    "police",
    "inquiry",
    "boats",
    "survivors",
    "minister",
    "hospital",
    "waves",
    "engine",
    "lifeboat",
    "families",
    "divers",
    "helicopter",
    "weather",
    "morning",
    "passengers",
    "port",
    "officials",
    "radio",
)


def lines(count: int, words: int = 0) -> list[dict[str, Any]]:
    """Return lines of an archive in order of date; with ``words``, each text is as long as that, by words of its stream."""
    path = DATA / "streams" / f"{STREAM}.jsonl.xz"
    rows = [dict(row) for row in islice(rows_of(path), count)] if path.exists() else list(_made_up(count))
    chance = random.Random(SEED)
    every = [word for row in rows for word in (row.get("body") or "").split()]
    for number, row in enumerate(rows):
        row["id"] = f"m{number}"
        if words:
            more = chance.choices(every, k=max(0, words - len((row.get("body") or "").split())))
            row["body"] = " ".join(((row.get("body") or ""), *more))
    return rows


def _made_up(count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(SEED)
    common = ["".join(chance.choices("etaoinsrhldcum", k=chance.randint(2, 9))) for _ in range(3_000)]
    for number in range(count):
        name = "".join(chance.choices("bdfgklmnprstvz", k=3)).title() + chance.choice(("berg", "haven", "stad", "by"))
        words = chance.choices(common, k=30)
        yield {
            "title": " ".join((name, *words[:7])),
            "body": f"{name} {' '.join(words[7:])}.",
            "source": f"house{number % 150}.example",
            "date": (START + timedelta(minutes=4 * number)).isoformat(),
            "lang": "en",
        }


def archive(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Write lines as an archive."""
    path = folder / "archive.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
