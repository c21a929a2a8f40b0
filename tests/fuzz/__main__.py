"""Drive one harness with atheris: ``python -m tests.fuzz NAME [SECONDS]``, with the extra ``fuzz`` installed.

What it finds to lead further is kept in ``.fuzz/NAME`` in this folder, and what crashes in ``.fuzz/crash-…``: put those
bytes into ``tests/fuzz/corpus/NAME`` once they are mended.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run until the time is over or something crashes."""
    import atheris

    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "600"
    with atheris.instrument_imports(include=["aggregator"]):
        harnesses = importlib.import_module("tests.fuzz.harnesses")
    harness = harnesses.HARNESSES[name]
    for path in (harnesses.CORPUS / name).iterdir():  # what libraries load at first use is nobody's slow input
        harness(path.read_bytes())
    found = Path(".fuzz") / name
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", "-timeout=120", "-rss_limit_mb=2048", "-artifact_prefix=.fuzz/crash-"]
    options += [f"-max_len={4_096 if name in ('feed', 'cleaning') else 2_048}", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(found), str(harnesses.CORPUS / name)], harness)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
