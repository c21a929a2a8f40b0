"""Measure the cost and the result of floods: one event, one boilerplate text, a repeated archive, one filled-in form, earthquakes.

    python -m bench.floods [event boilerplate archive template series] [--entries 5000] [--pass 500] [--verbs]

An *event* is reported by five hundred outlets within two days, in different words. *Boilerplate* is ten lines of one text under
each of very many different entries of one feed. An *archive* is a feed that publishes all its entries again with other keys.
A *template* is one form, filled with other companies, places and numbers; a *series* reports earthquakes. All are imported, with
a number of entries per pass. Times are processor time; for transactions, the time that they hold the write lock.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator import Aggregator, Settings
from aggregator.storage.database import Store
from bench.held_lock import holding
from bench.material import START, WORDS, archive, lines
from bench.memory import megabytes
from bench.verbs import verbs

Rows = list[dict[str, Any]]
_TOLD = (
    "Ferry Norbanka sinks off Vasstrand: {}",
    "Norbanka disaster: ferry goes down off Vasstrand, {}",
    "{} as ferry Norbanka sinks near Vasstrand",
    "Vasstrand mourns after the sinking of the ferry Norbanka, {}",
)


def _named(chance: random.Random) -> str:
    return "".join(chance.choices("bdfgklmnprstvz", k=2)).title() + "".join(chance.choices("aeiourn", k=5))


def _row(number: int, title: str, body: str, source: str, minutes: float) -> dict[str, Any]:
    date = (START + timedelta(minutes=minutes)).isoformat()
    return {"id": f"f{number}", "title": title, "body": body, "source": source, "date": date, "lang": "en"}


def event(count: int) -> Rows:
    """Return reports of one event, each in words of its own."""
    chance, found = random.Random(2), []
    for number in range(count):
        title = _TOLD[number % len(_TOLD)].format(" ".join(chance.sample(WORDS, 4)))
        body = f"The ferry Norbanka sank off Vasstrand. {' '.join(chance.sample(WORDS, 14)).capitalize()}."
        found.append(_row(number, title, body, f"house{number % 500}.example", number * 2_880 / count))
    return found


def boilerplate(count: int) -> Rows:
    """Return different entries of one feed, under each of which stands the same text."""
    chance = random.Random(3)
    common = "\n".join(" ".join(chance.choices(WORDS, k=14)).capitalize() + "." for _ in range(10))
    rows = lines(count)
    return [
        _row(number, row["title"], f"{row.get('body') or ''}\n{common}", "house.example", number * 2_880 / count)
        for number, row in enumerate(rows)
    ]


def repeated(count: int) -> Rows:
    """Return a feed's archive, and the same once more a day later under other keys, at the addresses that it had."""
    first = lines(count // 2)
    return [
        {
            **_row(number, row["title"], row.get("body") or "", "house.example", number * 1_440 / len(first)),
            "url": f"https://house.example/{number % len(first)}",
        }
        for number, row in enumerate([*first, *first])
    ]


def template(count: int) -> Rows:
    """Return the notices of a house that fills one form."""
    chance, found = random.Random(5), []
    for number in range(count):
        company, place = f"{_named(chance)} {_named(chance)}", _named(chance)
        found.append(
            _row(
                number,
                f"Insolvency proceedings opened: {company}",
                f"The court of {place} has opened insolvency proceedings over the assets of {company}, {place}, file"
                f" {chance.randrange(10**5)}/{chance.randrange(99)}. Creditors are called upon to register their claims in"
                f" writing with the administrator {_named(chance)} within six weeks of this notice.",
                "court.example",
                number * 2_880 / count,
            )
        )
    return found


def series(count: int) -> Rows:
    """Return what a seismological service tells of one earthquake after another."""
    chance, found = random.Random(9), []
    for number in range(count):
        size, away, deep = f"{chance.uniform(2.5, 6):.1f}", chance.randrange(3, 190), chance.randrange(5, 90)
        where = f"{away} km {chance.choice(('north', 'south', 'east', 'west'))} of {_named(chance)}"
        found.append(
            _row(
                number,
                f"Magnitude {size} earthquake - {where}",
                f"An earthquake of magnitude {size} was recorded {where} at a depth of {deep} km, the seismological service"
                " said. No damage was reported.",
                "quakes.example",
                number * 2_880 / count,
            )
        )
    return found


KINDS: dict[str, Callable[[int], Rows]] = {
    "event": event,
    "boilerplate": boilerplate,
    "archive": repeated,
    "template": template,
    "series": series,
}


def passes(rows: Rows, size: int, folder: Path) -> Iterator[dict[str, float]]:
    """Import so many entries at a time; yield what each pass took, in seconds, and what stands in the database after it."""
    now = [START]
    with Aggregator.open(Settings(), folder / "flood.db", clock=lambda: now[0]) as desk:
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            source = archive(folder, part)
            now[0] = datetime.fromisoformat(part[-1]["date"])
            with holding() as held:
                begin = time.process_time()
                desk.import_archive(source)
                took = time.process_time() - begin
            yield {"entries": start + len(part), "pass s": took, "transaction s": max(held), **stored(folder)}


def stored(folder: Path) -> dict[str, float]:
    """Return how many reports and stories there are, the entries of the largest story, and this process's memory."""
    with Store(folder / "flood.db") as store:
        counts = store.connection.execute(
            "SELECT (SELECT count(*) FROM report), count(*), max(entries) FROM story"
        ).fetchone()
    return {**dict(zip(("reports", "stories", "largest"), counts, strict=True)), "memory MB": megabytes()}


def held_by_verbs(folder: Path) -> dict[str, float]:
    """Have an editor work on the largest story; return for how many seconds each verb held the lock at most."""
    held_by: dict[str, float] = {}
    with Aggregator.open(Settings(), folder / "flood.db", clock=lambda: START + timedelta(days=3)) as desk:
        for name, verb in verbs(desk):
            with holding() as held:
                verb()
            held_by[name] = max(held)
    return held_by


def summary(found: list[dict[str, float]], entries: int) -> dict[str, float]:
    """Return an entry's price over all passes and over the last tenth of them, the worst pass and transaction, the result."""
    tenth = found[-max(1, len(found) // 10) :]
    before = found[-len(tenth) - 1]["entries"] if len(found) > len(tenth) else 0.0
    return {
        "ms an entry": sum(one["pass s"] for one in found) / entries * 1_000,
        "ms an entry of the last tenth": sum(one["pass s"] for one in tenth) / (entries - before) * 1_000,
        "worst pass s": max(one["pass s"] for one in found),
        "worst transaction s": max(one["transaction s"] for one in found),
        **{name: found[-1][name] for name in ("reports", "stories", "largest", "memory MB")},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], default=list(KINDS))
    parser.add_argument("--entries", type=int, default=5_000)
    parser.add_argument("--pass", type=int, default=500, dest="size")
    parser.add_argument("--verbs", action="store_true", help="have an editor work on the largest story at the end")
    options = parser.parse_args()
    for kind in options.kinds:
        rows = KINDS[kind](options.entries)
        with tempfile.TemporaryDirectory(prefix="floods-") as folder:
            found = []
            for one in passes(rows, options.size, Path(folder)):
                found.append(one)
                print("  ".join(f"{name} {value:g}" for name, value in one.items()), flush=True)
            if options.verbs:
                print(
                    "held by "
                    + ", ".join(f"{name} {held:.2f} s" for name, held in held_by_verbs(Path(folder)).items()),
                    flush=True,
                )
        figures = ", ".join(f"{name} {value:.4g}" for name, value in summary(found, len(rows)).items())
        print(f"{kind}, {len(rows)} entries in passes of {options.size}: {figures}", flush=True)


if __name__ == "__main__":
    main()
