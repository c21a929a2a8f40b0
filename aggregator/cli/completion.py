"""Shell completion of ids with headlines, feeds, watches, publishers and settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, get_completion_class

from aggregator.cli.session import Session
from aggregator.exceptions import AggregatorError, UsageError
from aggregator.model import StoryQuery
from aggregator.text.counts import amount
from aggregator.text.display import display_text

_MOST = 60  # completions at most; more than a screenful does not help
_WIDEST = 70  # characters of a headline beside its id

Offer = tuple[str, str]  # the completed text and its description


class CompletedType(click.ParamType[str]):
    """A parameter whose values can be completed from the newsroom, such as story ids."""

    name = "text"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return completions of ``incomplete``; none if the newsroom cannot be read."""
        try:
            found = list(_OFFERS[self.kind](_session(ctx), incomplete))
        except (AggregatorError, OSError, click.ClickException):
            return []
        begun = [one for one in found if one[0].casefold().startswith(incomplete.casefold())]
        return [CompletionItem(value, help=display_text(hint, _WIDEST)) for value, hint in begun[:_MOST]]


def add_completions(command: click.Command) -> None:
    """Add completions to the parameters of a command and its subcommands, by parameter name."""
    for parameter in command.params:
        kind = _KINDS.get(parameter.name or "", "")
        if parameter.name == "name":  # the name of an existing watch in these commands only
            kind = "watch" if command.name in ("remove", "test", "log") else ""
        if kind and type(parameter.type) is type(click.STRING):
            parameter.type = CompletedType(kind)
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        add_completions(below)


def _session(ctx: click.Context) -> Session:
    """Return the session of the command line so far."""
    given: Mapping[str, Any] = ctx.find_root().params
    return Session(
        given.get("database"),
        given.get("feeds_option"),
        given.get("config"),
        tuple(given.get("assignments") or ()),
        given.get("now_option"),
        0,
        True,
    )


def _stories(session: Session, begun: str) -> Iterator[Offer]:
    with session.open_existing() as app:
        for one in app.stories(StoryQuery(limit=1_000)):
            yield one.id, one.title


def _storylines(session: Session, begun: str) -> Iterator[Offer]:
    with session.open_existing() as app:
        for one in app.storylines(limit=200):
            if one.summary is not None:
                yield one.summary.id, one.summary.title


def _entries(session: Session, begun: str) -> Iterator[Offer]:
    from aggregator.storage.entries import EntryStore

    with session.open_existing() as app:
        for identity, publisher, title in EntryStore(app.store).beginning(begun, _MOST):
            yield identity, f"{publisher}: {title}"


def _stories_and_entries(session: Session, begun: str) -> Iterator[Offer]:
    yield from _stories(session, begun)
    yield from _entries(session, begun)


def _publishers(session: Session, begun: str) -> Iterator[Offer]:
    from aggregator.storage.entries import EntryStore

    with session.open_existing() as app:
        for publisher, count in EntryStore(app.store).publishers():
            yield publisher, amount(count, "entry", "entries")


def _feeds(session: Session, begun: str) -> Iterator[Offer]:
    from aggregator.text.masking import shown_address

    for feed in session.feeds():
        yield feed.name or shown_address(feed), shown_address(feed)


def _watches(session: Session, begun: str) -> Iterator[Offer]:
    from aggregator.newsroom.watches import described

    with session.open_existing() as app:
        for row in app.watches().all():
            yield row.watch.name, described(row.watch.query)


def _series(session: Session, begun: str) -> Iterator[Offer]:
    for name, one in session.settings.digest.editions.items():
        yield name, " ".join(f"{moment:%H:%M}" for moment in one.time)


def _settings(session: Session, begun: str) -> Iterator[Offer]:
    from aggregator.config.settings_files import keys, value_of, value_text

    for key in keys():
        yield f"{key}=", f"now {value_text(value_of(session.settings, key))}"


_OFFERS: dict[str, Callable[[Session, str], Iterator[Offer]]] = {
    "story": _stories,
    "storyline": _storylines,
    "entry": _entries,
    "either": _stories_and_entries,
    "publisher": _publishers,
    "feed": _feeds,
    "watch": _watches,
    "series": _series,
    "setting": _settings,
}
# The name of a parameter -> the kind of its values.
_KINDS = {
    "story": "story",
    "stories": "story",
    "storyline": "storyline",
    "entry": "entry",
    "entries": "entry",
    "first": "either",
    "second": "either",
    "feed": "feed",
    "feeds": "feed",
    "publisher": "publisher",
    "publishers": "publisher",
    "series": "series",
    "assignments": "setting",
    "global_assignments": "setting",
}


class _DescribingBash(BashComplete):
    """Bash completion that shows descriptions while there are several completions."""

    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' type value hint
    local -a values=() shown=()
    while IFS=$'\\t' read -r type value hint; do
        case $type in
            dir) COMPREPLY=(); compopt -o dirnames; return 0 ;;
            file) COMPREPLY=(); compopt -o default; return 0 ;;
            "") continue ;;
        esac
        values+=("$value")
        shown+=("$value${hint:+  ($hint)}")
    done < <(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete $1)
    if [ "${#values[@]}" -eq 1 ]; then
        COMPREPLY=("${values[0]}")
        case ${values[0]} in *=) compopt -o nospace ;; esac
    else
        COMPREPLY=("${shown[@]}")
    fi
}
complete -F %(complete_func)s %(prog_name)s
"""

    def format_completion(self, item: CompletionItem) -> str:
        """Return one completion in the form that the shell function above reads."""
        return f"{item.type}\t{item.value}\t{item.help or ''}".rstrip("\t")

    @staticmethod
    def _check_version() -> None:
        """Accept every version: bash has ``compopt`` since 4.0 (2009)."""


def describe_in_bash() -> None:
    """Enable descriptions in bash."""
    add_completion_class(_DescribingBash)


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell. Use it with eval "$(aggregator completion bash)"."""
    describe_in_bash()
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "aggregator", "_AGGREGATOR_COMPLETE").source())
