"""With ``stories.enabled: false`` entries are fetched and stored, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.digest.mail import message
from aggregator.digest.render import FORMATS, render
from aggregator.model import Feed, StoryQuery
from aggregator.settings import Settings
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

URL = "https://example.org/feed"


def test_entries_are_stored_without_reports_and_edits_are_kept() -> None:
    settings = Settings()
    settings = replace(settings, stories=replace(settings.stories, enabled=False))
    fetcher, clock = FakeFetcher({URL: rss(Item("1", "One", "A text"), Item("2", "Two", "A text"))}), Clock()
    with open_desk(fetcher, clock, [Feed(URL)], settings=settings) as app:
        assert app.fetch()[0].new == 2
        fetcher.answers[URL] = rss(Item("1", "One, corrected", "Another text"), Item("2", "Two", "A text"))
        clock.forward(days=1)
        outcome = app.fetch()[0]
        assert (outcome.new, outcome.updated, outcome.known) == (0, 1, 1)
        assert app.stories(StoryQuery()) == []
        rows = list(app.export())
        assert [(row["report_id"], row["story_id"]) for row in rows] == [(None, None)] * 2
        assert len(app.revisions(str(rows[0]["id"]))) == 1
        connection = app.store.connection
        for table in ("report", "story", "report_vector", "sketch"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        # switched on again: what came meanwhile is placed beside the new ones
        app.settings = replace(settings, stories=Settings().stories)
        fetcher.answers[URL] = rss(Item("1", "One, corrected twice", "Text"), Item("3", "Three", "A third text"))
        clock.forward(days=1)
        outcome = app.fetch()[0]
        assert (outcome.new, outcome.updated) == (1, 1)
        assert {story.title for story in app.stories(StoryQuery())} >= {"One, corrected twice", "Three"}
        assert all(row["report_id"] and row["story_id"] for row in app.export())


def test_an_edition_is_made_though_an_entry_in_no_story_was_edited() -> None:
    settings = Settings()
    settings = replace(settings, stories=replace(settings.stories, enabled=False))
    fetcher, clock = FakeFetcher({URL: rss(Item("1", "One", "A text"))}), Clock()
    with open_desk(fetcher, clock, [Feed(URL)], settings=settings) as app:
        app.fetch()
        fetcher.answers[URL] = rss(Item("1", "One of another kind", "Quite other words"))
        clock.forward(hours=2)
        assert app.fetch(everything=True)[0].updated == 1
        assert list(app.edition().stories()) == []
        assert [one.change.after for one in app.headlines()] == ["One of another kind"]


@pytest.mark.parametrize(("items", "came"), [((Item("1", "One"), Item("2", "Two")), "2 entries"), ((), "0 entries")])
def test_an_edition_says_that_stories_are_off_and_what_came(items: tuple[Item, ...], came: str) -> None:
    settings = Settings()
    settings = replace(settings, stories=replace(settings.stories, enabled=False))
    with open_desk(FakeFetcher({URL: rss(*items)}), Clock(), [Feed(URL)], settings=settings) as app:
        app.fetch()
        edition = app.edition()
    assert edition.nothing_new == (not items)
    for format in FORMATS:
        text = " ".join(render(edition, format).replace("\\", "").split())
        if format == "json":
            assert '"stories_off": true' in text
        else:
            assert f"stories.enabled is false. {came} came in during this window" in text
        assert ("othing new" in text) == (not items) or format in ("json", "jsonfeed")
    subject = str(message(edition, "desk@paper.example", ["a@paper.example"])["Subject"])
    assert subject.endswith(f": {came}, stories switched off")
