"""MinHash sketches of documents, and the keys by which copies are looked up.

Theory of operation. A text is the set of its 5-word shingles, hashed to 32 bits. Five kinds of key propose what may be a
copy; the exact comparison in ``copies.py`` decides:

- band: 32 bands of 4 rows of a 128-permutation MinHash (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive
  Datasets, chapter 3). A pair at Jaccard .5 shares a band with probability 1 - (1 - .5^4)^32 = .87, at .6 .99.
- sample: every shingle whose hash is 0 modulo 24 (Broder's mod-p sketch). A text that is contained in a longer one shares its
  samples with it, whatever the Jaccard similarity.
- opening: the first shingle and the smallest hashes of the first words, for a text that a feed cut off after a sentence: it has
  too few samples.
- title: all words of the headline without its date, for entries without text and for series (see instalments).
- link: the canonical address, for one page in several feeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import chain
from struct import unpack
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Hashes
from aggregator.clustering.instalments import undated
from aggregator.clustering.numbers import numbers_in
from aggregator.model import Document, Sketch
from aggregator.text.part_cache import MAX_PARTS, PartCache
from aggregator.text.tokens import words

if TYPE_CHECKING:
    from aggregator.clustering.signatures import MinHash

PERMUTATIONS = 128
# Hashes that are permuted together, in arrays of 96 kB. From 128 kB on the C library requests each array from the system.
_HASHES_PER_BATCH = 192
BANDS, ROWS = 32, 4
_SLICES = tuple((band, 4 * ROWS * band, 4 * ROWS * (band + 1)) for band in range(BANDS))  # of a signature's bytes
SHINGLE = 5  # words
SAMPLED = 24  # one shingle in so many is a key
OPENING_WORDS, OPENING_KEYS = 30, 6
MIN_WORDS = 12  # a shorter text is not compared by shingles but by its title and link
MAX_WORDS = 5_000  # first words by which a text is compared: enough for any report, and a bound on the cost
VERSION = "minhash-affine32-128p-seed1-w5-b32x4-mod24-v2"

_SCHEME = "affine32"  # given explicitly: datasketch 2 changed its default, and a signature does not show its scheme
_MULTIPLIERS = np.array(
    (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5, 0x85EBCA77C2B2AE63), np.uint64
)


def sketch(document: Document) -> Sketch | None:
    """Return the sketch of a document, of its body where it has one, else of its lede; None for a document without words."""
    title = words(document.title)
    hashed = _hashed(document.body)
    if len(hashed) < MIN_WORDS:
        hashed = _hashed(document.lede) if document.lede else hashed
    hashed = hashed[:MAX_WORDS]
    named = [*_title_keys(title, document.language), *_link_keys(document.canonical_url)]
    if len(hashed) < MIN_WORDS:
        return Sketch(VERSION, b"", b"", _keys(named), len(hashed), numbers_in(document)) if named else None
    hashes = _mixed(hashed)
    distinct = np.sort(hashes)
    distinct = distinct[np.append(True, distinct[1:] != distinct[:-1])]
    signature = minhash(distinct).astype("<u4").tobytes()
    named += _band_keys(signature)
    named += [b"('sample', %d)" % one for one in distinct[distinct % SAMPLED == 0].tolist()]
    named += [b"('opening', %d)" % one for one in sorted(_opening(hashes[: OPENING_WORDS - SHINGLE + 1].tolist()))]
    return Sketch(VERSION, signature, distinct.astype("<u4").tobytes(), _keys(named), len(hashed), numbers_in(document))


def _hashed(text: str) -> NDArray[np.uint64]:
    """Return the hash of each word of a text, in order."""
    return np.fromiter(chain.from_iterable(_hashes.results(text.split())), dtype=np.uint64)


def _hashes_of(part: str) -> tuple[int, ...]:
    return tuple(map(_word_hash, words(part)))


_hashes = PartCache(_hashes_of)


def _mixed(hashed: NDArray[np.uint64]) -> Hashes:
    mixed = np.correlate(hashed, _MULTIPLIERS)  # the sum of each word's hash times the multiplier of its position
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)  # the finaliser of SplitMix64, so that all bits count
    return (mixed >> np.uint64(32)).astype(np.uint32)


def minhash(distinct: Hashes) -> Hashes:
    """Return the signature of a set of shingle hashes."""
    made = copy(_permuted())  # MinHash.copy() checks and converts everything, which takes as long as filling it
    made.clear()
    for start in range(0, len(distinct), _HASHES_PER_BATCH):
        # one array instead of a list of hashes: Python numbers would be converted twice
        made.update_batch((distinct[start : start + _HASHES_PER_BATCH],))
    return np.asarray(made.hashvalues, dtype=np.uint32)


@cache
def _permuted() -> MinHash:
    """Return an empty signature."""
    from aggregator.clustering.signatures import MinHash  # only where a text is sketched

    return MinHash(num_perm=PERMUTATIONS, seed=1, scheme=_SCHEME, hashfunc=_identity)


def _identity(hashes: Hashes) -> Hashes:
    return hashes


def _band_keys(signature: bytes) -> list[bytes]:
    """Return one key a band."""
    return [b"('band', %d, %a)" % (band, signature[start:end]) for band, start, end in _SLICES]


def overlaps(one: Sketch, others: Sequence[Sketch]) -> list[tuple[float, float]]:
    """Return the overlap of a text with each of some others, of which there are very many in a form or a flood.

    It is the Jaccard similarity, and the share of the smaller set of shingles that the larger contains.
    """
    left, sizes = np.frombuffer(one.shingles, "<u4"), np.array([len(other.shingles) // 4 for other in others], np.int64)
    every = np.frombuffer(b"".join(other.shingles for other in others), dtype="<u4")
    if not len(left) or not len(every):
        return [(0.0, 0.0)] * len(others)
    # both are sorted and distinct: a binary search for each value takes a third of the time of a merge
    hit = left.take(np.searchsorted(left, every), mode="clip") == every
    common = np.bincount(np.repeat(np.arange(len(sizes)), sizes), hit, len(sizes)).astype(np.int64)
    pairs = zip(common.tolist(), sizes.tolist(), strict=True)
    return [(n / (len(left) + size - n), n / min(len(left), size)) if size else (0.0, 0.0) for n, size in pairs]


def _opening(hashes: Sequence[int]) -> set[int]:
    return {hashes[0], *sorted(set(hashes))[:OPENING_KEYS]}


def keys_of_title(title: str, language: str | None) -> tuple[int, ...]:
    """Return the keys under which an entry with this headline is looked up; none where it has too few words."""
    return _keys(_title_keys(words(title), language))


def _title_keys(title: Sequence[str], language: str | None) -> list[bytes]:
    return [_named("title", " ".join(undated(title, language)))] if len(set(title)) >= 4 else []


def _link_keys(url: str | None) -> list[bytes]:
    # an address without a path is a front page, not an entry
    return [_named("link", url)] if url and url.rstrip("/").count("/") > 2 else []


def _named(kind: str, value: str) -> bytes:
    return repr((kind, value)).encode("utf-8", "surrogatepass")


def _keys(named: Iterable[bytes]) -> tuple[int, ...]:
    """Return the keys as they are stored: hashes of 64 bits."""
    digests = [blake2b(one, digest_size=8).digest() for one in named]
    return unpack(f">{len(digests)}q", b"".join(digests))


@lru_cache(maxsize=MAX_PARTS)  # some 3 MB in every worker
def _word_hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
