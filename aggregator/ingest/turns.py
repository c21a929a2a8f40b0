"""How long a writer of much holds the database, and how long it then lets editors and other processes write."""

from __future__ import annotations

# Seconds for which a long writer keeps others from writing before it lets them: it ends the entry in hand and brings its
# stories up to date, which takes as long again at most. The room between is found by whoever waits, who looks every two
# milliseconds.
HELD, ROOM = 0.08, 0.01
