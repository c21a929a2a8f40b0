"""What stands where the machine would not put it leaves when it is settled, unless an editor put it there."""

from __future__ import annotations

from aggregator.desk.editing import Editor
from aggregator.desk.reader import Reader
from aggregator.ingest.rearrange import Rearranger
from tests.clustering.arriving import Room, room
from tests.clustering.events import FERRY, STRIKE


def misplace(made: Room, key: str, story: str) -> None:
    """Put an entry where the machine would never put it today."""
    with made.store.transaction():
        Rearranger(made.store, made.settings).move_reports([made.report(key)], story)


def test_a_report_that_would_not_join_leaves_and_the_story_that_it_was_in_keeps_its_id() -> None:
    with room(*FERRY, STRIKE[0]) as made:
        story, others = made.story("ferry0"), [text.key for text in FERRY]
        misplace(made, "strike0", story)
        made.settle_anew()
        assert {made.story(key) for key in others} == {story}
        left = made.story("strike0")
        assert left != story
        assert Reader(made.store, made.now).story(left).split_from == story
        places = made.places()
        made.settle_anew()
        assert made.places() == places


def test_reports_of_one_event_leave_together() -> None:
    with room(*FERRY, *STRIKE) as made:
        story = made.story("ferry0")
        for text in STRIKE:
            misplace(made, text.key, story)
        made.settle_anew()
        assert made.stories(text.key for text in FERRY) == 1
        assert made.stories(text.key for text in STRIKE) == 1
        assert made.story("ferry0") != made.story("strike0")


def test_what_an_editor_placed_stays() -> None:
    with room(*FERRY, STRIKE[0]) as made:
        story = made.story("ferry0")
        with made.store.transaction():
            Editor(made.store, Rearranger(made.store, made.settings), "ann", made.now).move(made.id("strike0"), story)
        made.settle_anew()
        assert made.story("strike0") == story
