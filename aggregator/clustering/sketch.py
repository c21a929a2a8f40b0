"""MinHash sketches of documents; the only home of datasketch.

Broder 1997 (MinHash), Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3 (banding).
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from aggregator.model import Document, Sketch
from aggregator.text.tokens import words

PERMUTATIONS = 128
BANDS, ROWS = 32, 4
SHINGLE = 3  # words
VERSION = "affine32-128-seed1-w3-blake2s-t1"
_SCHEME = "affine32"


def shingle_hashes(tokens: list[str]) -> NDArray[np.uint32]:
    """Return the sorted distinct 32-bit hashes of the word shingles."""
    span = min(SHINGLE, len(tokens))
    texts = {" ".join(tokens[i : i + span]) for i in range(len(tokens) - span + 1)} if tokens else set()
    made = [struct.unpack("<I", hashlib.blake2s(text.encode(), digest_size=4).digest())[0] for text in texts]
    return np.unique(np.array(made, dtype=np.uint32))


def sketch(document: Document) -> Sketch | None:
    """Return the sketch of a document's text (its title where there is no other), None where there is no word."""
    text = document.body or document.lede or document.title
    tokens = words(text, document.language)
    if not tokens:
        return None
    shingles = shingle_hashes(tokens)
    minhash = MinHash(num_perm=PERMUTATIONS, scheme=_SCHEME, hashfunc=int)
    minhash.update_batch(shingles.tolist())
    signature = np.asarray(minhash.hashvalues, dtype="<u4")
    return Sketch(VERSION, signature.tobytes(), shingles.astype("<u4").tobytes(), band_keys(signature), len(tokens))


def band_keys(signature: NDArray[np.uint32]) -> tuple[int, ...]:
    """Return one signed 64-bit key a band."""
    rows = signature.reshape(BANDS, ROWS)
    return tuple(
        int.from_bytes(hashlib.blake2b(bytes([band]) + rows[band].tobytes(), digest_size=8).digest(), "big", signed=True)
        for band in range(BANDS)
    )
