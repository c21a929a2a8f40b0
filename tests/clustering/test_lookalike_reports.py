"""Reports that look alike and tell different events, in many languages: they stay apart, the same event comes together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.vectors import ReportVector
from tests.clustering.reports import group, report


def stories(rows: dict[str, ReportVector]) -> set[frozenset[str]]:
    return set(group(rows.items()).stories)


def alone(rows: dict[str, ReportVector]) -> bool:
    return all(len(story) == 1 for story in stories(rows))


COUNTRIES = {
    "Estonia": ("Estonian", "ice road to an island opens", "choir cancels its spring tour", "dairy sells its cheese plant"),
    "Uruguay": ("Uruguayan", "cyclist wins stage in the rain", "port gets a third crane", "court hears a singer's claim"),
    "Zambia": ("Zambian", "bridge over a river is reopened", "teachers receive new textbooks", "copper train derails"),
}  # fmt: skip


@pytest.mark.parametrize("texts", [True, False])
def test_a_country_and_its_people_are_no_event(texts: bool) -> None:
    rows = {
        f"{country}-{n}": report(
            f"{people} {what}",
            f"In {country} {what}{(', officials in the capital said', ' after a long dispute', ' for want of money')[n]}."
            if texts
            else "",
            publisher=f"house {n}",
            hours=n,
        )
        for country, (people, *events) in COUNTRIES.items()
        for n, what in enumerate(events)
    }
    assert alone(rows)


def test_a_title_that_comes_again_over_another_text_is_another_event() -> None:
    rows = {
        "a": report("Woman held after stabbing", "Police in Norrvik arrested a nurse of 29 when a taxi driver was stabbed.",
                    publisher="Post"),
        "b": report("Woman held after stabbing", "A pensioner was detained in Easthope; her neighbour had been knifed.",
                    publisher="Post", hours=30),
    }  # fmt: skip
    assert alone(rows)


RATES = (
    "Shares close {} after a day of {} trade",
    "The main index {} {} percent on {}, led by technology shares. Oil stood at {} dollars a barrel, gold was steady.",
)
ISSUES = {
    "other numbers in the title": (
        report("Piazza Affari chiude in rialzo, Ftse Mib +0,8%", publisher="Mercati", language="it"),
        report("Piazza Affari chiude in calo, Ftse Mib -0,5%", publisher="Mercati", language="it", hours=24),
    ),
    "other numbers in the text": (
        report(RATES[0].format("higher", "brisk"), RATES[1].format("rose", "0.9", "Monday", 71), publisher="Wire"),
        report(RATES[0].format("lower", "thin"), RATES[1].format("fell", "0.7", "Tuesday", 73), publisher="Wire", hours=24),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ISSUES)
def test_one_publishers_title_or_text_with_other_numbers_is_the_next_of_a_series(kind: str) -> None:
    today, tomorrow = ISSUES[kind]
    graph = StoryGraph()
    graph.add_all({"today": today, "tomorrow": tomorrow}.items())
    assert set(graph.settle().stories) == {frozenset({"today"}), frozenset({"tomorrow"})}
    assert graph.explain("today", "tomorrow").features["series"] == 1


def test_a_correction_within_the_day_is_no_next_of_a_series() -> None:
    first, second = ISSUES["other numbers in the text"]
    soon = replace(second, time=first.time + 3_600)
    graph = StoryGraph()
    graph.add_all({"first": first, "soon": soon}.items())
    assert graph.explain("first", "soon").features["series"] == 0


BURNT = "A fire at {} fish factory injured two workers on Monday and destroyed a hall."


@pytest.mark.parametrize(
    "text", ["", "What to see and where to sleep: harbour, fish market and the old customs house."]
)
def test_a_title_that_is_a_bare_name_joins_nothing_that_names_it(text: str) -> None:
    rows = {
        "guide": report("Vasstrand", text, publisher="Guide"),
        "fire": report("Two hurt in fire at Vasstrand fish factory", BURNT.format("the town's"), publisher="Post", hours=2),
        "tax": report("Vasstrand council votes for cruise ship tax", "Passengers pay five crowns to land.", publisher="Star", hours=3),
    }  # fmt: skip
    assert alone(rows)


def test_a_bare_name_over_the_text_of_an_event_joins_it() -> None:
    graph = StoryGraph()
    rows = {
        "name": report("Vasstrand", BURNT.format("Vasstrand's"), publisher="Star"),
        "fire": report("Two hurt in fire at Vasstrand fish factory", "Fire destroyed a hall of Vasstrand's fish factory and"
                       " injured two workers on Monday.", publisher="Post", hours=2),
    }  # fmt: skip
    graph.add_all(rows.items())
    assert set(graph.settle().stories) == {frozenset(rows)}


FORM = "{} seeks a {}, full time, from September. Apply by the end of the month. Salary by scale, with a pension."


def test_one_publishers_form_that_title_and_text_fill_in_otherwise_is_another_notice() -> None:
    rows = {
        work: report(
            f"Vacancy: {work}, Harrowby", FORM.format("Harrowby council", work.lower()), publisher="Jobs", hours=n
        )
        for n, work in enumerate(("Primary school teacher", "Road engineer", "Crane driver"))
    }
    assert alone(rows)
    graph = StoryGraph()
    graph.add_all(rows.items())
    assert graph.explain("Road engineer", "Crane driver").features["form"] > 0


MOULDS = (
    ("{}: mandatory notice of holdings", "The company {} gives notice under section 4 that a holder has crossed the bar of 5 per cent."),
    ("Statement of the Council on {}", "The Council takes note of the events in {} and calls on all parties to show restraint."),
    ("Road closed at {}", "The road at {} is closed in both directions until further notice; a diversion is signposted."),
)  # fmt: skip


@pytest.mark.parametrize(("title", "text"), MOULDS)
@pytest.mark.parametrize("texts", [True, False])
def test_texts_from_one_mould_are_events_of_their_own(title: str, text: str, texts: bool) -> None:
    places = ("Vellmora", "Kastrinia", "Obrundo", "Halvetia", "Quendar", "Ystervik", "Dromenia", "Palaxia")
    rows = {
        place: report(title.format(place), text.format(place) if texts else "", publisher="Office", hours=n)
        for n, place in enumerate(places)
    }
    assert alone(rows)


def test_instalments_of_a_series_are_apart() -> None:
    rows = {
        str(n): report(f"Lodestar Browser Beta {n} is out: what is new", publisher=house, hours=20 * n)
        for n, house in ((3, "Codewire"), (4, "Bytepost"))
    }
    assert alone(rows)


# Language, two reports of one event, one of another event of the same kind.
LOOKALIKES = (
    (
        "ja",
        "松浜港でフェリー「のるばん丸」が座礁、乗客212人を救助",
        "フェリーのるばん丸が松浜港沖で座礁 乗客212人全員救助",
        "北原港で貨物船が座礁、船員8人を救助",
    ),
    (
        "zh",
        "诺班号渡轮在松浜港外触礁 212名乘客获救",
        "松浜港渡轮诺班号触礁,212名乘客全部获救",
        "北原港一货轮搁浅 8名船员获救",
    ),
    (
        "th",
        "เรือเฟอร์รี่นอร์บันกาเกยตื้นที่วาสสแตรนด์ ช่วยผู้โดยสาร 212 คน",
        "ช่วยผู้โดยสาร 212 คนจากเรือนอร์บันกาที่เกยตื้นใกล้วาสสแตรนด์",
        "เรือสินค้าเกยตื้นที่คิลโมรา ช่วยลูกเรือ 8 คน",
    ),
    (
        "ko",
        "여객선 노르반카호 바스트란드 앞바다서 좌초, 승객 212명 구조",
        "바스트란드서 좌초한 노르반카호 승객 212명 전원 구조",
        "화물선 킬모라 앞바다서 좌초, 선원 8명 구조",
    ),
    (
        "ar",
        "جنوح العبارة نوربانكا قبالة فاسترند وإنقاذ 212 راكبا",
        "إنقاذ 212 راكبا من العبارة نوربانكا بعد جنوحها قرب فاسترند",
        "جنوح سفينة شحن قبالة كيلمورا وإنقاذ 8 بحارة",
    ),
    (
        "he",
        "המעבורת נורבנקה עלתה על שרטון מול וסטרנד, 212 נוסעים חולצו",
        "212 נוסעים חולצו מהמעבורת נורבנקה שעלתה על שרטון ליד וסטרנד",
        "אוניית משא עלתה על שרטון מול קילמורה, 8 מלחים חולצו",
    ),
    (
        "hi",
        "वास्त्रंद के पास नौका नोरबंका फंसी, 212 यात्री बचाए गए",
        "नौका नोरबंका के 212 यात्री वास्त्रंद के पास बचाए गए",
        "किलमोरा के पास मालवाहक जहाज फंसा, 8 नाविक बचाए गए",
    ),
    (
        "el",
        "Το πλοίο Νορμπάνκα προσάραξε στο Βάστραντ, σώοι 212 επιβάτες",
        "Σώοι οι 212 επιβάτες του Νορμπάνκα που προσάραξε στο Βάστραντ",
        "Φορτηγό πλοίο προσάραξε στην Κιλμόρα, σώοι 8 ναυτικοί",
    ),
    (
        "vi",
        "Phà Norbanka mắc cạn ngoài khơi Vasstrand, cứu 212 hành khách",
        "Cứu 212 hành khách trên phà Norbanka mắc cạn gần Vasstrand",
        "Tàu hàng mắc cạn ngoài khơi Kilmora, cứu 8 thủy thủ",
    ),
    (
        "pl",
        "Prom Norbanka osiadł na mieliźnie koło Vasstrand, uratowano 212 pasażerów",
        "Uratowano 212 pasażerów promu Norbanka koło Vasstrand",
        "Statek towarowy osiadł na mieliźnie koło Kilmory, uratowano 8 marynarzy",
    ),
)


@pytest.mark.parametrize(("language", "first", "second", "other"), LOOKALIKES, ids=[one[0] for one in LOOKALIKES])
def test_look_alikes_of_any_language(language: str, first: str, second: str, other: str) -> None:
    rows = {
        "first": report(first, publisher="Alpha", language=language),
        "second": report(second, publisher="Beta", hours=1, language=language),
        "other": report(other, publisher="Gamma", hours=2, language=language),
    }
    found = stories(rows)
    assert frozenset({"other"}) in found
    graph = StoryGraph()
    graph.add_all(rows.items())
    graph.settle()
    near, far = graph.explain("first", "second"), graph.explain("first", "other")
    assert near.first > far.first + 1
