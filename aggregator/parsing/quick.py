"""The usual documents, read in a tenth of the time: well-formed RSS, RDF and Atom 1.0 through ElementTree.

It means to say what feedparser says, entry by entry; a test holds the two equal over every document we have.
Whatever is out of the usual (Atom 0.3, xml:base, base64, inline markup in RSS, dates of rare shapes …) is refused
and goes to feedparser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from aggregator.parsing.dates import read_common
from aggregator.parsing.raw import Markup, RawEntry, RawFeed, RawText
from aggregator.parsing.tree import inner_markup, local_name, outer_markup

ATOM = "http://www.w3.org/2005/atom"
_PLAIN = frozenset(
    {
        "",
        ATOM,
        "http://backend.userland.com/rss",
        "http://backend.userland.com/rss2",
        "http://blogs.law.harvard.edu/tech/rss",
        "http://purl.org/rss/1.0/",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://purl.org/rss/1.0/modules/rss091#",
    }
)
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/elements/1.1": "dc:",
    "http://purl.org/dc/elements/1.0/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://search.yahoo.com/mrss": "media:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_RSS_VERSIONS = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
_WINDOWS = {code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", "ignore"))}
_HTML_TYPES = frozenset({"html", "xhtml", "text/html", "application/xhtml+xml"})
_WRAPPERS = frozenset({"media:group", "media:content"})


class UnusualError(Exception):
    """A document, or a part of one, that is left to feedparser."""


class _Names(dict[str, str]):
    """Tags as ElementTree writes them -> short lower-case names; namespaces that we don't know give ''."""

    def __missing__(self, tag: str) -> str:
        space, _, local = tag[1:].rpartition("}") if tag[:1] == "{" else ("", "", tag)
        space = space.lower()
        prefix = "" if space in _PLAIN else _PREFIXES.get(space)
        name = self[tag] = "" if prefix is None else prefix + local.lower()
        return name


def read_quickly(root: Element) -> RawFeed:
    """Return what the document holds; raises UnusualError where feedparser is to read it."""
    names = _Names()
    kind = names[root.tag]
    if _XML_BASE in root.attrib:
        raise UnusualError("xml:base")
    if kind == "rss":
        channels = [child for child in root if names[_tag(child)] == "channel"]
        if len(channels) != 1:
            raise UnusualError(f"{len(channels)} channels")
        return _Reader(names, _rss_format(root), channels[0], root).read([channels[0]])
    if kind == "rdf:rdf":
        channel = next((child for child in root if names[_tag(child)] == "channel"), None)
        spaces = {_tag(child)[1:].rpartition("}")[0] for child in root}
        form = "rss090" if "http://my.netscape.com/rdf/simple/0.9/" in spaces else "rss10"
        if channel is None:
            raise UnusualError("no channel")
        return _Reader(names, form, channel, root).read([channel, root])
    if kind == "feed" and root.tag.lower().startswith("{" + ATOM):
        return _Reader(names, "atom10", root, root).read([root])
    raise UnusualError(f"root element {local_name(root.tag)}")


def _tag(element: Element) -> str:
    return element.tag if isinstance(element.tag, str) else ""


def _rss_format(root: Element) -> str:
    version = root.get("version", "")
    return _RSS_VERSIONS.get(version) or ("rss20" if version.startswith("2.") else "rss")


class _Reader:
    def __init__(self, names: _Names, form: str, channel: Element, root: Element) -> None:
        self._names = names
        self._weak_title: RawText | None = None
        self._is_atom = form.startswith("atom")
        self._feed = RawFeed(format=form, language=channel.get(_XML_LANG) or root.get(_XML_LANG))

    def read(self, parents: list[Element]) -> RawFeed:
        names = self._names
        head = RawEntry()
        for parent in parents:
            for element in parent:
                name = names[_tag(element)]
                if name in ("item", "entry"):
                    self._feed.entries.append(self._entry(element))
                elif name in _HEAD_READERS:
                    self._read_one(head, name, element, nested=False)
        feed = self._feed
        feed.title, feed.link, feed.language = head.title, head.link or head.other_link, head.language or feed.language
        return feed

    def _entry(self, element: Element) -> RawEntry:
        entry = RawEntry(guid=element.get(_RDF_ABOUT), language=element.get(_XML_LANG))
        if _XML_BASE in element.attrib:
            raise UnusualError("xml:base")
        for name, child, nested in self._children(element):
            self._read_one(entry, name, child, nested=nested)
        for text in (entry.published_text, entry.updated_text, entry.created_text):
            if text and read_common(text) is None:
                raise UnusualError("date of a rare shape")
        return entry

    def _children(self, element: Element, depth: int = 0) -> Iterator[tuple[str, Element, bool]]:
        names = self._names
        for child in element:
            name = names[_tag(child)]
            if name in _READERS:
                yield name, child, depth > 0
            elif name in ("item", "entry"):
                raise UnusualError("entries inside one another")
            elif name in _WRAPPERS and depth < 3 and len(child):
                yield from self._children(child, depth + 1)

    def _read_one(self, entry: RawEntry, name: str, element: Element, *, nested: bool) -> None:
        if _XML_BASE in element.attrib or "base" in element.attrib:
            raise UnusualError("xml:base")
        _READERS[name](self, entry, element, nested)

    # --- one method an element -----------------------------------------------------------------

    def title(self, entry: RawEntry, element: Element, nested: bool) -> None:
        if not entry.title.value or entry.title is self._weak_title:
            entry.title = self._text(element, "text")

    def media_title(self, entry: RawEntry, element: Element, nested: bool) -> None:
        """A picture's title: the entry's own only where it has none."""
        if not entry.title.value:
            entry.title = self._weak_title = self._text(element, "text")

    def rare(self, entry: RawEntry, element: Element, nested: bool) -> None:
        raise UnusualError(local_name(element.tag))

    def description(self, entry: RawEntry, element: Element, nested: bool) -> None:
        self._summary(entry, self._text(element, "html"), nested)

    def summary(self, entry: RawEntry, element: Element, nested: bool) -> None:
        self._summary(entry, self._text(element, "text"), nested)

    def media_description(self, entry: RawEntry, element: Element, nested: bool) -> None:
        """A caption: the summary where there is no other, never the content."""
        if not entry.summary.value:
            entry.summary = self._text(element, "html")

    @staticmethod
    def _summary(entry: RawEntry, text: RawText, nested: bool) -> None:
        if entry.summary.value and not entry.contents and not nested:
            entry.contents.append(text)
        elif text.value and not (nested and entry.summary.value):
            entry.summary = text

    def content(self, entry: RawEntry, element: Element, nested: bool) -> None:
        if "src" not in element.attrib:
            entry.contents.append(self._text(element, "text"))

    def encoded(self, entry: RawEntry, element: Element, nested: bool) -> None:
        entry.contents.append(self._text(element, "html"))

    def _text(self, element: Element, default: str) -> RawText:
        kind = element.get("type", default).lower()
        if "mode" in element.attrib or element.get(_XML_LANG) == "":
            raise UnusualError("mode")
        if len(element):
            if not self._is_atom or kind not in ("xhtml", "application/xhtml+xml"):
                raise UnusualError("inline markup")
            return RawText(_xhtml(element), Markup.HTML)
        value = _mended((element.text or "").strip())
        if kind in _HTML_TYPES:
            return RawText(value, Markup.HTML)
        if kind not in ("text", "plain", "text/plain"):
            raise UnusualError(f"type {kind}")
        return RawText(value, Markup.TEXT if self._is_atom else Markup.GUESS)

    def link(self, entry: RawEntry, element: Element, nested: bool) -> None:
        href = element.get("href") or element.get("url") or element.get("uri")
        relation = (element.get("rel") or "alternate").lower()
        if not href:
            text = _flat(element)
            if text:
                entry.link = text
        elif relation == "alternate":
            if element.get("type", "text/html").lower() in _HTML_TYPES:
                entry.link = href
            else:
                entry.other_link = href
        elif relation == "canonical":
            entry.canonical_link = href

    def original_link(self, entry: RawEntry, element: Element, nested: bool) -> None:
        entry.canonical_link = _flat(element) or entry.canonical_link

    def guid(self, entry: RawEntry, element: Element, nested: bool) -> None:
        value = _flat(element)
        if value:
            entry.guid = value
        entry.guid_is_link = element.get("isPermaLink", element.get("ispermalink", "true")) == "true"

    def author(self, entry: RawEntry, element: Element, nested: bool) -> None:
        if not len(element):
            entry.author = _flat(element) or entry.author
            return
        parts = {self._names[_tag(child)].removeprefix("itunes:"): _flat(child) for child in element}
        name, email = parts.get("name"), parts.get("email")
        entry.author = f"{name} ({email})" if name and email else name or email or entry.author

    def published(self, entry: RawEntry, element: Element, nested: bool) -> None:
        entry.published_text = _flat(element) or entry.published_text

    def updated(self, entry: RawEntry, element: Element, nested: bool) -> None:
        entry.updated_text = _flat(element) or entry.updated_text

    def created(self, entry: RawEntry, element: Element, nested: bool) -> None:
        entry.created_text = _flat(element) or entry.created_text

    def language(self, entry: RawEntry, element: Element, nested: bool) -> None:
        entry.language = _flat(element) or entry.language

    def source(self, entry: RawEntry, element: Element, nested: bool) -> None:
        if not len(element):
            entry.source_title, entry.source_url = _flat(element) or None, element.get("url")
            return
        inner = RawEntry()
        for child in element:
            name = self._names[_tag(child)]
            if name in ("title", "link", "id"):
                self._read_one(inner, name, child, nested=True)
        entry.source_title = inner.title.value or None
        entry.source_url = inner.link or inner.guid

    def keywords(self, entry: RawEntry, element: Element, nested: bool) -> None:
        entry.categories += [term.strip() for term in _flat(element).split(",")]

    def category(self, entry: RawEntry, element: Element, nested: bool) -> None:
        for term in (element.get("label") or element.get("term") or element.get("text"), _flat(element)):
            if term:
                entry.categories.append(term)


def _flat(element: Element) -> str:
    if len(element):
        raise UnusualError("inline markup")
    return _mended((element.text or "").strip())


def _mended(text: str) -> str:
    """Undo two faults of publishers, as feedparser does: UTF-8 taken for Latin-1, and windows-1252 taken for
    Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text if text.isprintable() else text.translate(_WINDOWS)


def _xhtml(element: Element) -> str:
    children = list(element)
    lone = len(children) == 1 and not (element.text or "").strip() and not (children[0].tail or "").strip()
    if lone and isinstance(children[0].tag, str):
        name = local_name(children[0].tag)
        return (inner_markup(children[0]) if name == "div" else outer_markup(children[0])).strip()
    return inner_markup(element).strip()


_ElementReader = Callable[[_Reader, RawEntry, Element, bool], None]
_HEAD_READERS: dict[str, _ElementReader] = {
    "title": _Reader.title,
    "dc:title": _Reader.title,
    "link": _Reader.link,
    "language": _Reader.language,
    "dc:language": _Reader.language,
}
_READERS: dict[str, _ElementReader] = {
    **_HEAD_READERS,
    "description": _Reader.description,
    "dc:description": _Reader.description,
    "media:description": _Reader.media_description,
    "summary": _Reader.summary,
    "itunes:summary": _Reader.summary,
    "content": _Reader.content,
    "content:encoded": _Reader.encoded,
    "guid": _Reader.guid,
    "id": _Reader.guid,
    "author": _Reader.author,
    "managingeditor": _Reader.author,
    "dc:creator": _Reader.author,
    "dc:author": _Reader.author,
    "itunes:author": _Reader.author,
    "pubdate": _Reader.published,
    "published": _Reader.published,
    "issued": _Reader.published,
    "dcterms:issued": _Reader.published,
    "updated": _Reader.updated,
    "modified": _Reader.updated,
    "lastbuilddate": _Reader.updated,
    "dc:date": _Reader.updated,
    "dcterms:modified": _Reader.updated,
    "created": _Reader.created,
    "dcterms:created": _Reader.created,
    "source": _Reader.source,
    "category": _Reader.category,
    "dc:subject": _Reader.category,
    "itunes:category": _Reader.category,
    "media:category": _Reader.category,
    "keywords": _Reader.keywords,
    "media:keywords": _Reader.keywords,
    "itunes:keywords": _Reader.keywords,
    "feedburner:origlink": _Reader.original_link,
    "media:title": _Reader.media_title,
    "body": _Reader.rare,
    "xhtml:body": _Reader.rare,
    "fullitem": _Reader.rare,
    "abstract": _Reader.rare,
}
