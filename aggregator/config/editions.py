"""Reads and writes the setting ``digest.editions``: series of editions by name, as a mapping or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import time
from typing import Any, get_type_hints

from aggregator.config.spelling import did_you_mean
from aggregator.settings import EditionSettings
from aggregator.text.language import NO_LANGUAGE, primary_language

LONGEST_NAME = 30
_LEGAL = [field.name for field in fields(EditionSettings)]
_DEFAULTS = {field.name: field.default for field in fields(EditionSettings)}
[_PUBLISHERS] = get_type_hints(EditionSettings, include_extras=True)["min_publishers"].__metadata__


def series_of(raw: Any, convert: Callable[[Any, Any], Any]) -> dict[str, EditionSettings]:
    """Return the series in a settings file or JSON text; raises ValueError. ``convert`` converts a value to a type."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw) if raw.strip() else {}
        except ValueError:
            raise ValueError('write it as JSON, such as {"evening": {"time": "18:00"}}') from None
    if not isinstance(raw, Mapping):
        raise ValueError("a mapping of names is wanted, such as evening: {time: 18:00}")
    return {_name(name): _series(str(name), body, convert) for name, body in raw.items()}


def as_text(series: Mapping[str, EditionSettings]) -> str:
    """Return series as JSON, without defaults; an empty text if there are none."""
    return json.dumps({name: _plain(one) for name, one in series.items()}, ensure_ascii=False) if series else ""


def _name(name: Any) -> str:
    """Return a name that is valid in ids and file names."""
    text = str(name)
    plain = text.isascii() and text.replace("-", "").isalnum() and text == text.lower()
    if not plain or not text[0].isalpha() or len(text) > LONGEST_NAME or text == "latest":
        raise ValueError(f"{text!r} is no name for a series: up to {LONGEST_NAME} small letters, digits and -")
    return text


def _series(name: str, body: Any, convert: Callable[[Any, Any], Any]) -> EditionSettings:
    """Return one series from its keys."""
    if not isinstance(body, Mapping):
        raise ValueError(f"{name}: a mapping of keys is wanted, such as {{time: 18:00}}")
    values: dict[str, Any] = {}
    for key, raw in body.items():
        if key not in _LEGAL:
            hint = did_you_mean(str(key), _LEGAL) or f"legal keys: {', '.join(_LEGAL)}"
            raise ValueError(f"{name}: there is no key {str(key)!r}; {hint}")
        try:
            values[str(key)] = _value(str(key), raw, convert)
        except ValueError as error:
            raise ValueError(f"{name}: {key}: {error}") from None
    if not values.get("time"):
        raise ValueError(f'{name}: say when it is made, such as time: "18:00"')
    return EditionSettings(**values)


def _value(key: str, raw: Any, convert: Callable[[Any, Any], Any]) -> Any:
    """Return the value of a key of a series."""
    if key == "time":
        return tuple(sorted({convert(one, time) for one in (raw if isinstance(raw, list) else [raw])}))
    value = convert(raw, get_type_hints(EditionSettings)[key])
    if key == "min_publishers" and value not in _PUBLISHERS:
        raise ValueError(f"{value} is out of range: from {_PUBLISHERS.low} to {_PUBLISHERS.high} is legal")
    if key == "lang" and primary_language(value) is None:
        raise ValueError(NO_LANGUAGE.format(value))
    return value


def _plain(one: EditionSettings) -> dict[str, Any]:
    written = {name: getattr(one, name) for name in _LEGAL if getattr(one, name) != _DEFAULTS.get(name)}
    written["time"] = [f"{moment:%H:%M}" for moment in one.time]
    return written
