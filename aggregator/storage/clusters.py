"""Stop-gap."""

from __future__ import annotations

import json

TABLES = """
CREATE TABLE sg_df (w TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
CREATE TABLE sg_rep (report_id TEXT PRIMARY KEY, story_id TEXT NOT NULL, v TEXT NOT NULL) STRICT;
CREATE TABLE sg_post (w TEXT NOT NULL, story_id TEXT NOT NULL, PRIMARY KEY (w, story_id)) STRICT;
CREATE INDEX sg_story ON sg_rep (story_id)
"""


class ClusterStore:
    def __init__(self, c):
        self.c = c

    def n(self):
        return self.c.execute("SELECT count(*) FROM sg_rep").fetchone()[0]

    def df(self, w):
        r = self.c.execute("SELECT n FROM sg_df WHERE w=?", (w,)).fetchone()
        return r[0] if r else 0

    def learn(self, v):
        self.c.executemany("INSERT INTO sg_df VALUES (?,1) ON CONFLICT (w) DO UPDATE SET n=n+1", [(w,) for w in v])

    def candidates(self, ws):
        out = {}
        for w in ws:
            for (s,) in self.c.execute("SELECT story_id FROM sg_post WHERE w=? LIMIT 50", (w,)):
                out[s] = 1
        return list(out)

    def centroid(self, sid):
        c = {}
        for (v,) in self.c.execute("SELECT v FROM sg_rep WHERE story_id=?", (sid,)):
            for w, x in json.loads(v).items():
                c[w] = c.get(w, 0) + x
        return c

    def add(self, sid, rid, v):
        self.c.execute("INSERT INTO sg_rep VALUES (?,?,?)", (rid, sid, json.dumps(v)))
        self.c.executemany("INSERT OR IGNORE INTO sg_post VALUES (?,?)", [(w, sid) for w in v])

    def move(self, rid, sid):
        self.c.execute("UPDATE sg_rep SET story_id=? WHERE report_id=?", (sid, rid))

    def prune(self, before):
        return 0
