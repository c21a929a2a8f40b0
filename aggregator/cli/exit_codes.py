"""The exit code of a partly successful command, which no error carries: stderr names what failed."""

from __future__ import annotations

from typing import Final

PARTLY_FAILED: Final = 4
