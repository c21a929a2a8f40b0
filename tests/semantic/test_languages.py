"""The extra ``semantic`` by the very path that entries take: stories join across languages, look-alikes stay apart."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from aggregator.exceptions import ConfigurationError
from aggregator.ingest.evaluate import evaluate
from aggregator.ingest.meanings import _log_auto, meanings_for
from aggregator.settings import Settings, StorySettings
from aggregator.storage.database import Store
from aggregator.text import encoder
from aggregator.text.encoder import load, missing_extra
from tests.cli.calling import call, write_archive
from tests.harness import MORNING
from tests.ingest.arrivals import Newsroom, Telling

TEST = Path(__file__).parent / "languages-test.jsonl"
ON = Settings(stories=StorySettings(semantic=True))
QUAKE = "quake-izmir"

needs_extra = pytest.mark.skipif(missing_extra() is not None, reason=f"needs the extra 'semantic': {missing_extra()}")


def lines() -> list[dict[str, str]]:
    return [json.loads(line) for line in TEST.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_the_set_is_what_was_asked_for() -> None:
    events = Counter(line["cluster"] for line in lines())
    spoken = Counter(line["lang"] for line in lines())
    assert len(events) >= 30
    assert min(events.values()) >= 3
    assert sum(count >= 10 for count in spoken.values()) >= 6
    kinds = Counter(event.partition("-")[0] for event in events)
    assert sum(count >= 3 for count in kinds.values()) >= 10  # look-alikes: the same kind of event, elsewhere


@needs_extra
@pytest.mark.costly
def test_stories_join_across_languages_and_lookalikes_stay_apart() -> None:
    figures = evaluate(TEST, ON, MORNING.replace(year=2027)).figures
    assert figures.bcubed_f1 >= 0.95


def test_no_story_joins_across_languages_by_default() -> None:
    result = evaluate(TEST, Settings(), MORNING.replace(year=2027))
    spoken = {str(number): line["lang"] for number, line in enumerate(lines(), 1)}
    stories: dict[str, set[str]] = {}
    for line, story in ((line, place.story) for line, place in result.places.items()):
        stories.setdefault(story, set()).add(spoken[line])
    assert {len(languages) for languages in stories.values()} == {1}


@needs_extra
def test_why_says_what_brought_a_report_to_a_story_of_other_languages(app: Path) -> None:
    on, now = ("--set", "stories.semantic=true"), "2026-05-04T12:00:00Z"
    write_archive(app / "quake.jsonl", *[line for line in lines() if line["cluster"] == QUAKE])
    call(*on, "import", "quake.jsonl", now=now).ok()
    rows = call("stories", "--json", now=now).ok().json()
    assert [row["entries"] for row in rows] == [5]
    story = rows[0]["id"]
    with Store(app / "aggregator.db") as store:
        german = store.connection.execute("SELECT id FROM entry WHERE language = 'de'").fetchone()[0]
    told = call(*on, "story", "why", story, german, "--json", now=now).ok().json()
    assert told["sentence"].startswith(("Means nearly the same as ", "Is near in meaning to "))
    for word in ("shares", "Izmir", "5.9", "probability", "needed"):
        assert word in told["sentence"]


@needs_extra
def test_reports_that_came_before_the_switch_are_given_their_meaning() -> None:
    room = Newsroom()
    room.arrive(Telling("dam"), Telling("cup"))
    count = "SELECT count(meaning) FROM report_vector"
    assert room.store.connection.execute(count).fetchone()[0] == 0
    room.settings = ON
    room.look_again()
    assert room.store.connection.execute(count).fetchone()[0] == 2
    versions = room.store.connection.execute("SELECT DISTINCT meaning_version FROM report_vector").fetchall()
    room.store.connection.execute("UPDATE report_vector SET meaning_version = 'an older one'")
    room.look_again()
    assert room.store.connection.execute("SELECT DISTINCT meaning_version FROM report_vector").fetchall() == versions
    room.close()


@needs_extra
def test_auto_uses_the_encoder_where_it_is_installed_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    _log_auto.cache_clear()
    with caplog.at_level("INFO", "aggregator.meanings"):
        assert meanings_for(StorySettings(semantic="auto")) is not None
        assert meanings_for(StorySettings(semantic="auto")) is not None
    assert [record.getMessage().partition(":")[2].strip() for record in caplog.records] == [
        "stories join across languages"
    ]


def test_auto_does_without_the_encoder_where_it_is_not_installed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "find_spec", lambda name: None)
    _log_auto.cache_clear()
    with caplog.at_level("INFO", "aggregator.meanings"):
        assert meanings_for(StorySettings(semantic="auto")) is None
    assert "not installed" in caplog.text
    with pytest.raises(ConfigurationError, match=r"aggregator\[semantic\]"):
        load.__wrapped__()


def test_switched_off_nothing_is_made_or_stored() -> None:
    room = Newsroom()
    room.arrive(Telling("dam"), Telling("cup"))
    assert room.store.connection.execute("SELECT count(meaning) FROM report_vector").fetchone()[0] == 0
    assert meanings_for(StorySettings()) is None
    room.close()
