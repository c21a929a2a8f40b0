"""Play a recording of feeds through the product, one poll after another, with the clock at each poll's time.

    python bench/replay_week.py RECORDING FOLDER [--from TIME] [--until TIME] [--set SECTION.KEY=VALUE]

RECORDING is a folder, or a tar archive, of FEED/TIME.xml: the bytes as they came, TIME as 2026-03-10T061500Z. It is
served on loopback as it stood at each moment, with validators. Or RECORDING is the address of a server that does so:
/feeds.opml, /FEED.xml, /__times (one a line) and /__at?TIME (moves to that moment). FOLDER gets feeds.yaml,
aggregator.db and polls.jsonl, the outcome of each feed at each poll. Prints seconds, peak memory of all the product's
processes together, and counts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen
from xml.sax.saxutils import quoteattr

PRODUCT = [sys.executable, "-m", "aggregator"]
PARTLY = 4


class Recording:
    """What was recorded, and the moment it stands at."""

    def __init__(self, source: Path) -> None:
        self.feeds: dict[str, list[tuple[str, bytes]]] = {}
        for name, body in _files(source):
            self.feeds.setdefault(Path(name).parent.name, []).append((Path(name).stem, body))
        for polls in self.feeds.values():
            polls.sort()
        self.times = sorted({at for polls in self.feeds.values() for at, _ in polls})
        if not self.times:
            raise SystemExit(f"{source}: no FEED/TIME.xml in it.")
        self.now = self.times[0]

    def body(self, feed: str) -> bytes | None:
        """Return the newest body of a feed at the present moment."""
        polls = self.feeds.get(feed, [])
        place = bisect_right([at for at, _ in polls], self.now)
        return polls[place - 1][1] if place else None

    def answer(self, path: str, query: str, base: str) -> bytes | None:
        """Return what stands at a path; None where nothing does."""
        if path == "/__times":
            return "\n".join(self.times).encode()
        if path == "/__at":
            self.now = query
            return b"moved"
        if path == "/feeds.opml":
            rows = "".join(
                f"<outline type='rss' text={quoteattr(name)} xmlUrl={quoteattr(f'{base}/{name}.xml')}/>"
                for name in sorted(self.feeds)
            )
            return f"<opml version='2.0'><head><title>recording</title></head><body>{rows}</body></opml>".encode()
        return self.body(path.strip("/").removesuffix(".xml"))


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for path in source.glob("*/*.xml"):
            yield str(path), path.read_bytes()
        return
    with tarfile.open(source) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(".xml") else None
            if file is not None:
                yield member.name, file.read()


@contextmanager
def served(recording: Recording) -> Iterator[str]:
    """Serve a recording on loopback and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = recording.answer(url.path, url.query, f"http://{self.headers['Host']}")
            tag = f'"{hashlib.sha256(body or b"").hexdigest()[:20]}"'
            same = body is not None and self.headers.get("If-None-Match") == tag
            self.send_response(304 if same else 200 if body is not None else 404)
            self.send_header("ETag", tag)
            sent = b"" if same or body is None else body
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with loopback(Handler) as address:
        yield address


@contextmanager
def loopback(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on the loopback address what the handler answers; yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def get(address: str) -> bytes:
    """Return the body at an address of the recording's server."""
    with urlopen(address, timeout=30) as answer:
        return bytes(answer.read())


def megabytes(root: int) -> float:
    """Return the memory of a process and all its descendants, shared pages counted once (Linux; elsewhere 0)."""
    pages, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            pages += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, ValueError):
            continue  # it ended while it was read
    return pages / 1024


def poll(arguments: list[str]) -> tuple[list[dict[str, object]], float]:
    """Run one pass of the product; return the outcomes of its feeds and its peak memory in megabytes."""
    with subprocess.Popen([*PRODUCT, *arguments], stdout=subprocess.PIPE, text=True) as process:
        peak = [0.0]

        def watch() -> None:
            while process.poll() is None:
                peak[0] = max(peak[0], megabytes(process.pid))
                time.sleep(0.1)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        out, _ = process.communicate()
    if process.returncode not in (0, PARTLY):
        raise SystemExit(f"aggregator {' '.join(arguments)} ended with {process.returncode}.")
    return [json.loads(row) for row in out.splitlines()], peak[0]


def play(base: str, folder: Path, options: argparse.Namespace) -> None:
    """Poll every feed at every recorded time, and print what it took."""
    times = [at for at in get(f"{base}/__times").decode().split() if options.since <= at <= options.until]
    folder.mkdir(parents=True, exist_ok=True)
    feeds, log = folder / "feeds.yaml", folder / "polls.jsonl"
    here = [f"--feeds={feeds}", f"--db={folder / 'aggregator.db'}"]
    if not feeds.exists():
        (folder / "recording.opml").write_bytes(get(f"{base}/feeds.opml"))
        opml = str(folder / "recording.opml")
        subprocess.run([*PRODUCT, *here, "feeds", "import", opml], check=True, stdout=sys.stderr)
    host = urlsplit(base).netloc  # one machine plays every host, so its manners between feeds would only cost time
    settings = (f"fetch.allow_private_networks={host}", "fetch.host_delay=0", "fetch.per_host=16", *options.set)
    here += [f"--set={setting}" for setting in settings]
    counts: Counter[str] = Counter()
    peak, started = 0.0, time.perf_counter()
    with log.open("a", encoding="utf-8") as written:
        for number, at in enumerate(times, start=1):
            get(f"{base}/__at?{at}")
            moment = datetime.strptime(at, "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC).isoformat()
            rows, memory = poll([*here, "-q", f"--now={moment}", "fetch", "--all", "--format=jsonl"])
            peak = max(peak, memory)
            for row in rows:
                written.write(json.dumps({"at": at, **row}, ensure_ascii=False) + "\n")
                counts[f"feeds {row['status']}"] += 1
                counts.update({f"entries {key}": int(str(row[key])) for key in ("new", "updated", "known", "skipped")})
            print(f"{number}/{len(times)}  {at}  {sum(int(str(row['new'])) for row in rows)} new", file=sys.stderr)
    seconds = time.perf_counter() - started
    print(f"{len(times)} polls  {seconds:.1f} s  {seconds / max(1, len(times)):.2f} s a poll  peak {peak:.0f} MB")
    for name, count in sorted(counts.items()):
        print(f"{name:20} {count}")


def main() -> int:
    """Play the recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", help="a folder, a tar archive or the address of a server")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--from", dest="since", default="", metavar="TIME")
    parser.add_argument("--until", default="~", metavar="TIME")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    options = parser.parse_args()
    if "://" in options.recording:
        play(options.recording.rstrip("/"), options.folder, options)
    else:
        with served(Recording(Path(options.recording))) as base:
            play(base, options.folder, options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
