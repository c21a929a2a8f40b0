"""What is kept of a large story tells the same row as all of its entries do, whatever came, changed or went."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import Aggregator, Settings, StoryQuery
from aggregator.clustering.canonical import versions
from aggregator.ingest import settle, story_cache
from aggregator.ingest.story_cache import CachedStory, StoryCache
from aggregator.ingest.story_rows import StoryRow, compute_rows, story_fields, story_fields_of, with_shared_agency
from aggregator.model import Entry, EntryData
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.entry_rows import entry_of
from aggregator.storage.stories import StoryStore
from bench.floods import event
from bench.material import START, archive

TITLES = ("Ferry sinks", "UPDATE 2-Ferry sinks", "Live: ferry sinks", "Comment: The ferry", "Ferry down off coast")
LENGTHS = (90, 640, 700, 800, 2_100)


def made(number: int, chance: random.Random) -> Entry:
    """Return an entry with this number, of few publishers, reports, titles and lengths: what decides a row meets often."""
    publisher = chance.choice(("Reuters", "Herald", "Echo"))
    agency, form = chance.choice(((None, None), (None, None), ("Reuters", "dateline"), ("Reuters", "copy")))
    time = START + timedelta(hours=chance.randrange(9))
    return Entry(
        id=f"e{number}",
        data=EntryData(
            key=str(number),
            title=chance.choice(TITLES),
            link=f"https://h.example/{chance.randrange(4)}",
            published=chance.choice((None, time)),
        ),
        feed=publisher,
        publisher=publisher,
        language="en",
        canonical_url=chance.choice((None, f"https://h.example/{chance.randrange(4)}")),
        agency=agency,
        authority=chance.choice((50, 50, 60)),
        category=None,
        first_seen=time + timedelta(minutes=chance.randrange(3)),
        last_seen=time,
        time=time,
        text_length=chance.choice(LENGTHS),
        report_id=f"r{chance.randrange(6)}",
        story_id="s1",
        revisions=chance.choice((0, 0, 1)),
        correction=chance.choice((None,) * 8 + ("kill", "correction")),
        backlog=chance.random() < 0.3,
        agency_form=form,
        agency_words="" if agency is None else "(Reuters)",
    )


@given(st.integers(0, 10**9))
def test_an_account_tells_what_all_entries_tell(seed: int) -> None:
    chance = random.Random(seed)
    cached, stored = CachedStory(), dict[str, Entry]()
    for _ in range(chance.randrange(2, 12)):
        gone = set(chance.sample(sorted(stored), chance.randrange(len(stored) + 1) // 2))
        numbers = chance.sample(range(14), chance.randrange(1, 5))
        come = [made(number, chance) for number in numbers if f"e{number}" not in gone]
        for one in gone:
            del stored[one]
        stored |= {entry.id: entry for entry in come}
        told = cached.change(gone, come)
        if not stored:
            continue
        members = with_shared_agency(list(stored.values()))
        different = {entry.id: entry for entry in members if entry.agency != stored[entry.id].agency}
        assert {entry.id for entry in told} >= different.keys()
        pinned = chance.choice((None, None, "e3"))
        row = story_fields_of(cached.canonical(pinned), cached.counts(), None)
        assert row == story_fields(members, pinned)
        assert cached.ranking.among == versions(members)
        # what is written is read back at the next look, since it changed
        cached.change((), told)
        stored |= {entry.id: entry for entry in members}


def moved(app: Aggregator, chance: random.Random, path: Path) -> None:
    """Take some entries out of the story, under other ids."""
    story = app.stories(StoryQuery())[0].id
    entries = EntryStore(app.store).ids_of_story(story)
    app.editor("ben").split(story, chance.sample(entries, 3))


def edited(app: Aggregator, chance: random.Random, path: Path) -> None:
    """Change entries as another version does, and the authority of a feed."""
    with app.store.transaction() as db:
        number = chance.randrange(40)
        db.execute("UPDATE entry SET title = 'UPDATE 3-' || title, revisions = 1 WHERE number % 40 = ?", (number,))
        db.execute("UPDATE feed SET authority = ? WHERE id = ?", (chance.randrange(100), chance.randrange(1, 4)))


def undone(app: Aggregator, chance: random.Random, path: Path) -> None:
    """Change entries in a transaction that fails."""
    with suppress(ZeroDivisionError), app.store.transaction() as db:
        db.execute("UPDATE entry SET time = '2020-01-01T00:00:00Z'")
        raise ZeroDivisionError


def elsewhere(app: Aggregator, chance: random.Random, path: Path) -> None:
    """Change entries through another connection."""
    with Store(path) as other, other.transaction() as db:
        db.execute("UPDATE entry SET category = 'sea' WHERE number % 30 = ?", (chance.randrange(30),))


def dropped(app: Aggregator, chance: random.Random, path: Path) -> None:
    """Drop entries as pruning does."""
    with app.store.transaction() as db:
        db.execute("DELETE FROM entry WHERE number % 40 = ?", (chance.randrange(40),))


ACTS: tuple[Callable[[Aggregator, random.Random, Path], None], ...] = (moved, edited, undone, elsewhere, dropped)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_tells_the_row_of_what_is_stored(tmp_path: Path, seed: int) -> None:
    chance, rows, path = random.Random(seed), event(100), tmp_path / "kept.db"
    acts = [*ACTS, *ACTS]
    chance.shuffle(acts)
    with Aggregator.open(Settings(), path, clock=lambda: START) as app:
        app.import_archive(archive(tmp_path, rows[:60]))
        kept, stories, entries = StoryCache(app.store), StoryStore(app.store), EntryStore(app.store)
        for turn, act in enumerate(acts):
            act(app, chance, path)
            app.import_archive(archive(tmp_path, rows[60 + 4 * turn : 64 + 4 * turn]))
            story = max(app.stories(StoryQuery()), key=lambda one: (one.entries, one.id)).id
            row = kept.row(story)
            assert row == next(compute_rows([story], stories, entries))
            kept.saved()


def test_of_a_story_that_grows_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "LARGE", 20)
    rows, read = event(120), []

    def counted(row: Any) -> Entry:
        read.append(1)
        return entry_of(row)

    with Aggregator.open(Settings(), tmp_path / "kept.db", clock=lambda: START) as app:
        app.import_archive(archive(tmp_path, rows[:110]))
        monkeypatch.setattr("aggregator.storage.entries.entry_of", counted)
        app.import_archive(archive(tmp_path, rows[110:]))
        [story] = app.stories(StoryQuery())
        assert story.entries == 120
    assert len(read) <= 20


def test_the_accounts_of_stories_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story_cache, "MAX_ENTRIES", 30)
    with Aggregator.open(Settings(), tmp_path / "kept.db", clock=lambda: START) as app:
        app.import_archive(archive(tmp_path, event(40)))
        [story] = app.stories(StoryQuery())
        kept = StoryCache(app.store)
        for _ in range(2):
            row = kept.row(story.id)
            kept.saved()
            assert isinstance(row, StoryRow)
            assert row.fields is not None
            assert row.fields.entries == 40
        assert app.store.connection.execute("SELECT count(*) FROM followed_story").fetchone() == (0,)


def test_two_caches_of_one_connection_do_not_take_each_other_s_notes(tmp_path: Path) -> None:
    """A daemon that reads other settings begins with a new cache on the connection that it has."""
    with Aggregator.open(Settings(), tmp_path / "kept.db", clock=lambda: START) as app:
        app.import_archive(archive(tmp_path, event(40)))
        [story] = app.stories(StoryQuery())
        stories, entries = StoryStore(app.store), EntryStore(app.store)
        caches = [StoryCache(app.store), StoryCache(app.store)]
        for number in range(12):
            with app.store.transaction() as db:
                db.execute("UPDATE entry SET title = title || ' again', revisions = 1 WHERE number = ?", (number + 1,))
            kept = caches[number // 2 % 2]
            assert kept.row(story.id) == next(compute_rows([story.id], stories, entries))
            kept.saved()
