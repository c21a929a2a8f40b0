"""Reads YAML documents with the line of every key, and writes them back with their comments."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import CollectionNode, Node
from ruamel.yaml.reader import ReaderError

from aggregator.config.files import write_private
from aggregator.config.quick_feeds import quick_document
from aggregator.config.spelling import did_you_mean
from aggregator.exceptions import ConfigurationError, NotFoundError

# Characters (some hundred feeds); for longer documents the quick reader is tried first.
_LONG = 10_000
# Bytes; a larger configuration file is a mistake.
_MOST = 10_000_000
_BRACKET = re.compile(r"[\[\]{}]")
# Nested brackets: the reader's time grows with their square, and real files have at most five.
_DEEPEST = 50
# Aliases may expand a document to this multiple of its written nodes, plus a constant number of nodes.
_EXPANSION, _EXPANSION_FREE = 10, 10_000


def load(path: Path) -> Any:
    """Return the document in a file, None if it is empty; raises ConfigurationError with the line if it is no YAML."""
    return _parsed(path, _read(path))


def load_feeds(path: Path) -> Any:
    """Return the document of a feeds file like :func:`load`, for reading only; a long list is read quickly if possible."""
    return _parsed_document(path, _read(path))


def _parsed_document(path: Path, text: str) -> Any:
    found = _quickly_parsed(text)
    return _parsed(path, text) if found is None else found


def _quickly_parsed(text: str) -> CommentedMap | None:
    return quick_document(text) if len(text) > _LONG else None


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST:
            raise ConfigurationError(f"{path}: larger than {_MOST // 1_000_000} MB; this is no configuration file")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error


def _parsed(path: Path, text: str) -> Any:
    if _depth(text) > _DEEPEST:
        raise ConfigurationError(
            f"{path}: more than {_DEEPEST} brackets are open at once; this is no configuration file"
        )
    try:
        return _yaml().load(text)
    except DuplicateKeyError as error:
        # the rest of the library's message contains both values, which may be secrets
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path}:{line}: {str(error.problem).partition(' with value')[0]}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = " ".join(str(error.problem or "malformed").split())
        raise ConfigurationError(f"{path}:{line}: not YAML: {problem}") from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigurationError(
            f"{path}:{line}: not YAML: the character U+{int(error.character):04X} has no place in it"
        ) from error
    except TypeError as error:
        raise ConfigurationError(f"{path}: not YAML that can be used: a key is a list or a mapping") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from error


def _depth(text: str) -> int:
    deepest = depth = 0
    for bracket in _BRACKET.findall(text):
        depth = max(0, depth + (1 if bracket in "[{" else -1))
        deepest = max(deepest, depth)
    return deepest


class _Constructor(RoundTripConstructor):
    """Constructs a document's values after checking how far its aliases expand it."""

    def construct_document(self, node: Node) -> Any:
        written: dict[int, int] = {}
        if _expanded_size(node, written) > _EXPANSION * len(written) + _EXPANSION_FREE:
            raise MarkedYAMLError(problem="aliases unfold it to many times its length", problem_mark=node.start_mark)
        return super().construct_document(node)


def _expanded_size(node: Node, sizes: dict[int, int]) -> int:
    """Return the number of nodes that a node expands to; ``sizes`` has the known numbers, 0 for a node being counted."""
    if id(node) in sizes:
        return sizes[id(node)] or 2**63  # it contains itself
    sizes[id(node)] = 0
    below: list[Any] = node.value if isinstance(node, CollectionNode) else []
    size = 1 + sum(_expanded_size(part, sizes) for one in below for part in (one if isinstance(one, tuple) else (one,)))
    sizes[id(node)] = size
    return size


def save(path: Path, document: Any) -> None:
    """Write a document back with its comments and order; the old file stays whole until the new one is complete.

    The new text is parsed before it replaces the file, because comments in unusual places can make the library write
    another document, or no YAML. In that case ConfigurationError is raised and the file stays unchanged.
    """
    if not _write_if_equal(path, _dumped(document), document):
        raise ConfigurationError(f"{path}: cannot be rewritten with its comments in place; change it by hand")


def append_items(path: Path, key: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Append items to the list under ``key``, without rewriting a long list in its usual form."""
    text = _read(path) if path.exists() else ""
    document = _quickly_parsed(text)
    if document is not None:
        longer = _with_lines(text, document[key].lc.col, items)
        document[key].extend(items)
        if _write_if_equal(path, longer, document):
            return
    document = _parsed(path, text)
    if document is None:  # only comments, which an empty document cannot keep
        write_private(
            path, (text and f"{text.rstrip()}\n").encode("utf-8") + _dumped({key: list(items)}).encode("utf-8")
        )
        return
    document[key] = document.get(key) or []
    document[key].extend(items)
    save(path, document)


def _with_lines(text: str, indent: int, items: Sequence[Mapping[str, Any]]) -> str:
    """Return ``text`` with lines of items at its end."""
    return f"{text.rstrip()}\n" + textwrap.indent(textwrap.dedent(_dumped(list(items))), " " * indent)


def _dumped(document: Any) -> str:
    made = io.StringIO()
    _yaml().dump(document, made)
    return made.getvalue()


def remove_item(path: Path, key: str, position: int) -> None:
    """Remove one item from the list under ``key`` without changing other lines.

    Comments above the item and above the next one stay, because they may be headings of a section. A list in flow
    style, or a list with an item that others refer to, is rewritten.
    """
    text = _read(path)
    document = _parsed_document(path, text)
    shortened = _without_lines(text, document[key], position)
    del document[key][position]
    wanted = document if document[key] else {**document, key: None}
    if _write_if_equal(path, shortened, wanted):
        return
    document = _parsed(path, text)
    del document[key][position]
    save(path, document)


def set_in_item(path: Path, key: str, position: int, name: str, value: Any) -> None:
    """Set ``name`` in one mapping of the list under ``key``, or delete it for None, without rewriting other lines of a long list."""
    text = _read(path)
    document = _quickly_parsed(text)
    if document is not None:
        changed = _with_member(text, document[key][position], name, value)
        _set(document[key][position], name, value)
        if _write_if_equal(path, changed, document):
            return
    document = _parsed(path, text)
    if isinstance(document[key][position], str):
        document[key][position] = map_for_text(document[key], position, "url")
    _set(document[key][position], name, value)
    save(path, document)


def _set(item: CommentedMap, name: str, value: Any) -> None:
    if value is None:
        item.pop(name, None)
    else:
        item[name] = value


def _with_member(text: str, item: CommentedMap, name: str, value: Any) -> str | None:
    """Return ``text`` with a line for an item's member; None if the member is on the line of the dash."""
    lines, made = text.split("\n"), io.StringIO()
    if value is not None:
        _yaml().dump({name: value}, made)
    written = [" " * int(item.lc.col) + line for line in made.getvalue().splitlines()]
    if name in item:
        first = int(item.lc.key(name)[0])
        if first == item.lc.line:
            return None
        lines[first : first + 1] = written
    else:
        last = max(int(item.lc.key(one)[0]) for one in item)
        lines[last + 1 : last + 1] = written
    return "\n".join(lines)


def _without_lines(text: str, listed: Any, position: int) -> str | None:
    """Return ``text`` without the lines of an item of a block list; None if the item shares a line with others."""
    lines = text.splitlines(keepends=True)
    indent = listed.lc.col
    first = _dash_line(lines, listed.lc.item(position)[0], indent)
    if listed.fa.flow_style() or first is None:
        return None
    end = first + 1
    last = first
    while end < len(lines):
        line = lines[end].strip()
        depth = len(lines[end]) - len(lines[end].lstrip())
        if line and depth <= indent:
            break  # the next item, a comment above it, or the key after the list
        last = end if line else last
        end += 1
    return "".join(lines[:first] + lines[last + 1 :])


def _dash_line(lines: Sequence[str], line: int, indent: int) -> int | None:
    """Return the line of an item's dash; the item's value may begin on a later line."""
    for number in range(line, -1, -1):
        content = lines[number][indent:].rstrip()
        if content == "-" or content.startswith("- "):
            return number if not lines[number][:indent].strip() else None
        if content and not content.lstrip().startswith("#") and number != line:
            return None
    return None


def _write_if_equal(path: Path, text: str | None, wanted: Any) -> bool:
    """Write a text if it parses to the wanted document; return whether it was written."""
    try:
        fits = text is not None and bool(_parsed_document(path, text) == wanted)
    except ConfigurationError:
        return False
    if text is not None and fits:
        write_private(path, text.encode("utf-8"))
    return fits


def line_of(holder: Any, key: object = None) -> int:
    """Return the line, from 1, of a key of a mapping or a position of a list; without a key, of the holder itself."""
    try:
        if key is None:
            return int(holder.lc.line) + 1
        if isinstance(holder, CommentedSeq):
            return int(holder.lc.item(key)[0]) + 1
        return int(holder.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError, IndexError):
        return 1


def unknown_key(path: Path, holder: Any, key: object, legal: Iterable[str]) -> str:
    """Return the message for an unknown key, with the nearest legal one."""
    known = sorted(legal)
    hint = did_you_mean(str(key), known) or f"legal keys: {', '.join(known)}"
    return f"{path}:{line_of(holder, key)}: unknown key {str(key)!r}; {hint}"


def map_for_text(listed: Any, position: int, key: str) -> CommentedMap:
    """Return a plain-text item as the mapping with one ``key`` that it abbreviates, with the item's line."""
    made = CommentedMap({key: str(listed[position])})
    line = line_of(listed, position) - 1
    made._yaml_set_line_col(line, 0)
    made._yaml_set_kv_line_col(key, [line, 0, line, 0])
    return made


def new_map() -> CommentedMap:
    """Return an empty mapping that can be written."""
    return CommentedMap()


def _yaml() -> YAML:
    made = YAML(typ="rt", pure=True)
    made.Constructor = _Constructor
    made.preserve_quotes = True
    made.width = 120
    made.indent(mapping=2, sequence=4, offset=2)
    return made
