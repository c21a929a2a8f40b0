"""A plot of a sweep (precision over recall) as SVG, or as PNG with the extra ``bench``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from aggregator.exceptions import UsageError

_SIDE, _EDGE = 460, 50
_COLOURS = ("#1b6ca8", "#b5422c", "#3d7d3d", "#8a4f9e", "#a07800", "#3f8f8f", "#666666")


def check_drawable(path: Path) -> None:
    """Raise UsageError where no picture can be drawn into a file of that name."""
    kind = path.suffix.lower()
    if kind not in (".svg", ".png"):
        raise UsageError(f"--plot {path}: the name of a picture ends with .svg or .png")
    if kind == ".png" and find_spec("matplotlib") is None:
        raise UsageError(
            f"--plot {path}: PNG needs matplotlib: pip install 'aggregator[bench]'; a name that ends with .svg needs nothing"
        )


def picture(path: Path, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the plot in the format that the file's suffix names."""
    if path.suffix.lower() == ".png":
        return precision_recall_png(rows)
    return precision_recall_svg(rows).encode("utf-8")


def precision_recall_png(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the same plot as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.add_subplot(xlabel="BCubed recall", ylabel="BCubed precision", xlim=(0, 1), ylim=(0, 1))
    axes.grid(visible=True, color="#ddd")
    for index, name in enumerate(dict.fromkeys(str(row["file"]) for row in rows)):
        points = [(row["bcubed_recall"], row["bcubed_precision"]) for row in rows if row["file"] == name]
        axes.plot(*zip(*points, strict=True), marker="o", color=_COLOURS[index % len(_COLOURS)], label=name)
    axes.legend(loc="lower left")
    out = BytesIO()
    figure.savefig(out, format="png", dpi=150)
    return out.getvalue()


def precision_recall_svg(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a plot of BCubed precision against recall: one line a file, one dot a setting; both axes from 0 to 1."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE + 2 * _EDGE + 220} {_SIDE + 2 * _EDGE}"'
        ' font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for tenth in range(11):
        at = tenth / 10
        (x, y), (left, top), (right, bottom) = _point(at, at), _point(0, 1), _point(1, 0)
        parts.append(f'<path d="M{x} {top}V{bottom}M{left} {y}H{right}" stroke="#ddd" fill="none"/>')
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{at:.1f}</text>')
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{at:.1f}</text>')
    parts.append(
        f'<text x="{_EDGE + _SIDE / 2}" y="{_SIDE + 2 * _EDGE - 12}" text-anchor="middle">BCubed recall</text>'
    )
    parts.append(
        f'<text transform="translate(14 {_EDGE + _SIDE / 2}) rotate(-90)" text-anchor="middle">BCubed precision</text>'
    )
    for index, name in enumerate(dict.fromkeys(str(row["file"]) for row in rows)):
        parts.extend(_line(index, name, [row for row in rows if row["file"] == name]))
    return "\n".join((*parts, "</svg>")) + "\n"


def _line(index: int, name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    colour = _COLOURS[index % len(_COLOURS)]
    points = [_point(row["bcubed_recall"], row["bcubed_precision"]) for row in rows]
    path = " ".join(f"{x},{y}" for x, y in points)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}"/>']
    for row, (x, y) in zip(rows, points, strict=True):
        label = escape(f"{row.get('setting', '')} F1 {row['bcubed_f1']:.3f}")
        parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"><title>{label}</title></circle>')
    parts.append(f'<text x="{_EDGE + _SIDE + 20}" y="{_EDGE + 18 * index + 12}" fill="{colour}">{escape(name)}</text>')
    return parts


def _point(recall: float, precision: float) -> tuple[float, float]:
    return round(_EDGE + recall * _SIDE, 1), round(_EDGE + (1 - precision) * _SIDE, 1)
