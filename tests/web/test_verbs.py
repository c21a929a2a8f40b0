"""Verbs by form: they do what the command line does, signed by who gave them."""

from __future__ import annotations

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from aggregator.app import Aggregator
from aggregator.model import Story, StoryQuery
from tests.web.reading import form_token, give, seen


@pytest.fixture
def stories(desk: Aggregator) -> list[Story]:
    return [desk.story(one.id) for one in desk.stories(StoryQuery(sort="publishers", limit=4))]


def ids_of(story: Story) -> list[str]:
    return sorted(entry.id for report in story.reports for entry in report.entries)


def led_to(answer: Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/story/")


def test_a_merge_from_the_page_is_stored_and_undone(page: TestClient, desk: Aggregator, stories: list[Story]) -> None:
    first, second = stories[1], stories[2]
    kept = led_to(give(page, "merge", first.summary.id, other=second.summary.id))
    assert ids_of(desk.story(kept)) == sorted(ids_of(first) + ids_of(second))
    made = desk.decisions(1)[0]
    assert (made.kind, made.by) == ("merge", "anna")
    assert "anna merged" in seen(page.get(f"/story/{kept}")).text
    give(page, "undo", kept, decision=str(made.id))
    assert ids_of(desk.story(first.summary.id)) == ids_of(first)
    assert desk.decisions(1)[0].undone_by == "anna"


def test_undo_takes_back_what_was_shown_and_nothing_else(
    page: TestClient, desk: Aggregator, stories: list[Story]
) -> None:
    give(page, "merge", stories[1].summary.id, other=stories[2].summary.id)
    shown = desk.decisions(1)[0].id
    desk.editor("ben").pin(stories[0].summary.id, ids_of(stories[0])[0])
    answer = give(page, "undo", stories[0].summary.id, decision=str(shown))
    assert answer.status_code == 409
    assert [one.undone_at for one in desk.decisions(2)] == [None, None]


def test_split_move_pin_and_forbid(page: TestClient, desk: Aggregator, stories: list[Story]) -> None:
    story, other = stories[0], stories[3]
    leaving = ids_of(story)[:2]
    made = led_to(give(page, "split", story.summary.id, entry=leaving))
    assert set(leaving) <= set(ids_of(desk.story(made)))
    left = ids_of(desk.story(story.summary.id))
    target = led_to(give(page, "move", story.summary.id, entry=[left[0]], other=other.summary.id))
    assert target == other.summary.id
    assert left[0] in ids_of(desk.story(target))
    led_to(give(page, "pin", story.summary.id, entry=[left[1]]))
    assert desk.story(story.summary.id).summary.canonical_entry == left[1]
    led_to(give(page, "forbid", story.summary.id, other=other.summary.id))
    assert [one.kind for one in desk.decisions()] == ["forbid", "pin", "move", "split"]


@pytest.mark.parametrize(
    ("verb", "fields", "status"),
    [
        ("split", {}, 409),
        ("move", {"entry": ["e1"]}, 409),
        ("pin", {"entry": ["e1", "e2"]}, 409),
        ("forbid", {}, 409),
        ("merge", {"other": "szzzz"}, 409),
        ("undo", {"decision": "1"}, 409),
        ("erase", {}, 404),
    ],
)
def test_what_cannot_be_done_is_said(
    page: TestClient, desk: Aggregator, stories: list[Story], verb: str, fields: dict[str, object], status: int
) -> None:
    answer = give(page, verb, stories[0].summary.id, **fields)
    assert answer.status_code == status
    assert len(seen(answer).all("h1")) == 1
    assert desk.decisions() == []


def test_several_entries_move_together_or_not_at_all(page: TestClient, desk: Aggregator, stories: list[Story]) -> None:
    entries = [ids_of(stories[0])[0], ids_of(stories[3])[0]]  # the second stands in the target already
    answer = give(page, "move", stories[0].summary.id, entry=entries, other=stories[3].summary.id)
    assert answer.status_code == 409
    assert desk.decisions() == []


def test_a_verb_leads_back_into_the_same_list(page: TestClient, stories: list[Story]) -> None:
    story = stories[0]
    answer = give(page, "pin", story.summary.id, entry=[ids_of(story)[0]], filters="?match=force")
    assert answer.headers["location"] == f"/story/{story.summary.id}?match=force"


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "/\t/evil.example", "/\\evil.example", "javascript:alert(1)", ""],
)
def test_nobody_is_led_elsewhere(page: TestClient, desk: Aggregator, stories: list[Story], back: str) -> None:
    give(page, "pin", stories[0].summary.id, entry=[ids_of(stories[0])[0]])
    token = form_token(page, "/decisions")
    fields = {"form_token": token, "decision": str(desk.decisions(1)[0].id), "back": back}
    assert page.post("/verb/undo", data=fields).headers["location"] == "/"


def test_a_form_that_names_too_much_says_so(page: TestClient, stories: list[Story]) -> None:
    answer = give(page, "split", stories[0].summary.id, entry=["e0"] * 2_001)
    assert answer.status_code == 400
    assert (
        "Too many fields. Maximum number of fields is 2000. For a change that is too large for the page use"
        in answer.text
    )
