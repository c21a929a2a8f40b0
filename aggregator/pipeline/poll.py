"""One pass over feeds: fetch in threads, prepare in workers, save one feed a transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from queue import Empty, SimpleQueue

from aggregator.model import Feed, FeedOutcome, FetchFailure, FetchOutcome, NotModified, Response
from aggregator.pipeline.prepare import Preparation, Prepared, prepare
from aggregator.storage.feeds import StoredFeed

Progress = Callable[[FeedOutcome, int, int], None]
