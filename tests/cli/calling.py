"""Calling the command line as a shell does, in this process: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aggregator.cli.app import code_of

NOW = "2026-03-10T07:00:00Z"
ROOT = Path(__file__).parents[2]

# Two copies of one dispatch and a report of its own on the same event; a lone entry; one from another day.
TALKS = (
    "Chiefs of defence from thirty countries met by video link on Tuesday to discuss guarantees for Ukraine. "
    "General Anna Kovac said a training mission could begin in June. Ministers will meet again in Brussels next week."
)
STORM = (
    "A storm closed the northern port of Esbjerg on Tuesday morning. Ferries to Harwich stayed in the harbour and the "
    "coast guard told three hundred passengers to wait for the evening sailing."
)
ARCHIVE: tuple[dict[str, Any], ...] = (
    {"id": "a1", "title": "Chiefs of defence meet on guarantees for Ukraine", "body": TALKS, "source": "Ledger",
     "url": "https://ledger.example/a1", "lang": "en", "date": "2026-03-10T05:00:00Z", "cluster": "talks"},
    {"id": "a2", "title": "Chiefs of defence meet on guarantees for Ukraine", "body": TALKS, "source": "Times",
     "url": "https://times.example/a2", "lang": "en", "date": "2026-03-10T05:30:00Z", "cluster": "talks"},
    {"id": "a3", "title": "Storm closes the port of Esbjerg", "body": STORM, "source": "Courier",
     "url": "https://courier.example/a3", "lang": "en", "date": "2026-03-10T06:00:00Z", "cluster": "storm"},
)  # fmt: skip
_FILLED: list[bytes] = []


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return stdout as the one JSON value that it must be."""
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        """Return stdout as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def ok(self) -> Outcome:
        """Return itself; a failed assertion tells what the command said."""
        assert self.code == 0, self
        return self


def call(*arguments: str | Path, now: str | None = NOW) -> Outcome:
    """Run a command at a fixed time and return what came of it."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    clock = [] if now is None else ["--now", now]
    with redirect_stdout(out), redirect_stderr(err):
        code = code_of([*clock, *map(str, arguments)])
    return Outcome(code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, err)))


def shell(command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which ``aggregator`` is this one, in a process of its own."""
    setting = {**os.environ, "PYTHONPATH": str(ROOT), "AGGREGATOR_NOW": NOW, **environ}
    line = f'aggregator() {{ "{sys.executable}" -W error -m aggregator "$@"; }}; set -o pipefail; {command}'
    return subprocess.run(
        ["bash", "-c", line], check=False, capture_output=True, text=True, env=setting, timeout=60, encoding="utf-8"
    )


def write_archive(path: Path, *entries: dict[str, Any] | str) -> Path:
    """Write an archive; a string is a line as it stands."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in entries]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def newsroom(*entries: dict[str, Any]) -> None:
    """Fill ./aggregator.db with entries, by default three in two stories."""
    archive, database = write_archive(Path("filled.jsonl"), *(entries or ARCHIVE)), Path("aggregator.db")
    if entries or database.exists():
        call("import", archive).ok()
        return
    # most tests begin with the same three entries: they are read in once
    if not _FILLED:
        call("import", archive).ok()
        _FILLED.append(database.read_bytes())
    database.write_bytes(_FILLED[0])


def story_ids() -> dict[str, str]:
    """Return the id of each story under its title."""
    return {row["title"]: row["id"] for row in call("stories", "--json").ok().json()}
