"""Datasette's metadata for a database file of any name."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from aggregator.config.documents import load
from aggregator.config.shipped import shipped_folder

_DESCRIBED = "aggregator"  # the name under which config/datasette.yaml describes it
# The tables that a journalist needs first, in this order; Datasette itself sorts tables by name.
_FIRST = (("story", "Stories"), ("storyline", "storylines"), ("entry", "entries"), ("feed", "feeds"))


def metadata(database: Path) -> dict[str, Any]:
    """Return Datasette's metadata for a database file: under its own name, with the stories named first."""
    # through JSON: a YAML document remembers its lines and comments
    document: dict[str, Any] = json.loads(json.dumps(load(shipped_folder() / "datasette.yaml")))
    described = document["databases"].pop(_DESCRIBED)
    place = f"/{tilde_encoded(database.stem)}"
    links = [f'<a href="{place}/{table}">{escape(title)}</a>' for table, title in _FIRST]
    asked = [f'<a href="{place}/{name}">{escape(one["title"])}</a>' for name, one in described["queries"].items()]
    start = f"<p>{', '.join(links)}.</p><p>{'; '.join(asked)}.</p>"
    described["description_html"] = start
    document["description_html"] = f"<p>{escape(document.pop('description'))}</p>{start}"
    document["databases"][database.stem] = described
    return document


def tilde_encoded(name: str) -> str:
    """Return a name as Datasette writes it into addresses."""
    kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
    signs = {ord(" "): "+"}
    return "".join(chr(byte) if chr(byte) in kept else signs.get(byte, f"~{byte:02X}") for byte in name.encode("utf-8"))
