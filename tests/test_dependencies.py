"""What the documentation says of the packages is what the project declares."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def declared(requirements: list[str]) -> list[str]:
    return [found[0] for requirement in requirements if (found := re.match(r"[\w.-]+", requirement))]


def test_every_package_is_listed_with_its_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([\w.-]+) \| \w", text, re.MULTILINE)[1:] == declared(project["dependencies"])
    assert all(f"{name} (" in text for name in declared(project["optional-dependencies"]["semantic"]))


def test_every_bound_can_be_read_by_the_script_that_takes_the_lowest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *extras["web"], *extras["test"]]:
        if requirement == "aggregator[web]":
            continue
        assert re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)(?:,<[\w.]+)?", requirement), requirement


LOAD_EVERYTHING = """
import importlib, pkgutil, sys
asked = []
sys.addaudithook(lambda event, given: event in ("socket.connect", "socket.getaddrinfo") and asked.append((event, given)))
import aggregator
for module in pkgutil.walk_packages(aggregator.__path__, "aggregator."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
sys.exit(str(asked) if asked else 0)
"""


@pytest.mark.costly
def test_nothing_is_asked_of_the_network_when_the_program_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD_EVERYTHING], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
