"""Memory that was freed goes back to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aggregator.ingest.free_memory import return_free_memory


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps what is freed in this way, and can give it back")
def test_what_lies_free_below_a_block_in_use_is_given_back() -> None:
    blocks = [bytes(50_000) for _ in range(2_000)]  # below the size that the system is asked for one by one
    kept = blocks[::200]
    held = resident()
    del blocks
    return_free_memory()
    assert len(kept) == 10
    assert resident() < held - 50_000_000
