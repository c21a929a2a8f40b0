"""One pass over feeds: fetch in threads, prepare in workers, save one feed a transaction."""

from __future__ import annotations
