from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import datetime

import pytest

from aggregator.demo.content import OUTLETS, STAGES, Stage, document, feeds, moment
from tests.demo.truth import expected

FEEDS = [outlet.file for outlet in OUTLETS if outlet.file.endswith((".xml", ".json"))]
ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


def entries(file: str, stage: Stage) -> list[tuple[str, str]]:
    """Return key and title of every entry of a document, read without the product's own parser."""
    body = document(file, stage)
    if file.endswith(".json"):
        return [(item["id"], item["title"]) for item in json.loads(body)["items"]]
    found = []
    for element in ET.fromstring(body).iter():
        if element.tag.rpartition("}")[2] in ("item", "entry"):
            parts = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
            key = parts.get("guid") or parts.get("id") or element.get(ABOUT) or parts["link"]
            found.append((key, parts["title"]))
    return found


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("file", FEEDS)
def test_document_is_well_formed_and_says_when(file: str, stage: Stage) -> None:
    text = document(file, stage).decode()
    assert entries(file, stage)
    assert "{{" not in text
    assert "morning-->" not in text
    assert "midday-->" not in text
    assert "_stage" not in text


@pytest.mark.parametrize("file", FEEDS)
def test_truth_names_every_entry_once(file: str) -> None:
    truth = [entry for entry in expected()["entries"] if entry["feed"] == file.partition(".")[0]]
    at_midday = {entry["key"]: entry.get("revised_title", entry["title"]) for entry in truth}
    in_morning = {entry["key"]: entry["title"] for entry in truth if entry["stage"] == "morning"}
    assert len(at_midday) == len(truth)
    for stage, said in zip(STAGES, (in_morning, at_midday), strict=True):
        found = entries(file, stage)
        assert len(found) == len({key for key, _ in found})
        assert dict(found) == said


def test_truth_agrees_with_itself() -> None:
    truth = expected()
    events: dict[str, set[str]] = {}
    for entry in truth["entries"]:
        events.setdefault(entry["report"], set()).add(entry["event"])
    assert all(len(found) == 1 for found in events.values())
    keys = {(entry["feed"], entry["key"]) for entry in truth["entries"]}
    assert all((notice["feed"], notice["key"]) in keys for notice in truth["corrections"])
    assert {outlet.file.partition(".")[0] for outlet in OUTLETS} == {
        *truth["failing_feeds"],
        *(entry["feed"] for entry in truth["entries"]),
    }
    assert [truth["stages"][stage] for stage in STAGES] == [
        moment(stage).isoformat().replace("+00:00", "Z") for stage in STAGES
    ]


def test_the_shop_window_holds_what_it_promises() -> None:
    truth = expected()["entries"]
    chiefs = [entry for entry in truth if entry["event"] == "chiefs"]
    assert len({entry["language"] for entry in chiefs}) == 8
    assert Counter(entry["report"] for entry in chiefs)["chiefs-wire"] == 4
    assert len({entry["report"] for entry in chiefs}) >= 12
    assert len({entry["feed"] for entry in truth if entry["event"] == "naval"}) >= 5
    assert len({outlet.publisher for outlet in OUTLETS}) >= 12


def test_nothing_is_dated_after_its_stage_but_the_one_that_is_meant_to_be() -> None:
    for file in FEEDS:
        for stage in STAGES:
            for found in re.findall(r"2026-03-\d\dT\d\d:\d\d:\d\dZ", document(file, stage).decode()):
                assert datetime.fromisoformat(found) <= moment(stage)
    assert b"2099" in document("gaceta-del-puerto.xml", "morning")


def test_an_unknown_file_is_no_path_into_the_package() -> None:
    with pytest.raises(KeyError):
        document("../content.py", "morning")


def test_feeds_are_what_a_desk_would_write() -> None:
    made = feeds("http://127.0.0.1:1")
    assert made[0].url == "http://127.0.0.1:1/continental-press.xml"
    assert [feed.publisher for feed in made if feed.agency] == ["CPA"]
    assert len({feed.url for feed in made}) == len(made)
