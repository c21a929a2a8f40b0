"""``story new``: the news in a story since an editor last looked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from aggregator.cli.output import (
    emit,
    emit_folded,
    emit_headline,
    local,
    print_json,
    row_of,
    safe,
    thing_options,
)
from aggregator.cli.session import Session
from aggregator.storage.times import to_text
from aggregator.text.counts import amount

if TYPE_CHECKING:
    from aggregator.newsroom.novelty import Finding

# Lines at most, for a few screens, because everything is new in a new story.
SHOWN = 60
FINDING = "text sentence entry=entry_id publisher url time"


@click.command("new")
@click.argument("story")
@click.option(
    "--since", metavar="TIME", help="New since: 2h, yesterday, 2026-10-01; default: the last edition, or a day ago."
)
@click.option("--edition", metavar="ID", help="New since the end of this edition.")
@thing_options
@click.pass_obj
def new_command(session: Session, story: str, since: str | None, edition: str | None, form: str) -> None:
    """List what is new in a story: sentences, numbers, names. The oldest source comes first."""
    if since is not None and edition is not None:
        raise click.UsageError("--since and --edition say the same thing; give one of them")
    with session.open_existing() as app:
        found = app.story(story)
        moment = session.moment(since) or app.last_read(edition)
        news = app.news_of(found, moment)
    lists = {"sentences": news.sentences, "numbers": news.numbers, "names": news.names}
    if form == "json":
        rows = {name: [row_of(one, FINDING) for one in findings] for name, findings in lists.items()}
        print_json({"story": found.summary.id, "title": found.summary.title, "since": moment, **rows})
        return
    emit_headline(found.summary.title)
    when = local(to_text(moment))
    if not news:
        emit_folded(f"{found.summary.id}  nothing new since {when}{session.stories_note}")
        return
    counts = ", ".join(amount(len(findings), name[:-1], name) for name, findings in lists.items() if findings)
    whole = "  (all of it: the story began later)" if found.summary.first_seen >= moment else ""
    emit_folded(f"{found.summary.id}  new since {when}: {counts}{whole}", 2)
    _print_sentences(news.sentences)
    _print_terms("Numbers", news.numbers)
    _print_terms("Names", news.names)


def _print_sentences(findings: Sequence[Finding]) -> None:
    for (_, time), together in groupby(findings[:SHOWN], key=lambda one: (one.entry_id, one.time)):
        passages = list(together)
        source = passages[0]
        emit("")
        emit(f"{local(to_text(time))}  {safe(source.publisher)}  {source.entry_id}  {safe(source.url)}".rstrip())
        for passage in passages:
            emit_folded(f"  {safe(passage.text)}", 2)
    if len(findings) > SHOWN:
        emit(f"  … and {len(findings) - SHOWN} more; --json has them all")


def _print_terms(heading: str, findings: Sequence[Finding]) -> None:
    terms: dict[str, str] = {}
    for one in findings:
        terms.setdefault(safe(one.text), safe(one.publisher))
    shown = [f"{term} ({publisher})" for term, publisher in list(terms.items())[:SHOWN]]
    more = f" · and {len(terms) - SHOWN} more" if len(terms) > SHOWN else ""
    if shown:
        emit("")
        emit_folded(f"{heading}: {' · '.join(shown)}{more}", 2)
