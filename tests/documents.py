"""What README.md and docs/*.md say that can be held against the product: commands, options, settings, links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from aggregator.cli.app import cli
from aggregator.config.settings_files import keys

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = (README, *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
_VARIABLE = re.compile(r"\bAGGREGATOR_[A-Z_]+\b")
_SETTING = re.compile(rf"(?<![\w./-])((?:{'|'.join(sorted({key.split('.')[0] for key in keys()}))})\.[a-z_]+)\b")
_FILES = ("atom", "md", "yaml", "json", "jsonl", "html", "svg", "db", "py", "sh", "txt", "xml", "mail", "render")
# Where one command ends and the next begins, so that what stands before `aggregator` is the shell's affair.
_BETWEEN = {"&&", "||", ";", "|", "do", "then", "(", "$(", "time", "nice"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A call of the product as a document shows it; ``whole`` where it can be typed as it stands."""

    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return " ".join(("aggregator", *self.words))


def fenced(text: str, *languages: str) -> list[str]:
    """Return the fenced blocks of a document, of some languages or of any."""
    return [body for language, body in _FENCE.findall(text) if not languages or language in languages]


def inline(text: str) -> list[str]:
    """Return the code within the running text."""
    return [str(code) for code in _INLINE.findall(_FENCE.sub("", text))]


def links(text: str) -> list[str]:
    """Return the links that lead to files of the repository."""
    return [link.split("#")[0] for link in _LINK.findall(_FENCE.sub("", text)) if "://" not in link]


def anchors(text: str) -> list[tuple[str, str]]:
    """Return the links that lead to a heading: the document, empty for this one, and the heading's anchor."""
    found = (link.partition("#") for link in _LINK.findall(_FENCE.sub("", text)) if "://" not in link)
    return [(document, anchor) for document, _, anchor in found if anchor]


def headings(text: str) -> set[str]:
    """Return the anchors of a document's headings."""
    titles = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def typed(text: str) -> list[str]:
    """Return the lines that a reader is told to type: all of ``sh`` blocks, those after ``$`` of ``console`` blocks."""
    lines = [line for block in fenced(text, "sh", "bash") for line in block.replace("\\\n", " ").splitlines()]
    for block in fenced(text, "console"):
        lines += [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    return [line for line in lines if line.strip()]


def calls(text: str) -> list[Shown]:
    """Return every call of ``aggregator`` in a document."""
    found = [Shown(words, True) for line in typed(text) for words in _calls(line)]
    return found + [Shown(words, False) for code in inline(text) for words in _calls(code)]


def _calls(line: str) -> Iterator[tuple[str, ...]]:
    quoted = re.match(r'eval "\$\((.+)\)"$', line.strip())
    lexer = shlex.shlex(quoted.group(1) if quoted else line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    call: list[str] | None = None
    before = ";"
    for word in (*lexer, ";"):
        if call is not None and (word in _BETWEEN or word.startswith((">", "<"))):
            yield tuple(call)
            call = None
        elif call is not None:
            call.append(word)
        elif word == "aggregator" and (before in _BETWEEN or before.isdigit()):
            call = []
        before = word


def faults(shown: Shown) -> list[str]:
    """Return what is wrong with a call: a command, an option, a choice or an argument that is not so."""
    command: click.Command = cli
    words = list(shown.words)
    # with its settings: a command remembers the names of its help option from the first context that asks
    context = click.Context(command, help_option_names=cli.context_settings["help_option_names"])
    while True:
        try:
            values, rest, _ = command.make_parser(context).parse_args(words)
        except click.UsageError as error:
            return [f"{shown}: {error.format_message()}"]
        found = [f"{shown}: {error}" for error in _values(command, context, values, shown.whole)]
        if not isinstance(command, click.Group):
            return found + [f"{shown}: {word!r} is one word too many" for word in rest]
        if found or not rest:
            return found
        name, *words = rest
        inner = command.get_command(context, name)
        if inner is None:
            return [f"{shown}: there is no command {name!r}"]
        command, context = inner, click.Context(inner, parent=context)


def _values(command: click.Command, context: click.Context, values: dict[str, object], whole: bool) -> Iterator[str]:
    for parameter in command.params:
        value = values.get(parameter.name or "")
        given = isinstance(value, str | tuple | list) and bool(value)
        if isinstance(parameter, click.Argument) and whole and parameter.required and not given:
            yield f"{parameter.make_metavar(context)} is missing"
        if isinstance(parameter.type, click.Choice) and isinstance(value, str) and "|" not in value:
            if value.isupper() or value in parameter.type.choices:
                continue  # a placeholder, or one of them
            yield f"{value!r} is none of {', '.join(map(str, parameter.type.choices))}"


def options(text: str) -> set[str]:
    """Return the options that the running text names by themselves, such as ``--json``."""
    return {option for code in inline(text) if code.startswith("-") for option in _OPTION.findall(code)}


def known_options(command: click.Command = cli) -> set[str]:
    """Return the options of all commands."""
    found = {"-h", "--help"} | {name for parameter in command.params for name in parameter.opts}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found |= known_options(inner)
    return found


def settings(text: str) -> set[str]:
    """Return the settings that a document names, in words or as environment variables."""
    code = [*inline(text), *fenced(text)]
    named = {found for piece in code for found in _SETTING.findall(piece) if found.rsplit(".")[1] not in _FILES}
    return named | {_setting_of(variable) for piece in code for variable in _VARIABLE.findall(piece)} - {""}


def _setting_of(variable: str) -> str:
    by_variable = {f"AGGREGATOR_{key.replace('.', '_').upper()}": key for key in keys()}
    by_option = {parameter.envvar for parameter in cli.params if isinstance(parameter, click.Option)}
    return "" if variable in by_option else by_variable.get(variable, variable)
