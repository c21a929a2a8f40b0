"""Look-ups that a cap cuts short are counted, for the daemon's figures."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator import Aggregator, Settings
from aggregator.daemon.metrics import Metrics

OPENING = "Our correspondents report through the night from all ports of the northern sea on ships, weather and cargo."


def bulletins(path: Path, count: int) -> Path:
    """Write texts with one opening and nothing else in common."""
    chance = random.Random(17)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvz", k=7)) for _ in range(60 * count)]
    lines = [
        {
            "id": f"b{number}",
            "title": f"Bulletin {words[60 * number]}",
            "body": f"{OPENING} {' '.join(words[60 * number : 60 * number + 60])}.",
            "source": f"house{number}.example",
            "date": f"2026-03-10T08:{number:02}:00Z",
            "lang": "en",
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(("cap", "is_met"), [(2, True), (200, False)])
def test_a_text_that_shares_pieces_with_more_than_the_cap_is_counted(tmp_path: Path, cap: int, is_met: bool) -> None:
    settings = Settings()
    settings = replace(settings, copies=replace(settings.copies, max_compared=cap))
    with Aggregator.open(settings, tmp_path / "desk.db") as desk:
        desk.import_archive(bulletins(tmp_path / "bulletins.jsonl", 12))
        counted = desk.capped_lookups()
    assert (counted["copies"] > 0, counted["stories"]) == (is_met, 0)


def test_the_figure_of_the_daemon_only_grows() -> None:
    metrics = Metrics(0, "127.0.0.1")
    for copies in (3, 5, 1):  # the last of a window that was begun anew
        metrics.passed([], 1.0, {"copies": copies, "stories": 0})
    assert metrics.registry.get_sample_value("aggregator_capped_lookups_total", {"of": "copies"}) == 5
