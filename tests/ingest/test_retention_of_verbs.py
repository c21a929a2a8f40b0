"""What an editor's verb in force names is kept however old it is, and no longer than that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import StoryQuery
from aggregator.settings import Settings
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss
from tests.ingest.test_retention import LEDGER, TIMES, sound

KEPT_FOR = replace(Settings(), retention=replace(Settings().retention, entries=timedelta(days=3)))


@pytest.mark.parametrize("verb", ["merge", "forbid", "pin", "tie"])
def test_what_only_an_undone_verb_names_is_pruned(verb: str) -> None:
    clock = Clock()
    storm = Item("1", "Storm closes the port of Tarnow", "Ferries wait in Tarnow.", clock.now)
    cup = Item("2", "Brunholm win the Larsund cup", "Ivo Marsk saved two penalties.", clock.now)
    fetcher = FakeFetcher({LEDGER.url: rss(storm), TIMES.url: rss(cup)})
    with open_desk(fetcher, clock, [LEDGER, TIMES], settings=KEPT_FOR) as app:
        app.fetch(everything=True)
        one, two = (story.id for story in app.stories(StoryQuery()))
        if verb == "pin":
            app.editor("ann").pin(one, app.story(one).entries[0].id)
        elif verb == "tie":
            app.storyline_editor("ann").tie([one, two])
        elif verb == "merge":
            app.editor("ann").merge([one, two])
        else:
            app.editor("ann").forbid(one, two)
        app.follow([])
        clock.forward(days=4)
        kept = 1 if verb == "pin" else 2
        assert app.prune()["entries"] == 2 - kept
        app.editor("ann").undo()
        assert app.prune()["entries"] == kept
        sound(app.store.connection)
        assert [decision.undone_by for decision in app.decisions()] == ["ann"]
