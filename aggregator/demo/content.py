"""The demonstration's feeds: fictional outlets, their documents at two moments of one day.

Every outlet, person, place and figure is invented. One file holds both stages of a document: text between
``<!--morning-->`` and ``<!--/morning-->`` is in the feed only in the morning, and likewise for midday; in JSON feeds an
item's ``_stage`` has the same effect. ``{{06:10}}`` becomes that time of the day in UTC in the form of RSS,
``{{-1 20:55 iso}}`` a time of the day before in the form of Atom.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, get_args

from aggregator.model import Feed

Stage = Literal["morning", "midday"]
STAGES: tuple[Stage, ...] = get_args(Stage)
DAY = date(2026, 3, 10)  # a Tuesday, which the texts mention
PUBLIC = (
    "https://demo.example"  # the pretended address of the feeds: ids are made from addresses, so they stay the same
)
AFTERWARDS = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)  # the time on the clock of a kept demonstration

_TIMES: dict[Stage, time] = {"morning": time(7, 0, tzinfo=UTC), "midday": time(12, 0, tzinfo=UTC)}
_PLACEHOLDER = re.compile(r"\{\{(?:(-\d+) )?(\d\d):(\d\d)( iso)?\}\}")


class Outlet(NamedTuple):
    """A fictional outlet's feed: its file, and its entry in feeds.yaml, in the order of Feed's fields."""

    file: str
    media_type: str
    name: str
    publisher: str
    category: str
    language: str | None
    authority: int = 50
    agency: bool = False


_RSS, _ATOM, _JSON = "application/rss+xml", "application/atom+xml", "application/feed+json"

OUTLETS: tuple[Outlet, ...] = (
    Outlet("continental-press.xml", _RSS, "Continental Press Agency", "CPA", "world", "en", 90, agency=True),
    Outlet("harbour-times.xml", _RSS, "The Harbour Times", "The Harbour Times", "world", "en", 70),
    Outlet("harbour-defence.xml", _RSS, "The Harbour Times: Defence", "The Harbour Times", "defence", "en", 70),
    Outlet("northern-ledger.xml", _ATOM, "Northern Ledger", "Northern Ledger", "world", "en", 65),
    Outlet("radio-meridian.xml", "application/rdf+xml", "Radio Meridian News", "Radio Meridian", "world", "en", 65),
    Outlet("atlantic-desk.json", _JSON, "Atlantic Desk", "Atlantic Desk", "defence", "en", 60),
    Outlet("tagesbote.xml", _RSS, "Der Tagesbote", "Der Tagesbote", "world", "de", 70),
    Outlet("wiener-rundschau.xml", _ATOM, "Wiener Rundschau", "Wiener Rundschau", "world", "de", 60),
    Outlet("courrier-du-fleuve.xml", _ATOM, "Le Courrier du Fleuve", "Le Courrier du Fleuve", "world", "fr", 65),
    Outlet("gaceta-del-puerto.xml", _RSS, "La Gaceta del Puerto", "La Gaceta del Puerto", "world", "es", 55),
    Outlet("kurier-nadwislanski.xml", _ATOM, "Kurier Nadwiślański", "Kurier Nadwiślański", "world", "pl", 60),
    Outlet("dnipro-visnyk.xml", _RSS, "Дніпровський вісник", "Дніпровський вісник", "world", "uk", 60),
    Outlet("al-marsad.xml", _RSS, "المرصد اليومي", "المرصد اليومي", "world", "ar", 55),
    Outlet("minato-shinpo.json", _JSON, "港新報", "港新報", "world", "ja", 55),
    Outlet("glass-bell.txt", "text/html; charset=utf-8", "The Glass Bell", "The Glass Bell", "culture", "en"),
    Outlet("evening-star.html", "text/html; charset=utf-8", "The Evening Star", "The Evening Star", "world", "en"),
)


def moment(stage: Stage) -> datetime:
    """Return the demonstration's time at ``stage``."""
    return datetime.combine(DAY, _TIMES[stage])


def feeds(base: str) -> tuple[Feed, ...]:
    """Return the outlets' feeds as in feeds.yaml, served under ``base``."""
    return tuple(Feed(f"{base}/{outlet.file}", *outlet[2:]) for outlet in OUTLETS)


def document(file: str, stage: Stage) -> bytes:
    """Return the bytes that an outlet serves at ``stage``; KeyError where no outlet has that file."""
    if file not in {outlet.file for outlet in OUTLETS}:
        raise KeyError(file)
    text = _source(file)
    text = _json_at(text, stage) if file.endswith(".json") else _markup_at(text, stage)
    return _PLACEHOLDER.sub(_time, text).encode()


@cache
def _source(file: str) -> str:
    return resources.files("aggregator.demo").joinpath("feeds", file).read_text(encoding="utf-8")


def _markup_at(text: str, stage: Stage) -> str:
    for other in STAGES:
        if other == stage:
            text = re.sub(rf"<!--/?{other}-->\n?", "", text)
        else:
            text = re.sub(rf"<!--{other}-->.*?<!--/{other}-->\n?", "", text, flags=re.DOTALL)
    return text


def _json_at(text: str, stage: Stage) -> str:
    feed = json.loads(text)
    feed["items"] = [item for item in feed["items"] if item.pop("_stage", stage) == stage]
    return json.dumps(feed, indent=1)


def _time(hit: re.Match[str]) -> str:
    days, hour, minute, iso = hit.groups()
    when = datetime.combine(DAY + timedelta(days=int(days or 0)), time(int(hour), int(minute), tzinfo=UTC))
    return f"{when:%Y-%m-%dT%H:%M:%SZ}" if iso else format_datetime(when, usegmt=True)
