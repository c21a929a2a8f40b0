"""Learn which likeness of two reports says that their stories tell of one affair; one command reproduces it to the digit.

    python -m bench.train_ties [--write] [--choice]

No archive tells what an affair is, so none is learned from. Weeks of different years are laid on the same days, and weeks of
one stream that lie two months apart: a tie between two stories across weeks is wrong for certain, a tie within a week is
right or wrong, and wrong about as often as one across. What tells ties within from ties across is what right ones have. The
log odds are those of a tie within, where both weeks are as large: at 3 one tie within in ten is wrong.

``--choice`` prints how many storylines of the weeks to choose on hold entries of both years. Run it again whenever the
features of pairs change. Needs the `bench` extra and the shared data.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")  # another kernel sums in another order, and gives other digits

import argparse
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.scoring import MODELS, Logistic, pair_inputs
from aggregator.clustering.ties import ties
from bench import model_files
from bench.pair_examples import (
    CHOICE,
    ENGLISH_2023,
    GOOGLE,
    OTHER_WEEKS,
    OTHERS,
    WEEKS_2023,
    WEEKS_2025,
    learned_days,
)
from bench.train_pairs import background_without, fit
from bench.windows import Compared, Window
from bench.worlds import Item, cut, week

INPUTS = (
    "cosine", "contained, most", "told", "told in titles", "second term", "third term", "names", "plain",
    "plain in titles", "burst", "burst, mean", "names unshared, least", "words, least", "words, most", "title words",
    "two texts", "gap", "numbers differ",
)  # fmt: skip
LEAST = -2.25  # log odds of the best link, from which on a tie is learned from: somewhat under the bar of storylines
# Weeks of one stream, two months apart.
APART_2023 = ((WEEKS_2023[0], WEEKS_2023[2]), (WEEKS_2023[1], WEEKS_2023[3]))
APART_2025 = ((WEEKS_2025[0], WEEKS_2025[2]), (WEEKS_2025[1], WEEKS_2025[3]), (WEEKS_2025[0], WEEKS_2025[4]))
APART_OTHERS = ((OTHER_WEEKS[0], OTHER_WEEKS[2]), (OTHER_WEEKS[1], OTHER_WEEKS[3]))
Side = tuple[Sequence[str], str]  # streams, and the first day of a week


def mixes() -> Iterator[list[Item]]:
    """Yield the windows that are learned from."""
    for one in WEEKS_2023:
        for two in WEEKS_2025:
            both = _laid((ENGLISH_2023, one), (GOOGLE, two))
            yield both
            yield cut(both, 0)
    yield from (_laid((ENGLISH_2023, one), (ENGLISH_2023, two)) for one, two in APART_2023)
    yield from (_laid((GOOGLE, one), (GOOGLE, two)) for one, two in APART_2025)
    yield from (_laid(((name,), one), ((name,), two)) for name in OTHERS for one, two in APART_OTHERS)


def _laid(*sides: Side) -> list[Item]:
    return [item for streams, first in sides for item in week(streams, first)]


def examples(items: Sequence[Item]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return the inputs of the ties between a window's stories, and which of them lie within a week."""
    graph = StoryGraph()
    graph.add_all((item.key, item.vector()) for item in items)
    stories = graph.settle().stories
    side = {item.key: item.side for item in items}
    comparison = graph.comparison
    place = comparison.rows.place
    # A story of both weeks would be of neither; there are next to none.
    of = [side[min(story)] for story in stories]
    found = ties(comparison, [sorted(place[key] for key in story) for story in stories], LEAST)
    ends = (ends[found.best].astype(np.int64) for ends in (comparison.graph.first, comparison.graph.second))
    within = [of[one] == of[two] for one, two in zip(found.one.tolist(), found.two.tolist(), strict=True)]
    return model_files.ordered(pair_inputs(comparison.features(*ends)), INPUTS), np.array(within, np.int8)


def learn() -> Logistic:
    """Return the model."""
    rows, labels = zip(*map(examples, mixes()), strict=True)
    known = np.concatenate(labels)
    print(f"{len(known)} ties, {int((known == 0).sum())} of them across weeks", flush=True)
    return fit(np.concatenate(rows), INPUTS, known, np.ones(len(known)))


def choice() -> Iterator[str]:
    """Yield what the storylines of the weeks to choose on hold."""
    for left, right in CHOICE:
        for text in ("ledes", "headlines"):
            both = _laid((ENGLISH_2023, left), (GOOGLE, right))
            window = Window(f"{left} and {right}, {text}", cut(both, 0) if text == "headlines" else both)
            found = Compared(window).at()
            stories = {frozenset(item.key for item in story) for story in found.stories}
            lines = [line for line in found.storylines if frozenset(item.key for item in line) not in stories]
            mixed = sum(len({item.side for item in line}) > 1 for line in lines)
            yield f"{window.name}: {mixed} of {len(lines)} storylines hold entries of both years"


def main() -> None:
    """Learn, tell, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the model that comes with the product")
    parser.add_argument("--choice", action="store_true", help="print what storylines of the weeks to choose on hold")
    options = parser.parse_args()
    with background_without("weeks", learned_days()):  # the days that are chosen on are among these
        if options.choice:
            for line in choice():
                print(line, flush=True)
            return
        model = learn()
    print("ties", round(model.bias, 5), {name: round(weight, 5) for name, weight in model.weights.items()})
    if options.write:
        description = {
            "what": "log odds that two stories tell of one affair, by what their likest two reports share",
            "made by": "python -m bench.train_ties --write",
            "learned on": {
                "weeks of 2023": sorted({*WEEKS_2023, *OTHER_WEEKS}),
                "weeks of 2025": list(WEEKS_2025),
                "streams": [*ENGLISH_2023, *GOOGLE, *OTHERS],
            },
        }
        model_files.write_model(MODELS / "ties.json", model, description)


if __name__ == "__main__":
    main()
