"""Events of one kind that differ in place, people or number, as headlines: what a story score must keep apart.

    python -m bench.lookalikes > lookalikes.jsonl

Each kind has several wordings; each event is told in all of them. The wordings and the events are invented. It is a set to
learn from (``train_stories.py``), so no figure reached on it is a claim.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

START = datetime(2026, 2, 3, 6, 0, tzinfo=UTC)

# Wordings, and the events they tell: one line of fillers each.
KINDS: tuple[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = (
    (
        (
            "EU agrees {0} sanctions package against {1}",
            "{0} package of EU sanctions on {1} adopted in Brussels",
            "Brussels adopts {0} round of {1} sanctions",
        ),
        (("12th", "Russia"), ("13th", "Russia"), ("2nd", "Belarus"), ("4th", "Iran")),
    ),
    (
        (
            "Magnitude {1} earthquake strikes {0}, {2} dead",
            "{0} quake kills {2}",
            "Rescuers dig through rubble after earthquake in {0}",
            "At least {2} killed as strong earthquake shakes {0}",
        ),
        (
            ("Sumatra", "6.4", "31"),
            ("western Nepal", "5.9", "31"),
            ("Oaxaca", "7.1", "12"),
            ("Crete", "6.0", "three"),
            ("Hokkaido", "6.4", "nine"),
        ),
    ),
    (
        (
            "{0} wins presidential election in {1}",
            "{1}: {0} declared winner of presidential vote",
            "{0} elected president of {1}, beats {2}",
        ),
        (
            ("Ramos", "Paraguay", "Duarte"),
            ("Okoro", "Ghana", "Mensah"),
            ("Lindqvist", "Finland", "Aalto"),
            ("Tanaka", "Palau", "Remengesau"),
        ),
    ),
    (
        (
            "Train derails near {0}, {1} injured",
            "{1} hurt in train derailment at {0}",
            "Investigators look at brakes after {0} train derailment",
        ),
        (("Wrocław", "40"), ("Lucknow", "40"), ("Ohio village of Galion", "17"), ("Thessaloniki", "six")),
    ),
    (
        (
            "{0} central bank raises interest rates to {1} percent",
            "{0} lifts benchmark rate to {1}%",
            "Rate rise in {0}: borrowing costs go to {1} percent",
        ),
        (("Norway", "4.5"), ("Turkey", "4.5"), ("Brazil", "13.75"), ("India", "6.5"), ("Sweden", "3.75")),
    ),
    (
        (
            "Court jails {0} for {1} years over {2}",
            "{0} sentenced to {1} years for {2}",
            "{2} trial: {0} gets {1} years in prison",
        ),
        (
            ("former minister Haddad", "seven", "fraud"),
            ("banker Kowalczyk", "seven", "fraud"),
            ("mayor Bianchi", "four", "bribery"),
            ("general Osei", "nine", "bribery"),
        ),
    ),
    (
        (
            "{0} beat {1} {2} to reach cup final",
            "{0} into cup final after {2} win over {1}",
            "{1} knocked out by {0} in cup semi-final",
        ),
        (
            ("Rovers", "Albion", "2-1"),
            ("Dynamo", "Sparta", "2-1"),
            ("Ajax", "Feyenoord", "3-0"),
            ("Porto", "Braga", "1-0"),
        ),
    ),
    (
        (
            "{0} and {1} sign trade agreement",
            "{0}-{1} trade deal signed after years of talks",
            "New trade pact between {0} and {1}: what it means for farmers",
        ),
        (("Canada", "Indonesia"), ("Australia", "Chile"), ("Britain", "Malaysia"), ("Japan", "Mercosur")),
    ),
    (
        ("Ministers of {0} meet in {1}", "{0} ministers gather in {1} for talks", "{1} hosts meeting of {0} ministers"),
        (
            ("OPEC", "Vienna"),
            ("G20 finance", "Cape Town"),
            ("NATO defence", "Brussels"),
            ("ASEAN foreign", "Jakarta"),
            ("EU farm", "Brussels"),
        ),
    ),
    (
        ("{0} to cut {1} jobs", "{1} jobs to go at {0}", "{0} announces layoffs of {1} in restructuring"),
        (
            ("Siemens", "6,000"),
            ("Nissan", "9,000"),
            ("Intel", "15,000"),
            ("Volkswagen", "15,000"),
            ("Ericsson", "1,200"),
        ),
    ),
    (
        (
            "Wildfire near {0} forces {1} from homes",
            "{1} flee as wildfire spreads towards {0}",
            "Firefighters battle blaze outside {0}",
        ),
        (("Athens", "2,000"), ("Kelowna", "10,000"), ("Valparaíso", "1,500"), ("Perth", "400")),
    ),
    (
        ("Strike shuts {0}", "{0} at a standstill as workers walk out", "Walkout over pay closes {0}"),
        (
            ("port of Antwerp",),
            ("Paris metro",),
            ("Frankfurt airport",),
            ("schools in Chicago",),
            ("Chilean copper mine",),
        ),
    ),
    (
        (
            "{0} recalls {1} {2} over {3} fears",
            "{1} {2} recalled by {0}: {3} risk",
            "{0} recall: what owners need to know about {3}",
        ),
        (
            ("Toyota", "280,000", "cars", "airbag"),
            ("Ford", "280,000", "trucks", "brake"),
            ("Bosch", "70,000", "heaters", "fire"),
            ("Kia", "57,000", "cars", "fire"),
        ),
    ),
    (
        ("Police arrest {0} over {1} in {2}", "{0} held after {1} in {2}", "Arrest made in {2} {1} case"),
        (
            ("man, 34", "stabbing", "Leeds"),
            ("man, 34", "stabbing", "Lyon"),
            ("two teenagers", "arson", "Malmö"),
            ("nurse", "poisoning", "Graz"),
        ),
    ),
)

# Single headlines of the day that share a word or two with something above and tell something else.
ALONE = (
    "Strike at sea: fishermen protest quota cuts off Brittany",
    "Lightning sets barn alight in rare winter strike",
    "Budget passes parliament after night of debate",
    "Parliament debates climate law",
    "Trade unions welcome minimum wage deal",
    "Port wine exports reach a record",
    "Election posters vandalised in Helsinki suburb",
    "Cup of coffee now costs five euros in Vienna",
    "Fire chief retires after forty years",
    "Brake light law for bicycles takes effect",
    "Court opens new building in Accra",
    "Train fares to rise in January",
    "Interest in evening classes grows",
    "Talks to resume on shared river dam",
    "Rescue dog wins national award",
    "Farmers count cost of late frost",
    "Schools to teach chess from autumn",
    "Mine museum reopens in Wales",
    "Airport lounge named best in Asia",
    "Police band plays for charity",
    "Rail strike halts trains in Lisbon",
    "Strike at port of Santos enters third day",
    "Ferry aground off Skarn",
    "Ferry timetable for Skarn changes on Sunday",
)


def lines() -> Iterator[dict[str, object]]:
    """Yield labelled entries in order of their hour."""
    number = 0
    for kind, (wordings, events) in enumerate(KINDS):
        for event, fillers in enumerate(events):
            for wording in wordings:
                when = START + timedelta(minutes=(number * 37) % 1440)
                title = wording.format(*fillers)
                yield {
                    "id": f"l{number}",
                    "title": title[0].upper() + title[1:],
                    "date": when.isoformat(),
                    "lang": "en",
                    "cluster": f"{kind}-{event}",
                }
                number += 1
    for title in ALONE:
        when = START + timedelta(minutes=(number * 37) % 1440)
        yield {"id": f"l{number}", "title": title, "date": when.isoformat(), "lang": "en", "cluster": f"alone-{number}"}
        number += 1


if __name__ == "__main__":
    for line in lines():
        print(json.dumps(line, ensure_ascii=False))
