"""Every corpus through its harness once, without atheris: the authored beginnings, and whatever crashed it before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.harnesses import CORPUS, HARNESSES

FEEDS = Path(__file__).parents[1] / "parsing" / "feeds"


def inputs() -> Iterator[tuple[str, Path]]:
    for name in HARNESSES:
        for path in sorted((CORPUS / name).iterdir()):
            yield name, path


@pytest.mark.parametrize(("name", "path"), [pytest.param(*one, id=f"{one[0]}-{one[1].name}") for one in inputs()])
def test_a_reader_keeps_its_promises(name: str, path: Path) -> None:
    HARNESSES[name](path.read_bytes())


def test_every_reader_has_a_corpus() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(HARNESSES)
    assert all(len(list((CORPUS / name).iterdir())) >= 5 for name in HARNESSES)


@pytest.mark.parametrize(
    "name",
    # dateparser reads the rare dates among the times: it takes seconds for the languages that it knows
    [pytest.param(name, marks=pytest.mark.costly) if name == "times" else name for name in HARNESSES],
)
def test_a_reader_keeps_its_promises_on_bytes_cut_and_turned(name: str) -> None:
    for path in sorted((CORPUS / name).iterdir()):
        whole = path.read_bytes()
        HARNESSES[name](whole[: len(whole) // 2])
        HARNESSES[name](whole[len(whole) // 3 :] + whole[: len(whole) // 3])


@pytest.mark.parametrize("path", sorted(FEEDS.glob("*.xml")), ids=lambda path: path.name)
def test_feed_files_keep_the_promises_too(path: Path) -> None:
    HARNESSES["feed"](b"\x01" + path.read_bytes())
