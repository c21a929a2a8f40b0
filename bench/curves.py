"""Precision against recall by the bar of a story, drawn: a mix of ledes, a mix of headlines, two labelled sets.

    python -m bench.curves [--picture docs/pictures/precision-recall.png]

Prints the figures as a table and draws them. Of a mix the precision is that of pairs in stories of up to six entries,
estimated from the pairs that hold both years; nobody knows its recall, so the estimated number of true pairs stands for
it. Of a labelled set both are BCubed. The mixes are (a) and (b) of the measures of record. Needs the `bench` extra and the
shared data.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import certain
from bench.kept import ROOT
from bench.windows import Compared, Found, Window, agreement, labelled, mix

PICTURE = ROOT / "docs" / "pictures" / "precision-recall.png"
BARS = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
LEFT_LEDES, LEFT_HEADLINES = ("newsapi-us-2023", "2023-07-03"), ("newsapi-gb-2023", "2023-07-03")
RIGHT = ("gnews-en-2025", "2025-10-06")
LABELLED = ("allsides-dated", "google-news")


class Point(NamedTuple):
    """What one bar gives."""

    bar: float
    precision: float
    recall: float  # of a mix the number of true pairs


def of_mix(found: Found) -> tuple[float, float]:
    """Return the estimated precision and number of true pairs of small stories."""
    false, true = certain.mixed(found.stories, certain.SMALL)
    return 1 - false, true


def of_labels(name: str) -> Callable[[Found], tuple[float, float]]:
    """Return what gives the BCubed precision and recall of a labelled set."""

    def measure(found: Found) -> tuple[float, float]:
        figures = agreement(found, name)
        return figures.bcubed_precision, figures.bcubed_recall

    return measure


def curve(window: Window, measure: Callable[[Found], tuple[float, float]], bars: Sequence[float] = BARS) -> list[Point]:
    """Return what each bar gives in a window."""
    compared = Compared(window)
    return [Point(bar, *measure(compared.at(bar))) for bar in bars]


def windows() -> list[tuple[Window, Callable[[Found], tuple[float, float]]]]:
    """Return the windows that are drawn, each with its measure."""
    mixes = (mix(LEFT_LEDES, RIGHT, headlines=False), mix(LEFT_HEADLINES, RIGHT, headlines=True))
    return [(one, of_mix) for one in mixes] + [(labelled(name), of_labels(name)) for name in LABELLED]


def table(curves: dict[str, list[Point]]) -> str:
    """Return the figures as a table: a row a bar."""
    rows = ["| bar | " + " | ".join(curves) + " |", "|---" * (len(curves) + 1) + "|"]
    for points in zip(*curves.values(), strict=True):
        figures = (
            f"{p.precision:.3f}, {p.recall:.3f}" if p.recall <= 1 else f"{p.precision:.3f}, {p.recall:.0f}"
            for p in points
        )
        rows.append(f"| {points[0].bar:+.1f} | " + " | ".join(figures) + " |")
    return "\n".join(rows)


def draw(curves: dict[str, list[Point]], target: Path) -> None:
    """Draw the curves side by side; labelled sets share one panel."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    mixes = [name for name, points in curves.items() if max(point.recall for point in points) > 1]
    sets = [name for name in curves if name not in mixes]
    figure, panels = pyplot.subplots(1, len(mixes) + bool(sets), figsize=(12, 4), squeeze=False)
    for panel, name in zip(panels[0], mixes, strict=False):
        _line(panel, name, curves[name])
        panel.set(title=name, xlabel="true pairs of small stories, estimated", ylabel="precision, estimated")
    for name in sets:
        _line(panels[0][-1], name, curves[name])
    if sets:
        panels[0][-1].set(title="labelled sets", xlabel="BCubed recall", ylabel="BCubed precision")
        panels[0][-1].legend(loc="lower left")
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def _line(panel: Any, name: str, points: Sequence[Point]) -> None:
    (line,) = panel.plot([p.recall for p in points], [p.precision for p in points], marker=".", label=name)
    for point in points:
        if point.bar == int(point.bar):
            panel.annotate(
                f"{point.bar:+.0f}",
                (point.recall, point.precision),
                textcoords="offset points",
                xytext=(4, 4),
                fontsize=7,
            )
        if point.bar == 0:
            panel.plot([point.recall], [point.precision], marker="o", color=line.get_color())
    panel.grid(alpha=0.3)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    options = parser.parse_args()
    curves = {window.name: curve(window, measure) for window, measure in windows()}
    print(table(curves))
    draw(curves, options.picture)


if __name__ == "__main__":
    main()
