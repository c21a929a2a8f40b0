"""One entry that breaks a step: what it costs, what its neighbours notice of it, and what is kept for a report."""

from __future__ import annotations

import json
import pkgutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aggregator.app import Aggregator
from aggregator.ingest.archives import Importer, ImportOutcome
from aggregator.ingest.story_writing import StoryAssignment, StoryWriter
from aggregator.model import Feed, FeedOutcome
from aggregator.model.faults import MAX_GIVEN, fault_of
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.faults import MAX_FAULTS, MAX_PER_FEED, FaultStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.integrity import faults
from tests.examples import examples
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger")
TIMES = Feed("https://times.example/rss", name="Times", publisher="Times")
POISON = "Quicksilver"
BAD = Item("bad", f"{POISON} spills into the harbour of Ostrel", f"A barge lost its load of {POISON} on Tuesday.")
TALKS = Item("talks", "Chiefs of defence meet by video link", "The chiefs of defence met by video link on Tuesday.")
STORM = Item("storm", "Storm closes the northern port", "A storm closed the northern port on Tuesday morning.")
QUAKE = Item("quake", "Quake shakes the Kelmara valley", "A quake shook the Kelmara valley before dawn on Tuesday.")


def holds_poison(value: object) -> bool:
    return POISON.casefold() in repr(value).casefold()


def breaking(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that fails where what it is given holds the poison."""

    def broken(*given: Any, **named: Any) -> Any:
        if any(holds_poison(one) for one in (*given, *named.values())):
            raise LookupError("what nobody thought of")
        return work(*given, **named)

    return broken


def attribute_at(place: str) -> Callable[..., Any]:
    """Return the function at a place, written as a dotted path."""
    return cast("Callable[..., Any]", pkgutil.resolve_name(place))


def break_at(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Let the function at a place fail for the poisonous entry."""
    monkeypatch.setattr(place, breaking(attribute_at(place)))


def polled(app: Aggregator) -> dict[str, FeedOutcome]:
    return {outcome.feed: outcome for outcome in app.fetch(everything=True)}


def stored(app: Aggregator) -> dict[str, bool]:
    """Return the stored entries by key, and whether each stands in a story that is shown."""
    rows = app.store.connection.execute(
        "SELECT e.key, coalesce(s.entries, 0) > 0 FROM entry e LEFT JOIN story s ON s.id = e.story_id"
    )
    return {key: bool(placed) for key, placed in rows}


def kept(app: Aggregator) -> list[tuple[str, str, str, int]]:
    return app.store.connection.execute("SELECT step, entry, given, times FROM entry_fault ORDER BY id").fetchall()


def two_feeds(*more: Item) -> FakeFetcher:
    return FakeFetcher({LEDGER.url: rss(TALKS, BAD, STORM, *more), TIMES.url: rss(QUAKE)})


def test_a_source_that_is_no_address_loses_that_address_and_nothing_else() -> None:
    broken = rss(TALKS, BAD, STORM).replace(
        b"<item><guid isPermaLink='false'>bad",
        b"<item><source url='http://a[b@h.example/'>House</source><guid isPermaLink='false'>bad",
    )
    with open_desk(FakeFetcher({LEDGER.url: broken, TIMES.url: rss(QUAKE)}), Clock(), [LEDGER, TIMES]) as app:
        outcomes = polled(app)
        assert {name: outcome.new for name, outcome in outcomes.items()} == {"Ledger": 3, "Times": 1}
        assert all(stored(app).values())
        row = app.store.connection.execute("SELECT source_title, source_url, publisher FROM entry WHERE key = 'bad'")
        assert row.fetchone() == ("House", None, "Ledger")
        assert kept(app) == []


@pytest.mark.parametrize(
    ("place", "step"),
    [
        ("aggregator.parsing.entries._EntryAdmission._entry", "reading"),
        ("aggregator.ingest.prepare.prepare_entry", "reading"),
        ("aggregator.ingest.prepare.document", "reading"),
        ("aggregator.ingest.record.event_time", "recording"),
        ("aggregator.storage.entries.inserted", "recording"),
        ("aggregator.ingest.record.Recorder._row", "recording"),
    ],
)
def test_an_entry_that_cannot_be_stored_costs_itself(place: str, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, place)
    with open_desk(two_feeds(), Clock(), [LEDGER, TIMES]) as app:
        outcomes = polled(app)
        ledger = outcomes["Ledger"]
        assert (ledger.status, ledger.new, ledger.skipped) == ("ok", 2, 1)
        assert "what nobody thought of" in (ledger.note or "")
        assert stored(app) == {"talks": True, "storm": True, "quake": True}
        [(at, _, given, times)] = kept(app)
        assert (at, times) == (step, 1)
        assert POISON in given
        row = next(row for row in app.feed_health() if row.feed == "Ledger")
        assert (row.state, row.faults) == ("ok", 1)
        assert "1 entry could not be processed" in row.explanation
        assert "LookupError" in row.explanation
        [told] = app.faulty_entries()
        assert (told["feed"], told["given"]) == ("Ledger", given)


@pytest.mark.parametrize("place", ["aggregator.parsing.quick.read_as_utf8", "aggregator.parsing.jsonfeed._entry"])
def test_an_entry_that_breaks_a_reader_is_read_by_another_or_left_out(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [{"id": item.guid, "title": item.title, "content_text": item.text} for item in (TALKS, BAD, STORM)]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "items": entries}
    document = json.dumps(feed).encode() if "jsonfeed" in place else rss(TALKS, BAD, STORM)
    monkeypatch.setattr(place, breaking(attribute_at(place)))
    with open_desk(FakeFetcher({LEDGER.url: document, TIMES.url: rss(QUAKE)}), Clock(), [LEDGER, TIMES]) as app:
        polled(app)
        left = {"bad"} if "jsonfeed" in place else set()
        assert set(stored(app)) == {"talks", "bad", "storm", "quake"} - left


@pytest.mark.parametrize(
    "place",
    [
        "aggregator.ingest.prepare.recognise",
        "aggregator.ingest.prepare.attribute",
        "aggregator.ingest.prepare.index_form",
        "aggregator.ingest.prepare.line_hashes",
        "aggregator.ingest.prepare.without_boilerplate",
        "aggregator.ingest.prepare.without_agency",
        "aggregator.clustering.sketch.sketch",
        "aggregator.ingest.prepare.repeated_tails",
        "aggregator.ingest.prepare.language_of",
        "aggregator.ingest.prepare._sample",
    ],
)
def test_a_field_that_cannot_be_made_is_not_worth_the_entry(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, place)
    with open_desk(two_feeds(), Clock(), [LEDGER, TIMES]) as app:
        outcomes = polled(app)
        assert {name: outcome.new for name, outcome in outcomes.items()} == {"Ledger": 3, "Times": 1}
        assert stored(app) == {"talks": True, "bad": True, "storm": True, "quake": True}


@pytest.mark.parametrize(
    "place",
    [
        "aggregator.ingest.place.Placer.place",
        "aggregator.ingest.place.find_copy",
        "aggregator.ingest.place.Placer._store_vector",
        "aggregator.storage.sketches.SketchStore.add",
    ],
)
def test_an_entry_that_cannot_be_placed_is_stored_and_tried_once(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, place)
    clock = Clock()
    with open_desk(two_feeds(), clock, [LEDGER, TIMES]) as app:
        for _ in range(2):
            polled(app)
            assert stored(app) == {"talks": True, "bad": False, "storm": True, "quake": True}
            [(step, entry, given, times)] = kept(app)
            assert (step, times) == ("placing", 1)
            assert entry.startswith("e")
            assert POISON in given
            clock.forward(hours=1)
        assert faults(app.store.connection, app.store.path) == ()


def test_an_entry_that_breaks_its_story_s_row_leaves_the_row_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, "aggregator.ingest.story_rows.choose")
    copy = replace(TALKS, guid="copy", text=f"{TALKS.text} {POISON}", title=f"{TALKS.title} {POISON}")
    with open_desk(FakeFetcher({LEDGER.url: rss(TALKS), TIMES.url: rss(copy, QUAKE)}), Clock(), [LEDGER, TIMES]) as app:
        polled(app)
        assert stored(app)["talks"]
        assert stored(app)["quake"]
        assert {row[0] for row in kept(app)} == {"placing"}


def test_a_story_that_cannot_be_settled_costs_itself_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened = StoryWriter._open

    def broken(self: StoryWriter, writing: StoryAssignment, place: int, *given: Any) -> str:
        for report in writing.groups[place]:
            rows = self._stories._db.execute("SELECT title FROM entry WHERE report_id = ?", (report,))
            if holds_poison(rows.fetchall()):
                raise LookupError("what nobody thought of")
        return opened(self, writing, place, *given)

    clock = Clock()
    with open_desk(two_feeds(), clock, [LEDGER, TIMES]) as desk:
        with monkeypatch.context() as patched:
            patched.setattr(StoryWriter, "_open", broken)
            polled(desk)
            assert stored(desk) == {"talks": True, "bad": False, "storm": True, "quake": True}
            assert caplog.text.count("1 report could not be settled in stories") == 1
        clock.forward(hours=1)
        polled(desk)
        assert all(stored(desk).values())
        assert faults(desk.store.connection, desk.store.path) == ()


def test_an_edit_that_cannot_be_taken_leaves_the_entry_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(TALKS, STORM)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        polled(app)
        clock.forward(hours=1)
        break_at(monkeypatch, "aggregator.ingest.record.compare")
        worse = replace(TALKS, title=f"{TALKS.title}, says {POISON}", text=f"{TALKS.text} {POISON} was there as well.")
        fetcher.answers[LEDGER.url] = rss(worse, replace(STORM, text=f"{STORM.text} It will open on Friday again."))
        outcome = polled(app)["Ledger"]
        assert (outcome.status, outcome.updated, outcome.skipped) == ("ok", 1, 1)
        titles = app.store.connection.execute("SELECT title, revisions FROM entry ORDER BY key").fetchall()
        assert titles == [(STORM.title, 1), (TALKS.title, 0)]
        assert [row[0] for row in kept(app)] == ["recording"]


def test_a_document_that_cannot_be_saved_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, "aggregator.ingest.record.Recorder.record")
    clock = Clock()
    with open_desk(two_feeds(), clock, [LEDGER, TIMES]) as app:
        outcomes = polled(app)
        assert outcomes["Ledger"].status == "error"
        assert "could not be saved" in (outcomes["Ledger"].error or "")
        assert outcomes["Times"].new == 1
        assert stored(app) == {"quake": True}
        monkeypatch.undo()
        clock.forward(days=1)
        assert polled(app)["Ledger"].new == 3  # no validator told the server that it was stored


def test_a_fault_of_the_database_is_nobody_s_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("aggregator.ingest.place.Placer.place", full)
    with open_desk(two_feeds(), Clock(), [LEDGER, TIMES]) as app:
        with pytest.raises(Exception, match="full"):
            polled(app)
        assert kept(app) == []
        monkeypatch.undo()
        polled(app)
        assert all(stored(app).values())


@pytest.mark.parametrize(
    "place",
    [
        "aggregator.desk.edition_materials.sentences",
        "aggregator.desk.edition_materials.notices",
        "aggregator.desk.edition_materials.as_of",
        "aggregator.desk.edition_materials.is_recurring_title",
        "aggregator.digest.edition.line",
        "aggregator.digest.story.quote",
        "aggregator.desk.corrections.recognise",
        "aggregator.newsroom.revisions.compare",
    ],
)
def test_a_story_that_cannot_be_told_costs_its_place_in_the_digest(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher, clock = two_feeds(), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES]) as app:
        polled(app)
        clock.forward(hours=1)
        told = replace(BAD, title=f"CORRECTED-{BAD.title}, harbour master says", text=f"{BAD.text} Corrects the load.")
        fetcher.answers[LEDGER.url] = rss(TALKS, told, STORM)
        polled(app)
        clock.forward(hours=1)
        break_at(monkeypatch, place)
        edition = app.edition()
        titles = {story.title for story in edition.stories()}
        assert {TALKS.title, STORM.title, QUAKE.title} <= titles
        if not place.startswith("aggregator.newsroom"):  # an edit is compared as it is stored, too
            assert {(row[0], POISON in row[2]) for row in kept(app)} == {("digesting", True)}


def test_a_line_of_an_import_that_cannot_be_stored_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        {"id": f"n{number}", "title": f"Village {number} elects {name}", "body": "", "source": "Ledger", "date": f"2026-03-0{number}T06:00:00Z"}
        for number, name in enumerate(("a mayor", POISON, "a council"), 1)
    ]  # fmt: skip
    lines.append({"id": "n4", "title": "A fourth", "source": "Ledger", "url": "http://a[b@h.example/"})
    archive = tmp_path / "archive.jsonl"
    archive.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    for place in ("aggregator.ingest.archives.prepare_line", "aggregator.ingest.record.event_time"):
        with monkeypatch.context() as patched, Store(None) as store:
            break_at(patched, place)
            done = imported(store, archive)
            keys = [row[0] for row in store.connection.execute("SELECT key FROM entry ORDER BY key")]
        assert (done.new, keys) == (3, ["n1", "n3", "n4"])
        [skip] = done.skips
        assert skip.position == 2
        assert "line 2: cannot be stored: LookupError" in skip.reason


def test_a_line_of_an_import_that_cannot_be_placed_is_stored_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "archive.jsonl"
    line = {"id": "n1", "title": BAD.title, "body": BAD.text, "source": "Ledger"}
    archive.write_text(json.dumps(line), encoding="utf-8")
    break_at(monkeypatch, "aggregator.ingest.place.find_copy")
    with Store(None) as store:
        done = imported(store, archive)
        assert store.connection.execute("SELECT key, report_id FROM entry").fetchone() == ("n1", None)
    assert done.new == 1
    assert "line 1: is stored, and stands in no story: LookupError" in done.skips[0].reason


def imported(store: Store, archive: Path) -> ImportOutcome:
    return Importer(store, Settings(), families(()), MORNING).run(archive, lambda done, total: None)


def test_a_report_never_fails_by_what_it_reports() -> None:
    with Store(None) as store:
        feed = FeedStore(store).ensure("https://house.example/rss", "House", MORNING)
        error = ValueError("half a pair \ud800 and \0")
        for given in ({"title": "\ud800"}, "\ud800", Item("\ud800", "x"), object()):
            FaultStore(store).add(feed.id, fault_of("reading", "\ud800", error, given), MORNING)
        [kept] = FaultStore(store).by_feed()[feed.id]
        assert (kept.times, "half a pair" in kept.fault.error) == (4, True)


def test_what_is_kept_is_bounded() -> None:
    with Store(None) as store:
        feeds, faults = FeedStore(store), FaultStore(store)
        for number in range(60):
            feed = feeds.ensure(f"https://house{number}.example/rss", "House", MORNING)
            for place in range(MAX_PER_FEED + 5):
                faults.add(feed.id, fault_of("reading", f"{number}.{place}", "broken", "x" * 100_000), MORNING)
        sizes = store.connection.execute("SELECT count(*), max(length(given)) FROM entry_fault").fetchone()
        assert sizes == (MAX_FAULTS, MAX_GIVEN)
        assert max(len(found) for found in faults.by_feed().values()) == MAX_PER_FEED


@hypothesis_settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(poisoned=st.sets(st.integers(0, 7)), step=st.sampled_from(["event_time", "Recorder._row", "arrival"]))
def test_whichever_entries_break_exactly_those_are_missing(
    poisoned: set[int], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [
        Item(f"n{number}", f"Village {number} elects {POISON if number in poisoned else 'a mayor'}", f"Text {number}.")
        for number in range(8)
    ]
    with monkeypatch.context() as patched:
        break_at(patched, f"aggregator.ingest.record.{step}")
        with open_desk(FakeFetcher({LEDGER.url: rss(*items), TIMES.url: rss(QUAKE)}), Clock(), [LEDGER, TIMES]) as app:
            polled(app)
            assert set(stored(app)) == {f"n{number}" for number in range(8) if number not in poisoned} | {"quake"}
            assert all(stored(app).values())
            assert len(kept(app)) == len(poisoned)
            assert faults(app.store.connection, app.store.path) == ()
