"""The labels in other languages, and templates and labels that a desk wrote itself."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from aggregator.desk.layouts import faults, renderer
from aggregator.desk.timeline import KINDS
from aggregator.digest.labels import labels, shipped
from aggregator.digest.render import FORMATS, render
from aggregator.digest.sample import sample_edition
from aggregator.digest.values import Edition
from aggregator.digest.wording import Clock, Wording
from aggregator.exceptions import ConfigurationError
from aggregator.newsroom.health import State
from aggregator.settings import DigestSettings, EditionSettings, Settings
from aggregator.storage.decisions import DecisionKind
from aggregator.web.lists import SORTS
from tests.digest.golden import golden_edition

PACKAGE = Path(__file__).parents[2] / "aggregator" / "digest"
PAGE = PACKAGE.with_name("web")
TRANSLATED = [language for language in shipped() if language != "en"]


def phrases() -> set[str]:
    """Return every phrase that templates and wording say."""
    found = set()
    for path in (*(PACKAGE / "templates").iterdir(), *(PAGE / "templates").iterdir()):
        found |= set(re.findall(r'say\(\s*"([^"]+)"', path.read_text(encoding="utf-8")))
    source = ast.parse((PACKAGE / "wording.py").read_text(encoding="utf-8"))
    for node in ast.walk(source):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("self.say", "self._say"):
            found |= {part.value for part in node.args[:1] if isinstance(part, ast.Constant)}
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
            "_LABELS",
            "_TROUBLES",
            "_SINCE",
            "_KINDS",
        ):
            assert isinstance(node.value, ast.Dict)
            found |= {part.value for part in node.value.values if isinstance(part, ast.Constant)}
    found |= {*SORTS.values(), *KINDS.values(), *get_args(State), *get_args(DecisionKind), "first"}
    return found | {"Top stories", "Developing", "New", "Other", "nothing new", "{number} corrected"}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_phrase_is_translated_and_no_other(language: str) -> None:
    words = labels(language).words
    assert phrases() - set(words) == set()
    assert set(words) - phrases() <= {"Correction", "Clarification", "Advisory"}  # kinds that are a notice's own word
    for phrase, said in words.items():
        assert set(re.findall(r"{\w+}", phrase)) == set(re.findall(r"{\w+}", said)), phrase


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("format", [form for form in FORMATS if form != "json"])
def test_no_label_is_left_in_english(language: str, format: str) -> None:
    text = render(replace(golden_edition(), language=language), format)
    for phrase in (
        "Top stories",
        "Feed health",
        "Also:",
        "UPDATED",
        "Corrections and",
        "independent",
        "Storyline",
        "polled",
    ):
        assert phrase not in text
    if format in ("html", "atom"):
        assert f'lang="{language}"' in text
    assert "Generals agree on a plan" in text  # words of feeds are nobody's to translate


def test_counts_and_dates_are_those_of_the_language() -> None:
    made = sample_edition("fr")
    french, german = Wording(labels("fr")), Wording(labels("de"))
    assert french.say.amount(0, "entry") == "0 article"
    assert french.say.amount(1234, "entry") == "1\u202f234 articles"
    assert german.say.amount(1234, "story") == "1.234 Themen"
    assert Clock.of(made, german.say).day() == "10. März 2026"
    assert Clock.of(made, french.say).day() == "10 mars 2026"
    assert Clock.of(made, german.say).short(made.since) == "Mo 9. März 07:00"


def test_an_edition_keeps_its_language_when_the_setting_changes() -> None:
    assert "## Das Wichtigste" in render(sample_edition("de"), "md")


def test_an_edition_in_a_language_that_nobody_knows_any_more_is_in_english() -> None:
    assert "TOP STORIES" in render(sample_edition("xx"), "text")


# --- the desk's own ------------------------------------------------------------------------------


def own(folder: Path, **files: str) -> DigestSettings:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return DigestSettings(templates=str(folder))


def problems(settings: DigestSettings) -> list[str]:
    return faults(Settings(digest=settings), None)


def test_a_desks_own_template_goes_over_the_shipped_one_and_may_build_on_it(tmp_path: Path) -> None:
    settings = own(
        tmp_path,
        edition__text="{{ edition.title }}: {{ wording.chain(edition) }}\n",
        edition__html='{% extends "shipped/edition.html" %}{% block style %}.lead { color: #900; }{% endblock %}',
    )
    assert problems(settings) == []
    rendered = renderer(settings, None)
    assert rendered(sample_edition("en"), "text") == "Sample: 12 entries → 8 reports → 7 stories\n"
    page = rendered(sample_edition("en"), "html")
    assert ".lead { color: #900; }" in page
    assert "Ferries collide off Skarn" in page
    assert rendered(sample_edition("en"), "md") == render(sample_edition("en"), "md")


def test_feed_text_stays_text_in_a_desks_own_template(tmp_path: Path) -> None:
    settings = own(tmp_path, edition__html="{% for story in edition.stories() %}<b>{{ story.title }}</b>{% endfor %}")
    assert "<script" not in renderer(settings, None)(golden_edition(), "html")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("edition.html", "<p>\n{% for story in %}", "edition.html:2"),
        ("edition.md", "{{ edition.headline }}", "edition.md:1"),
        ("edition.text", "{{ ''.__class__.__mro__ }}", "edition.text"),
        ("story.fragment", "{{ story.colour }}", "story.fragment:1"),
        ("edition.html", "{% include 'nowhere.html' %}", "nowhere.html"),
    ],
)
def test_a_broken_template_is_an_error_with_its_place_and_costs_no_edition(
    name: str, text: str, expected: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = own(tmp_path, **{name.replace(".", "__"): text})
    found = problems(settings)
    assert found
    assert all(problem.startswith("digest.templates: ") for problem in found)
    assert expected in found[0]
    form = {"story.fragment": "atom"}.get(name, name.removeprefix("edition."))
    made: Edition = sample_edition("en")
    rendered = renderer(settings, None)
    assert [rendered(made, form) for _ in range(2)] == [render(made, form)] * 2
    assert caplog.text.count("the shipped template is used") == 1


def test_labels_of_a_desk_go_over_those_shipped_and_make_new_languages(tmp_path: Path) -> None:
    settings = own(tmp_path, de__json='{"words": {"Also": "Ferner"}}', nl__json='{"words": {"Also": "Ook"}}')
    text = renderer(settings, None)(sample_edition("de"), "text")
    assert "Ferner:" in text
    assert "Das Wichtigste".upper() in text
    assert "Ook:" in renderer(settings, None)(sample_edition("nl"), "text")
    assert problems(replace(settings, language="nl")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "Expecting property name"),
        ('{"day": []}', "there is no key 'day'"),
        ('{"days": ["Mon"]}', "days: something of the form"),
        ('{"words": {"Also": "Ook {who}"}}', "names something that is not there"),
        ("[]", "a mapping is wanted"),
    ],
)
def test_labels_that_cannot_be_used_are_an_error_and_cost_no_edition(text: str, expected: str, tmp_path: Path) -> None:
    settings = own(tmp_path, en__json=text)
    [problem] = problems(settings)
    assert expected in problem
    assert "TOP STORIES" in renderer(settings, None)(sample_edition("en"), "text")


def test_a_language_without_labels_is_named_with_those_there_are() -> None:
    [problem] = problems(DigestSettings(language="xx"))
    assert problem == "digest.language: there are no labels in 'xx'; choose from de, en, fr"
    series = EditionSettings(time=(DigestSettings().time,), language="yy")
    assert "'yy'" in problems(DigestSettings(editions={"evening": series}))[0]
    with pytest.raises(ConfigurationError):
        labels("../../secret")


def test_a_folder_of_templates_that_is_not_there_is_named(tmp_path: Path) -> None:
    [problem] = problems(DigestSettings(templates=str(tmp_path / "none")))
    assert problem == f"digest.templates: there is no folder {tmp_path / 'none'}"


def test_a_folder_of_templates_that_went_is_told_once_and_costs_no_edition(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rendered = renderer(DigestSettings(templates=str(tmp_path / "unmounted")), None)
    for form in ("html", "text"):
        assert rendered(golden_edition(), form) == render(golden_edition(), form)
    assert [record.message.partition(";")[0] for record in caplog.records] == [
        f"digest.templates: there is no folder {tmp_path / 'unmounted'}"
    ]


def test_every_shipped_language_is_of_one_form() -> None:
    for language in shipped():
        plain = json.loads((PACKAGE / "labels" / f"{language}.json").read_text(encoding="utf-8"))
        assert set(plain["nouns"]) == set(labels("en").nouns)
        assert (len(plain["days"]), len(plain["months"]), len(plain["short_months"])) == (7, 12, 12)
