"""The truth about the authored entries: event, report and part of each; see its ``about``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def expected() -> dict[str, Any]:
    truth: dict[str, Any] = json.loads(Path(__file__).with_name("expected.json").read_text(encoding="utf-8"))
    return truth
