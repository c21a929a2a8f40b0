"""Identity, edits, dates and hints of entries, line by line of what the desk was promised."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregator.text.clean import document
from aggregator.text.urls import canonical_url
from tests.parsing.making import entry, read, rss


def test_identity_is_guid_then_link_then_text() -> None:
    feed = read(
        rss(
            entry(guid=" Ab ", title="1", link="https://a.example/1")
            + entry(guid="ab", title="2", link="https://a.example/1")
            + entry(title="3", link="https://a.example/3?utm_source=rss")
            + entry(title="4", pubDate="Mon, 23 Nov 2026 10:00:00 GMT")
            + entry(title="4", pubDate="Mon, 23 Nov 2026 11:00:00 GMT")
        )
    )
    keys = [each.key for each in feed.entries]
    assert keys[:3] == ["Ab", "ab", "https://a.example/3"]
    assert len(set(keys)) == 5
    assert not feed.bad_guids


def test_one_guid_for_several_stories_is_told_by_link() -> None:
    first, second = (
        entry(guid="g", title="One", link="https://a.example/1"),
        entry(guid="g", title="Two", link="https://a.example/2"),
    )
    feed = read(rss(first + second))
    assert feed.bad_guids
    assert [each.key for each in feed.entries] == ["g https://a.example/1", "g https://a.example/2"]
    later = read(rss(second), bad_guids=True)
    assert later.bad_guids
    assert later.entries[0].key == feed.entries[1].key
    assert not read(rss(second)).bad_guids


def test_an_entry_named_twice_is_one_whatever_the_order() -> None:
    old = entry(
        guid="g",
        title="Quay to close in May",
        link="https://a.example/1?utm_source=x",
        pubDate="Mon, 23 Nov 2026 10:00:00 GMT",
    )
    new = entry(
        guid="g", title="Quay to close in June", link="https://a.example/1", pubDate="Mon, 23 Nov 2026 11:00:00 GMT"
    )
    for body in (old + new, new + old):
        feed = read(rss(body))
        assert [each.title for each in feed.entries] == ["Quay to close in June"]
        assert len(feed.skips) == 1
        assert not feed.bad_guids


def test_one_guid_and_one_link_for_unlike_texts_lose_nothing() -> None:
    feed = read(
        rss(
            entry(guid="g", title="Harbour strike ends", link="https://a.example/")
            + entry(guid="g", title="Museum roof collapses", link="https://a.example/")
        )
    )
    assert len({each.key for each in feed.entries}) == 2


LISTING = "https://a.example/warnings"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # alike by their form, and nothing in common but a guid that is none
        (
            {"guid": "N/A", "title": "Flood warning for the Orne valley", "pubDate": "Mon, 23 Nov 2026 10:00:00 GMT"},
            {"guid": "N/A", "title": "Flood warning for the Ister valley", "pubDate": "Mon, 23 Nov 2026 11:00:00 GMT"},
        ),
        # bulletins
        (
            {"guid": "N/A", "title": "Newswatch", "link": LISTING, "pubDate": "Mon, 23 Nov 2026 10:00:00 GMT"},
            {"guid": "N/A", "title": "Newswatch", "link": LISTING, "pubDate": "Mon, 23 Nov 2026 11:00:00 GMT"},
        ),
        # a batch of one second
        (
            {"guid": "N/A", "title": "Gale warning", "link": LISTING, "pubDate": "Mon, 23 Nov 2026 10:00:05 GMT"},
            {"guid": "N/A", "title": "Rain warning", "link": LISTING, "pubDate": "Mon, 23 Nov 2026 10:00:05 GMT"},
        ),
        ({"title": "Gale warning", "link": LISTING}, {"title": "Gale warning for the coast", "link": LISTING}),
        ({"title": "Gale warning", "link": f"{LISTING}#1"}, {"title": "Gale warning", "link": f"{LISTING}#2"}),
        (
            {"guid": "g-12", "title": "Gale warning", "link": f"{LISTING}#1"},
            {"guid": "g-12", "title": "Gale warning", "link": f"{LISTING}#2"},
        ),
    ],
)
def test_one_shared_trait_makes_no_double_of_an_entry(one: dict[str, str], other: dict[str, str]) -> None:
    feed = read(rss(entry(**one) + entry(**other)))
    assert len({each.key for each in feed.entries}) == 2
    assert feed.skips == ()


@pytest.mark.parametrize(
    "title", ["Cranes fall, two hurt", "Cranes fall: watch", "Crane falls in gale; cranes checked"]
)
def test_versions_of_one_article_in_a_document_are_one_entry(title: str) -> None:
    text = "Two cranes fell at the quay on Tuesday night while a gale crossed the coast."
    one = {"guid": "urn:e:4712", "link": "https://a.example/quay/cranes-fall-4712", "description": text}
    first, second = ("Mon, 23 Nov 2026 10:00:00 GMT", "Mon, 23 Nov 2026 11:00:00 GMT")
    feed = read(rss(entry(**one, title="Cranes fall", pubDate=first) + entry(**one, title=title, pubDate=second)))
    assert [each.title for each in feed.entries] == [title]


def test_one_article_in_two_sections_is_one_entry_and_other_articles_stay_apart() -> None:
    def keys(other_link: str, date: str = "Mon, 23 Nov 2026 10:00:05 GMT") -> int:
        one = entry(guid="4712", title="Cranes fall", link="https://a.example/news/cranes-fall-4712", pubDate=date)
        other = entry(guid="4712", title="Cranes fall", link=other_link, pubDate=date)
        return len({each.key for each in read(rss(one + other)).entries})

    assert keys("https://a.example/ports/cranes-fall-4712") == 1
    assert keys("https://a.example/ports/crane-of-4713") == 2
    assert keys("https://b.example/ports/cranes-fall-4712") == 2
    assert keys("https://a.example/ports/cranes-fall-4712", "2026-11-23") == 2


def test_tracking_is_left_out_of_the_key_only() -> None:
    kept = read(rss(entry(title="A", link="https://a.example/x?utm_medium=rss&id=7#top"))).entries[0]
    assert kept.link == "https://a.example/x?utm_medium=rss&id=7#top"
    assert kept.key == canonical_url(kept.link) == "https://a.example/x?id=7"


def test_dates_tracking_markup_and_blanks_are_no_edit() -> None:
    def content_hash(**members: str) -> str:
        return document(read(rss(entry(guid="1", **members))).entries[0], "en").content_hash

    one = content_hash(
        title="A b",
        link="https://a.example/1",
        description="<p>Some <b>text</b> of it’s kind</p>",
        pubDate="Mon, 23 Nov 2026 10:00:00 GMT",
    )
    assert one == content_hash(
        title=" A  b", link="https://a.example/1?utm_source=x", description="<div>Some text\n of it's kind</div>"
    )
    assert one != content_hash(
        title="A b", link="https://a.example/1", description="<p>Some other text of its kind</p>"
    )


def test_one_bad_entry_never_costs_the_feed() -> None:
    feed = read(
        rss(entry(guid="1", title="A") + "<item/>" + entry(guid="2", title="B", pubDate="\ufffd99", link="http://[bad"))
    )
    assert [each.guid for each in feed.entries] == ["1", "2"]
    assert [(skip.position, "empty" in skip.reason) for skip in feed.skips] == [(2, True)]


@pytest.mark.parametrize(
    ("text", "time", "flag"),
    [
        ("Mon, 23 Nov 2026 10:00:00 GMT", "2026-11-23T10:00", "ok"),
        ("Mon, 23 Nov 2026 10:00:00 CEST", "2026-11-23T08:00", "zoneless"),
        ("Mon, 23 Nov 2026 10:00:00 JST", "2026-11-23T01:00", "zoneless"),
        ("Mon, 23 Nov 2026 10:00:00", "2026-11-23T10:00", "zoneless"),
        ("Mon, 01 Jan 0001 00:00:00 GMT", "1990-01-01T00:00", "clamped"),
        ("1789-07-14", "1990-01-01T00:00", "clamped"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "2026-11-24T13:00", "clamped"),
        ("2026-11-24T13:00:01Z", "2026-11-24T13:00", "clamped"),
        ("soon", None, "unreadable"),
        ("", None, "missing"),
    ],
)
def test_dates_are_clamped_flagged_and_kept(text: str, time: str | None, flag: str) -> None:
    kept = read(rss(entry(guid="1", pubDate=text))).entries[0]
    assert (kept.published.strftime("%Y-%m-%dT%H:%M") if kept.published else None) == time
    assert kept.date_flag == flag
    assert kept.published_text == (text or None)


def test_the_format_of_a_document_is_named() -> None:
    assert read('<rss version="0.92"><channel><item><title>A</title></item></channel></rss>').format == "rss092"
    assert read('{"version": "https://jsonfeed.org/version/1", "items": []}').format == "json1"


def test_hints_on_polling_are_read_outside_of_entries() -> None:
    head = """<ttl>99999</ttl><sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"> daily
    </sy:updatePeriod>
    <skipHours><hour>24</hour><hour>5</hour></skipHours><skipDays><day>Monday</day></skipDays>"""
    hints = read(rss(entry(title="A", description="<ttl>1</ttl>"), head)).hints
    assert hints.ttl == timedelta(minutes=99_999)
    assert hints.update_interval == timedelta(days=1)
    assert (hints.skip_hours, hints.skip_days) == (frozenset({0, 5}), frozenset({0}))


@pytest.mark.parametrize(
    "head",
    [
        "<ttl>0</ttl><ttl>-5</ttl>",
        "<ttl>soon</ttl>",
        "<updatePeriod>fortnightly</updatePeriod>",
        "<updatePeriod>hourly</updatePeriod><updateFrequency>0</updateFrequency>",
        "<updatePeriod>  </updatePeriod>",
        "<updatePeriod></updatePeriod><updateFrequency>1</updateFrequency>",
        "<updatePeriod>now and then</updatePeriod><updateFrequency>1</updateFrequency>",
        "<updatePeriod>hourly or so</updatePeriod>",
        "<updatePeriod>weekly</updatePeriod><updateFrequency>-1</updateFrequency>",
        "<updatePeriod>weekly</updatePeriod><updateFrequency>often</updateFrequency>",
    ],
)
def test_senseless_hints_are_none(head: str) -> None:
    hints = read(rss(entry(title="A"), head)).hints
    assert hints.ttl is None
    assert hints.update_interval is None


@pytest.mark.parametrize(
    ("head", "interval"),
    [
        ("<updateFrequency>2</updateFrequency>", timedelta(hours=12)),
        ("<updatePeriod>\n hourly\t</updatePeriod><updateFrequency>\n 1 </updateFrequency>", timedelta(hours=1)),
        ("<updatePeriod><![CDATA[hourly]]></updatePeriod><updateFrequency>1</updateFrequency>", timedelta(hours=1)),
    ],
)
def test_the_update_period_is_read_as_publishers_write_it(head: str, interval: timedelta) -> None:
    assert read(rss(entry(title="A"), head)).hints.update_interval == interval


def test_a_picture_inside_of_a_description_does_not_push_its_words_out() -> None:
    picture = f'<img src="data:image/png;base64,{"iVBORw0KGgo" * 5_000}" alt="The quay">'
    [one] = read(rss(entry(title="A", description=f"{picture}<p>The quay is shut.</p>"))).entries
    assert one.summary == '<img alt="The quay"><p>The quay is shut.</p>'
