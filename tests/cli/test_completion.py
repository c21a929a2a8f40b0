"""What the shell offers: asked as the three shells ask, and once through a real bash."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.cli.app import code_of
from tests.cli.calling import ARCHIVE, call, newsroom, shell, story_ids

FEEDS = (
    "feeds:\n  - {url: https://wire.example/rss, name: The Wire}\n  - {url: https://b.example/rss, name: Bulletin}\n"
)


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    def ask(words: str, kind: str = "bash") -> list[str]:
        monkeypatch.setenv("_AGGREGATOR_COMPLETE", f"{kind}_complete")
        monkeypatch.setenv("COMP_WORDS", f"aggregator {words}")
        monkeypatch.setenv("COMP_CWORD", words.split(" ")[-1] if kind == "fish" else str(words.count(" ") + 1))
        with pytest.raises(SystemExit):
            code_of([])
        monkeypatch.delenv("_AGGREGATOR_COMPLETE")
        return capsys.readouterr().out.splitlines()

    return ask


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_stories_with_their_headlines(offered: object, kind: str) -> None:
    newsroom()
    for title, identity in story_ids().items():
        told = "\n".join(offered(f"story show {identity[:6]}", kind))  # type: ignore[operator]
        assert identity in told
        assert title in told


def test_each_parameter_is_offered_what_it_takes(offered: object) -> None:
    newsroom()
    Path("feeds.yaml").write_text(FEEDS, encoding="utf-8")
    call("watch", "add", "coast", "--word", "storm").ok()
    entries = {row["id"] for row in call("export").ok().lines()}

    def values(words: str) -> set[str]:
        return {line.split("\t")[1] for line in offered(words) if line}  # type: ignore[operator]

    assert values("entry show e") == entries
    assert values("story split s1 e") == entries
    assert values("story forbid ") == entries | set(story_ids().values())
    assert values("stories --publisher ") == {"Ledger", "Times", "Courier"}
    assert values("feeds pause the") == {"The Wire"}
    assert values("fetch B") == {"Bulletin"}
    assert values("watch remove ") == {"coast"}
    assert values("watch add ") == set()
    line = call("storyline", "tie", *story_ids().values()).ok().out.strip()
    assert values("storyline show l") == {line}
    assert "stories.window=" in values("--set stories.")
    assert "stories.window=" in values("stories --set stories.w")
    assert values("--db nowhere.db story show s") == set()
    assert values("story me") == {"merge"}


def test_bash_shows_headlines_until_one_is_left() -> None:
    newsroom()
    ids = story_ids()
    storm = ids[str(ARCHIVE[2]["title"])]
    ask = (
        'eval "$(aggregator completion bash)"; compopt() { :; }; '
        'try() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _aggregator_completion aggregator; printf "%s\\n" "${COMPREPLY[@]}"; }; '
    )
    done = shell(f"{ask} try aggregator story show s; echo; try aggregator story show {storm[:8]}")
    assert done.stderr == ""
    several, _, one = done.stdout.partition("\n\n")
    assert set(several.splitlines()) == {f"{identity}  ({title})" for title, identity in ids.items()}
    assert one.strip() == storm
