"""Stories as a feed, held to the rules of RFC 4287 and JSON Feed 1.1; the digest's own feeds as well."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.digest.render import render
from aggregator.digest.story import Before, line
from aggregator.digest.subscription import SubscribedStory, Subscription, render_subscription
from aggregator.digest.values import EditionStory, Material, Window
from aggregator.model import Flag
from tests.digest.desk import UNTIL, WINDOW, entry, story, summit
from tests.digest.feed_rules import ATOM, ATOM_RULES, JSON_RULES, atom_faults, json_faults
from tests.digest.golden import HOSTILE, golden_edition

NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def told(*names: str) -> tuple[SubscribedStory, ...]:
    lines = [line(Material(summit(), ("The force would number 26,000.",)), WINDOW, Before(None))]
    lines += [
        line(Material(story(name, (entry(f"e{name}", "Aurora", title=HOSTILE, link=link),))), WINDOW, Before(None))
        for name, link in zip(names, ("javascript:alert(1)", None, ""), strict=False)
    ]
    return tuple(SubscribedStory(one, UNTIL) for one in lines)


def feed(*names: str, base: str = "", page: bool = False, query: str = "") -> Subscription:
    return Subscription("Morning digest: stories", "Europe/Warsaw", told(*names), NEVER, base, page, query)


FEEDS = {
    "empty": Subscription("Empty", "UTC", (), NEVER),
    "relative": feed("s1", "s2", "s3"),
    "folder": feed("s1", "s2", "s3", base="https://desk.example/news"),
    "page": feed("s1", "s2", base="https://desk.example/", page=True, query="match=a%20%26b"),
    "hostile base": feed("s1", base="javascript:alert(1)"),
    "hostile title": replace(feed("s1"), title=HOSTILE),
}


@pytest.mark.parametrize("name", FEEDS)
def test_atom_keeps_the_rules(name: str) -> None:
    assert atom_faults(render_subscription(FEEDS[name], "atom")) == []


@pytest.mark.parametrize("name", FEEDS)
def test_json_feed_keeps_the_rules(name: str) -> None:
    assert json_faults(render_subscription(FEEDS[name], "json")) == []


def test_the_feeds_of_an_edition_keep_the_rules_but_that_they_do_not_know_where_they_stand() -> None:
    assert {fault.split(": ")[1] for fault in atom_faults(render(golden_edition(), "atom"))} == {
        "a feed says where it stands"
    }
    assert json_faults(render(golden_edition(), "jsonfeed")) == []


@given(
    st.builds(
        EditionStory,
        id=st.text("abcdefgh0123", min_size=3, max_size=8),
        title=st.text(),
        url=st.none() | st.text() | st.text().map(lambda text: f"https://aurora.example/{text}"),
        publisher=st.text(),
        agency=st.none() | st.text(),
        language=st.none() | st.sampled_from(["en", "pt-BR", "zh"]),
        category=st.none() | st.text(),
        first_seen=st.just(UNTIL),
        last_seen=st.just(UNTIL),
        entries=st.integers(1, 90),
        reports=st.integers(1, 90),
        publishers=st.integers(1, 90),
        independent=st.just(1),
        score=st.just(1.0),
        flags=st.lists(st.sampled_from(list(Flag)), unique=True).map(tuple),
        canonical_entry=st.just("e1"),
        quote=st.text(),
    )
)
def test_whatever_feeds_say_the_rules_are_kept(one: EditionStory) -> None:
    made = Subscription("Any", "UTC", (SubscribedStory(one, UNTIL),), NEVER, "https://desk.example/", page=True)
    assert atom_faults(render_subscription(made, "atom")) == []
    assert json_faults(render_subscription(made, "json")) == []


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("one id", "<id>", "<id>urn:uuid:2</id><id>"),
        ("rel=self", 'rel="self"', 'rel="via"'),
        ("one name", "<name>Aurora</name>", "<name> </name>"),
        ("RFC 3339", "T05:00:00Z", " 05:00"),
        ("has a term", 'term="defence"', 'term=""'),
        ("content is text, html", 'content type="html"', 'content type="rubbish"'),
        ("language tag", 'xml:lang="en"', 'xml:lang="e n"'),
        ("links have an address", "https://desk.example/news/stories.atom", "stories atom"),
        ("absolute IRI", "urn:uuid:", "uuid "),
        ("html does nothing", "&lt;p&gt;", "&lt;script&gt;"),
        ("has an author", "author>", "writer>"),
        ("as new as", "<updated>2026-03-10", "<updated>2026-03-12"),
    ],
)
def test_the_table_finds_what_breaks_a_rule(rule: str, old: str, new: str) -> None:
    text = render_subscription(FEEDS["folder"], "atom")
    assert old in text
    feed_part, entries = text.split("<entry", 1)
    # the newest entry is made newer than its feed; all else is changed everywhere
    changed = f"{feed_part}<entry{entries.replace(old, new)}" if rule == "as new as" else text.replace(old, new)
    assert any(rule in fault for fault in atom_faults(changed))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("version", {"version": "1.0"}),
        ("title and items", {"title": ""}),
        ("addresses are whole", {"feed_url": "stories.json"}),
        ("other keys", {"extra": 1}),
        ("left out", {"icon": None}),
    ],
)
def test_the_table_finds_what_breaks_a_rule_of_json_feed(rule: str, change: dict[str, object]) -> None:
    made = json.loads(render_subscription(FEEDS["folder"], "json")) | change
    faults = [fault for one in JSON_RULES if rule in one.says for fault in one.broken(made)]
    assert faults


def test_every_rule_says_where_it_is_written() -> None:
    assert all(rule.where.startswith("RFC 4287, ") for rule in ATOM_RULES)
    assert all(rule.where.startswith("JSON Feed 1.1, ") for rule in JSON_RULES)
    assert len(ATOM_RULES) + len(JSON_RULES) > 35


def test_a_feed_on_the_page_leads_to_the_page_and_to_the_publisher() -> None:
    shown = FEEDS["page"]
    item = json.loads(render_subscription(shown, "json"))["items"][0]
    assert item["url"] == "https://desk.example/story/s0summit"
    assert item["external_url"] == "https://continental-press.example/e1"
    links = fromstring(render_subscription(shown, "atom")).findall(f"{ATOM}entry")[0].findall(f"{ATOM}link")
    assert {link.get("rel"): link.get("href") for link in links} == {
        "alternate": "https://continental-press.example/e1",
        "related": "https://desk.example/story/s0summit",
    }


def test_the_window_of_a_feed_says_nothing_of_its_stories() -> None:
    later = Window(UNTIL, UNTIL.replace(day=20))
    before, after = (
        SubscribedStory(
            replace(line(Material(summit()), window, Before(None)), flags=(Flag.CORRECTED,), score=0.0), UNTIL
        )
        for window in (WINDOW, later)
    )
    assert before == after
