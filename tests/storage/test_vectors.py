"""Vectors come back from their packed form as they went in."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields

import pytest

from aggregator.clustering.features import Vector, read, weigh
from aggregator.clustering.likeness import similarities
from aggregator.clustering.views import Stored
from aggregator.model import Document
from aggregator.storage.clusters import ClusterStore
from aggregator.storage.database import Store
from aggregator.storage.vectors import packed, unpacked

TEXTS = (
    ("en", "Ferry No. 12 runs aground off Ostend, 47 rescued", "The ferry Kestrel ran aground on Monday. All 47 aboard are safe."),
    ("de", "Fähre läuft vor Ostende auf Grund", "Die Fähre Kestrel lief am Montag auf Grund. 47 Menschen wurden gerettet."),
    ("uk", "Пором сів на мілину поблизу Остенде", "Пором «Кестрел» сів на мілину. Врятовано 47 людей."),
    ("zh", "渡轮在奥斯坦德附近搁浅", "周一，渡轮在奥斯坦德附近搁浅，47人获救。"),
    (None, "", ""),
)  # fmt: skip


def vector(language: str | None, title: str, body: str, time: float | None = 1_700_000_000.25) -> Vector:
    document = Document(title=title, lede="", body=body, language=language, canonical_url=None, content_hash="")
    with Store(None) as store:
        return weigh(read(document), time, document, ClusterStore(store.connection))


def same(one: Vector, other: Vector) -> None:
    """Compare all that decides, with the order of terms, which sums go by; a word spelled as its term needs no mention."""
    for part in fields(Vector):
        mine, theirs = getattr(one, part.name), getattr(other, part.name)
        if part.name == "spelling":
            terms = {*mine, *theirs, *one.whole}
            assert {term: mine.get(term, term) for term in terms} == {term: theirs.get(term, term) for term in terms}
        elif hasattr(mine, "items"):
            assert list(mine.items()) == list(theirs.items())
        else:
            assert mine == theirs


@pytest.mark.parametrize(("language", "title", "body"), TEXTS)
def test_a_vector_comes_back_as_it_went_in(language: str | None, title: str, body: str) -> None:
    made = vector(language, title, body)
    same(unpacked(packed(made), None), made)


def test_a_vector_that_an_older_version_wrote_is_read() -> None:
    made = vector(*TEXTS[0])
    values = {one.name: getattr(made, one.name) for one in fields(made) if one.name != "meaning"}
    same(unpacked(zlib.compress(json.dumps(values).encode(), 1), None), made)


def test_what_was_stored_is_compared_like_what_was_not() -> None:
    one, other = vector(*TEXTS[0]), vector(*TEXTS[1], time=None)
    stored = [Stored(1, "r1", "e1", "s1", unpacked(packed(other), None))]
    assert similarities(one, stored) == similarities(one, [Stored(1, "r1", "e1", "s1", other)])
