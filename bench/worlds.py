"""Windows to learn from and to measure on: labelled archives, weeks of streams, and both laid onto the same days.

A window is a list of items. Items of different *sides* surely tell different events; items of one labelled side tell
one event where their clusters are equal; of two items of one week of a stream nothing is known.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from aggregator.clustering.vectorize import vectorize
from aggregator.clustering.vectors import ReportVector
from aggregator.model import Document

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
START = datetime(2026, 5, 4, tzinfo=UTC).timestamp()
DAY = 86_400.0
# Archives whose dates are those of incidents, or of a collection, rather than of what was published when.
UNDATED = {"ecbplus-train-dev", "gva-incidents-dev", "uci-headlines-2014", "vims-vietnamese"}


@dataclass(frozen=True, slots=True)
class Item:
    """One report of a window."""

    key: str
    title: str
    body: str
    language: str
    source: str
    time: float | None
    side: str
    cluster: str | None = None  # of a labelled archive, named with it

    @property
    def archive(self) -> str | None:
        """The labelled archive it is of."""
        return self.cluster.split("|", 1)[0] if self.cluster else None

    def vector(self) -> ReportVector:
        """Return its vector."""
        document = Document(self.title, "", self.body, self.language or None, None, "")
        when = datetime.fromtimestamp(START if self.time is None else self.time, UTC)
        return vectorize(document, self.source or self.key, when, self.time is not None)


@lru_cache(maxsize=32)
def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of JSON Lines."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def moment(text: str | None) -> float | None:
    """Return a date as seconds since 1970, None where it is none."""
    try:
        found = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def row_key(key: str) -> str:
    """Return the key of a stream's row as hand-made labels name it, from the key of its item."""
    name, number = key.rsplit(":", 1)
    row = rows_of(DATA / "streams" / f"{name}.jsonl.xz")[int(number)]
    text = "\n".join(row.get(column) or "" for column in ("date", "source", "title"))
    return f"{name}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@lru_cache(maxsize=32)
def archive(name: str, dated: bool = False) -> tuple[Item, ...]:
    """Return a labelled archive; ``dated`` says that its dates count though they are those of incidents."""
    path = next(path for suffix in ("", ".xz") if (path := DATA / "labelled" / f"{name}.jsonl{suffix}").exists())
    undated = name in UNDATED and not dated
    items = []
    for row in rows_of(path):
        if row.get("cluster") is None:
            continue
        time = None if undated else moment(row.get("date"))
        items.append(
            Item(f"{name}:{row['id']}", row["title"] or "", row.get("body") or "", row.get("lang") or "en",
                 row.get("source") or "", time, f"L:{name}", f"{name}|{row['cluster']}")
        )  # fmt: skip
    return tuple(distinct(items))


def distinct(items: Sequence[Item]) -> list[Item]:
    """Return items with equal texts but once: they are one report."""
    found: dict[tuple[str, str, str], Item] = {}
    for item in items:
        found.setdefault((item.side, " ".join(item.title.casefold().split()), item.body.strip()[:400]), item)
    return list(found.values())


def cut(items: Sequence[Item], words: int) -> list[Item]:
    """Return items with so many words of text at most."""
    return distinct([replace(item, body=" ".join(item.body.split()[:words])) for item in items])


def seen(items: Sequence[Item], text: str) -> Sequence[Item]:
    """Return what the machine sees of some items: their headlines alone, or all that they hold."""
    return cut(items, 0) if text == "headline" else items


def verdict_rows(path: Path) -> list[list[str]]:
    """Return the rows of a file of pairs that were read: the verdict first, both keys last."""
    lines = path.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith(("#", "verdict"))]


def week(names: Sequence[str], first: str, days: int = 7, onto: float = START) -> list[Item]:
    """Return some days of streams, laid onto the days from ``onto``; its side is named after the first day."""
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()
    items = []
    for name in names:
        path = DATA / "streams" / f"{name}.jsonl.xz"
        for number, row in enumerate(rows_of(path)):
            time = moment(row.get("date"))
            if time is not None and begin <= time < begin + days * DAY:
                items.append(
                    Item(f"{name}:{number}", row["title"], row.get("body") or "", row["lang"], row.get("source") or "",
                         onto + time - begin, first)
                )  # fmt: skip
    return distinct(items)


def injected(items: Sequence[Item], chance: random.Random, days: float = 6) -> list[Item]:
    """Return a labelled archive with each cluster laid at a random time of a week."""
    clusters: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        clusters[item.cluster or item.key].append(item)
    found = []
    for members in clusters.values():
        times = sorted(item.time for item in members if item.time is not None)
        begin = START + chance.random() * days * DAY
        for item in members:
            if item.time is None:
                found.append(item)
            else:
                shift = max(-3 * DAY, min(3 * DAY, item.time - times[len(times) // 2]))
                found.append(replace(item, time=begin + shift))
    return found


def some(items: Sequence[Item], count: int, chance: random.Random, most: int) -> list[Item]:
    """Return about ``count`` items: whole clusters drawn by lot, at most ``most`` of each."""
    clusters: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        clusters[item.cluster or item.key].append(item)
    names = sorted(clusters)
    chance.shuffle(names)
    found: list[Item] = []
    for name in names:
        members = clusters[name]
        found += chance.sample(members, most) if len(members) > most else members
        if len(found) >= count:
            break
    return found


def scattered(
    name: str, first: str, last: str, count: int = 3_000, headlines: bool = False, seed: int = 7
) -> list[Item]:
    """Return an equal share of each day of a stream, laid into 48 hours; sides are days."""
    chance, days = random.Random(seed), defaultdict(list)
    for number, row in enumerate(rows_of(DATA / "streams" / f"{name}.jsonl.xz")):
        day = (row.get("date") or "")[:10]
        if first <= day <= last:
            days[day].append((number, row))
    each = max(1, -(-count // len(days)))
    chosen = [one for day in sorted(days) for one in chance.sample(days[day], min(each, len(days[day])))]
    chance.shuffle(chosen)
    chosen = chosen[:count]
    return [
        Item(f"{name}:{number}", row["title"], "" if headlines else row.get("body") or "", row["lang"],
             row.get("source") or "", START + place * 2 * DAY / len(chosen), row["date"][:10])
        for place, (number, row) in enumerate(chosen)
    ]  # fmt: skip
