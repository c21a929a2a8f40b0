"""The keys that scripts rely on: named in the public interface, so more may come but none may go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import ARCHIVE, NOW, TALKS, call, newsroom, write_archive
from tests.fetching.server import Server, answer
from tests.harness import Item, rss

STORIES = {
    "id", "title", "url", "publisher", "agency", "lang", "first_seen", "last_seen", "entries", "reports", "publishers",
    "flags", "canonical_entry", "storyline",
}  # fmt: skip
MEMBER = {"id", "title", "url", "feed", "publisher", "lang", "published", "first_seen", "canonical"}
LINK = {"kind", "with", "method", "score", "threshold", "evidence", "parameters"}
EXPORT = {
    "id", "key", "feed", "url", "canonical_url", "publisher", "agency", "lang", "title", "published", "first_seen",
    "report_id", "story_id", "storyline_id", "canonical",
}  # fmt: skip
FETCH = {
    "feed", "url", "status", "http_status", "new", "updated", "known", "skipped", "error", "next_fetch",
}  # fmt: skip
HEALTH = {
    "feed", "url", "state", "last_ok", "last_error", "failures", "interval", "next_fetch", "entries_per_day",
    "possible_gaps",
}  # fmt: skip
FIGURES = {
    "items", "bcubed_precision", "bcubed_recall", "bcubed_f1", "pair_precision", "pair_recall", "pair_f1",
    "labelled_clusters", "predicted_clusters",
}  # fmt: skip
STORYLINE = {"id", "title", "first_seen", "last_seen", "entries", "reports", "publishers", "stories"}
FLAGS = {"new", "updated", "corrected", "single_source", "edited"}


def test_stories_have_their_documented_keys() -> None:
    newsroom()
    rows = call("stories", "--json").ok().json()
    assert [row["title"] for row in rows] == [ARCHIVE[2]["title"], ARCHIVE[0]["title"]]
    assert all(row.keys() >= STORIES for row in rows)
    talks = rows[1]
    assert (talks["entries"], talks["reports"], talks["publishers"]) == (2, 1, 2)
    assert (talks["first_seen"], talks["last_seen"]) == ("2026-03-10T05:00:00Z", "2026-03-10T05:30:00Z")
    assert set(talks["flags"]) <= FLAGS
    assert "single_source" in rows[0]["flags"]


def test_storylines_have_their_documented_keys() -> None:
    newsroom()
    alone = call("stories", "--storylines", "--json").ok().json()
    stories = call("stories", "--json").ok().json()
    assert [(row["id"], row["stories"]) for row in alone] == [(None, [story]) for story in stories]
    assert all(row.keys() >= STORYLINE for row in alone)
    assert all(story["storyline"] is None for story in stories)
    assert call("storyline", "list", "--json").ok().json() == []
    ids = [story["id"] for story in stories]
    tied = call("storyline", "tie", *ids, "--by", "ann", "--json").ok().json()
    assert (tied["verb"], tied["by"]) == ("tie", "ann")
    line = tied["storyline"]
    [row] = call("stories", "--storylines", "--json").ok().json()
    assert row == call("storyline", "show", line, "--json").ok().json()
    assert [row] == call("storyline", "list", "--json").ok().json()
    assert row.keys() >= STORYLINE
    assert (row["id"], row["entries"], row["reports"], row["publishers"]) == (line, 3, 2, 3)
    assert [story["id"] for story in row["stories"]] == ids
    named = call("storyline", "name", line, "A long affair", "--by", "ann").ok()
    assert named.out.strip() == line
    assert named.err == f"ann named storyline {line} 'A long affair'.\n  {line}  A long affair\n"
    assert f"{line} is a storyline" in call("story", "show", line).err
    shown = call("story", "show", ids[0], "--json").ok().json()
    assert shown["storyline"] == {"id": line, "title": "A long affair", "stories": 2}
    assert [one["id"] for one in shown["neighbours"]] == ids[1:]
    assert shown["neighbours"][0]["why"] == call("story", "why", *ids, "--json").ok().json()["sentence"]
    assert {row["storyline_id"] for row in call("export").ok().lines()} == {line}
    shown_text = " ".join(
        call("story", "show", ids[0]).ok().out.split()
    )  # a headline is folded at the terminal's width
    assert stories[1]["title"] in shown_text
    assert call("storyline", "untie", ids[1]).ok().out.strip() == ids[1]
    assert call("story", "show", ids[1], "--json").ok().json()["storyline"] is None
    assert call("storyline", "show", "l0000").code == 3
    assert call("storyline", "untie", ids[1]).code == 1


def test_the_forms_of_a_list_say_the_same() -> None:
    newsroom()
    rows = call("stories", "--json").ok().json()
    assert call("stories", "--format", "json").ok().json() == rows
    assert call("stories", "--format", "jsonl").ok().lines() == rows
    for form, delimiter in (("csv", ","), ("tsv", "\t")):
        head, *lines = call("stories", "--format", form).ok().out.splitlines()
        assert set(head.split(delimiter)) >= STORIES
        assert [line.split(delimiter)[0] for line in lines] == [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("filled", "empty"),
    [
        (("stories",), ("--match", "zebra")),
        (("search", "chiefs"), ("--since", "2026-03-10T06:30:00Z")),
        (("story", "log"), ()),
        (("stories", "--storylines"), ("--match", "zebra")),
        (("storyline", "list"), ("--since", "2030-01-01")),
        (("story", "lags"), ("--category", "none")),
        (("entry", "headlines"), ("--until", "2026-03-01")),
        (("watch", "list"), ()),
        (("watch", "test", "--word", "chiefs"), ("--publisher", "nobody")),
        (("feeds", "list"), ()),
        (("feeds", "health"), ()),
    ],
)
def test_an_empty_list_for_programs_has_the_heading_of_a_full_one(
    filled: tuple[str, ...], empty: tuple[str, ...]
) -> None:
    Path("feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    call("import", "/dev/null").ok()
    nothing = call(*filled, *empty, "--format", "csv").ok().out
    newsroom()
    edited = {**ARCHIVE[0], "title": "Defence chiefs promise nothing", "date": "2026-03-10T06:30:00Z"}
    call("import", write_archive(Path("again.jsonl"), edited, {**ARCHIVE[1], "id": "a4", "body": TALKS[:-30]})).ok()
    call("watch", "add", "chiefs", "--word", "chiefs").ok()
    [*_, talks] = call("stories", "--json").ok().json()
    call("story", "pin", talks["id"], talks["canonical_entry"]).ok()
    call("storyline", "tie", *(story["id"] for story in call("stories", "--json").ok().json())).ok()
    Path("feeds.yaml").write_text("feeds: [{url: 'https://a.example/'}]\n", encoding="utf-8")
    heading, *rows = call(*filled, "--format", "csv").ok().out.splitlines()
    assert rows
    assert nothing.splitlines() == [heading]
    assert call(*filled, *empty, "--format", "tsv").ok().out.splitlines()[0] == heading.replace(",", "\t")


def test_story_show_is_its_line_and_its_members() -> None:
    newsroom()
    [_, listed] = call("stories", "--json").ok().json()
    shown = call("story", "show", listed["id"], "--json").ok().json()
    assert {key: shown[key] for key in STORIES} == {key: listed[key] for key in STORIES}
    [report] = shown["members"]
    assert report.keys() >= {"id", "agency", "entries"}
    assert all(entry.keys() >= MEMBER for entry in report["entries"])
    assert {entry["publisher"] for entry in report["entries"]} == {"Ledger", "Times"}
    assert [entry["id"] for entry in report["entries"] if entry["canonical"]] == [shown["canonical_entry"]]


def test_story_why_of_two_stories_gives_both_their_storyline_and_the_links() -> None:
    newsroom()
    ids = [story["id"] for story in call("stories", "--json").ok().json()]
    apart = call("story", "why", *ids, "--json").ok().json()
    assert apart.keys() == {"story", "other", "storyline", "through", "sentence", "links"}
    assert (apart["story"], apart["other"], apart["storyline"]) == (*ids, None)
    [link] = apart["links"]
    assert link.keys() >= LINK
    assert link["kind"] == "tie"
    line = call("storyline", "tie", *ids, "--by", "ann", "--json").ok().json()["storyline"]
    tied = call("story", "why", *ids, "--json").ok().json()
    assert (tied["storyline"], tied["links"]) == (line, [])
    assert tied["sentence"] == f"Tied by an editor's word: ann tied {', '.join(sorted(ids))} into one storyline."
    assert call("story", "show", ids[0]).ok().out.count("Tied by an editor's word: ann") == 1


def test_story_why_gives_score_threshold_and_evidence() -> None:
    newsroom()
    [_, talks] = call("stories", "--json").ok().json()
    shown = call("story", "show", talks["id"], "--json").ok().json()
    later = shown["members"][0]["entries"][1]["id"]
    why = call("story", "why", talks["id"], later, "--json").ok().json()
    assert why.keys() >= {"entry", "sentence", "links"}
    assert why["entry"] == later
    assert why["sentence"]
    [link] = why["links"]
    assert link.keys() >= LINK
    assert link["kind"] == "copy"
    assert link["score"] >= link["threshold"]
    assert link["with"] == shown["members"][0]["entries"][0]["id"]


def test_export_is_what_import_reads() -> None:
    newsroom()
    rows = call("export").ok().lines()
    assert all(row.keys() >= EXPORT for row in rows)
    assert [row["key"] for row in rows] == ["a1", "a2", "a3"]
    assert rows[0]["report_id"] == rows[1]["report_id"] != rows[2]["report_id"]
    assert sum(row["canonical"] for row in rows) == 2
    Path("out.jsonl").write_text(call("export").ok().out, encoding="utf-8")
    counts = call("--db", "second.db", "import", "out.jsonl", "--json").ok().json()
    assert (counts[0]["new"], counts[0]["skipped"]) == (3, 0)
    assert call("--db", "second.db", "export").ok().lines() == rows
    for database in ("aggregator.db", "second.db"):
        counts = call("--db", database, "import", "out.jsonl", "--json").ok().json()
        assert (counts[0]["new"], counts[0]["updated"], counts[0]["known"]) == (0, 0, 3)


def test_evaluate_has_its_documented_keys() -> None:
    figures = call("evaluate", write_archive(Path("labelled.jsonl"), *ARCHIVE), "--json").ok().json()
    assert figures.keys() >= FIGURES
    assert (figures["items"], figures["labelled_clusters"], figures["predicted_clusters"]) == (3, 2, 2)
    assert figures["bcubed_f1"] == figures["pair_f1"] == 1
    assert not Path("aggregator.db").exists()


def test_fetch_and_health_by_a_real_server(server: Server) -> None:
    talks, storm = Item("1", "Chiefs of defence meet", "They met."), Item("2", "Storm closes a port", "It closed.")
    good = server.on("/good", answer(rss(talks, storm), 'ETag: "1"'))
    Path("feeds.yaml").write_text(f"feeds:\n  - {{url: '{good}', name: Good}}\n", encoding="utf-8")
    options = ("--set", "fetch.allow_private_networks=true", "--set", "run.executor=threads")
    [row] = call(*options, "fetch", "--json").ok().json()
    assert row.keys() >= FETCH
    assert (row["feed"], row["url"], row["status"], row["http_status"]) == ("Good", good, "ok", 200)
    assert (row["new"], row["updated"], row["known"], row["skipped"], row["error"]) == (2, 0, 0, 0, None)
    assert row["next_fetch"] > NOW
    assert call(*options, "fetch", "--json").ok().json() == []
    server.on("/good", answer(b"", status="304 Not Modified"))
    [row] = call(*options, "fetch", "--all", "--json").ok().json()
    assert (row["status"], row["http_status"], row["new"]) == ("not_modified", 304, 0)
    [health] = call("feeds", "health", "--json").ok().json()
    assert health.keys() >= HEALTH
    assert (health["feed"], health["state"], health["last_ok"], health["failures"]) == ("Good", "ok", NOW, 0)
    assert health["last_error"] is None
    assert health["next_fetch"] == row["next_fetch"]
