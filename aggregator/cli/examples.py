"""Two examples in the help of every command; a test runs each against the command line."""

from __future__ import annotations

import click

# The words of a command -> what may be typed, without the program's name.
EXAMPLES: dict[str, tuple[str, str]] = {
    "": ("demo", "stories --since 2h --min-publishers 3"),
    "run": ("run", "run --feeds desk/feeds.yaml"),
    "fetch": ("fetch", "fetch --all NATO"),
    "stories": ("stories --since 2h --min-publishers 3", "stories --match 'flood Brackwater' --format csv"),
    "story": ("story show s8rv4", "story why s8rv4 e3ekf"),
    "story show": ("story show s8rv4", "story show s8rv4 --json"),
    "story why": ("story why s8rv4 e3ekf -v", "story why s8rv4 s97gm"),
    "story timeline": ("story timeline s8rv4", "story timeline s8rv4 --output lanes.svg"),
    "story lags": ("story lags --since 30d", "story lags --category defence --json"),
    "story diff": ("story diff s8rv4", "story diff s8rv4 --since 2h --full"),
    "story new": ("story new s8rv4", "story new s8rv4 --since yesterday"),
    "story merge": ("story merge s8rv4 s97gm", "story merge s8rv4 s97gm --by mara"),
    "story split": ("story split s8rv4 esnn6", "story split s8rv4 esnn6 e3ekf --by mara"),
    "story move": ("story move esnn6 s97gm", "story move esnn6 s97gm --by mara"),
    "story pin": ("story pin s8rv4 e3ekf", "story pin s8rv4 e3ekf --by mara"),
    "story forbid": ("story forbid s8rv4 s97gm", "story forbid e3ekf esnn6 --by mara"),
    "story undo": ("story undo", "story undo --by mara"),
    "story log": ("story log --limit 10", "story log --format csv"),
    "storyline": ("storyline list", "storyline show l4kq2"),
    "storyline list": ("storyline list", "storyline list --json"),
    "storyline show": ("storyline show l4kq2", "storyline show l4kq2 --json"),
    "storyline name": (
        "storyline name l4kq2 'Guarantee force'",
        "storyline name l4kq2 'Floods in the north' --by mara",
    ),
    "storyline tie": ("storyline tie s8rv4 s97gm", "storyline tie s8rv4 s97gm --by mara"),
    "storyline untie": ("storyline untie s8rv4", "storyline untie s8rv4 --by mara"),
    "entry": ("entry show e3ekf", "entry headlines --since 1d"),
    "entry show": ("entry show e3ekf", "entry show e3ekf --json"),
    "entry revisions": ("entry revisions e3ekf", "entry revisions e3ekf --json"),
    "entry diff": ("entry diff e3ekf", "entry diff e3ekf --from 1 --to 3 --full"),
    "entry headlines": ("entry headlines", "entry headlines --since 3d --format csv"),
    "search": ("search 'guarantee force'", "search Brackwater --since 2d --limit 5"),
    "digest": ("digest --date yesterday --output digest.html", "digest --edition evening --mail"),
    "watch": ("watch list", "watch test --word Ukraine --word 'force|troops'"),
    "watch add": (
        "watch add ukraine --word Ukraine --to file:alerts.jsonl",
        "watch add floods --word 'flood*' --min-publishers 2 --to mail:desk@example.org",
    ),
    "watch list": ("watch list", "watch list --json"),
    "watch remove": ("watch remove ukraine", "watch remove ukraine --db desk.db"),
    "watch test": ("watch test ukraine --since 3d", "watch test --word Ukraine --word 'force|troops'"),
    "watch log": ("watch log", "watch log ukraine --limit 10"),
    "feeds": ("feeds list", "feeds add example.org/rss --name Example"),
    "feeds health": ("feeds health", "feeds health --faults --json"),
    "feeds list": ("feeds list", "feeds list --format csv"),
    "feeds add": ("feeds add example.org", "feeds add https://example.org/rss --name Example --category world"),
    "feeds discover": ("feeds discover example.org", "feeds discover https://example.org/news --json"),
    "feeds remove": ("feeds remove NATO", "feeds remove https://example.org/rss"),
    "feeds pause": ("feeds pause NATO", "feeds pause https://example.org/rss"),
    "feeds resume": ("feeds resume NATO", "feeds resume https://example.org/rss"),
    "feeds import": ("feeds import subscriptions.opml", "feeds import addresses.txt feeds.csv"),
    "feeds export": ("feeds export", "feeds export --output feeds.opml"),
    "import": ("import archive.jsonl", "import 2025.jsonl 2026.jsonl --json"),
    "export": ("export --since 7d", "export --output entries.parquet"),
    "evaluate": ("evaluate labelled.jsonl", "evaluate labelled.jsonl --sweep stories.threshold=0.35,0.45,0.55"),
    "replay": ("replay --dry-run --set stories.threshold=0.5", "replay --dry-run --since 7d --json"),
    "recluster": ("recluster", "recluster --engine dask archive.jsonl --output placed.jsonl"),
    "web": ("web", "web --set web.address=127.0.0.1:9000"),
    "demo": ("demo", "demo --keep morning"),
    "init": ("init", "init desk --systemd"),
    "status": ("status", "status --json"),
    "health": ("health", "health --max-age 15m"),
    "config": ("config check", "config show --origin"),
    "config show": ("config show", "config show --origin --format csv"),
    "config path": ("config path", "config path --db desk.db"),
    "config datasette": ("config datasette", "config datasette --db desk.db"),
    "config check": ("config check", "config check --feeds desk/feeds.yaml"),
    "db": ("db check", "db backup"),
    "db check": ("db check", "db check --db desk.db"),
    "db backup": ("db backup", "db backup copies/monday.db"),
    "db restore": ("db restore copies/monday.db", "db restore backups/aggregator-20260310.db --db desk.db"),
    "db prune": ("db prune", "db prune --json"),
    "db resketch": ("db resketch", "db resketch --db desk.db"),
    "db vacuum": ("db vacuum", "db vacuum --db desk.db"),
    "completion": ("completion bash", "completion fish"),
}


def show_examples(command: click.Command, path: tuple[str, ...]) -> None:
    """Add examples to the help of a command and its subcommands."""
    shown = EXAMPLES.get(" ".join(path))
    if shown is not None:
        lines = "\n".join(f"  aggregator {one}" for one in shown)
        command.epilog = f"\b\nExamples:\n{lines}"
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        show_examples(below, (*path, name))


def write_examples(path: tuple[str, ...], formatter: click.HelpFormatter) -> None:
    """Write the examples of a command as a section of its help."""
    with formatter.section("Examples"):
        for one in EXAMPLES[" ".join(path)]:
            formatter.write_text(f"aggregator {one}")
