"""A newsroom for the tests of editors' verbs: entries told of made-up events arrive through the importer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.desk.editing import Editor
from aggregator.desk.storyline_editing import StorylineEditor
from aggregator.model import Entry, EntryData, Story
from aggregator.parsing.archive import ArchiveEntry
from aggregator.storage.database import Store
from tests.harness import StoredNewsroom

# Event -> its texts, each a headline and what follows. Texts of one event tell one story; one text is one report.
EVENTS = {
    "dam": (
        (
            "Kelmara dam bursts above Ostrel",
            "The Kelmara dam above Ostrel burst on Tuesday night and water stood two metres high in the streets of Ostrel.",
        ),
        (
            "Engineers in Ostrel feared the Kelmara dam for years",
            "Governor Palit Renn said the Kelmara dam had been inspected in March and that 300 people of Ostrel were taken to schools.",
        ),
        (
            "Rescuers search Ostrel after the Kelmara dam burst",
            "Rescue boats searched Ostrel on Wednesday while the Kelmara dam was sealed by engineers under Palit Renn.",
        ),
    ),
    "budget": (
        (
            "Parliament in Vantoria rejects the Hesk budget",
            "Members in Vantoria voted 61 to 58 against the budget of finance minister Hesk on Tuesday, 14 of her own party among them.",
        ),
        (
            "Minister Hesk loses the budget vote in Vantoria",
            "Minister Hesk said in Vantoria that she would offer her resignation after the budget was rejected by members.",
        ),
        (
            "Vantoria budget falls; Hesk offers to resign",
            "The rejected budget of Vantoria would have raised the duty on grain; Hesk called the vote a mistake.",
        ),
    ),
    "cup": (
        (
            "Brunholm win the Larsund cup on penalties",
            "Brunholm beat Tarnby five to four on penalties in the Larsund cup final after Ivo Marsk saved two shots.",
        ),
        (
            "Larsund cup final: Brunholm beat Tarnby on penalties",
            "Goalkeeper Ivo Marsk of Brunholm said the Larsund cup final was the longest evening of his life.",
        ),
        (
            "Goalkeeper Ivo Marsk carries Brunholm to the Larsund cup",
            "Tarnby missed two penalties as Brunholm took the Larsund cup for the first time since 1988.",
        ),
    ),
    "orchard": (
        (
            "Blight spreads through the apple orchards of Quellin",
            "Growers in Quellin cut down four hundred apple trees on Monday after inspectors found blight in three orchards.",
        ),
        (
            "Quellin growers cut down apple trees as blight spreads",
            "Inspectors told growers in Quellin that blight had reached a third orchard and that more apple trees must go.",
        ),
    ),
    # Halfway between two of them: what makes the machine want to join what an editor parted.
    "relief": (
        (
            "Hesk asks Vantoria for a relief budget after the Kelmara dam burst",
            "Minister Hesk asked members in Vantoria to vote on a relief budget for Ostrel, where the Kelmara dam burst on Tuesday night.",
        ),
        (
            "Ostrel waits for the Vantoria budget after the Kelmara dam burst",
            "Governor Palit Renn asked minister Hesk in Vantoria for a budget to rebuild Ostrel below the Kelmara dam.",
        ),
    ),
    "charity": (
        (
            "Brunholm give the Larsund cup money to Ostrel after the Kelmara dam burst",
            "Goalkeeper Ivo Marsk of Brunholm brought the money of the Larsund cup final to Ostrel, below the Kelmara dam.",
        ),
        (
            "Ostrel thanks Brunholm: the Larsund cup pays for the Kelmara dam",
            "Governor Palit Renn thanked Ivo Marsk and Brunholm in Ostrel, where the Kelmara dam is sealed with money of the Larsund cup.",
        ),
    ),
    "parade": (
        (
            "Hesk cheers Brunholm and the Larsund cup in Vantoria after the budget vote",
            "Minister Hesk, whose budget was rejected by members in Vantoria, met Ivo Marsk and Brunholm with the Larsund cup.",
        ),
        (
            "Larsund cup parade of Brunholm in Vantoria follows the lost budget of Hesk",
            "Brunholm showed the Larsund cup in Vantoria on the day on which members rejected the budget of minister Hesk.",
        ),
    ),
}


@dataclass(frozen=True)
class Telling:
    """An entry to come: which text of which event, from whom, how many hours after the first."""

    event: str
    text: int = 0
    source: str = "Ledger"
    hours: float = 0.0
    edited: int = 0  # 0: as it came first

    @property
    def key(self) -> str:
        return f"{self.event}-{self.text}-{self.source}"

    def line(self, number: int, now: datetime) -> ArchiveEntry:
        title, body = EVENTS[self.event][self.text]
        if self.edited:
            body = f"{body} A line was added in edition {self.edited}."
        data = EntryData(
            key=self.key,
            title=title,
            content=f"<p>{body}</p>",
            link=f"https://{self.source.lower()}.example/{self.event}/{self.text}",
            published=now - timedelta(hours=24 - self.hours),
        )
        return ArchiveEntry(number, data, self.source, "en")


class Newsroom(StoredNewsroom):
    """A store that entries come to; the time is one minute later at each step. Entries are spoken of by their ids."""

    def restart(self) -> None:
        """Go on over a new connection to the same tables: nothing is left in memory."""
        if self.path is not None:
            self.close()
            self.store = Store(self.path)
            return
        fresh = Store(None)
        self.store.connection.backup(fresh.connection)
        self.close()
        self.store = fresh

    def tick(self) -> None:
        self.now += timedelta(minutes=1)

    def arrive(self, *tellings: Telling) -> list[str]:
        """Import entries as one batch; return their ids."""
        self.tick()
        self.take_lines([one.line(number, self.now) for number, one in enumerate(tellings, 1)])
        return [self.id_of(one) for one in tellings]

    def id_of(self, telling: Telling) -> str:
        row = self.store.connection.execute("SELECT id FROM entry WHERE key = ?", (telling.key,)).fetchone()
        return str(row[0])

    def editor(self, by: str = "ann") -> Editor:
        self.tick()
        return Editor(self.store, self.placer(), by, self.now)

    def storyline_editor(self, by: str = "ann") -> StorylineEditor:
        self.tick()
        return StorylineEditor(self.store, self.placer(), by, self.now)

    def entry(self, entry_id: str) -> Entry:
        return self.reader().entry(entry_id)

    def story_of(self, entry_id: str) -> str:
        return self.entry(entry_id).story_id

    def report_of(self, entry_id: str) -> str:
        return self.entry(entry_id).report_id

    def story(self, prefix: str) -> Story:
        return self.reader().story(prefix)

    def members(self, prefix: str) -> set[str]:
        return {entry.id for report in self.story(prefix).reports for entry in report.entries}

    def look_again(self) -> None:
        """Let a new pass settle everything anew, as after a crash between two transactions."""
        self.tick()
        self.settle_anew()

    def stories(self) -> list[str]:
        return [row[0] for row in self.store.connection.execute("SELECT id FROM story ORDER BY id")]

    def places(self) -> dict[str, tuple[str, str]]:
        """Return entry -> its report and story."""
        return self.places_by("id")

    def dump(self, tables: Sequence[str] = ("story", "report", "entry", "story_redirect")) -> dict[str, list[object]]:
        """Return rows, but for when they were last written."""
        found: dict[str, list[object]] = {}
        for table in tables:
            cursor = self.store.connection.execute(f"SELECT * FROM {table} ORDER BY 1")
            names = [column[0] for column in cursor.description]
            found[table] = [
                {name: value for name, value in zip(names, row, strict=True) if name != "changed"} for row in cursor
            ]
        return found
