"""Delivery: to a webhook that is slow, failing or right, to files, to mail; each alert once, and no poll kept waiting."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from aggregator.app import Aggregator
from aggregator.desk.alert_targets import checked_target
from aggregator.desk.alerts import AlertSender, append, body, message, pause, payload_of
from aggregator.exceptions import UsageError
from aggregator.fetching.webhook import SIGNATURE
from aggregator.model import Feed, StorySummary
from aggregator.newsroom.alerts import Cause, Sent
from aggregator.newsroom.watches import WatchQuery
from aggregator.settings import FetchSettings, MailSettings, Settings, WatchSettings
from aggregator.storage.database import Store
from tests.digest.test_mail import Mailbox, box  # noqa: F401 - a fixture
from tests.fetching.server import Server, Visit, answer
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger", language="en")
STRIKES = (
    ("Strike closes the port", "Dockers walked out at the port of Rotterdam on Tuesday."),
    ("Teachers of Lyon vote to strike", "Classes end at noon, said the union of secondary schools."),
    ("Lightning sets a barn alight in a rare winter strike", "A farmer near Umeå lost eleven cows and a tractor."),
    ("Miners' strike enters a third month", "Copper from Chile grows dear; smelters in Asia cut shifts."),
)
STRIKE = Item("a0", *STRIKES[0])
SETTINGS = Settings(fetch=FetchSettings(allow_private_networks=True), watches=WatchSettings(timeout=5.0))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@contextmanager
def alerted(
    *targets: str, settings: Settings = SETTINGS, database: Path | None = None, count: int = 1
) -> Iterator[tuple[Aggregator, Clock]]:
    """A desk with ``count`` alerts in its outbox."""
    clock = Clock()
    items = [Item(f"a{number}", title, text) for number, (title, text) in enumerate(STRIKES[:count])]
    fetcher = FakeFetcher({LEDGER.url: rss(*items)})
    with open_desk(fetcher, clock, [LEDGER], settings=settings, database=database) as app:
        app.watches().add("strikes", WatchQuery(words=("strike",)), targets, "desk")
        app.fetch()
        yield app, clock


SUMMARY = StorySummary(
    "s1", "Strike", None, "Ledger", None, "en", None, Clock().now, Clock().now, 3, 2, 3, (), "e1"
)  # fmt: skip


def rows(app: Aggregator) -> list[tuple[str, int, str | None]]:
    return [(one.state, one.attempts, one.error) for one in app.watches().log(None, 50)]


def deliver(app: Aggregator) -> tuple[Sent, list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []
    sent = app.deliver(lambda payload: told.append(dict(payload)))
    return sent, told


# --- webhooks --------------------------------------------------------------------------------------


def test_a_webhook_gets_each_alert_once_signed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_SECRET", "s3cr3t")
    settings = replace(SETTINGS, watches=replace(SETTINGS.watches, secret_env="DESK_SECRET"))
    with alerted(f"webhook:{server.on('/hook', answer())}", settings=settings, count=3) as (app, _):
        assert deliver(app) == (Sent(delivered=3), [])
        assert deliver(app) == (Sent(), [])
        assert rows(app) == [("delivered", 1, None)] * 3
    assert len({json.loads(asked.body)["id"] for asked in server.asked}) == len(server.asked) == 3
    for asked in server.asked:
        expected = hmac.new(b"s3cr3t", asked.body, hashlib.sha256).hexdigest()
        assert asked.headers[SIGNATURE.lower()] == f"sha256={expected}"
        assert json.loads(asked.body)["watch"] == "strikes"


def test_a_failing_webhook_is_tried_again_later_and_later_and_then_given_up(server: Server) -> None:
    hook = server.on("/secret/path", answer(status="500 Internal Server Error"))
    with alerted(f"webhook:{hook}") as (app, clock):
        tried = []
        for _ in range(26 * 60):
            asked = len(server.asked)
            sent, _ = deliver(app)
            if len(server.asked) > asked:
                tried.append(int((clock.now - Clock().now) / MINUTE))
            if sent.given_up:
                break
            clock.forward(minutes=1)
        assert tried[:8] == [0, 1, 3, 7, 15, 31, 63, 123]
        assert tried[-1] >= 24 * 60
        assert max(b - a for a, b in pairwise(tried)) == 60
        [(state, attempts, error)] = rows(app)
        assert (state, attempts) == ("given_up", len(tried))
        assert error is not None
        assert "500" in error
        assert "secret" not in error
        [row] = app.watches().all()
        assert (row.tally.waiting, row.tally.given_up, row.tally.last_error) == (0, 1, error)
        clock.forward(days=1)
        assert deliver(app)[0] == Sent()


def test_a_webhook_that_recovers_gets_what_waited_in_order(server: Server) -> None:
    hook = server.on("/hook", answer(status="503 Service Unavailable"))
    with alerted(f"webhook:{hook}", count=4) as (app, clock):
        assert deliver(app)[0] == Sent(failed=1)
        assert len(server.asked) == 1  # one failure speaks for the target
        server.on("/hook", answer())
        assert deliver(app)[0] == Sent()
        clock.forward(minutes=1)
        assert deliver(app)[0] == Sent(delivered=4)
        assert {state for state, _, _ in rows(app)} == {"delivered"}


def test_a_slow_webhook_keeps_neither_polls_nor_other_targets_waiting(server: Server, tmp_path: Path) -> None:
    reached, release = threading.Event(), threading.Event()

    def slow(visit: Visit) -> bytes:
        reached.set()
        assert release.wait(20)
        return answer()

    path, file = tmp_path / "a.db", tmp_path / "alerts.jsonl"
    with (
        alerted(f"webhook:{server.on('/slow', slow)}", f"file:{file}", database=path) as (app, clock),
        Store(path) as own,
    ):
        courier = AlertSender(
            own, replace(SETTINGS, watches=replace(SETTINGS.watches, timeout=30.0)), clock, lambda _: None
        )
        delivering = threading.Thread(target=courier.deliver)
        delivering.start()
        try:
            assert reached.wait(20)
            fetcher = app._resources.fetcher(1)
            assert isinstance(fetcher, FakeFetcher)
            fetcher.answers[LEDGER.url] = rss(STRIKE, replace(STRIKE, guid="b1", title="Strike spreads", text="Ghent."))
            clock.forward(minutes=30)
            [outcome] = app.fetch(everything=True)  # while the webhook holds its answer back
            assert (outcome.new, outcome.known) == (1, 1)
            assert delivering.is_alive()
        finally:
            release.set()
            delivering.join()
        assert len(file.read_text().splitlines()) >= 1


def test_a_slow_target_leaves_the_rest_of_its_queue_to_the_next_round(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.desk.alerts.ROUND", 0.0)
    with alerted(f"webhook:{server.on('/hook', answer())}", "stdout", count=3) as (app, _):
        assert [deliver(app)[0].delivered for _ in range(4)] == [2, 2, 2, 0]


def test_a_webhook_inside_the_house_is_refused_unless_allowed(server: Server) -> None:
    hook = server.on("/hook", answer())
    with alerted(f"webhook:{hook}", settings=Settings()) as (app, _):
        assert deliver(app)[0] == Sent(failed=1)
        assert "private" in str(rows(app)[0][2])
    assert server.asked == []


def test_an_address_from_the_environment_is_looked_up_when_it_is_needed(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DESK_HOOK", raising=False)
    with alerted("webhook:env:DESK_HOOK", database=tmp_path / "a.db") as (app, clock):
        assert deliver(app)[0] == Sent(failed=1)
        assert rows(app)[0][2] == "the environment has no DESK_HOOK, which is to hold the address"
        monkeypatch.setenv("DESK_HOOK", server.on("/very/secret", answer()))
        clock.forward(minutes=1)
        assert deliver(app)[0] == Sent(delivered=1)
    assert b"/very/secret" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_a_secret_that_is_named_and_missing_sends_nothing_unsigned(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DESK_SECRET", raising=False)
    settings = replace(SETTINGS, watches=replace(SETTINGS.watches, secret_env="DESK_SECRET"))
    with alerted(f"webhook:{server.on('/hook', answer())}", settings=settings) as (app, clock):
        assert deliver(app)[0] == Sent(failed=1)
        assert rows(app)[0][2] == "watches.secret_env: the environment has no variable DESK_SECRET"
        monkeypatch.setenv("DESK_SECRET", " ")
        clock.forward(minutes=5)
        assert deliver(app)[0] == Sent(failed=1)
        assert rows(app)[0][2] == "watches.secret_env: the environment's variable DESK_SECRET is empty"
    assert server.asked == []


def test_a_crash_in_the_middle_of_a_delivery_leaves_it_to_be_tried_again(server: Server) -> None:
    def die(payload: Mapping[str, Any]) -> None:
        raise SystemExit

    with alerted(f"webhook:{server.on('/hook', answer())}", "stdout") as (app, clock):
        with pytest.raises(SystemExit):
            app.deliver(die)
        assert deliver(app)[1] == []
        clock.forward(minutes=5)
        _, told = deliver(app)
        assert [payload["watch"] for payload in told] == ["strikes"]
        assert {state for state, _, _ in rows(app)} == {"delivered"}
    assert len(server.asked) == 1


# --- stdout and files ------------------------------------------------------------------------------


def test_alerts_for_stdout_are_announced_once() -> None:
    with alerted("stdout", count=2) as (app, _):
        sent, told = deliver(app)
        assert (sent, len(told)) == (Sent(delivered=2), 2)
        assert deliver(app) == (Sent(), [])


def test_publishing_what_is_due_delivers_alerts_and_writes_editions(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with alerted("stdout", database=tmp_path / "a.db") as (app, clock):
        done = app.publish_due()
        assert (done.alerts, done.files) == (Sent(delivered=1), ())
        assert json.loads(capsys.readouterr().out)["watch"] == "strikes"
        clock.forward(days=1)
        done = app.publish_due()
        assert done.alerts == Sent()
        assert {path.suffix for path in done.files} == {".md", ".html"}


def test_a_file_gets_a_line_for_each_alert_and_keeps_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "alerts.jsonl"
    file.write_text('{"id": "cut off by a cr')
    with alerted(f"file:{file}", count=3) as (app, _):
        deliver(app)
    first, *lines = file.read_text(encoding="utf-8").splitlines()
    assert first == '{"id": "cut off by a cr'
    assert [json.loads(line)["watch"] for line in lines] == ["strikes"] * 3


def test_a_line_that_was_written_before_a_crash_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "alerts.jsonl"
    payload = {"id": "a1", "title": "Ünruhe"}
    append(file, payload, again=False)
    append(file, payload, again=True)
    append(file, {"id": "a2"}, again=True)
    assert [json.loads(line)["id"] for line in file.read_text(encoding="utf-8").splitlines()] == ["a1", "a2"]


def test_a_line_that_a_crash_cut_short_is_written_whole(tmp_path: Path) -> None:
    file = tmp_path / "alerts.jsonl"
    payload = {"id": "a1", "title": "Unrest"}
    file.write_bytes(body(payload)[:-4])
    append(file, payload, again=True)
    assert json.loads(file.read_text(encoding="utf-8").splitlines()[-1]) == payload


def test_a_file_that_cannot_be_written_waits(tmp_path: Path) -> None:
    file = tmp_path / "later" / "alerts.jsonl"
    with alerted(f"file:{file}") as (app, clock):
        assert deliver(app)[0] == Sent(failed=1)
        assert "No such file" in str(rows(app)[0][2])
        file.parent.mkdir()
        clock.forward(minutes=1)
        assert deliver(app)[0] == Sent(delivered=1)


# --- mail ------------------------------------------------------------------------------------------


def test_an_alert_is_mailed_as_plain_text(box: Mailbox) -> None:  # noqa: F811
    settings = replace(
        SETTINGS, mail=MailSettings(server="127.0.0.1", port=box.port, starttls=False, sender="desk@paper.example")
    )
    with alerted("mail:night@paper.example", settings=settings) as (app, _):
        assert deliver(app)[0] == Sent(delivered=1)
    assert box.recipients == ["night@paper.example"]
    mail = message_from_bytes(box.bodies[0], policy=policy.default)
    assert mail["Subject"] == "[strikes] Strike closes the port"
    assert mail.get_content_type() == "text/plain"
    assert "New: Ledger." in mail.get_content()


def test_an_alert_goes_from_and_to_domains_beyond_ascii(box: Mailbox) -> None:  # noqa: F811
    settings = replace(
        SETTINGS, mail=MailSettings(server="127.0.0.1", port=box.port, starttls=False, sender="desk@bücher.example")
    )
    with alerted("mail:night@bücher.example", settings=settings) as (app, _):
        assert deliver(app)[0] == Sent(delivered=1)
    assert (box.sender, box.recipients) == ("desk@xn--bcher-kva.example", ["night@xn--bcher-kva.example"])
    assert box.bodies[0].isascii()
    with pytest.raises(UsageError, match="before the @"):
        checked_target("mail:nächte@paper.example", Path())


def test_without_a_mail_server_the_alert_waits_and_says_why() -> None:
    with alerted("mail:night@paper.example") as (app, _):
        assert deliver(app)[0] == Sent(failed=1)
        assert rows(app) == [("waiting", 1, "Alerts cannot be mailed: set mail.server and mail.sender.")]


# --- hostile words ---------------------------------------------------------------------------------

HOSTILE = "Strike \x1b[31mred\x1b[0m \u202e<script>alert(1)</script>\r\nBcc: x@y.example &amp;\x9b2J"


def test_a_chat_shows_headline_why_now_publisher_and_link() -> None:
    with alerted("stdout") as (app, _):
        [told] = deliver(app)[1]
    lines = told["text"].split("\n")
    assert lines[0] == told["story"]["title"]
    assert lines[1] == f"strikes: {told['sentence']}"
    assert lines[2].startswith(told["story"]["publisher"])
    assert lines[-1] == told["story"]["url"]
    assert told["allowed_mentions"] == {"parse": []}


def test_a_headline_calls_nobody_in_a_chat() -> None:
    cause = Cause("new", "It says <!channel>.", ())
    summary = replace(
        SUMMARY, title="<!channel> @everyone [free](https://evil.example) strike", url="javascript:alert(1)"
    )
    told = payload_of("a1", "strikes", Clock().now, cause, summary, ())
    assert "<" not in told["text"]
    assert "\\[free\\]" in told["content"]
    assert "\\@everyone" in told["content"]
    assert "javascript" not in told["text"] + told["content"]


def test_hostile_words_reach_no_target_as_markup_or_control() -> None:
    item = replace(STRIKE, title=HOSTILE, link="javascript:alert(1)")
    with open_desk(FakeFetcher({LEDGER.url: rss(item)}), Clock(), [LEDGER], settings=SETTINGS) as app:
        app.watches().add("strikes", WatchQuery(words=("strike",)), ["stdout"], "desk")
        app.fetch()
        _, [payload] = deliver(app)
    sent = body(payload)
    assert not set(b"<>&") & set(sent)
    assert sent.decode("utf-8").isprintable()
    assert json.loads(sent) == payload
    assert payload["story"]["url"] is None
    mail = message(payload, "desk@paper.example", "night@paper.example")
    assert mail["Bcc"] is None
    assert mail["Subject"].isprintable()


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 1), (2, 2), (4, 8), (7, 60), (10**6, 60)])
def test_pauses_double_up_to_a_limit(attempts: int, minutes: int) -> None:
    assert pause(attempts, WatchSettings()) == minutes * MINUTE
