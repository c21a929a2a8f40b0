"""The files of the shipped models: what is shipped, what was learned, and why the two differ where they do.

``bias`` and ``weights`` are shipped. ``learned`` holds both as the command under ``made by`` learns them, and ``why`` gives
the reason for each number that is shipped otherwise; under "every number" that of all that have none of their own, where
the product was not given what was learned last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Floats
from aggregator.clustering.scoring import Logistic

DIGITS = 5
EVERY = "every number"


class Models(NamedTuple):
    """Both models of the stage."""

    pairs: Logistic
    graph: Logistic


def numbers(model: Logistic) -> dict[str, float]:
    """Return the numbers of a model as they are written."""
    every = {"bias": model.bias, **model.weights}
    return {name: round(value, DIGITS) for name, value in every.items()}


def of_file(model_file: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the numbers that a file ships, and those that were learned."""
    shipped, learned = ({"bias": part["bias"], **part["weights"]} for part in (model_file, model_file["learned"]))
    return shipped, learned


def differing(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, tuple[float | None, float | None]]:
    """Return the numbers that differ, or that only one has."""
    names = [*one, *(name for name in other if name not in one)]
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def unexplained(model_file: Mapping[str, Any]) -> list[str]:
    """Return the numbers that are shipped otherwise than they were learned without a word on why."""
    return [name for name in differing(*of_file(model_file)) if not reason(model_file, name)]


def reason(model_file: Mapping[str, Any], name: str) -> str:
    """Return why a number is shipped otherwise than it was learned; empty where nothing is said."""
    return str(model_file["why"].get(name) or model_file["why"].get(EVERY, ""))


def compare(folder: Path, learned: Models, say: Callable[[str], None]) -> bool:
    """Tell what is learned now beside what the files say was learned, and what they ship; return whether all is said."""
    sound = True
    for name, model in learned._asdict().items():
        model_file = json.loads((folder / f"{name}.json").read_text("utf-8"))
        shipped, noted = of_file(model_file)
        now = numbers(model)
        drifted = differing(noted, now)
        say(f"{name}.json: {len(now)} numbers, learned now as the file says: {len(now) - len(drifted)}")
        for number, (was, found) in drifted.items():
            say(f"  {number}: learned {found}, the file says {was}")
        for number, (ships, was) in differing(shipped, noted).items():
            say(f"  {number}: shipped {ships}, learned {was}: {reason(model_file, number) or 'NO WORD ON WHY'}")
        sound &= not drifted and not unexplained(model_file)
    return sound


def write(folder: Path, shipped: Models, learned: Models, descriptions: Mapping[str, Mapping[str, object]]) -> None:
    """Write both models with their descriptions."""
    for name, model in shipped._asdict().items():
        _write(folder / f"{name}.json", dict(descriptions[name]), numbers(model), numbers(getattr(learned, name)))


def note(folder: Path, learned: Models) -> None:
    """Write what was learned now into the files; what they ship stays as it is."""
    for name, model in learned._asdict().items():
        note_one(folder / f"{name}.json", model)


def note_one(path: Path, learned: Logistic) -> None:
    """Write what was learned now into one file; what it ships stays as it is."""
    model_file = json.loads(path.read_text("utf-8"))
    shipped = {"bias": model_file.pop("bias"), **model_file.pop("weights")}
    model_file.pop("learned", None)
    _write(path, {"why": {}, **model_file}, shipped, numbers(learned))


def write_one(path: Path, shipped: Logistic, learned: Logistic, description: Mapping[str, object]) -> None:
    """Write one model with its description."""
    _write(path, {"why": {}, **description}, numbers(shipped), numbers(learned))


def _write(path: Path, description: dict[str, Any], shipped: Mapping[str, float], learned: Mapping[str, float]) -> None:
    made = {**description, **_parts(shipped), "learned": _parts(learned)}
    path.write_text(json.dumps(made, indent=1) + "\n", "utf-8")


def _parts(every: Mapping[str, float]) -> dict[str, Any]:
    weights = {name: value for name, value in every.items() if name != "bias"}
    return {"bias": every["bias"], "weights": weights}


def write_model(path: Path, model: Logistic, metadata: Mapping[str, object]) -> None:
    """Write a model with its metadata."""
    weights = {name: round(value, 5) for name, value in model.weights.items()}
    path.write_text(
        json.dumps({**metadata, "bias": round(model.bias, 5), "weights": weights}, indent=1) + "\n", "utf-8"
    )


def ordered(inputs: Mapping[str, NDArray[np.floating]], names: Sequence[str]) -> Floats:
    """Return inputs as a matrix, columns in the order of ``names``."""
    return np.column_stack([inputs[name] for name in names]).astype(np.float32)
