"""``stories`` and the editors' verbs as a desk uses them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from aggregator.cli.verbs import by_whom
from aggregator.text.tokens import words
from tests.cli.calling import ARCHIVE, call, newsroom, story_ids

TALKS, STORM = str(ARCHIVE[0]["title"]), str(ARCHIVE[2]["title"])


def titles(*arguments: str) -> list[str]:
    return [row["title"] for row in call("stories", *arguments, "--json").ok().json()]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), [STORM, TALKS]),
        (("--sort", "first"), [STORM, TALKS]),
        (("--sort", "publishers"), [TALKS, STORM]),
        (("--sort", "entries"), [TALKS, STORM]),
        (("--limit", "1"), [STORM]),
        (("--min-publishers", "2"), [TALKS]),
        (("--min-publishers", "3"), []),
        (("--publisher", "Courier"), [STORM]),
        (("--publisher", "Nobody"), []),
        (("--lang", "EN"), [STORM, TALKS]),
        (("--lang", "en-GB"), [STORM, TALKS]),
        (("--lang", "de"), []),
        (("--category", "world"), []),
        (("--match", "ferries Harwich"), [STORM]),
        (("--match", "UKRAINE guarantees"), [TALKS]),
        (("--match", "Ukraine ferries"), []),
        (("--since", "2026-03-10T05:45Z"), [STORM]),
        (("--until", "2026-03-10T05:45Z"), [TALKS]),
        (("--since", "yesterday", "--until", "now"), [STORM, TALKS]),
    ],
)
def test_options_filter_and_order_the_list_of_stories(arguments: tuple[str, ...], found: list[str]) -> None:
    newsroom()
    assert titles(*arguments) == found


def test_what_is_no_language_is_refused() -> None:
    newsroom()
    refused = call("stories", "--lang", "english")
    assert refused.code == 2
    assert "'english' is no language" in refused.err


def test_publishers_and_categories_are_found_in_capitals_and_small_letters_of_any_script() -> None:
    newsroom(
        {"id": "c1", "title": "Paris vote", "body": "Le vote.", "source": "Gazette d'Été", "date": "2026-03-10T05:00Z"}
    )
    assert titles("--publisher", "GAZETTE D'ÉTÉ") == ["Paris vote"]
    assert titles("--publisher", "gazette d'été") == ["Paris vote"]
    assert titles("--publisher", "gazette d'ete") == []


def test_first_sorts_by_first_seen() -> None:
    newsroom()
    seen = [row["first_seen"] for row in call("stories", "--sort", "first", "--json").ok().json()]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) > 1


def test_a_day_at_the_desk() -> None:
    newsroom()
    ids = story_ids()
    kept = call("story", "merge", ids[TALKS], ids[STORM], "--by", "Maria").ok().out.strip()
    assert kept == ids[TALKS]  # the older one
    assert len(titles()) == 1
    storm = next(row["id"] for row in call("export").ok().lines() if row["key"] == "a3")
    why = call("story", "why", kept, storm, "--json").ok().json()
    assert "editor" in {link["kind"] for link in why["links"]}
    assert "Maria" in why["sentence"] + str(why["links"])
    call("story", "pin", kept, storm, "--by", "Maria").ok()
    assert call("story", "show", kept, "--json").ok().json()["canonical_entry"] == storm
    own = call("story", "split", kept, storm, "--by", "Jan").ok().out.strip()
    assert own != kept
    assert len(titles()) == 2
    assert call("story", "move", storm, kept, "--by", "Jan").ok().out.strip() == kept
    assert call("story", "undo", "--by", "Maria").ok().out.startswith("Undone: ")
    log = call("story", "log", "--json").ok().json()
    assert [(row["verb"], row["by"]) for row in log] == [
        ("move", "Jan"), ("split", "Jan"), ("pin", "Maria"), ("merge", "Maria"),
    ]  # fmt: skip
    assert log[0]["undone_by"] == "Maria"
    assert all(row["undone_at"] is None for row in log[1:])
    assert [row["verb"] for row in call("story", "log", "--limit", "1", "--json").ok().json()] == ["move"]
    labels = call("export", "--labels").ok().lines()
    assert all("cluster" in row for row in labels)


def test_verbs_answer_programs_with_the_line_of_the_log_and_the_story() -> None:
    newsroom()
    ids = story_ids()
    storm = next(row["id"] for row in call("export").ok().lines() if row["key"] == "a3")
    merged = call("story", "merge", ids[TALKS], ids[STORM], "--by", "Maria", "--json").ok().json()
    assert (merged["story"], merged["verb"], merged["by"]) == (ids[TALKS], "merge", "Maria")
    assert call("story", "pin", ids[TALKS], storm, "--json").ok().json()["arguments"] == [ids[TALKS], storm]
    parted = call("story", "split", ids[TALKS], storm, "--format", "json").ok().json()
    assert parted["story"] not in (None, ids[TALKS])
    assert call("story", "move", storm, ids[TALKS], "--json").ok().json()["story"] == ids[TALKS]
    undone = call("story", "undo", "--by", "Jan", "--json").ok().json()
    assert (undone["verb"], undone["undone_by"]) == ("move", "Jan")
    forbidden = call("story", "forbid", ids[TALKS], parted["story"], "--json").ok().json()
    log = call("story", "log", "--json").ok().json()
    assert forbidden == {"story": None, **log[0]}
    assert undone == {"story": None, **next(row for row in log if row["verb"] == "move")}


def test_a_merge_of_one_story_is_a_fault_of_the_call() -> None:
    newsroom()
    assert call("story", "merge", story_ids()[TALKS]).code == 2


def test_forbid_keeps_two_stories_apart() -> None:
    newsroom()
    ids = story_ids()
    call("story", "forbid", ids[TALKS], ids[STORM]).ok()
    assert [row["verb"] for row in call("story", "log", "--json").ok().json()] == ["forbid"]
    assert len(titles()) == 2


@pytest.mark.parametrize(
    "arguments",
    [("merge", "{talks}"), ("merge", "{talks}", "{talks}"), ("split", "{talks}", "{storm_entry}"), ("undo",)],
)
def test_a_verb_that_cannot_be_carried_out_changes_nothing(arguments: tuple[str, ...]) -> None:
    newsroom()
    ids = story_ids()
    storm = next(row["id"] for row in call("export").ok().lines() if row["key"] == "a3")
    before = call("stories", "--json").ok().out
    outcome = call("story", *(one.format(talks=ids[TALKS], storm_entry=storm) for one in arguments))
    assert outcome.code in (1, 2, 3), outcome
    assert outcome.err.startswith("aggregator: ")
    assert call("stories", "--json").ok().out == before
    assert call("story", "log", "--json").ok().json() == []


def test_search_is_best_first_and_limited() -> None:
    newsroom()
    hits = call("search", "ukraine guarantees", "--json").ok().json()
    assert {hit["key"] for hit in hits} == {"a1", "a2"}
    assert all("Ukraine" in hit["snippet"] for hit in hits)
    assert len(call("search", "ukraine", "--limit", "1", "--json").ok().json()) == 1
    assert call("search", "ukraine", "--since", "2026-03-10T05:15Z", "--json").ok().json()[0]["key"] == "a2"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("chiefs guarantees", {"a1", "a2"}),
        ("guarant* chief*", {"a1", "a2"}),
        ("guarant", set()),
        ('"port of Esbjerg"', {"a3"}),
        ('"Esbjerg port"', set()),
        ("“port of Esbjerg”", {"a3"}),
        ("tuesday -storm", {"a1", "a2"}),
        ("tuesday -harb*", {"a1", "a2"}),
        ('tuesday -"port of Esbjerg"', {"a1", "a2"}),
        ("tuesday - storm", {"a3"}),
        ("-storm", set()),
    ],
)
def test_a_search_knows_phrases_beginnings_and_what_must_not_stand_there(text: str, found: set[str]) -> None:
    newsroom()
    assert {hit["key"] for hit in call("search", "--json", "--", text).ok().json()} == found
    stories = call("stories", "--json", f"--match={text}").ok().json()
    assert {story["title"][:5] for story in stories} == {"Storm" if key == "a3" else "Chief" for key in found}


def test_a_hit_without_a_title_is_called_by_its_text() -> None:
    newsroom({"id": "n1", "body": "The bridge at Kehl was closed at noon.", "lang": "en"})
    assert call("search", "Kehl").ok().out.count("The bridge at Kehl was closed at noon.") == 2
    assert call("search", "Kehl", "--json").ok().json()[0]["title"] == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("المحلي", ["ar"]), ("المحلّي", ["ar"]), ("جدا", ["ar"]), ("قرآن", ["ar"]), ("محل", []),
        ("प्रधानमंत्री", ["hi"]), ('"प्रधानमंत्री ने"', ["hi"]), ("-प्रधानमंत्री संसद", []), ("शहर", ["hi 2"]),
    ],
)  # fmt: skip
def test_vowel_signs_neither_hide_a_word_nor_divide_it(text: str, found: list[str]) -> None:
    newsroom(
        {"id": "ar", "title": "المجلس المحلّي جدًا قُرآن", "lang": "ar", "body": "انعقد المجلس."},
        {"id": "hi", "title": "प्रधानमंत्री ने संसद में कहा", "lang": "hi", "body": "संसद में बहस हुई।"},
        {"id": "hi 2", "title": "रध न त र शहर", "lang": "hi", "body": "प से नम तक, र भी।"},  # pieces of the word above
    )
    assert [hit["key"] for hit in call("search", "--json", "--", text).ok().json()] == found


FOREIGN = {
    "l1": ("Łódź strajkuje", "pl", "Robotnicy w Łodzi strajkują od rana."),
    "l2": ("Havnen på Ærø åbner", "da", "Færgen til Ærøskøbing sejler igen."),
    "l3": ("Þingvellir lokað", "is", "Ðað er lokað á Þingvöllum."),
    "l4": ("Diyarbakır'da ılık kış", "tr", "Kış ılık geçiyor."),
    "l5": ("Œuvre volée à Lyon", "fr", "Le cœur de Lyon est fermé."),
    "l6": ("Novak Đoković pobedio", "sr", "Zoran Đinđić je gledao."),
}


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        ("l1", ("Łódź", "Lodz", "LODZ", "łodz", "lod*", '"lodz strajkuje"', '"Łódź strajkuje"', "lodzi")),
        ("l2", ("Ærø", "aero", "aerosk*", "faergen")),
        ("l3", ("Þingvellir", "thingvellir", "lokad", "lokað")),
        ("l4", ("diyarbakir", "Diyarbakır", "ILIK", "ılık", "kis")),
        ("l5", ("œuvre", "oeuvre", "coeur", "cœur -lodz")),
        ("l6", ("Đoković", "Djokovic", "dokovic", "djokov*", "Djindjic", '"novak djokovic"', "Đinđić")),
    ],
)
@pytest.mark.parametrize("stored", ["now", "by an earlier release"])
def test_letters_that_unicode_does_not_decompose_are_found_without_them(
    key: str, texts: tuple[str, ...], stored: str
) -> None:
    newsroom(
        *({"id": name, "title": title, "lang": lang, "body": body} for name, (title, lang, body) in FOREIGN.items())
    )
    if stored != "now":
        texts = tuple(text for text in texts if not text.isascii() and "-lodz" not in text)
        with sqlite3.connect("aggregator.db") as db:
            for title, _, body in FOREIGN.values():
                number = db.execute("SELECT number FROM entry WHERE title = ?", (title,)).fetchone()[0]
                written = " ".join(words(title)), " ".join(words(body)), number
                db.execute("UPDATE entry_fts SET title = ?, text = ? WHERE rowid = ?", written)
    for text in texts:
        found = [hit["key"] for hit in call("search", "--json", "--", text).ok().json()]
        assert found == [key], text
        assert call("stories", "--json", f"--match={text}").ok().json()[0]["title"] == FOREIGN[key][0], text


def test_entry_show_and_its_revisions() -> None:
    newsroom()
    edited = {**ARCHIVE[2], "title": "Storm closes the port of Esbjerg and the bridge", "date": "2026-03-10T06:30:00Z"}
    newsroom(edited)
    entry = next(row["id"] for row in call("export").ok().lines() if row["key"] == "a3")
    shown = call("entry", "show", entry, "--json").ok().json()
    assert (shown["title"], shown["revisions"]) == (edited["title"], 1)
    assert "Harwich" in shown["text"]
    [revision] = call("entry", "revisions", entry, "--json").ok().json()
    assert revision["title"] == STORM
    assert "Harwich" in call("entry", "show", entry).ok().out


def test_where_stories_are_off_the_empty_lists_say_so() -> None:
    newsroom()
    off = ("--set", "stories.enabled=false")
    assert call(*off, "stories", "--match", "zeppelin").ok().err.strip().endswith("stories.enabled is false.")
    assert "off" not in call("stories", "--match", "zeppelin").ok().err
    story = next(iter(story_ids().values()))
    assert "stories.enabled is false" in call(*off, "story", "new", story, "--since", "30m").ok().out


@pytest.mark.parametrize("command", [("storyline", "list"), ("stories", "--storylines")])
def test_a_storyline_names_each_of_its_stories_and_its_counts(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom()
    titles = story_ids()
    call("storyline", "tie", *titles.values()).ok()
    monkeypatch.setenv("COLUMNS", "80")
    lines = call(*command).ok().out.splitlines()
    for title in titles:
        assert any(line.startswith(f"  - {title[:50]}") for line in lines)
    assert any("2 stories" in line and "entries" in line and "publishers" in line for line in lines)
    monkeypatch.setenv("COLUMNS", "160")
    wide = call(*command).ok().out
    assert all(f"- {title}" in wide for title in titles)


def test_a_story_whose_entry_has_no_title_is_called_by_its_first_words() -> None:
    rows = [
        {"id": "1", "body": f"<p>{'Ferries wait. ' * 20}</p>", "url": "https://a.example/1"},
        {"id": "2", "body": "The harbour is shut.", "url": "https://a.example/2"},
    ]
    archive = Path("short.jsonl")
    archive.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    call("import", str(archive)).ok()
    found = {row["url"]: row["title"] for row in call("stories", "--json").ok().json()}
    assert found["https://a.example/2"] == "The harbour is shut."
    assert found["https://a.example/1"] == " ".join(["Ferries wait."] * 7) + " …"
    entry = next(row["id"] for row in call("export").ok().lines() if row["key"] == "2")
    assert call("entry", "show", entry).ok().out.startswith("The harbour is shut.\n")


@pytest.mark.parametrize("name", ["", " ", "\u202e", "\x1b[31m"])
def test_a_name_of_which_nothing_can_be_seen_is_no_name(name: str) -> None:
    assert by_whom(name) == by_whom(None) != ""
