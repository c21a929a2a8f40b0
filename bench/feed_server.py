"""A loopback server of many feeds, for the benchmarks: FEEDS feeds of ENTRIES entries each, with ETags.

    python bench/feed_server.py FEEDS ENTRIES

Prints its address; stops when its standard input is closed.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aggregator.clustering.vocabulary import BACKGROUND, words_by_frequency


def _vocabulary() -> tuple[list[str], list[float]]:
    """Return English words and how often each stands beside the others, summed up: texts made of them read as English."""
    words, shares = [], []
    for step, common in words_by_frequency((BACKGROUND / "en.txt").read_text("utf-8")):
        for word in common.split():
            words.append(word)
            shares.append(10 ** (step / 10 - 3))
    return words, list(itertools.accumulate(shares))


WORDS, SHARES = _vocabulary()


def document(feed: int, entries: int) -> bytes:
    """Return an RSS document: texts of some 60 words, never twice the same."""
    chance = random.Random(feed)
    rows = []
    for entry in range(entries):
        text = " ".join(chance.choices(WORDS, cum_weights=SHARES, k=60))
        title = " ".join(chance.choices(WORDS, cum_weights=SHARES, k=9)).capitalize()
        rows.append(
            f"<item><guid isPermaLink='false'>{feed}-{entry}</guid><title>{title}</title><link>https://example.org/{feed}/{entry}</link>"
            f"<description>&lt;p&gt;{text}&lt;/p&gt;</description><pubDate>Tue, 10 Mar 2026 {entry % 24:02}:{entry % 60:02}:00 GMT</pubDate></item>"
        )
    # About half of the feeds one meets name their language; the others' entries are looked at one by one.
    language = "<language>en</language>" if feed % 2 else ""
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed {feed}</title>{language}{''.join(rows)}</channel></rss>".encode()


def main() -> None:
    """Serve until standard input ends."""
    feeds, entries = int(sys.argv[1]), int(sys.argv[2])
    bodies = {f"/{feed}.xml": document(feed, entries) for feed in range(feeds)}
    tags = {path: f'"{hashlib.sha256(body).hexdigest()[:16]}"' for path, body in bodies.items()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = bodies.get(self.path)
            if body is None:
                self.send_error(404)
                return
            same = self.headers.get("If-None-Match") == tags[self.path]
            self.send_response(304 if same else 200)
            self.send_header("ETag", tags[self.path])
            self.send_header("Content-Length", "0" if same else str(len(body)))
            self.send_header("Content-Type", "application/rss+xml")
            self.end_headers()
            if not same:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
