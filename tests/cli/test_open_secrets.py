"""`config check` warns of secrets in plain text, and shows none."""

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
    told = call("config", "check").ok()
    assert told.out == "feeds.yaml: 3 feeds; settings are sound.\n"
    assert told.err.splitlines() == [
        "feeds.yaml:2: the password of 'proxy' is in plain text; write it as {env: NAME} or {file: PATH}",
        "feeds.yaml:4: the secret in https://a.example/rss?token=*** is in plain text; write it as {env: NAME} or {file: PATH}",
        "feeds.yaml:7: the password of 'auth' is in plain text; write it as {env: NAME} or {file: PATH}",
        "feeds.yaml:6: the header X-Api-Key is in plain text; write it as {env: NAME} or {file: PATH}",
        "feeds.yaml: other users can read it, and it contains secrets; `chmod 600` prevents that",
    ]
    Path("feeds.yaml").write_text("feeds: ['https://b.example/rss']\n", encoding="utf-8")
    assert call("config", "check").ok().err == ""


SETTINGS = """\
digest: {public_url: "https://desk:SESAME-1@desk.example/digests"}
mail: {password_env: PASSWORD}
watches: {secret_file: secret.txt}
web:
  token: SESAME-2
  users: {ann: SESAME-3, ben: "env:HASH"}
"""


def test_config_check_names_secrets_in_the_settings_and_in_watches() -> None:
    Path("feeds.yaml").write_text("feeds: ['https://b.example/rss']\n", encoding="utf-8")
    Path("aggregator.yaml").write_text(SETTINGS, encoding="utf-8")
    Path("aggregator.yaml").chmod(0o644)
    hook = "webhook:https://hooks.example/services/T0/B0/aB3dE5fG7hI9jK1lM3nO5pQ7"
    added = call("watch", "add", "dam", "--word", "dam", "--to", hook, "--to", "webhook:https://desk.example/hook").ok()
    advice = "webhook:https://hooks.example/… is stored with its secret in the database and its backups; webhook:env:NAME keeps it out"
    assert advice in added.err
    told = call("config", "check").ok()
    file = Path("aggregator.yaml").resolve()
    assert [line.replace(f"{file}:", "aggregator.yaml:") for line in told.err.splitlines()] == [
        "aggregator.yaml: digest.public_url holds what looks like a secret, and is no place for one: it is shown and handed on",
        "aggregator.yaml: web.token is in plain text; write it as {env: NAME} or {file: PATH}",
        "aggregator.yaml: other users can read it, and it contains secrets; `chmod 600` prevents that",
        "web.users: the value of ann is no hash of a password; `aggregator web --hash-password` makes one",
        f"watch dam: {advice}",
    ]


def test_a_secret_of_the_environment_stands_in_no_open_and_one_of_an_option_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("feeds.yaml").write_text("feeds: ['https://b.example/rss']\n", encoding="utf-8")
    monkeypatch.setenv("AGGREGATOR_WEB_TOKEN", "SESAME-1")
    assert call("config", "check").ok().err == ""
    told = call("--set", "web.token=SESAME-2", "config", "check")
    assert (told.code, told.out) == (2, "")
    assert "--set web.token: the list of processes shows it to everybody; write env:NAME or file:PATH" in told.err
    assert "SESAME" not in told.err
