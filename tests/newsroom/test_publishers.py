"""Whom an entry counts for."""

from __future__ import annotations

import pytest

from aggregator.model import EntryData, Feed
from aggregator.newsroom.publishers import (
    families,
    has_form_of_search,
    is_aggregator,
    normal_name,
    publisher_of,
    publisher_of_feed,
)

FEEDS = (
    Feed("https://feeds.tidings.example/world.xml", publisher="The Tidings", name="Tidings World"),
    Feed("https://feeds.tidings.example/sport.xml", publisher="the tidings"),
    Feed("https://www.tidings.example/all.xml"),
    Feed("https://harbourpost.co.uk/rss"),
    Feed("https://wire.example.org/a", publisher="Wire One"),
    Feed("https://other.example.org/b", publisher="Other House"),
    Feed("https://news.google.com/rss/search?q=x", name="Google News: x"),
)
KNOWN = families(FEEDS)


def of(feed: Feed, title: str | None = None, url: str | None = None, link: str | None = None) -> str:
    """Return whom an entry of ``feed`` with this <source> counts for."""
    data = EntryData(key="k", title="Bridge opens - Tidings", source_title=title, source_url=url, link=link)
    return publisher_of(data, publisher_of_feed(feed), KNOWN, believed=is_aggregator(feed))


def test_feeds_of_one_house_are_one_publisher() -> None:
    assert {of(feed) for feed in FEEDS[:3]} == {"The Tidings"}


def test_nine_feeds_of_one_domain_are_one_publisher() -> None:
    feeds = [Feed(f"https://feeds{number}.post.com.au/{number}.xml") for number in range(9)]
    assert {publisher_of_feed(feed) for feed in feeds} == {"post.com.au"}


@pytest.mark.parametrize(
    ("url", "name", "publisher"),
    [
        ("https://feeds.bbci.co.uk/news/rss.xml", None, "bbci.co.uk"),
        ("http://feeds.feedburner.com/Alpha", None, "feeds.feedburner.com/Alpha"),
        ("http://feeds.feedburner.com/Alpha", "Alpha", "Alpha"),
        ("https://alpha.blogspot.com/feeds/posts/default", None, "alpha.blogspot.com"),
        ("https://medium.com/feed/@alpha", None, "medium.com/feed"),
        ("http://127.0.0.1:8000/feed", None, "127.0.0.1"),
    ],
)
def test_a_feed_without_a_publisher_counts_for_its_domain(url: str, name: str | None, publisher: str) -> None:
    assert publisher_of_feed(Feed(url, name=name)) == publisher


@pytest.mark.parametrize(
    ("title", "url", "publisher"),
    [
        ("The Tidings", "https://www.tidings.example", "The Tidings"),
        ("Tidings | World", "https://edition.tidings.example/", "The Tidings"),
        ("TIDINGS News", None, "The Tidings"),
        ("Harbour Post", "https://www.harbourpost.co.uk", "harbourpost.co.uk"),
        ("Valley Echo", "https://valleyecho.test.com", "Valley Echo"),
        ("Sport - Valley Echo", "https://valleyecho.com/sport", "Valley Echo"),
        ("Politics", "https://valleyecho.com/politics", "Politics"),
        ("All about it > Now", "https://valleyecho.com/sport", "valleyecho.com"),
        (None, "https://valleyecho.com", "valleyecho.com"),
        ("Two houses", "https://third.example.org", "Two houses"),
    ],
)
def test_an_aggregator_counts_for_the_outlet(title: str | None, url: str | None, publisher: str) -> None:
    assert of(FEEDS[6], title, url) == publisher


@pytest.mark.parametrize(
    ("title", "url"),
    [
        ("Tidings", None),
        ("The Tidings News", "https://mirror.net/x"),
        ("World", "https://feeds.tidings.example/world.xml"),
        (None, None),
        ("", ""),
        ("tidings", "https://tidings.co.uk/rss"),
    ],
)
def test_a_source_that_is_the_feed_itself_changes_nothing(title: str | None, url: str | None) -> None:
    assert of(FEEDS[0], title, url) == "The Tidings"


def test_a_feed_that_names_other_houses_stays_one_publisher() -> None:
    named = [of(FEEDS[3], f"House {number}", f"https://house{number}.com/rss") for number in range(5)]
    assert set(named) == {"harbourpost.co.uk"}
    assert of(FEEDS[3], "The Tidings", "https://www.tidings.example/") == "harbourpost.co.uk"
    assert of(FEEDS[3], "Reuters", None) == "harbourpost.co.uk"


@pytest.mark.parametrize(
    ("title", "url", "link", "publisher"),
    [
        ("The Tidings", "https://www.tidings.example/", "https://tidings.example/a", "The Tidings"),
        ("The Tidings", None, "https://news.tidings.example/a", "The Tidings"),
        ("Valley Echo", "https://valleyecho.com/rss", "https://www.valleyecho.com/a", "Valley Echo"),
        ("Valley Echo", None, "https://valleyecho.com/a", "Valley Echo"),
        ("The Tidings", "https://www.tidings.example/", "https://valleyecho.com/a", "harbourpost.co.uk"),
        ("The Tidings", "https://www.tidings.example/", "https://tidings.example.net/a", "harbourpost.co.uk"),
        ("Valley Echo", "https://valleyecho.com/rss", "https://tidings.example/a", "harbourpost.co.uk"),
        ("Valley Echo", "https://valleyecho.com/rss", "http://a[b@valleyecho.com/", "harbourpost.co.uk"),
    ],
)
def test_a_named_house_counts_where_the_entry_stands_on_its_site(
    title: str, url: str | None, link: str, publisher: str
) -> None:
    assert of(FEEDS[3], title, url, link) == publisher


@pytest.mark.parametrize(
    ("feed", "believed"),
    [
        (Feed("https://news.google.com/rss/search?q=ferry"), True),
        (Feed("https://www.google.co.uk/alerts/feeds/1/2"), True),
        (Feed("https://www.bing.com/news/search?q=ferry&format=rss"), True),
        (Feed("https://desk.example/found.xml", name="News search: ferry"), True),
        (Feed("https://desk.example/found.xml", publisher="Google News"), True),
        (Feed("https://wire.example/rss", agency=True), True),
        (Feed("https://wire.example/rss", agency=True, speaks_for_others=False), False),
        (Feed("https://planet.example/rss", speaks_for_others=True), True),
        (Feed("https://planet.example/rss", name="Search Engine Weekly"), False),
        (Feed("https://news.google.com.evil.example/rss"), False),
        (Feed("https://blog.example/rss?u=news.google.com/rss"), False),
    ],
)
def test_who_speaks_for_others(feed: Feed, *, believed: bool) -> None:
    assert is_aggregator(feed) is believed
    assert (feed.url in families([feed]).aggregators) is believed


def test_a_domain_that_two_houses_share_names_neither() -> None:
    assert KNOWN.of_domain("example.org") is None


def test_names_are_compared_in_a_normal_form() -> None:
    assert normal_name("The BBC News") == normal_name("bbc") == normal_name("BBC.com")
    assert normal_name("Süddeutsche Zeitung") == normal_name("SUDDEUTSCHE-ZEITUNG")
    assert normal_name("The News") == "news"


@pytest.mark.parametrize(
    ("title", "headlines", "search"),
    [
        ("Ferries - Google News", [("Boat sinks - Echo", "Echo"), ("Boat raised - The Post", "The Post")], True),
        ("Ferries - Google News", [("Boat sinks", "Echo"), ("Boat raised - The Post", "The Post")], False),
        ("Ferries - Google News", [("Boat sinks - Echo", "Echo"), ("Boat raised", "")], False),
        ("Ferries - Google News", [], False),
        ("A blog on ferries", [("Boat sinks - Echo", "Echo")], False),
        (None, [("Boat sinks - Echo", "Echo")], False),
    ],
)
def test_a_search_served_elsewhere_is_told_by_its_name_and_its_form_together(
    title: str | None, headlines: list[tuple[str, str]], *, search: bool
) -> None:
    entries = [EntryData("k", title=headline, source_title=house or None) for headline, house in headlines]
    assert has_form_of_search(title, entries) is search


def test_a_feed_that_feeds_yaml_lets_speak_for_nobody_is_known_apart_from_one_of_which_it_says_nothing() -> None:
    silent = families([Feed("https://one.example/rss", speaks_for_others=False), Feed("https://two.example/rss")])
    assert silent.not_aggregators == {"https://one.example/rss"}
