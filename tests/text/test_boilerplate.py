"""What of a text says nothing about its event: consent texts, tails, names behind headlines."""

from __future__ import annotations

import pytest

from aggregator.model import Document, EntryData
from aggregator.newsroom.agencies import without_agency
from aggregator.text.boilerplate import (
    MIN_CHARACTERS,
    constant_descriptions,
    line_hashes,
    repeated_tails,
    without_boilerplate,
)
from aggregator.text.clean import document

CONSENTS = [
    "We and our 812 partners store information on your device to show you advertising; see our privacy policy.",
    "This page uses cookies for advertising. By going on you give your consent.",
    "Wir und unsere Partner nutzen Cookies für Werbung. Mehr zum Datenschutz und zu Ihrer Einwilligung.",
    "Avec votre consentement, nos partenaires et nous utilisons des cookies pour la publicité.",
    "Con su consentimiento, nosotros y nuestros socios usamos cookies para mostrar publicidad.",
    "My i nasi partnerzy używamy plików cookies w celu wyświetlania reklam; polityka prywatności.",
    "Мы используем cookies для рекламы; согласие можно отозвать в политике конфиденциальности.",
    "本网站使用cookies投放广告,继续浏览即表示您同意我们的隐私政策。",
    "Çerezleri (cookies) kişisel verileriniz için kullanıyoruz; gizlilik bildirimi.",
]
NEWS = [
    "The court fined the company for placing cookies on phones without asking.",
    "Members of parliament debated advertising for gambling until midnight.",
    "The privacy commissioner said the ministry had lost the personal data of 4,000 patients.",
    "Das Parlament beriet über Werbung für Glücksspiel und vertagte sich.",
    "Die Datenschützer rügten das Ministerium wegen verlorener Akten.",
    "Le parlement a débattu de la publicité pour les jeux.",
]


def made(*lines: str, lede: str = "") -> Document:
    return Document("Title", lede, "\n".join(lines), "en", None, "")


@pytest.mark.parametrize("line", CONSENTS)
def test_a_consent_text_is_left_out_before_anything_is_learned(line: str) -> None:
    assert without_boilerplate(made(NEWS[0], line), ()).body == NEWS[0]


@pytest.mark.parametrize("line", NEWS)
def test_news_of_such_matters_stays(line: str) -> None:
    assert without_boilerplate(made(line, "More."), ()).body == f"{line}\nMore."


@pytest.mark.parametrize(
    "line",
    [
        "Read also: Ten beaches",
        "Share this on your network",
        "Lesen Sie auch: Zehn Strände",
        "À lire aussi : dix plages",
        "Читайте также: десять пляжей",
        "相关阅读:世界上最美丽的十个海滩",
        "The post Ten beaches appeared first on The Example.",
        "© 2026 The Example Group Ltd.",
    ],
)
def test_lines_that_say_what_they_are_are_left_out(line: str) -> None:
    assert without_boilerplate(made(NEWS[1], line), ()).body == NEWS[1]


def test_what_a_feed_is_known_to_repeat_is_left_out_whatever_its_case_and_blanks() -> None:
    line = "The Example is read by 40,000 people every day."
    known = line_hashes(made(line))
    assert without_boilerplate(made(NEWS[0], line.upper().replace(" ", "  ")), known).body == NEWS[0]
    assert without_boilerplate(made(NEWS[0], lede=line), known).lede == ""


def test_a_line_too_short_to_be_sure_of_is_neither_counted_nor_left_out() -> None:
    short = "Read more."
    assert len(short) < MIN_CHARACTERS
    assert line_hashes(made(short)) == frozenset()
    assert without_boilerplate(made(NEWS[0], short), ()).body.endswith(short)


def test_tails_that_several_titles_share_are_found() -> None:
    titles = [f"{word} happened today - World - The Example" for word in ("This", "That", "More")]
    assert set(repeated_tails([*titles, "Something else - Opinion"])) == {"World", "The Example"}
    assert repeated_tails([titles[0]] * 5) == ()
    assert repeated_tails(titles[:2]) == ()


@pytest.mark.parametrize(
    "title", ["Ship aground - Reuters", "Ship aground (AP)", "Ship aground | dpa", "Ship aground – AFP"]
)
def test_an_agencys_name_behind_a_headline_is_cut(title: str) -> None:
    assert without_agency(title) == "Ship aground"


@pytest.mark.parametrize(
    "title", ["Ship aground - again", "What AP saw", "(AP)", "Reuters", "Talks – what we know (so far)", ""]
)
def test_other_endings_stay(title: str) -> None:
    assert without_agency(title) == title


def described(*pairs: tuple[str, str]) -> list[EntryData]:
    return [EntryData(key=str(n), title=title, summary=f"<p>{text}</p>") for n, (title, text) in enumerate(pairs)]


BLURB = "Subscribe to the letter of the Vellmar Gazette for all our reporting."


def test_one_description_under_unlike_headlines_is_boilerplate_at_once() -> None:
    titles = ("Ferry sinks off Skarn", "Teachers vote on pay", "Vellmar museum buys letters")
    found = constant_descriptions(described(*((title, BLURB) for title in titles)))
    made = document(EntryData(key="x", title="Reactor shut", summary=f"<p>{BLURB}</p>"))
    assert without_boilerplate(made, found).lede == ""
    assert constant_descriptions(described(*((title, BLURB) for title in titles[:2]))) == frozenset()


def test_the_text_of_a_report_under_several_headlines_is_none() -> None:
    text = "The ferry Nordlys ran aground off Skarvik in thick fog with 210 passengers aboard."
    titles = ("Ferry runs aground", "Ferry aground off Skarvik", "UPDATE 2-Ferry aground, 210 aboard")
    assert constant_descriptions(described(*((title, text) for title in titles))) == frozenset()
