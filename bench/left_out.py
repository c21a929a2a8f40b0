"""Measure the result on each labelled set when nothing was learned from it, and when it was learned from.

    python -m bench.left_out [--only NAME ...] [--each]

BCubed F1 of stories, of storylines where a label is a running affair, under the default setting. Three models: those that
are shipped; the same learning, of everything; and of everything but the set in question and the others of its fold (see
FOLDS), pairs of them with weeks and other sets left out too; ``--each`` leaves out one set alone, and learns nine times for
four. What design moves is moved in all. Windows and models are kept under build/learning, so a run that was
stopped goes on. Needs the `bench` extra and the shared data.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import cache, partial

from aggregator.clustering.scoring import LearnedScorer
from bench.kept import KEPT, LEARNED_BY, kept, program
from bench.model_files import Models
from bench.pair_examples import ARCHIVES, FOLDS
from bench.train_pairs import first_model, learned, second_model, seen, shipped
from bench.windows import AFFAIRS, Compared, Window, agreement, labelled

LESS = 0.03  # that a set may lose when it is left out


def without(each: bool) -> Callable[[str], Models]:
    """Return what gives the models that saw nothing of a set, nor of the others of its fold; windows are read once needed."""
    windows = cache(seen)

    def learn(names: Sequence[str]) -> Models:
        found, made = windows()
        return Models(first_model(found, names), second_model(made, names))

    def models(name: str) -> Models:
        names = (name,) if each else next(fold for fold in FOLDS if name in fold)
        return kept(KEPT / f"{program(LEARNED_BY)}-without-{'-'.join(names)}.pickle", partial(learn, names))

    return models


def reached(window: Window, models: Models | None) -> float:
    """Return the BCubed F1 of a set under some models, or under those that are shipped."""
    scorer = None if models is None else LearnedScorer(*shipped(models))
    return agreement(Compared(window, scorer).at(), window.name).bcubed_f1


def main() -> None:
    """Learn, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=ARCHIVES, choices=ARCHIVES, metavar="NAME")
    parser.add_argument("--each", action="store_true", help="leave out one set at a time, not its fold")
    options = parser.parse_args()
    every = learned()
    learn = without(options.each)
    print("| set | entries | level | shipped | learned of all | left out | less |\n|---|---|---|---|---|---|---|")
    for name in options.only:
        window = labelled(name)
        level = "storyline" if name in AFFAIRS else "story"
        now, known, unseen = (reached(window, models) for models in (None, every, learn(name)))
        less = known - unseen
        mark = "" if less <= LESS else " (over)"
        print(
            f"| {name} | {len(window.items)} | {level} | {now:.3f} | {known:.3f} | {unseen:.3f} | {less:+.3f}{mark} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
