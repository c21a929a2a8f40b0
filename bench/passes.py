"""Run passes in one process against a server that fails at random, and print what the process uses.

    python bench/passes.py [PASSES] [--seed NUMBER]

Half of the answers are failures: refusals, cut or malformed answers, pages, redirects without end, silence. Prints, a
tenth of the passes a line, the medians of memory, descriptors, threads, children, the write-ahead log and processor time,
and ends with 1 where the last passes use more than the earlier ones.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from operator import attrgetter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.crash.enduring import endure, growth, part


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("passes", type=int, nargs="?", default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="passes-") as folder:
        used = endure(
            Path(folder),
            options.passes,
            options.seed,
            lambda number, usage: print(f"\r{number}", end="", file=sys.stderr),
        )
    print("passes       memory MB  descriptors  threads  children  log MB  seconds")
    for tenth in range(10):
        first, last = tenth / 10, (tenth + 1) / 10
        row = [part(used, first, last, attrgetter(name)) for name in COLUMNS]
        print(
            f"{int(options.passes * first):>5}-{int(options.passes * last):<5} "
            + "  ".join(f"{value:>9.2f}" for value in row)
        )
    for fault in (faults := growth(used)):
        print(fault)
    return min(len(faults), 1)


COLUMNS = ("memory", "descriptors", "threads", "children", "log", "seconds")

if __name__ == "__main__":
    raise SystemExit(main())
