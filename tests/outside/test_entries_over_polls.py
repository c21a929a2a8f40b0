"""Entries, from the bytes a server sends to what the commands and the database show."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.fetching.server import Server, answer, moved
from tests.harness import Item, rss
from tests.outside.newsroom import DAY, HOUR, START, Newsroom

LONG = "The harbour of Esbjerg stayed closed on Tuesday and the ferries to Harwich waited for the evening sailing. "


def serve(server: Server, *items: Item, title: str = "A feed") -> str:
    return server.on("/feed", answer(rss(*items, title=title)))


def counts(row: dict[str, object]) -> tuple[object, object, object]:
    return row["new"], row["updated"], row["known"]


@pytest.mark.parametrize(
    ("kind", "head", "encoding"),
    [
        ("text/html", "utf-8", "utf-8"),
        ("text/plain; charset=us-ascii", "utf-8", "utf-8"),
        ("", "utf-8", "utf-8"),
        (";;;", "utf-8", "utf-8"),
        ("application/rss+xml; charset=iso-8859-1", "iso-8859-1", "windows-1252"),
        ("application/rss+xml; charset=iso-8859-1", "iso-8859-1", "utf-8"),
        ("application/rss+xml", "no-such-charset", "utf-8"),
        ("application/rss+xml", "utf-16", "utf-16"),
        ("application/rss+xml; charset=windows-1252", "utf-8", "windows-1252"),
    ],
)
def test_a_feed_is_read_whatever_its_media_type_and_charset(
    newsroom: Newsroom, server: Server, kind: str, head: str, encoding: str
) -> None:
    title = "Café in Kraków’s" if encoding != "windows-1252" else "Café – “Œuvre”"
    text = f"<?xml version='1.0' encoding='{head}'?>" + rss(Item("1", title)).decode().partition("?>")[2]
    newsroom.follow(server.on("/feed", answer(text.encode(encoding), kind=kind)))
    assert newsroom.poll()["new"] == 1
    assert newsroom.entries()[0]["title"] == title


def test_invalid_bytes_and_ill_formed_xml_cost_no_entry(newsroom: Newsroom, server: Server) -> None:
    body = rss(Item("1", "One"), Item("2", "Two & more"), Item("3", "Three")).replace(b"&amp;", b"&")
    body = body.replace(b"Three", b"Thr\xff\xfee").replace(b"<title>One", b"<title>One &nbsp;\x0b")
    newsroom.follow(server.on("/feed", answer(body.removesuffix(b"</channel></rss>"))))
    row = newsroom.poll()
    assert (row["status"], row["new"]) == ("ok", 3)
    assert "ill-formed" in row["explanation"]
    assert "Two & more" in {one["title"] for one in newsroom.entries()}


def test_a_json_feed_is_read_and_unusable_entries_skipped(newsroom: Newsroom, server: Server) -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1", "title": "Desk",
        "items": [
            {"id": "1", "title": "One", "url": "https://x.example/1", "content_text": "a < b"}, 7,
            {"id": 2, "content_html": "<p>Two</p>", "external_url": "https://y.example/2"},
        ],
    }  # fmt: skip
    newsroom.follow(server.on("/feed", answer(json.dumps(feed).encode(), kind="application/feed+json")))
    row = newsroom.poll()
    assert (row["status"], row["new"], row["skipped"]) == ("ok", 2, 1)


SPELLINGS = ("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.0.0.1", "0")


def test_no_spelling_of_this_machine_is_asked(
    newsroom: Newsroom, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a path each: several of the spellings are one address, and one address twice is refused before any is asked
    urls = [f"http://{host}:{server.port}/{number}" for number, host in enumerate(SPELLINGS)]
    for number in range(len(urls)):
        server.on(f"/{number}", answer(rss(Item("1", "One"))))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.port}")
    del newsroom.settings["fetch.allow_private_networks"]
    newsroom.follow(*urls, "http://169.254.169.254/latest/meta-data/", "http://[fd00::1]/")
    rows = newsroom.pass_over()
    assert len(rows) == len(urls) + 2
    assert {row["status"] for row in rows} == {"error"}
    assert all("allow_private_networks" in row["error"] for row in rows)
    assert server.asked == []


def test_only_the_named_address_and_port_and_not_what_it_redirects_to(newsroom: Newsroom, server: Server) -> None:
    with Server() as inside:
        newsroom.settings["fetch.allow_private_networks"] = f"127.0.0.1:{server.port}"
        inside.on("/feed", answer(rss(Item("1", "One"))))
        server.on("/away", moved(inside.url("/feed")))
        newsroom.follow(serve(server, Item("1", "One")), server.url("/away"))
        rows = {row["url"]: row["status"] for row in newsroom.pass_over()}
        assert rows == {server.url("/feed"): "ok", server.url("/away"): "error"}
        assert inside.asked == []


def test_secrets_show_nowhere_and_go_to_no_other_origin(newsroom: Newsroom, server: Server) -> None:
    with Server(host="127.0.0.2") as other:
        server.on("/feed", moved(other.url("/feed")))
        other.on("/feed", answer(b"", status="403 Forbidden"))
        address = server.url("/feed").replace("//", "//desk:hunter22@") + "?api_key=sesame99"
        newsroom.follow({"url": address, "headers": {"X-Key": {"env": "DESK_KEY"}}})
        import os

        os.environ["DESK_KEY"] = "openbarley77"
        try:
            said = [newsroom.run(*words) for words in (("fetch", "--json"), ("fetch", "--all"), ("feeds", "health"),
                    ("feeds", "list", "--json"), ("export",), ("status",), ("digest",), ("-v", "fetch", "--all"))]  # fmt: skip
        finally:
            del os.environ["DESK_KEY"]
    sent = str([one.raw for one in other.asked])
    assert "openbarley77" in str([one.raw for one in server.asked])
    stored = newsroom.database.read_bytes()
    for secret in ("hunter22", "sesame99", "openbarley77"):
        assert secret not in sent
        assert secret.encode() not in stored
        assert not [one for one in said if secret in one.out + one.err], secret


def test_entity_bombs_expand_to_little_and_long_values_are_cut(newsroom: Newsroom, server: Server) -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(12))
    doctype = f'<!DOCTYPE rss [{bomb}<!ENTITY x SYSTEM "{server.url("/secret")}">]>'
    body = rss(Item("1", "EN TITY"), Item("2", "T" * 5_000, "s" * 100_000, link="https://x.example/" + "l" * 5_000))
    text = body.decode().replace("EN TITY", "&e11;&x;").replace("?>", "?>" + doctype, 1)
    newsroom.follow(server.on("/feed", answer(text.encode())))
    row = newsroom.poll()
    assert (row["status"], row["new"]) == ("ok", 2)
    assert server.paths() == ["/feed"]
    rows = newsroom.rows("SELECT length(title), length(summary), length(url) FROM entry ORDER BY key")
    assert rows[0][0] < 1_000
    assert rows[1][0] == 1_000
    assert rows[1][1] <= 20_000
    assert (rows[1][2] or 0) <= 2_048
    many = rss(*(Item(f"m{n}", f"Number {n}", published=START - n * timedelta(minutes=1)) for n in range(210)))
    newsroom.settings |= {"stories.enabled": "false", "parse.max_entries": "200"}
    server.on("/feed", answer(many))
    row = newsroom.poll("--all", at=DAY)
    assert (row["new"], row["skipped"]) == (200, 10)
    assert newsroom.rows("SELECT count(*) FROM entry WHERE key = 'm209'") == [(0,)]


def test_markup_escapes_nul_and_surrogates(newsroom: Newsroom, server: Server) -> None:
    hostile = "\x1b[31mRed\u202e \x00<script>alert(1)</script>\ud800 =cmd()"
    feed = {
        "version": "https://jsonfeed.org/version/1", "title": hostile,
        "items": [{"id": "1\x00", "title": hostile, "url": "javascript:alert(1)", "content_html":
            "<p onclick='x()'>Text<!--><img src=x onerror=alert(1)>--><a href='javascript:x'>y</a></p>" + hostile}],
    }  # fmt: skip
    newsroom.follow(server.on("/feed", answer(json.dumps(feed).encode(), kind="application/json")))
    assert newsroom.poll()["new"] == 1
    stored = str(newsroom.rows("SELECT * FROM entry")) + str(newsroom.rows("SELECT * FROM feed"))
    for bad in ("\\x00", "\\ud800", "\\x1b", "\u202e", "onclick", "onerror", "javascript:"):
        assert bad not in stored, bad
    assert "<script" not in str(newsroom.rows("SELECT summary, content FROM entry"))  # a title is text, not markup
    html = newsroom.run("digest", "--format", "html", at=HOUR).ok().out
    assert "Content-Security-Policy" in html
    assert "<script" not in html
    table = newsroom.run("stories", "--format", "csv", at=HOUR).ok().out
    assert "\x1b" not in table


def test_identity_is_the_guid_code_point_by_code_point_and_by_feed(newsroom: Newsroom, server: Server) -> None:
    same = [Item("ABC", "Upper"), Item("abc", "Lower"), Item(" x ", "Blanks")]
    newsroom.follow(serve(server, *same), server.on("/other", answer(rss(*same, Item("n", "More")))))
    assert sorted(row["new"] for row in newsroom.pass_over()) == [3, 4]
    serve(server, Item("ABC", "Upper"), Item("abc", "Lower"), Item("x", "Blanks"), Item("y", "Why"))
    row = newsroom.poll(server.url("/feed"), at=DAY)
    assert counts(row) == (1, 0, 3)
    assert len(newsroom.entries()) == 8


def test_without_guid_and_link_the_text_is_the_identity(newsroom: Newsroom, server: Server) -> None:
    def bare(*titles: str) -> bytes:
        return (
            "<rss version='2.0'><channel><title>F</title>"
            + "".join(
                f"<item><title>{title}</title><description>About {title}</description></item>" for title in titles
            )
            + "</channel></rss>"
        ).encode()

    newsroom.follow(server.on("/feed", answer(bare("One", "Two"))))
    assert counts(newsroom.poll()) == (2, 0, 0)
    server.on("/feed", answer(bare("Three", "One", "Two")))
    assert counts(newsroom.poll(at=DAY)) == (1, 0, 2)


def test_one_guid_for_several_stories(newsroom: Newsroom, server: Server) -> None:
    items = [
        Item("same", f"Story {word}", f"{word} " * 30, link=f"https://x.example/{word}") for word in ("a", "b", "c")
    ]
    newsroom.follow(serve(server, *items))
    row = newsroom.poll()
    assert row["new"] == 3
    assert "bad guids" in row["explanation"]
    serve(server, Item("same", "Story d", "d " * 30, link="https://x.example/d"), *items[:2])
    assert counts(newsroom.poll(at=DAY)) == (1, 0, 2)
    serve(server, Item("same", "Story e", "e " * 30, link="https://x.example/e"))
    assert counts(newsroom.poll(at=2 * DAY)) == (1, 0, 0)
    assert len(newsroom.entries()) == 5


@pytest.mark.parametrize("change", ["scheme", "guid", "both"])
def test_changed_guids_bring_nothing_new(newsroom: Newsroom, server: Server, change: str) -> None:
    def item(number: int, *, later: bool) -> Item:
        text = LONG + f"Number {number * 7919} of the day."
        guid, link = f"http://x.example/{number}", f"http://x.example/{number}"
        if later:
            guid = {"scheme": f"https://x.example/{number}", "guid": f"tag:{number}", "both": f"tag:{number}"}[change]
            link = f"https://new.example/p/{number}" if change == "both" else f"https://x.example/{number}"
        return Item(guid, f"Title {number}", text, link=link)

    newsroom.follow(serve(server, *(item(number, later=False) for number in range(5))))
    newsroom.poll()
    for day in (1, 2):
        serve(server, *(item(number, later=True) for number in range(5)), Item(f"fresh{day}", f"Fresh {day}", str(day)))
        row = newsroom.poll(at=day * DAY)
        assert row["new"] == 1, row
    assert len(newsroom.entries()) == 7


def test_edits_are_kept_and_cosmetics_are_none(newsroom: Newsroom, server: Server) -> None:
    link = "https://x.example/1?id=7"
    newsroom.follow(serve(server, Item("1", "One", LONG, link=link + "&utm_source=rss")))
    newsroom.poll()
    exported = newsroom.entries()[0]
    assert (exported["url"], exported["canonical_url"]) == (link + "&utm_source=rss", link)
    serve(server, Item("1", "One", LONG, published=START + HOUR, link=link + "&utm_source=feed&fbclid=1"))
    assert counts(newsroom.poll(at=DAY)) == (0, 0, 1)
    for day, text in ((2, LONG + "Three people were hurt."), (3, LONG), (4, LONG)):
        serve(server, Item("1", "One", text), title=f"Day {day}")
        expected = (0, 0, 1) if day == 4 else (0, 1, 0)
        assert counts(newsroom.poll(at=day * DAY)) == expected
    (entry,) = newsroom.entries()
    assert len(newsroom.run("entry", "revisions", entry["id"], "--json").ok().json()) == 2


def test_a_corrected_date_and_byline_are_taken_over_and_their_history_is_shown(
    newsroom: Newsroom, server: Server
) -> None:
    def body(date: str, author: str) -> bytes:
        return (
            "<rss version='2.0'><channel><title>F</title><item><guid>q-1</guid><title>Quay opens</title>"
            f"<pubDate>{date}</pubDate><author>{author}</author></item></channel></rss>"
        ).encode()

    newsroom.follow(server.on("/feed", answer(body("Mon, 10 Mar 2025 05:00:00 GMT", "desk"))))
    newsroom.poll()
    server.on("/feed", answer(body("Tue, 10 Mar 2026 05:00:00 GMT", "Eva Holm")))
    assert counts(newsroom.poll(at=DAY)) == (0, 0, 1)
    [exported] = newsroom.entries()
    shown = newsroom.run("entry", "show", exported["id"], "--json").ok().json()
    assert (shown["published"], shown["author"], shown["revisions"]) == ("2026-03-10T05:00:00Z", "Eva Holm", 0)
    told = {(one["field"], one["before"], one["after"]) for one in shown["amendments"]}
    assert told == {
        ("published", "2025-03-10T05:00:00Z", "2026-03-10T05:00:00Z"),
        ("author", "desk", "Eva Holm"),
    }
    assert "published was 2025-03-10" in newsroom.run("entry", "show", exported["id"]).ok().out


def test_one_bad_entry_and_odd_dates_cost_nothing(newsroom: Newsroom, server: Server) -> None:
    dates = ["Mon, 01 Jan 0001 00:00:00 GMT", "2999-01-01T00:00:00Z", "yesterday", "", "Tue, 10 Mar 2026 05:00:00 CEST"]
    items = "".join(
        f"<item><guid>{n}</guid><title>T{n}</title><pubDate>{date}</pubDate></item>" for n, date in enumerate(dates)
    )
    body = f"<rss version='2.0'><channel><title>F</title><item/>{items}<item><title></title></item></channel></rss>"
    newsroom.follow(server.on("/feed", answer(body.encode())))
    row = newsroom.poll()
    assert (row["status"], row["new"], row["skipped"]) == ("ok", 5, 2)
    found = {one["key"]: one["published"] for one in newsroom.entries()}
    assert found["0"] == "1990-01-01T00:00:00Z"
    assert found["1"] == "2026-03-10T07:00:00Z"
    assert found["4"] == "2026-03-10T03:00:00Z"
    texts = dict(newsroom.rows("SELECT key, published_text FROM entry"))
    assert texts["1"] == "2999-01-01T00:00:00Z"
    assert all(one["first_seen"] for one in newsroom.entries())


def test_what_leaves_stays_and_the_back_catalogue_is_not_news(newsroom: Newsroom, server: Server) -> None:
    old = [Item(f"old{n}", f"Old {n}", f"{LONG} {n}", published=START - (n + 2) * DAY) for n in range(80)]
    newsroom.follow(serve(server, Item("now", "Now", "Fresh text", published=START - HOUR), *old, title="First name"))
    assert newsroom.poll()["new"] == 81
    assert newsroom.rows("SELECT count(*) FROM entry WHERE backlog") == [(80,)]
    serve(server, Item("next", "Next", "Another"), title="Second name")
    newsroom.poll(at=DAY)
    assert len(newsroom.entries()) == 82
    assert newsroom.health(DAY)[0]["feed"] == "Second name"
    newsroom.follow({"url": server.url("/feed"), "name": "Desk's own"})
    newsroom.pass_over(at=DAY)
    assert newsroom.health(DAY)[0]["feed"] == "Desk's own"


def test_one_text_under_three_addresses_is_one_report(newsroom: Newsroom, server: Server) -> None:
    items = [Item(str(n), "Port closed", LONG * 3, link=f"https://x.example/{n}") for n in range(3)]
    newsroom.follow(serve(server, *items))
    assert newsroom.poll()["new"] == 3
    rows = newsroom.entries()
    assert len(rows) == 3
    assert len({row["report_id"] for row in rows}) == 1
