"""Count how common terms and word pairs are in the news of each language, from the streams; write clustering/models.

    python -m bench.train_background STREAMS [--target FOLDER] [--without FIRST:LAST ...] [--check]

The days that measures of record are taken on are never counted. ``--without`` leaves out more days: pairs that are
learned from must not be known to the background, or every word of theirs would look familiar. ``--check`` writes nothing,
and ends with 1 where a table that comes with the product holds anything else than what is counted.
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from aggregator.clustering.background import MODELS, STOP
from aggregator.clustering.rows import pair_ids
from aggregator.clustering.terms import Word, is_title_case, term_id, terms_in

# Days (first, last) of the streams of each year that are kept for the measures of record.
FORBIDDEN = {
    "2023": (("2023-07-01", "2023-08-31"),),
    "2025": (("2025-06-22", "2025-06-28"), ("2025-10-01", "2025-12-31")),
}
LEAST_TERM, LEAST_PAIR = 2, 3  # texts that a term, and a pair, was seen in to be listed
Row = dict[str, Any]


def allowed(row: Row) -> bool:
    """Tell whether a stream's row is of a day that may be learned from."""
    day = (row.get("date") or "")[:10]
    return bool(day) and not any(first <= day <= last for first, last in FORBIDDEN.get(day[:4], ()))


def outside(spans: Sequence[tuple[str, str]]) -> Callable[[Row], bool]:
    """Return what tells whether a row is of none of these days, first and last."""
    return lambda row: not any(first <= row["date"][:10] <= last for first, last in spans)


def rows_of(path: Path) -> Iterator[Row]:
    """Yield the rows of a stream."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


class Counts:
    """What is counted of one language."""

    def __init__(self) -> None:
        self.texts: list[tuple[list[str], list[str]]] = []
        self.terms: Counter[str] = Counter()
        self.cased: Counter[str] = Counter()
        self.capitals: Counter[str] = Counter()

    def add(self, title: list[Word], text: list[Word]) -> None:
        """Count one text."""
        self.texts.append(([word.term for word in title], [word.term for word in text]))
        self.terms.update({word.term for word in (*title, *text)})
        for part in (title, text):
            if is_title_case(part):
                continue
            for word in part:
                if not word.initial and word.term[0] != "#":
                    self.cased[word.term] += 1
                    self.capitals[word.term] += word.capital

    def pairs(self) -> Counter[tuple[str, str]]:
        """Return in how many texts two terms stand side by side once stop words are left out."""
        stop = {term for term, times in self.terms.items() if times > STOP * len(self.texts)}
        found: Counter[tuple[str, str]] = Counter()
        for parts in self.texts:
            telling = [[term for term in part if term not in stop] for part in parts]
            found.update({pair for part in telling for pair in pairwise(part)})
        return found


def count(paths: list[Path], keep: Callable[[Row], bool]) -> dict[str, tuple[Counts, list[str]]]:
    """Return what was counted of each language, with the streams it was counted in; equal titles count once a day."""
    found: dict[str, Counts] = defaultdict(Counts)
    names: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for path in paths:
        for row in rows_of(path):
            key = (row["date"][:10] if row.get("date") else "", row["title"].casefold())
            if not allowed(row) or not keep(row) or key in seen:
                continue
            seen.add(key)
            language = row["lang"]
            if path.name not in names[language]:
                names[language].append(path.name)
            found[language].add(terms_in(row["title"], language, 60), terms_in(row.get("body") or "", language, 120))
    return {language: (counts, names[language]) for language, counts in found.items()}


def write(language: str, counts: Counts, streams: list[str], target: Path) -> None:
    """Write the table of a language."""
    terms = {term_id(term): term for term, times in counts.terms.items() if times >= LEAST_TERM}
    counted = {pair: times for pair, times in counts.pairs().items() if times >= LEAST_PAIR}
    ends = np.array([[term_id(term) for term in pair] for pair in counted], np.uint32).reshape(-1, 2)
    pairs = dict(zip(pair_ids(ends[:, 0], ends[:, 1]).tolist(), counted.values(), strict=True))
    keys, pair_keys = sorted(terms), sorted(pairs)
    names = [terms[key] for key in keys]
    shares = [round(100 * counts.capitals[t] / counts.cased[t]) if counts.cased[t] else -100 for t in names]
    provenance = {
        "texts": len(counts.texts),
        "streams": streams,
        "without": FORBIDDEN,
        "made by": "bench/train_background.py",
    }
    np.savez_compressed(
        target / f"background-{language}.npz",
        provenance=np.array(json.dumps(provenance)),
        terms=np.array(keys, np.uint32),
        counts=np.array([min(counts.terms[t], 65_535) for t in names], np.uint16),
        capitals=np.array(shares, np.int8),
        pairs=np.array(pair_keys, np.uint32),
        pair_counts=np.array([min(pairs[key], 65_535) for key in pair_keys], np.uint16),
    )


def differing(made: Path, shipped: Path = MODELS) -> list[str]:
    """Return what differs between two folders of tables: a file, or an array of one."""
    found = sorted({path.name for folder in (made, shipped) for path in folder.glob("background-*.npz")})
    return [line for name in found for line in _differing(made / name, shipped / name)]


def _differing(made: Path, shipped: Path) -> list[str]:
    if not (made.exists() and shipped.exists()):
        return [f"{made.name}: only in {(made if made.exists() else shipped).parent}"]
    with np.load(made) as ours, np.load(shipped) as theirs:
        names = sorted({*ours.files, *theirs.files})
        return [
            f"{made.name}: {name}"
            for name in names
            if name not in ours.files or name not in theirs.files or not np.array_equal(ours[name], theirs[name])
        ]


def main() -> int:
    """Count, and write or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("streams", type=Path)
    parser.add_argument("--target", type=Path, default=MODELS)
    parser.add_argument("--without", nargs="*", default=[], metavar="FIRST:LAST")
    parser.add_argument("--check", action="store_true", help="compare with the tables that come with the product")
    options = parser.parse_args()
    spans = [(span[:10], span[11:]) for span in options.without]
    found = count(sorted(options.streams.glob("*.jsonl.xz")), outside(spans))
    with TemporaryDirectory() as made:
        target: Path = Path(made) if options.check else options.target
        target.mkdir(parents=True, exist_ok=True)
        for language, (counts, streams) in found.items():
            write(language, counts, streams, target)
            print(f"{language}: {len(counts.texts)} texts of {', '.join(streams)}")
        wrong = differing(target) if options.check else []
    for line in wrong:
        print(f"differs: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
