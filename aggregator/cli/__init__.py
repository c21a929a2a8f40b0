"""The command line: one file per group of commands; stdout is data, stderr is the rest."""

from __future__ import annotations

import gc
import signal
import sys

from aggregator.ingest.garbage import SELDOM


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if "run" in sys.argv[1:]:
        # a reload asked for before there is anything to reload must not end the daemon; it sets its own handler later
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    else:
        gc.set_threshold(SELDOM)  # loading makes no cycles, and looking for some took an eighth of a look-up
    try:
        from aggregator.cli.app import run

        run()
    except KeyboardInterrupt:  # while the program was still being loaded
        sys.stderr.write("aggregator: interrupted\n")
        sys.exit(130)
