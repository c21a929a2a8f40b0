"""YAML documents with the line of every key, and written back with their comments."""

from __future__ import annotations

import difflib
import io
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from aggregator.exceptions import ConfigurationError, DeliveryError, NotFoundError

# A configuration file larger than this is a mistake; an alias bomb is refused with it.
_MOST = 10_000_000


def load(path: Path) -> Any:
    """Return the document in a file, None where it is empty; ConfigurationError with the line where it is no YAML."""
    try:
        if path.stat().st_size > _MOST:
            raise ConfigurationError(f"{path}: larger than {_MOST // 1_000_000} MB; this is no configuration file")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return _yaml().load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = " ".join(str(error.problem or "malformed").split())
        raise ConfigurationError(f"{path}:{line}: not YAML: {problem}") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from error


def save(path: Path, document: Any) -> None:
    """Write a document back, comments and order kept; the old file stays whole until the new one is complete."""
    text = io.StringIO()
    _yaml().dump(document, text)
    write_atomically(path, text.getvalue().encode("utf-8"))


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's content in one step; DeliveryError where the folder cannot be written to."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).chmod(mode)
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DeliveryError(f"{path}: cannot be written ({error.strerror})") from error


def line_of(holder: Any, key: object = None) -> int:
    """Return the line, from 1, of a key of a mapping or a position of a list; of the holder itself without one."""
    try:
        if key is None:
            return int(holder.lc.line) + 1
        if isinstance(holder, CommentedSeq):
            return int(holder.lc.item(key)[0]) + 1
        return int(holder.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError, IndexError):
        return 1


def unknown_key(path: Path, holder: Any, key: object, legal: Iterable[str]) -> str:
    """Return the line that complains of a key nobody knows, with the nearest one that is legal."""
    known = sorted(legal)
    near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"legal keys: {', '.join(known)}"
    return f"{path}:{line_of(holder, key)}: unknown key {str(key)!r}; {hint}"


def new_map() -> CommentedMap:
    """Return an empty mapping that can be written."""
    return CommentedMap()


def _yaml() -> YAML:
    made = YAML(typ="rt", pure=True)
    made.preserve_quotes = True
    made.width = 120
    made.indent(mapping=2, sequence=4, offset=2)
    return made
