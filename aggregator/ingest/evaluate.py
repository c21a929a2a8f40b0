"""Evaluation against a labelled archive: its entries take the usual path, in a scratch database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from aggregator.clustering.metrics import Figures, score
from aggregator.exceptions import UsageError
from aggregator.ingest.archive_order import load
from aggregator.ingest.archives import Importer
from aggregator.model import Skip
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.entry_rows import Place

Level = Literal["report", "story", "storyline"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The agreement of one archive's stories with its labels."""

    path: Path
    figures: Figures
    skips: tuple[Skip, ...]
    labels: dict[str, str]
    places: dict[str, Place]
    ids: dict[str, str]


def evaluate(
    path: Path,
    settings: Settings,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, total: None,
    level: Level = "story",
) -> Evaluation:
    """Cluster a labelled archive from nothing and score its reports, stories or storylines.

    UsageError where no line has a label.
    """
    entries, skips = load(path)
    labels = {str(one.line): one.cluster for one in entries if one.cluster is not None}
    if not labels:
        raise UsageError(f"{path}: no line has a 'cluster'; evaluate needs labels to compare with")
    ids = {str(one.line): one.data.key for one in entries}
    with Store(None) as store:
        importer = Importer(store, settings, families(()), now)
        places = importer.record_places(entries, progress)
    labels = {line: label for line, label in labels.items() if line in places}
    labelled = {line: place for line, place in places.items() if line in labels}
    predicted = {line: _group(place, level) for line, place in labelled.items()}
    return Evaluation(path, score(labels, predicted), skips, labels, labelled, ids)


def _group(place: Place, level: Level) -> str:
    """Return the group of an entry on a level; a story without a storyline is one of its own."""
    if level == "report":
        return place.report
    return place.story if level == "story" else place.storyline or place.story


def predictions(result: Evaluation) -> str:
    """Return the predicted group of each labelled line, as JSON Lines under the archive's own ids."""
    rows = (
        {
            "id": result.ids[line],
            "cluster": result.labels[line],
            "report_id": place.report,
            "story_id": place.story,
            "storyline_id": place.storyline,
        }
        for line, place in result.places.items()
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
