"""Kill the daemon at random moments over days of feeds, and compare the desk with that of an undisturbed run.

    python bench/kills.py [KILLS] [--seed NUMBER] [--steps NUMBER] [--events NUMBER] [--recording FILE]

The feeds are invented; with --recording they are those of a recording as bench/replay_week.py takes it, at the first
STEPS of its times, six hours from one to the next: the clock stands still at each, and a feed that were long overdue would
wait for it to go on. Editors' verbs, alerts to a webhook and a file, and editions by mail go on all the while. Runs round
after round until it has killed KILLS times (500). Prints a line a round, and ends with 1 where a desk was not the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from aggregator.model import Feed
from bench.replay_week import Recording
from tests.crash.killing import Shown, compare
from tests.crash.program import Program

SPACING = timedelta(hours=6)


@dataclass(frozen=True)
class Recorded:
    """The first steps of a recording."""

    recording: Recording
    steps: int

    @property
    def moments(self) -> list[datetime]:
        """Return when the feeds are asked."""
        begin = datetime.strptime(self.recording.times[0], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
        return [begin + SPACING * step for step in range(self.steps)]

    @property
    def interval(self) -> timedelta:
        """Return how often a feed is asked: a little more often than its moments come."""
        return SPACING - timedelta(minutes=5)

    def feeds(self, base: str) -> tuple[Feed, ...]:
        """Return the subscriptions under an address."""
        return tuple(Feed(f"{base}/{name}", name=name, publisher=name) for name in sorted(self.recording.feeds))

    def body(self, name: str, step: int) -> bytes | None:
        """Return what a feed showed at a step."""
        self.recording.now = self.recording.times[step]
        return self.recording.body(name)


def main() -> int:
    """Kill until it was often enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--events", type=int, default=2)
    parser.add_argument("--recording", type=Path)
    options = parser.parse_args()
    kills = verbs = repeated = wrong = 0
    for seed in count(options.seed):
        shown: Shown = Program(options.steps, options.events, seed)
        if options.recording is not None:
            shown = Recorded(Recording(options.recording), options.steps)
        with tempfile.TemporaryDirectory(prefix="kills-") as folder:
            recorded = options.recording is not None
            found = compare(Path(folder), shown, max(8, options.kills - kills), seed, by_entries=recorded)
        shaken = found.shaken
        kills, verbs, repeated = kills + shaken.kills, verbs + shaken.verbs, repeated + shaken.repeated
        faults = [*found.differences, *shaken.unsound, *found.calm.unsound]
        wrong += len(faults)
        print(
            f"seed {seed}: {shaken.kills} kills, {shaken.starts} starts, {len(shaken.alerts)} alerts, {len(shaken.mails)}"
            f" editions mailed, {shaken.repeated} deliveries came twice, {len(faults)} differences",
            flush=True,
        )
        print("".join(f"  {fault[:300]}\n" for fault in faults[:20]), end="", flush=True)
        if kills >= options.kills:
            break
    print(f"{kills} kills, {verbs} verbs, {repeated} deliveries came twice, {wrong} differences")
    return min(wrong, 1)


if __name__ == "__main__":
    raise SystemExit(main())
