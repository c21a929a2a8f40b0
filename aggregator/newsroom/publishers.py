"""Stop-gap."""
from __future__ import annotations
from dataclasses import dataclass
from aggregator.text.urls import registered_domain
@dataclass(frozen=True, slots=True)
class Families:
    x: int = 0
def families(feeds): return Families()
def publisher_of_feed(feed): return feed.publisher or registered_domain(feed.url) or feed.url
def publisher_of(data, feed_publisher, fam): return feed_publisher
