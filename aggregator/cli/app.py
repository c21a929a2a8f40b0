"""The entry point: global options, commands loaded on demand, errors for people."""

from __future__ import annotations

import importlib
import os
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from aggregator import __version__
from aggregator.cli.examples import show_examples, write_examples
from aggregator.cli.global_options import accept_after_command, global_options
from aggregator.cli.session import Session
from aggregator.cli.times import check_local_zone
from aggregator.exceptions import AggregatorError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Listed(NamedTuple):
    """A command that is not loaded yet: its module in ``aggregator.cli``, and its line in lists of commands."""

    module: str
    line: str

    def short_help(self, limit: int = 45) -> str:
        """Return the line, cut to the length that click allows."""
        return click.Command(None, help=self.line).get_short_help_str(limit)


# A module is imported only for its own commands. The lines are repeated here, so that a list of commands loads no module.
COMMANDS = {
    "run": Listed("running", "Run the daemon: poll due feeds, cluster, publish, alert."),
    "web": Listed("web", "Show the desk's page in a browser."),
    "fetch": Listed("fetch", "Poll the feeds that are due, the named ones, or all."),
    "feeds": Listed("feeds", "List and edit the followed feeds; show their health."),
    "stories": Listed("stories", "List stories, newest first."),
    "story": Listed("story", "Show, explain and change one story."),
    "storyline": Listed("storylines", "Show and change storylines: related stories."),
    "entry": Listed("entries", "Show one entry and its earlier versions."),
    "search": Listed("entries", "Find entries with all words of TEXT, best first."),
    "digest": Listed("digest", "Make an edition of the digest, or print it again."),
    "watch": Listed("watch", "Manage watches: saved queries that alert."),
    "import": Listed("archives", "Read entries from JSON Lines archives."),
    "export": Listed("exporting", "Write entries as JSON Lines, CSV or Parquet."),
    "evaluate": Listed("tuning", "Score the clustering of labelled JSON Lines files."),
    "replay": Listed("tuning", "Show how other settings would group the stored entries."),
    "recluster": Listed("tuning", "Cluster the window again and show what changed."),
    "demo": Listed("demo", "Run a demonstration without a network."),
    "init": Listed("starting", "Write a starter feeds.yaml and settings file."),
    "status": Listed("status", "Show the number of entries, the feeds' state and what is next."),
    "health": Listed("status", "Probe the daemon: exit code 0 if it is healthy, else 1."),
    "config": Listed("config", "Show and check the settings in force."),
    "db": Listed("db", "Check, back up, restore and maintain the database."),
    "completion": Listed("completion", "Print the completion script for a shell."),
}

_COMPLETING = "_AGGREGATOR_COMPLETE"  # what the shell sets when it asks for completions

GLOSSARY = (
    ("Feed", "an address that is polled; its publisher is the organisation behind it."),
    ("Entry", "what a feed published; an edit makes a revision of it, never a second entry."),
    ("Report", "the entries that carry one text: a dispatch and its copies count as one."),
    ("Story", "the reports of one event; its canonical entry gives it its title and link."),
    ("Independent", "the number of reports in a story, so that copies do not count."),
    ("Edition", "one digest, made once and never changed."),
    ("Watch", "a saved query that alerts."),
)

EPILOG = (
    "These options may also follow the command. Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 not found, "
    "4 partly done, 5 the database is locked by another process, not ours or newer than this program, 130 interrupted."
)


class LazyGroup(click.Group):
    """A group whose commands are imported from their modules when called."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._prepared: set[str] = set()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"aggregator.cli.{COMMANDS[cmd_name].module}")
        found: click.Command = getattr(module, f"{cmd_name}_command")
        if cmd_name not in self._prepared:
            self._prepared.add(cmd_name)
            accept_after_command(found)
            show_examples(found, (cmd_name,))
        if _COMPLETING in os.environ:
            from aggregator.cli.completion import add_completions

            add_completions(found)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        room = formatter.width - 6 - max(map(len, COMMANDS))  # as click has it
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.short_help(room)) for name, listed in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        begun = [name for name in COMMANDS if name.startswith(incomplete)]
        offered = [CompletionItem(name, help=COMMANDS[name].short_help()) for name in begun]
        return [*offered, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Words"):
            formatter.write_dl(GLOSSARY)
        write_examples((), formatter)
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # click would exit with 1, but it is no failure if the reader closes the pipe
            raise _ReaderLeftError from error


class _ReaderLeftError(Exception):
    """The reader of our output closed the pipe."""


@click.group(
    cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@global_options
@click.version_option(__version__, prog_name="aggregator")
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Newsroom feed aggregator: finds copies, groups reports into stories, and explains why."""
    ctx.obj = session = Session(**options)
    check_local_zone()
    session.clock()  # a bad --now is an error, even if the command does not use the time


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its exit code."""
    _occupy_closed_streams()
    code = code_of(arguments)
    sys.exit(code if _flush() is None else code or 1)


def _occupy_closed_streams() -> None:
    """Redirect a closed stdout or stderr (``>&-``) to nowhere, so that the next opened file does not get its output."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            stream = open(descriptor, "r" if descriptor == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)  # not closed at the end, like Python's own streams


def code_of(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    if _COMPLETING in os.environ:
        from aggregator.cli.completion import add_completions, describe_in_bash

        describe_in_bash()
        add_completions(cli)
    try:
        result: Any = cli.main(args=arguments, prog_name="aggregator", standalone_mode=False)
    except (AggregatorError, OSError) as error:
        if isinstance(error, OSError) and error.filename is None and _flush() is not None:
            return 1
        return _failed(error, sys.argv[1:] if arguments is None else arguments)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("aggregator: interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except _ReaderLeftError:
        _drop_output()
        return 0
    return result if isinstance(result, int) else 0


def _flush() -> OSError | None:
    """Write the rest of the output to stdout. If that fails, as on a full disk, print the error and return it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    except OSError as error:
        _drop_output()
        click.echo(f"aggregator: stdout: cannot be written ({error.strerror})", err=True)
        return error
    return None


def _drop_output() -> None:
    """Redirect stdout to nowhere, so that the interpreter's last flush raises no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: AggregatorError | OSError, arguments: list[str]) -> int:
    """Print an error for the person at the terminal; with -vv also where it was raised."""
    from aggregator.text.display import display_text

    if _verbosity(arguments) >= 2:
        traceback.print_exception(error)
    if isinstance(error, AggregatorError):
        text, code = str(error), error.exit_code
    else:
        # an OSError that no module explained: the system's message, without a traceback
        text, code = f"{error.filename or 'system'}: {error.strerror or error}", 1
    for line in text.split("\n"):
        # an error may contain text of a feed or file, which must not control the terminal
        indent = line[: len(line) - len(line.lstrip(" "))]
        click.echo(f"aggregator: {indent}{display_text(line)}", err=True)
    return code


def _verbosity(arguments: list[str]) -> int:
    """Count -v among the arguments, for errors raised before they are parsed."""
    short = sum(argument.count("v") for argument in arguments if re.fullmatch("-[vq]+", argument))
    return short + arguments.count("--verbose")
