"""Progress of long commands on stderr: a bar on a terminal, plain lines when piped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click


class Advance(Protocol):
    """Reports progress (done, total); a ``title`` names the next part."""

    def __call__(self, done: int, total: int, title: str = ...) -> None:
        """Show that ``done`` of ``total`` steps are done."""
        ...


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Advance]:
    """Yield a function of (done, total) that shows progress."""
    if quiet:
        yield lambda done, total, title=title: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total, title=title: bar.update(task, completed=done, total=total, description=title)
    else:
        yield _lines(title)


def _lines(act: str) -> Advance:
    shown: tuple[str, int] | None = None

    def advance(done: int, total: int, title: str = act) -> None:
        nonlocal shown
        tenth = 10 * done // max(total, 1)
        if total >= 200 and (title, tenth) != shown:
            shown = title, tenth
            click.echo(f"{title}: {done} of {total}", err=True)

    return advance
