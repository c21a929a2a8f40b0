"""The truth about the demonstration against what the product's own parser reads out of it."""

from __future__ import annotations

import pytest

from aggregator.demo.content import OUTLETS, STAGES, Stage, document, moment
from aggregator.exceptions import NotAFeedError, ParseError
from aggregator.model import ParsedFeed
from aggregator.parsing.feed import parse
from aggregator.settings import ParseSettings
from tests.demo.truth import expected

BROKEN = {"glass-bell.txt", "evening-star.html"}


def read(file: str, media_type: str, stage: Stage) -> ParsedFeed:
    url = f"http://127.0.0.1:1/{file}"
    return parse(document(file, stage), url, {"content-type": media_type}, moment(stage), ParseSettings())


@pytest.mark.parametrize("stage", STAGES)
def test_the_parser_finds_every_entry_under_the_key_that_the_truth_names(stage: Stage) -> None:
    truth = {
        (entry["feed"], entry["key"])
        for entry in expected()["entries"]
        if stage == "midday" or entry["stage"] == "morning"
    }
    found = set()
    for outlet in OUTLETS:
        if outlet.file not in BROKEN:
            parsed = read(outlet.file, outlet.media_type, stage)
            assert parsed.skips == ()
            assert parsed.ill_formed is None
            found |= {
                (outlet.file.partition(".")[0], entry.guid or entry.link or entry.key) for entry in parsed.entries
            }
    assert found == truth


def test_the_two_that_fail_say_why() -> None:
    with pytest.raises(NotAFeedError) as page:
        read("evening-star.html", "text/html", "morning")
    assert [address.rpartition("/")[2] for address in page.value.feeds] == ["northern-ledger.xml"]
    with pytest.raises(ParseError):
        read("glass-bell.txt", "text/html", "morning")


def test_hostile_entry_keeps_no_escape_and_no_script() -> None:
    entries = read("atlantic-desk.json", "application/feed+json", "morning").entries
    hostile = next(entry for entry in entries if "Garden chairs" in entry.title)
    assert "\x1b" not in hostile.title
    assert "<script" not in hostile.content
    assert "onerror" not in hostile.content
