"""The desk's stories as a feed, and a folder of editions that any web server can show."""

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

# Stories of a feed: readers ask every hour or so, and a busy desk has that many new ones a day.
FEED_STORIES = 100
# Characters of a text from which its quotation is taken: its first sentences, behind any note.
_QUOTED_FROM = 4_000
# A feed without any story was never changed.
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_FORMS = {suffix: form for form, suffix in sorted(SUFFIXES.items(), key=lambda one: -len(one[1]))}  # the longest first


class Desk(Protocol):
    """The façade as far as writing files needs it."""

    store: Store
    settings: Settings
    clock: Callable[[], datetime]


def subscription(reader: Reader, settings: Settings, query: StoryQuery, now: datetime) -> Subscription:
    """Return the stories of a query as a feed, the one changed last first."""
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
    # the flags NEW and UPDATED are a reader's, who has a last visit: a feed has none
    shown = line(Material(story, tuple(sentences(text[:_QUOTED_FROM], story.summary.language))), window, Before(None))
    lasting = tuple(flag for flag in shown.flags if flag not in ("new", "updated"))
    return SubscribedStory(replace(shown, flags=lasting), changed(reader, story))


def changed(reader: Reader, story: Story) -> datetime:
    """Return when a story last grew, was edited or was corrected, as the desk saw it."""
    entries = story.entries
    moments = [entry.seen for entry in entries]
    moments += [one.replaced for entry in entries if entry.revisions for one in reader.entries.revisions(entry.id)]
    return max(moments, default=story.summary.last_seen)


# --- the folder ----------------------------------------------------------------------------------


def folder_of(app: Desk) -> Path | None:
    """Return the folder of editions; None where the desk is in memory and the folder is named relative to it."""
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
    return [*written, *write_index(folder, app.settings)]


def write_index(folder: Path, settings: Settings) -> list[Path]:
    """Write the list of the editions in a folder, newest first; return it where it changed."""
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
    """Write a file only where it changed, so that readers need not fetch it again."""
    data = text.encode("utf-8")
    try:
        if path.is_file() and path.read_bytes() == data:  # a pipe or a device under its name might never end
            return False
    except OSError:
        pass  # none yet, or none that can be read: writing it says why
    write_named(path, data)
    return True
