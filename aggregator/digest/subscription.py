"""Stories as a feed for any reader: Atom (RFC 4287) and JSON Feed 1.1.

A story keeps its id; its ``updated`` changes whenever it grew, was edited or was corrected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from aggregator.digest import wording
from aggregator.digest.escape import UNTITLED, harmless, link
from aggregator.digest.render import spoken, story_item, template
from aggregator.digest.values import EditionStory

SubscriptionFormat = Literal["atom", "json"]

FILE_NAMES: dict[SubscriptionFormat, str] = {"atom": "stories.atom", "json": "stories.json"}
MEDIA_TYPES: dict[SubscriptionFormat, str] = {"atom": "application/atom+xml", "json": "application/feed+json"}


@dataclass(frozen=True, slots=True)
class SubscribedStory:
    """A story in a feed for subscribers; ``updated`` is the time at which it last grew or changed."""

    story: EditionStory
    updated: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed of stories, newest change first.

    ``base`` is the absolute address of the folder or page of the feed, ending in a slash; empty where unknown.
    ``page`` means that each story has a page below ``base``. ``empty_since`` is the date of a feed without stories.
    """

    title: str
    timezone: str
    stories: tuple[SubscribedStory, ...]
    empty_since: datetime
    base: str = ""
    page: bool = False
    query: str = ""  # the query of this feed's own address, without the question mark
    language: str = "en"  # of the labels

    @property
    def updated(self) -> datetime:
        """The time of the last change of a story in the feed."""
        return max((one.updated for one in self.stories), default=self.empty_since)

    @property
    def key(self) -> str:
        """The part of this feed's permanent id that distinguishes it from the desk's other feeds."""
        return "/".join((self.title, self.query))


def render_subscription(subscription: Subscription, format: SubscriptionFormat) -> str:
    """Return the feed as text in a format."""
    safe = replace(
        subscription,
        title=harmless(subscription.title) or UNTITLED,
        base=_folder(subscription.base),
        stories=tuple(replace(one, story=harmless(one.story)) for one in subscription.stories),
    )
    return _atom(safe) if format == "atom" else _json(safe)


def _folder(address: str) -> str:
    found = link(address)
    return "" if found is None else found.rstrip("/") + "/"


def _atom(shown: Subscription) -> str:
    clock = _clock(shown)
    fragments = dict(zip((one.story.id for one in shown.stories), _fragments(shown, clock), strict=True))
    return template("atom", "subscription.atom").render(
        shown=shown, clock=clock, fragments=fragments, self_address=address_of_feed(shown, "atom")
    )


def _json(shown: Subscription) -> str:
    clock = _clock(shown)
    rows = zip(shown.stories, _fragments(shown, clock), strict=True)
    feed: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": shown.title,
        "items": [_item(shown, one, fragment, clock) for one, fragment in rows],
    }
    if shown.base:  # both addresses must be absolute
        feed |= {"home_page_url": shown.base, "feed_url": address_of_feed(shown, "json")}
    return json.dumps(feed, ensure_ascii=False) + "\n"  # indented JSON takes three times as long to write


def _item(shown: Subscription, one: SubscribedStory, fragment: str, clock: wording.Clock) -> dict[str, object]:
    story = one.story
    page = f"{shown.base}story/{story.id}" if shown.page and shown.base else None
    tags = [*([story.category] if story.category else []), *(flag.value for flag in story.flags)]
    return story_item(story, fragment, clock, modified=one.updated, tags=tags, page=page)


def _fragments(shown: Subscription, clock: wording.Clock) -> Iterator[str]:
    """Yield the HTML of each story."""
    words, made = spoken(shown.language), template("html", "story.fragment")
    for one in shown.stories:
        yield made.render(story=one.story, clock=clock, wording=words, say=words.say)


def _clock(shown: Subscription) -> wording.Clock:
    return wording.Clock(shown.timezone, shown.updated, shown.updated, spoken(shown.language).say)


def address_of_feed(shown: Subscription, format: SubscriptionFormat) -> str:
    """Return the address of this feed: absolute where its folder is known, else relative."""
    return f"{shown.base}{FILE_NAMES[format]}" + (f"?{shown.query}" if shown.query else "")
