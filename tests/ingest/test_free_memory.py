"""Memory that was freed goes back to the system."""

from __future__ import annotations

import subprocess
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


@pytest.mark.skipif(
    sys.platform != "linux", reason="only glibc keeps what is freed in this way, and can be told not to"
)
def test_a_large_block_goes_back_when_it_is_freed_however_many_were_before_it() -> None:
    script = """
from tests.ingest.test_free_memory import resident
from aggregator.ingest.free_memory import keep_large_blocks_apart
if {kept_apart}:
    assert keep_large_blocks_apart()
first = b"x" * 30_000_000
del first  # from here on glibc by itself takes blocks of up to that size from the heap
large, above = b"x" * 20_000_000, [bytes(50_000) for _ in range(100)]
held = resident()
del large
print(held - resident())
"""
    given_back = [
        int(
            subprocess.run(
                [sys.executable, "-c", script.format(kept_apart=apart)], capture_output=True, text=True, check=True
            ).stdout
        )
        for apart in (False, True)
    ]
    assert given_back[0] < 10_000_000 < given_back[1]  # the first: as glibc does by itself
