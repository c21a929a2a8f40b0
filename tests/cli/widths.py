"""What people see at four widths, and the writer of the golden files: ``python -m tests.cli.widths`` after a wanted change."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from tests.cli.calling import call

FOLDER = Path(__file__).parents[1] / "golden" / "terminal"
WIDTHS = (60, 80, 100, 160)
STORY = "sfrsteacevy"
BANKS = "sqbzd5zbvj6", "ss8cj7jen5z"  # two stories of one storyline
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("stories", "--sort", "publishers", "--limit", "5"),
    ("story", "show", STORY),
    ("story", "why", STORY),
    ("story", "why", *BANKS),
    ("story", "show", BANKS[1]),
    ("story", "timeline", STORY),
    ("story", "lags"),
    ("search", "guarantee force", "--limit", "1"),
    ("entry", "headlines"),
    ("entry", "diff", "e65djazy7fs"),
    ("digest", "--format", "text"),
    ("watch", "test", "--word", "Ukraine", "--word", "force|troops"),
)


def seen(database: Path, width: int) -> str:
    """Return what the commands print where the reader has so many columns; on a copy, since the digest makes an edition."""
    os.environ["COLUMNS"] = str(width)
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        for name in (database.name, database.with_suffix(".clock").name):
            shutil.copy(database.with_name(name), folder)
        for command in COMMANDS:
            outcome = call("--db", Path(folder) / database.name, *command, now=None)
            parts.append(f"$ aggregator {' '.join(command)}\n{outcome.out}{outcome.err}")
    return "\n".join(parts)


def path(width: int) -> Path:
    """Return the golden file of a width."""
    return FOLDER / f"{width}.txt"


def write() -> None:
    """Write the golden files anew."""
    folder = Path(tempfile.mkdtemp())
    os.environ.update({"TZ": "UTC", "XDG_CONFIG_HOME": str(folder)})
    time.tzset()
    call("demo", "--keep", folder, now=None).ok()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        path(width).write_text(seen(folder / "demo.db", width), encoding="utf-8")
    shutil.rmtree(folder)


if __name__ == "__main__":
    write()
