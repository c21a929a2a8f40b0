"""Log lines of reclustering after an upgrade."""

from __future__ import annotations

import logging

from aggregator.daemon.notify import notify
from aggregator.ingest.clustering_changes import Outcome
from aggregator.ingest.recluster import Progress

log = logging.getLogger("aggregator.daemon")

CHANGES_LOGGED = 10  # changes that are logged; `recluster` prints more


def log_reclustering(reached: Progress | Outcome) -> None:
    """Log the progress of reclustering, or at its end the changes."""
    if isinstance(reached, Progress):
        percent = 100 * reached.done // max(1, reached.total)
        log.info("stories are clustered anew after an upgrade: %d %%", percent)
        notify(f"STATUS=clustering anew, {percent} %")
        return
    log.info("stories were clustered anew: %s", reached.sentence)
    for change in reached.changes[:CHANGES_LOGGED]:
        log.info("%s of %s: %s", change.change, " ".join(change.stories), change.title)
