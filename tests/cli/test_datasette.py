"""Datasette on a database of any name: described, the stories first."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from aggregator.config.datasette import metadata, tilde_encoded
from tests.cli.calling import call, newsroom

TOO_NEW = "ignore::DeprecationWarning"  # of Datasette's own


def test_the_description_bears_the_name_of_the_file() -> None:
    newsroom()
    told = json.loads(call("--db", "my desk.db", "config", "datasette").ok().out)
    assert list(told["databases"]) == ["my desk"]
    described = told["databases"]["my desk"]
    assert described["tables"]["story"]["title"] == "Stories"
    assert described["tables"]["line"] == {"hidden": True}
    links = [part.partition('"')[0] for part in told["description_html"].split('href="')[1:]]
    assert links[:4] == [f"/my+desk/{table}" for table in ("story", "storyline", "entry", "feed")]
    assert {link.rpartition("/")[2] for link in links[4:]} == set(described["queries"])


@pytest.mark.parametrize(("name", "written"), [("desk", "desk"), ("my desk", "my+desk"), ("a.b/ü", "a~2Eb~2F~C3~BC")])
def test_names_are_written_as_datasette_writes_them(name: str, written: str) -> None:
    assert tilde_encoded(name) == written


@pytest.mark.filterwarnings(TOO_NEW)
def test_datasette_shows_stories_first_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    app = pytest.importorskip("datasette.app", reason="needs the extra datasette")
    newsroom()
    Path("desk.db").write_bytes(Path(call("config", "path").ok().out.rpartition("database")[2].split()[0]).read_bytes())
    told = metadata(Path("desk.db"))

    async def asked() -> None:
        served = app.Datasette(["desk.db"], metadata=told)
        home = await served.client.get("/")
        assert home.status_code == 200
        links = [part.partition('"')[0] for part in told["description_html"].split('href="')[1:]]
        assert home.text.index('href="/desk/story"') < home.text.index('href="/desk"')
        for link in links:
            answer = await served.client.get(link)
            assert answer.status_code == 200, link
        stories = await served.client.get("/desk/story.json?_shape=array")
        assert len(stories.json()) > 0

    asyncio.run(asked())
