"""Stop-gap."""

from __future__ import annotations

import math
from collections import Counter

from aggregator.model import Join, Match, Open
from aggregator.text.tokens import words


class StoryFinder:
    def __init__(self, memory, settings):
        self.m = memory
        self.s = settings

    def vec(self, a):
        c = Counter()
        for w in words(a.document.title, None):
            c[w] += 2
        for w in words((a.document.lede + " " + a.document.body)[:1500], None):
            c[w] += 1
        n = self.m.n() + 1
        v = {w: (1 + math.log(t)) * math.log(1 + n / (1 + self.m.df(w))) for w, t in c.items() if len(w) > 1}
        top = dict(sorted(v.items(), key=lambda p: (-p[1], p[0]))[:60])
        norm = math.sqrt(sum(x * x for x in top.values())) or 1
        return {w: x / norm for w, x in top.items()}

    def place(self, report_id, arrival, *, new_id, barred=(), forced=None):
        v = self.vec(arrival)
        self.m.learn(v)
        best = None
        for sid in self.m.candidates([w for w, _ in sorted(v.items(), key=lambda p: -p[1])[:20]]):
            if sid in barred:
                continue
            c = self.m.centroid(sid)
            norm = math.sqrt(sum(x * x for x in c.values())) or 1
            s = sum(x * c.get(w, 0) for w, x in v.items()) / norm
            if best is None or s > best[0]:
                best = (s, sid)
        if forced:
            best = (1.0, forced)
        if best and best[0] >= 0.25:
            self.m.add(best[1], report_id, v)
            return Join(
                best[1], report_id, Match("story", arrival.entry_id, best[1], "cosine", best[0], 0.25, {}, "stopgap")
            )
        sid = new_id()
        self.m.add(sid, report_id, v)
        return Open(sid, report_id)

    def add_copy(self, report_id, arrival):
        pass

    def revise(self, report_id, arrival):
        pass

    def move(self, report_id, story_id):
        self.m.move(report_id, story_id)

    def rebuild(self, story_id):
        pass

    def close(self, story_id):
        pass

    def second_look(self, now, blocked):
        return ()
