"""Tables of the first release and later additions, as plain DDL; ``migrations.py`` says which migration added what.

The tables are a public interface (docs/schema.md). DDL that has shipped is never changed here. Tables with a store in a module of
its own are defined in that module.
"""

from __future__ import annotations

from typing import Final

from aggregator.storage.schema import HOUR

FEEDS: Final = """
CREATE TABLE feed (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL DEFAULT 'poll' CHECK (kind IN ('poll', 'archive')),
  url TEXT NOT NULL,
  name TEXT,
  title TEXT,
  publisher TEXT NOT NULL,
  category TEXT,
  language TEXT,
  authority INTEGER NOT NULL DEFAULT 50,
  agency INTEGER NOT NULL DEFAULT 0,
  followed INTEGER NOT NULL DEFAULT 1,
  paused INTEGER NOT NULL DEFAULT 0,
  added TEXT NOT NULL,
  fetch_url TEXT,
  etag TEXT,
  last_modified TEXT,
  content_hash TEXT,
  next_fetch TEXT,
  last_fetch TEXT,
  last_ok TEXT,
  failures INTEGER NOT NULL DEFAULT 0,
  first_failed TEXT,
  last_failed TEXT,
  last_error TEXT,
  force_unconditional INTEGER NOT NULL DEFAULT 0,
  gone_since TEXT,
  gone INTEGER NOT NULL DEFAULT 0,
  moved_to TEXT,
  moved_since TEXT,
  moved_seen INTEGER NOT NULL DEFAULT 0,
  learned_interval REAL,
  entries_per_week REAL,
  last_new TEXT,
  hints TEXT,
  fresh_until TEXT,
  bad_guids INTEGER NOT NULL DEFAULT 0,
  ill_formed TEXT,
  possible_gaps INTEGER NOT NULL DEFAULT 0,
  last_gap TEXT
) STRICT;
CREATE INDEX feed_due ON feed (next_fetch) WHERE followed AND NOT paused AND NOT gone;

CREATE TABLE poll (
  id INTEGER PRIMARY KEY,
  feed_id INTEGER NOT NULL REFERENCES feed (id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  status TEXT NOT NULL,
  http_status INTEGER,
  new INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  known INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  error TEXT,
  seconds REAL NOT NULL
) STRICT;
CREATE INDEX poll_at ON poll (at);
CREATE INDEX poll_feed ON poll (feed_id, at);
"""

ENTRIES: Final = """
CREATE TABLE entry (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  feed_id INTEGER NOT NULL REFERENCES feed (id),
  key TEXT NOT NULL,
  guid TEXT,
  title TEXT NOT NULL,
  url TEXT,
  canonical_url TEXT,
  publisher TEXT NOT NULL,
  agency TEXT,
  language TEXT,
  category TEXT,
  author TEXT NOT NULL,
  published TEXT,
  published_text TEXT,
  date_flag TEXT NOT NULL,
  updated TEXT,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  time TEXT NOT NULL,
  backlog INTEGER NOT NULL DEFAULT 0,
  summary TEXT NOT NULL,
  content TEXT NOT NULL,
  text TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  revisions INTEGER NOT NULL DEFAULT 0,
  correction TEXT,
  source_title TEXT,
  source_url TEXT,
  canonical_link TEXT,
  categories TEXT NOT NULL DEFAULT '[]',
  evidence TEXT NOT NULL DEFAULT '{}',
  report_id TEXT REFERENCES report (id),
  story_id TEXT REFERENCES story (id),
  UNIQUE (feed_id, key)
) STRICT;
CREATE INDEX entry_story ON entry (story_id, time);
CREATE INDEX entry_report ON entry (report_id);
CREATE INDEX entry_first_seen ON entry (first_seen);
CREATE INDEX entry_feed_link ON entry (feed_id, canonical_url);
CREATE INDEX entry_corrections ON entry (time) WHERE correction IS NOT NULL;

CREATE TABLE entry_alias (
  feed_id INTEGER NOT NULL REFERENCES feed (id),
  key TEXT NOT NULL,
  entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  PRIMARY KEY (feed_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE revision (
  id INTEGER PRIMARY KEY,
  entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  url TEXT,
  summary TEXT NOT NULL,
  content TEXT NOT NULL,
  text TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  published TEXT,
  seen TEXT NOT NULL,
  replaced TEXT NOT NULL,
  UNIQUE (entry_id, number)
) STRICT;
CREATE INDEX revision_replaced ON revision (replaced);

CREATE VIRTUAL TABLE entry_fts USING fts5 (title, text, tokenize = 'unicode61 remove_diacritics 0');
"""

STORIES: Final = """
CREATE TABLE story (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  url TEXT,
  publisher TEXT NOT NULL,
  agency TEXT,
  language TEXT,
  category TEXT,
  entries INTEGER NOT NULL,
  reports INTEGER NOT NULL,
  publishers INTEGER NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  canonical_entry TEXT,
  pinned_entry TEXT,
  corrected INTEGER NOT NULL DEFAULT 0,
  edited INTEGER NOT NULL DEFAULT 0,
  opened TEXT NOT NULL,
  changed TEXT NOT NULL,
  split_from TEXT
) STRICT;
CREATE INDEX story_last_seen ON story (last_seen);
CREATE INDEX story_first_seen ON story (first_seen);

CREATE TABLE story_redirect (
  old_id TEXT PRIMARY KEY,
  story_id TEXT,
  at TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX story_redirect_target ON story_redirect (story_id);

CREATE TABLE unsettled (
  story_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE report (
  id TEXT PRIMARY KEY,
  story_id TEXT REFERENCES story (id),
  agency TEXT,
  entries INTEGER NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL
) STRICT;
CREATE INDEX report_story ON report (story_id);

CREATE TABLE match (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('copy', 'story', 'editor')),
  entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  other_id TEXT NOT NULL,
  report_id TEXT,
  story_id TEXT,
  method TEXT NOT NULL,
  score REAL NOT NULL,
  threshold REAL NOT NULL,
  evidence TEXT NOT NULL,
  parameters TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX match_entry ON match (entry_id);
CREATE INDEX match_story ON match (story_id);
"""

# In tables WITHOUT ROWID the columns of the key come first: in other tables SQLite 3.40's integrity check mistakes the columns.
DESK: Final = """
CREATE TABLE decision (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('merge', 'split', 'move', 'pin', 'forbid')),
  by TEXT NOT NULL,
  at TEXT NOT NULL,
  sentence TEXT NOT NULL,
  arguments TEXT NOT NULL,
  before TEXT NOT NULL,
  undone_at TEXT,
  undone_by TEXT
) STRICT;

CREATE TABLE decision_entry (
  decision_id INTEGER NOT NULL REFERENCES decision (id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('left', 'right')),
  entry_id TEXT NOT NULL,
  sign TEXT NOT NULL CHECK (sign IN ('together', 'apart')),
  PRIMARY KEY (decision_id, part, side, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX decision_entry_entry ON decision_entry (entry_id);

CREATE TABLE edition (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  since TEXT NOT NULL,
  until TEXT NOT NULL,
  made TEXT NOT NULL,
  stories INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX edition_until ON edition (until);

CREATE TABLE fact (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

VIEWS: Final = """
CREATE VIEW story_entry AS
SELECT story.id AS story_id, story.title AS story, entry.report_id, entry.id AS entry_id, entry.title,
       entry.publisher, entry.agency, entry.url, entry.published, entry.first_seen,
       entry.id = story.canonical_entry AS canonical
FROM entry JOIN story ON story.id = entry.story_id;

CREATE VIEW feed_health AS
SELECT coalesce(name, title, url) AS feed, url, publisher, last_ok, failures, last_error, next_fetch, possible_gaps,
       (SELECT count(*) FROM entry WHERE entry.feed_id = feed.id) AS entries
FROM feed WHERE followed;
"""

BOUNDS: Final = """
CREATE INDEX entry_feed_seen ON entry (feed_id, last_seen);
CREATE INDEX entry_alias_entry ON entry_alias (entry_id);
CREATE INDEX line_repeated ON line (feed_id, hash) WHERE reports >= 3;
ALTER TABLE story_word ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
CREATE TABLE arrival (
  feed_id INTEGER NOT NULL REFERENCES feed (id) ON DELETE CASCADE,
  hour TEXT NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  entries INTEGER NOT NULL,
  PRIMARY KEY (feed_id, hour)
) STRICT, WITHOUT ROWID
"""

_ARRIVES = f"""
  INSERT INTO arrival VALUES (new.feed_id, substr(new.time, 1, {HOUR}), new.time, new.time, 1)
  ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last), entries = entries + 1;
"""
_LEAVES = f"""
  UPDATE arrival SET entries = entries - 1 WHERE feed_id = old.feed_id AND hour = substr(old.time, 1, {HOUR});
  DELETE FROM arrival WHERE feed_id = old.feed_id AND hour = substr(old.time, 1, {HOUR}) AND entries <= 0;
"""
ARRIVAL_TRIGGERS: Final = (
    f"CREATE TRIGGER entry_arrives AFTER INSERT ON entry BEGIN {_ARRIVES} END",
    f"CREATE TRIGGER entry_leaves AFTER DELETE ON entry BEGIN {_LEAVES} END",
    f"CREATE TRIGGER entry_is_dated AFTER UPDATE OF feed_id, time ON entry WHEN old.time <> new.time OR old.feed_id <> new.feed_id"
    f" BEGIN {_LEAVES} {_ARRIVES} END",
)

AMENDMENTS: Final = """
CREATE TABLE amendment (
  id INTEGER PRIMARY KEY,
  entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  field TEXT NOT NULL CHECK (field IN ('published', 'author', 'categories')),
  before TEXT,
  after TEXT,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX amendment_entry ON amendment (entry_id, field);
"""

# Indexes in the order of lists, so that a page of the story list reads only the rows that it shows.
LISTS: Final = """
CREATE INDEX story_by_publishers ON story (publishers DESC, reports DESC, entries DESC, last_seen DESC, id);
CREATE INDEX story_by_entries ON story (entries DESC, reports DESC, publishers DESC, last_seen DESC, id)
"""

# Fewer indexes for a poll that brings nothing to write: in one ordered by feed or due time each feed is on another page. No query
# needs the two that are dropped: due feeds are found by a walk over all feeds, and only polls with a document are looked up by feed.
POLLS: Final = """
DROP INDEX feed_due;
DROP INDEX poll_feed;
CREATE INDEX poll_document ON poll (feed_id, at) WHERE status = 'ok';
CREATE INDEX feed_url ON feed (url)
"""
