"""Which address is the entry's, what relative ones are relative to, and who wrote it: on both readers' roads."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from aggregator.model import EntryData
from aggregator.parsing.feed import parse
from aggregator.settings import ParseSettings
from tests.parsing.making import NOW, URL, entry, read, rss

ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"{head}><title>T</title><entry{own}><id>urn:e:1</id>{inside}</entry></feed>'
SLOW = '<summary type="text">an <b>inline</b> element that is left to feedparser</summary>'


def atom(inside: str, head: str = "", own: str = "", *, slow: bool = False) -> EntryData:
    return read(ATOM.format(head=head, own=own, inside=inside + SLOW * slow)).entries[0]


roads = pytest.mark.parametrize("slow", [False, True], ids=["quick", "feedparser"])


@roads
@pytest.mark.parametrize(
    ("links", "link"),
    [
        ('<link href="https://a.example/1"/><link rel="enclosure">https://a.example/f.jpg</link>', "https://a.example/1"),
        ('<link rel="enclosure">https://a.example/f.jpg</link><link href="https://a.example/1"/>', "https://a.example/1"),
        ('<link rel="related" href="https://a.example/2"/><link>https://a.example/1</link>', "https://a.example/1"),
        ('<link rel="http://www.iana.org/assignments/relation/alternate" href="https://a.example/1"/>', "https://a.example/1"),
        ('<link rel="alternate" type="text/html; charset=utf-8" href="https://a.example/1"/>', "https://a.example/1"),
        (
            '<link hreflang="fr" href="https://a.example/fr"/><link hreflang="de-AT" href="https://a.example/de"/>'
            '<link hreflang="en" href="https://a.example/en"/>',
            "https://a.example/de",
        ),
        ('<link href="https://a.example/1"/><link href="https://a.example/2"/>', "https://a.example/1"),
        ('<link rel="self" href="https://a.example/s"/><link rel="edit" href="https://a.example/e"/>', None),
        ('<link rel="enclosure" href="https://a.example/f.mp3"/>', "https://a.example/f.mp3"),
    ],
)  # fmt: skip
def test_the_page_is_the_link(links: str, link: str | None, slow: bool) -> None:
    assert atom(links, ' xml:lang="de"', slow=slow).link == link


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ('<a href="/news/7?a=1&amp;b=2" hreflang="en">Quay shut</a>', "https://a.example/news/7?a=1&b=2"),
        ("<https://a.example/news/7>", "https://a.example/news/7"),
        ("www.a.example/news/7", "https://www.a.example/news/7"),
        ("http://https://a.example/news/7", "https://a.example/news/7"),
    ],
)
def test_a_link_is_read_through_the_slips_of_a_template(link: str, address: str) -> None:
    [one] = read(rss(entry(title="Quay shut", link=link), head="<link>https://a.example/</link>")).entries
    assert one.link == address


def test_markup_that_a_template_left_in_links_and_dates_is_seen_through() -> None:
    document = rss(
        '<item><title><a href="/news/7" hreflang="en">Quay shut</a></title><link><a href="/news/7">Quay shut</a></link>'
        '<pubDate><time datetime="2026-11-20T08:00:00Z">Fri, 20 Nov</time></pubDate></item>',
        head="<link>https://a.example/</link>",
    )
    [one] = read(document).entries
    assert (one.title, one.link) == ("Quay shut", "https://a.example/news/7")
    assert str(one.published) == "2026-11-20 08:00:00+00:00"


@pytest.mark.parametrize(
    ("link", "guid", "found"),
    [
        ("https://a.example/", "https://a.example/n/7", "https://a.example/n/7"),
        ("https://a.example/", "https://www.a.example/n/7", "https://www.a.example/n/7"),
        ("https://a.example/", "https://b.example/n/7", "https://a.example/"),
        ("https://a.example/", "https://a.example/shows/7.mp3", "https://a.example/"),
        ("https://a.example/", "https://a.example/", "https://a.example/"),
        ("https://a.example/news", "https://a.example/n/7", "https://a.example/news"),
    ],
)
def test_a_link_to_the_front_page_yields_to_the_page_that_the_guid_is(link: str, guid: str, found: str) -> None:
    [one] = read(rss(entry(title="A", link=link, guid=guid))).entries
    assert one.link == found
    unmeant = rss(f'<item><title>A</title><link>{link}</link><guid isPermaLink="false">{guid}</guid></item>')
    assert read(unmeant).entries[0].link == link


def test_the_address_behind_an_empty_link_is_the_link() -> None:
    [one] = read(rss("<item><title>A</title><link/>https://a.example/7\n<guid>urn:7</guid></item>")).entries
    assert one.link == "https://a.example/7"


def test_a_channel_of_the_machine_it_was_made_on_is_no_base() -> None:
    feed = read(rss(entry(title="A", link="/1"), head="<link>http://localhost:1313/</link>"))
    assert feed.entries[0].link == "https://feeds.example/1"


@pytest.mark.parametrize(
    ("said", "link"), [("True", "https://a.example/1"), (" TRUE", "https://a.example/1"), ("False", None)]
)
def test_a_guid_is_the_link_where_it_is_said_to_be(said: str, link: str | None) -> None:
    [one] = read(rss(f'<item><title>A</title><guid isPermaLink="{said}">https://a.example/1</guid></item>')).entries
    assert one.link == link


@pytest.mark.parametrize("link", ["undefined", "null", "NaN", " # "])
def test_what_a_program_writes_for_nothing_is_no_link(link: str) -> None:
    [one] = read(rss(entry(title="A", link=link), head="<link>https://a.example/</link>")).entries
    assert one.link is None


@pytest.mark.parametrize(
    ("location", "link"),
    [
        ("/deep/feed.atom", "https://feeds.example/deep/1"),
        ("http://backend:8080/deep/feed.atom", "https://feeds.example/1"),
        ("https://other.example/feed.atom", "https://feeds.example/1"),
    ],
)
def test_content_location_is_believed_of_the_same_domain_alone(location: str, link: str) -> None:
    document = ATOM.format(head="", own="", inside='<link href="1"/>').encode()
    headers = {"Content-Type": "text/xml", "Content-Location": location}
    assert parse(document, URL, headers, NOW, ParseSettings()).entries[0].link == link


def test_addresses_whose_ampersand_was_escaped_twice_are_told_apart() -> None:
    links = ["https://a.example/?cat=1&#038;p=5", "https://a.example/?cat=1&#038;p=6"]
    feed = read(rss("".join(entry(title="Notice", link=link) for link in links)))
    assert len({one.key for one in feed.entries}) == 2


@roads
def test_a_file_is_the_link_only_where_there_is_no_page(slow: bool) -> None:
    odd = "<pubDate>last harvest</pubDate>" if slow else ""
    file = '<enclosure url="https://a.example/f.mp3" type="audio/mpeg" length="1"/>'
    feed = read(
        rss(
            f"<item><title>A</title><guid isPermaLink='false'>a</guid>{file}{odd}</item>"
            f"<item><title>B</title><guid>https://a.example/b</guid>{file}</item>"
            f"<item><title>C</title><link>https://a.example/c</link>{file}</item>"
            f"<item><title>D</title><image><link>https://a.example/pic</link></image><guid isPermaLink='false'>d</guid></item>"
        )
    )
    assert [one.link for one in feed.entries] == [
        "https://a.example/f.mp3",
        "https://a.example/b",
        "https://a.example/c",
        None,
    ]


@roads
def test_a_page_in_another_language_does_not_replace_the_link_of_rss(slow: bool) -> None:
    odd = "<pubDate>last harvest</pubDate>" if slow else ""
    other = '<a:link rel="alternate" hreflang="fr" href="https://a.example/fr"/>'
    text = rss(f"<item><title>A</title><link>https://a.example/1</link>{other}{odd}</item>")
    text = text.replace('version="2.0"', 'version="2.0" xmlns:a="http://www.w3.org/2005/Atom"')
    assert read(text).entries[0].link == "https://a.example/1"


@roads
@pytest.mark.parametrize(
    ("titles", "title"),
    [
        ("<i:title>Dam &amp;amp; bridge</i:title>", "Dam & bridge"),
        ("<i:title>Episode</i:title><title>Headline</title>", "Headline"),
        ("<title>Headline</title><i:title>Episode</i:title>", "Headline"),
    ],
)
def test_the_title_of_an_episode_is_the_entrys_where_there_is_no_other(titles: str, title: str, slow: bool) -> None:
    odd = "<pubDate>last harvest</pubDate>" if slow else ""
    text = rss(f"<item><guid>a</guid>{titles}{odd}</item>")
    text = text.replace('version="2.0"', 'version="2.0" xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd"')
    assert read(text).entries[0].title == title


def test_a_json_entry_has_its_attachment_at_least() -> None:
    one = {"id": "1", "title": "T", "attachments": [{"url": "https://a.example/f.mp3", "mime_type": "audio/mpeg"}]}
    assert json_entry(one).link == "https://a.example/f.mp3"
    assert json_entry({**one, "external_url": "https://b.example/"}).link == "https://b.example/"


@roads
def test_bases_hold_for_what_they_enclose_and_no_more(slow: bool) -> None:
    text = ATOM.format(
        head=' xml:base="https://a.example/x/"',
        own=' xml:base="2026/"',
        inside='<link href="one"/><content type="html" xml:base="https://img.example/">&lt;img src="p.png"&gt;</content>'
        + SLOW * slow,
    )
    text = text.replace(
        "</feed>",
        '<entry><id>urn:e:2</id><link href="two"/><summary type="html">&lt;a href="s"&gt;s&lt;/a&gt;</summary></entry></feed>',
    )
    first, second = read(text).entries
    assert first.link == "https://a.example/x/2026/one"
    assert "https://img.example/p.png" in first.content
    assert second.link == "https://a.example/x/two"
    assert "https://a.example/x/s" in second.summary


def test_a_relative_base_starts_from_the_document() -> None:
    found = atom(
        '<link href="one"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><a href="b">b</a></div></content>',
        own=' xml:base="/sub/"',
    )
    assert found.link == "https://feeds.example/sub/one"
    assert "https://feeds.example/sub/b" in found.content


def test_relative_addresses_of_rss_start_from_its_site_and_those_of_atom_from_the_document() -> None:
    feed = read(
        rss(entry(title="A", link="/a/1", description='<img src="/p.png">'), "<link>https://site.example/news/</link>")
    )
    assert feed.entries[0].link == "https://site.example/a/1"
    assert "https://site.example/p.png" in feed.entries[0].summary
    alone = read(rss(entry(title="A", link="/a/1")))
    assert alone.entries[0].link == "https://feeds.example/a/1"
    found = read(
        ATOM.format(head="", own="", inside='<link href="/a/1"/>').replace(
            "<entry>", '<link href="https://site.example/"/><entry>'
        )
    )
    assert found.entries[0].link == "https://feeds.example/a/1"


# --- bylines -------------------------------------------------------------------------------------

DC = ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'


@roads
@pytest.mark.parametrize(
    ("names", "byline"),
    [
        ("<dc:creator>Ida Holt</dc:creator><dc:creator>Sven Arp</dc:creator>", "Ida Holt, Sven Arp"),
        ("<dc:creator>Ida Holt</dc:creator><dc:creator>Ida Holt</dc:creator>", "Ida Holt"),
        ("<author>ida@a.example (Ida Holt)</author><dc:creator>Ida Holt</dc:creator>", None),
        ("<itunes:author>Ida Holt</itunes:author>", "Ida Holt"),
        ("<dc:creator>Ida Holt</dc:creator><dc:creator/>", "Ida Holt"),
    ],
)
def test_every_author_of_rss_is_kept_once(names: str, byline: str | None, slow: bool) -> None:
    odd = "<pubDate>last harvest</pubDate>" if slow else ""
    text = rss(f"<item><title>A</title>{names}{odd}</item>").replace('version="2.0"', 'version="2.0"' + DC)
    author = read(text).entries[0].author
    assert author == byline if byline else author.count("Ida Holt") == 1


@roads
def test_every_author_of_atom_is_kept(slow: bool) -> None:
    people = "<author><name>Ida Holt</name></author><author><name>Sven Arp</name></author><contributor><name>No One</name></contributor>"
    assert atom(people, slow=slow).author == "Ida Holt, Sven Arp"


def test_authors_without_number_are_bounded() -> None:
    people = "".join(f"<author><name>Author {number}</name></author>" for number in range(5_000))
    assert len(atom(people).author) <= 1_000


# --- where entries stand, and under which names ---------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '<rss version="2.0"><channel><title>T</title></channel><item><title>A</title></item><item><title>B</title></item></rss>',
        '<rss version="2.0"><channel><title>T</title><item><title>A</title></item></channel><item><title>B</title></item></rss>',
        '<rss version="2.0"><channel><title>T</title><items><item><title>A</title></item><item><title>B</title></item></items></channel></rss>',
        '<rss version="2.0"><channel><title>T</title><item><title>A</title></item></channel><channel><item><title>B</title></item></channel></rss>',
        '<feed xmlns="https://www.w3.org/2005/Atom"><entry><title>A</title></entry><entry><title>B</title></entry></feed>',
        '<rss version="2.0" xmlns="http://unheard.example/"><channel><item><title>A</title></item><item><title>B</title></item></channel></rss>',
    ],
)
def test_entries_are_found_wherever_they_stand(text: str) -> None:
    assert sorted(one.title for one in read(text).entries) == ["A", "B"]


@pytest.mark.parametrize(
    "space",
    [
        "http://purl.org/rss/1.0/modules/content/",
        "https://purl.org/rss/1.0/modules/content/",
        "http://purl.org/rss/1.0/modules/content",
    ],
)
@roads
def test_a_namespace_is_known_under_https_too(space: str, slow: bool) -> None:
    odd = "<pubDate>last harvest</pubDate>" if slow and not space.endswith("content") else ""
    text = f'<rss version="2.0" xmlns:c="{space}"><channel><item><title>A</title><c:encoded>The long text</c:encoded>{odd}</item></channel></rss>'
    assert read(text).entries[0].content == "The long text"


# --- escaped too often ---------------------------------------------------------------------------


def json_entry(members: Mapping[str, object]) -> EntryData:
    return read(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [members]})).entries[
        0
    ]


def test_titles_that_are_escaped_though_they_are_text() -> None:
    title = "Ferry&#8217;s crew &amp; the &lt;quay&gt;"
    assert json_entry({"id": "1", "title": title, "tags": ["Sea &amp; shore"]}).title == "Ferry’s crew & the <quay>"
    assert json_entry({"id": "1", "title": title, "tags": ["Sea &amp; shore"]}).categories == ("Sea & shore",)
    assert atom("<title>Ferry&amp;#8217;s crew</title>").title == "Ferry’s crew"
    assert read(rss(entry(title="Ferry&amp;amp;s crew"))).entries[0].title == "Ferry&s crew"
    assert json_entry({"id": "1", "content_text": "a < b & c"}).content == "a &lt; b &amp; c"


def test_words_in_tags_are_words_and_tags_alone_are_the_subject() -> None:
    assert (
        atom('<title type="text">Wreck of the &lt;i&gt;Aurora&lt;/i&gt; found</title>').title
        == "Wreck of the Aurora found"
    )
    assert atom('<title type="text">Write &lt;b&gt; and &lt;/b&gt;</title>').title == "Write <b> and </b>"


def test_text_that_is_markup_throughout_is_read_as_markup() -> None:
    assert atom('<content type="text">&lt;p&gt;The quay.&lt;/p&gt;</content>').content == "<p>The quay.</p>"
    twice = read(rss(entry(title="A", description="&lt;p&gt;The quay.&lt;/p&gt;"))).entries[0]
    assert twice.summary == "<p>The quay.</p>"


def test_cdata_marks_that_were_escaped_hide_nothing() -> None:
    one = read(
        rss(
            entry(
                title="<![CDATA[Ferry aground]]>",
                link="<![CDATA[https://a.example/1]]>",
                guid="<![CDATA[g-1]]>",
                description="<![CDATA[<p>The crew is safe.</p>]]>",
                category="<![CDATA[Sea]]>",
            )
        )
    ).entries[0]
    assert (one.title, one.link, one.guid, one.summary, one.categories) == (
        "Ferry aground", "https://a.example/1", "g-1", "<p>The crew is safe.</p>", ("Sea",),
    )  # fmt: skip


def test_references_to_surrogates_are_one_character() -> None:
    assert read(rss("<item><title>Line &#xD83D;&#xDE82; reopens</title></item>")).entries[0].title == "Line 🚂 reopens"
    assert read(rss(entry(title="Line &#55357;&#56962; reopens"))).entries[0].title == "Line 🚂 reopens"


@roads
@pytest.mark.parametrize(
    ("head", "inside", "author"),
    [
        ("<author><name>The Desk</name></author>", "", "The Desk"),
        ("<author><name>The Desk</name></author>", "<author><name>Ann Bo</name></author>", "Ann Bo"),
        (
            "<author><name>The Desk</name></author>",
            "<source><title>Other</title><author><name>Cy Do</name></author></source>",
            "Cy Do",
        ),
        ("<author><name>Ann Bo</name></author><author><name>Cy Do</name></author>", "", "Ann Bo, Cy Do"),
    ],
)
def test_an_atom_entry_without_an_author_has_its_feeds(head: str, inside: str, author: str, slow: bool) -> None:
    document = ATOM.format(head="", own="", inside=inside + SLOW * slow).replace(
        "<title>T</title>", f"<title>T</title>{head}"
    )
    assert read(document).entries[0].author == author


@pytest.mark.parametrize(
    ("author", "byline"),
    [
        ("noreply@blogger.example (Ann Bo)", "Ann Bo"),
        ("Ann Bo (noreply@blogger.example)", "Ann Bo"),
        ("Ann Bo <do-not-reply@a.example>", "Ann Bo"),
        ("no-reply@a.example", ""),
        ("ann@a.example (Ann Bo)", "ann@a.example (Ann Bo)"),
    ],
)
def test_an_address_that_nobody_reads_is_no_part_of_a_byline(author: str, byline: str) -> None:
    assert read(rss(entry(title="A", author=author))).entries[0].author == byline


def test_the_editor_of_a_channel_wrote_none_of_its_entries() -> None:
    feed = read(rss(entry(title="A", link="https://a.example/1"), head="<managingEditor>ed@a.example</managingEditor>"))
    assert feed.entries[0].author == ""


@pytest.mark.parametrize(
    ("head", "members", "author", "tags"),
    [
        ({"authors": [{"name": "The Desk"}]}, {}, "The Desk", ()),
        ({"author": {"name": "The Desk"}}, {"authors": [{"name": "Ann Bo"}]}, "Ann Bo", ()),
        ({}, {"author": "Ann Bo", "tags": "sea, ports"}, "Ann Bo", ("sea", "ports")),
        ({}, {"authors": ["Ann Bo", {"name": "Cy Do"}], "tags": [{"name": "sea"}, "ports"]}, "Ann Bo, Cy Do", ("sea", "ports")),
        ({}, {"authors": {"name": "Ann Bo"}}, "Ann Bo", ()),
    ],
)  # fmt: skip
def test_a_json_feed_names_authors_and_tags_in_many_ways(
    head: Mapping[str, object], members: Mapping[str, object], author: str, tags: tuple[str, ...]
) -> None:
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "T", **head, "items": [{"id": "1", **members}]}
    [one] = read(json.dumps(document), "application/feed+json").entries
    assert (one.author, one.categories) == (author, tags)


def test_a_json_feed_whose_entries_are_numbered_is_read_and_an_id_may_be_the_link() -> None:
    entries = {"0": {"id": "https://a.example/1", "title": "A"}, "2": {"id": "x", "title": "B"}}
    feed = read(json.dumps({"version": "https://jsonfeed.org/version/1", "title": "T", "items": entries}))
    assert [(one.title, one.link) for one in feed.entries] == [("A", "https://a.example/1"), ("B", None)]


MEDIA = '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>T</title>{}</channel></rss>'
CAPTION = '<media:content url="https://a.example/q.jpg"><media:description>The quay in May</media:description></media:content>'


@pytest.mark.parametrize(
    ("inside", "summary"),
    [
        (f"{CAPTION}<description>The quay is shut.</description>", "The quay is shut."),
        (f"<description>The quay is shut.</description>{CAPTION}", "The quay is shut."),
        (CAPTION, "The quay in May"),
    ],
)
def test_a_caption_is_the_summary_only_where_there_is_no_other(inside: str, summary: str) -> None:
    [one] = read(MEDIA.format(f"<item><title>A</title>{inside}</item>")).entries
    assert (one.summary, one.content) == (summary, "")


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "audio/mpeg"])
def test_a_file_inside_of_an_atom_entry_is_no_text(kind: str) -> None:
    one = atom(f'<title>A</title><content type="{kind}">iVBORw0KGgoAAAANSUhEUg==</content><summary>A chart</summary>')
    assert (one.summary, one.content) == ("A chart", "")


def test_an_entry_without_anything_is_none_though_its_feed_has_an_author() -> None:
    document = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><author><name>Ann Bo</name></author><entry/></feed>'
    )
    assert read(document).entries == ()


def test_a_file_that_is_text_is_read() -> None:
    assert atom('<title>A</title><content type="application/octet-stream">RW50cnkgQ29udGVudA==</content>').content == (
        "Entry Content"
    )


def test_a_content_of_a_type_of_text_is_read() -> None:
    assert atom('<title>A</title><content type="text/markdown">A *chart*</content>').content == "A *chart*"


RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
    '<channel rdf:about="https://a.example/"><title>T</title></channel><item rdf:about="{}"><title>A</title>{}</item></rdf:RDF>'
)


@pytest.mark.parametrize(
    ("about", "inside", "link"),
    [
        ("https://a.example/1", "", "https://a.example/1"),
        ("urn:a:1", '<link rdf:resource="https://a.example/1"/>', "https://a.example/1"),
        ("https://a.example/?id=1", "<link>https://a.example/1</link>", "https://a.example/1"),
        ("urn:a:1", "", None),
    ],
)
def test_an_rdf_entry_without_a_link_is_linked_by_what_it_is_about(about: str, inside: str, link: str | None) -> None:
    [one] = read(RDF.format(about, inside)).entries
    assert (one.link, one.guid) == (link, about)


def test_what_an_entry_tells_of_lends_it_no_link() -> None:
    one = atom(
        '<title>Ann shared a report</title><activity:object xmlns:activity="http://activitystrea.ms/spec/1.0/">'
        '<id>urn:o</id><title>Quay shut</title><link rel="alternate" href="https://b.example/7"/>'
        "<author><name>Cy Do</name></author></activity:object>"
        '<link href="https://a.example/1"/><author><name>Ann Bo</name></author>'
    )
    assert (one.title, one.link, one.guid, one.author) == (
        "Ann shared a report",
        "https://a.example/1",
        "urn:e:1",
        "Ann Bo",
    )


@pytest.mark.parametrize(
    ("space", "name"), [("http://news.yandex.ru", "yandex:full-text"), ("http://turbo.yandex.ru", "turbo:content")]
)
@roads
def test_the_full_text_for_yandex_is_the_content(space: str, name: str, slow: bool) -> None:
    report = "The whole report, which is longer than the words beside it are. " * 2
    inside = f"<title>A</title><description>short</description><{name}>{report}</{name}>{SLOW * slow}"
    document = rss(f"<item>{inside}</item>").replace("<rss ", f'<rss xmlns:{name.partition(":")[0]}="{space}" ')
    [one] = read(document).entries
    assert one.content == report.strip()


@pytest.mark.parametrize("space", ["http://prismstandard.org/namespaces/basic/2.0/", "http://prismstandard.org/namespaces/1.2/basic/"])  # fmt: skip
def test_the_date_of_a_journals_issue_is_a_date(space: str) -> None:
    document = rss("<item><title>A</title><p:publicationDate>2026-03-09</p:publicationDate></item>")
    [one] = read(document.replace("<rss ", f'<rss xmlns:p="{space}" ')).entries
    assert str(one.published) == "2026-03-09 00:00:00+00:00"


@roads
def test_a_link_through_a_search_engine_is_the_page_it_leads_to_and_names_its_site(slow: bool) -> None:
    through = (
        "https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://quay.example/dredger-8812345&amp;ct=ga&amp;usg=AOvV"
    )
    found = atom(f'<link href="{through}"/>', slow=slow)
    assert (found.link, found.source_url) == ("https://quay.example/dredger-8812345", "https://quay.example/")
    named = atom(f'<link href="{through}"/><source><title>Gazette</title></source>', slow=slow)
    assert (named.source_title, named.source_url) == ("Gazette", None)
