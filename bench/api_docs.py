"""Builds the documentation of the public Python API with pdoc and checks that no link in it is dead.

    python bench/api_docs.py FOLDER

Exit code 1 and a line for each dead link where there are any. Links to other hosts are not followed.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a user of the Python API meets, by the names they import it by.
MODULES = (
    "aggregator",
    "aggregator.app",
    "aggregator.desk.lookup",
    "aggregator.model",
    "aggregator.settings",
    "aggregator.exceptions",
)


class Page(HTMLParser):
    """The links of a page and the anchors that it offers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link or an anchor."""
        for name, value in attrs:
            if value and name in ("href", "src"):
                self.links.append(value)
            elif value and name == "id":
                self.anchors.add(value)


def dead_links(folder: Path) -> list[str]:
    """Return "page: link" for each link that leads to a page or an anchor that is not there."""
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(folder.rglob("*.html"))}
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target not in pages:
                found = target.is_file()
            else:
                found = not parts.fragment or unquote(parts.fragment) in pages[target].anchors
            if not found:
                dead.append(f"{path.relative_to(folder)}: {link}")
    return dead


def main(folder: Path) -> int:
    """Build the pages into ``folder``, report dead links, return the exit code."""
    import pdoc

    import aggregator

    for (
        name
    ) in aggregator.__all__:  # the package imports a name when it is first asked for; pdoc looks at what is there
        setattr(aggregator, name, getattr(aggregator, name))
    folder = folder.resolve()
    pdoc.pdoc(*MODULES, output_directory=folder)
    dead = dead_links(folder)
    for line in dead:
        print(line)
    print(f"{len(list(folder.rglob('*.html')))} pages, {len(dead)} dead links")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
