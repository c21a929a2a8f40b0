"""The examples in the help of every command: two each, and each a call that the command line takes."""

from __future__ import annotations

import shlex

import pytest

from aggregator.cli.app import COMMANDS, GLOSSARY
from aggregator.cli.examples import EXAMPLES
from tests.cli.calling import call
from tests.cli.test_help import walk
from tests.documents import Shown, faults

PATHS = sorted(" ".join(path) for path, _ in walk())


@pytest.mark.parametrize("path", PATHS)
def test_every_help_ends_with_two_examples(path: str) -> None:
    shown = call(*path.split(), "--help").ok().out
    examples = shown[shown.index("Examples:") :]
    for example in EXAMPLES[path]:
        assert f"aggregator {example}" in examples
        assert example.startswith(path)
        assert faults(Shown(tuple(shlex.split(example)), True)) == []


def test_no_example_is_of_a_command_that_was_taken_away() -> None:
    to_come = {"storyline", "web", "recluster"} - set(COMMANDS)
    assert {path for path in EXAMPLES if path.split(" ")[0] not in to_come} == set(PATHS)


def test_the_help_explains_the_words() -> None:
    shown = " ".join(call("--help").ok().out.split())
    assert len(GLOSSARY) == 7
    for word, meaning in GLOSSARY:
        assert f"{word} {meaning}" in shown
