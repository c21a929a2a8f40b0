"""How long one transaction of a long writer lasts, and how long the writer then pauses for others."""

from __future__ import annotations

# Seconds. A long writer ends the entry in hand after the first, and brings its stories up to date, which takes as long
# again at most. Whoever waits for the lock looks every two milliseconds, and so finds the pause.
MAX_TRANSACTION, PAUSE = 0.08, 0.01
