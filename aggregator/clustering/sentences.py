"""Sentences that explain why an entry is in its story: it is a copy, is about the same event, or an editor put it there."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from aggregator.model import Evidence, Match
from aggregator.text.counts import amount, enumerated

NEAR = 0.35  # cosine below which two texts are not near in meaning
NEARLY = 0.6  # cosine from which on two texts mean nearly the same
MAX_HOURS_SAME_DAY = 12  # hours between two entries up to which a time is given without its day
# The reason why two similar reports are in two stories: the mean over all pairs is too low, or the own names differ (own_names.py).
NOT_AS_A_WHOLE = (
    ": enough for these two, but not for both stories: on average with the others of both it is too little, or each of the"
    " stories names what the other does not"
)
PAST_THE_WINDOW = "They are too far apart in time to be compared: one of them is past the window."
MIN_WORDS = 12  # of a text that is compared by its shingles (sketch.MIN_WORDS, which would bring numpy to every start)


def sentence(match: Match, zone: tzinfo = UTC) -> str:
    """Return one true sentence about an edge, with times in the desk's zone."""
    if match.kind == "copy":
        return _copy(match, zone)
    if match.kind == "editor":
        return _editor(match)
    return _story(match, zone)


def _story(match: Match, zone: tzinfo) -> str:
    """Return a sentence about what a report shares with another of its story, how rare that is, and the evidence against it."""
    proof = match.evidence
    shared, whose = shared_words(proof), author(proof, zone)
    if "meaning" in proof:
        return f"{_across(proof, zone)}{gap(proof)}; probability {match.score:.2f}, needed {match.threshold:.2f}."
    clause = f"Shares {enumerated(shared)} with {whose}{rarity(proof)}" if shared else f"Resembles {whose}"
    return f"{clause}{gap(proof)}{doubt(proof)}; probability {match.score:.2f}, needed {match.threshold:.2f}."


def apart(match: Match, zone: tzinfo = UTC) -> str:
    """Return a sentence about why a report is not in a story: what the nearest pair shares, and what is missing."""
    proof = match.evidence
    shared = shared_words(proof)
    if "meaning" in proof:
        clause = f"{_across(proof, zone)}, the nearest of that story; probability {match.score:.2f}, needed {match.threshold:.2f}"
        return f"{clause}{NOT_AS_A_WHOLE if match.score >= match.threshold else ''}."
    clause = f"Shares {enumerated(shared) if shared else 'no telling word'} with {author(proof, zone)}, the nearest of that story"
    against = texts(proof.get("against"))
    missing = f"; {enumerated(against)}" if against else ""
    figures = f"probability {match.score:.2f}, needed {match.threshold:.2f}"
    if match.score >= match.threshold:
        return f"{clause}{missing}; {figures}{NOT_AS_A_WHOLE}."
    holders, reports = int(number(proof.get("holders"))), int(number(proof.get("reports")))
    common = f" ({holders:,} of the {reports:,} recent reports have that)" if holders > 2 else ""
    return f"{clause}{', which is too little' if shared else ''}{common}{missing}; {figures}."


def _across(proof: Evidence, zone: tzinfo) -> str:
    """Return a clause about how near two texts of different languages are in meaning, with the evidence for and against it."""
    nearness, language = number(proof.get("meaning")), proof.get("other_language")
    clause = "Means nearly the same as" if nearness >= NEARLY else "Is near in meaning to"
    if nearness < NEAR:
        clause = "Is far in meaning from"
    signs = texts(proof.get("shared_signs"))
    common = f" and shares {enumerated(signs)}" if signs else ""
    return (
        f"{clause} {author(proof, zone)}{f' in {language}' if language else ''} ({nearness:.2f}){common}{doubt(proof)}"
    )


def different_languages(one: str | None, other: str | None) -> str:
    """Return the sentence for reports kept apart by their languages."""
    return f"They are in different languages ({one or 'unknown'} and {other or 'unknown'}), which are not compared."


def too_long_between(hours: float, window: float) -> str:
    """Return the sentence for reports kept apart by time; both arguments are hours."""
    return f"{_hours(hours)} lie between them, more than the window of {_hours(window)}."


def shared_words(proof: Evidence) -> list[str]:
    """Return the shared names and words in the evidence."""
    return [*texts(proof.get("shared_names")), *(f"'{word}'" for word in texts(proof.get("shared_words")))]


def rarity(proof: Evidence) -> str:
    """Return a clause about how many reports of the window hold all the shared names and words in the evidence."""
    holders, reports = int(number(proof.get("holders"))), int(number(proof.get("reports")))
    if not holders or reports <= 2:
        return ""
    if holders <= 2:
        return f", which no other of the {reports:,} recent reports has"
    return f", which {holders:,} of the {reports:,} recent reports have"


def gap(proof: Evidence) -> str:
    """Return a clause about the hours between the two reports."""
    hours = proof.get("hours")
    return "" if hours is None else f", within {_hours(number(hours))}"


def doubt(proof: Evidence) -> str:
    """Return a clause about the evidence against."""
    against = texts(proof.get("against"))
    return f"; against it: {enumerated(against)}" if against else ""


def _copy(match: Match, zone: tzinfo) -> str:
    proof = match.evidence
    other = author(proof, zone)
    share = max(number(proof.get("jaccard")), number(proof.get("containment")))
    if match.method == "link":
        return f"The same page as {other}: one address, and like texts or headlines."
    if match.method == "title":
        shortest, longest = sorted((number(proof.get("words")), number(proof.get("other_words"))))
        if shortest:
            who = "both texts are" if longest < MIN_WORDS else "one of the texts is"
            return f"The same headline as {other}, and {who} too short to be compared."
        who = "neither has" if longest < MIN_WORDS else "one of them lacks"
        return f"The same headline as {other}, and {who} a text to compare."
    heading = "" if proof.get("same_title", True) else " under another headline"
    if share <= 0:
        return f"Same text as {other}{heading}; score {match.score:.2f}, needed {match.threshold:.2f}."
    if match.method == "containment":
        return f"One text stands in the other, {other}{heading}: {share:.0%} of the shorter one's wording."
    return f"Same text as {other}{heading}: {number(proof.get('jaccard')):.0%} of the wording of both."


def _editor(match: Match) -> str:
    by, reason = match.evidence.get("by"), match.evidence.get("reason")
    who = f"by {by}" if by else "by an editor"
    return f"Put here {who}{f': {reason}' if reason else ''}."


def author(proof: Evidence, zone: tzinfo) -> str:
    """Return a phrase with the publisher and the time of the other entry."""
    publisher, when = proof.get("other_publisher"), proof.get("other_time")
    clause = f"{publisher}'s entry" if publisher else "an entry"
    if isinstance(when, str):
        try:
            moment = datetime.fromisoformat(when).astimezone(zone)
        except ValueError:
            return clause
        day = f"{moment.day} {moment:%B}, " if number(proof.get("hours")) > MAX_HOURS_SAME_DAY else ""
        clause += f" of {day}{moment:%H:%M}"
    return clause


def number(value: object) -> float:
    """Return a number of the evidence, 0 where it is none."""
    return float(value) if isinstance(value, (int, float)) else 0.0


def _hours(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    return amount(max(1, -(-round(hours * 60) // 60)), "hour")


def texts(value: object) -> list[str]:
    """Return the texts in a list of the evidence."""
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []
