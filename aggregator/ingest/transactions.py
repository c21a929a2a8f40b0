"""Time limits of long writers: seconds of one transaction, and of the pause after it."""

from __future__ import annotations

# Seconds. A long writer ends the entry in hand after the first, and brings its stories up to date, which takes as long
# again at most. Whoever waits for the lock looks every two milliseconds, and so finds the pause.
MAX_TRANSACTION, PAUSE = 0.08, 0.01
