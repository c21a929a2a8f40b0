"""Three days of six invented feeds, with copies, own reports, edits and corrections, the same at every run.

Every place, person and body is made of drawn syllables, so that no two events share a name.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from aggregator.model import Feed
from bench.feed_server import SHARES, WORDS
from tests.harness import Item, rss

BEGIN = datetime(2026, 3, 10, 0, 20, tzinfo=UTC)
STEP = timedelta(hours=3, minutes=5)
KEPT = 6  # steps for which a feed goes on to show an entry
AGENCY, LEDGER, TIMES, COURIER, HERALD, POST = ("Wire", "Ledger", "Times", "Courier", "Herald", "Post")
PUBLISHERS = (AGENCY, LEDGER, TIMES, COURIER, HERALD, POST)

# Headlines and sentences of the dispatch and of two who tell the event otherwise. What is in them besides is drawn anew
# for each event: texts made from one form would be copies of one another.
HEADLINES = (
    "{what} in {place}: {org} {words}",
    "{org} and {person} {words} after {what} in {place}",
    "{person} of {org}: {what} {words}",
)
SENTENCES = (
    "{person} told {org} in {place} that {words}.",
    "{number} people in {place} {words}, said {org}.",
    "After the {what} {words}, as {person} put it.",
    "{words} {org} in {place}.",
)
WHAT = ("fire", "strike", "storm", "election", "trial", "flood")
_HEAD = ("Bra", "Kel", "Ost", "Var", "Hesk", "Lun", "Mor", "Tarn", "Ive", "Pal", "Quor", "Sel", "Und", "Wex", "Zim")
_MIDDLE = ("ba", "do", "fi", "gu", "ka", "lo", "mi", "nu", "pe", "ro", "su", "ti", "vo", "xa", "zy")
_TAIL = ("n", "r", "st", "ld", "m", "ck", "ria", "vik", "ton", "by", "gard", "holm", "sa", "ne", "port")


@dataclass(frozen=True)
class Event:
    """What happens at one step, and how it is told."""

    number: int
    step: int
    names: dict[str, str]

    def telling(self, which: int) -> tuple[str, str]:
        """Return a headline and a text; always the same for the same telling."""
        chance = random.Random(f"{self.names} {which}")

        def words(count: int) -> str:
            return " ".join(chance.choices(WORDS, cum_weights=SHARES, k=count))

        title = HEADLINES[which].format(words=words(3), **self.names)
        sentences = [chance.choice(SENTENCES).format(words=words(9), **self.names) for _ in range(5)]
        return title, " ".join(one[:1].upper() + one[1:] for one in sentences)


@dataclass(frozen=True)
class Program:
    """So many steps of so many events; ``seed`` draws the names."""

    steps: int = 24
    events: int = 2
    seed: int = 1

    @property
    def moments(self) -> list[datetime]:
        """Return when the feeds are asked."""
        return [BEGIN + STEP * step for step in range(self.steps)]

    @property
    def interval(self) -> timedelta:
        """Return how often a feed is to be asked so that it is due at every moment, and never overdue for long."""
        return STEP - timedelta(minutes=5)

    def feeds(self, base: str) -> tuple[Feed, ...]:
        """Return the subscriptions."""
        return tuple(
            Feed(f"{base}/{name}", name=name, publisher=name, language="en", agency=name == AGENCY, category="home")
            for name in PUBLISHERS
        )

    @cached_property
    def happened(self) -> list[Event]:
        chance = random.Random(self.seed)
        heads = _names(chance)
        found = []
        for number in range(self.steps * self.events):
            place, org, family, given = (next(heads) for _ in range(4))
            names = {"place": place, "org": org, "person": f"{given} {family}", "number": str(chance.randint(21, 899))}
            names["what"] = chance.choice(WHAT)
            found.append(Event(number, number // self.events, names))
        return found

    def body(self, name: str, step: int) -> bytes:
        """Return what a feed shows at a step."""
        items = [item for event in self.happened if (item := _told(event, name, step)) is not None]
        return rss(*reversed(items), title=name)


def _names(chance: random.Random) -> Iterator[str]:
    """Yield names, none twice: the short ones first, then longer ones."""
    for middles in (_MIDDLE, [first + second for first in _MIDDLE for second in _MIDDLE]):
        names = [head + middle + tail for head in _HEAD for middle in middles for tail in _TAIL]
        chance.shuffle(names)
        yield from reversed(names)


def _told(event: Event, name: str, step: int) -> Item | None:
    age = step - event.step
    delay, which = {AGENCY: (0, 0), LEDGER: (0, 0), TIMES: (1, 1), COURIER: (1, 0), HERALD: (2, 2), POST: (3, 1)}[name]
    if not delay <= age < KEPT or (name == POST and event.number % 3):
        return None
    title, text = event.telling(which)
    if name == COURIER:
        text = f"{event.names['place'].upper()} (Wire) - {text}"
    if name == LEDGER and age >= 2:
        text = f"{text} The cabinet will speak of it on Friday."
    if name == AGENCY and age >= 3 and event.number % 2:
        before = event.names["number"]
        after = str(int(before) + 7)
        title = f"CORRECTED: {title.replace(before, after)}"
        text = f"{text.replace(before, after)} (Corrects the number to {after}, not {before}.)"
    published = BEGIN + STEP * (event.step + delay) - timedelta(minutes=20 + event.number % 7 + len(name))
    return Item(f"{name}-{event.number}", title, text, published, f"https://{name.lower()}.example/{event.number}")
