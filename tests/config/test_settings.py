"""Settings: one meaning wherever they are written, every fault named, and where each value came from."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import settings_files
from aggregator.config.documents import load
from aggregator.config.durations import format_duration, parse_duration
from aggregator.config.secrets import secret_from
from aggregator.config.settings_files import convert, keys, ranges, resolve, value_of, value_text
from aggregator.exceptions import ConfigurationError
from aggregator.settings import Settings

DEFAULTS = Path(__file__).parents[2] / "config" / "defaults.yaml"


@pytest.fixture(autouse=True)
def no_user_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings_files, "user_file", lambda: tmp_path / "user" / "aggregator.yaml")


def test_the_documented_defaults_are_the_defaults() -> None:
    document = load(DEFAULTS)
    written = {f"{section}.{name}": value for section, body in document.items() for name, value in body.items()}
    assert list(written) == list(keys())
    for key, kind in keys().items():
        assert convert(written[key], kind) == value_of(Settings(), key), key


def test_an_option_goes_over_the_environment_over_the_file_over_the_default(tmp_path: Path) -> None:
    project = tmp_path / "aggregator.yaml"
    project.write_text("fetch: {timeout: 11, workers: 5, per_host: 2}\n")
    environ = {"AGGREGATOR_FETCH_TIMEOUT": "12", "AGGREGATOR_FETCH_WORKERS": "6"}
    found = resolve(environ, project=project, assignments=["fetch.timeout=13"])
    assert (found.settings.fetch.timeout, found.settings.fetch.workers, found.settings.fetch.per_host) == (13.0, 6, 2)
    assert found.origins["fetch.timeout"] == "option --set fetch.timeout"
    assert found.origins["fetch.workers"] == "environment AGGREGATOR_FETCH_WORKERS"
    assert found.origins["fetch.per_host"] == str(project)
    assert found.origins["fetch.jitter"] == "default"


def test_values_are_read_by_their_type() -> None:
    found = resolve(
        {},
        project=None,
        assignments=[
            "stories.window=2d12h",
            "digest.time=07:30",
            "digest.formats=md, json",
            "fetch.allow_private_networks=127.0.0.1:80, 10.0.0.1",
            "mail.starttls=no",
        ],
    ).settings
    assert found.stories.window == timedelta(days=2, hours=12)
    assert found.digest.time == time(7, 30)
    assert found.digest.formats == ("md", "json")
    assert found.fetch.allow_private_networks == "127.0.0.1:80, 10.0.0.1"
    assert found.mail.starttls is False


def test_all_faults_are_named_at_once_with_file_line_and_the_nearest_key(tmp_path: Path) -> None:
    project = tmp_path / "aggregator.yaml"
    project.write_text("fetch:\n  timout: 3\n  workers: many\nstorys:\n  window: 3d\n")
    with pytest.raises(ConfigurationError) as caught:
        resolve({"AGGREGATOR_DIGEST_FORMATS": "pdf"}, project=project, assignments=["fetch.jiter=1", "nonsense"])
    text = str(caught.value)
    for expected in (
        f"{project}:2: unknown key 'timout'; did you mean 'timeout'?",
        f"{project}:3: fetch.workers:",
        f"{project}:4: unknown key 'storys'; did you mean 'stories'?",
        "AGGREGATOR_DIGEST_FORMATS",
        "did you mean 'fetch.jitter'?",
        "SECTION.KEY=VALUE",
    ):
        assert expected in text
    assert len(caught.value.problems) == 6


@given(st.integers(0, 10**7))
def test_a_duration_reads_as_it_was_written(seconds: int) -> None:
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "five minutes", "3x", "-5m", "9" * 400 + "d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_every_value_can_be_shown_and_read_back() -> None:
    for key, kind in keys().items():
        value = value_of(Settings(), key)
        if value_text(value):
            assert convert(value_text(value), kind) == value, key


TYPES = (
    str,
    int,
    float,
    bool,
    bool | str,
    bool | Literal["auto"],
    Literal["a", "b"],
    tuple[str, ...],
)


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_a_value_that_is_read_simply_is_what_the_library_reads(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = ["a", "auto", "", "1", "1.5", "yes", True, False, 0, 7, 1.5]
    said += [["a", "b"], [], ["a", 5], [True]]
    simple = [_converted(raw, kind) for raw in said]
    monkeypatch.setattr(settings_files, "_read_simply", lambda raw, kind: None)
    assert simple == [_converted(raw, kind) for raw in said]


def _converted(raw: Any, kind: Any) -> tuple[type, Any]:
    try:
        value = convert(raw, kind)
    except ValueError as error:
        return ValueError, str(error)
    return type(value), value


def test_every_number_and_duration_has_a_range_and_its_default_lies_in_it() -> None:
    assert set(ranges()) == {key for key, kind in keys().items() if kind in (int, float, timedelta)}
    for key, legal in ranges().items():
        assert value_of(Settings(), key) in legal, key
        assert legal.low < legal.high  # type: ignore[operator]
        assert (
            datetime(2026, 1, 1, tzinfo=UTC) - legal.high if isinstance(legal.high, timedelta) else legal.high < 2**63
        )


@pytest.mark.parametrize("key", sorted(ranges()))
def test_a_value_out_of_range_is_refused_with_key_place_and_range(key: str, tmp_path: Path) -> None:
    legal, (section, _, name) = ranges()[key], key.partition(".")
    project = tmp_path / "aggregator.yaml"
    if isinstance(legal.low, timedelta) or isinstance(legal.high, timedelta):
        over, under, high = "99999999d", "-1s", format_duration(legal.high)  # type: ignore[arg-type]
    else:
        over, under, high = f"{legal.high + 1:.0f}", f"{legal.low - 1:g}", f"{legal.high:.15g}"
    project.write_text(f"{section}:\n  {name}: {over}\n")
    with pytest.raises(ConfigurationError, match="legal") as caught:
        resolve({f"AGGREGATOR_{section}_{name}".upper(): over}, project=project, assignments=[f"{key}={over}"])
    in_file, in_environment, in_option = caught.value.problems
    assert in_file.startswith(f"{project}:2: {key}: ")
    assert in_environment.startswith(f"environment AGGREGATOR_{section.upper()}_{name.upper()}: {key}: ")
    assert in_option.startswith(f"option --set {key}: ")
    for problem in caught.value.problems:
        assert problem.endswith(f"to {high} is legal")
    for wrong in (under, "nan", "inf", "-inf"):
        with pytest.raises(ConfigurationError, match=key):
            resolve({}, project=None, assignments=[f"{key}={wrong}"])


@pytest.mark.parametrize("key", sorted(ranges()))
def test_both_ends_of_a_range_are_legal(key: str) -> None:
    for end in (ranges()[key].low, ranges()[key].high):
        assert value_of(resolve({}, project=None, assignments=[f"{key}={value_text(end)}"]).settings, key) == end


# --- series of editions ---------------------------------------------------------------------------


def test_series_of_editions_are_read_and_shown_as_they_were_written(tmp_path: Path) -> None:
    project = tmp_path / "aggregator.yaml"
    project.write_text(
        "digest:\n  editions:\n    evening: {time: 18:00, recipients: [night@paper.example]}\n"
        '    sport: {time: ["20:00", "12:00"], category: sport, formats: [html], min_publishers: 2}\n'
    )
    settings = resolve({}, project=project).settings
    evening, sport = settings.digest.editions["evening"], settings.digest.editions["sport"]
    assert (evening.time, evening.recipients) == ((time(18),), ("night@paper.example",))
    assert (sport.time, sport.category, sport.formats) == ((time(12), time(20)), "sport", ("html",))
    shown = value_text(settings.digest.editions)
    again = resolve({}, project=None, assignments=[f"digest.editions={shown}"]).settings
    assert again.digest.editions == settings.digest.editions


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{evening: {}}", "evening: say when it is made"),
        ("{evening: {time: 25:00}}", "evening: time"),
        ("{evening: {tme: 18:00}}", "did you mean 'time'?"),
        ("{Evening News: {time: 18:00}}", "no name for a series"),
        ("{latest: {time: 18:00}}", "no name for a series"),
        ("{evening: 18:00}", "a mapping of keys is wanted"),
        ("[18:00]", "a mapping of names is wanted"),
        ("{evening: {time: 18:00, formats: [pdf]}}", "evening: formats"),
        ("{evening: {time: 18:00, min_publishers: 0}}", "from 1 to 1000"),
        ("{evening: {time: 18:00, lang: english}}", "evening: lang: 'english' is no language"),
    ],
)
def test_a_series_that_cannot_be_is_named_with_what_is_wrong(written: str, expected: str, tmp_path: Path) -> None:
    project = tmp_path / "aggregator.yaml"
    project.write_text(f"digest:\n  editions: {written}\n")
    with pytest.raises(ConfigurationError, match=r"digest\.editions") as caught:
        resolve({}, project=project)
    [problem] = caught.value.problems
    assert problem.startswith(f"{project}:2: digest.editions: ")
    assert expected in problem


def test_a_time_of_day_is_hours_and_minutes_and_nothing_else() -> None:
    assert resolve({}, project=None, assignments=["digest.time=6:05"]).settings.digest.time == time(6, 5)
    for text in ("", "6", "25:00", "06:00Z", "06:00+02:00", "06:00:30", "21600"):
        with pytest.raises(ConfigurationError, match=r"no time of day; write it as 06:00"):
            resolve({}, project=None, assignments=[f"digest.time={text}"])


def test_a_secret_s_place_that_nobody_filled_holds_no_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("\n")
    for variable, file, where in (
        ("PASSWORD", "", "PASSWORD is empty"),
        ("", str(tmp_path / "password"), "password is empty"),
    ):
        with pytest.raises(ConfigurationError, match=rf"^mail\.password_(env|file): .*{where}"):
            secret_from("mail.password", variable, file, {"PASSWORD": ""})
    found = secret_from("mail.password", "PASSWORD", "", {"PASSWORD": "s3cr3t\n"})
    assert found is not None
    assert found.reveal() == "s3cr3t"
