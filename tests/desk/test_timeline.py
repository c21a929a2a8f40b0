"""The timeline of a story as a desk sees it, in the terminal and as a picture; and how early publishers are."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from aggregator.app import Aggregator
from aggregator.cli.app import code_of
from aggregator.cli.timeline import picture
from aggregator.desk.timeline import ticks, timeline_svg, waited
from aggregator.model import Feed
from aggregator.newsroom.timeline import Lag, Mark, Timeline
from tests.examples import examples
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

WIRE = Feed("https://wire.example/rss", name="Wire", publisher="Wire", agency=True)
HERALD = Feed("https://herald.example/rss", name="Herald", publisher="Herald")
TEXT = (
    "The river Tessel flooded the old town of Brackwater on Tuesday morning and drove 1,900 people from their homes. "
    "Soldiers carried patients out of the district hospital before the water reached the wards."
)
FLOOD = Item("w1", "Flood in Brackwater", TEXT, published=MORNING - timedelta(minutes=30))
COPY = Item("h1", "Brackwater under water", TEXT, published=MORNING - timedelta(minutes=10))
TRAP = "Flood \x9b31m\u202ein\u202c </title><script>alert(1)</script> \"&' \u2066Brackwater\u2069 \ufffe"


@contextmanager
def newsroom(path: Path | None = None, flood: Item = FLOOD) -> Iterator[tuple[Aggregator, str]]:
    """Open a desk that has a story of a wire and a paper, edited and then corrected by the wire."""
    fetcher, clock = FakeFetcher({WIRE.url: rss(flood), HERALD.url: rss(COPY)}), Clock()
    with open_desk(fetcher, clock, [WIRE, HERALD], database=path) as app:
        app.fetch()
        for text in (TEXT.replace("1,900", "2,100"), "(Corrects to say 1,800 people, not 2,100) " + TEXT):
            clock.forward(hours=1)
            fetcher.answers[WIRE.url] = rss(replace(flood, text=text))
            app.fetch(everything=True)
        row = app.store.connection.execute("SELECT story_id FROM entry WHERE key = 'w1'").fetchone()
        yield app, str(row[0])


def test_a_story_is_told_with_its_edits_and_corrections() -> None:
    with newsroom() as (app, story):
        shown = app.timeline(app.story(story))
    assert [(one.publisher, one.lag) for one in shown.publishers] == [
        ("Wire", timedelta()),
        ("Herald", timedelta(minutes=20)),
    ]
    assert [(mark.publisher, mark.kind) for mark in shown.marks] == [
        ("Wire", "report"),
        ("Herald", "copy"),
        ("Wire", "edit"),
        ("Wire", "correction"),
    ]
    assert shown.seen == MORNING
    assert shown.end == MORNING + timedelta(hours=2)


def test_figures_are_of_the_stories_of_a_window() -> None:
    with newsroom() as (app, _):
        found = {one.publisher: one for one in app.punctuality(MORNING - timedelta(days=30))}
        later = app.punctuality(MORNING + timedelta(days=1))
    assert (found["Wire"].first, found["Herald"].first) == (1, 0)
    assert found["Herald"].median == timedelta(minutes=20)
    assert found["Herald"].own == 0
    assert later == ()


# --- pictures ------------------------------------------------------------------------------------


def made(title: str, publishers: dict[str, list[int]]) -> Timeline:
    """Return a timeline with reports so many minutes after the morning."""
    marks = sorted(
        (
            Mark(MORNING + timedelta(minutes=at), "report", f"e{at}", name, title)
            for name, moments in publishers.items()
            for at in moments
        ),
        key=lambda mark: mark.time,
    )
    start = marks[0].time
    rows = [
        Lag(name, "e", title, None, None, start, timedelta(minutes=min(moments)), 1, own=True, dated=True)
        for name, moments in sorted(publishers.items(), key=lambda pair: min(pair[1]))
    ]
    return Timeline("s1", title, tuple(rows), tuple(marks), start)


NAMES = st.text(max_size=40)


@settings(max_examples=examples(150))
@given(NAMES, st.dictionaries(NAMES, st.lists(st.integers(0, 20_000), min_size=1), min_size=1), st.integers(1, 300))
def test_pictures_keep_to_their_width_and_stay_harmless(
    title: str, publishers: dict[str, list[int]], width: int
) -> None:
    shown = made(title, publishers)
    for line in picture(shown, width, coloured=False):
        assert cell_len(line) <= max(50, min(width, 160))
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line)
        assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    root = ElementTree.fromstring(timeline_svg(shown, ZoneInfo("Europe/Brussels")))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        *("svg", "rect", "text", "path", "circle", "title")
    }


def test_signs_stand_in_order_of_time() -> None:
    lines = picture(made("Flood", {"Wire": [0, 100], "Herald": [50]}), 60, coloured=False)
    wire, herald = (next(line for line in lines if line.startswith(name)) for name in ("Wire", "Herald"))
    assert wire.index("●") < herald.index("●") < wire.rindex("●")
    assert wire.endswith("first")
    assert herald.endswith("+50 min")


def test_a_story_of_one_moment_has_a_picture() -> None:
    shown = made("Flood", {"Wire": [0], "Herald": [0]})
    assert sum("●" in line for line in picture(shown, 80, coloured=False)) == 3
    assert "nan" not in timeline_svg(shown, UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "first"), (20, "+1 min"), (720, "+12 min"), (11_100, "+3 h 05"), (187_200, "+2 d 4 h")],
)
def test_lags_are_said_as_people_say_them(seconds: int, said: str) -> None:
    assert waited(timedelta(seconds=seconds)) == said


@given(st.integers(0, 2**31), st.timedeltas(timedelta(), timedelta(days=900)))
def test_the_axis_has_a_few_round_times(start: int, span: timedelta) -> None:
    first = datetime.fromtimestamp(start, UTC)
    found = ticks(first, first + span, ZoneInfo("Asia/Kolkata"), 8)
    assert len(found) <= 8
    assert all(first <= moment <= first + span for moment in found)
    assert all(not moment.second for moment in found)


# --- on the command line -------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A database with one story under a hostile headline; its path, and the story."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGGREGATOR_NOW", (MORNING + timedelta(hours=3)).isoformat())
    path = tmp_path / "a.db"
    with newsroom(path, replace(FLOOD, title=TRAP.replace("\x9b", "").replace("\ufffe", ""))) as (_, story):
        pass
    return str(path), story


def run(capsysbinary: pytest.CaptureFixture[bytes], database: str, *arguments: str) -> str:
    assert code_of(["--db", database, *arguments]) == 0
    return capsysbinary.readouterr().out.decode()


def test_a_timeline_in_every_form(database: tuple[str, str], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path, story = database
    text = run(capsysbinary, path, "story", "timeline", story)
    row = json.loads(run(capsysbinary, path, "story", "timeline", story, "--json"))
    picture = run(capsysbinary, path, "story", "timeline", story, "--format", "svg")
    assert re.search(r"^Herald .*○.*\+20 min$", text, re.MULTILINE)
    assert not set(text) & set("\x1b\x9b\u202e\u202c\u2066\u2069")
    assert (row["first"], [one["lag"] for one in row["publishers"]]) == ("Wire", [0, 1200])
    assert [one["kind"] for one in row["events"]] == ["report", "copy", "edit", "correction"]
    assert "<script" not in picture
    assert not set(picture) & set("\x1b\x9b\u202e\u202c\u2066\u2069")
    assert ElementTree.fromstring(picture).tag.endswith("svg")


def test_a_hostile_headline_is_only_text_in_the_svg() -> None:
    shown = made(TRAP, {TRAP: [0, 5]})
    root = ElementTree.fromstring(timeline_svg(shown, UTC))
    titles = [element.text or "" for element in root.iter() if element.tag.endswith("}title")]
    assert all("<script>alert(1)</script>" in title for title in titles)
    assert not any(element.tag.endswith("script") for element in root.iter())


def test_the_name_of_the_file_says_what_is_written(
    database: tuple[str, str], capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    path, story = database
    for name in ("t.svg", "t.json", "t.txt"):
        assert run(capsysbinary, path, "story", "timeline", story, "--output", str(tmp_path / name)) == ""
    assert ElementTree.fromstring((tmp_path / "t.svg").read_bytes()).tag.endswith("svg")
    assert json.loads((tmp_path / "t.json").read_text())["story"] == story
    assert "first: Wire" in (tmp_path / "t.txt").read_text()


def test_lags_are_listed(database: tuple[str, str], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    rows = json.loads(run(capsysbinary, database[0], "story", "lags", "--json"))
    table = run(capsysbinary, database[0], "story", "lags")
    assert [(row["publisher"], row["first"], row["median_lag"]) for row in rows] == [
        ("Wire", 1, 0),
        ("Herald", 0, 1200),
    ]
    assert "+20 min" in table
    assert json.loads(run(capsysbinary, database[0], "story", "lags", "--since", "now", "--json")) == []
