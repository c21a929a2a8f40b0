"""The folder that subscribers read: written after each pass, stable where nothing happened, told anew where a story grew."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from aggregator.app import Aggregator
from aggregator.desk.publish import publish_due
from aggregator.model import Feed, StoryQuery
from aggregator.settings import DigestSettings, Settings
from tests.digest.feed_rules import ATOM, atom_faults, json_faults
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER, TIMES = Feed("https://ledger.example/feed", name="Ledger"), Feed("https://times.example/feed", name="Times")
STORM = (
    "A storm closed the northern port of Esbjerg on Tuesday morning. Ferries to Harwich stayed in the harbour and the "
    "coast guard told three hundred passengers to wait for the evening sailing."
)
SETTINGS = replace(Settings(), digest=DigestSettings(formats=("md", "html"), public_url="https://desk.example/news"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fetcher() -> FakeFetcher:
    storm = Item("1", "Storm closes the port of Esbjerg", STORM, MORNING - timedelta(minutes=20))
    return FakeFetcher({LEDGER.url: rss(storm), TIMES.url: rss()})


@pytest.fixture
def app(tmp_path: Path, clock: Clock, fetcher: FakeFetcher) -> Iterator[Aggregator]:
    with open_desk(fetcher, clock, [LEDGER, TIMES], database=tmp_path / "a.db", settings=SETTINGS) as opened:
        opened.fetch()
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "digests"


def items(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "stories.json").read_text())["items"]
    return found


def test_both_feeds_and_the_list_are_written(app: Aggregator, folder: Path) -> None:
    written = app.publish_stories()
    assert sorted(path.name for path in written) == ["index.html", "stories.atom", "stories.json"]
    assert atom_faults((folder / "stories.atom").read_text()) == []
    assert json_faults((folder / "stories.json").read_text()) == []
    (one,) = items(folder)
    assert one["title"] == "Storm closes the port of Esbjerg"
    assert one["url"] == "https://example.org/1"
    root = fromstring((folder / "stories.atom").read_text())
    assert [link.get("href") for link in root.findall(f"{ATOM}link")] == [
        "https://desk.example/news/stories.atom",
        "https://desk.example/news/",
    ]


def test_a_pass_without_news_touches_nothing(app: Aggregator, clock: Clock, folder: Path) -> None:
    app.publish_stories()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    clock.forward(hours=30)
    app.fetch(everything=True)
    assert app.publish_stories() == []
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


def test_a_story_that_grew_keeps_its_id_and_is_told_anew(
    app: Aggregator, clock: Clock, fetcher: FakeFetcher, folder: Path
) -> None:
    app.publish_stories()
    (before,) = items(folder)
    clock.forward(hours=1)
    # dated before the first: a reader would miss it where the publishers' times alone were asked
    fetcher.answers[TIMES.url] = rss(Item("9", "Storm closes the port of Esbjerg", STORM, MORNING - timedelta(hours=2)))
    app.fetch(everything=True)
    app.publish_stories()
    (after,) = items(folder)
    assert after["id"] == before["id"]
    assert after["date_published"] <= before["date_published"]
    assert after["_aggregator"]["publishers"] == 2
    assert after["date_modified"] > before["date_modified"]


def test_an_edit_tells_a_story_anew(app: Aggregator, clock: Clock, fetcher: FakeFetcher, folder: Path) -> None:
    app.publish_stories()
    (before,) = items(folder)
    clock.forward(hours=1)
    longer = STORM + " The mayor closed the schools of the town for two days because of the flood."
    fetcher.answers[LEDGER.url] = rss(
        Item("1", "Storm closes the port and the schools of Esbjerg", longer, MORNING - timedelta(minutes=20))
    )
    app.fetch(everything=True)
    app.publish_stories()
    (after,) = items(folder)
    assert (after["id"], after["title"]) == (before["id"], "Storm closes the port and the schools of Esbjerg")
    assert after["date_modified"] > before["date_modified"]


def test_what_is_for_others_follows_the_umask(app: Aggregator, folder: Path) -> None:
    before = os.umask(0o022)
    try:
        app.publish_stories()
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}


def test_the_newest_edition_has_a_name_that_stays(app: Aggregator, clock: Clock, folder: Path) -> None:
    clock.forward(days=1, minutes=5)
    app.fetch(everything=True)
    publish_due(app)
    names = {path.name for path in folder.iterdir()}
    dated = sorted(name for name in names if name.startswith("digest-2026"))
    assert dated
    for suffix in (".md", ".html"):
        newest = [name for name in dated if name.endswith(suffix)][-1]
        assert (folder / f"digest-latest{suffix}").read_bytes() == (folder / newest).read_bytes()
    index = (folder / "index.html").read_text()
    assert all(f'href="{name}"' in index for name in names if name.startswith("digest-"))
    assert index.index("latest") < index.index(dated[0])


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_never_ends_under_a_name_of_ours_is_replaced(
    make: Callable[[Path], None], app: Aggregator, folder: Path
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "stories.atom"
    path.unlink(missing_ok=True)
    make(path)
    app.publish_stories()
    assert path.is_file()
    assert not path.is_symlink()


def test_a_name_in_the_folder_that_is_none_of_ours_is_left_out(app: Aggregator, folder: Path) -> None:
    folder.mkdir()
    for name in ('digest-"><script>.md', "digest-2026-03-09.exe", "notes.html", "digest-2026-03-09.md"):
        (folder / name).write_text("x")
    app.publish_stories()
    index = (folder / "index.html").read_text()
    assert "script>" not in index.replace("<script", "")
    assert "exe" not in index
    assert 'href="digest-2026-03-09.md"' in index


def test_a_desk_in_memory_writes_nothing(
    clock: Clock, fetcher: FakeFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        assert app.stories(StoryQuery())
        assert app.publish_stories() == []
    assert list(tmp_path.iterdir()) == []
