"""Schema changes of migration m008: tables for stories of pairs and for storylines, without the former ones."""

from __future__ import annotations

from typing import Final

from aggregator.storage import reclustering, report_vectors

STORYLINES: Final = """
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
CREATE INDEX storyline_last_seen ON storyline (last_seen);
CREATE TABLE storyline_redirect (
  old_id TEXT PRIMARY KEY,
  storyline_id TEXT,
  at TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX storyline_redirect_target ON storyline_redirect (storyline_id);
ALTER TABLE story ADD COLUMN storyline_id TEXT REFERENCES storyline (id);
CREATE INDEX story_storyline ON story (storyline_id);
"""

# The two tables of decisions are made anew, because SQLite cannot change a CHECK.
PAIRS: Final = """
INSERT INTO report_vector (report_id, entry_id, words, time, language, version, vector)
  SELECT report_id, entry_id, 0, time, language, version, x'' FROM story_vector ORDER BY number;
INSERT INTO unsettled_report (report_id) SELECT report.id FROM report JOIN unsettled USING (story_id);
INSERT INTO reclustered_entry SELECT e.id, e.story_id FROM entry e JOIN report_vector v USING (report_id) WHERE e.story_id IS NOT NULL;
INSERT INTO fact (name, value) SELECT 'recluster', '0' FROM story LIMIT 1;
DROP TABLE unsettled;
DROP TABLE story_vector;
DROP TABLE story_term;
DROP TABLE story_word;
DROP TABLE story_memory;
DROP TABLE story_meaning;
CREATE INDEX match_report ON match (report_id);
CREATE TABLE decision_new (
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
CREATE TABLE decision_entry_new (
  decision_id INTEGER NOT NULL REFERENCES decision_new (id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('left', 'right')),
  entry_id TEXT NOT NULL,
  sign TEXT NOT NULL CHECK (sign IN ('together', 'apart', 'tied', 'untied')),
  PRIMARY KEY (decision_id, part, side, entry_id)
) STRICT, WITHOUT ROWID;
INSERT INTO decision_new SELECT * FROM decision;
INSERT INTO decision_entry_new SELECT decision_id, part, side, entry_id, sign FROM decision_entry;
DROP TABLE decision_entry;
DROP TABLE decision;
ALTER TABLE decision_new RENAME TO decision;
ALTER TABLE decision_entry_new RENAME TO decision_entry;
CREATE INDEX decision_entry_entry ON decision_entry (entry_id);
"""

SCRIPTS: Final = (report_vectors.TABLES, reclustering.TABLES, STORYLINES, PAIRS)  # in the order in which they are run
