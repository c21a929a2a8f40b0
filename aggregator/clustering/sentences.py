"""Why an entry stands where it stands, in one true sentence: of copies, of reports that tell one event, of editors' verbs."""

from __future__ import annotations

from datetime import datetime

from aggregator.model import Evidence, Match

MIN_WORDS = 12  # of a text that is compared by its shingles (sketch.MIN_WORDS, which would bring numpy to every start)


def sentence(match: Match) -> str:
    """Return one true sentence about an edge."""
    if match.kind == "copy":
        return _copy(match)
    if match.kind == "editor":
        return _editor(match)
    return _story(match)


def _story(match: Match) -> str:
    return f"Tells what {match.other_id} tells; score {match.score:.2f}, needed {match.threshold:.2f}."


def _copy(match: Match) -> str:
    proof = match.evidence
    other = _whose(proof)
    share = max(_number(proof.get("jaccard")), _number(proof.get("containment")))
    if match.method == "link":
        return f"The same page as {other}: one address."
    if match.method == "title":
        longest = max(_number(proof.get("words")), _number(proof.get("other_words")))
        who = "neither has" if longest < MIN_WORDS else "one of them lacks"
        return f"The same headline as {other}, and {who} a text to compare."
    heading = "" if proof.get("same_title", True) else " under another headline"
    if share <= 0:
        return f"Same text as {other}{heading}; score {match.score:.2f}, needed {match.threshold:.2f}."
    if match.method == "containment":
        return f"One text stands in the other, {other}{heading}: {share:.0%} of the shorter one's shingles."
    return f"Same text as {other}{heading}: {_number(proof.get('jaccard')):.0%} of the shingles of both."


def _editor(match: Match) -> str:
    by, reason = match.evidence.get("by"), match.evidence.get("reason")
    who = f"by {by}" if by else "by an editor"
    return f"Put here {who}{f': {reason}' if reason else ''}."


def _whose(proof: Evidence) -> str:
    publisher, when = proof.get("other_publisher"), proof.get("other_time")
    told = f"{publisher}'s entry" if publisher else "an entry"
    if isinstance(when, str):
        try:
            told += f" of {datetime.fromisoformat(when):%H:%M}"
        except ValueError:
            pass
    return told


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
