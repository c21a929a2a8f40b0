"""feeds.yaml: read with every fault named, secrets kept secret, edited with comments kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.config import documents
from aggregator.config.documents import save
from aggregator.config.feeds_file import add_feeds, pause_feed, read_feeds, remove_feed
from aggregator.config.open_secrets import open_secrets
from aggregator.exceptions import ConfigurationError, NotFoundError
from aggregator.model import Feed, Secret
from aggregator.text.masking import holds_secret, shown_address, without_secrets
from tests.examples import examples

GOOD = """\
# Our feeds.
defaults: {authority: 60, interval: 20m}
feeds:
  - url: https://a.example/rss   # the ministry
    name: Ministry
    publisher: Government
    category: defence
    language: EN
    agency: true
    headers: {X-Key: {env: MINISTRY_KEY}}
    auth: {user: desk, password: {file: secret.txt}}
  # a paper
  - url: https://b.example/rss
    authority: 80
    interval: 5m
    paused: true
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "feeds.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_feeds_are_read_with_defaults_and_secrets(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hunter2\n")
    first, second = read_feeds(write(tmp_path, GOOD), {"MINISTRY_KEY": "k3y"})
    assert (first.name, first.language, first.authority, first.interval) == (
        "Ministry",
        "en",
        60,
        timedelta(minutes=20),
    )
    assert first.headers == (("X-Key", Secret("k3y")),)
    assert first.password == Secret("hunter2")
    assert (second.authority, second.interval, second.paused) == (80, timedelta(minutes=5), True)
    assert "hunter2" not in repr(first)
    assert "k3y" not in str(first)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """\
feed: []
feeds:
  - url: https://a.example/rss
    categry: defence
    authority: 101
  - name: no address
  - url: https://a.example/rss
  - url: ftp://a.example/rss
  - just a text
  - url: https://c.example/rss
    agency: perhaps
    interval: 10s
    headers: {X-Key: {env: NOT_THERE}}
  - url: https://d.example/rss
    headers: {X-Key: {env: NOT_FILLED}}
""",
    )
    with pytest.raises(ConfigurationError) as caught:
        read_feeds(path, {"NOT_FILLED": ""})
    problems = "\n".join(caught.value.problems)
    for expected in (
        f"{path}:1: unknown key 'feed'; did you mean 'feeds'?",
        f"{path}:4: unknown key 'categry'; did you mean 'category'?",
        f"{path}:5: 'authority': a whole number from 0 to 100",
        f"{path}:6: a feed without 'url'",
        f"{path}:7: duplicate address https://a.example/rss: it is already in line 3",
        f"{path}:8: 'url':",
        f"{path}:9: 'url': 'just a text' is no http or https address",
        f"{path}:11: 'agency': true or false",
        f"{path}:12: 'interval':",
        f"{path}:13: 'headers': the environment has no NOT_THERE",
        f"{path}:15: 'headers': NOT_FILLED in the environment is empty",
    ):
        assert expected in problems
    assert len(caught.value.problems) == 11


@pytest.mark.parametrize(
    ("text", "line"),
    [("feeds:\n  - url: 'unclosed\n", ":"), ("a: b: c\n", ":1:"), ("\tfeeds: []\n", ":1:"), ("- a\n- b\n", ":1:")],
)
def test_what_is_not_our_yaml_is_named_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError, match=f"{path}{line}"):
        read_feeds(path, {})


@pytest.mark.parametrize("text", ["feeds: {}", 'feeds: ""', "feeds: false", "feeds: 0", "defaults: []", 'defaults: ""'])
def test_an_empty_value_of_another_kind_is_no_empty_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r":1: '(feeds' is a list|defaults' is a mapping)"):
        read_feeds(write(tmp_path, text), {})


@pytest.mark.parametrize("text", ["feeds:\n", "feeds: []\n", "defaults:\nfeeds:\n", "feeds: ~\n"])
def test_no_feeds_at_all_are_sound(tmp_path: Path, text: str) -> None:
    assert read_feeds(write(tmp_path, text), {}) == ()


def test_binary_and_missing_files_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    with pytest.raises(NotFoundError):
        read_feeds(path, {})
    path.write_bytes(b"\xff\xfe\x00feeds")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_feeds(path, {})


def test_editing_keeps_comments_and_order(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    path = write(tmp_path, GOOD)
    assert (
        add_feeds(path, [Feed("https://c.example/rss", name="C", authority=70), Feed("https://a.example/rss")], {}) == 1
    )
    pause_feed(path, "https://c.example/rss", paused=True, environ={})
    pause_feed(path, "https://b.example/rss", paused=False, environ={})
    remove_feed(path, "https://a.example/rss", {})
    text = path.read_text(encoding="utf-8")
    assert "# Our feeds." in text
    assert "# a paper" in text
    feeds = read_feeds(path, {})
    assert [(feed.url, feed.paused) for feed in feeds] == [
        ("https://b.example/rss", False),
        ("https://c.example/rss", True),
    ]


def test_adding_to_a_missing_file_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "feeds.yaml"
    assert add_feeds(path, [Feed("https://a.example/rss")], {}) == 1
    assert [feed.url for feed in read_feeds(path, {})] == ["https://a.example/rss"]


def test_adding_to_a_file_of_comments_keeps_them(tmp_path: Path) -> None:
    path = write(tmp_path, "# Our feeds.\n# - url: https://later.example/rss\n")
    assert add_feeds(path, [Feed("https://a.example/rss")], {}) == 1
    assert path.read_text(encoding="utf-8") == (
        "# Our feeds.\n# - url: https://later.example/rss\nfeeds:\n  - url: https://a.example/rss\n"
    )


def test_removing_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        remove_feed(write(tmp_path, "feeds: []\n"), "https://a.example/rss", {})


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A feeds file of one indentation, comments everywhere, and the addresses in it."""
    indent = draw(st.sampled_from(["", "  ", "    "]))
    comments = st.lists(st.sampled_from(["", f"{indent}# heading", "# margin", "  "]), max_size=2)
    lines, urls = ["# head", "feeds:"], []
    for number in range(draw(st.integers(1, 4))):
        url = f"https://{number}.example/rss"
        urls.append(url)
        lines += draw(comments)
        lines += draw(
            st.sampled_from(
                [
                    [f"{indent}- url: {url}  # said at the end", f"{indent}  category: world"],
                    [f"{indent}-", f"{indent}  name: N", f"{indent}  # inside", f"{indent}  url: {url}"],
                    [f"{indent}- {{url: '{url}', language: de}}"],
                    [
                        f"{indent}- name: |",
                        f"{indent}    - # no comment",
                        "",
                        f"{indent}    text",
                        f"{indent}  url: {url}",
                    ],
                    [f"{indent}- url: {url}", f"{indent}  headers:", f"{indent}    A: b"],
                ]
            )
        )
    lines += draw(comments)
    lines += draw(st.sampled_from([[], ["defaults: {authority: 60}"]]))
    return "\n".join(lines) + draw(st.sampled_from(["\n", ""])), urls


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files(), st.data())
def test_removing_takes_the_feed_and_no_comment_outside_it(
    tmp_path: Path, made: tuple[str, list[str]], data: st.DataObject
) -> None:
    text, urls = made
    path = write(tmp_path, text)
    before = {feed.url: feed for feed in read_feeds(path, {})}
    for url in data.draw(st.permutations(urls)):
        remove_feed(path, url, {})
        before.pop(url)
        assert {feed.url: feed for feed in read_feeds(path, {})} == before
    left = path.read_text(encoding="utf-8")
    for comment in ("# head\n", "# heading", "# margin"):
        assert left.count(comment) == text.count(comment)
    add_feeds(path, [Feed("https://new.example/rss")], {})
    assert [feed.url for feed in read_feeds(path, {})] == ["https://new.example/rss"]


def test_removing_from_a_list_in_flow_style_or_with_an_anchor(tmp_path: Path) -> None:
    path = write(tmp_path, "feeds: [{url: https://a.example/}, {url: https://b.example/}]  # short\n")
    remove_feed(path, "https://a.example/", {})
    assert [feed.url for feed in read_feeds(path, {})] == ["https://b.example/"]
    assert "# short" in path.read_text(encoding="utf-8")
    path = write(
        tmp_path,
        "feeds:\n  - url: https://a.example/\n    headers: &h {A: b}\n  - url: https://b.example/\n    headers: *h\n",
    )
    remove_feed(path, "https://a.example/", {})
    assert read_feeds(path, {})[0].headers == (("A", Secret("b")),)


def test_a_text_that_would_say_something_else_never_replaces_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "feeds: []\n")
    with pytest.raises(ConfigurationError, match="by hand"):
        save(path, {"feeds": [float("nan")]})  # nothing that was written down equals this one
    assert path.read_text(encoding="utf-8") == "feeds: []\n"


def test_an_address_may_be_a_secret_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "address.txt").write_text("https://b.example/for-anna/rss\n")
    path = write(tmp_path, "feeds:\n  - url: {env: PAPER}\n    name: Paper\n  - url: {file: address.txt}\n")
    environ = {"PAPER": "https://a.example/rss?reader=anna"}
    paper, other = read_feeds(path, environ)
    assert (paper.url, other.url) == ("https://a.example/rss?reader=anna", "https://b.example/for-anna/rss")
    assert [shown_address(feed) for feed in (paper, other)] == ["https://a.example/***", "https://b.example/***"]
    assert without_secrets("moved to https://cdn.example/for-anna/rss", other) == "moved to https://cdn.example/***"
    # found again by its address, wherever that stands
    assert add_feeds(path, [Feed(paper.url)], environ) == 0
    pause_feed(path, paper.url, paused=True, environ=environ)
    assert "url: {env: PAPER}" in path.read_text()
    assert read_feeds(path, environ)[0].paused
    remove_feed(path, paper.url, environ)
    assert "PAPER" not in path.read_text()


def test_a_secret_address_is_in_no_complaint(tmp_path: Path) -> None:
    path = write(
        tmp_path, "feeds:\n  - url: {env: PAPER}\n  - url: {env: AGAIN}\n  - url: {env: NONE}\n  - url: {env: BAD}\n"
    )
    environ = {"PAPER": "https://a.example/for-anna", "AGAIN": "https://a.example/for-anna", "BAD": "ftp://for-anna"}
    with pytest.raises(ConfigurationError) as caught:
        read_feeds(path, environ)
    assert "for-anna" not in str(caught.value)
    assert [line.partition(": ")[2] for line in caught.value.problems] == [
        "duplicate address https://a.example/***: it is already in line 2",
        "'url': the environment has no NONE",
        "'url': env BAD holds no http or https address",
    ]


def test_a_short_password_that_is_a_word_of_an_address_keeps_nothing_from_being_remembered() -> None:
    feed = Feed(
        "https://a.example/rss", user="desk", password=Secret("news"), headers=(("X-Key", Secret("x7Kd93mZpQ4L")),)
    )
    assert not holds_secret("https://news.example/rss", feed)
    assert holds_secret("https://a.example/x7Kd93mZpQ4L/rss", feed)
    assert "news" not in without_secrets("refused: news", feed)


def test_an_address_alone_is_a_feed(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "feeds:\n  - https://a.example/rss  # the wire\n  - b.example/rss\n  - {url: c.example/rss, name: C}\n",
    )
    assert [feed.url for feed in read_feeds(path, {})] == [f"https://{one}.example/rss" for one in "abc"]
    pause_feed(path, "https://b.example/rss", paused=True, environ={})
    remove_feed(path, "https://c.example/rss", {})
    assert [(feed.url, feed.paused) for feed in read_feeds(path, {})] == [
        ("https://a.example/rss", False),
        ("https://b.example/rss", True),
    ]
    assert "https://a.example/rss  # the wire" in path.read_text(encoding="utf-8")
    assert add_feeds(path, [Feed("https://a.example/rss")], {}) == 0
    pause_feed(path, "https://b.example/rss", paused=False, environ={})
    assert not any(feed.paused for feed in read_feeds(path, {}))


def test_faults_of_addresses_alone_name_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "feeds:\n- https://a.example/rss\n\n- nonsense\n- a.example/rss\n- 3\n")
    with pytest.raises(ConfigurationError) as caught:
        read_feeds(path, {})
    assert [problem.removeprefix(f"{path}:").partition(":")[0] for problem in caught.value.problems] == ["4", "5", "6"]


@pytest.fixture
def long_list(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.yaml"
    entries = "".join(f"- url: http://h{number}.example/feed\n  name: N{number}\n" for number in range(300))
    path.write_text("# ours\nfeeds:\n" + entries + "# the last\n", encoding="utf-8")
    return path


@pytest.fixture
def no_slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, text: str) -> object:
        raise AssertionError("a long list in its usual form was read by the slow reader")

    monkeypatch.setattr(documents, "_parsed", refuse)


@pytest.mark.usefixtures("no_slow_reader")
def test_a_long_list_is_added_to_and_taken_from_by_lines(long_list: Path) -> None:
    before = long_list.read_text(encoding="utf-8")
    assert (
        add_feeds(
            long_list, [Feed("http://new.example/a", name="New", category="home"), Feed("http://h3.example/feed")], {}
        )
        == 1
    )
    added = "- url: http://new.example/a\n  name: New\n  category: home\n"
    assert long_list.read_text(encoding="utf-8") == before + added
    remove_feed(long_list, "http://h7.example/feed", {})
    removed = "- url: http://h7.example/feed\n  name: N7\n"
    assert long_list.read_text(encoding="utf-8") == before.replace(removed, "") + added
    assert open_secrets(long_list) == []


def test_what_the_quick_reader_cannot_say_is_added_to_a_long_list_all_the_same(long_list: Path) -> None:
    odd = Feed("http://new.example/a", name="New: 'a' # b", category="yes")
    assert add_feeds(long_list, [odd], {}) == 1
    assert read_feeds(long_list, {})[-1] == odd
    assert long_list.read_text(encoding="utf-8").startswith("# ours\nfeeds:\n")


@pytest.mark.usefixtures("no_slow_reader")
def test_a_feed_of_a_long_list_is_paused_and_taken_up_again_by_its_line(long_list: Path) -> None:
    before = long_list.read_text(encoding="utf-8")
    for number in (0, 7, 299):
        pause_feed(long_list, f"http://h{number}.example/feed", paused=True, environ={})
        paused = before.replace(f"  name: N{number}\n", f"  name: N{number}\n  paused: true\n")
        assert long_list.read_text(encoding="utf-8") == paused
        assert [feed.name for feed in read_feeds(long_list, {}) if feed.paused] == [f"N{number}"]
        pause_feed(long_list, f"http://h{number}.example/feed", paused=True, environ={})
        assert long_list.read_text(encoding="utf-8") == paused
        pause_feed(long_list, f"http://h{number}.example/feed", paused=False, environ={})
        assert long_list.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("item", "paused"),
    [
        ("- url: http://x.example/f\n  paused: false\n  name: X\n", True),
        pytest.param("- url: http://x.example/f # the\n  # own\n  name: X\n", True, marks=pytest.mark.costly),
        pytest.param("- paused: true\n  url: http://x.example/f\n", False, marks=pytest.mark.costly),
        ("- http://x.example/f\n", True),
    ],
)
def test_a_feed_of_a_long_list_in_any_form_is_paused(long_list: Path, item: str, paused: bool) -> None:
    before = long_list.read_text(encoding="utf-8")
    for text in (before + item, before.replace("feeds:\n", f"feeds:\n{item}")):
        long_list.write_text(text, encoding="utf-8")
        pause_feed(long_list, "http://x.example/f", paused=paused, environ={})
        feeds = {feed.url: feed for feed in read_feeds(long_list, {})}
        assert feeds.pop("http://x.example/f").paused == paused
        assert not any(feed.paused for feed in feeds.values())
        assert len(feeds) == 300
