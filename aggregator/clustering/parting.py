"""Where a story would part: the report that is least like the others, with those that are nearer to it than to the rest."""

from __future__ import annotations

from aggregator.clustering.features import dot
from aggregator.clustering.views import StoryView


def seam(view: StoryView) -> tuple[StoryView, StoryView]:
    """Return the two parts of a story of at least two reports, the one that is to leave first: the smaller, of two equals the newer."""
    odd = min(view.members.values(), key=lambda one: (view.whole.cosine(one.vector.whole), -one.number))
    leaving = StoryView(view.id, [odd])
    rest = StoryView(view.id, [one for one in view.members.values() if one is not odd])
    for one in sorted(
        rest.members.values(), key=lambda other: (-dot(other.vector.whole, odd.vector.whole), other.number)
    ):
        if rest.size == 1:
            break
        rest.remove(one.report_id)
        nearer = leaving.whole.cosine(one.vector.whole) > rest.whole.cosine(one.vector.whole)
        (leaving if nearer else rest).add(one)
    smaller, larger = sorted((leaving, rest), key=lambda part: (part.size, -part.first))
    return smaller, larger
