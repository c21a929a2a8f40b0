"""``export`` in its three forms, on stdout and into files."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest

from aggregator.cli.exporting import KEYS, LABEL_KEYS
from tests.cli.calling import ARCHIVE, call, newsroom, story_ids


def test_every_form_holds_the_same_entries() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    newsroom()
    lines = call("export").ok().lines()
    rows = list(csv.DictReader(io.StringIO(call("export", "--format", "csv").ok().out)))
    call("export", "--output", "all.parquet").ok()
    table = parquet.read_table("all.parquet")
    assert list(lines[0]) == list(rows[0]) == table.column_names == list(KEYS)
    for line, row, stored in zip(lines, rows, table.to_pylist(), strict=True):
        assert (row["id"], row["title"], row["published"]) == (line["id"], line["title"], line["published"])
        assert row["canonical"] == str(line["canonical"]).lower()
        assert (stored["id"], stored["body"], stored["canonical"]) == (line["id"], line["body"], line["canonical"])
        assert stored["published"].isoformat().replace("+00:00", "Z") == line["published"]


def test_a_csv_holds_no_formulas_and_what_jsonl_wrote_is_read_again() -> None:
    newsroom({**ARCHIVE[0], "title": "=HYPERLINK(1)"})
    assert "\n=HYPERLINK" not in call("export", "--format", "csv").ok().out.replace(",", "\n")
    call("export", "--output", "all.jsonl").ok()
    assert "0 new, 0 edited, 1 known" in call("import", "all.jsonl").ok().err


def test_what_is_exported_is_read_whole_by_another_desk() -> None:
    newsroom({**ARCHIVE[0], "author": "Ann Berg and Bo Lund"})
    call("export", "--output", "all.jsonl").ok()
    call("--db", "other.db", "import", "all.jsonl").ok()
    own, others = (call(*db, "export").ok().lines() for db in ((), ("--db", "other.db")))
    assert own == others
    assert own[0]["author"] == "Ann Berg and Bo Lund"


def test_nothing_to_export_still_has_its_columns() -> None:
    newsroom()
    assert call("export", "--since", "2030-01-01", "--format", "csv").ok().out == ",".join(KEYS) + "\n"
    assert call("export", "--since", "2030-01-01").ok().out == ""
    ids = list(story_ids().values())
    assert call("export", "--labels", "--format", "csv").ok().out == ",".join(LABEL_KEYS) + "\n"
    call("story", "forbid", *ids).ok()
    [row, *_] = call("export", "--labels").ok().lines()
    assert tuple(row) == LABEL_KEYS


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--since", "2h", "--until", "3h"), "nothing lies between"),
        (("--labels", "--since", "2h"), "give it without --since"),
    ],
)
def test_a_window_that_holds_nothing_or_is_not_heeded_is_refused(options: tuple[str, ...], told: str) -> None:
    newsroom()
    outcome = call("export", *options, "--output", "entries.jsonl")
    assert (outcome.code, told in outcome.err, Path("entries.jsonl").exists()) == (2, True, False)


def test_a_file_that_cannot_be_written_is_told_and_none_is_left_half_written() -> None:
    newsroom()
    outcome = call("export", "--output", "no/such/folder.csv")
    assert outcome.code == 1
    assert "cannot be written" in outcome.err
    Path("kept.csv").write_text("before", encoding="utf-8")
    assert call("--db", "none.db", "export", "--output", "kept.csv").code == 3
    assert Path("kept.csv").read_text(encoding="utf-8") == "before"
    assert list(Path().glob(".*.partial")) == []


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = call("export", "--format", "parquet", "--output", "x.parquet")
    assert (done.code, Path("x.parquet").exists()) == (2, False)
    assert "aggregator[parquet]" in done.err


@pytest.mark.parametrize("command", ["export", "digest", "story timeline storm", "feeds export"])
def test_no_output_replaces_the_database_in_use(command: str) -> None:
    newsroom()
    Path("feeds.yaml").write_text("feeds: ['https://a.example/rss']\n", encoding="utf-8")
    words = command.split()
    if words[-1] == "storm":
        words[-1] = call("stories", "--json").json()[0]["id"]
    told = call(*words, "--output", "aggregator.db")
    assert told.code == 1
    assert "aggregator.db: is a database or belongs to one; name another file" in told.err
    call("db", "check").ok()
    refused = call("watch", "add", "all", "--word", "a", "--to", "file:aggregator.db")
    assert refused.code == 2
    assert "is a database" in refused.err


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal", "-polls", ".lock"])
def test_no_backup_takes_the_place_of_what_lies_beside_a_database(ending: str) -> None:
    newsroom()
    refused = call("db", "backup", f"aggregator.db{ending}")
    assert (refused.code, Path(f"aggregator.db{ending}").exists()) == (1, False)
    assert "belongs to one; name another file" in refused.err


def test_an_output_of_clustering_the_window_anew_is_refused_and_not_left_out() -> None:
    newsroom()
    assert "--output is for archives" in call("recluster", "--output", "stories.jsonl").err
