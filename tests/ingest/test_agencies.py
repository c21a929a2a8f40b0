"""Who really wrote it: agencies told by the text that an entry shares, and publishers told by their addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.model import Feed
from tests.cli.calling import call, newsroom, write_archive
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

TEXT = (
    "The Kelmara dam above Ostrel burst on Tuesday night and water stood two metres high in the streets of Ostrel, "
    "officials said. Governor Palit Renn said 300 people were taken to schools. Engineers had warned for years that the "
    "dam, built in 1961, could not hold a flood like that of this spring. Rescue boats searched the town on Wednesday."
)
OWN = (
    "Rescue boats searched Ostrel all day after the Kelmara dam burst; our reporter counted nine of them on the market "
    "square. Governor Palit Renn promised help for the 300 people in schools and left the engineers' questions open."
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))
    monkeypatch.chdir(tmp_path)


def line(key: str, text: str, source: str | None, minute: int, **more: str) -> dict[str, Any]:
    made = {"id": key, "title": f"Kelmara dam bursts above Ostrel ({key})", "body": text, "lang": "en", **more}
    named = {} if source is None else {"source": source}
    return {**made, **named, "date": f"2026-03-10T05:{minute:02}:00Z"}


def entries() -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in call("export").ok().lines()}


def test_an_unsigned_copy_of_the_agencys_own_entry_is_the_agencys() -> None:
    newsroom(
        line("own", TEXT, "Reuters", 5),
        line("copy", TEXT, "Ledger", 10),
        line("self", OWN, "Times", 20),
    )
    found = entries()
    assert {key: one["agency"] for key, one in found.items()} == {"own": "Reuters", "copy": "Reuters", "self": None}
    [copy] = [call("entry", "show", one["id"], "--json").ok().json() for one in found.values() if one["key"] == "copy"]
    assert (copy["agency_form"], copy["agency_words"]) == ("copy", found["own"]["id"])
    shown = call("entry", "show", copy["id"]).ok().out
    assert f"Reuters (copy: same text as {found['own']['id']})" in shown


def test_a_copy_that_came_first_is_the_agencys_when_the_agencys_own_comes() -> None:
    newsroom(line("copy", TEXT, "Ledger", 5))
    assert entries()["copy"]["agency"] is None
    call("import", write_archive(Path("more.jsonl"), line("own", TEXT, "AFP", 30))).ok()
    assert entries()["copy"]["agency"] == "AFP"
    [story] = call("stories", "--json").ok().json()
    assert (story["agency"], story["publisher"]) == ("AFP", "AFP")


def test_what_leaves_the_report_leaves_the_agency_and_undo_brings_it_back() -> None:
    newsroom(line("own", TEXT, "Reuters", 5), line("copy", TEXT, "Ledger", 10), line("self", OWN, "Times", 20))
    before = entries()
    call("story", "split", before["copy"]["story_id"], before["copy"]["id"]).ok()
    assert entries()["copy"]["agency"] is None
    call("story", "undo").ok()
    assert entries() == before


def test_what_an_entry_signs_stays_its_own() -> None:
    newsroom(line("own", TEXT, "Reuters", 5), line("signed", f"OSTREL (AP) — {TEXT}", "Ledger", 10))
    assert entries()["signed"]["agency"] == "AP"


def test_an_agencys_own_entries_are_no_copies_of_it() -> None:
    newsroom(
        line("own", TEXT, "Reuters", 5, url="https://www.reuters.com/1"),
        line("again", TEXT, "Reuters", 15, url="https://www.reuters.com/2"),
        line("copy", TEXT, "Ledger", 10),
    )
    [story] = call("digest", "--format", "json").ok().json()["sections"][0]["stories"]
    assert story["copies"] == [["Reuters", 1]]


def test_a_line_without_a_source_counts_for_the_house_of_its_address() -> None:
    newsroom(
        line("a", TEXT, None, 5, url="https://www.anchor.co.uk/1"),
        line("b", OWN, None, 10, url="https://news.anchor.co.uk/2"),
        line("c", TEXT, None, 15),
    )
    assert {key: one["publisher"] for key, one in entries().items()} == {
        "a": "anchor.co.uk",
        "b": "anchor.co.uk",
        "c": "archive",
    }


def test_a_feed_of_an_agencys_site_is_the_agency_without_being_told() -> None:
    reuters, ledger = Feed("https://www.reuters.com/rss"), Feed("https://ledger.example/rss", name="Ledger")
    fetcher = FakeFetcher({reuters.url: rss(Item("1", "Dam bursts", TEXT)), ledger.url: rss(Item("2", "Dam", TEXT))})
    with open_desk(fetcher, Clock(), [reuters, ledger]) as app:
        app.fetch()
        rows = app.store.connection.execute("SELECT publisher, agency FROM entry ORDER BY publisher").fetchall()
        [(agency, canonical)] = app.store.connection.execute("SELECT agency, publisher FROM story").fetchall()
    assert rows == [("ledger.example", "Reuters"), ("reuters.com", "Reuters")]
    assert (agency, canonical) == ("Reuters", "reuters.com")
