"""MinHash sketches of documents, and the keys under which a copy is looked up.

Theory of operation. A text is the set of its 5-word shingles, hashed to 32 bits. Five kinds of key propose what may be a
copy; the exact comparison in ``reports.py`` decides:

- band: 32 bands of 4 rows of a 128-permutation MinHash (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive
  Datasets, chapter 3). A pair at Jaccard .5 shares a band with probability 1 - (1 - .5^4)^32 = .87, at .6 .99.
- sample: every shingle whose hash is 0 modulo 24 (Broder's mod-p sketch): a text that stands whole inside a longer one
  shares its samples with it, whatever the Jaccard.
- opening: the first shingle and the smallest hashes of the first words: a text that a feed cut off after a sentence has
  too few samples.
- title: all words of the headline but its date: for entries without text, and for series (see instalments).
- link: the canonical address: one page in several feeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from functools import cache, lru_cache
from hashlib import blake2b
from struct import unpack
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.instalments import undated
from aggregator.model import Document, Sketch
from aggregator.text.tokens import words

if TYPE_CHECKING:
    from aggregator.clustering.signatures import MinHash

PERMUTATIONS = 128
BANDS, ROWS = 32, 4
SHINGLE = 5  # words
SAMPLED = 24  # one shingle in so many is a key of its own
OPENING_WORDS, OPENING_KEYS = 30, 6
MIN_WORDS = 12  # below it a text has no shingles worth comparing: its title and link speak for it
MAX_WORDS = 5_000  # a text is compared by its first words: enough for any report, and a bound on the cost
VERSION = "minhash-affine32-128p-seed1-w5-b32x4-mod24-v2"

_SCHEME = "affine32"  # named, because datasketch 2 changed its default and signatures carry no trace of it
_MULTIPLIERS = np.array(
    (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5, 0x85EBCA77C2B2AE63), np.uint64
)

Hashes = NDArray[np.uint32]


def sketch(document: Document) -> Sketch | None:
    """Return the sketch of a document: its body where it has one, else the lede; None where there is no word at all."""
    title = words(document.title, document.language)
    tokens = words(document.body, document.language)
    if len(tokens) < MIN_WORDS:
        tokens = words(document.lede, document.language) if document.lede else tokens
    tokens = tokens[:MAX_WORDS]
    named = [*_title_keys(title, document.language), *_link_keys(document.canonical_url)]
    if len(tokens) < MIN_WORDS:
        return Sketch(VERSION, b"", b"", _keys(named), len(tokens)) if named else None
    hashes = shingles(tokens)
    distinct = list(dict.fromkeys(np.sort(hashes).tolist()))
    signature = minhash(distinct).astype("<u4").tobytes()
    named += _band_keys(signature)
    named += [f"('sample', {one})" for one in distinct if one % SAMPLED == 0]
    named += [f"('opening', {one})" for one in sorted(_opening(hashes[: OPENING_WORDS - SHINGLE + 1].tolist()))]
    return Sketch(VERSION, signature, np.array(distinct, "<u4").tobytes(), _keys(named), len(tokens))


def shingles(tokens: Sequence[str]) -> Hashes:
    """Return the hash of each shingle in order of the text, repeats included."""
    hashed = np.fromiter(map(_word_hash, tokens), dtype=np.uint64, count=len(tokens))
    mixed = np.correlate(hashed, _MULTIPLIERS)  # the sum of each word's hash times its place's multiplier
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)  # the finaliser of SplitMix64, so that all bits count
    return (mixed >> np.uint64(32)).astype(np.uint32)


def minhash(distinct: Iterable[int]) -> Hashes:
    """Return the signature of a set of shingle hashes."""
    made = copy(_permuted())  # its own copy() checks and converts everything, which costs as much as filling it
    made.clear()
    made.update_batch(distinct)
    return np.asarray(made.hashvalues, dtype=np.uint32)


@cache
def _permuted() -> MinHash:
    """Return the empty signature."""
    from aggregator.clustering.signatures import MinHash  # only where a text is sketched

    return MinHash(num_perm=PERMUTATIONS, seed=1, scheme=_SCHEME, hashfunc=int)


def _band_keys(signature: bytes) -> list[str]:
    """Return one key a band."""
    size = 4 * ROWS
    return [f"('band', {band}, {signature[band * size : (band + 1) * size]!r})" for band in range(BANDS)]


def read(sketched: Sketch) -> Hashes:
    """Return the shingle hashes of a sketch, sorted and distinct."""
    return np.frombuffer(sketched.shingles, dtype="<u4")


def overlap(left: Hashes, right: Hashes) -> tuple[float, float]:
    """Return Jaccard similarity, and the share of the smaller set that the larger contains."""
    if not len(left) or not len(right):
        return 0.0, 0.0
    # both are sorted and distinct: to look each of the one up in the other costs a third of merging them
    common = int(np.count_nonzero(left.take(np.searchsorted(left, right), mode="clip") == right))
    return common / (len(left) + len(right) - common), common / min(len(left), len(right))


def overlaps(one: Sketch, others: Sequence[Sketch]) -> list[tuple[float, float]]:
    """Return the overlap of a text with each of some others: of a form or a flood there are very many."""
    left, sizes = read(one), np.array([len(other.shingles) // 4 for other in others], np.int64)
    every = np.frombuffer(b"".join(other.shingles for other in others), dtype="<u4")
    if not len(left) or not len(every):
        return [(0.0, 0.0)] * len(others)
    hit = left.take(np.searchsorted(left, every), mode="clip") == every
    common = np.bincount(np.repeat(np.arange(len(sizes)), sizes), hit, len(sizes)).astype(np.int64)
    pairs = zip(common.tolist(), sizes.tolist(), strict=True)
    return [(n / (len(left) + size - n), n / min(len(left), size)) if size else (0.0, 0.0) for n, size in pairs]


def _opening(hashes: Sequence[int]) -> set[int]:
    return {hashes[0], *sorted(set(hashes))[:OPENING_KEYS]}


def _title_keys(title: Sequence[str], language: str | None) -> list[str]:
    return [repr(("title", " ".join(undated(title, language))))] if len(set(title)) >= 4 else []


def _link_keys(url: str | None) -> list[str]:
    # a bare host is a front page, which stands for no entry
    return [repr(("link", url))] if url and url.rstrip("/").count("/") > 2 else []


def _keys(named: Iterable[str]) -> tuple[int, ...]:
    """Return the keys as they are stored: hashes of 64 bits."""
    digests = [blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest() for one in named]
    return unpack(f">{len(digests)}q", b"".join(digests))


@lru_cache(maxsize=50_000)  # some 8 MB in every worker
def _word_hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
