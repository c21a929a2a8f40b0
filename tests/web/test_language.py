"""The page speaks the language of the digest; what feeds, rules and errors say keeps its own."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from aggregator.app import Aggregator
from aggregator.model import StoryQuery
from tests.web.conftest import Opened
from tests.web.reading import seen

# Labels that would show that a place was forgotten.
ENGLISH = (
    "Stories", "Search", "Publisher", "publishers", "independent", "entries", "Why is it here", "Undo", "First seen",
)  # fmt: skip


def said(page: TestClient, path: str) -> str:
    """Return a page's text without what is marked as of another language, and without names of feeds."""
    text = page.get(path).text
    text = re.sub(r"<(p|td|span|h1|bdi)\b[^>]*\blang=\"en\".*?</\1>", " ", text, flags=re.DOTALL)
    text = re.sub(r"<(bdi|title|code|kbd)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", text)


@pytest.mark.parametrize(("language", "stories"), [("de", "Themen"), ("fr", "Sujets")])
def test_a_page_is_in_the_language_of_the_digest(opened: Opened, desk: Aggregator, language: str, stories: str) -> None:
    page = opened(language=language)
    top = desk.stories(StoryQuery(sort="publishers", limit=1))[0]
    told = {
        path: said(page, path)
        for path in ("/", "/search?q=ferry", "/feeds", "/decisions", "/editions", f"/story/{top.id}")
    }
    for path, text in told.items():
        assert seen(page.get(path)).all("html")[0]["lang"] == language
        assert stories in text
        assert [word for word in ENGLISH if word in text] == [], path


def test_the_page_is_english_where_nothing_else_is_asked_for(page: TestClient) -> None:
    assert seen(page.get("/")).all("html")[0]["lang"] == "en"
    assert "Stories" in said(page, "/")


def test_what_a_rule_says_is_marked_as_english(opened: Opened, desk: Aggregator) -> None:
    top = desk.stories(StoryQuery(sort="publishers", limit=1))[0]
    text = opened(language="de").get(f"/story/{top.id}").text
    assert re.search(r'<p lang="en">(Shares|Same text|One text)', text)
