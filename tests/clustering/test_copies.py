"""Copies become one report: by verified edges only, without chains, whatever the headline."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.clustering.copies import CONFIRMING_MEMBERS, StoredSketch, find_copy, numbers_of
from aggregator.clustering.sketch import overlaps, sketch
from aggregator.model import Arrival, Document
from aggregator.settings import CopySettings
from aggregator.text.tokens import words
from tests.clustering.arriving import Text, room
from tests.clustering.events import FERRY, OTHER_NEWS
from tests.examples import examples
from tests.harness import MORNING

BARS = CopySettings()
WIRE = " ".join(body for _, body in OTHER_NEWS[:3])


@dataclass
class Memory:
    """A memory that proposes everything it has, or what it is told to."""

    stored: list[StoredSketch] = field(default_factory=list)
    proposing: list[str] | None = None
    asked: int = 0
    texts: dict[str, str] = field(default_factory=dict)

    def candidates(self, keys: Sequence[int], limit: int) -> tuple[Sequence[str], bool]:
        ids = self.proposing if self.proposing is not None else [one.entry_id for one in self.stored]
        return ids[:limit], len(ids) > limit

    def sketches(self, entry_ids: Sequence[str]) -> Mapping[str, StoredSketch]:
        return {one.entry_id: one for one in self.stored if one.entry_id in entry_ids}

    def members(self, report_id: str, limit: int) -> Sequence[StoredSketch]:
        self.asked += 1
        return [one for one in self.stored if one.report_id == report_id][:limit]

    def text(self, entry_id: str) -> str:
        return self.texts[entry_id]

    def put(self, arrival: Arrival, report_id: str) -> None:
        assert arrival.sketch is not None
        made = arrival.document
        self.texts[arrival.entry_id] = made.body
        self.stored.append(
            StoredSketch(
                arrival.entry_id,
                report_id,
                arrival.feed,
                arrival.publisher,
                made.title,
                made.canonical_url,
                numbers_of(arrival),
                arrival.time,
                arrival.sketch,
            )
        )


def arrival(
    entry_id: str, body: str, *, title: str = "Ferry aground", hours: float = 0, url: str | None = None
) -> Arrival:
    made = Document(title, "", body, "en", url, "")
    time = MORNING + timedelta(hours=hours)
    return Arrival(entry_id, f"feed-{entry_id}", f"House {entry_id}", made, sketch(made), time)


def placed(arrivals: Sequence[Arrival]) -> tuple[Memory, dict[str, str]]:
    """Let arrivals come one after another; return the memory and entry -> report."""
    memory, reports = Memory(), {}
    for one in arrivals:
        found = find_copy(one, memory, BARS, ())
        reports[one.entry_id] = found.report_id or f"r-{one.entry_id}"
        memory.put(one, reports[one.entry_id])
    return memory, reports


# --- edges ---------------------------------------------------------------------------------------


def test_what_is_proposed_and_unlike_is_refused() -> None:
    memory, _ = placed([arrival(f"e{n}", body) for n, (_, body) in enumerate(OTHER_NEWS)])
    assert find_copy(arrival("new", FERRY[0].body), memory, BARS, ()).report_id is None


def test_the_edge_says_what_was_measured() -> None:
    memory, _ = placed([arrival("a", WIRE, title="One headline")])
    newcomer = arrival("b", f"{WIRE} The ministry declined to comment on Monday evening.", title="Another headline")
    match = find_copy(newcomer, memory, BARS, ()).match
    assert match is not None
    assert newcomer.sketch is not None
    jaccard, containment = overlaps(newcomer.sketch, [memory.stored[0].sketch])[0]
    assert (match.kind, match.method, match.other_id) == ("copy", "jaccard", "a")
    assert match.score == pytest.approx(jaccard, abs=1e-4)
    assert match.evidence["jaccard"] == pytest.approx(jaccard, abs=1e-4)
    assert match.evidence["containment"] == pytest.approx(containment, abs=1e-4)
    assert match.evidence["same_title"] is False
    assert match.parameters == newcomer.sketch.version
    assert match.score >= match.threshold == BARS.jaccard


def test_sketches_of_another_version_are_never_compared() -> None:
    memory, _ = placed([arrival("a", WIRE)])
    old = memory.stored[0]
    memory.stored[0] = replace(old, sketch=replace(old.sketch, version="minhash-other-scheme"))
    assert find_copy(arrival("b", WIRE), memory, BARS, ()).report_id is None
    memory.stored[0] = old
    assert find_copy(arrival("b", WIRE), memory, BARS, ()).report_id == "r-a"


def test_an_entry_is_no_copy_of_itself_nor_of_what_an_editor_barred() -> None:
    memory, _ = placed([arrival("a", WIRE)])
    assert find_copy(arrival("a", WIRE), memory, BARS, ()).report_id is None
    assert find_copy(arrival("b", WIRE), memory, BARS, {"r-a"}).report_id is None


def test_a_text_that_comes_again_past_the_window_is_a_report_of_its_own() -> None:
    memory, _ = placed([arrival("a", WIRE)])
    days = BARS.window.days
    assert find_copy(arrival("b", WIRE, hours=24 * days), memory, BARS, ()).report_id == "r-a"
    assert find_copy(arrival("b", WIRE, hours=24 * days + 1), memory, BARS, ()).report_id is None


VOCABULARY = [f"word{number}" for number in range(40)]
BODIES = st.lists(st.sampled_from(VOCABULARY), min_size=12, max_size=60).map(" ".join)


@settings(max_examples=examples(60))
@given(st.lists(BODIES, min_size=2, max_size=8), st.integers(0, 2**16))
def test_only_verified_edges_join_and_most_of_the_first_members_confirm(bodies: list[str], seed: int) -> None:
    chance = random.Random(seed)
    texts = [body for body in bodies for _ in range(2)]
    for number in range(1, len(texts), 2):  # a later edition of each, cut or lengthened
        words = texts[number].split()
        texts[number] = " ".join([*words[: chance.randint(12, len(words))], *chance.choices(VOCABULARY, k=3)])
    memory = Memory()
    for number, body in enumerate(texts):
        one = arrival(f"e{number}", body)
        found = find_copy(one, memory, BARS, ())
        assert (found.report_id is None) == (found.match is None)
        if found.match is not None and found.report_id is not None:
            assert one.sketch is not None
            members = memory.members(found.report_id, CONFIRMING_MEMBERS)
            shared = overlaps(one.sketch, [other.sketch for other in members])
            near = sum(jaccard >= BARS.jaccard or containment >= BARS.containment for jaccard, containment in shared)
            assert 2 * near >= len(members)
            assert found.match.score >= found.match.threshold
            assert found.match.other_id in {other.entry_id for other in memory.stored}
        memory.put(one, found.report_id or f"r{number}")


def test_no_chain_grows_however_long_it_is_offered() -> None:
    chance = random.Random(11)
    words = [f"w{chance.randrange(10**6)}" for _ in range(1_400)]
    arrivals = [arrival(f"e{n:02}", " ".join(words[20 * n : 20 * n + 200])) for n in range(60)]
    _, reports = placed(arrivals)
    by_report: dict[str, list[Arrival]] = {}
    for one in arrivals:
        by_report.setdefault(reports[one.entry_id], []).append(one)
    assert len(by_report) > 5
    for members in by_report.values():
        first, last = members[0].sketch, members[-1].sketch
        assert first is not None
        assert last is not None
        assert overlaps(first, [last])[0][0] > 0.2


# --- caps ----------------------------------------------------------------------------------------


def test_no_more_are_compared_than_the_cap_allows_and_the_counter_says_so() -> None:
    memory = Memory()
    for number in range(30):
        memory.put(arrival(f"e{number}", OTHER_NEWS[number % 8][1] + f" Number {number}."), f"r{number}")
    found = find_copy(arrival("new", FERRY[0].body), memory, replace(BARS, max_compared=10), ())
    assert found.capped == 1
    assert find_copy(arrival("new", FERRY[0].body), memory, BARS, ()).capped == 0


def test_a_report_of_hundreds_is_asked_through_a_few_members_only() -> None:
    memory = Memory()
    for number in range(300):
        memory.put(arrival(f"e{number}", f"{WIRE} Edition {number}."), "r")
    assert find_copy(arrival("new", WIRE), memory, BARS, ()).report_id == "r"
    assert memory.asked == 1


# --- as a desk sees it -----------------------------------------------------------------------------


def test_the_same_text_under_three_addresses_is_three_entries_and_one_report() -> None:
    base = Text("a", "Ferry aground", WIRE, source="Courier", link="https://courier.example/sea/1")
    with room(
        base,
        replace(base, key="b", link="https://courier.example/top/1"),
        replace(base, key="c", link="https://courier.example/north/1"),
    ) as made:
        assert len({made.id(key) for key in "abc"}) == 3
        assert made.reports("abc") == made.stories("abc") == 1


def test_a_changed_headline_is_irrelevant() -> None:
    titles = ("Ferry aground", "Rocks, fog and 210 passengers", "WATCH: rescue at sea", "Fähre auf Grund", "")
    texts = [Text(f"t{n}", title, WIRE, hours=n) for n, title in enumerate(titles)]
    with room(*texts) as made:
        assert made.reports(text.key for text in texts) == 1


def test_one_headline_over_two_texts_makes_no_copy() -> None:
    with room(
        Text("a", "What happened at sea today", OTHER_NEWS[0][1]),
        Text("b", "What happened at sea today", OTHER_NEWS[1][1]),
    ) as made:
        assert made.reports("ab") == 2


@pytest.mark.parametrize(
    "bodies",
    [
        ("Queue of 3 km on road 7.", "Queue of 5 km on road 9."),
        ("Nothing endures but change, said the sage.", "He who hesitates is lost in the woods."),
    ],
)
def test_short_bulletins_on_one_page_under_one_headline_are_their_own(bodies: tuple[str, str]) -> None:
    page = "https://courier.example/bulletin"
    one, other = (Text(key, "Bulletin of the road office", body, source="Courier", link=page) for key, body in zip("ab", bodies, strict=True))  # fmt: skip
    with room(one, other) as made:
        assert made.report("a") != made.report("b")
    with room(one, replace(one, key="b", source="Courier north", body=f"{bodies[0]} More.")) as made:
        assert made.report("a") == made.report("b")


def test_one_page_in_two_feeds_is_one_report_by_its_address() -> None:
    link = "https://courier.example/2026/03/ferry"
    one = Text("a", "Ferry aground off Skarvik lighthouse", source="Courier", link=f"{link}?utm_source=rss")
    with room(one, replace(one, key="b", source="Courier sea", link=link)) as made:
        assert made.reports("ab") == 1
        assert [match.method for match in made.matches("b")] == ["link"]


def test_a_page_that_many_entries_lead_to_makes_no_report_of_them() -> None:
    page = "https://ministry.example/en/press-releases"
    texts = [
        Text(f"m{n}", title, body, source="Ministry", link=page, hours=n) for n, (title, body) in enumerate(OTHER_NEWS)
    ]
    with room(*texts) as made:
        assert made.reports(text.key for text in texts) == len(texts)


STATEMENT = (
    "The foreign minister condemned on Monday the attack on the embassy of {0} and expressed the condolences of the"
    " government to the families of those who died. The minister will speak with the ambassador of {0} this evening."
)
CLOSURE = (
    "Route {0} is shut both ways between {1} and {2} after an accident. Drivers are asked to follow the marked diversion"
    " and to allow for more time. The road office hopes to open it again before the evening."
)
WARNING = (
    "{0} warning of {1} for the southern coast, in force from {2} on Wednesday to {3} on Wednesday. Some delays to ferries"
    " and trains are likely, and power may fail for a short while in places."
)
FRAME = (
    "Gazette readers receive every edition by post or by carrier before seven on weekdays and before eight on Saturdays.",
    "Write to the desk with corrections, complaints and questions, giving your name and where you live, and someone answers.",
    "Advertisements are taken at the counter until noon, and those for births, marriages and deaths until four each day.",
    "The archive upstairs is open to whoever asks; it holds bound volumes of all that this house printed since its foundation.",
)
SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu", "fa", "ge", "hi", "jo", "ku", "la")
NEED = "police look for a {0} who left home without a word on {1}; whoever saw the {0} is asked to ring the station at once."
FORMS: dict[str, tuple[str, str, list[tuple[str, ...]]]] = {
    "statements": ("Statement on the attack on the embassy of {0}", STATEMENT, [("Peru",), ("Ghana",), ("New Zealand",)]),
    "closures": ("Route {0} shut at {1}", CLOSURE, [("12", "Tolle", "Kolm"), ("7", "Rosk", "Brenn")]),
    "warnings": (
        "{0} warning of {1} for the southern coast",
        WARNING,
        [("Yellow", "wind", "0600", "1800"), ("Yellow", "rain", "1200", "2359"), ("Amber", "wind", "1000", "1500")],
    ),
    "no capital": ("Police look for a {0}", NEED, [("boy", "monday"), ("widow", "sunday")]),
    "in Chinese": (
        "外交部就{0}大使馆遭袭击发表声明",
        "我国外交部发言人周二就{0}大使馆遭袭击事件发表声明，强烈谴责这一行为，并向遇难者家属表示慰问。发言人说，政府将协助{0}方面进行调查。",
        [("秘鲁",), ("加纳",), ("新西兰",)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_what_a_house_fills_into_a_form_makes_another_text_of_it(form: str) -> None:
    title, body, fillings = FORMS[form]
    language = "zh" if form == "in Chinese" else "en"
    texts = [
        Text(f"f{n}", title.format(*filled), body.format(*filled), source="Office", hours=n / 2, language=language)
        for n, filled in enumerate(fillings)
    ]
    with room(*texts) as made:
        assert made.reports(text.key for text in texts) == len(texts)


@pytest.mark.parametrize(
    ("title", "old", "new"),
    [
        ("Ferry aground", "", " Minister Karin Lund said that she would visit Skarvik on Tuesday."),
        ("Ferry aground", "nobody", "no one"),
        ("Ship With 210 on Board Strikes Rocks in Fog", "", ""),
    ],
)
def test_a_version_of_one_text_stays_a_copy_in_its_house(title: str, old: str, new: str) -> None:
    told = f"{FERRY[0].body} They were given blankets and soup there. A tug is to pull the ship off at the next high water."
    text = told.replace(old, new) if old else told + new
    with room(
        Text("a", "Ferry aground", told, source="Courier"), Text("b", title, text, source="Courier", hours=1)
    ) as made:
        assert made.reports("ab") == 1


def test_one_description_under_unlike_headlines_makes_no_copies() -> None:
    blurb = (
        "Subscribe to the Gazette for full access to all our reporting, to the archive and to the letter of the day."
    )
    texts = [Text(f"t{n}", title, blurb, source="Gazette", hours=n) for n, (title, _) in enumerate(OTHER_NEWS)]
    with room(*texts) as made:
        assert made.reports(text.key for text in texts) == len(texts)


@pytest.mark.parametrize("joint", ["\n", " "])
def test_what_a_house_sets_under_all_it_publishes_makes_no_copies(joint: str) -> None:
    """The passage is much longer than what is told, and neither headlines nor texts share a word with each other."""
    blurb = " ".join(FRAME)
    told = [("Otter swims upstream", "otter"), ("Baker bakes loaves", "baker"), ("Violin found", "violin")]
    told += [("Glacier melts", "glacier"), ("Comet passes", "comet")]
    texts = [
        Text(
            f"t{n}",
            title,
            f"{' '.join(f'{name}{word}' for word in SYLLABLES)} {name}.{joint}{blurb}",
            source="Gazette",
            hours=n,
        )
        for n, (title, name) in enumerate(told)
    ]
    with room(*texts) as made:
        assert made.reports(text.key for text in texts) == len(texts)


def test_a_text_that_a_house_runs_again_under_another_headline_with_a_passage_more_is_a_copy() -> None:
    more = " Blankets arrived from three islands nearby, while divers searched whatever remained below deck until nightfall."
    again = Text("b", "Blankets arrived", FERRY[0].body + more, source="Courier", hours=3)
    with room(Text("a", "Ferry runs aground", FERRY[0].body, source="Courier"), again) as made:
        assert made.reports("ab") == 1


def test_headlines_without_text_are_copies_only_across_feeds_and_close_in_time() -> None:
    one = Text("a", "Chiefs of defence agree on a plan for the strait", source="Courier")
    with room(
        one,
        replace(one, key="b", source="Ledger", hours=5),
        replace(one, key="c", source="Courier", link="https://courier.example/other", hours=6),
        replace(one, key="d", source="Star", hours=24 * 5),
    ) as made:
        assert made.report("a") == made.report("b")
        assert made.report("c") != made.report("d")
        assert made.report("d") != made.report("a")


@pytest.mark.parametrize(
    ("title", "one", "other", "reports"),
    [
        ("Crews called to another fire", "Straw burns on a lorry near Tolle.", "Chimney alight at Elm Farm, Skarn.", 2),
        ("Schule wegen Schnee geschlossen", "Tolle bleibt Dienstag zu.", "Verwehungen sperren Skarns Gymnasium.", 2),
        ("Ferry aground off Skarvik lighthouse", "The Havsula has 240 aboard.", "Tugs reach the Havsula at noon.", 1),
        ("Ferry aground off Skarvik lighthouse", "Two tugs on their way.", "", 1),
        ("Ferry aground off Skarvik lighthouse", "See our live page.", "Nobody was hurt, police say.", 1),
    ],
)
def test_short_texts_under_one_headline_that_tell_nothing_the_same_make_no_copy(
    title: str, one: str, other: str, reports: int
) -> None:
    with room(Text("a", title, one, source="Courier"), Text("b", title, other, source="Star", hours=1)) as made:
        assert made.reports("ab") == reports


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_order_of_arrival_decides_nothing(order: tuple[int, ...]) -> None:
    copies = [
        Text("a", "One", WIRE, hours=0),
        Text("b", "Two", f"HARBOUR (Wire) — {WIRE}", hours=1),
        Text("c", "Three", " ".join(WIRE.split()[:60]) + " …", hours=2),
        Text("d", "Four", f"{WIRE} Reporting by our staff; editing by the night desk.", hours=3),
    ]
    with room(*(replace(copies[place], hours=float(number)) for number, place in enumerate(order))) as made:
        assert made.reports("abcd") == 1


@given(st.text(st.sampled_from("ab 1٣½²①’'.,:-\n\u00a0\u0308日第x"), max_size=60))
def test_the_numbers_of_a_text_are_those_among_its_words(text: str) -> None:
    among_words = {word for word in words(f"Day 12 {text}") if word[0].isdigit()}
    assert numbers_of(arrival("e", text, title="Day 12")) == among_words
