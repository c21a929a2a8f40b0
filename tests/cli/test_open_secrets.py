"""`config check` tells of secrets that stand in the open, and shows none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import call

FEEDS = """\
defaults:
  proxy: http://desk:SESAME-1@proxy.example:3128
feeds:
  - https://a.example/rss?token=SESAME-2
  - url: https://b.example/rss?channel_id=UCx7Kd93mZpQ4LwR2sTvB8nA
    headers: {X-Api-Key: SESAME-3, Accept-Language: de, X-Other-Key: {env: KEY}}
    auth: {user: desk, password: SESAME-4}
  - url: {env: ADDRESS}
    auth: {user: desk, password: {env: KEY}}
"""


def test_config_check_names_secrets_in_the_open_and_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "SESAME-5")
    monkeypatch.setenv("ADDRESS", "https://c.example/rss?token=SESAME-6")
    Path("feeds.yaml").write_text(FEEDS, encoding="utf-8")
    Path("feeds.yaml").chmod(0o640)
    told = call("--set", "web.token=SESAME-7", "config", "check").ok()
    assert told.out == "feeds.yaml: 3 feeds; settings are sound.\n"
    assert told.err.splitlines() == [
        "feeds.yaml:2: the password of 'proxy' stands in the open; write it as {env: NAME} or {file: PATH}",
        "feeds.yaml:4: what is secret of https://a.example/rss?token=*** stands in the open; write it as {env: NAME} or {file: PATH}",
        "feeds.yaml:7: the password of 'auth' stands in the open; write it as {env: NAME} or {file: PATH}",
        "feeds.yaml:6: the header X-Api-Key stands in the open; write it as {env: NAME} or {file: PATH}",
        "feeds.yaml: others on this machine may read it, and secrets stand in it; `chmod 600` keeps it to you",
        "web.token stands in the open; write it as {env: NAME} or {file: PATH}",
    ]
    Path("feeds.yaml").write_text("feeds: ['https://b.example/rss']\n", encoding="utf-8")
    assert call("config", "check").ok().err == ""
