"""``evaluate``, ``replay`` and ``recluster``: the quality of the clustering, and what other settings would change."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.output import (
    Column,
    emit,
    json_text,
    list_options,
    output_option,
    plain,
    print_json,
    print_left_out,
    print_list,
)
from aggregator.cli.progress import progress
from aggregator.cli.session import Session
from aggregator.config.files import write_output
from aggregator.exceptions import PARTLY_FAILED, UsageError
from aggregator.executor import open_executor
from aggregator.ingest.sweep_plot import check_drawable, picture
from aggregator.newsroom.publishers import families
from aggregator.text.counts import amount

if TYPE_CHECKING:
    from aggregator.ingest.clustering_changes import Outcome

# The measures of a row, and the order in which a narrow table drops them (0: never).
FIGURES = {
    "bcubed_precision": 6,
    "bcubed_recall": 7,
    "bcubed_f1": 0,
    "pair_precision": 3,
    "pair_recall": 4,
    "pair_f1": 5,
}


@click.command("evaluate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--sweep", metavar="SECTION.KEY=A,B,…", help="Score once for each value of a setting, as a table.")
@click.option("--plot", type=click.Path(path_type=Path), help="Plot precision against recall into a .svg or .png file.")
@click.option(
    "--predicted", type=click.Path(path_type=Path), help="Write the predicted group of each line as JSON Lines."
)
@click.option(
    "--level",
    type=click.Choice(["report", "story", "storyline"]),
    default="story",
    show_default=True,
    help="Which groups are scored.",
)
@list_options
@click.pass_obj
def evaluate_command(
    session: Session,
    files: tuple[Path, ...],
    sweep: str | None,
    plot: Path | None,
    predicted: Path | None,
    level: Any,
    form: str,
) -> int:
    """Score the clustering of labelled JSON Lines files. It works in a scratch database."""
    from aggregator.ingest.evaluate import evaluate, predictions

    if plot is not None:
        check_drawable(plot)
    if predicted is not None and (sweep is not None or len(files) > 1):
        raise UsageError(
            "--predicted is of one scoring: give one FILE and no --sweep; each would replace the one before"
        )
    rows: list[dict[str, Any]] = []
    code = 0
    for label, settings in _settings(session, sweep):
        for file in files:
            with progress(f"evaluating {file.name} {label}".strip(), quiet=session.quiet) as advance:
                result = evaluate(file, settings, session.clock(), advance, level)
            for skip in result.skips:
                print_left_out(file, skip)
                code = PARTLY_FAILED
            rows.append({"file": file.name, **({"setting": label} if label else {}), **asdict(result.figures)})
            if predicted is not None:
                write_output(predicted, predictions(result).encode("utf-8"))
    if plot is not None:
        write_output(plot, picture(plot, rows))
    if len(rows) == 1 and form == "json":
        print_json(rows[0])
    else:
        print_list(rows, _columns(sweep is not None), form)
    return code


def _settings(session: Session, sweep: str | None) -> list[tuple[str, Any]]:
    if sweep is None:
        return [("", session.settings)]
    key, sign, values = sweep.partition("=")
    if not sign or not values:
        raise UsageError(f"--sweep {sweep}: write SECTION.KEY=A,B,C")
    made = []
    for value in values.split(","):
        assignment = f"{key.strip()}={value.strip()}"
        made.append((assignment, session.settings_with([assignment])))
    return made


def _columns(sweeping: bool) -> tuple[Column, ...]:
    def figure(name: str, order: int) -> Column:
        return Column(
            name.replace("_", " ").replace("bcubed", "B³"), lambda row: f"{row[name]:.4f}", right=True, drop=order
        )

    head: tuple[Column, ...] = (Column("file", lambda row: row["file"]),)
    head += (Column("setting", lambda row: row["setting"]),) if sweeping else ()
    return (
        *head,
        Column("entries", lambda row: str(row["items"]), right=True),
        *(figure(name, order) for name, order in FIGURES.items()),
        Column("labelled", lambda row: str(row["labelled_clusters"]), right=True, drop=1),
        Column("predicted", lambda row: str(row["predicted_clusters"]), right=True, drop=2),
    )


@click.command("replay")
@click.option("--dry-run", is_flag=True, required=True, help="Only show what would change; nothing is written.")
@click.option("--since", metavar="TIME", help="Entries first seen since.")
@click.option("--set", "assignments", multiple=True, metavar="SECTION.KEY=VALUE", help="A setting to try; repeatable.")
@list_options
@click.pass_obj
def replay_command(session: Session, dry_run: bool, since: str | None, assignments: tuple[str, ...], form: str) -> None:
    """Show how other settings would group the stored entries."""
    from aggregator.ingest.replay import replay

    settings = session.settings_with(assignments)
    publishers = families(session.feeds_if_any() or ())
    with session.open_existing() as app, progress("replaying", quiet=session.quiet) as advance:
        outcome = replay(app.store, settings, publishers, session.moment(since), advance)
    _print_outcome(outcome, "Nothing would change.", form)


@click.command("recluster")
@click.argument("archives", nargs=-1, type=click.Path(path_type=Path), metavar="[ARCHIVE...]")
@output_option("For archives: the file to write; default: stdout, also for -.")
@click.option(
    "--engine",
    type=click.Choice(("local", "dask")),
    default="local",
    help="For archives: work in this process, or on the cluster of run.dask_address.",
)
@list_options
@click.pass_obj
def recluster_command(session: Session, archives: tuple[Path, ...], output: Path | None, engine: str, form: str) -> int:
    """Cluster the window again and show what changed. Editors' decisions hold.

    With ARCHIVE, cluster archives in a scratch database instead, and write the story of each of their entries as
    JSON Lines; the database is not changed. An ARCHIVE is JSON Lines, or Parquet if its name ends in .parquet.
    """
    if archives:
        return _recluster_archives(session, archives, output, engine)
    if engine != "local":
        raise UsageError("--engine is for archives: name one. The reports of the window are clustered in this process")
    if output is not None:
        raise UsageError("--output is for archives: name one. Stories of the database stay in it; `export` writes them")
    with session.open_existing() as app, progress("clustering anew", quiet=session.quiet) as advance:
        outcome = app.recluster(advance)
    _print_outcome(outcome, "Nothing changed.", form)
    return 0


def _recluster_archives(session: Session, archives: tuple[Path, ...], output: Path | None, engine: str) -> int:
    from aggregator.desk.parquet import lines_of_archive
    from aggregator.ingest.archive_clustering import cluster_archives

    parse, run = session.settings.parse, session.settings.run
    lines: list[str] = []
    with ExitStack() as stack:
        workers = None
        if engine == "dask":
            cluster = open_executor("dask", parse.workers, parse.deadline, parse.memory, run.dask_address)
            workers = stack.enter_context(cluster)
        advance = stack.enter_context(progress("clustering archives", quiet=session.quiet))
        skips = cluster_archives(
            archives,
            session.settings,
            session.clock(),
            advance,
            lambda row: lines.append(json_text(plain(row))),
            workers,
            lines_of_archive,
        )
    for path, skip in skips:
        print_left_out(path, skip)
    if output is not None:
        write_output(output, "".join(f"{line}\n" for line in lines).encode("utf-8"))
    else:
        for line in lines:
            emit(line)
    return PARTLY_FAILED if skips else 0


def _print_outcome(outcome: Outcome, empty: str, form: str) -> None:
    columns = (
        Column("change", lambda row: row["change"]),
        Column("stories", lambda row: " ".join(row["stories"])),
        Column(
            "entries",
            lambda row: str(row["entries"]),
            right=True,
            under=lambda row: amount(row["entries"], "entry", "entries"),
        ),
        Column("title", lambda row: row["title"], wrap=True, place="headline"),
    )
    rows = [asdict(change) for change in outcome.changes]
    print_list(rows, columns, form, empty=empty, fields="change stories entries title")
    if form == "table":
        emit("")
        emit(outcome.sentence)
