"""The exit code that no error carries: what could be done is done, and stderr names the rest."""

from __future__ import annotations

from typing import Final

PARTLY_FAILED: Final = 4
