"""Addresses of services that count a click and redirect to the page whose address is in their query."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from aggregator.text.address import address_of

# Host and path of a service, and the parameters of which one holds the page.
_SERVICES = (
    (re.compile(r"(?:www|news)\.google\.[a-z.]{2,7}(?:/news)?/url"), ("url", "q")),
    (re.compile(r"(?:www\.)?bing\.com/news/apiclick\.aspx"), ("url",)),
    (re.compile(r"(?:l|lm)\.facebook\.com/l\.php"), ("u",)),
    (re.compile(r"(?:www\.)?youtube\.com/redirect"), ("q",)),
    (re.compile(r"(?:www\.)?linkedin\.com/redir/redirect"), ("url",)),
    (re.compile(r"(?:[a-z]{1,3}\.)?vk\.com/away\.php"), ("to",)),
    (re.compile(r"out\.reddit\.com/\w{1,20}"), ("url",)),
    (re.compile(r"duckduckgo\.com/l/?"), ("uddg",)),
    (re.compile(r"[a-z\d]{2,10}\.safelinks\.protection\.outlook\.com/?"), ("url",)),
)
# Https://r.search.yahoo.com/_ylt=…/RU=…/RK=…
_YAHOO = re.compile(r"/RU=(?P<page>https?%3a[^/]{1,2000})/", re.IGNORECASE)


def page_behind(url: str) -> str:
    """Return the page to which the address of such a service redirects; any other address unchanged."""
    address = address_of(url) if "=" in url else None
    if address is None:
        return url
    if address.host == "r.search.yahoo.com":
        found = _YAHOO.search(address.path)
        return _page(unquote(found["page"])) or url if found else url
    place = f"{address.host}{address.path}"
    names = next((names for service, names in _SERVICES if service.fullmatch(place)), ())
    held = (value for name, value in (parse_qsl(address.query) if names else ()) if name in names)
    return next((page for value in held if (page := _page(value))), url)


def _page(text: str) -> str | None:
    found = address_of(text) if text.lower().startswith(("http://", "https://")) else None
    return None if found is None else text.strip()
