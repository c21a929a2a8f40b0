"""Publishers: families of feeds in feeds.yaml, and the real publisher of an entry in another publisher's feed.

A publisher may have many feeds. Its name is that of feeds.yaml, else the registrable domain by the Public Suffix List.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aggregator.model import EntryData, Feed
from aggregator.text.address import address_of_site
from aggregator.text.tokens import fold
from aggregator.text.urls import mask_secrets

# Domains that many publishers share. There, only the first label or folder of an address may name a publisher.
_HOSTING = """
    feedburner.com google.com rss.app feedspot.com medium.com substack.com wordpress.com blogspot.com tumblr.com
    youtube.com reddit.com github.io gitlab.io podbean.com libsyn.com feedblitz.com typepad.com livejournal.com
    rsshub.app feed43.com politepol.com kill-the-newsletter.com fetchrss.com feedly.com inoreader.com t.me telegram.me
    news.yahoo.com msn.com flipboard.com buzzsprout.com simplecast.com megaphone.fm anchor.fm soundcloud.com
    cloudfront.net amazonaws.com appspot.com herokuapp.com netlify.app vercel.app pages.dev feedx.net feedx.site
"""
_SHARED = frozenset(_HOSTING.split())
_SEPARATOR = re.compile(r"\s+[-–—|:·•/]\s+|\s*[>»|]\s*|\s+::\s+")
_LEADING = re.compile(r"^(?:the|der|die|das|le|la|les|el|il|de|o|a)\s+(?=\S)")
_TRAILING = re.compile(
    r"(?<=\S)[\s,.-]+"
    r"(?:news(?:paper)?s?|online|rss|feeds?|digital|world service|com|net|org|co uk|co|international edition)$"
)
# Addresses and names of news searches: they gather entries of many publishers, and name the publisher in <source>.
_TLD = r"(?:com|[a-z]{2}|com?\.[a-z]{2})"
_SEARCH_ADDRESS = re.compile(
    rf"news\.google\.{_TLD}/|(?:www\.)?google\.{_TLD}/alerts/|(?:www\.)?bing\.com/news/"
    rf"|(?:[a-z]+\.)?news\.(?:search\.)?yahoo\.{_TLD}/|news\.baidu\.com/"
)
_SEARCH_NAME = re.compile(
    r"\b(?:google|bing|yahoo!?) (?:news|alerts?|nachrichten|actualités|noticias|notizie|notícias)\b|\bnews ?search\b"
    r"|\b(?:search|suche|recherche|búsqueda|ricerca|pesquisa|поиск|пошук)\s*[:\"“„«]|検索|搜索|검색",
    re.IGNORECASE,
)
_NOT_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Families:
    """The publishers of registrable domains and of names in normal form."""

    domains: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    # Addresses, without their secrets, of feeds that speak for other publishers
    aggregators: frozenset[str] = frozenset()
    not_aggregators: frozenset[str] = frozenset()  # addresses of feeds that do not, as feeds.yaml says

    def of_domain(self, domain: str | None) -> str | None:
        """Return the family that owns a registrable domain; None where feeds.yaml names none."""
        return self.domains.get(domain) if domain else None

    def of_name(self, name: str | None) -> str | None:
        """Return the family with a name, in any spelling."""
        return self.names.get(normal_name(name)) if name else None


def normal_name(name: str) -> str:
    """Return the form in which names of publishers are compared: ``The BBC News`` and ``bbc`` are one."""
    bare = _NOT_WORD.sub(" ", fold(name)).strip()
    bare = _LEADING.sub("", bare)
    shorter = _TRAILING.sub("", bare)
    while shorter != bare:
        bare, shorter = shorter, _TRAILING.sub("", shorter)
    return bare.replace(" ", "")


def families(feeds: Iterable[Feed]) -> Families:
    """Return the publishers in feeds.yaml.

    A domain belongs to a family where all its feeds that name a publisher name the same one. The domain's other feeds belong to
    that family too.
    """
    feeds = tuple(feeds)
    by_domain: dict[str, dict[str, str]] = {}
    by_name: dict[str, dict[str, str]] = {}
    for feed in feeds:
        publisher = publisher_of_feed(feed)
        key = normal_name(publisher)
        domain = _own_domain(feed.url)
        if domain:
            publishers = by_domain.setdefault(domain, {})
            if feed.publisher:
                publishers.setdefault(key, publisher)
        for name in (publisher, feed.name):
            if name and normal_name(name):
                by_name.setdefault(normal_name(name), {}).setdefault(key, publisher)
    spelled = {name: publishers[name] for name, publishers in by_name.items() if name in publishers}
    names = {
        name: next(iter(publishers.values()))
        for name, publishers in by_name.items()
        if name not in spelled and len(publishers) == 1 and len(name) > 3
    } | spelled
    domains = {
        domain: spelled.get(next(iter(publishers)), next(iter(publishers.values()))) if publishers else domain
        for domain, publishers in by_domain.items()
        if len(publishers) <= 1
    }
    return Families(
        domains,
        {name: domains.get(publisher, publisher) for name, publisher in names.items()},
        aggregators=frozenset(mask_secrets(feed.url) for feed in feeds if is_aggregator(feed)),
        not_aggregators=frozenset(mask_secrets(feed.url) for feed in feeds if feed.speaks_for_others is False),
    )


def publisher_of_feed(feed: Feed) -> str:
    """Return a feed's publisher: that of feeds.yaml, else the registrable domain, else the feed's name, else the host.

    On a domain where many publishers have their feeds, the host is followed by the first folder where it does not tell them apart.
    """
    if feed.publisher and feed.publisher.strip():
        return " ".join(feed.publisher.split())
    domain = _own_domain(feed.url)
    if domain:
        return domain
    if feed.name:
        return feed.name
    address = address_of_site(feed.url)
    if address is None:
        return feed.url
    host, shared = address.plain_host.removeprefix("www."), address.domain
    if shared is None or (host != shared and host.split(".")[0] not in ("feeds", "feeds2", "rss", "news")):
        return host
    folder = address.path.strip("/").split("/")[0]
    return f"{host}/{folder}" if folder else host


def _own_domain(url: str) -> str | None:
    address = address_of_site(url)
    if address is None or address.domain in _SHARED or address.host in _SHARED:
        return None
    return address.domain


def is_aggregator(feed: Feed) -> bool:
    """Return whether the publishers that a feed's entries name are believed.

    feeds.yaml decides; where it says nothing, agencies and news searches are believed. A search is recognised by its address, or by
    the name that the desk gave the feed, never by the feed's own title alone (see :func:`has_form_of_search`).
    """
    if feed.speaks_for_others is not None:
        return feed.speaks_for_others
    if feed.agency or any(_SEARCH_NAME.search(name) for name in (feed.name, feed.publisher) if name):
        return True
    address = address_of_site(feed.url)
    return address is not None and _SEARCH_ADDRESS.match(f"{address.host}{address.path}") is not None


def has_form_of_search(title: str | None, entries: Sequence[EntryData]) -> bool:
    """Return whether a document is a news search's, wherever it is served: its title and all its entries have the form.

    A news search names the publisher of each entry in <source>, and again behind the headline. The title alone would be a claim.
    """
    if not title or not _SEARCH_NAME.search(title):
        return False
    named = [(fold(data.title), fold(data.source_title or "")) for data in entries]
    return bool(named) and all(publisher and headline.endswith(f" - {publisher}") for headline, publisher in named)


def own_publisher(feed_publisher: str, families: Families) -> str:
    """Return the publisher of a feed's entries that name no other: the family of the feed's publisher, else that publisher."""
    return families.of_name(feed_publisher) or families.of_domain(feed_publisher) or feed_publisher


def publisher_of(data: EntryData, feed_publisher: str, families: Families, *, believed: bool) -> str:
    """Return the publisher that an entry counts for: the one that its <source> element names, else the feed's.

    The named publisher is looked up among the families by the domain of its address, then by its title; without a family it is the
    title, else the domain. The name is a claim: it counts only where the feed is ``believed``, or where the entry's own address is
    on that publisher's site.
    """
    own = own_publisher(feed_publisher, families)
    domain = _own_domain(data.source_url) if data.source_url else None
    title = _outlet(data.source_title or "", domain)
    if not title and not domain:
        return own
    if _is_own(title, domain, own, families):
        return own
    named = families.of_domain(domain) or families.of_name(title) or title or domain or own
    return named if believed or _agrees(data.link, named, domain, families) else own


def _agrees(link: str | None, named: str, domain: str | None, families: Families) -> bool:
    """Return whether an entry is on the site of the publisher that it names."""
    here = _own_domain(link) if link else None
    if here is None:
        return False
    family = families.of_domain(here)
    if family is not None:
        return family == named
    return here == domain or _label(here) == normal_name(named)


def publisher_of_link(link: str | None, families: Families) -> str | None:
    """Return the publisher on whose site a link is: its family, else its registrable domain; None where unknown."""
    domain = _own_domain(link) if link else None
    return families.of_domain(domain) or domain


def _is_own(title: str, domain: str | None, own: str, families: Families) -> bool:
    if domain is not None:
        named = families.of_domain(domain)
        if named is not None:
            return named == own
        if domain == own or _label(domain) == normal_name(own):
            return True
    return bool(title) and normal_name(title) == normal_name(own)


def _outlet(title: str, domain: str | None) -> str:
    """Return the outlet in the title of a feed: ``World | The Outlet`` of theoutlet.com gives ``The Outlet``."""
    title = " ".join(title.split())
    parts = [part for part in _SEPARATOR.split(title) if part]
    if len(parts) < 2:
        return title
    if domain is None:
        return parts[0]
    label = _label(domain)
    for part in parts:
        bare = normal_name(part)
        whole = _NOT_WORD.sub("", fold(part))
        if bare and (label in (bare, whole) or (len(bare) > 2 and (label.startswith(bare) or bare.startswith(label)))):
            return part
    return domain


def _label(domain: str) -> str:
    return normal_name(domain.split(".", 1)[0])
