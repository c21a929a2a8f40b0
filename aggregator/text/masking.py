"""The secrets of a feed, and texts without them."""

from __future__ import annotations

from aggregator.model import Feed, Secret
from aggregator.text.address import address_of
from aggregator.text.urls import MASK, mask_secrets, secret_parts

_MIN_SECRET = 4  # characters: a shorter value occurs in half of all texts, and is not masked
_MIN_IN_ADDRESS = 10  # characters: a shorter password may occur in an address by chance
_MIN_PATH_PART = 12  # characters: a shorter part of a secret address's path does not reveal it


def shown_address(feed: Feed) -> str:
    """Return a feed's address as people and files may see it."""
    if not feed.secret_address:
        return mask_secrets(feed.url)
    address = address_of(feed.url)
    return MASK if address is None else f"{address.scheme}://{address.authority}/{MASK}"


def is_masked(url: str) -> bool:
    """Return whether an address is a masked one, which cannot be requested."""
    return MASK in url


def without_secrets(text: str, feed: Feed) -> str:
    """Return a text with the feed's secrets masked, and everything in an address that looks like a secret."""
    # the longest first: a part must not be taken out of the middle of the whole
    for value in sorted(_secrets(feed, _MIN_SECRET), key=len, reverse=True):
        text = text.replace(value, MASK)
    return mask_secrets(text)


def holds_secret(url: str, feed: Feed) -> bool:
    """Return whether an address must not be stored: it seems to hold a secret, or one of the feed's."""
    # a short password may be a word, and occur in an address by chance
    return mask_secrets(url) != url or any(value in url for value in _secrets(feed, _MIN_IN_ADDRESS))


def _secrets(feed: Feed, least: int) -> list[str]:
    """Return the secrets of a feed: those in its address, and header values, password and proxy of at least ``least`` characters."""
    given = [value for _, value in feed.headers if isinstance(value, Secret)] + [feed.password, feed.proxy]
    values = [secret.reveal() for secret in given if secret is not None]
    return [value for value in values if len(value) >= least] + _of_address(feed)


def _of_address(feed: Feed) -> list[str]:
    found = list(secret_parts(feed.url))
    if feed.secret_address:
        # as written, not as requested: so it may occur in a text
        target = feed.url.partition("://")[2].partition("/")[2].partition("#")[0].strip("/?")
        path, _, query = target.partition("?")
        found.append(target)
        found += [value for part in query.split("&") if len(value := part.partition("=")[2]) > _MIN_SECRET]
        found += [part for part in path.split("/") if len(part) >= _MIN_PATH_PART]
    return [value for value in found if len(value) >= _MIN_SECRET]
