"""Recognising corrections and withdrawals, and the copies they left behind."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Entry
from aggregator.model.withdrawals import WITHDRAWN
from aggregator.newsroom.alignment import StepBudget
from aggregator.newsroom.corrections import own_notices, recognise, stale_copies
from aggregator.newsroom.notices import KINDS, stems_of
from tests.examples import examples
from tests.newsroom.made import made_entry

TITLES = [
    ("correction", "CORRECTED-Ferry maker cuts forecast"),
    ("correction", "CORRECTED (OFFICIAL)-Ferry maker cuts forecast"),
    ("correction", "Correction: Harbor-Fire story"),
    ("correction", "CORRECTS: Twelve hurt in harbour fire"),
    ("correction", "AP corrects: Harbor-Fire story"),
    ("correction", "BC-EU--Harbor-Fire,1st Ld-Writethru, CORRECTION"),
    ("correction", "Brand im Hafen - KORRIGIERTE FASSUNG"),
    ("correction", "++ RETTIFICA ++ Incendio nel porto"),
    ("correction", "Pożar w porcie (korekta)"),
    ("correction", "Incendie dans le port (RECTIFICATIF)"),
    ("kill", "BC-EU--Harbor-Fire, KILL"),
    ("kill", "EDS: KILL — Harbor-Fire, 0912"),
    ("kill", "BITTE NICHT VERWENDEN: Brand im Hafen"),
    ("kill", "STORNO: Brand im Hafen"),
    ("kill", "PLEASE DISREGARD: Fire in the harbour"),
    ("kill", "WITHHOLD: Fire in the harbour"),
    ("kill", "ATTENZIONE - ANNULLARE: Incendio nel porto"),
    ("kill", "NE PAS UTILISER - Incendie dans le port"),
    ("correction", "(ANNULE ET REMPLACE) Incendie dans le port"),
    ("correction", "Annule et remplace la dépêche de 9h12 : incendie dans le port"),
    ("correction", "OFFICIAL CORRECTED-Ferry maker cuts forecast"),
    ("correction", "Twelve hurt in harbour fire (corrected)"),
    ("correction", "(Korrektur: Zahl der Verletzten) Brand im Hafen"),
    ("correction", "Berichtigung: Brand im Hafen"),
    ("correction", "RECTIFICATIF - Incendie dans le port"),
    ("correction", "CORRECCIÓN: Incendio en el puerto"),
    ("correction", "Fe de errores: Incendio en el puerto"),
    ("correction", "RETTIFICA: Incendio nel porto"),
    ("correction", "CORREÇÃO – Incêndio no porto"),
    ("correction", "Rectificatie: Brand in de haven"),
    ("correction", "KOREKTA: Pożar w porcie"),
    ("correction", "ИСПРАВЛЕНИЕ: Пожар в порту"),
    ("correction", "ВИПРАВЛЕННЯ: Пожежа в порту"),
    ("correction", "Rättelse: Brand i hamnen"),
    ("correction", "Rettelse: Brand på havnen"),
    ("correction", "OPRAVA: Požár v přístavu"),
    ("correction", "【訂正】港で火災"),
    ("correction", "更正：港口火灾"),
    ("correction", "[정정] 항구 화재"),
    ("correction", "تصحيح: حريق في الميناء"),
    ("correction", "CORRECTED: Flood on the coast kills six"),
    ("correction", "Correction: Hurricane-Aid story"),
    ("correction", "CORRECTS: Evacuation of the port ordered"),
    ("correction", "Korrektur: Schnee und Eis auf der Brücke"),
    ("correction", "CORRECTED-Stocks slide 10 percent from their peak"),
    ("correction", "Correction: Stock Market-Rates story"),
    ("clarification", "Clarification: Harbor-Fire story"),
    ("clarification", "Klarstellung: Brand im Hafen"),
    ("clarification", "Уточнение: Пожар в порту"),
    ("kill", "MANDATORY KILL: Harbor fire"),
    ("kill", "STORY KILL - Harbor fire"),
    ("kill", "АННУЛИРОВАНО: Пожар в порту"),
    ("kill", "ANULADA: Incendio en el puerto"),
    ("kill", "ANNULLA E SOSTITUISCE: Incendio nel porto"),
    ("withdrawn", "WITHDRAWN: Harbor fire"),
    ("withdrawn", "STORY REMOVED: BC-Harbor Fire"),
    ("retraction", "RETRACTION: Harbor fire"),
    ("advisory", "ADVISORY-Story on harbor fire will be replaced"),
]
TEXTS = [
    ("correction", "The fire is out.\nAn earlier version of this story misstated the number of the hurt."),
    ("correction", "A previous version of this article gave the wrong day."),
    ("correction", "The fire is out.\nAn earlier version misstated the number of the hurt."),
    (
        "correction",
        "(This March 4 story has been corrected to say 12 people, not 21)\nOSTEND (Wire) - The fire is out.",
    ),
    ("correction", "(Refiles to correct spelling of name in headline)\nOSTEND (Wire) - The fire is out."),
    ("correction", "In a story March 4, The Associated Press reported that 21 were hurt. The correct number is 12."),
    ("correction", "This story has been corrected to show that the fire broke out on Sunday."),
    ("correction", "OSTEND (Wire) - (Corrects paragraph 3 to say 12 people, not 21)\nThe fire is out."),
    ("correction", "The fire is out.\nCorrection: The fire broke out on Sunday, not on Monday."),
    ("correction", "Der Brand ist gelöscht. In einer früheren Version dieses Artikels stand eine falsche Zahl."),
    ("correction", "Dieser Artikel wurde am Montag korrigiert."),
    ("correction", "Une version précédente de cet article donnait un autre chiffre."),
    ("correction", "Una versión anterior de esta noticia daba otra cifra."),
    ("correction", "In una versione precedente di questo articolo la cifra era sbagliata."),
    ("correction", "Uma versão anterior deste texto trazia outro número."),
    ("correction", "In een eerdere versie van dit artikel stond een verkeerd aantal."),
    ("correction", "We wcześniejszej wersji artykułu podano błędną liczbę."),
    ("correction", "В предыдущей версии материала была указана неверная цифра."),
    ("correction", "У попередній версії новини було вказано хибну цифру."),
    ("correction", "I en tidigare version av artikeln angavs fel antal."),
    ("correction", "本文先前版本的数字有误。"),
    ("correction", "人数に誤りがありました。おわびして訂正します。"),
    ("clarification", "This article was updated to clarify who gave the order."),
    ("kill", "Editors, please kill the story about the harbor fire."),
    ("kill", "Rogamos anulen la noticia sobre el incendio."),
    ("kill", "Просим аннулировать сообщение о пожаре."),
    ("withdrawn", "The Associated Press has withdrawn its story about the harbor fire."),
    ("withdrawn", "This article has been removed after doubts about its source."),
    ("kill", "This story was sent in error. Please do not use it."),
    ("kill", "Editors: please withhold the story slugged Harbor-Fire until further notice."),
    ("kill", "Please disregard our item headlined Fire in the harbour."),
    ("kill", "Bitte verwenden Sie die Meldung «Brand im Hafen» von 9 Uhr nicht."),
    ("withdrawn", "Diese Meldung wurde am Montag zurückgezogen."),
    ("withdrawn", "Die Meldung «Zwölf Verletzte bei einem Brand im Hafen» von 9.12 Uhr wird zurückgezogen."),
    ("withdrawn", "Cet article a été retiré."),
    ("retraction", "The Courier has retracted its report on the harbour fire."),
    ("retraction", "This story has been retracted."),
]
NEGATIVES = [
    ("Market correction looms as bond yields rise", "Stocks may fall into a correction, analysts said."),
    ("Correction: stocks slide 10 percent from their peak", "Shares fell for a third day."),
    ("Corrections officer charged with smuggling", "The state's Department of Corrections said he was suspended."),
    ("Corrections and clarifications", "What we got wrong this week."),
    ("Course correction: how the fleet is going electric", "Ferries change."),
    ("Kill switch for phones becomes law", "The law takes effect in June."),
    ("Storm kills three on the coast", "Two of the killed were sailors."),
    ("Kill Bill returns to cinemas", "A story of revenge. Critics called the movie's kill scenes dated."),
    ("To Kill a Mockingbird: a new staging", "The play opens on Sunday."),
    ("Weather advisory: heavy snow", "An advisory is in force until Sunday."),
    ("ADVISORY: Heat index to reach 44", "Drink water."),
    ("Travel advisory lifted", "Tourists may return."),
    ("ADVISORY: Heavy snow expected on the coast", "The weather service issued an advisory."),
    ("House of Correction reopens as a museum", "The former House of Correction will show its cells."),
    ("An earlier version of the bridge stood here", "An earlier version of the bridge was wooden."),
    ("KILL THE BILL protest draws thousands", "They marched to the house."),
    ("Anulan el gol del empate", "El árbitro anuló el gol."),
    ("Correction des copies : les professeurs en grève", "La correction des copies est reportée."),
    ("Advisory board named", "Nine members."),
    ("Troops withdrawn from the border", "The army has withdrawn its forces."),
    ("Drug maker withdraws pill", "The drug has been withdrawn from sale."),
    ("Journal retracts paper on sleep", "The study was retracted by its authors last week."),
    ("Minister retracts remark", "He said he retracted the remark."),
    ("Earlier version of bill had no such clause", "An earlier version of this bill passed in May."),
    ("New glasses bring corrected vision", "Correction of sight is routine."),
    ("Disregard: how a port forgot its dockers", "The council chose to disregard the report on the harbour."),
    ("Letter sent in error to 400 patients", "The letters were sent in error, the hospital said."),
    ("Storno: Reeder müssen Fahrten erstatten", "Bitte verwenden Sie das Formular, wenn die Fähre nicht fährt."),
    ("L'accord annule et remplace celui de 2019", "Il annule et remplace le premier accord sur le port."),
    ("Kurskorrektur: Dax fällt", "Eine Korrektur am Aktienmarkt ist überfällig."),
    ("Korrektur am Aktienmarkt erwartet", "Anleger sind vorsichtig."),
    ("Поправки к закону о портах приняты", "Исправительная колония закрыта."),
    ("Поправка к Конституции принята", "Депутаты проголосовали."),
    ("La corrección política, a debate", "El ensayo fue premiado."),
    ("La corrección del mercado", "La bolsa cae."),
    ("Le correcteur du Monde prend sa retraite", "Il corrigeait depuis trente ans."),
    ("Ministerie trekt vergunning in", "De vergunning is ingetrokken."),
    ("Army retires old rifle", "The rifle has been withdrawn."),
    (
        "Mise au point : pourquoi l'école ne peut pas tout",
        "L'école est sommée de tout réparer. Ce n'est ni juste ni utile.",
    ),
    (
        "Mise au point",
        "Chaque semaine, notre chroniqueur revient sur l'actualité. Cet article est réservé à nos abonnés.",
    ),
    ("Mise au point : la mairie répond aux rumeurs", "La maire a démenti lundi toute hausse des tarifs de la cantine."),
    ("Précision : l'horlogerie en trois leçons", "Un art de la patience, disent les artisans du Jura."),
    ("Korjaus: näin saat vanhan kellon käymään", "Kelloseppä neuvoo, mistä aloittaa. Aikaa kuluu ilta."),
    ("Korjaus – remonttipalsta", "Lukijat kysyvät, rakennusmestari vastaa."),
    ("Oprava: jak zachránit starou střechu", "Pokrývač radí, kde začít."),
    ("Поправка: депутаты спорят о налоге", "Фракции внесут свои предложения ко второму чтению."),
    ("Village news", "The fête is over.\nMise au point : un regard sur la semaine, par Anne Petit."),
    ("政府更正统计数据", "统计局表示数据有误。"),
    ("UPDATE 1-Ferry maker cuts forecast", "(Adds quote, background)"),
    ("", ""),
]


@pytest.mark.parametrize(("kind", "title"), TITLES)
def test_a_notice_names_itself_in_the_title(kind: str, title: str) -> None:
    found = recognise(title, "The fire is out, the port said.")
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize(("kind", "text"), TEXTS)
def test_a_notice_stands_in_the_text(kind: str, text: str) -> None:
    found = recognise("Fire in the harbour", text)
    assert found is not None
    assert found.kind == kind
    assert found.statement


COLUMN_WORDS = [
    (
        "clarification",
        "Mise au point : le chantier du port",
        "Contrairement à ce que nous avons écrit lundi, le chantier durera deux ans et non trois.",
    ),
    (
        "clarification",
        "Mise au point",
        "Le port a rouvert.\nMise au point : notre article du 3 mars attribuait à tort ces propos au maire.",
    ),
    ("clarification", "Précision : le port", "Dans notre édition de mardi, une erreur s'est glissée dans la légende."),
    ("correction", "Korjaus: satamapalo", "Jutussa kerrottiin väärin loukkaantuneiden määrä. Oikea luku on 12."),
    ("correction", "Oprava: požár v přístavu", "Ve včerejším článku jsme omylem uvedli jiný počet zraněných."),
    ("correction", "Javítás: tűz a kikötőben", "Tévesen írtuk a sérültek számát."),
    ("correction", "KORJAUS: Satamapalo", "Palo on sammutettu."),
]


@pytest.mark.parametrize(("kind", "title", "text"), COLUMN_WORDS)
def test_a_word_that_also_names_a_column_opens_a_notice_where_it_owns_up(kind: str, title: str, text: str) -> None:
    found = recognise(title, text)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize(("title", "text"), NEGATIVES)
def test_other_corrections_and_kills_are_none(title: str, text: str) -> None:
    assert recognise(title, text) is None


def test_the_gravest_notice_counts() -> None:
    found = recognise("CORRECTED-Fire in the harbour", "The Courier has withdrawn this story.")
    assert found is not None
    assert found.kind == "withdrawn"


def test_a_notice_in_the_middle_of_a_long_text_is_not_the_texts_own() -> None:
    filler = "Ferries run every hour. " * 100
    assert recognise("Fire", f"{filler}An earlier version of this story, he joked, was longer. {filler}") is None


@settings(max_examples=examples(200))
@given(st.text(max_size=300), st.text(max_size=600))
def test_any_text_is_read(title: str, text: str) -> None:
    recognise(title, text)


# --- copies left uncorrected ---------------------------------------------------------------------

WRONG = "The harbour fire hurt 21 people on Monday, the port said. Crews put it out after two hours."
RIGHT = "The harbour fire hurt 12 people on Monday, the port said. Crews put it out after two hours."
COPY = made_entry("copy", "Herald", agency="Wire", minutes=-20)
FIXED = made_entry("fixed", "Post", agency="Wire", minutes=-10)
OWN_WORDS = made_entry("own", "Echo", report="r2", minutes=-5)
OTHERS = [(COPY, "By Wire. " + WRONG), (FIXED, RIGHT), (OWN_WORDS, "A fire broke out in the port at noon.")]
NOTICE = made_entry("notice", "Wire", agency="Wire", correction="correction")


def ids(text: str, before: str | None = None, kind: str = "correction") -> list[str]:
    """Return the ids of the stale copies after a notice with this text."""
    found = stale_copies(replace(NOTICE, correction=kind), text, [*OTHERS, (NOTICE, text)], before)
    return [entry.id for entry in found]


def test_copies_with_the_old_wording_are_stale() -> None:
    assert ids(RIGHT, before=WRONG) == ["copy"]


def test_without_the_old_text_what_the_notice_says_decides() -> None:
    assert ids("(Corrects first paragraph to say 12, not 21) The fire is out.") == ["copy"]


def test_without_the_old_text_other_numbers_in_the_same_sentence_decide() -> None:
    assert ids(f"Correction: {RIGHT}") == ["copy"]


@pytest.mark.parametrize("kind", sorted(WITHDRAWN))
def test_after_a_kill_every_copy_is_stale(kind: str) -> None:
    assert ids("Please kill the story.", kind=kind) == ["copy", "fixed"]


@pytest.mark.parametrize(
    ("copied", "stale"),
    [
        ({"publisher": "Herald"}, ["told", "copied"]),  # unsigned: the text is of who had it first
        ({"publisher": "Herald", "minutes": -30}, ["told"]),  # had it first
        ({"publisher": "Herald", "agency": "Wire"}, ["told"]),  # signed by another
    ],
)
@pytest.mark.parametrize("kind", [*sorted(WITHDRAWN), "correction"])
def test_a_notice_of_its_own_leaves_stale_the_copies_of_what_its_house_told(
    kind: str, copied: dict[str, Any], stale: list[str]
) -> None:
    notice = made_entry("notice", "Courier", correction=kind, report="r2")
    told = made_entry("told", "Courier", minutes=-20)
    copy = made_entry("copied", **{"minutes": -10, **copied})
    others = [(told, WRONG), (copy, WRONG), (made_entry("own", "Echo", minutes=-5, report="r3"), "A fire broke out.")]
    assert [entry.id for entry in stale_copies(notice, f"Correction: {RIGHT}", others)] == stale


def test_a_copy_that_carries_the_notice_is_not_stale() -> None:
    copy = replace(COPY, correction="correction")
    assert stale_copies(NOTICE, RIGHT, [(copy, WRONG)], WRONG) == ()


def test_every_statement_holds_a_stem_that_is_looked_for_first() -> None:
    """Without one it would never be searched for."""
    assert [(kind, place) for kind in KINDS for place, stems in stems_of(kind) if not stems] == []


FIRST = made_entry("first", "Herald", minutes=0)
WIRED = made_entry("wired", "Wire", minutes=1, agency="Wire", own=True, report="r2")


@pytest.mark.parametrize(
    ("notice", "own"),
    [
        (made_entry("n", "Herald", minutes=9, correction="kill"), True),  # what it had first
        (made_entry("n", "Herald", minutes=9, correction="kill", report="r9"), True),  # in words of its own
        (made_entry("n", "Blog", minutes=9, correction="kill"), False),
        (made_entry("n", "Blog", minutes=9, correction="correction"), False),
        (made_entry("n", "Blog", minutes=9, correction="kill", agency="Wire", report="r2"), False),
        (made_entry("n", "Blog", minutes=9, correction="withdrawn", report="r9"), False),
        (made_entry("n", "Blog", minutes=9, correction="correction", report="r9"), True),  # of a text of its own
        (made_entry("n", "Wire", minutes=9, correction="kill", agency="Wire", own=True, report="r9"), True),
        (replace(made_entry("n", "Blog", minutes=9, correction="correction"), revisions=1), True),  # of its own version
    ],
)
def test_a_notice_counts_for_what_its_house_may_take_back(notice: Entry, *, own: bool) -> None:
    assert own_notices([FIRST, WIRED, notice]) == ({"n"} if own else set())


def test_a_house_alone_may_take_back_what_nobody_else_has() -> None:
    assert own_notices([made_entry("n", "Blog", correction="kill")]) == {"n"}
    assert own_notices([FIRST, WIRED]) == frozenset()


def test_an_agency_s_site_makes_an_entry_the_agency_s() -> None:
    link = FIRST.data.link or ""
    stood = replace(FIRST, agency="AP", agency_form="address", agency_words=link)
    assert stood.sources == {"Herald", "AP"}
    assert replace(stood, agency_words="https://apnews.com/1").sources == {
        "Herald"
    }  # what it calls its canonical address
    assert replace(stood, agency_form="dateline").sources == {"Herald"}


def test_a_text_of_one_word_is_corrected_in_bounded_time() -> None:
    """A word that stands a hundred thousand times in both versions cost its square; four notices may cost their share."""
    before, after = f"c {'a ' * 100_000}e.", f"b {'a ' * 100_000}d."
    notice = made_entry("n", minutes=60, correction="correction")
    others = [(made_entry(f"o{n}"), before) for n in range(3)]
    budget, began = StepBudget(), process_time()
    assert [one.id for one in stale_copies(notice, after, others, before, budget)] == ["o0", "o1", "o2"]
    assert stale_copies(notice, after, others, before, StepBudget(0)) == ()
    assert process_time() - began < 30  # seconds; one is usual


@pytest.mark.costly
def test_sentences_without_end_are_compared_in_bounded_time() -> None:
    told = " ".join(f"The {n}th ship of the grey fleet sailed to the old harbour with {n} men." for n in range(4_000))
    other = " ".join(f"No {n} goats in the barn of uncle Theo ate {n} turnips." for n in range(4_000))
    notice = made_entry("n", minutes=60, correction="correction")
    budget, began = StepBudget(), process_time()
    stale_copies(notice, told, [(made_entry("o"), other)], None, budget)
    assert 0 <= budget.left < 100_000
    assert process_time() - began < 30
