"""The manual pages in docs/man, made from the command line itself: ``python -m bench.man_pages`` after a change of its help.

They are kept in the repository, so that a build needs nothing of the product, and a test holds them to the commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from aggregator import __version__
from aggregator.cli.app import GLOSSARY, cli
from aggregator.cli.examples import EXAMPLES

FOLDER = Path(__file__).parents[1] / "docs" / "man"
PROGRAM = "aggregator"
EXIT_CODES = (
    ("0", "done"),
    ("1", "failed"),
    ("2", "wrong usage, feeds file or settings"),
    ("3", "not found"),
    ("4", "partly done"),
    ("5", "the database is locked by another process, not ours or newer than this program"),
    ("130", "interrupted"),
)
FILES = (
    (
        "feeds.yaml",
        "the feeds: --feeds, else AGGREGATOR_FEEDS, else in the working folder, else in the user's configuration folder",
    ),
    ("aggregator.yaml", "the settings: --config, else beside the feeds file; under it the user's own"),
    ("aggregator.db", "the database: --db, else AGGREGATOR_DB, else beside the feeds file"),
)


def pages() -> dict[str, str]:
    """Return each page under the name of its file."""
    context = click.Context(cli, info_name=PROGRAM)
    made = {f"{PROGRAM}.1": _page(cli, context, ())}
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        made[f"{PROGRAM}-{name}.1"] = _page(command, click.Context(command, info_name=name, parent=context), (name,))
    return made


def _page(command: click.Command, context: click.Context, path: tuple[str, ...]) -> str:
    title = "-".join((PROGRAM, *path))
    summary = command.get_short_help_str(limit=200).rstrip(".")
    lines = [f'.TH "{title.upper()}" "1" "" "{PROGRAM} {__version__}" "User commands"', ".SH NAME"]
    lines += [f"{_roff(title)} \\- {_roff(summary)}", ".SH SYNOPSIS", *_synopsis(command, context), ".SH DESCRIPTION"]
    lines += _paragraphs(command.help or "")
    if not path:
        lines += [".SH WORDS", *_terms(GLOSSARY)]
    lines += _options(command, context, ".SH OPTIONS")
    if isinstance(command, click.Group):
        lines += [".SH COMMANDS", *_below(command, context, path)]
    lines += [".SH EXAMPLES", *(f".PP\n.nf\n{_roff(f'{PROGRAM} {one}')}\n.fi" for one in EXAMPLES[" ".join(path)])]
    if not path:
        lines += [".SH FILES", *_terms(FILES)]
    lines += [".SH EXIT STATUS", *_terms(EXIT_CODES), ".SH SEE ALSO"]
    lines.append(f".BR {PROGRAM} (1)" if path else "aggregator \\fICOMMAND\\fR \\-\\-help")
    return "\n".join(lines) + "\n"


def _below(group: click.Group, context: click.Context, path: tuple[str, ...]) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        below = click.Context(command, info_name=name, parent=context)
        if not path:
            yield from (".TP", f".BR {PROGRAM}-{name} (1)", _roff(command.get_short_help_str(limit=200)))
            continue
        yield f".SS {_roff(' '.join((PROGRAM, *path, name)))}"
        yield from _synopsis(command, below)
        yield from _paragraphs(command.help or "")
        yield from _options(command, below, ".PP\nOptions:")


def _synopsis(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = command.collect_usage_pieces(context)
    yield ".PP"
    yield f"\\fB{_roff(context.command_path)}\\fR {_roff(' '.join(usage))}"


def _options(command: click.Command, context: click.Context, heading: str) -> list[str]:
    found = (one.get_help_record(context) for one in command.get_params(context))
    records = [record for record in found if record is not None and record[1]]
    return [heading, *_terms(records)] if records else []


def _terms(pairs: object) -> Iterator[str]:
    for term, text in pairs:  # type: ignore[attr-defined]
        yield from (".TP", f"\\fB{_roff(term)}\\fR", _roff(" ".join(text.split())))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        yield ".PP"
        yield _roff(" ".join(paragraph.replace("\b", "").split()))


def _roff(text: str) -> str:
    """Return a text in which nothing is a request or an escape of roff's."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.1"):
        old.unlink()
    for name, page in pages().items():
        (FOLDER / name).write_text(page, encoding="utf-8")
