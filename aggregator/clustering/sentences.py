"""Stop-gap."""

from aggregator.model import Match


def sentence(match: Match) -> str:
    return f"{match.method} {match.score:.2f} where {match.threshold:.2f} is needed."
