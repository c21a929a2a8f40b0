"""Headlines for comparison: without notes on updates, and by letters alone."""

from __future__ import annotations

import re

# In capitals and before a dash, as agencies send it: "CORRECTED-", "UPDATE 2-"; before a colon in either case.
_NUMBERED = r"(?:UPDATE|UPD|WRAPUP|RPT|REFILE|RECAST|REPEAT|LEAD)(?: ?\d{1,2})?"
_CORRECTED = (
    r"CORRECT(?:ED|ION|S)(?: ?\(OFFICIAL\))?(?: ?\d)?|KORREKTUR|KORRIGIERT|BERICHTIGUNG|BERICHTIGT|RECTIFICATIF|CORRIGÉ"
    r"|CORRECCIÓN|CORREGIDO|CORREZIONE|RETTIFICA|CORREÇÃO|CORRECTIE|RECTIFICATIE|SPROSTOWANIE|KOREKTA|ИСПРАВЛЕНИЕ|ВИПРАВЛЕННЯ"
)
_SENT_AGAIN = re.compile(
    rf"\s*(?:[\[(]?(?:{_NUMBERED}|{_CORRECTED})[\])]?(?:\s?[-–—](?=\S)|\s[-–—]\s)\s*"
    rf"|[\[(]?(?i:{_NUMBERED}|{_CORRECTED})[\])]?\s?[:|]\s*"
    rf"|(?:{_NUMBERED}|{_CORRECTED})\s(?=(?:{_NUMBERED}|{_CORRECTED})\s?[-–—:]))+(?=\S)"
)
_BETWEEN = re.compile(r"[\W_]+")


def plain_headline(title: str) -> str:
    """Return a headline without "CORRECTED-", "UPDATE 2-", "Correction:" and the like; unchanged where nothing else is left."""
    found = _SENT_AGAIN.match(title)
    return title[found.end() :] if found else title


def letters(text: str) -> str:
    """Return the letters and digits of a text, case folded, for comparing headlines."""
    return _BETWEEN.sub("", text.casefold())
