"""The three counts of a story as columns of a table, and as one phrase under its headline."""

from __future__ import annotations

from aggregator.cli.tables import Column
from aggregator.text.counts import three_counts

ENTRIES = Column(
    "entries",
    lambda row: str(row["entries"]),
    right=True,
    under=lambda row: three_counts(row["entries"], row["reports"], row["publishers"]),
)
INDEPENDENT = Column("independent", lambda row: str(row["reports"]), right=True, under=lambda row: "")
PUBLISHERS = Column("publishers", lambda row: str(row["publishers"]), right=True, under=lambda row: "")
COUNT_COLUMNS = (ENTRIES, INDEPENDENT, PUBLISHERS)
