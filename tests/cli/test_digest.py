"""``digest``: one edition in every form, to stdout or a file, the same however often it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import ARCHIVE, call, newsroom, story_ids, write_archive
from tests.digest.test_mail import Mailbox, box

__all__ = ["box"]  # a fixture

FORMS = {"md": "#", "html": "<!doctype html>", "text": "", "json": "{", "atom": "<?xml", "jsonfeed": "{"}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_names_the_stories(form: str) -> None:
    newsroom()
    out = call("digest", "--format", form).ok().out
    assert out.lower().startswith(FORMS[form])
    for entry in (ARCHIVE[0], ARCHIVE[2]):
        assert entry["title"] in out


@pytest.mark.parametrize("form", FORMS)
def test_an_edition_never_changes(form: str) -> None:
    newsroom()
    first = call("digest", "--date", "2026-03-10", "--format", form).ok().out
    newsroom(
        {**ARCHIVE[2], "id": "late", "title": "A late report on something else", "body": "Something else happened."}
    )
    assert call("digest", "--date", "2026-03-10", "--format", form).ok().out == first


def test_output_writes_what_stdout_would_show() -> None:
    newsroom()
    shown = call("digest", "--format", "html").ok().out
    outcome = call("digest", "--format", "html", "--output", "a/folder/digest.html").ok()
    assert outcome.out == ""
    assert "a/folder/digest.html" in outcome.err
    assert Path("a/folder/digest.html").read_text(encoding="utf-8").rstrip("\n") == shown.rstrip("\n")


@pytest.mark.parametrize("target", ["filled.jsonl/digest.md", ".", "/proc/digest.md", "x" * 300])
def test_an_output_that_cannot_be_written_is_named(target: str) -> None:
    newsroom()
    outcome = call("digest", "--output", target)
    assert (outcome.code, outcome.out) == (1, "")
    assert target in outcome.err
    assert "cannot be written" in outcome.err
    assert Path("filled.jsonl").is_file()


def test_a_hyphen_names_stdout_and_a_file_s_whole_ending_its_form() -> None:
    newsroom()
    assert call("digest", "--output", "-").ok().out == call("digest").ok().out
    assert call("export", "--output", "-").ok().out == call("export").ok().out
    call("feeds", "add", "https://a.example/rss", "--no-check").ok()
    for command in (("feeds", "export"), ("story", "timeline", min(story_ids().values()))):
        assert call(*command, "--output", "-").ok().out == call(*command).ok().out != ""
    assert not Path("-").exists()
    call("digest", "--output", "latest.feed.json").ok()
    assert "jsonfeed.org" in Path("latest.feed.json").read_text(encoding="utf-8")
    assert not Path("-").exists()


def test_since_and_until_bound_the_window_of_the_digest() -> None:
    newsroom()
    assert ARCHIVE[2]["title"] not in call("digest", "--since", "2026-03-09", "--until", "2026-03-10T05:45Z").ok().out
    assert ARCHIVE[2]["title"] in call("digest", "--since", "3h").ok().out


def test_mail_needs_its_settings() -> None:
    newsroom()
    outcome = call("digest", "--mail")
    assert (outcome.code, outcome.out) == (2, "")
    assert "mail.server" in outcome.err


def test_mail_that_cannot_be_delivered() -> None:
    newsroom()
    outcome = call(
        "--set", "mail.server=127.0.0.1", "--set", "mail.port=1", "--set", "mail.recipients=desk@example.org", "--set",
        "mail.sender=news@example.org", "digest", "--mail",
    )  # fmt: skip
    assert outcome.code == 1
    assert "127.0.0.1" in outcome.err


def test_neither_a_file_nor_a_mail_that_fails_keeps_the_other_back(box: Mailbox) -> None:
    newsroom()
    settings = ("server=127.0.0.1", "starttls=false", "sender=news@paper.example", "recipients=a@paper.example")
    mail = [part for one in settings for part in ("--set", f"mail.{one}")]
    assert call(*mail, "--set", "mail.port=1", "digest", "--mail", "--output", "digest.md").code == 1
    assert Path("digest.md").read_text(encoding="utf-8").startswith("# News digest")
    assert call(*mail, "--set", f"mail.port={box.port}", "digest", "--mail", "--output", ".").code == 1
    assert box.recipients == ["a@paper.example"]


def test_no_day_is_not_taken_for_the_last_one() -> None:
    newsroom()
    refused = call("digest", "--date", "")
    assert refused.code == 2
    assert "'' is no day" in refused.err


def test_mail_that_nobody_has_is_a_failure_also_when_it_is_asked_for_again(box: Mailbox) -> None:
    newsroom()
    names = ("anna@paper.example", "ben@paper.example")
    settings = (f"port={box.port}", "starttls=false", "sender=news@paper.example", f"recipients={', '.join(names)}")
    mail = [part for one in ("server=127.0.0.1", *settings) for part in ("--set", f"mail.{one}")]
    box.refuse = frozenset(names)
    assert call(*mail, "digest", "--mail").code == 1
    again = call(*mail, "digest", "--mail")
    assert again.code == 1
    assert "refused every recipient before" in again.err


def test_who_was_refused_before_is_named_each_time(box: Mailbox) -> None:
    newsroom()
    names = ("anna@paper.example", "gone@paper.example")
    settings = (f"port={box.port}", "starttls=false", "sender=news@paper.example", f"recipients={', '.join(names)}")
    mail = [part for one in ("server=127.0.0.1", *settings) for part in ("--set", f"mail.{one}")]
    box.refuse = frozenset(names[1:])
    assert call(*mail, "digest", "--mail").code == 4
    again = call(*mail, "digest", "--mail")
    assert again.code == 4
    assert "have this edition: anna@paper.example" in again.err
    assert "gone@paper.example: refused by the mail server before (550 nobody here)" in again.err


def test_a_recipient_who_is_named_twice_gets_one_mail(box: Mailbox) -> None:
    newsroom()
    settings = (
        f"port={box.port}",
        "starttls=false",
        "sender=news@paper.example",
        "recipients=Anna <a@p.example>, A@p.example",
    )
    mail = [part for one in ("server=127.0.0.1", *settings) for part in ("--set", f"mail.{one}")]
    assert "Mailed to 1 recipient." in call(*mail, "digest", "--mail").err
    assert box.recipients == ["a@p.example"]


def test_a_pin_holds_in_the_edition_of_an_earlier_window() -> None:
    newsroom()
    story = story_ids()[ARCHIVE[0]["title"]]
    ids = {row["key"]: row["id"] for row in call("export").ok().lines()}
    call("story", "pin", story, ids["a2"]).ok()
    later = {
        **ARCHIVE[0],
        "id": "a4",
        "source": "Post",
        "url": "https://post.example/a4",
        "date": "2026-03-10T06:30:00Z",
    }
    call("import", write_archive(Path("later.jsonl"), later)).ok()
    asked = ("--since", "2026-03-10T00:00Z", "--until", "2026-03-10T06:15Z", "--format", "json")
    sections = call("digest", *asked).ok().json()["sections"]
    [shown] = [one for section in sections for one in section["stories"] if one["id"] == story]
    assert (shown["entries"], shown["canonical_entry"]) == (2, ids["a2"])


SERIES = 'digest.editions={"evening": {"time": ["18:00"], "title": "Evening"}}'


def test_a_named_edition_is_the_one_that_came_due_last_the_same_each_time() -> None:
    newsroom()
    first = call("--set", SERIES, "digest", "--edition", "evening").ok().out
    assert first.startswith("# Evening, 9 March 2026")
    assert "-20260309T180000Z-evening" in first
    assert call("--set", SERIES, "digest", "--edition", "evening").ok().out == first


def test_a_named_edition_takes_a_day_or_a_window_as_well() -> None:
    newsroom()
    assert ARCHIVE[2]["title"] in call("--set", SERIES, "digest", "--edition", "evening", "--since", "3h").ok().out


def test_a_series_that_there_is_not_is_not_found() -> None:
    newsroom()
    outcome = call("digest", "--edition", "evening")
    assert outcome.code == 3
    assert "digest.editions names none" in outcome.err


def test_mail_of_a_series_needs_recipients_of_its_own() -> None:
    newsroom()
    outcome = call("--set", SERIES, "--set", "mail.server=127.0.0.1", "digest", "--edition", "evening", "--mail")
    assert outcome.code == 2
    assert "evening: recipients" in outcome.err
