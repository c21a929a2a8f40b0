"""Progress of long acts: a bar with counts on a terminal, now and then a plain line when piped; always on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Advance = Callable[[int, int], None]


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Advance]:
    """Give a function of (done, total) that shows how far an act has come."""
    if quiet:
        yield lambda done, total: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        with Progress(
            TextColumn(title),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        yield _lines(title)


def _lines(title: str) -> Advance:
    told = -1

    def advance(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if total >= 200 and tenth != told:
            told = tenth
            click.echo(f"{title}: {done} of {total}", err=True)

    return advance
