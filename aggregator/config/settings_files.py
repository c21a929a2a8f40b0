"""Reads settings from defaults, user and project files, environment and options, with the origin of each."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import platformdirs

from aggregator.config import editions
from aggregator.config.durations import format_duration, parse_duration
from aggregator.config.spelling import did_you_mean
from aggregator.disk import is_file
from aggregator.exceptions import ConfigurationError, UsageError
from aggregator.settings import EditionSettings, Range, SecretText, Settings
from aggregator.text import encoder

FILE_NAME = "aggregator.yaml"
PREFIX = "AGGREGATOR_"
_UNIONS = (typing.Union, types.UnionType)
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::00)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, and the origin of each ``section.key``."""

    settings: Settings
    origins: Mapping[str, str]
    files: tuple[Path, ...]


@cache
def keys() -> Mapping[str, Any]:
    """Return ``section.key`` -> type, in the order of the settings."""
    return {
        f"{section}.{name}": hint
        for section, kind in get_type_hints(Settings).items()
        for name, hint in get_type_hints(kind).items()
    }


@cache
def ranges() -> Mapping[str, Range]:
    """Return ``section.key`` -> legal range, for every setting that is a number or a duration."""
    return {
        f"{section}.{name}": part
        for section, kind in get_type_hints(Settings).items()
        for name, hint in get_type_hints(kind, include_extras=True).items()
        for part in getattr(hint, "__metadata__", ())
        if isinstance(part, Range)
    }


def user_file() -> Path:
    """Return the path of the user's own settings file, or of the machine's for a user without a home."""
    try:
        folder = platformdirs.user_config_path("aggregator")
    except RuntimeError:  # no HOME and no entry in the user database, as in a container with an arbitrary user id
        folder = platformdirs.site_config_path("aggregator")
    return folder / FILE_NAME


def resolve(
    environ: Mapping[str, str], *, project: Path | None, required: bool = False, assignments: Sequence[str] = ()
) -> Resolved:
    """Return the settings. Options override the environment, then the project file, the user file and the defaults.

    ``project`` is the project's settings file; it must exist if ``required``. Raises ConfigurationError with all faults.
    """
    reading = _Reading()
    files: list[Path] = []
    for path, wanted in ((user_file(), False), (project, required)):
        if path is None or path in files or (not wanted and not is_file(path)):
            continue
        files.append(path)
        reading.file(path)
    for key in keys():
        name = variable_of(key)
        if name in environ:
            reading.take(key, environ[name], f"environment {name}", f"environment {name}: {key}")
    for assignment in assignments:
        reading.assignment(assignment)
    absent = encoder.missing_extra() if reading.values.get("stories.semantic") is True else None
    if absent is not None:
        reading.problems.append(f"{reading.origins['stories.semantic']}: {absent}")
    if reading.problems:
        raise ConfigurationError(tuple(reading.problems))
    return Resolved(_settings(reading.values), reading.origins, tuple(files))


class _Reading:
    """The state of reading settings: the values so far, the origin of each, and the faults."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins = dict.fromkeys(keys(), "default")
        self.problems: list[str] = []

    def take(self, key: str, raw: Any, origin: str, place: str) -> None:
        """Take a value; the message of a fault begins with the ``place``."""
        try:
            self.values[key], self.origins[key] = _legal(key, convert(raw, keys()[key])), origin
        except ValueError as error:
            self.problems.append(f"{place}: {error}")

    def assignment(self, assignment: str) -> None:
        """Take a value from an option; secrets are refused."""
        key, sign, text = assignment.partition("=")
        key = key.strip()
        if not sign or key not in keys():
            self.problems.append(_bad_assignment(assignment, keys()))
            return
        self.take(key, text.strip(), f"option --set {key}", f"option --set {key}")
        if isinstance(given := self.values.get(key), SecretText) and given.is_written_out:
            self.problems.append(
                f"--set {key}: the list of processes shows it to everybody; write env:NAME or file:PATH"
            )

    def file(self, path: Path) -> None:
        """Take the values of a file."""
        from aggregator.config.documents import line_of, load, unknown_key  # YAML, only where there is a file

        document = load(path)
        if document is None:
            return
        if not isinstance(document, Mapping):
            self.problems.append(f"{path}:1: a mapping of sections is wanted")
            return
        sections = {key.partition(".")[0] for key in keys()}
        for section, body in document.items():
            if section not in sections:
                self.problems.append(unknown_key(path, document, section, sections))
                continue
            if body is None:
                continue
            if not isinstance(body, Mapping):
                self.problems.append(f"{path}:{line_of(document, section)}: {section!r} is a mapping of keys")
                continue
            legal = [key.partition(".")[2] for key in keys() if key.startswith(f"{section}.")]
            for name, raw in body.items():
                if name in legal:
                    key = f"{section}.{name}"
                    self.take(key, raw, str(path), f"{path}:{line_of(body, name)}: {key}")
                else:
                    self.problems.append(unknown_key(path, body, name, legal))


def variable_of(key: str) -> str:
    """Return the environment variable of ``section.key``."""
    return PREFIX + key.replace(".", "_").upper()


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return a warning for each environment variable that begins like a setting's variable but sets nothing."""
    known = {variable_of(key) for key in keys()}
    sections = tuple({variable_of(f"{key.partition('.')[0]}.") for key in keys()})
    found = []
    for name in sorted(name for name in environ if name.startswith(sections) and name not in known):
        hint = did_you_mean(name, known)
        found.append(f"environment {name}: there is no such setting{f'; {hint}' if hint else ''}")
    return found


def _legal(key: str, value: Any) -> Any:
    """Return a value if it is in its key's range; raises ValueError with the range."""
    legal = ranges().get(key)
    if legal is not None and value not in legal:
        raise ValueError(
            f"{_amount(value)} is out of range: from {_amount(legal.low)} to {_amount(legal.high)} is legal"
        )
    return value


def _amount(value: float | timedelta) -> str:
    return format_duration(value) if isinstance(value, timedelta) else f"{value:.15g}"


def convert(raw: Any, kind: Any) -> Any:
    """Return a value of a setting's type from a file's value or a text; raises ValueError if it cannot be converted."""
    if kind in (timedelta, time):
        return parse_duration(str(raw)) if kind is timedelta else _time_of_day(raw)
    if kind == Mapping[str, EditionSettings]:
        return editions.series_of(raw, convert)
    if kind is SecretText or get_origin(kind) is Mapping:
        return _secret(raw) if kind is SecretText else _named_secrets(raw)
    if isinstance(raw, str) and _holds(kind, bool) and raw.lower() in ("true", "false", "yes", "no", "on", "off"):
        return raw.lower() in ("true", "yes", "on")
    if get_origin(kind) is tuple:
        raw = _listed(raw)
    elif isinstance(raw, bool) and not _holds(kind, bool):
        raise ValueError(f"{raw!r} is not wanted here")
    elif isinstance(raw, str) or (kind is str and isinstance(raw, int | float)):
        raw = str(raw)
    found = _read_simply(raw, kind)
    if found is not None:
        return found
    # imported late: it takes a quarter of a second on a slow processor, and few files need it
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        fault = error.errors()[0]
        raise ValueError(f"{raw!r}: {fault['msg'].lower()}") from None


def _read_simply(raw: Any, kind: Any) -> Any:
    """Return a value that already has its type; None for others."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is tuple:
        found = tuple(_read_simply(part, parts[0]) for part in raw)
        return None if None in found else found
    if origin is Literal:
        return raw if isinstance(raw, str) and raw in parts else None
    if origin in _UNIONS:
        return next((value for part in parts if (value := _read_simply(raw, part)) is not None), None)
    return raw if type(raw) is kind else None


def _time_of_day(raw: Any) -> time:
    match = _TIME.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None:
        raise ValueError(f"{raw!r} is no time of day; write it as 06:00")
    return time(int(match[1]), int(match[2]))


def _listed(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = [part.strip() for part in raw.split(",") if part.strip()]
    if not isinstance(raw, Sequence):
        raise ValueError(f"a list is wanted, not {raw!r}")
    return tuple(str(part) for part in raw)


def _secret(raw: Any) -> SecretText:
    """Return a secret or the place of one: ``{env: NAME}`` becomes ``env:NAME``, and ``{file: PATH}`` ``file:PATH``."""
    if isinstance(raw, str) and "\n" not in raw:
        return SecretText(raw)
    if isinstance(raw, Mapping) and len(raw) == 1:
        ((place, name),) = raw.items()
        if place in ("env", "file") and isinstance(name, str) and name:
            return SecretText(f"{place}:{name}")
    raise ValueError("a secret is a text of one line, {env: NAME} or {file: PATH}")


def _named_secrets(raw: Any) -> dict[str, SecretText]:
    """Return secrets by name, from a mapping or from ``NAME=SECRET, NAME=SECRET``."""
    if isinstance(raw, str):
        pairs = [part.partition("=") for part in raw.split(",") if part.strip()]
        if not all(sign for _, sign, _ in pairs):
            raise ValueError("write NAME=SECRET, NAME=SECRET")
        raw = {name.strip(): secret.strip() for name, _, secret in pairs}
    if not isinstance(raw, Mapping):
        raise ValueError(f"a mapping of names is wanted, not {raw!r}")
    return {str(name): _secret(secret) for name, secret in raw.items()}


def _holds(kind: Any, wanted: type) -> bool:
    if kind is wanted:
        return True
    return get_origin(kind) in _UNIONS and wanted in get_args(kind)


def _settings(values: Mapping[str, Any]) -> Settings:
    made = Settings()
    grouped: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        grouped.setdefault(section, {})[name] = value
    return replace(made, **{section: replace(getattr(made, section), **parts) for section, parts in grouped.items()})


def _bad_assignment(assignment: str, known: Mapping[str, Any]) -> str:
    key = assignment.partition("=")[0].strip()
    if "=" not in assignment:
        return f"--set {assignment}: write SECTION.KEY=VALUE"
    hint = did_you_mean(key, known) or "`config show` lists the keys"
    return f"--set {assignment}: there is no setting {key!r}; {hint}"


def value_text(value: Any) -> str:
    """Return a setting's value as in a settings file; plain-text secrets are not shown."""
    if isinstance(value, SecretText):
        return "(set)" if value.is_written_out else value
    if isinstance(value, Mapping) and any(isinstance(one, EditionSettings) for one in value.values()):
        return editions.as_text(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={value_text(secret)}" for name, secret in value.items())
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    if hasattr(value, "strftime"):
        return str(value.strftime("%H:%M"))
    return str(value)


def value_of(settings: Settings, key: str) -> Any:
    """Return the value of ``section.key``; raises UsageError if there is no such setting."""
    section, _, name = key.partition(".")
    try:
        return getattr(getattr(settings, section), name)
    except AttributeError as error:
        raise UsageError(f"there is no setting {key!r}; `config show` lists them") from error
