"""``feeds``: the followed feeds."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from aggregator.cli.feed_health import health_list_command
from aggregator.cli.output import Column, emit, list_options, output_option, print_list, row_of, safe
from aggregator.cli.session import FEEDS, Session
from aggregator.cli.tables import fitted
from aggregator.config.feeds_file import add_feeds, pause_feed, read_feeds, remove_feed
from aggregator.config.files import write_output
from aggregator.exceptions import PARTLY_FAILED, AggregatorError, ConfigurationError, NotFoundError, UsageError
from aggregator.model import Feed
from aggregator.newsroom.publishers import publisher_of_feed
from aggregator.text.address import address_as_typed
from aggregator.text.counts import amount
from aggregator.text.masking import shown_address
from aggregator.text.urls import MASK

FEED = "name url publisher category language authority agency paused"


@click.group("feeds")
def feeds_command() -> None:
    """List and edit the followed feeds; show their health."""


feeds_command.add_command(health_list_command)


@feeds_command.command("list")
@list_options
@click.pass_obj
def list_command(session: Session, form: str) -> None:
    """List the feeds of the feeds file."""
    rows = [
        row_of(feed, FEED) | {"url": shown_address(feed), "publisher": publisher_of_feed(feed)}
        for feed in session.feeds()
    ]
    columns = (
        Column("name", lambda row: fitted(safe(row["name"]), 40)),
        Column("publisher", lambda row: row["publisher"], drop=3),
        Column("category", lambda row: row["category"] or "", drop=4),
        Column("lang", lambda row: row["language"] or "", drop=2),
        Column("authority", lambda row: str(row["authority"]), right=True, drop=1),
        Column("", lambda row: " ".join(word for word in ("agency", "paused") if row[word])),
        Column("url", lambda row: row["url"], wrap=True),
    )
    print_list(rows, columns, form, empty="No feeds yet; `aggregator feeds add URL` adds one.", fields=FEED)


@feeds_command.command("add")
@click.argument("url")
@click.option("--name", help="Its name in lists; default: the feed's own title.")
@click.option("--publisher", help="Its publisher; default: its registered domain.")
@click.option("--category", help="Its section in the digest.")
@click.option("--language", help="A code such as en or de; default: found in the text.")
@click.option("--authority", type=click.IntRange(0, 100), help="Its weight in the choice of canonical entries.")
@click.option("--agency", is_flag=True, help="The feed is a wire service's.")
@click.option("--no-check", is_flag=True, help="Do not fetch the address first.")
@click.pass_obj
def add_command(session: Session, /, url: str, authority: int | None, no_check: bool, **values: Any) -> None:
    """Follow a feed. The address is fetched first; if it is a page, its feeds are offered."""
    path = _editable(session)
    feed = Feed(address_as_typed(url), **values, authority=50 if authority is None else authority)
    _check_values([feed])
    if not no_check:
        feed = _check_feed(session, feed)
    if add_feeds(path, [feed], os.environ):
        click.echo(f"{safe(shown_address(feed))}: added to {path}.", err=True)
    else:
        click.echo(f"{path} has this feed already.", err=True)


def _editable(session: Session) -> Path:
    """Return the feeds file to edit, which may not exist yet; raises ConfigurationError if it has faults."""
    path = session.feeds_file
    if path is None:
        return Path(FEEDS)
    if path.exists():
        session.feeds()
    return path


def _check_values(feeds: Sequence[Feed]) -> None:
    """Check feeds with the reader of feeds files before they are written, because a fault in the file stops every command."""
    if not feeds:
        return
    with TemporaryDirectory(prefix="aggregator-") as folder:
        scratch = Path(folder) / FEEDS
        add_feeds(scratch, feeds, {})
        try:
            read_feeds(scratch, {})
        except ConfigurationError as error:
            problems = [problem.removeprefix(f"{scratch}:").partition(": ")[2] for problem in error.problems]
            raise UsageError("\n".join(problems)) from error


def _check_feed(session: Session, feed: Feed) -> Feed:
    """Return the feed if its address is one; if it is a page, return the one of its feeds that the person chooses."""
    found = _discovered(session, feed)
    if found.is_feed:
        return feed
    if found.feeds and sys.stdin.isatty() and sys.stderr.isatty():
        return replace(feed, url=_chosen(feed.url, found.feeds))
    if found.feeds:
        listed = "\n".join(f"  {url}" for url in found.feeds)
        raise UsageError(f"{feed.url} is a page, not a feed. It names these feeds; add one of them:\n{listed}")
    raise UsageError(f"{found.error}; --no-check adds it all the same")


def _chosen(page: str, urls: Sequence[str]) -> str:
    """Let a person choose one of a page's feeds with one key."""
    offered = urls[:9]
    click.echo(f"{safe(page)} is a page, not a feed. It names these feeds:", err=True)
    for number, url in enumerate(offered, 1):
        click.echo(f"  {number}  {safe(url)}", err=True)
    click.echo(f"Which one? [1-{len(offered)}, Enter for 1, q for none] ", err=True, nl=False)
    key = click.getchar()
    click.echo(err=True)
    if key in ("\r", "\n"):
        key = "1"
    if not key.isdecimal() or not 1 <= int(key) <= len(offered):
        raise UsageError("none was taken; nothing is added")
    return offered[int(key) - 1]


def _discovered(session: Session, feed: Feed) -> Any:
    from aggregator.ingest.discover import discover_feed

    return discover_feed(feed, session.settings, session.clock())


@feeds_command.command("discover")
@click.argument("url")
@list_options
@click.pass_obj
def discover_command(session: Session, url: str, form: str) -> None:
    """Find the feeds that a page names."""
    url = address_as_typed(url)
    _check_values([Feed(url)])
    found = _discovered(session, Feed(url))
    urls = (url,) if found.is_feed else found.feeds
    if not urls and found.error:
        raise NotFoundError(found.error)
    rows = [{"url": one} for one in urls]
    print_list(rows, (Column("url", lambda row: row["url"]),), form, empty="No feed found there.", fields="url")


@feeds_command.command("remove")
@click.argument("feed")
@click.pass_obj
def remove_command(session: Session, feed: str) -> None:
    """Stop following a feed; its entries stay in the database."""
    one = _one(session, feed)
    remove_feed(session.needed_feeds_file(), one.url, os.environ)
    click.echo(f"{safe(one.name or shown_address(one))} is no longer followed.", err=True)


@feeds_command.command("pause")
@click.argument("feed")
@click.pass_obj
def pause_command(session: Session, feed: str) -> None:
    """Stop polling a feed for now."""
    one = _one(session, feed)
    pause_feed(session.needed_feeds_file(), one.url, paused=True, environ=os.environ)
    click.echo(f"{safe(one.name or shown_address(one))} is paused.", err=True)


@feeds_command.command("resume")
@click.argument("feed")
@click.pass_obj
def resume_command(session: Session, feed: str) -> None:
    """Poll a paused feed again, or one that was given up as gone."""
    one = _one(session, feed)
    pause_feed(session.needed_feeds_file(), one.url, paused=False, environ=os.environ)
    if session.database_file.exists():
        with session.open_existing() as app:
            app.resume(one)
    click.echo(f"{safe(one.name or shown_address(one))} is polled again.", err=True)


def _one(session: Session, wanted: str) -> Feed:
    folded = wanted.strip().casefold()
    feeds = session.feeds() if folded else ()  # nothing is part of every name
    exact = [feed for feed in feeds if folded in (feed.url.casefold(), (feed.name or "").casefold())]
    found = exact or [feed for feed in feeds if folded == (feed.publisher or "").casefold()]
    found = found or [feed for feed in feeds if folded in f"{feed.url} {feed.name or ''}".casefold()]
    if not found and any(feed.name is None for feed in feeds):
        titles = _titles(session)
        found = [feed for feed in feeds if feed.name is None and folded in titles.get(feed.url, "").casefold()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFoundError(f"no feed {wanted!r} in {session.feeds_file}; `feeds list` shows them")
    names = [feed.name or shown_address(feed) for feed in found]
    named = [shown_address(feed) if names.count(name) > 1 else name for feed, name in zip(found, names, strict=True)]
    raise UsageError(f"{wanted!r} fits {len(found)} feeds: {', '.join(named[:5])}")


def _titles(session: Session) -> dict[str, str]:
    """Return what feeds call themselves, by address, as far as the database knows."""
    from aggregator.storage.feeds import FeedStore
    from aggregator.storage.listed_feeds import feed_key

    addresses = {feed_key(feed.url): feed.url for feed in session.feeds() if feed.name is None}
    try:
        with session.open_existing() as app:
            rows = FeedStore(app.store).of_keys(addresses)
    except AggregatorError:  # the feeds file can be read and changed without a database
        return {}
    return {addresses[row.url_key]: row.title for row in rows if row.title}


def _sound(feeds: Sequence[Feed]) -> tuple[list[Feed], list[str]]:
    """Return the feeds that are valid in a feeds file, and notes on those left out."""
    try:
        _check_values(feeds)
    except UsageError:
        pass
    else:
        return list(feeds), []
    kept, reasons = [], []
    for feed in feeds:
        for tried in (feed, replace(feed, language=None)):
            try:
                _check_values([tried])
            except UsageError as error:
                reasons.append(f"{feed.name or shown_address(feed)}: left out: {error}")
            else:
                kept.append(tried)
                break
    return kept, reasons


@feeds_command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_obj
def import_command(session: Session, files: tuple[Path, ...]) -> int:
    """Add feeds from OPML files, CSV tables or lists of addresses to the feeds file."""
    from aggregator.desk.subscription_lists import read_subscriptions

    path = _editable(session)
    code = 0
    for file in files:
        found, skipped = read_subscriptions(file)
        feeds, left_out = _sound(found)
        for reason in (*skipped, *left_out):
            click.echo(f"{file}: {safe(reason)}", err=True)
            code = PARTLY_FAILED
        added = add_feeds(path, feeds, os.environ) if feeds else 0
        click.echo(f"{file}: {amount(added, 'feed')} added to {path}, {len(feeds) - added} there already.", err=True)
    return code


@feeds_command.command("export")
@output_option("The file to write; default: stdout, as for -.")
@click.pass_obj
def export_command(session: Session, output: Path | None) -> None:
    """Write the feeds as OPML, without their secrets."""
    from aggregator.desk.subscription_lists import masked
    from aggregator.parsing.opml import write

    feeds = session.feeds()
    if any(feed.name is None for feed in feeds):
        titles = {url: safe(title) for url, title in _titles(session).items()}
        feeds = tuple(feed if feed.name else replace(feed, name=titles.get(feed.url) or None) for feed in feeds)
    data = write(feeds, "Feeds")
    if hidden := masked(feeds):
        count = f"{len(hidden)} addresses hold" if len(hidden) > 1 else "1 address holds"
        click.echo(f"{count} a secret, masked with {MASK} here: {safe(', '.join(hidden))}", err=True)
    if output is None:
        emit(data.decode("utf-8").rstrip("\n"))
    else:
        write_output(output, data)
