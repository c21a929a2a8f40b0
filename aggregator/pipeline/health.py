"""How the feeds and the newsroom are."""

from __future__ import annotations


class FeedHealthRow: ...


class Status: ...


def feed_health(*_: object):
    raise RuntimeError


def status(*_: object):
    raise RuntimeError
