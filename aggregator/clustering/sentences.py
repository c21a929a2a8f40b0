"""Why an entry stands where it stands, as evidence in JSON values and as one true sentence of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from aggregator.clustering.features import Terms, Vector
from aggregator.clustering.likeness import similarities
from aggregator.clustering.views import Stored, StoryView
from aggregator.model import Evidence, Match

SHOWN = 5  # names, terms and numbers of each kind that evidence lists
TELLING = 0.25  # of the weight of a text's heaviest term; what weighs less, such as 'on', tells nobody anything
MIN_WORDS = 12  # of a text that is compared by its shingles (sketch.MIN_WORDS, which would bring numpy to every start)
NEARLY = 0.6  # cosine of meanings from which two texts mean nearly the same; most translations are nearer


def evidence(vector: Vector, story: StoryView, near: Sequence[Stored]) -> Evidence:
    """Return what a report shares with a story, in its own spelling, and how near it is."""
    gap = story.gap(vector.time)
    names = _shared(vector, vector.names, story.whole.terms)
    title, text = similarities(vector, near)
    taken = {name.casefold() for name in names}
    words = _shared(vector, {t: w for t, w in _telling(vector).items() if not t[0].isdigit()}, story.whole.terms)
    return {
        "shared_names": names,
        "shared_terms": [word for word in words if word.casefold() not in taken][:SHOWN],
        "shared_numbers": _shared(vector, vector.numbers, story.numbers.terms),
        "hours": None if gap is None else round(gap / 3600, 1),
        "reports": story.size,
        "title_similarity": round(title, 3),
        "text_similarity": round(text, 3),
    }


def sentence(match: Match) -> str:
    """Return one true sentence about an edge."""
    if match.kind == "copy":
        return _copy(match)
    if match.kind == "editor":
        return _editor(match)
    return _story(match)


def apart(vector: Vector, story: StoryView, score: float, needed: float, window_hours: float) -> str:
    """Return one true sentence about what keeps a report out of a story."""
    if not story.speaks(vector.language):
        return f"They are in different languages ({vector.language} and {_language(story)}), which are not compared."
    gap = story.gap(vector.time)
    if gap is not None and gap / 3600 > window_hours:
        return f"{_hours(gap / 3600)} lie between them, more than the window of {_hours(window_hours)}."
    names = _shared(vector, vector.names, story.whole.terms)
    words = _shared(vector, _telling(vector), story.whole.terms)
    shared = _list((names or [f"'{word}'" for word in words])[:3])
    told = f"Shares {shared}" if shared else "Shares no telling word"
    with_whom = f"with the {_reports(story.size)} of that story"
    if score >= needed:
        return (
            f"{told} {with_whom}; score {score:.2f}, needed {needed:.2f}: it was nearer to its own story when it came."
        )
    return f"{told} {with_whom}, which is too little; score {score:.2f}, needed {needed:.2f}."


def _copy(match: Match) -> str:
    proof = match.evidence
    other = _whose(proof)
    share = max(_number(proof.get("jaccard")), _number(proof.get("containment")))
    if match.method == "link":
        return f"The same page as {other}: one address, and like texts or headlines."
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


def _story(match: Match) -> str:
    proof = match.evidence
    shared = _texts(proof.get("shared_names"))[:3]
    shared += [f"'{word}'" for word in _texts(proof.get("shared_terms"))[: max(1, 4 - len(shared))]]
    shared += _texts(proof.get("shared_numbers"))[: max(0, 3 - len(shared))]
    told = f"Shares {_list(shared)}" if shared else "Resembles"
    count = int(_number(proof.get("reports")))
    whom = f"{_reports(count)} of this story" if count else "this story"
    if match.method == "parted":
        told = f"{told} with" if shared else told
        return (
            f"Left {match.other_id} at a second look: {told[0].lower()}{told[1:]} {_reports(count)} of it, which is too little;"
            f" score {match.score:.2f}, needed {match.threshold:.2f}."
        )
    hours = proof.get("hours")
    when = f" within {_hours(_number(hours))}" if hours is not None else ""
    joined = "; found at a second look" if match.method == "second look" else ""
    if proof.get("across"):
        return f"{_across(match)}{when}{joined}; score {match.score:.2f}, needed {match.threshold:.2f}."
    nearness = _number(proof.get("meaning"))
    if nearness >= NEARLY:
        joined = f"; means nearly the same as the nearest ({nearness:.2f}){joined}"
    link = " with " if shared else " "
    return f"{told}{link}{whom}{when}{joined}; score {match.score:.2f}, needed {match.threshold:.2f}."


def _across(match: Match) -> str:
    """Say how a report came to a story of other languages; nothing but meaning and signs speaks for it."""
    proof = match.evidence
    nearness, count = _number(proof.get("meaning")), int(_number(proof.get("reports")))
    told = "Means nearly the same as" if nearness >= NEARLY else "Is near in meaning to"
    languages = "/".join(_texts(proof.get("languages")))
    whom = f"{_reports(count)} of this story in {languages}"
    return f"{told} {whom} ({nearness:.2f}) and shares {_list(_signs(proof)[:4])}"


def _signs(proof: Evidence) -> list[str]:
    """Return the names, places and numbers that are common to texts of different languages."""
    return [word for kind in ("names", "places", "numbers") for word in _texts(proof.get(f"common_{kind}"))[:2]]


def apart_across(language: str | None, proof: Evidence, score: float, needed: float) -> str:
    """Return one true sentence about what keeps a report out of a story of other languages."""
    nearness, languages = _number(proof.get("meaning")), "/".join(_texts(proof.get("languages")))
    signs = _list(_signs(proof)[:4])
    told = f"They are in different languages ({language} and {languages}); in meaning they are {nearness:.2f} near"
    shared = f"they share {signs}" if signs else "they share no name, number or place"
    if score >= needed:
        return f"{told}, and {shared}; score {score:.2f}, needed {needed:.2f}: it was nearer to its own story when it came."
    return f"{told}, and {shared}, which is too little; score {score:.2f}, needed {needed:.2f}."


def _whose(proof: Evidence) -> str:
    publisher, when = proof.get("other_publisher"), proof.get("other_time")
    told = f"{publisher}'s entry" if publisher else "an entry"
    if isinstance(when, str):
        try:
            told += f" of {datetime.fromisoformat(when):%H:%M}"
        except ValueError:
            pass
    return told


def _shared(vector: Vector, terms: Terms, known: Mapping[str, float]) -> list[str]:
    found = sorted((term for term in terms if term in known), key=lambda term: (-terms[term], term))
    return list(dict.fromkeys(vector.spelling.get(term, term) for term in found))[:SHOWN]


def _telling(vector: Vector) -> Terms:
    bar = TELLING * max(vector.whole.values(), default=0.0)
    return {term: weight for term, weight in vector.whole.items() if weight >= bar}


def _language(story: StoryView) -> str:
    return "/".join(story.languages)


def _reports(count: int) -> str:
    return f"{count} report{'' if count == 1 else 's'}"


def _hours(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    whole = max(1, -(-round(hours * 60) // 60))
    return f"{whole} hour{'' if whole == 1 else 's'}"


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
