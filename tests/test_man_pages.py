"""The manual pages say what the commands say."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from bench.man_pages import FOLDER, pages


def test_the_pages_are_those_of_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert kept == pages(), "renew them: python -m bench.man_pages"


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_every_page_can_be_set() -> None:
    for path in FOLDER.iterdir():
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-Kutf8", path], capture_output=True, check=True)
        assert done.stderr == b"", path
