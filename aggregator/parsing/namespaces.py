"""The namespaces of feeds, with common misspellings, and short names of their elements. Pure."""

from __future__ import annotations

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
    "http://purl.org/dc/terms": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/rss/1.0/modules/content": "content:",
    "http://search.yahoo.com/mrss": "media:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://activitystrea.ms/spec/1.0/": "activity:",
    "http://news.yandex.ru": "yandex:",
    "http://turbo.yandex.ru": "yandex:",
    "http://prismstandard.org/namespaces/basic/1.2/": "prism:",
    "http://prismstandard.org/namespaces/1.2/basic/": "prism:",
    "http://prismstandard.org/namespaces/basic/2.0/": "prism:",
    "http://prismstandard.org/namespaces/basic/2.1/": "prism:",
    "http://prismstandard.org/namespaces/basic/3.0/": "prism:",
}


class Names(dict[str, str]):
    """Tags as ElementTree writes them -> short lower-case names.

    An element of an unknown namespace gets '', or '?' and its name if that is one of ``feed_names``, which mean something
    in a feed.
    """

    def __init__(self, feed_names: frozenset[str]) -> None:
        super().__init__()
        self._feed_names = feed_names

    def __missing__(self, tag: str) -> str:
        space, _, local = tag[1:].rpartition("}") if tag[:1] == "{" else ("", "", tag)
        prefix, local = _prefix(space), local.lower()
        if prefix is None:
            prefix, local = ("?", local) if local in self._feed_names else ("", "")
        name = self[tag] = prefix + local
        return name


def _prefix(space: str) -> str | None:
    """Return the prefix of a namespace, with http or https; None for an unknown one."""
    space = space.lower()
    space = "http" + space[5:] if space.startswith("https://") else space
    return "" if space in _PLAIN else _PREFIXES.get(space)


def known_namespace(space: str) -> str | None:
    """Return the usual spelling of a namespace of feeds that is spelled with https, or None."""
    if not space.lower().startswith("https://"):
        return None
    usual = "http" + space[5:]
    return usual if _prefix(usual) is not None else None


def space_of(tag: str) -> str:
    """Return the namespace of a tag as ElementTree writes it, in lower case and spelled with http."""
    space = tag[1:].rpartition("}")[0].lower()
    return "http" + space[5:] if space.startswith("https://") else space
