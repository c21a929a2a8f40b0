"""Count how many pairs in one story report one event: pairs drawn by lot from single weeks and judged by a reader.

    python -m bench.read_pairs

Tells for each week how many of its pairs stand in one story still, and how many of these tell one event; unclear ones count
as wrong. The pairs were drawn twice, and read by two readers, of whom the second is stricter. What was never drawn is not
judged: draw anew (`certain_negatives.py take`, `import`, `export`, `pairs`) to know what a change adds. Needs the shared
streams beside the project.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from aggregator.clustering.graph import StoryGraph
from bench.worlds import Item, row_key, seen, verdict_rows, week

DRAWN = Path(__file__).with_name("pairs-drawn-by-lot.tsv")
DRAWN_AGAIN = Path(__file__).with_name("pairs-drawn-again.tsv")
# Streams, first day of the week, and what the machine saw.
WEEKS = (
    ("gnews-en-2025", "2025-11-03", "lede"),
    ("gnews-en-2025", "2025-12-01", "lede"),
    ("newsapi-us-2023", "2023-08-07", "lede"),
    ("newsapi-gb-2023", "2023-08-14", "headline"),
    ("newsapi-au-2023", "2023-07-24", "headline"),
    ("newsapi-de-2023", "2023-08-21", "headline"),
    ("newsapi-fr-2023", "2023-08-07", "headline"),
    ("gnews-en-2025", "2025-08-04", "lede"),
    ("newsapi-us-2023", "2023-05-22", "lede"),
    ("gnews-en-2025", "2025-10-13", "lede"),
    ("newsapi-us-2023", "2023-08-21", "lede"),
    ("newsapi-fr-2023", "2023-08-14", "headline"),
    ("newsapi-gb-2023", "2023-07-10", "headline"),
    ("newsapi-de-2023", "2023-08-07", "headline"),
)
WEEKS_AGAIN = (
    ("gnews-en-2025", "2025-10-20", "lede"),
    ("gnews-en-2025", "2025-11-17", "lede"),
    ("newsapi-us-2023", "2023-07-10", "lede"),
    ("newsapi-us-2023", "2023-08-14", "lede"),
    ("newsapi-gb-2023", "2023-07-31", "headline"),
    ("newsapi-au-2023", "2023-08-07", "headline"),
    ("newsapi-de-2023", "2023-07-10", "headline"),
    ("newsapi-fr-2023", "2023-07-24", "headline"),
    ("gnews-en-2025", "2025-12-08", "headline"),
)
Verdicts = Mapping[tuple[str, str], str]


def verdicts(path: Path = DRAWN) -> dict[tuple[str, str], str]:
    """Return both keys -> "one", "two" or "unclear"."""
    return {(row[-2], row[-1]): row[0] for row in verdict_rows(path)}


def together(items: Sequence[Item], known: Verdicts) -> Counter[str]:
    """Return how many pairs of each verdict stand in one story of these entries."""
    graph = StoryGraph()
    graph.add_all((row_key(item.key), item.vector()) for item in items)
    story_of = {key: number for number, story in enumerate(graph.settle().stories) for key in story}
    return Counter(
        verdict
        for (left, right), verdict in known.items()
        if left in story_of and story_of[left] == story_of.get(right)
    )


def main() -> None:
    """Measure and print."""
    for title, path, weeks in (("drawn", DRAWN, WEEKS), ("drawn again", DRAWN_AGAIN, WEEKS_AGAIN)):
        known, every = verdicts(path), Counter[str]()
        for name, first, text in weeks:
            found = together(seen(week((name,), first), text), known)
            every += found
            print(f"{name} {first} {text}: {_told(found)}", flush=True)
        print(
            f"all that were {title}: {_told(every)}; {sum(every.values())} of {len(known)} pairs stand in one story still"
        )


def _told(found: Counter[str]) -> str:
    total = sum(found.values())
    return f"{found['one']} of {total} tell one event ({found['one'] / max(1, total):.2f}), {found['two']} two, {found['unclear']} unclear"


if __name__ == "__main__":
    main()
