"""The desk's stories as a feed, and a folder of editions that any web server can serve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from aggregator.config.files import write_named
from aggregator.desk.reader import Reader, just_after
from aggregator.digest.render import SUFFIXES, template
from aggregator.digest.story import Before, line
from aggregator.digest.subscription import (
    FILE_NAMES,
    SubscribedStory,
    Subscription,
    SubscriptionFormat,
    render_subscription,
)
from aggregator.digest.values import Material, Window
from aggregator.model import Story, StoryQuery
from aggregator.model.withdrawals import is_withdrawn
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.text.tokens import sentences

# Stories in the feed: feed readers poll about every hour, and a busy desk has this many new stories a day.
FEED_STORIES = 100
# Characters at the beginning of a text that its quotation is taken from.
_QUOTED_FROM = 4_000
# The time of the last change of a feed without stories.
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_FORMS = {suffix: form for form, suffix in sorted(SUFFIXES.items(), key=lambda one: -len(one[1]))}  # the longest first


class Desk(Protocol):
    """The part of the façade that writing files needs."""

    store: Store
    settings: Settings
    clock: Callable[[], datetime]


def subscription(reader: Reader, settings: Settings, query: StoryQuery, now: datetime) -> Subscription:
    """Return the stories of a query as a feed, the last changed story first."""
    listed = reader.find(query)
    stories = reader.load([summary.id for summary in listed], light=True)
    quoted = reader.entries.texts([story.summary.canonical_entry for story in stories])
    window = Window(now - timedelta(days=1), just_after(now))
    shown = [_subscribed(reader, story, quoted, window) for story in stories]
    shown.sort(key=lambda one: (one.updated, one.story.id), reverse=True)
    title = f"{settings.digest.title}: stories"
    return Subscription(
        title,
        settings.digest.timezone,
        tuple(shown),
        _NEVER,
        settings.digest.public_url,
        language=settings.digest.language,
    )


def _subscribed(reader: Reader, story: Story, texts: dict[str, str], window: Window) -> SubscribedStory:
    text = "" if is_withdrawn(story) else texts.get(story.summary.canonical_entry, "")
    # a feed has no flags NEW and UPDATED, because they depend on a reader's last visit
    shown = line(Material(story, tuple(sentences(text[:_QUOTED_FROM], story.summary.language))), window, Before(None))
    lasting = tuple(flag for flag in shown.flags if flag not in ("new", "updated"))
    return SubscribedStory(replace(shown, flags=lasting), changed(reader, story))


def changed(reader: Reader, story: Story) -> datetime:
    """Return when we last saw a story grow, or one of its entries edited or corrected."""
    entries = story.entries
    moments = [entry.seen for entry in entries]
    moments += [one.replaced for entry in entries if entry.revisions for one in reader.entries.revisions(entry.id)]
    return max(moments, default=story.summary.last_seen)


# --- the folder ----------------------------------------------------------------------------------


def folder_of(app: Desk) -> Path | None:
    """Return the folder of editions; None if it is relative to the database and that is in memory."""
    folder = Path(app.settings.digest.directory)
    if folder.is_absolute():
        return folder
    return None if app.store.path is None else app.store.path.parent / folder


def publish_stories(app: Desk) -> list[Path]:
    """Write the feeds of stories and the index into the folder of editions; return the changed files."""
    folder = folder_of(app)
    if folder is None:
        return []
    now = app.clock()
    shown = subscription(Reader(app.store, now), app.settings, StoryQuery(limit=FEED_STORIES), now)
    formats: tuple[SubscriptionFormat, ...] = ("atom", "json")
    texts = {FILE_NAMES[form]: render_subscription(shown, form) for form in formats}
    written = [path for name, text in texts.items() if _write_changed(path := folder / name, text)]
    return [*written, *_write_index(folder, app.settings)]


def _write_index(folder: Path, settings: Settings) -> list[Path]:
    """Write the list of the editions in a folder, newest first; return its path if it changed."""
    text = template("html", "editions.html").render(title=settings.digest.title, editions=_editions(folder))
    path = folder / "index.html"
    return [path] if _write_changed(path, text) else []


def _editions(folder: Path) -> Sequence[tuple[str, list[tuple[str, str]]]]:
    """Return the editions in a folder by name with their files: the latest of each series, then all, newest first."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for path in sorted(folder.glob("digest-*")):
        suffix = next((one for one in _FORMS if path.name.endswith(one)), "")
        name = path.name.removeprefix("digest-").removesuffix(suffix)
        if suffix and name and name.replace("-", "").replace("_", "").isalnum():
            found.setdefault(_parted(name), []).append((_FORMS[suffix], path.name))
    latest = sorted(one for one in found if one[0] == "latest")
    listed = sorted((one for one in found if one[0] != "latest"), reverse=True)
    return [(" ".join(part for part in one if part), found[one]) for one in (*latest, *listed)]


def _parted(name: str) -> tuple[str, str]:
    """Return the day of an edition and its series, from the name of its file."""
    parts = name.split("-")
    start = next(
        (place for place, part in enumerate(parts) if part == "latest" or (part.isdigit() and len(part) == 4)), 0
    )
    return "-".join(parts[start:]), "-".join(parts[:start])


def _write_changed(path: Path, text: str) -> bool:
    """Write a file only if its content changed, so that feed readers need not fetch it again; return whether it was written."""
    data = text.encode("utf-8")
    try:
        if path.is_file() and path.read_bytes() == data:  # reading a pipe or a device might never end
            return False
    except OSError:
        pass  # the file does not exist or cannot be read; writing it reports the reason
    write_named(path, data)
    return True
