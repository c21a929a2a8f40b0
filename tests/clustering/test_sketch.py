"""Sketches: a scheme that golden bytes lock, an estimate that keeps to its error, keys that find what they must."""

from __future__ import annotations

import hashlib
import math
import random
import string
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.clustering import sketch as sketching
from aggregator.clustering.arrays import Hashes
from aggregator.clustering.sketch import (
    MAX_WORDS,
    MIN_WORDS,
    PERMUTATIONS,
    VERSION,
    minhash,
    overlaps,
    sketch,
)
from aggregator.model import Document, Sketch
from tests.examples import examples

TEXT = (
    "The ferry Nordlys ran aground off Skarvik in thick fog with 210 passengers aboard. Lifeboats took them to the quay"
    " of Skarvik; nobody was hurt, the coastguard said on Monday."
)


def document(
    body: str = "", *, title: str = "", lede: str = "", language: str = "en", url: str | None = None
) -> Document:
    return Document(title, lede, body, language, url, "")


def made(body: str = TEXT, **rest: str) -> Sketch:
    found = sketch(document(body, **rest))
    assert found is not None
    return found


def hashes(values: set[int]) -> Hashes:
    return np.unique(np.array(sorted(values), dtype=np.uint32))


def sketch_of(values: set[int]) -> Sketch:
    return Sketch(VERSION, b"", hashes(values).astype("<u4").tobytes(), (), 0)


def shingles(found: Sketch) -> list[int]:
    return [int(one) for one in np.frombuffer(found.shingles, "<u4")]


# --- the scheme ----------------------------------------------------------------------------------


def test_golden_bytes_lock_the_scheme() -> None:
    """What is stored stays comparable: whoever changes one of these figures changes ``VERSION`` too."""
    found = made(title="Ferry with 210 aboard runs aground off Skarvik", url="https://ledger.example/2026/ferry-1")
    assert found.version == "minhash-affine32-128p-seed1-w5-b32x4-mod24-v2"
    assert found.words == 30
    assert found.signature[:16].hex() == "7d671406287ebb0ae0eb770853087200"
    assert found.shingles[:16].hex() == "a9e2f906219aca24a4e17230a214fc3d"
    keys = ",".join(map(str, sorted(found.bands)))
    assert (
        hashlib.sha256(found.signature + found.shingles + keys.encode()).hexdigest()
        == "46afc685842bbb75a6ea3771def74564c2124c0db748d0e282057899541a8866"
    )


def test_the_version_names_what_the_bytes_depend_on() -> None:
    assert f"-{sketching._SCHEME}-" in VERSION
    assert f"-{PERMUTATIONS}p-" in VERSION
    assert f"-w{sketching.SHINGLE}-" in VERSION
    assert f"-b{sketching.BANDS}x{sketching.ROWS}-" in VERSION
    assert f"-mod{sketching.SAMPLED}-" in VERSION
    assert sketching.BANDS * sketching.ROWS == PERMUTATIONS


def test_the_scheme_is_named_and_none_of_the_librarys_defaults_has_a_say() -> None:
    assert sketching._permuted().scheme == "affine32"
    assert sketching._permuted().seed == 1


# --- the estimate --------------------------------------------------------------------------------


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32 - 1), st.integers(0, 400), st.integers(1, 200), st.integers(1, 200))
def test_the_estimate_keeps_to_its_standard_error(seed: int, common: int, left: int, right: int) -> None:
    chance = random.Random(seed)
    drawn = chance.sample(range(2**32), common + left + right)
    one, other = hashes(set(drawn[: common + left])), hashes(set(drawn[:common] + drawn[common + left :]))
    exact = common / (common + left + right)
    estimate = float(np.mean(minhash(one) == minhash(other)))
    error = math.sqrt(exact * (1 - exact) / PERMUTATIONS)
    assert abs(estimate - exact) <= 5 * error + 1 / PERMUTATIONS


def test_over_many_pairs_the_estimate_is_unbiased() -> None:
    chance = random.Random(3)
    misses = []
    for _ in range(200):
        drawn = chance.sample(range(2**32), 300)
        one, other = hashes(set(drawn[:200])), hashes(set(drawn[100:]))
        misses.append(float(np.mean(minhash(one) == minhash(other))) - 1 / 3)
    assert abs(sum(misses) / len(misses)) < 4 * math.sqrt((1 / 3) * (2 / 3) / PERMUTATIONS / len(misses))


@given(st.sets(st.integers(0, 2**32 - 1), max_size=60), st.sets(st.integers(0, 2**32 - 1), max_size=60))
def test_overlap_is_what_sets_say(left: set[int], right: set[int]) -> None:
    [(jaccard, containment)] = overlaps(sketch_of(left), [sketch_of(right)])
    if left and right:
        assert jaccard == pytest.approx(len(left & right) / len(left | right))
        assert containment == pytest.approx(len(left & right) / min(len(left), len(right)))
    else:
        assert (jaccard, containment) == (0.0, 0.0)


# --- shingles ------------------------------------------------------------------------------------

WORDS = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=6), min_size=MIN_WORDS, max_size=40)


@given(WORDS)
def test_there_is_one_hash_for_each_run_of_words(tokens: list[str]) -> None:
    found = sketch(document(" ".join(tokens)))
    assert found is not None
    runs = {tuple(tokens[place : place + sketching.SHINGLE]) for place in range(len(tokens) - sketching.SHINGLE + 1)}
    assert len(shingles(found)) == len(runs)


def test_the_order_of_words_counts() -> None:
    forwards, backwards = (sketch(document(" ".join(letters))) for letters in ("abcdefghijkl", "lkjihgfedcba"))
    assert forwards is not None
    assert backwards is not None
    assert set(shingles(forwards)).isdisjoint(shingles(backwards))


def test_case_accents_and_typography_are_no_difference() -> None:
    assert made(TEXT).shingles == made(TEXT.upper().replace(";", " –").replace("Skarvik", "Skárvik")).shingles


@pytest.mark.parametrize("language", ["en", "xx", ""])
def test_the_language_given_has_no_say(language: str) -> None:
    assert made(language=language).shingles == made().shingles


# --- keys ----------------------------------------------------------------------------------------


def test_what_stands_whole_in_a_longer_text_shares_a_key_with_it() -> None:
    chance = random.Random(5)
    missed = 0
    for _ in range(100):
        word = ["".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(700)]
        long, part = made(" ".join(word)), made(" ".join(word[400:550]))
        missed += not set(long.bands) & set(part.bands)
    assert missed <= 1


@pytest.mark.parametrize("count", [MIN_WORDS + 2, 20, 40])
def test_a_text_cut_off_shares_a_key_with_its_whole(count: int) -> None:
    chance = random.Random(count)
    for _ in range(50):
        word = ["".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(500)]
        assert set(made(" ".join(word)).bands) & set(made(" ".join(word[:count])).bands)


def test_unlike_texts_share_no_key() -> None:
    chance = random.Random(7)
    keys = [
        frozenset(made(" ".join("".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(200))).bands)
        for _ in range(30)
    ]
    assert sum(len(one) for one in keys) == len(frozenset().union(*keys))


def test_a_text_without_words_has_no_sketch() -> None:
    assert sketch(document("")) is None
    assert sketch(document("… – !?", title="***")) is None


def test_a_headline_alone_is_found_by_its_words_and_a_page_by_its_address() -> None:
    title = made("", title="Ferry runs aground off Skarvik")
    assert title.shingles == title.signature == b""
    assert len(title.bands) == 1
    assert sketch(document("", title="Live")) is None
    assert len(made("", url="https://ledger.example/a/b").bands) == 1
    assert sketch(document("", url="https://ledger.example/")) is None


def test_a_lede_speaks_where_there_is_no_body() -> None:
    assert made("", lede=TEXT).shingles == made(TEXT).shingles
    assert made("Read on.", lede=TEXT).shingles == made(TEXT).shingles


def test_an_endless_text_costs_no_more_than_its_beginning() -> None:
    endless = " ".join(f"word{number}" for number in range(3 * MAX_WORDS))
    found = made(endless)
    assert found.words == MAX_WORDS
    assert len(shingles(found)) <= MAX_WORDS


@settings(max_examples=examples(200))
@given(st.text(max_size=300), st.text(max_size=80))
def test_any_text_gives_a_sketch_or_none_and_the_same_again(body: str, title: str) -> None:
    found = sketch(document(body, title=title))
    assert found == sketch(document(body, title=title))
    if found is not None:
        assert found.version == VERSION
        assert len(found.signature) in (0, 4 * PERMUTATIONS)
        assert shingles(found) == sorted(set(shingles(found)))
        assert all(-(2**63) <= key < 2**63 for key in found.bands)


def test_sketching_costs_no_process_the_whole_of_datasketch_and_leaves_it_to_be_imported() -> None:
    script = """
import sys
from aggregator.clustering.sketch import minhash
import numpy
made = minhash(numpy.arange(1000, dtype=numpy.uint32))
assert not any(name.partition(".")[0] in ("scipy", "datasketch") for name in sys.modules), "loaded"
import datasketch
import datasketch.minhash
other = datasketch.MinHash(num_perm=128, seed=1, scheme="affine32", hashfunc=int)
other.update_batch(list(range(1000)))
assert (other.hashvalues == made).all()
assert datasketch.MinHashLSH(num_perm=128)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class SlowFinder:
    """Finds no module, and takes its time, so that another thread comes while a library is half loaded."""

    def find_spec(self, *_: object) -> None:
        time.sleep(0.02)


def test_threads_that_sketch_their_first_text_at_once_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "datasketch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "aggregator.clustering.signatures", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SlowFinder(), *sys.meta_path])
    sketching._permuted.cache_clear()
    values = hashes({3, 5, 8})
    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(lambda _: minhash(values).tolist(), range(4))
    assert others == [first] * 3


@settings(max_examples=examples(30))
@given(st.lists(st.text("abc ", max_size=40), max_size=6))
def test_overlaps_with_many_are_those_with_each(texts: list[str]) -> None:
    made = [found for text in texts if (found := sketch(document(text))) is not None]
    for one in made:
        assert overlaps(one, made) == [overlaps(one, [other])[0] for other in made]
