"""Reading pages as a browser does: an HTML parser of the standard library, and forms by their parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from httpx2 import Response
from starlette.testclient import TestClient


@dataclass
class Seen:
    """What stands on a page: every start tag with its attributes, and the text."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""

    def all(self, tag_name: str, /, **wanted: str) -> list[dict[str, str]]:
        return [
            given
            for tag, given in self.tags
            if tag == tag_name and all(given.get(key) == value for key, value in wanted.items())
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.seen.text += data


def seen(response: Response) -> Seen:
    """Return what stands on a page."""
    reader = _Reader()
    reader.feed(response.text)
    return reader.seen


def form_token(page: TestClient, path: str) -> str:
    """Return what the forms of a page carry."""
    return seen(page.get(path)).all("input", name="form_token")[0]["value"]


def give(page: TestClient, verb: str, story: str, **fields: object) -> Response:
    """Give a verb as the form on a story's page does."""
    given = {"form_token": form_token(page, f"/story/{story}"), "story": story, **fields}
    return page.post(f"/verb/{verb}", data=given, headers={"sec-fetch-site": "same-origin"})
