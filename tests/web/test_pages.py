"""What the pages show, over the demonstration's newsroom."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from aggregator.app import Aggregator
from aggregator.model import StoryQuery, StorySummary
from tests.web.reading import seen

TOLD = "Ukraine guarantee"


@pytest.fixture
def summary(desk: Aggregator) -> StorySummary:
    return desk.stories(StoryQuery(sort="publishers", match=TOLD, limit=1))[0]


@pytest.mark.parametrize(
    "path", ["/", "/search", "/search?q=ferries", "/feeds", "/decisions", "/editions", "/digest/latest"]
)
def test_a_page_is_there(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 200, answer.text
    assert len(seen(answer).all("h1")) == 1


def test_the_list_is_that_of_the_command_line(page: TestClient, desk: Aggregator) -> None:
    shown = [one["href"] for one in seen(page.get("/")).all("a") if one.get("href", "").startswith("/story/")]
    assert shown == [f"/story/{one.id}" for one in desk.stories(StoryQuery(limit=60))]


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ("match=ferries", StoryQuery(match="ferries")),
        ("min_publishers=3&sort=publishers", StoryQuery(min_publishers=3, sort="publishers")),
        ("publisher=Radio+Meridian", StoryQuery(publisher="Radio Meridian")),
        ("lang=de&sort=entries", StoryQuery(language="de", sort="entries")),
        ("category=defence&sort=first", StoryQuery(category="defence", sort="first")),
    ],
)
def test_filters_are_those_of_stories(page: TestClient, desk: Aggregator, given: str, query: StoryQuery) -> None:
    links = [one["href"] for one in seen(page.get(f"/?{given}")).all("a") if one.get("href", "").startswith("/story/")]
    wanted = [one.id for one in desk.stories(query)]
    assert wanted
    assert [link.removeprefix("/story/").partition("?")[0] for link in links] == wanted
    # the filters go along to the story, and from there back
    assert [one["href"] for one in seen(page.get(links[0])).all("a") if one["href"].startswith("/?")]


def test_a_story_names_the_others_of_its_affair_and_what_ties_them(page: TestClient, desk: Aggregator) -> None:
    line = desk.storylines()[0]
    first, *others = line.stories
    answer = page.get(f"/story/{first.id}")
    shown = seen(answer)
    links = [one["href"] for one in shown.all("a")]
    ties = desk.ties(desk.story(first.id), others, in_window=False)
    assert set(ties) == {one.id for one in others}
    for one in others:
        assert f"/story/{one.id}" in links
        assert ties[one.id].sentence in shown.text
    alone = next(one for one in desk.stories(StoryQuery()) if one.storyline is None)
    assert "What ties them?" not in page.get(f"/story/{alone.id}").text


@pytest.mark.parametrize(
    "given",
    [
        "page=0",
        "page=99999999999",
        "min_publishers=-1",
        "min_publishers=x",
        "sort=none",
        "since=never",
        "page=%F0%9D%9F%99",
    ],
)
def test_what_makes_no_sense_in_an_address_is_left_out(page: TestClient, given: str) -> None:
    assert page.get(f"/?{given}").status_code == 200


def test_a_story_shows_its_reports_its_lanes_and_why(page: TestClient, desk: Aggregator, summary: StorySummary) -> None:
    story = desk.story(summary.id)
    shown = seen(page.get(f"/story/{summary.id}"))
    marked = {one["value"] for one in shown.all("input", name="entry")}
    assert marked == {entry.id for report in story.reports for entry in report.entries}
    assert len(shown.all("svg")) == summary.publishers
    for report in story.reports:
        for entry in report.entries:
            assert desk.whys(story)[entry.id].sentence in shown.text
    assert "Still with the old wording" in shown.text
    folded = sum(len(report.entries) > 1 for report in story.reports)
    assert len(shown.all("details", **{"class": "copies"})) == folded


def test_an_entry_shows_its_versions(page: TestClient, desk: Aggregator, summary: StorySummary) -> None:
    story = desk.story(summary.id)
    edited = next(entry for report in story.reports for entry in report.entries if entry.revisions)
    shown = seen(page.get(f"/entry/{edited.id}"))
    assert len(shown.all("del")) > 0
    assert len(shown.all("ins")) > 0


def test_an_entry_that_was_never_edited_has_a_page(page: TestClient, desk: Aggregator, summary: StorySummary) -> None:
    story = desk.story(summary.id)
    unedited = next(entry for report in story.reports for entry in report.entries if not entry.revisions)
    shown = page.get(f"/entry/{unedited.id}")
    assert shown.status_code == 200
    assert unedited.data.title in seen(shown).text


def test_versions_of_an_entry_are_called_by_their_numbers(
    page: TestClient, desk: Aggregator, summary: StorySummary
) -> None:
    """Some in between may be gone with the retention."""
    story = desk.story(summary.id)
    edited = next(entry for report in story.reports for entry in report.entries if entry.revisions)
    whole = seen(page.get(f"/entry/{edited.id}")).text
    move = "UPDATE revision SET number = number + ? WHERE entry_id = ?"
    with desk.store.transaction() as db:
        db.execute(move, (7, edited.id))
    try:
        moved = seen(page.get(f"/entry/{edited.id}")).text
    finally:
        with desk.store.transaction() as db:
            db.execute(move, (-7, edited.id))
    assert f"Version {edited.revisions + 1}," in whole
    assert f"Version {edited.revisions + 8}," in moved


def test_what_is_not_there_is_said(page: TestClient) -> None:
    for path in ("/story/szzzzzzzzzz", "/entry/ezzzzzzzzzz", "/nothing", "/digest/none", "/static/../site.py"):
        assert page.get(path).status_code == 404, path


def test_a_digest_in_another_format(page: TestClient) -> None:
    assert page.get("/digest/latest?format=json").json()["title"]
    assert page.get("/digest/latest?format=text").headers["content-type"].startswith("text/plain")
    assert page.get("/digest/latest?format=pdf").status_code == 400


def test_the_second_visit_tells_what_came_since_the_first(page: TestClient, summary: StorySummary) -> None:
    page.cookies.set("aggregator_looks", "0_1773126060")  # 07:01 that day; it is 12:10
    shown = seen(page.get(f"/story/{summary.id}"))
    assert "New since 07:01" in shown.text


@pytest.mark.parametrize("looks", ["", "x", "9_9", "0_99999999999", "-1_-1", "1_2_3"])
def test_a_cookie_that_says_nonsense_is_no_look(page: TestClient, looks: str) -> None:
    page.cookies.set("aggregator_looks", looks)
    assert page.get("/").status_code == 200


def test_health_figures_and_feeds(page: TestClient) -> None:
    assert page.get("/health").json() == {"status": "ok", "faults": []}
    figures = page.get("/metrics")
    assert figures.headers["content-type"].startswith("text/plain")
    assert 'aggregator_feeds{state="failing"} 2.0' in figures.text
    atom, feed = page.get("/stories.atom?match=ferries"), page.get("/stories.json?match=ferries")
    assert atom.headers["content-type"].startswith("application/atom+xml")
    root = ElementTree.fromstring(atom.content)
    links = {one.get("rel"): one.get("href") for one in root.findall("{http://www.w3.org/2005/Atom}link")}
    assert links["self"] == "http://127.0.0.1:8765/stories.atom?match=ferries"
    told = json.loads(feed.text)
    assert told["feed_url"] == "http://127.0.0.1:8765/stories.json?match=ferries"
    assert len(told["items"]) == len(root.findall("{http://www.w3.org/2005/Atom}entry")) > 0


@pytest.mark.parametrize(
    "path",
    ["/stories.atom", "/stories.json?match=ferries", "/digest/latest?format=atom", "/digest/latest?format=jsonfeed"],
)
def test_a_reader_that_has_a_feed_gets_it_again_when_it_changed(path: str, page: TestClient, desk: Aggregator) -> None:
    first = page.get(path)
    tag = first.headers["etag"]
    for named in (tag, f'"other", W/{tag}', "*"):
        again = page.get(path, headers={"if-none-match": named})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert page.get(path, headers={"if-none-match": '"other"'}).content == first.content
    if path.startswith("/stories"):
        [ferries, *_] = desk.stories(StoryQuery(match="ferries"))
        other = next(story for story in desk.stories(StoryQuery()) if story.id != ferries.id)
        desk.editor("eve").merge([ferries.id, other.id])
        assert page.get(path, headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(("since", "fewer"), [("90m", True), ("1h30m", True), ("2w", False), ("900000d", False)])
def test_the_list_takes_any_duration_that_the_command_takes(since: str, fewer: bool, page: TestClient) -> None:
    every, some = (len(page.get(f"/stories.json{query}").json()["items"]) for query in ("", f"?since={since}"))
    assert (0 < some < every) if fewer else some == every
    assert f'<option value="{since}" selected>' in page.get(f"/?since={since}").text
