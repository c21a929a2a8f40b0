"""Tables that an earlier migration makes and a later one drops; they stay here because shipped migrations are never changed."""

from __future__ import annotations

from typing import Final

# The state of the stories stage before reports were compared in pairs.
STORY_MEMORY: Final = """
CREATE TABLE story_vector (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  report_id TEXT NOT NULL UNIQUE,
  entry_id TEXT NOT NULL,
  story_id TEXT NOT NULL,
  language TEXT,
  time REAL NOT NULL,
  dated INTEGER NOT NULL,
  version TEXT NOT NULL,
  vector BLOB NOT NULL
) STRICT;
CREATE INDEX story_vector_story ON story_vector (story_id, number);
CREATE INDEX story_vector_time ON story_vector (time);

CREATE TABLE story_term (
  term INTEGER NOT NULL,
  number INTEGER NOT NULL,
  weight REAL NOT NULL,
  PRIMARY KEY (term, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_word (
  language TEXT NOT NULL,
  term TEXT NOT NULL,
  documents REAL NOT NULL,
  cased REAL NOT NULL,
  capitals REAL NOT NULL,
  PRIMARY KEY (language, term)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_memory (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

MEANINGS: Final = """
CREATE TABLE story_meaning (
  number INTEGER PRIMARY KEY,
  version TEXT NOT NULL,
  vector BLOB NOT NULL,
  signs TEXT NOT NULL
) STRICT;
"""
