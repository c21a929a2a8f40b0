"""Reports made up for the tests of the stories stage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from aggregator.clustering.graph import GraphUpdate, StoryGraph
from aggregator.clustering.params import DEFAULT, ClusteringParams
from aggregator.clustering.report_constraints import NO_CONSTRAINTS, ReportConstraints
from aggregator.clustering.scoring import Scorer
from aggregator.clustering.vectorize import vectorize
from aggregator.clustering.vectors import ReportVector
from aggregator.model import Document

MORNING = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)


def report(
    title: str,
    text: str = "",
    *,
    publisher: str = "Alpha",
    hours: float = 0.0,
    language: str | None = "en",
    dated: bool = True,
) -> ReportVector:
    """Return the vector of a report that came so many hours after the morning."""
    document = Document(title, "", text, language, None, "")
    return vectorize(document, publisher, MORNING + timedelta(hours=hours), dated)


def group(
    reports: Iterable[tuple[str, ReportVector]],
    constraints: ReportConstraints = NO_CONSTRAINTS,
    params: ClusteringParams = DEFAULT,
    scorer: Scorer | None = None,
) -> GraphUpdate:
    """Return the stories and storylines of a set of reports."""
    graph = StoryGraph(params, scorer)
    graph.add_all(reports)
    return graph.settle(constraints)


# Three events told by several houses, and some that stand alone.
DESK = {
    "ferry-1": report(
        "Ferry Norbanka runs aground off Vasstrand with 212 aboard",
        "The ferry Norbanka struck a reef off Vasstrand on Tuesday; coastguard crews took all 212 people off.",
        publisher="Alpha",
    ),
    "ferry-2": report(
        "All 212 rescued after ferry Norbanka hits reef near Vasstrand",
        "Coastguard crews rescued everyone aboard the Norbanka after the ferry ran aground near Vasstrand.",
        publisher="Beta",
        hours=1,
    ),
    "ferry-3": report(
        "Norbanka ferry aground: passengers safe in Vasstrand",
        "Passengers of the ferry Norbanka, which ran onto a reef, were brought to Vasstrand by the coastguard.",
        publisher="Gamma",
        hours=2,
    ),
    "bank-1": report(
        "Halvorsen Bank fined 40 million crowns over Drovnia accounts",
        "The regulator fined Halvorsen Bank 40 million crowns for lax checks on accounts held in Drovnia.",
        publisher="Alpha",
        hours=3,
    ),
    "bank-2": report(
        "Regulator fines Halvorsen Bank over accounts in Drovnia",
        "Lax checks on Drovnia accounts cost Halvorsen Bank a fine of 40 million crowns, the regulator said.",
        publisher="Delta",
        hours=5,
    ),
    "chess-1": report(
        "Ilmari Koskela, 17, wins Tarn chess masters",
        "Teenager Ilmari Koskela won the Tarn masters with a draw in the last round.",
        publisher="Beta",
        hours=6,
    ),
    "chess-2": report(
        "Teenager Koskela takes Tarn masters title",
        "A draw was enough for Ilmari Koskela, 17, to win the chess masters in Tarn.",
        publisher="Gamma",
        hours=7,
    ),
    "alone-1": report("Museum of glass reopens in Ostrel", "The museum of glass opens again after two years.", hours=8),
    "alone-2": report(
        "Growers expect a poor plum harvest", "A late frost has cost growers most of the plums.", hours=9
    ),
    "alone-3": report(
        "Tram drivers in Leuvik vote for a strike", "The union of tram drivers wants more pay.", hours=10
    ),
}
EVENTS = ("ferry", "bank", "chess")
