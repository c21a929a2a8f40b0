"""Headlines by which a notice names the text that it withdraws or corrects."""

from __future__ import annotations

import re

from aggregator.newsroom.corrections import without_notice
from aggregator.text.headlines import plain_headline

_READ = 700  # characters of a notice's text in which it quotes a headline
# Quoted as the languages quote; shorter than a headline is a word of it.
_QUOTED = re.compile(r"“([^“”\n]{15,250})”|„([^„“”\n]{15,250})[“”]|«([^«»\n]{15,250})»|\"([^\"\n]{15,250})\"")


def headlines_named(title: str, text: str) -> tuple[str, ...]:
    """Return the headlines that a notice may name: its own without the word of the notice, and those that its text quotes."""
    quoted = (next(filter(None, found)) for found in _QUOTED.findall(text[:_READ]))
    named = (plain_headline(without_notice(title)), *quoted)
    return tuple(dict.fromkeys(one.strip(" ,.;") for one in named if one.strip(" ,.;")))
