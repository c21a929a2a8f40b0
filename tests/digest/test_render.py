from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from aggregator.digest.escape import harmless
from aggregator.digest.frozen import from_json, to_json
from aggregator.digest.labels import labels
from aggregator.digest.render import FORMATS, MEDIA_TYPES, SUFFIXES, render
from aggregator.digest.values import Edition, FeedNote, Material, WhatIsNew
from aggregator.digest.wording import Clock, Wording, columns, fold
from aggregator.exceptions import ConfigurationError, UsageError
from aggregator.settings import DigestSettings, Format
from tests.digest.desk import SINCE, edition, entry, story
from tests.digest.golden import golden_edition, path

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize("format", FORMATS)
def test_edition_renders_as_approved(format: Format) -> None:
    assert render(golden_edition(), format) == path(format).read_text(encoding="utf-8")


@pytest.mark.parametrize("format", FORMATS)
def test_stored_edition_renders_the_same_bytes(format: Format) -> None:
    made = golden_edition()
    assert render(from_json(to_json(made)), format) == render(made, format)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_new_is_said(format: Format) -> None:
    text = render(edition(), format)
    assert (
        "Nothing new" in text or json.loads(text).get("nothing_new") or json.loads(text)["_aggregator"]["nothing_new"]
    )


@pytest.mark.parametrize("format", FORMATS)
def test_no_control_or_bidirectional_character_gets_out(format: Format) -> None:
    text = render(golden_edition(), format)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in ("meta", "br") or self.open.pop() == tag


def _as_html(format: Format) -> list[str]:
    text = render(golden_edition(), format)
    if format == "md":
        return [MarkdownIt("gfm-like", {"linkify": False}).render(text)]
    if format == "atom":
        return [found.text or "" for found in ET.fromstring(text).iter(f"{ATOM}content")]
    if format == "jsonfeed":
        return [item["content_html"] for item in json.loads(text)["items"]]
    return [text]


@pytest.mark.parametrize("format", ["md", "html", "atom", "jsonfeed"])
def test_no_link_leads_anywhere_but_the_web_and_nothing_runs_or_loads(format: Format) -> None:
    seen = _Tags()
    for fragment in _as_html(format):
        seen.feed(fragment)
    addresses = [value or "" for name, value in seen.attributes if name == "href"]
    assert addresses
    assert all(address.startswith(("https://", "#")) for address in addresses)
    assert not seen.tags & {"script", "img", "iframe", "object", "form", "svg"}
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "src"]


def test_html_is_self_contained_and_loads_nothing() -> None:
    seen = _Tags()
    seen.feed(render(golden_edition(), "html"))
    assert not seen.open
    assert not seen.tags & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "src"]
    policy = [value for name, value in seen.attributes if name == "content" and value and "default-src" in value]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    identifiers = [value for name, value in seen.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))


def test_notice_leads_to_its_story_only_where_the_edition_shows_it() -> None:
    html = render(golden_edition(), "html")
    assert 'href="#s1"' in html
    killed = edition(Material(story("s7", (entry("e1", "A", correction="kill"),))))
    assert 'href="#s7"' not in render(killed, "html")
    assert "s7" in render(killed, "html")


@pytest.mark.parametrize("format", ["md", "html", "text", "atom", "jsonfeed"])
@pytest.mark.parametrize(
    ("kind", "title", "printed"),
    [
        ("correction", "Correction: Harbour fire", "Correction: Harbour fire"),
        ("correction", "CORRECTED-Harbour fire", "Correction: Harbour fire"),
        ("kill", "KILL: Harbour fire", "Killed: Harbour fire"),
        ("withdrawn", "[WITHDRAWN] Harbour fire", "Withdrawn: Harbour fire"),
        ("correction", "Correction", "Correction: Correction"),
        ("correction", "Corrections officer charged", "Correction: Corrections officer charged"),
    ],
)
def test_the_kind_of_a_notice_is_printed_once(kind: str, title: str, printed: str, format: Format) -> None:
    made = edition(Material(story("s1", (entry("e1", "Aurora", title=title, correction=kind, link=None),))))
    plain = re.sub(r"<[^>]+>|\*\*", "", render(made, format)).replace("\\-", "-")
    assert re.search(rf"(?:^|\W){re.escape(printed)}\b", plain), plain


def test_html_of_a_style_holds_no_quotation_that_would_end_it() -> None:
    html = render(golden_edition(), "html")
    assert "url(" not in html
    assert "&#34;" not in "".join(re.findall(r'style="([^"]*)"', html))


def test_markdown_headlines_stay_links() -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(render(golden_edition(), "md"))
    assert set(re.findall(r"<(\w+)", html)) <= {
        "h1", "h2", "h3", "p", "br", "a", "strong", "code", "blockquote", "ol", "ul", "li", "details", "summary",
    }  # fmt: skip
    assert all(address.startswith("https://") for address in re.findall(r'href="([^"]*)"', html))


@pytest.mark.parametrize("title", ["- Port strikes", "# Port strikes", "1. Port strikes", "+ Port strikes"])
def test_a_headline_opens_no_list_and_no_heading_in_the_brief(title: str) -> None:
    told = [
        story(f"s{n}", *((entry(f"e{n}{one}", f"Paper {one}{n}", title=f"{title} {n}"),) for one in "ab"))
        for n in range(7)
    ]
    made = edition(*map(Material, told))
    brief = MarkdownIt().render(render(made, "md")).partition("<ol>")[2].partition("</ol>")[0]
    assert brief.count(f"<li>{title} ") == brief.count("<li>") > 1
    assert set(re.findall(r"<(\w+)", brief)) == {"li"}


def test_text_keeps_to_78_columns() -> None:
    for line in render(golden_edition(), "text").splitlines():
        assert columns(line) <= 78 or "://" in line


def test_atom_has_what_the_standard_asks_for() -> None:
    text = render(golden_edition(), "atom")
    root = ET.fromstring(text)
    assert root.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated", "author"):
        assert len(root.findall(f"{ATOM}{name}")) == 1
    entries = root.findall(f"{ATOM}entry")
    identifiers = [found.findtext(f"{ATOM}id") for found in entries]
    assert len(set(identifiers)) == len(entries) == 7
    for found in entries:
        assert found.findtext(f"{ATOM}updated", "").endswith("Z")
        assert found.find(f"{ATOM}title") is not None
        assert found.find(f"{ATOM}content") is not None


def test_json_feed_has_what_the_standard_asks_for() -> None:
    feed = json.loads(render(golden_edition(), "jsonfeed"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"]) == 7
    assert all(item["content_html"] for item in feed["items"])


def test_a_story_keeps_its_id_from_edition_to_edition() -> None:
    first = json.loads(render(edition(Material(story("s1", (entry("e1", "A"),)))), "jsonfeed"))
    later = json.loads(render(edition(Material(story("s1", (entry("e1", "A"), entry("e2", "B"))))), "jsonfeed"))
    assert first["items"][0]["id"] == later["items"][0]["id"]


def test_unknown_format_is_named_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"pdf.*md, html"):
        render(edition(), "pdf")


def test_unknown_time_zone_is_a_fault_of_the_settings() -> None:
    with pytest.raises(ConfigurationError, match=r"digest\.timezone.*Mars/Base"):
        render(edition(settings=DigestSettings(timezone="Mars/Base")), "text")


def test_window_within_one_day_names_the_day_once() -> None:
    made = replace(golden_edition(), since=datetime(2026, 3, 10, 1, 0, tzinfo=UTC))
    assert "Tue 10 March 2026 02:00 – 06:00 CET (01:00 – 05:00 UTC)" in render(made, "text")
    assert "Tue 10 March 2026 01:00 – 05:00 UTC\n" in render(replace(made, timezone="UTC"), "text")
    assert "02:00 – Tue 10" not in render(made, "text")


def test_every_format_has_a_suffix_and_a_media_type() -> None:
    assert set(SUFFIXES) == set(MEDIA_TYPES) == set(FORMATS)


class TestFold:
    def test_breaks_between_words_and_hangs_the_rest(self) -> None:
        assert fold("aaaa bbbb cccc", "  ", "* ", width=10) == "* aaaa\n  bbbb\n  cccc"

    def test_breaks_scripts_without_spaces_by_columns(self) -> None:
        assert fold("参謀総長会議", width=6) == "参謀総\n長会議"

    def test_leaves_an_address_whole(self) -> None:
        assert fold("see https://paper.example/a/b/c", width=10) == "see\nhttps://paper.example/a/b/c"

    def test_keeps_a_flag_on_one_line(self) -> None:
        assert fold("aaaa [SINGLE SOURCE] b[C D]", width=16) == "aaaa\n[SINGLE SOURCE]\nb[C D]"

    def test_of_nothing_is_nothing(self) -> None:
        assert fold("", "  ", "* ") == ""


def test_edition_that_closes_at_midnight_is_that_of_the_day_it_ends() -> None:
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    made = replace(edition(), timezone="UTC", since=midnight - timedelta(days=1), until=midnight)
    assert Clock.of(made).day() == "10 March 2026"
    assert Clock.of(replace(made, until=midnight + timedelta(hours=6))).day() == "11 March 2026"


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (FeedNote("F", "", "failing", "HTTP 503", SINCE), "Failing, last read Mon 9 Mar 06:00. HTTP 503"),
        (FeedNote("F", "", "failing", "No feed.", None, 2), "Failing. No feed. 2 polls may have missed entries"),
        (FeedNote("F", "", "silent", "", SINCE), "Silent, last entry Mon 9 Mar 06:00"),
        (FeedNote("F", "", "ok", "HTTP 503", SINCE, 1), "1 poll may have missed entries"),
    ],
)
def test_feed_that_is_well_is_named_for_its_gaps_alone(note: FeedNote, told: str) -> None:
    assert Wording(labels("en")).health(note, Clock.of(edition())) == told


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("harmful", ["quote", "title"])
def test_a_story_that_cannot_be_written_costs_its_quotation_or_itself(
    format: Format, harmful: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = golden_edition()
    first, *others = made.stories()
    broken = replace(first, **{harmful: "Quicksilver"})  # type: ignore[arg-type]
    swapped = {first.id: broken}
    sections = tuple(
        replace(section, stories=tuple(swapped.get(one.id, one) for one in section.stories))
        for section in made.sections
    )

    def breaking(value: Edition) -> Edition:
        if any("Quicksilver" in (one.quote, one.title) for one in value.stories()):
            raise LookupError("what nobody thought of")
        return harmless(value)

    monkeypatch.setattr("aggregator.digest.render.harmless", breaking)
    written = render(replace(made, sections=sections, corrections=()), format)
    without = [replace(first, quote="", also=(), new=WhatIsNew(), headlines=())] if harmful == "quote" else []
    kept = {one.id for one in (*without, *others)}
    expected = tuple(
        replace(
            section,
            stories=tuple(one if one.id != first.id else without[0] for one in section.stories if one.id in kept),
        )
        for section in made.sections
    )
    monkeypatch.undo()
    sound = replace(made, sections=tuple(one for one in expected if one.stories), corrections=())
    assert written == render(sound, format)


# --- the top, and print ------------------------------------------------------------------------------


def many(count: int) -> Edition:
    stories = [
        story(
            f"s{n}", (entry(f"e{n}a", "Aurora", title=f"Event {n}"),), (entry(f"e{n}b", "Borealis", title=f"Of {n}"),)
        )
        for n in range(count)
    ]
    return edition(*(Material(one) for one in stories), settings=DigestSettings(per_publisher=100))


@pytest.mark.parametrize("format", ["md", "html", "text"])
def test_five_lines_stand_at_the_top_of_a_longer_edition(format: Format) -> None:
    top = render(many(9), format)
    start, end = top.lower().index("event 0"), top.lower().index("top stories")
    assert len(re.findall(r"Event \d", top[start:end])) == 5
    assert not re.search(r"Event \d", render(many(4), format).partition("op stories")[0].partition("OP STORIES")[0])


@pytest.mark.parametrize("format", ["md", "html", "text", "atom", "jsonfeed"])
def test_also_names_outlet_and_headline_and_a_copys_headline_not_again(format: Format) -> None:
    told = story(
        "s1",
        (entry("e1", "Aurora", title="Event"), entry("e2", "Courier", title="EVENT!", hours=2)),
        (entry("e3", "Borealis", title="Another view <b>", hours=3),),
    )
    text = re.sub(
        r"<[^>]*>|&#34;|[\[\]\\*]|\(https[^)]*\)",
        "",
        render(edition(Material(told)), format).replace("&lt;", "<").replace("&gt;", ">"),
    )
    assert re.search(r"Borealis: Another view", text)
    assert "Courier" in text
    assert "EVENT!" not in text


def test_print_breaks_no_story_and_opens_what_is_folded() -> None:
    rules = render(many(3), "html").partition("@media print {")[2].partition("\n}\n")[0]
    assert "break-inside: avoid" in rules
    assert "details::details-content { content-visibility: visible" in rules
