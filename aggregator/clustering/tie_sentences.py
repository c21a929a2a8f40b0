"""Sentences that explain why two stories are tied, or what is missing for a tie."""

from __future__ import annotations

from datetime import UTC, tzinfo

from aggregator.clustering.sentences import (
    NEAR,
    author,
    doubt,
    gap,
    number,
    rarity,
    shared_words,
    texts,
)
from aggregator.model import Evidence, Match
from aggregator.text.counts import enumerated

# Reason why two stories are apart -> the words for it.
MISSING = {
    "link": "nothing links the two stories: probability {event:.2f} of one event, needed {event_needed:.2f} for a link",
    "candidate": "nothing links the two stories: no report of one is among the nearest of the other's",
    "weak": "too weak a link: probability {event:.2f} of one event, needed {event_needed:.2f} for a tie",
    "affair": "too little that is unusual: probability {affair:.2f} of one affair, needed {affair_needed:.2f}",
    "mean": "too little as a whole: probability {mean:.2f} of one event by {by}, needed {event_needed:.2f}",
    "days": "enough for a tie, but the storyline would span {days:.1f} days, and {most_days:.0f} are the most",
    "reports": "enough for a tie, but the storyline would hold {size:,} reports, and {most_size:,} are the most",
    "whole": "enough for these two, but on average too little with the other stories that each is tied to",
}


def tied(match: Match, zone: tzinfo = UTC, *, by_itself: bool = True) -> str:
    """Return a sentence about what the two most similar reports of tied stories share, how rare it is, and the evidence against.

    ``by_itself`` is False where the links are enough only with those of the storyline's other stories.
    """
    proof = match.evidence
    event = (
        f"{number(proof['mean']):.2f} of one event by {_averaged(proof)}, needed {number(proof['event_needed']):.2f}"
    )
    affair = ""
    if proof.get("affair") is not None:
        affair = f"{number(proof['affair']):.2f} of one affair, needed {number(proof['affair_needed']):.2f}, and "
    others = "" if by_itself else ", which it is with the links of the storyline's other stories"
    return f"{_clause(proof, zone)}; probability {affair}{event}{others}."


def alike(match: Match, zone: tzinfo = UTC) -> str:
    """Return a sentence about what the two most similar reports of two tied stories share, without figures."""
    return f"{_clause(match.evidence, zone)}."


def untied(match: Match, missing: str, zone: tzinfo = UTC) -> str:
    """Return a sentence about what the two most similar reports of two stories share, and the reason ``missing`` (see ``MISSING``)."""
    proof = {**match.evidence, "by": _averaged(match.evidence)}
    return f"{_clause(proof, zone, ' are the nearest of both: they', 'share no telling word')}; {MISSING[missing].format(**proof)}."


def _clause(proof: Evidence, zone: tzinfo, who: str = "", nothing: str = "resemble each other") -> str:
    """Return a clause about what the two reports share, their times, and the evidence against; ``nothing`` where no word is shared."""
    hours = proof.get("hours")
    mine = {"other_publisher": proof.get("publisher"), "other_time": proof.get("time"), "hours": hours}
    one, words = author(mine, zone), shared_words(proof)
    what = f"share {enumerated(words)}{rarity(proof)}" if words else nothing
    if "meaning" in proof:
        nearness, signs = number(proof["meaning"]), texts(proof.get("shared_signs"))
        near = f"are {'far' if nearness < NEAR else 'near'} in meaning ({nearness:.2f})"
        what = f"{near} and share {enumerated(signs)}" if signs else near
    return f"{one[0].upper()}{one[1:]} and {author(proof, zone)}{who} {what}{gap(proof)}{doubt(proof)}"


def _averaged(proof: Evidence) -> str:
    averaged, found = int(number(proof.get("averaged"))), int(number(proof.get("links")))
    if found >= averaged:
        return f"the best {averaged:,} links on average"
    return f"the average of {averaged:,} links, of which {averaged - found:,} {'is' if averaged - found == 1 else 'are'} missing"
