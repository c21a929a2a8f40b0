"""The feeds file edited by commands: comments stay, and nothing gets in that would make it unreadable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import call, newsroom
from tests.fetching.server import Server, answer, moved
from tests.harness import Item, rss

FILE = """\
# The desk's feeds. Ask Maria before you touch the agencies.
defaults: {interval: 15m}   # for all

feeds:
  # --- agencies
  - url: https://wire.example/rss   # needs a contract
    name: Wire
    publisher: "Wire"
    agency: true
    headers: {X-Key: {env: WIRE_KEY}}  # never in clear
  # --- papers
  - url: https://ledger.example/rss
    name: Ledger   # the morning paper
    category: world
    language: de
"""
ADDED = """\
  - url: https://times.example/feed.xml
    name: Times
    publisher: The Times Group
    category: world
    language: en
    authority: 80
    agency: true
"""
ALLOWED = ("--set", "fetch.allow_private_networks=true", "--set", "run.executor=threads")


@pytest.fixture
def feeds_file(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WIRE_KEY", "secret-of-wire")
    path = Path("feeds.yaml")
    path.write_text(FILE, encoding="utf-8")
    return path


def listed() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = call("feeds", "list", "--json").ok().json()
    return rows


def test_add_appends_and_touches_nothing_else(feeds_file: Path) -> None:
    call(
        "feeds", "add", "https://times.example/feed.xml", "--name", "Times", "--publisher", "The Times Group", "--category",
        "world", "--language", "en", "--authority", "80", "--agency", "--no-check",
    ).ok()  # fmt: skip
    assert feeds_file.read_text(encoding="utf-8") == FILE + ADDED
    assert [row["name"] for row in listed()] == ["Wire", "Ledger", "Times"]
    again = call("feeds", "add", "https://times.example/feed.xml", "--no-check").ok()
    assert "already" in again.err
    assert feeds_file.read_text(encoding="utf-8") == FILE + ADDED


def test_pause_and_resume_are_each_others_undoing(feeds_file: Path) -> None:
    call("feeds", "pause", "ledger").ok()
    assert feeds_file.read_text(encoding="utf-8") == FILE + "    paused: true\n"
    assert [row["paused"] for row in listed()] == [False, True]
    call("feeds", "pause", "Ledger").ok()
    call("feeds", "resume", "https://ledger.example/rss").ok()
    assert feeds_file.read_text(encoding="utf-8") == FILE


def test_remove_keeps_the_other_feeds_comments(feeds_file: Path) -> None:
    call("feeds", "remove", "Ledger").ok()
    text = feeds_file.read_text(encoding="utf-8")
    assert [row["name"] for row in listed()] == ["Wire"]
    for comment in ("# The desk's feeds.", "# for all", "# --- agencies", "# needs a contract", "# never in clear"):
        assert comment in text


def test_remove_of_the_last_feed_leaves_a_readable_file(feeds_file: Path) -> None:
    for name in ("Wire", "Ledger"):
        call("feeds", "remove", name).ok()
    assert listed() == []
    call("feeds", "add", "https://times.example/feed.xml", "--no-check").ok()
    assert len(listed()) == 1
    assert "# The desk's feeds." in feeds_file.read_text(encoding="utf-8")


def test_remove_keeps_the_comment_above_the_next_feed(feeds_file: Path) -> None:
    call("feeds", "remove", "Wire").ok()
    assert "# --- papers" in feeds_file.read_text(encoding="utf-8")


def test_opml_out_and_in_again(feeds_file: Path) -> None:
    call("feeds", "export", "--output", "feeds.opml").ok()
    printed = call("feeds", "export").ok().out
    assert printed == Path("feeds.opml").read_text(encoding="utf-8")
    assert "secret-of-wire" not in printed
    call("--feeds", "second.yaml", "feeds", "import", "feeds.opml").ok()
    second = call("--feeds", "second.yaml", "feeds", "list", "--json").ok().json()
    kept = ("name", "url", "publisher", "category", "language", "authority", "agency")
    assert {tuple(row[key] for key in kept) for row in second} == {tuple(row[key] for key in kept) for row in listed()}
    again = call("--feeds", "second.yaml", "feeds", "import", "feeds.opml").ok()
    assert "0 feeds added" in again.err
    call("feeds", "import", "feeds.opml").ok()
    assert feeds_file.read_text(encoding="utf-8") == FILE


def test_an_opml_file_without_feeds_adds_none() -> None:
    Path("some.opml").write_text('<opml version="2.0"><head/><body/></opml>', encoding="utf-8")
    assert "0 feeds added" in call("feeds", "import", "some.opml").ok().err
    assert not Path("feeds.yaml").exists()


def test_an_opml_import_never_breaks_the_feeds_file() -> None:
    Path("some.opml").write_text(
        '<opml version="2.0"><body><outline text="Good" xmlUrl="https://good.example/rss"/>'
        '<outline text="Odd" xmlUrl="https://odd.example/rss" language="not a language"/>'
        '<outline text="Bad" xmlUrl="javascript:alert(1)"/><outline text="Empty"/>'
        '<outline text="Port" xmlUrl="https://port.example:0/rss"/></body></opml>',
        encoding="utf-8",
    )
    outcome = call("feeds", "import", "some.opml")
    assert outcome.code == 4
    assert "language" in outcome.err
    assert "javascript" in outcome.err
    urls = [row["url"] for row in listed()]
    assert urls[:2] == ["https://good.example/rss", "https://odd.example/rss"]
    call("config", "check").ok()


@pytest.mark.parametrize(
    "arguments",
    [
        ("https://",), ("https://a b.example/",), ("ftp://a.example/",), ("one two",), ("https://a.example:port/",),
        ("https://a.example/", "--language", "!!"), ("https://a.example/", "--publisher", " "),
        ("https://a.example/", "--name", "\t"),
    ],
)  # fmt: skip
def test_add_refuses_what_the_file_could_not_hold(feeds_file: Path, arguments: tuple[str, ...]) -> None:
    outcome = call("feeds", "add", *arguments, "--no-check")
    assert outcome.code == 2
    assert "/tmp" not in outcome.err
    assert feeds_file.read_text(encoding="utf-8") == FILE


def test_add_asks_the_address_and_offers_the_feeds_of_a_page(server: Server) -> None:
    feed = server.on("/rss", answer(rss(Item("1", "One"))))
    head = '<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>'
    page = server.on("/", answer(head.encode(), kind="text/html"))
    refused = call(*ALLOWED, "feeds", "add", page)
    assert refused.code == 2
    assert feed in refused.err
    assert not Path("feeds.yaml").exists()
    assert call(*ALLOWED, "feeds", "discover", page, "--json").ok().json() == [{"url": feed}]
    call(*ALLOWED, "feeds", "add", feed, "--name", "Local").ok()
    assert [row["url"] for row in listed()] == [feed]
    server.on("/text", answer(b"No news today.", kind="text/plain"))
    for path in ("/nothing", "/text"):
        for allowed in (ALLOWED, ()):
            nothing = call(*allowed, "feeds", "add", server.url(path))
            assert nothing.code == 2
            assert "--no-check" in nothing.err
            assert nothing.err.count(server.url(path)) == 1


def test_an_ambiguous_feed_is_not_guessed(feeds_file: Path) -> None:
    outcome = call("feeds", "remove", "example/rss")
    assert outcome.code == 2
    assert "Wire" in outcome.err
    assert "Ledger" in outcome.err
    assert feeds_file.read_text(encoding="utf-8") == FILE


def test_feeds_of_one_name_are_told_apart_by_their_addresses_or_publishers(feeds_file: Path) -> None:
    feeds_file.write_text(
        "feeds:\n  - {url: https://a.example/rss, name: News, publisher: Courier}\n"
        "  - {url: https://b.example/rss, name: News, publisher: Mirror}\n",
        encoding="utf-8",
    )
    outcome = call("feeds", "pause", "News")
    assert outcome.code == 2
    assert "'News' fits 2 feeds: https://a.example/rss, https://b.example/rss" in outcome.err
    call("feeds", "pause", "mirror").ok()
    assert [row["paused"] for row in listed()] == [False, True]


def test_health_of_feeds_never_asked(feeds_file: Path) -> None:
    assert feeds_file.exists()
    assert call("feeds", "health").code == 3  # no database yet
    call("import", "/dev/null").ok()
    call("feeds", "pause", "Ledger").ok()
    rows = call("feeds", "health", "--json").ok().json()
    assert {row["feed"]: row["state"] for row in rows} == {"Wire": "new", "Ledger": "paused"}
    assert all(row["last_ok"] is None for row in rows)


@pytest.mark.parametrize("written", ["{env: PAPER}", "'{url}'"])
def test_the_secret_of_an_address_is_written_nowhere(
    server: Server, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    secret = "x7Kd93mZpQ4LwR2sTvB8nAkW"
    server.on("/new", answer(rss(Item("1", "Quay opens"), title="Paper")))
    url = server.on("/rss", moved(f"/new?reader={secret}", "301 Moved Permanently")) + f"?reader={secret}"
    monkeypatch.setenv("PAPER", url)
    Path("feeds.yaml").write_text(f"feeds:\n  - url: {written.replace('{url}', url)}\n", encoding="utf-8")
    said = [call(*ALLOWED, "fetch", "--all", now=f"2026-03-1{day}T07:00:00Z").ok() for day in range(9)]
    server.plays.clear()
    said += [
        call(*ALLOWED, "fetch", "--all", now="2026-03-20T07:00:00Z"),
        call("feeds", "list", "--json"), call("feeds", "health", "--json"), call("feeds", "export"), call("export"),
    ]  # fmt: skip
    assert "404" in said[9].out
    assert "1 address holds a secret" in said[12].err
    assert "1 address of a feed" in said[13].err
    assert not any(secret in outcome.out + outcome.err for outcome in said)
    for file in Path().glob("aggregator.db*"):
        assert secret.encode() not in file.read_bytes()


def test_a_feed_that_moved_is_followed_on_under_its_new_address(server: Server) -> None:
    new = server.on("/new", answer(rss(Item("1", "Quay opens"), title="Paper")))
    old = server.on("/rss", moved("/new", "301 Moved Permanently"))
    Path("feeds.yaml").write_text(f"feeds: [{old}]\n", encoding="utf-8")
    call(*ALLOWED, "fetch", now="2026-03-10T07:00:00Z").ok()
    [before] = call("export").ok().lines()
    Path("feeds.yaml").write_text(f"feeds: [{new}]\n", encoding="utf-8")
    [outcome] = call(*ALLOWED, "fetch", "--json", now="2026-03-10T07:05:00Z").ok().json()  # asked at once
    assert (outcome["url"], outcome["new"]) == (new, 0)
    [after] = call("export").ok().lines()
    assert (after["id"], after["feed"]) == (before["id"], new)


def test_a_feed_without_a_name_is_known_by_its_title(server: Server) -> None:
    url = server.on("/rss", answer(rss(Item("1", "Quay opens"), title="The Harbour Paper")))
    Path("feeds.yaml").write_text(f"feeds: [{url}]\n", encoding="utf-8")
    assert call("feeds", "pause", "harbour paper").code == 3  # nobody has asked it yet
    call(*ALLOWED, "fetch").ok()
    assert f'text="The Harbour Paper" title="The Harbour Paper" xmlUrl="{url}"' in call("feeds", "export").ok().out
    call("feeds", "pause", "harbour paper").ok()
    assert [row["paused"] for row in listed()] == [True]


def test_an_address_without_its_scheme_is_tried_as_https() -> None:
    call("feeds", "add", "a.example/rss", "--no-check").ok()
    [row] = call("feeds", "list", "--json").ok().json()
    assert row["url"] == "https://a.example/rss"


@pytest.mark.parametrize(
    ("name", "text"),
    [("list.txt", "https://a.example/rss\nb.example/rss\nnothing\n"), ("list.csv", "name,url\nA,https://a.example/rss\nB,b.example/rss\nC,\n")],
)  # fmt: skip
def test_lists_and_tables_are_taken_in(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")
    outcome = call("feeds", "import", name)
    assert outcome.code == 4
    assert "2 feeds added to feeds.yaml, 0 there already." in outcome.err
    assert f"{name}: left out: line " in outcome.err
    rows = call("feeds", "list", "--json").ok().json()
    assert [row["url"] for row in rows] == ["https://a.example/rss", "https://b.example/rss"]


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_that_of_no_feed(name: str) -> None:
    Path("feeds.yaml").write_text("feeds: ['https://a.example/rss']\n", encoding="utf-8")
    newsroom()
    for command in ("feeds remove", "feeds pause", "feeds resume", "fetch"):
        assert call(*command.split(), name).code == 3, command
    assert "paused" not in Path("feeds.yaml").read_text(encoding="utf-8")
