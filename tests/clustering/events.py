"""Made-up news: events told by several outlets, and a day's other news that has nothing to do with one another."""

from __future__ import annotations

from tests.clustering.arriving import Text

# Headline and text of events that share nothing but the language.
OTHER_NEWS = (
    (
        "Museum in Velden buys back stolen altarpiece",
        "The city museum of Velden has bought back an altarpiece that thieves took from its chapel forty years ago."
        " Director Hanne Brock said a collector in Lisbon had offered the panel after reading about the"
        " theft in a magazine.",
    ),
    (
        "Beavers released into the upper Tarn",
        "Rangers released six beavers into the upper Tarn on Monday, the first to swim there since the"
        " eighteenth century."
        " Farmers downstream were promised money for flooded meadows; anglers hope that the dams will keep"
        " the water cool.",
    ),
    (
        "Chipmaker Orvane closes its plant in Dresk",
        "Chipmaker Orvane will close its plant in Dresk by the summer and lay off 800 people, the company told staff."
        " Demand for memory has collapsed, chief executive Paula Reyes wrote, and the machines will move to Penang.",
    ),
    (
        "Chess: Anika Sorel wins the Candidates",
        "Anika Sorel won the Candidates tournament with a round to spare after a rook ending of ninety moves."
        " The nineteen-year-old plays for the world title in November; her trainer called the game a little miracle.",
    ),
    (
        "Court frees journalist Emre Yalin",
        "A court freed journalist Emre Yalin after eleven months in custody and dropped the charge of"
        " insulting a judge."
        " His editors met him at the prison gate. The prosecutor has a week to appeal against the ruling.",
    ),
    (
        "Measles cases triple in Northmoor schools",
        "Health officials in Northmoor counted 61 cases of measles, three times as many as a month earlier,"
        " most of them pupils."
        " Clinics stay open on Saturday so that parents can have children vaccinated without an appointment.",
    ),
    (
        "Mission to Europa delayed by a leaking valve",
        "Engineers found a leaking helium valve in the probe that was to leave for the moon Europa this autumn."
        " The next window for the launch opens in fourteen months; the agency put the cost of the delay at"
        " 90 million.",
    ),
    (
        "Olive harvest fails across Andoria",
        "Growers across Andoria expect half of last year's olives after a spring of frost and a summer without rain."
        " Mills have begun to ration oil, and the ministry of agriculture asked banks to be patient with loans.",
    ),
)


def _told(event: str, *texts: tuple[str, str]) -> tuple[Text, ...]:
    return tuple(
        Text(f"{event}{number}", title, body, hours=number * 0.9, event=event)
        for number, (title, body) in enumerate(texts)
    )


FERRY = _told(
    "ferry",
    (
        "Ferry with 210 aboard runs aground off Skarvik",
        "The ferry Nordlys ran aground off Skarvik in thick fog with 210 passengers aboard. Lifeboats took"
        " them to the quay of Skarvik; nobody was hurt, the coastguard said.",
    ),
    (
        "Passengers of the Nordlys brought ashore in Skarvik",
        "All passengers of the ferry Nordlys are ashore in Skarvik after the ship struck rocks in fog."
        " Captain Jens Aune told the coastguard that the radar had failed.",
    ),
    (
        "Tugs to pull the Nordlys off the rocks at Skarvik",
        "Two tugs will try to free the ferry Nordlys at high tide. The ship lies on rocks outside Skarvik,"
        " where fog had hidden the channel from captain Jens Aune.",
    ),
)
BRIDGE_OPENS = _told(
    "bridge",
    (
        "King opens bridge over the Aldersund",
        "The king cut a ribbon and opened the bridge over the Aldersund, nine years after the first pile was"
        " driven. Cars queued from dawn to be first across the Aldersund bridge.",
    ),
    (
        "Aldersund bridge opens after nine years of work",
        "Nine years and two bankruptcies after work began, the Aldersund bridge is open. Drivers pay a toll"
        " of 12 crowns; the king was the first to cross the Aldersund by car.",
    ),
    (
        "Islanders cross the Aldersund bridge toll-free on opening day",
        "On the day the king opened it, islanders crossed the new bridge over the Aldersund without paying."
        " From tomorrow the toll is 12 crowns.",
    ),
)
STRIKE = _told(
    "strike",
    (
        "Dockers walk out in Ponte Sal",
        "Dockers in Ponte Sal walked out at midnight over a plan to cut night shifts. Forty container ships"
        " wait off Ponte Sal; union leader Marta Ruiz said the walkout would last a week.",
    ),
    (
        "Forty ships wait as dockers' walkout shuts Ponte Sal",
        "Container ships queue off Ponte Sal because dockers stopped work at midnight. Union leader Marta"
        " Ruiz wants the night shifts back.",
    ),
    (
        "Ponte Sal dockers reject offer on night shifts",
        "The dockers of Ponte Sal voted down an offer to keep half of the night shifts. Marta Ruiz, who"
        " leads their union, said the walkout goes on.",
    ),
)

# --- a story of forty reports, and the rest of its day -----------------------------------------------

_WHO = ("President Varga", "Ilona Varga", "The president", "Varga")
_DID = (
    "resigned on live television after tapes of her talks with oil executives were published",
    "stepped down an hour after the tapes were aired and left the palace in Morvia's capital by a side door",
    "gave up office over the oil tapes that have shaken Morvia for a week",
    "quit as president of Morvia, saying the oil tapes had made it impossible to govern",
    "announced that she would leave office at once because of the oil tapes",
)
_AND = (
    "Speaker Dorin Pak takes over until Morvia votes within sixty days.",
    "Crowds on Liberty Square in Morvia's capital cheered and let off fireworks.",
    "Prosecutors said the oil tapes would be evidence in a case against two executives of Petromorv.",
    "Morvia's currency fell by a tenth before the central bank stepped in.",
    "Neighbouring governments called for calm in Morvia and offered observers for the election.",
    "Her party has no candidate yet; Dorin Pak said he would not stand.",
    "Petromorv denied having paid for anything and called the oil tapes a montage.",
    "Opposition leader Sanda Ilie said the country had waited for this day.",
)
_HEAD = (
    "President Varga of Morvia resigns over oil tapes",
    "Morvia's president quits after oil tapes",
    "Varga steps down: Morvia to vote within sixty days",
    "Oil tapes bring down Morvia's Varga",
    "Morvia: Dorin Pak takes over from Varga",
)
FLOOD_OF_REPORTS = tuple(
    Text(
        f"varga{n}",
        _HEAD[n % 5],
        f"{_WHO[n % 4]} {_DID[n % 5]}. {_AND[n % 8]} {_AND[(n * 3 + 2) % 8]}",
        hours=0.2 * n,
        event="varga",
    )
    for n in range(40)
)
# Other events of the same day in words that a resignation of a president also uses.
HARBOUR_DAY = tuple(
    Text(f"other{number}", title, body, hours=8.0 + number / 4, event=f"other{number}")
    for number, (title, body) in enumerate(
        (
            (
                "President Osei of Tambala opens oil refinery",
                "President Kwame Osei opened a refinery in Tambala that will process a tenth of the country's oil.",
            ),
            (
                "Speaker of Landrey parliament resigns over expenses",
                "The speaker of parliament in Landrey stepped down after newspapers published her hotel bills.",
            ),
            (
                "Prosecutors seize tapes in football bribery case",
                "Prosecutors took tapes from the office of a football agent who is said to have paid referees.",
            ),
            (
                "Central bank of Quellen raises rates",
                "The central bank of Quellen raised its rate by half a point to hold up the currency.",
            ),
            (
                "Fireworks factory burns down near Ostia Nova",
                "A factory that makes fireworks burned down near Ostia Nova; eleven workers escaped.",
            ),
            (
                "Observers praise calm election in Tesh",
                "Observers from neighbouring countries called the election in Tesh calm and well run.",
            ),
            (
                "Palace gardens of Erlen open to the public",
                "After a century behind walls, the gardens of the palace in Erlen open on Sunday.",
            ),
        )
    )
)
