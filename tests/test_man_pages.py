"""The manual pages say what the commands say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from bench.man_pages import FOLDER


def test_the_pages_are_those_of_the_commands() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    # in a process of its own: other tests leave options behind in the commands of this one
    code = "import json; from bench.man_pages import pages; print(json.dumps(pages()))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=FOLDER.parents[1]).stdout
    assert kept == json.loads(said), "renew them: python -m bench.man_pages"


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_every_page_can_be_set() -> None:
    for path in FOLDER.iterdir():
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-Kutf8", path], capture_output=True, check=True)
        assert done.stderr == b"", path
