"""What a feed repeats is left out of its entries' texts, whenever these are read."""

from __future__ import annotations

import pytest

from aggregator.ingest.place import Placer
from aggregator.model import Feed
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

REPEATED = "The Ledger belongs to the houses of the Coastal Press Group."


@pytest.mark.parametrize("secret", ["", "?token=4f9a1c77e2d04b6f"])
def test_a_text_read_anew_lacks_what_its_feed_repeats(secret: str) -> None:
    feed = Feed(f"https://ledger.example/rss{secret}")
    towns = ["Esbjerg", "Delft", "Turku", "Gijón", "Split"]
    entries = [
        Item(f"{number}", f"Bridge opens in {town}", f"<p>The mayor of {town} cut a ribbon.</p><p>{REPEATED}</p>")
        for number, town in enumerate(towns)
    ]
    clock = Clock()
    with open_desk(FakeFetcher({feed.url: rss(*entries)}), clock, [feed]) as app:
        app.fetch()
        placer = Placer(app.store, app.settings)
        found = [placer.arrival_of(entry) for entry in placer.entries.select("ORDER BY e.number", ())]
    assert len(found) == len(towns)
    assert not any("Coastal Press" in arrival.document.text for arrival in found)
    assert all("ribbon" in arrival.document.text for arrival in found)
