"""docs/architecture.md and CONTRIBUTING.md against the tree: what they name is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aggregator"
MAP = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_map_draws_the_layers_that_the_contract_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    held = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    drawn = MAP.split("```")[1].strip().splitlines()
    assert [line.split("  ")[0].strip() for line in drawn] == held


@pytest.mark.parametrize("text", [MAP, CONTRIBUTING], ids=["architecture", "contributing"])
def test_every_file_that_is_named_is_there(text: str) -> None:
    named = set(re.findall(r"`([a-z_/]+/[a-z_]+\.(?:py|md|sql|yaml))`", text))
    assert named
    assert not {name for name in named if not ((ROOT / name).exists() or (PACKAGE / name).exists())}


def test_every_package_is_on_the_map() -> None:
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", MAP, re.MULTILINE))
    assert rows >= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


@pytest.mark.parametrize("package", ["clustering", "ingest"])
def test_every_module_of_a_large_package_has_a_subject(package: str) -> None:
    table = MAP.split(f"| `{package}` | modules |")[1].split("\n\n")[0]
    named = re.findall(r"`([a-z_]+)`", table)
    assert sorted(named) == sorted(path.stem for path in (PACKAGE / package).glob("*.py") if path.stem != "__init__")


def test_every_make_target_that_is_named_is_one() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", CONTRIBUTING, re.MULTILINE))
    assert {"setup", "test"} <= named <= targets
