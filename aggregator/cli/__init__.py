"""The command line: one file per group of commands; stdout is data, stderr is the rest."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from aggregator.cli.app import run

    run()
