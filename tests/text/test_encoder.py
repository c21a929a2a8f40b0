"""The sentence encoder: asked for without its extra it names the command to type; with it, translations lie near."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aggregator.exceptions import ConfigurationError
from aggregator.text import encoder
from tests.cli.calling import ARCHIVE, call, write_archive

needs_extra = pytest.mark.skipif(
    encoder.missing_extra() is not None, reason=f"needs the extra: {encoder.missing_extra()}"
)


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(encoder, "find_spec", lambda name: None)
    encoder.load.cache_clear()


@pytest.mark.usefixtures("without_extra")
def test_switched_on_without_its_extra_is_a_fault_of_configuration_that_names_the_command() -> None:
    write_archive(Path("labelled.jsonl"), *ARCHIVE)
    outcome = call("--set", "stories.semantic=true", "evaluate", "labelled.jsonl")
    assert outcome.code == 2
    assert "pip install 'aggregator[semantic]'" in outcome.err
    assert "option --set stories.semantic" in outcome.err
    Path("aggregator.yaml").write_text("stories: {semantic: true}\n")
    outcome = call("evaluate", "labelled.jsonl")
    assert outcome.code == 2
    assert "aggregator.yaml" in outcome.err
    assert "pip install 'aggregator[semantic]'" in outcome.err


@pytest.mark.usefixtures("without_extra")
def test_a_caller_of_the_functions_is_told_too() -> None:
    with pytest.raises(ConfigurationError, match="pip install"):
        encoder.load()


@needs_extra
def test_a_translation_is_nearer_than_a_lookalike() -> None:
    texts = ["Floods in Bavaria", "Hochwasser in Bayern", "Central bank cuts rates", ""]
    made = encoder.load().encode(texts)
    english, german, other, _ = (np.frombuffer(one, "<f4") for one in made)
    assert english.shape == (512,)
    assert float(english @ german) > 0.6 > 0.3 > float(english @ other)
    assert made == encoder.load().encode(texts)
    assert encoder.load().encode([]) == []
