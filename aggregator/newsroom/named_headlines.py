"""Finds the headlines by which a notice names the text that it withdraws or corrects."""

from __future__ import annotations

import re

from aggregator.newsroom.corrections import without_notice
from aggregator.text.headlines import plain_headline

_READ = 700  # characters of a notice's text that are searched for quoted headlines
# In the quotation marks of several languages; a shorter quotation is a word, not a headline.
_QUOTED = re.compile(r"“([^“”\n]{15,250})”|„([^„“”\n]{15,250})[“”]|«([^«»\n]{15,250})»|\"([^\"\n]{15,250})\"")


def headlines_named(title: str, text: str) -> tuple[str, ...]:
    """Return the headlines that a notice may name: its own title without the notice's word, and those that its text quotes."""
    quoted = (next(filter(None, found)) for found in _QUOTED.findall(text[:_READ]))
    named = (plain_headline(without_notice(title)), *quoted)
    return tuple(dict.fromkeys(one.strip(" ,.;") for one in named if one.strip(" ,.;")))
