"""``init``: the first files of a desk, and the unit that runs it as a service."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import click

from aggregator.cli.session import FEEDS
from aggregator.config.files import write_output, write_private
from aggregator.config.settings_files import FILE_NAME
from aggregator.config.shipped import shipped_folder

UNIT = "aggregator.service"
_PROGRAM = "/opt/aggregator/bin/aggregator"  # the program's path in the shipped unit
_HIDDEN = ("/home", "/root", "/run/user")  # folders that the unit cannot read because of its ProtectHome


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--systemd", is_flag=True, help="Also write the unit of a systemd service.")
def init_command(folder: Path, systemd: bool) -> None:
    """Write a starter feeds.yaml and settings file. Existing files are left unchanged."""
    starters = files("aggregator.config") / "starters"
    for name in (FEEDS, FILE_NAME):
        path = folder / name
        if _is_new(path):
            write_private(path, (starters / name).read_bytes())
            click.echo(f"{path}: written.", err=True)
    if systemd:
        _write_unit(folder / UNIT)
    click.echo("Next: put your feeds into feeds.yaml, then `aggregator run` in that folder.", err=True)


def _is_new(path: Path) -> bool:
    if path.exists():
        click.echo(f"{path}: exists already, left unchanged.", err=True)
        return False
    return True


def _write_unit(path: Path) -> None:
    """Write the unit with the path of this program, and print how to enable it."""
    if not _is_new(path):
        return
    program = Path(sys.executable).with_name("aggregator")
    text = (shipped_folder() / UNIT).read_text(encoding="utf-8")
    if program.exists():
        text = text.replace(_PROGRAM, str(program))
    write_output(path, text.encode("utf-8"))
    click.echo(f"{path}: written. As root:", err=True)
    click.echo(f"  install -D -m 600 feeds.yaml /etc/aggregator/feeds.yaml && cp {path} /etc/systemd/system/", err=True)
    click.echo("  systemctl daemon-reload && systemctl enable --now aggregator", err=True)
    if str(program).startswith(_HIDDEN):
        click.echo(
            f"Note: a service may not look into {program.parents[1]}; install the program into /opt/aggregator for it.",
            err=True,
        )
