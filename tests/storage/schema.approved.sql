CREATE VIEW feed_health AS
SELECT coalesce(name, title, url) AS feed, url, publisher, last_ok, failures, last_error, next_fetch, possible_gaps,
       (SELECT count(*) FROM entry WHERE entry.feed_id = feed_now.id) AS entries
FROM feed_now WHERE followed;

CREATE VIEW feed_now AS
SELECT feed.id, key, kind, url, name, title, publisher, category, language, authority, agency, followed, paused, added,
       fetch_url, etag, last_modified, content_hash, coalesce(waiting.next_fetch, feed.next_fetch) AS next_fetch,
       coalesce(waiting.at, last_fetch) AS last_fetch, coalesce(waiting.at, last_ok) AS last_ok, failures, first_failed,
       last_failed, last_error, force_unconditional, gone_since, gone, moved_to, moved_since, moved_seen,
       iif(waiting.at IS NULL, feed.learned_interval, waiting.learned_interval) AS learned_interval,
       iif(waiting.at IS NULL, feed.entries_per_week, waiting.entries_per_week) AS entries_per_week, last_new, hints,
       iif(waiting.at IS NULL, feed.fresh_until, waiting.fresh_until) AS fresh_until, bad_guids, ill_formed,
       possible_gaps, last_gap
FROM feed LEFT JOIN poll_waiting AS waiting ON waiting.feed_id = feed.id;

CREATE VIEW poll_waiting AS
SELECT feed_id, at, next_fetch, learned_interval, entries_per_week, fresh_until FROM (
  SELECT feed_id, max(id), at, next_fetch, learned_interval, entries_per_week, fresh_until FROM poll
  WHERE id > coalesce((SELECT CAST(value AS INTEGER) FROM fact WHERE name = 'polls folded'), 0) GROUP BY feed_id)
WHERE next_fetch IS NOT NULL;

CREATE VIEW story_entry AS
SELECT story.id AS story_id, story.title AS story, entry.report_id, entry.id AS entry_id, entry.title,
       entry.publisher, entry.agency, entry.url, entry.published, entry.first_seen,
       entry.id = story.canonical_entry AS canonical
FROM entry JOIN story ON story.id = entry.story_id;

CREATE TRIGGER entry_arrives AFTER INSERT ON entry BEGIN 
  INSERT INTO arrival VALUES (new.feed_id, substr(new.time, 1, 13), new.time, new.time, 1)
  ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last), entries = entries + 1;
 END;

CREATE TRIGGER entry_is_dated AFTER UPDATE OF feed_id, time ON entry WHEN old.time <> new.time OR old.feed_id <> new.feed_id BEGIN 
  UPDATE arrival SET entries = entries - 1 WHERE feed_id = old.feed_id AND hour = substr(old.time, 1, 13);
  DELETE FROM arrival WHERE feed_id = old.feed_id AND hour = substr(old.time, 1, 13) AND entries <= 0;
 
  INSERT INTO arrival VALUES (new.feed_id, substr(new.time, 1, 13), new.time, new.time, 1)
  ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last), entries = entries + 1;
 END;

CREATE TRIGGER entry_leaves AFTER DELETE ON entry BEGIN 
  UPDATE arrival SET entries = entries - 1 WHERE feed_id = old.feed_id AND hour = substr(old.time, 1, 13);
  DELETE FROM arrival WHERE feed_id = old.feed_id AND hour = substr(old.time, 1, 13) AND entries <= 0;
 END;

CREATE TABLE alert (
  id TEXT PRIMARY KEY,
  watch TEXT NOT NULL REFERENCES watch (name) ON DELETE CASCADE,
  story_id TEXT NOT NULL,
  at TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('new', 'publishers', 'correction', 'facts')),
  sentence TEXT NOT NULL,
  payload TEXT NOT NULL
) STRICT;

CREATE TABLE alert_entry (
  watch TEXT NOT NULL REFERENCES watch (name) ON DELETE CASCADE,
  entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  matched INTEGER NOT NULL,
  revisions INTEGER NOT NULL,
  correction TEXT,
  PRIMARY KEY (watch, entry_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE amendment (
  id INTEGER PRIMARY KEY,
  entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  field TEXT NOT NULL CHECK (field IN ('published', 'author', 'categories')),
  before TEXT,
  after TEXT,
  at TEXT NOT NULL
) STRICT;

CREATE TABLE arrival (
  feed_id INTEGER NOT NULL REFERENCES feed (id) ON DELETE CASCADE,
  hour TEXT NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  entries INTEGER NOT NULL,
  PRIMARY KEY (feed_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE band (
  band_key INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (band_key, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE band_waiting (
  shard INTEGER NOT NULL,
  number INTEGER NOT NULL,
  keys BLOB NOT NULL,
  PRIMARY KEY (shard, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE "decision" (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('merge', 'split', 'move', 'pin', 'forbid', 'name', 'tie', 'untie')),
  by TEXT NOT NULL,
  at TEXT NOT NULL,
  sentence TEXT NOT NULL,
  arguments TEXT NOT NULL,
  before TEXT NOT NULL,
  undone_at TEXT,
  undone_by TEXT
) STRICT;

CREATE TABLE "decision_entry" (
  decision_id INTEGER NOT NULL REFERENCES "decision" (id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('left', 'right')),
  entry_id TEXT NOT NULL,
  sign TEXT NOT NULL CHECK (sign IN ('together', 'apart', 'tied', 'untied')),
  PRIMARY KEY (decision_id, part, side, entry_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  target TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try TEXT,
  delivered TEXT,
  error TEXT,
  UNIQUE (alert_id, target)
) STRICT;

CREATE TABLE edition (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  since TEXT NOT NULL,
  until TEXT NOT NULL,
  made TEXT NOT NULL,
  stories INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE ending_story (
  story_id TEXT PRIMARY KEY REFERENCES story (id) ON DELETE CASCADE,
  into_id TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE entry_alias (
  feed_id INTEGER NOT NULL REFERENCES feed (id),
  key TEXT NOT NULL,
  entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  PRIMARY KEY (feed_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry_fault (
  id INTEGER PRIMARY KEY,
  feed_id INTEGER NOT NULL REFERENCES feed (id) ON DELETE CASCADE,
  step TEXT NOT NULL,
  entry TEXT NOT NULL,
  error TEXT NOT NULL,
  given TEXT NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  times INTEGER NOT NULL,
  UNIQUE (feed_id, step, entry)
) STRICT;

CREATE VIRTUAL TABLE entry_fts USING fts5 (title, text, tokenize = 'unicode61 remove_diacritics 0');

CREATE TABLE fact (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE line (
  feed_id INTEGER NOT NULL REFERENCES feed (id) ON DELETE CASCADE,
  hash INTEGER NOT NULL,
  reports INTEGER NOT NULL,
  last_report TEXT NOT NULL,
  last_entry INTEGER NOT NULL,
  PRIMARY KEY (feed_id, hash)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE moved_report (
  report_id TEXT PRIMARY KEY REFERENCES report (id) ON DELETE CASCADE,
  decision_id INTEGER
) STRICT, WITHOUT ROWID;

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
, gap INTEGER NOT NULL DEFAULT 0, next_fetch TEXT, learned_interval REAL, entries_per_week REAL, fresh_until TEXT) STRICT;

CREATE TABLE reclustered_entry (
  entry_id TEXT PRIMARY KEY,
  story_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE report (
  id TEXT PRIMARY KEY,
  story_id TEXT REFERENCES story (id),
  agency TEXT,
  entries INTEGER NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL
) STRICT;

CREATE TABLE report_vector (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  report_id TEXT NOT NULL UNIQUE,
  entry_id TEXT NOT NULL,
  words INTEGER NOT NULL,
  time REAL NOT NULL,
  language TEXT,
  version TEXT NOT NULL,
  vector BLOB
, meaning_version TEXT, meaning BLOB) STRICT;

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

CREATE TABLE sketch (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  entry_id TEXT NOT NULL UNIQUE,
  report_id TEXT NOT NULL,
  feed TEXT NOT NULL,
  publisher TEXT NOT NULL,
  title TEXT NOT NULL,
  url TEXT,
  numbers TEXT NOT NULL,
  time TEXT NOT NULL,
  version TEXT NOT NULL,
  signature BLOB NOT NULL,
  shingles BLOB NOT NULL,
  words INTEGER NOT NULL
) STRICT;

CREATE TABLE sqlite_sequence(name,seq);

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
, storyline_id TEXT REFERENCES storyline (id)) STRICT;

CREATE TABLE story_redirect (
  old_id TEXT PRIMARY KEY,
  story_id TEXT,
  at TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE storyline (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  name TEXT,
  named_by TEXT,
  stories INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  reports INTEGER NOT NULL,
  publishers INTEGER NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  opened TEXT NOT NULL,
  changed TEXT NOT NULL
) STRICT;

CREATE TABLE storyline_redirect (
  old_id TEXT PRIMARY KEY,
  storyline_id TEXT,
  at TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE unsettled_report (
  report_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE watch (
  name TEXT PRIMARY KEY,
  query TEXT NOT NULL,
  targets TEXT NOT NULL,
  added TEXT NOT NULL,
  by TEXT NOT NULL
) STRICT;

CREATE INDEX alert_entry_entry ON alert_entry (entry_id);

CREATE INDEX alert_story ON alert (story_id);

CREATE INDEX alert_watch ON alert (watch, at);

CREATE INDEX amendment_entry ON amendment (entry_id, field);

CREATE INDEX decision_entry_entry ON decision_entry (entry_id);

CREATE INDEX delivery_waiting ON delivery (next_try, target) WHERE state = 'waiting';

CREATE INDEX edition_until ON edition (until);

CREATE INDEX entry_alias_entry ON entry_alias (entry_id);

CREATE INDEX entry_corrections ON entry (time) WHERE correction IS NOT NULL;

CREATE INDEX entry_fault_last ON entry_fault (last);

CREATE INDEX entry_feed_seen ON entry (feed_id, last_seen);

CREATE INDEX entry_first_seen ON entry (first_seen);

CREATE INDEX entry_report ON entry (report_id);

CREATE INDEX entry_story ON entry (story_id, time);

CREATE INDEX feed_url ON feed (url);

CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");

CREATE INDEX line_repeated ON line (feed_id, hash) WHERE reports >= 3;

CREATE INDEX match_decision ON match (parameters) WHERE kind = 'editor';

CREATE INDEX match_entry ON match (entry_id);

CREATE INDEX match_report ON match (report_id);

CREATE INDEX match_story ON match (story_id);

CREATE INDEX poll_at ON poll (at);

CREATE INDEX poll_document ON poll (feed_id, at) WHERE status = 'ok';

CREATE INDEX report_story ON report (story_id);

CREATE INDEX report_vector_time ON report_vector (time);

CREATE INDEX revision_replaced ON revision (replaced);

CREATE INDEX sketch_report ON sketch (report_id);

CREATE INDEX sketch_time ON sketch (time);

CREATE INDEX story_by_entries ON story (entries DESC, reports DESC, publishers DESC, last_seen DESC, id);

CREATE INDEX story_by_publishers ON story (publishers DESC, reports DESC, entries DESC, last_seen DESC, id);

CREATE INDEX story_first_seen ON story (first_seen);

CREATE INDEX story_last_seen ON story (last_seen);

CREATE INDEX story_redirect_target ON story_redirect (story_id);

CREATE INDEX story_storyline ON story (storyline_id);

CREATE INDEX storyline_last_seen ON storyline (last_seen);

CREATE INDEX storyline_redirect_target ON storyline_redirect (storyline_id);
