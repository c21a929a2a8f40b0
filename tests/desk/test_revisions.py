"""Edits of entries: what they changed, where they are shown, and that an edition does not pass over them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.app import Aggregator
from aggregator.cli import diffs
from aggregator.cli.app import code_of
from aggregator.digest.values import Edition
from aggregator.exceptions import NotFoundError
from aggregator.model import Feed
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger")
TIMES = Feed("https://times.example/rss", name="Times", publisher="Times")
HOUR = timedelta(hours=1)
FLOOD = Item(
    "l1",
    "Flood in Brackwater kills three",
    "The river Tessel flooded the old town of Brackwater on Tuesday morning and killed three people. Soldiers carried"
    " patients out of the district hospital before the water reached the wards.",
)
STORM = Item("t1", "Storm closes the northern port", "A storm closed the northern port of Skarn on Tuesday morning.")
WORSE = replace(FLOOD, title="Flood in Brackwater kills five", text=FLOOD.text.replace("three", "five"))
SHORTER = replace(WORSE, text=WORSE.text.partition(". ")[0] + ".")


@dataclass
class Newsroom:
    """A desk on two feeds, polled every hour."""

    app: Aggregator
    clock: Clock
    fetcher: FakeFetcher
    shown: dict[str, Item] = field(default_factory=dict)

    def poll(self, *items: Item) -> None:
        """Poll an hour later, with these entries in place of those of the same guid."""
        self.shown |= {item.guid: item for item in items}
        for feed, letter in ((LEDGER, "l"), (TIMES, "t")):
            kept = [item for guid, item in self.shown.items() if guid.startswith(letter)]
            self.fetcher.answers[feed.url] = rss(*kept)
        self.app.fetch(everything=True)
        self.clock.forward(hours=1)

    def entry(self, key: str) -> str:
        """Return the id of an entry."""
        return str(self.app.store.connection.execute("SELECT id FROM entry WHERE key = ?", (key,)).fetchone()[0])

    def edition(self, since: float, until: float) -> Edition:
        """Return the edition of a window, in hours after the morning."""
        return self.app.edition(since=MORNING + since * HOUR, until=MORNING + until * HOUR)


@contextmanager
def newsroom(path: Path | None = None) -> Iterator[Newsroom]:
    fetcher, clock = FakeFetcher(), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES], database=path) as app:
        room = Newsroom(app, clock, fetcher)
        room.poll(FLOOD, STORM)
        yield room


# --- one entry -----------------------------------------------------------------------------------


def test_the_last_edit_is_shown_or_any_two_versions() -> None:
    with newsroom() as room:
        room.poll(WORSE)
        room.poll(SHORTER)
        entry = room.entry("l1")
        last, all_of_it, first = room.app.edit(entry), room.app.edit(entry, 1), room.app.edit(entry, 1, 2)
    assert (last.first, last.last, last.change.title_changed, last.change.text_changed) == (2, 3, False, True)
    assert (all_of_it.first, all_of_it.last, all_of_it.steps) == (1, 3, 2)
    assert [(piece.op, piece.text.strip()) for piece in first.title if piece.op != "same"] == [
        ("removed", "three"),
        ("added", "five"),
    ]
    assert (first.before.time, first.after.time) == (MORNING, MORNING + HOUR)
    assert "".join(piece.text for piece in last.text if piece.op != "added") == WORSE.text
    assert "".join(piece.text for piece in last.text if piece.op != "removed") == SHORTER.text


def test_versions_that_never_were_are_not_found() -> None:
    with newsroom() as room:
        entry = room.entry("l1")
        with pytest.raises(NotFoundError, match="never edited"):
            room.app.edit(entry)
        room.poll(WORSE)
        with pytest.raises(NotFoundError, match="versions are 1 to 2"):
            room.app.edit(entry, 1, 3)


def test_versions_are_called_by_the_numbers_that_are_listed_where_some_between_were_dropped() -> None:
    with newsroom() as room:
        entry = room.entry("l1")
        for text in ("Two.", "Three.", "Four.", "Five."):
            room.poll(replace(FLOOD, text=f"{FLOOD.text} {text}"))
        with room.app.store.transaction() as db:
            db.execute("DELETE FROM revision WHERE number IN (2, 3)")  # as the retention does
        listed = [revision.number for revision in room.app.revisions(entry)]
        edits = [
            room.app.edit(entry),
            room.app.edit(entry, 1),
            room.app.edit(entry, 1, 4),
            room.app.edit(entry, last=4),
        ]
        [of_story] = room.app.edits(room.app.story(str(room.app.entry(entry).story_id)))
        with pytest.raises(NotFoundError, match="no version 2; its versions are 1, 4 and 5"):
            room.app.edit(entry, 2)
    assert listed == [1, 4]
    assert [(one.first, one.last, one.steps) for one in edits] == [(4, 5, 1), (1, 5, 4), (1, 4, 3), (1, 4, 3)]
    assert (of_story.first, of_story.last) == (1, 5)
    assert edits[0].before.text.endswith("Four.")


# --- a story, and a day --------------------------------------------------------------------------


def test_a_storys_edits_are_told_against_what_stood_then() -> None:
    with newsroom() as room:
        room.poll(WORSE)
        room.poll(SHORTER)
        story = room.app.story(room.app.entry(room.entry("l1")).story_id)
        [whole] = room.app.edits(story)
        [late] = room.app.edits(story, MORNING + 1.5 * HOUR)
        none = room.app.edits(story, MORNING + 5 * HOUR)
    assert (whole.first, whole.last, late.first, late.last, none) == (1, 3, 2, 3, ())


def test_headlines_of_a_window_are_listed_and_edits_of_the_text_are_not() -> None:
    with newsroom() as room:
        room.poll(WORSE)
        room.poll(SHORTER, replace(STORM, title="Storm opens the northern port"))
        every = room.app.headlines()
        first = room.app.headlines(MORNING, MORNING + 1.5 * HOUR)
    assert [(one.change.publisher, one.change.after) for one in every] == [
        ("Ledger", WORSE.title),
        ("Times", "Storm opens the northern port"),
    ]
    assert [(one.change.before, one.change.time) for one in first] == [(FLOOD.title, MORNING + HOUR)]


# --- in the digest -------------------------------------------------------------------------------


def test_a_story_with_nothing_but_an_edit_stands_in_the_edition_of_that_day() -> None:
    with newsroom() as room:
        room.poll(WORSE)
        edition = room.edition(0.5, 2)
    [line] = edition.stories()
    assert (line.title, line.entries) == (WORSE.title, 1)
    assert "edited" in line.flags
    assert [(one.publisher, one.before, one.after) for one in line.headlines] == [("Ledger", FLOOD.title, WORSE.title)]
    assert edition.counts.stories == 0


def test_a_headline_that_changed_twice_is_told_once_and_one_that_came_back_not_at_all() -> None:
    with newsroom() as room:
        room.poll(WORSE, replace(STORM, title="Storm opens the northern port"))
        room.poll(replace(WORSE, title="Flood in Brackwater kills six"), STORM)
        [line] = room.edition(0.5, 3).stories()
        [notice] = line.headlines
    assert (notice.before, notice.after) == (FLOOD.title, "Flood in Brackwater kills six")


def test_an_edit_that_tells_nothing_new_is_passed_over() -> None:
    with newsroom() as room:
        room.poll(WORSE)
        room.poll(SHORTER)
        edition = room.edition(1.5, 3)
    assert edition.nothing_new


def test_what_an_edit_added_is_new_in_the_edition() -> None:
    added = "Engineers want to open the Skarn sluice, which would spare 340 houses downstream."
    with newsroom() as room:
        room.poll(replace(FLOOD, text=f"{FLOOD.text} {added}"))
        [line] = room.edition(0.5, 2).stories()
    assert [passage.text for passage in line.new.passages] == [added]
    assert line.new.numbers == ()  # the sentence tells it


def test_a_story_that_grew_comes_before_one_that_was_edited() -> None:
    with newsroom() as room:
        room.poll(
            WORSE, Item("t2", "Council meets", "Councillors argued about parking fees and the price of swimming.")
        )
        edition = room.edition(0.5, 2)
    assert [line.title for line in edition.sections[0].stories] == ["Council meets"]
    assert WORSE.title in [line.title for line in edition.stories()]


# --- on the command line -------------------------------------------------------------------------

TRAP = "Flood \x9b31m\u202ekills\u202c \u2066five\u2069 [-no-] <script>alert(1)</script>"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """A database with one edited entry; its path, the entry, and its story."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGGREGATOR_NOW", (MORNING + 2 * HOUR).isoformat())
    path = tmp_path / "a.db"
    with newsroom(path) as room:
        room.poll(replace(WORSE, title=TRAP, text=WORSE.text.replace("the wards", "the\u202e wards \x9b2J")))
        entry = room.app.entry(room.entry("l1"))
    return str(path), entry.id, entry.story_id


def run(capsysbinary: pytest.CaptureFixture[bytes], database: str, *arguments: str) -> str:
    assert code_of(["--db", database, *arguments]) == 0
    return capsysbinary.readouterr().out.decode()


def test_diffs_are_plain_where_they_are_piped(
    database: tuple[str, str, str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path, entry, story = database
    text = " ".join(run(capsysbinary, path, "entry", "diff", entry).split())
    assert "killed [-three-] {+five+} people" in text
    assert "version 1" in text
    whole = run(capsysbinary, path, "story", "diff", story, "--full")
    assert "Soldiers carried patients out of the district hospital before the water reached" in " ".join(whole.split())
    assert "no entry was edited" in run(capsysbinary, path, "story", "diff", story, "--since", "30m")


def test_diffs_are_coloured_on_a_terminal(
    database: tuple[str, str, str], capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffs, "colours", lambda: True)
    text = run(capsysbinary, database[0], "entry", "diff", database[1])
    assert "\x1b[31m\x1b[9mthree \x1b[0m\x1b[32m\x1b[1mfive \x1b[0m" in text
    assert "[-three-]" not in text


@pytest.mark.parametrize("coloured", [False, True])
def test_hostile_edits_do_not_steer_the_terminal(
    coloured: bool,
    database: tuple[str, str, str],
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(diffs, "colours", lambda: coloured)
    path, entry, story = database
    shown = [
        run(capsysbinary, path, *arguments)
        for arguments in (("entry", "diff", entry), ("story", "diff", story, "--full"), ("entry", "headlines"))
    ]
    for text in shown:
        assert not set(text) & set("\x9b\u202e\u202c\u2066\u2069")
        assert "\x1b[2J" not in text
        assert coloured or "\x1b" not in text


def test_diffs_and_headlines_as_json(
    database: tuple[str, str, str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path, entry, story = database
    row = json.loads(run(capsysbinary, path, "entry", "diff", entry, "--json"))
    of_story = json.loads(run(capsysbinary, path, "story", "diff", story, "--json"))
    headlines = json.loads(run(capsysbinary, path, "entry", "headlines", "--json"))
    assert (row["from"]["version"], row["to"]["version"], row["change"]) == (1, 2, "substantive")
    assert row["from"]["title"] == FLOOD.title
    assert [one["entry"] for one in of_story["edits"]] == [entry]
    assert [(one["entry"], one["story"], one["before"]) for one in headlines] == [(entry, story, FLOOD.title)]
    assert code_of(["--db", path, "entry", "diff", entry, "--from", "9"]) == 3


def test_edition_passes_over_the_headlines_of_a_live_blog() -> None:
    blog = replace(FLOOD, guid="l2", title="Brackwater live: river rises", text=FLOOD.text + " More follows.")
    with newsroom() as room:
        room.poll(blog, WORSE)
        room.poll(replace(blog, title="Brackwater live: river falls"))
        told = [one.after for line in room.edition(0, 4).stories() for one in line.headlines]
    assert told == [WORSE.title]
