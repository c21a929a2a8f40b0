"""Write the tables of common words under aggregator/clustering/background from the word lists of wordfreq.

Run: pip install wordfreq && python -m bench.background
"""

from __future__ import annotations

import math
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import wordfreq

WORDS = 2_500  # a language
LOWEST = 4.0  # Zipf value: rarer words are told apart by the stream itself
TARGET = Path(__file__).parents[1] / "aggregator" / "clustering" / "background"


def main() -> None:
    """Write one file a language."""
    TARGET.mkdir(exist_ok=True)
    for language in sorted(wordfreq.available_languages("small")):
        steps: dict[int, list[str]] = defaultdict(list)
        frequencies = wordfreq.get_frequency_dict(language, "small")
        for word in sorted(frequencies, key=lambda one: (-frequencies[one], one))[:WORDS]:
            zipf = 9 + math.log10(frequencies[word])
            if zipf >= LOWEST and not word[0].isdigit():
                steps[round(zipf * 10)].append(word)
        name = {"fil": "tl", "sh": "hr"}.get(language, language)
        lines = [
            f"# Common words by ten times their Zipf value; from wordfreq {version('wordfreq')}",
            "# by Robyn Speer, CC BY-SA 4.0, https://github.com/rspeer/wordfreq; made by bench/background.py",
        ]
        lines += [f"{step}\t{' '.join(steps[step])}" for step in sorted(steps, reverse=True)]
        (TARGET / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
