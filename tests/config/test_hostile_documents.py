"""feeds.yaml and settings that are broken, or written to break what reads them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from aggregator.config.documents import load
from aggregator.config.feeds_file import add_feeds, read_feeds
from aggregator.exceptions import ConfigurationError
from aggregator.model import Feed

NAMES = "abcdefgh"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]\n" for below, name in pairwise(NAMES)
)


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "feeds.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ConfigurationError) as caught:
        read_feeds(path, {"LINES": "a\r\nX-More: b"})
    return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]


def feed(lines: str) -> str:
    return f"feeds:\n  - url: https://a.example/\n    {lines}\n"


@pytest.mark.parametrize(
    "tail",
    [feed("authority: *h"), feed("headers: {X: *h}"), "feeds: *h\nfeeds: *h\n", "feeds: [{url: *h}]\n", "*h : 1\n"],
)
def test_aliases_that_unfold_to_millions_are_refused_before_anybody_reads_them(tmp_path: Path, tail: str) -> None:
    assert faults(tmp_path, LAUGHS + tail) == ["1: not YAML: aliases unfold it to many times its length"]


def test_aliases_that_save_writing_are_welcome(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    lines = "".join(f"  - {{url: 'https://a.example/{number}', <<: *wire}}\n" for number in range(300))
    path.write_text(f"defaults: &wire {{category: wire, authority: 70}}\nfeeds:\n{lines}", encoding="utf-8")
    assert {(feed.category, feed.authority) for feed in read_feeds(path, {})} == {("wire", 70)}


def test_a_document_that_holds_itself(tmp_path: Path) -> None:
    assert faults(tmp_path, "feeds: &a [*a]\n") == ["1: not YAML: aliases unfold it to many times its length"]


@pytest.mark.parametrize(
    "text", ["feeds: " + "[" * 3_000, "feeds: " + "{a: " * 3_000, "feeds: " + "[" * 3_000 + "]" * 3_000]
)
def test_brackets_without_end_cost_no_time(tmp_path: Path, text: str) -> None:
    [problem] = faults(tmp_path, text)
    assert "brackets are open at once" in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("feeds:\n  - url: https://a.example/\x07\n", "2: not YAML: the character U+0007 has no place in it"),
        ("feeds: []\nfeeds: []\n", '2: found duplicate key "feeds"'),
        ("feeds: []\n---\nfeeds: []\n", "2: not YAML"),
        ("feeds: !!python/name:os.system\n", "1: 'feeds' is a list, not a tagged value"),
        ("feeds:\n  - url:\n", "2: 'url' is empty"),
        ("feeds:\r\n  - url: https://a.example/\r\n    nam: x\r\n", "3: unknown key 'nam'; did you mean 'name'?"),
        (feed("proxy: gopher://p.example"), "3: 'proxy': the address of a proxy begins with http:// or https://"),
        (feed("interval: 500d"), "3: 'interval': '500d' is more than a year"),
        (feed("interval: 15"), "3: 'interval': a duration such as 15m or 2h is wanted, not 15"),
        (feed("auth: {user: a, pasword: b}"), "3: unknown key 'pasword'; did you mean 'password'?"),
        (feed("name: 2026-01-01"), "3: 'name': a text is wanted, not 2026-01-01"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_lines(tmp_path: Path, text: str, told: str) -> None:
    [problem] = faults(tmp_path, text)
    assert problem.startswith(told)


def test_each_header_has_its_own_fault_and_line(tmp_path: Path) -> None:
    headers = 'headers:\n      X-A: "a\\r\\nX-B: b"\n      X-C: {env: LINES}\n      bad name: x\n      X-D: {evn: A}\n      X-E: fine'
    told = faults(tmp_path, feed(headers))
    assert [problem.partition(": 'headers': ")[::2] for problem in told] == [
        ("4", "holds line ends or other control characters"),
        ("5", "holds line ends or other control characters"),
        ("6", "'bad name' is no name of a header"),
        ("7", "a secret is a text, {env: NAME} or {file: PATH}"),
    ]


def test_a_duplicate_key_shows_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(feed("auth: {user: a, password: hunter2, password: hunter3}"), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert "hunter" not in str(caught.value)
    assert "hunter" not in repr(caught.value.__cause__)


def test_addresses_that_ask_for_one_thing_are_duplicates(tmp_path: Path) -> None:
    same = ("https://a.example", "HTTPS://A.example:443/", "https://a.example/#news")
    told = faults(
        tmp_path,
        "feeds:\n" + "".join(f"  - url: {url}\n" for url in (*same, "http://a.example/", "https://a.example/x")),
    )
    assert [problem.partition(":")[0] for problem in told] == ["3", "4"]
    assert all("it is already in line 2" in problem for problem in told)
    path = tmp_path / "other.yaml"
    assert add_feeds(path, [Feed(url) for url in same], {}) == 1
    assert add_feeds(path, [Feed("https://a.example:443/")], {}) == 0
