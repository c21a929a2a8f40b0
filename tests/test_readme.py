"""README.md and the other documents: whatever they tell a reader to type, to set or to open must be there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.cli.app import EPILOG
from aggregator.config.feeds_file import read_feeds
from aggregator.config.settings_files import keys
from tests.cli.calling import ARCHIVE, call, newsroom, story_ids, write_archive
from tests.documents import (
    DOCUMENTS,
    README,
    ROOT,
    Shown,
    anchors,
    calls,
    faults,
    fenced,
    headings,
    inline,
    known_options,
    links,
    options,
    settings,
)
from tests.harness import forget_the_users_settings

RUN = "pip install . && aggregator run"
TEST = "pip install -e '.[test]' && pytest"
SAMPLES: dict[str, str] = {
    "url": "https://wire.example/feed",
    "name": "Wire",
    "publisher": "Wire",
    "category": "defence",
    "language": "en",
    "authority": "80",
    "agency": "true",
    "speaks_for_others": "true",
    "interval": "5m",
    "headers": "{X-Key: {env: NATO_KEY}}",
    "auth": "{user: desk, password: {env: NATO_KEY}}",
    "proxy": "http://proxy.example:3128",
    "paused": "false",
    "verify_tls": "false",
    "host_backoff": "false",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forget_the_users_settings(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text(encoding="utf-8")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_the_two_commands_stand_there_to_be_copied(readme: str) -> None:
    blocks = [block.strip() for block in fenced(readme, "sh")]
    assert blocks[:2] == [RUN, TEST]


def test_ci_ends_with_the_test_command() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.strip()][-1] == TEST


def test_what_the_commands_install_is_declared(readme: str) -> None:
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in re.findall(r"\.\[(\w+)\]", readme):
        assert re.search(rf"^{extra} = \[", declared, re.MULTILINE), extra
    assert 'readme = "README.md"' in declared


def test_every_call_that_a_document_shows_is_one(document: Path) -> None:
    shown = calls(document.read_text(encoding="utf-8"))
    assert [fault for one in shown for fault in faults(one)] == []
    if document == README:
        assert len(shown) > 40  # fewer: the reading of the document broke, not the product


def test_every_option_named_by_itself_exists(document: Path) -> None:
    assert options(document.read_text(encoding="utf-8")) <= known_options()


def test_every_setting_that_is_named_exists(document: Path) -> None:
    named = settings(document.read_text(encoding="utf-8"))
    assert named <= set(keys())
    if document == README:
        assert len(named) > 8


def test_links_lead_to_files_of_the_repository(document: Path) -> None:
    for link in links(document.read_text(encoding="utf-8")):
        assert (document.parent / link).resolve().is_relative_to(ROOT.resolve()), link
        assert (document.parent / link).exists(), link


def test_links_into_a_document_lead_to_a_heading(document: Path) -> None:
    for name, anchor in anchors(document.read_text(encoding="utf-8")):
        target = document.parent / name if name else document
        assert anchor in headings(target.read_text(encoding="utf-8")), f"{name}#{anchor}"


def test_a_wrong_call_would_be_found() -> None:
    for wrong in ("fetsh", "fetch --al", "story pinn", "digest --format pdf", "search", "status extra", "story why"):
        assert faults(Shown(tuple(wrong.split()), True)), wrong
    assert faults(Shown(("search",), False)) == []


def test_blocks_are_not_wider_than_a_page(readme: str) -> None:
    assert [line for block in fenced(readme) for line in block.splitlines() if len(line) > 142] == []


def test_keys_of_feeds_yaml_are_those_that_are_read(readme: str, folder: Path) -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", readme, re.MULTILINE)
    named = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    assert named[0] == "url"
    assert set(named) == set(SAMPLES)
    path = folder / "feeds.yaml"
    path.write_text("feeds:\n  - " + "\n    ".join(f"{key}: {SAMPLES[key]}" for key in named), encoding="utf-8")
    [feed] = read_feeds(path, {"NATO_KEY": "k"})
    assert (feed.url, feed.name, feed.authority, feed.agency, feed.verify_tls) == (
        "https://wire.example/feed", "Wire", 80, True, False,
    )  # fmt: skip


def test_exit_codes_are_those_of_the_help(readme: str) -> None:
    table = re.findall(r"^\| (\d+) \| ", readme, re.MULTILINE)
    assert table == re.findall(r"(?:: |, )(\d+) ", EPILOG)


def test_keys_of_json_that_are_shown_exist(readme: str, folder: Path) -> None:
    [block] = [block for block in fenced(readme, "console") if "evaluate" in block and "--json" in block]
    shown = json.loads(block[block.index("{") :])
    scored = call("evaluate", write_archive(Path("labelled.jsonl"), *ARCHIVE), "--json").ok().json()
    assert list(shown) == list(scored)
    newsroom()
    story = story_ids()[ARCHIVE[0]["title"]]
    why = call("story", "why", story, "--json").ok().json()
    [sentence] = re.findall(r"With `--json` .*?\.\n", readme, re.DOTALL)
    named = set(re.findall(r"`(\w+)`", sentence)) - {"links"}
    assert named
    assert all(named <= set(link) for link in why["links"])


def test_forms_that_are_named_are_those_of_the_digest(readme: str) -> None:
    [sentence] = re.findall(r"Formats: (.*?)\. Sentences", readme, re.DOTALL)
    named = re.findall(r"`(\w+)`", sentence)
    for form in named:
        assert faults(Shown(("digest", "--format", form), True)) == []
    assert len(named) == 6


def test_first_quarter_of_an_hour_goes_as_written(readme: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the tour, one after another, and every line of output that is shown."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("AGGREGATOR_RUN_EXECUTOR", "threads")  # what workers make is the same, and they start slowly
    played = 0
    for command, shown in pasted(readme):
        if found := re.fullmatch(r"export (\w+)=(\S+)|unset (\w+)", command):
            if found[1]:
                monkeypatch.setenv(found[1], found[2])
            else:
                monkeypatch.delenv(found[3])
            continue
        if command == "aggregator fetch":  # what it says depends on the network
            continue
        program, *arguments = shlex.split(command)
        assert program == "aggregator"
        done = call(*arguments, now=None).ok()  # the clock is the one that the demo leaves beside its database
        said = {_one_spaced(line) for line in f"{done.out}\n{done.err}".splitlines()}
        # a path is this machine's own
        told = [line for line in shown if line != "…" and "file:/desk/" not in line]
        assert [line for line in told if _one_spaced(line) not in said] == [], command
        played += 1
    assert played > 20


def _one_spaced(line: str) -> str:
    return " ".join(line.split())


def pasted(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of the ``console`` blocks with the lines that are shown under it."""
    for block in fenced(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.rstrip("\n").split("\n")
            yield command, [line for line in lines if line.strip()]


def test_nothing_is_named_that_only_this_copy_has(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for foreign in (r"\.\./shared", r"/work/", r"/tmp/", r"/root/", r"/home/", r"\bTODO\b", r"\bFIXME\b"):
        assert not re.search(foreign, text), foreign


def test_words_are_the_products_own(readme: str) -> None:
    prose = re.sub(r"`[^`]*`", "", re.sub(r"^```.*?^```$", "", readme, flags=re.MULTILINE | re.DOTALL))
    assert not re.search(r"\b(?:articles?|posts?|items?)\b", prose, re.IGNORECASE)
    assert "`aggregator demo`" in {f"`{code}`" for code in inline(readme)}
