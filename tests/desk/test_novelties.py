"""What is new in a story since an editor last looked, from the desk down to the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.app import Aggregator
from aggregator.cli.app import code_of
from aggregator.exceptions import NotFoundError
from aggregator.model import Feed
from aggregator.newsroom.novelty import Novelty
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger")
TIMES = Feed("https://times.example/rss", name="Times", publisher="Times")
FLOOD = (
    "The river Tessel flooded the old town of Brackwater on Tuesday morning and drove 1,900 people from their homes. "
    "Soldiers carried patients out of the district hospital before the water reached the wards."
)
MORE = "Engineers under Colonel Ewa Lind want to open the Skarn sluice, which would spare 340 houses downstream."
FIRST = Item("l1", "Flood in Brackwater drives people from their homes", FLOOD)
SECOND = Item(
    "t1",
    "Flood in Brackwater drives people from homes, sluice to open",
    f"{FLOOD} {MORE}",
    published=MORNING + timedelta(minutes=40),
)
HOUR = timedelta(hours=1)


@dataclass
class Newsroom:
    """A desk on two feeds of which the second told of the flood an hour after the first."""

    app: Aggregator
    clock: Clock
    fetcher: FakeFetcher

    def news(self, hours: float) -> Novelty:
        """Return what is new in the story of the flood since so many hours after the morning."""
        return self.app.news_of(self.app.story(self.story), MORNING + timedelta(hours=hours))

    @property
    def story(self) -> str:
        """The story of the flood."""
        return str(self.app.store.connection.execute("SELECT story_id FROM entry WHERE key = 'l1'").fetchone()[0])


@contextmanager
def newsroom(second: Item = SECOND, path: Path | None = None) -> Iterator[Newsroom]:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(FIRST), TIMES.url: rss()}), Clock()
    with open_desk(fetcher, clock, [LEDGER, TIMES], database=path) as app:
        app.fetch()
        clock.forward(hours=1)
        fetcher.answers[TIMES.url] = rss(second)
        app.fetch(everything=True)
        stories = [row[0] for row in app.store.connection.execute("SELECT id FROM story ORDER BY id")]
        if len(stories) > 1:
            app.editor("test").merge(stories)
        yield Newsroom(app, clock, fetcher)


def test_only_what_the_story_did_not_hold_is_new() -> None:
    with newsroom() as room:
        news = room.news(1)
    assert [one.text for one in news.sentences] == [MORE]
    assert [(one.text, one.publisher) for one in news.numbers] == [("340", "Times")]
    assert {one.text for one in news.names} == {"Colonel Ewa Lind", "Skarn"}


def test_since_a_later_moment_nothing_is_new() -> None:
    with newsroom() as room:
        assert not room.news(1.5)


def test_an_edit_is_news_from_the_moment_it_was_seen() -> None:
    with newsroom() as room:
        room.clock.forward(hours=1)
        added = "The mayor of Brackwater asked the government for 12 million crowns on Tuesday evening."
        room.fetcher.answers[LEDGER.url] = rss(replace(FIRST, text=f"{FLOOD} {added}"))
        room.app.fetch(everything=True)
        [sentence] = room.news(1.5).sentences
    assert (sentence.text, sentence.publisher, sentence.time) == (added, "Ledger", MORNING + 2 * HOUR)


def test_the_first_to_publish_is_the_source_whoever_was_polled_first() -> None:
    with newsroom() as room:
        room.fetcher.answers[LEDGER.url] = rss(FIRST, replace(SECOND, guid="l2", published=MORNING + HOUR / 2))
        room.clock.forward(hours=1)
        room.app.fetch(everything=True)
        [sentence] = room.news(1).sentences
    assert (sentence.publisher, sentence.time) == ("Ledger", MORNING + HOUR / 2)


def test_an_edition_says_what_is_new_in_a_story_carried_over() -> None:
    with newsroom() as room:
        edition = room.app.edition(since=MORNING + HOUR / 2)
        [line] = edition.stories()
        room.clock.forward(minutes=10)
        assert room.app.last_read() == edition.until
        assert room.app.last_read(edition.id) == edition.until
        with pytest.raises(NotFoundError):
            room.app.last_read("none")
    assert [passage.text for passage in line.new.passages] == [MORE]
    assert (line.new.numbers, line.new.names) == ((), ())  # the sentence tells them


def test_an_edition_of_the_past_knows_nothing_later() -> None:
    with newsroom() as room:
        room.clock.forward(hours=1)
        later = "The mayor of Brackwater asked the government for 12 million crowns on Tuesday evening."
        room.fetcher.answers[LEDGER.url] = rss(replace(FIRST, text=f"{FLOOD} {later}"))
        room.app.fetch(everything=True)
        [line] = room.app.edition(since=MORNING + HOUR / 2, until=MORNING + 1.5 * HOUR).stories()
    assert [passage.text for passage in line.new.passages] == [MORE]


# --- on the command line -------------------------------------------------------------------------

NOW = ["--now", (MORNING + HOUR).isoformat()]


def run(capsysbinary: pytest.CaptureFixture[bytes], path: Path, *arguments: str) -> str:
    assert code_of(["--db", str(path), *NOW, *arguments]) == 0
    return capsysbinary.readouterr().out.decode()


def test_story_new_as_text_and_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.db"
    with newsroom(path=path) as room:
        story = room.story
    text = run(capsysbinary, path, "story", "new", story, "--since", "30m")
    row = json.loads(run(capsysbinary, path, "story", "new", story, "--since", "30m", "--json"))
    nothing = run(capsysbinary, path, "story", "new", story, "--since", "now", "--json")
    assert "1 sentence, 1 number, 2 names" in text
    assert MORE in " ".join(text.split())
    assert "340 (Times)" in text
    assert [one["publisher"] for one in row["sentences"]] == ["Times"]
    assert (row["since"], row["numbers"][0]["sentence"]) == ("2026-03-10T06:30:00Z", MORE)
    assert json.loads(nothing)["names"] == row["names"]  # seen this very moment
    assert code_of(["--db", str(path), "story", "new", story, "--since", "1h", "--edition", "x"]) == 2


def test_hostile_words_do_not_reach_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.db"
    trap = "General \u202eOcteb\u202c \u009b31mLists said 77 boats \u2066were\u2069 lost near Port Ill\u200bwind today."
    with newsroom(replace(SECOND, text=f"{FLOOD} {trap}"), path) as room:
        story = room.story
    text = run(capsysbinary, path, "story", "new", story, "--since", "30m")
    assert "77" in text
    assert not set(text) & set("\x1b\x9b\u202e\u202c\u2066\u2069\u200b")
