"""Which wire service wrote an entry: the measure over cases of our own, and the rules one by one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from aggregator.model import EntryData
from aggregator.newsroom.agencies import (
    AGENCIES,
    agency_called,
    agency_of_address,
    agency_of_publisher,
    agency_pattern,
    may_name_agency,
)
from aggregator.newsroom.wires import attribute, shared_text
from tests.newsroom.made import MOMENT, made_entry

CASES = Path(__file__).with_name("agency_cases.jsonl")
FIELDS = ("title", "author", "source_title", "source_url", "link", "canonical_link")


@cache
def cases(half: str) -> tuple[dict[str, str], ...]:
    """Return the cases of one half."""
    read = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    return tuple(case for case in read if case["half"] == half)


def told(case: dict[str, str]) -> str | None:
    """Return the agency that the code finds in a case."""
    given = {name: case[name] for name in FIELDS if name in case}
    found = attribute(EntryData(key="k", **given), case.get("text", ""))  # type: ignore[arg-type]
    return found.agency if found else None


# "blind" was written by someone who had not read the rules. On its first 206 cases they had a precision of .98 and a
# recall of .85 before they were mended; mended after the first 117 alone, they had 1.0 and .91 on the next 89.
# The "second_blind" ones were again: precision .99 and recall .95 on all 225 before the rules were mended; mended after
# "seen" alone, .985 and .94 on "unseen".
HALVES = ("tuned", "held_out", "blind", "second_blind_seen", "second_blind_unseen")


@pytest.mark.parametrize("half", HALVES)
def test_agencies_are_recognised_with_high_precision_and_recall(half: str) -> None:
    pairs = [(told(case), case["agency"], case) for case in cases(half)]
    assert len(pairs) >= 100
    right = sum(found is not None and found == agency for found, agency, _ in pairs)
    said = sum(found is not None for found, _, _ in pairs)
    there = sum(agency is not None for _, agency, _ in pairs)
    wrong = [(found, agency, case.get("text"), case.get("author")) for found, agency, case in pairs if found != agency]
    assert right / said >= 0.98, wrong
    assert right / there >= 0.9, wrong


def test_names_marks_and_domains_stand_for_one_agency_each() -> None:
    for kind in ("names", "marks", "ambiguous_marks", "domains"):
        seen = [form for agency in AGENCIES for form in getattr(agency, kind)]
        assert len(seen) == len(set(seen)), kind
    assert len(AGENCIES) > 60


@pytest.mark.parametrize(
    ("name", "agency"),
    [
        ("associated press", "AP"),
        ("By The Associated Press", "AP"),
        ("AP", "AP"),
        ("ap", None),
        ("Укрінформ", "Ukrinform"),
        ("/ritzau/", "Ritzau"),
        ("dpa", "dpa"),
        ("Courier", None),
        ("", None),
    ],
)
def test_an_agency_goes_by_its_names(name: str, agency: str | None) -> None:
    assert agency_called(name) == agency


def test_an_address_belongs_to_an_agency_by_its_domain() -> None:
    assert agency_of_address("https://www.reuters.com/world/x") == "Reuters"
    assert agency_of_address("https://reuters.com.example.org/world/x") is None
    assert agency_of_address(None) is None


@pytest.mark.parametrize(
    ("data", "text", "form", "evidence"),
    [
        ({"source_title": "Reuters"}, "", "source", "Reuters"),
        ({"author": "By Ann Lee, Associated Press"}, "", "byline", "By Ann Lee, Associated Press"),
        ({"link": "https://apnews.com/a"}, "", "address", "https://apnews.com/a"),
        ({}, "OSLO (AP) — Snow fell on Monday.", "dateline", "OSLO (AP) —"),
        ({}, "Snow fell on Monday. (AFP)", "credit", "(AFP)"),
    ],
)
def test_the_evidence_is_what_the_entry_says(data: dict[str, str], text: str, form: str, evidence: str) -> None:
    found = attribute(EntryData(key="k", **data), text)  # type: ignore[arg-type]
    assert found is not None
    assert (found.form, found.evidence) == (form, evidence)


def test_sharing_text_with_the_agencys_own_entry_tells_the_agency() -> None:
    copies = [made_entry("e1"), made_entry("e2", "Herald")]
    assert shared_text(copies) is None
    assert shared_text([*copies, made_entry("e3", "Reuters", minutes=5, agency="Reuters")]) == ("Reuters", "e3")
    assert shared_text([*copies, made_entry("e4", "Valley Wire", own=True)]) == ("Valley Wire", "e4")


def test_copies_of_two_publishers_must_sign_before_the_others_are_the_agencys() -> None:
    unsigned, one, again = made_entry("e1"), made_entry("e2", "Herald", agency="AP"), made_entry("e3", agency="AP")
    assert shared_text([unsigned, one]) is None
    assert shared_text([unsigned, one, replace(again, publisher="Herald")]) is None
    assert shared_text([unsigned, one, again]) == ("AP", "e2")
    assert shared_text([unsigned, one, replace(again, agency_form="copy")]) is None


def test_of_two_agencies_in_a_report_the_first_wrote_it() -> None:
    late = replace(made_entry("e1", "AFP", agency="AFP"), time=MOMENT + timedelta(hours=2))
    assert shared_text([late, made_entry("e2", "Reuters", agency="Reuters")]) == ("Reuters", "e2")


def test_another_house_known_by_an_agencys_letters_is_not_the_agency() -> None:
    told = EntryData(key="k", source_title="CNA", source_url="https://www.channelnewsasia.com")
    assert attribute(told, "The operator is to merge.") is None
    assert agency_of_publisher("CNA") is None
    assert agency_of_publisher("reuters.com") == "Reuters"


ISSUED = "AP Reuters AFP dpa EFE ANSA TASS Xinhua Kyodo PTI PA_Media UPI Belga ANP APA PAP Ukrinform Anadolu Lusa ČTK"


@pytest.mark.parametrize("agency", [name.replace("_", " ") for name in ISSUED.split()])
def test_each_of_the_large_agencies_is_tried_in_several_forms(agency: str) -> None:
    told_of = [case for half in HALVES for case in cases(half) if case["agency"] == agency]
    assert len(told_of) >= 5
    assert sum(told(case) == agency for case in told_of) >= 0.9 * len(told_of)


def test_a_long_text_costs_no_more_than_its_ends() -> None:
    assert attribute(EntryData(key="k"), "(" * 200_000 + "A" * 200_000) is None
    assert attribute(EntryData(key="k", author="x, " * 50_000), "") is None


def test_the_quick_look_for_an_agencys_name_misses_none_that_signs() -> None:
    """What the rules find in a text, the look that spares most texts the rules must let through."""
    texts = [case.get("text", "") for half in HALVES for case in cases(half)]
    naming = [text for text in texts if re.search(rf"(?<![^\W_]){agency_pattern()}(?![^\W_])", text)]
    assert len(naming) > 200
    assert [text for text in naming if not may_name_agency(text)] == []
    assert not may_name_agency("The ministers met in the capital on Monday and agreed on little.")
