"""A loopback server for the demonstration's feeds, with validators."""

from __future__ import annotations

import hashlib
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

from aggregator.demo.content import OUTLETS, Stage, document, moment

_MEDIA_TYPES = {outlet.file: outlet.media_type for outlet in OUTLETS}


class DemoServer:
    """Serves every outlet on a free port of 127.0.0.1 while the context is open.

    Setting ``stage`` moves all outlets to another time of the day; the ETag of a document changes with its content.
    """

    def __init__(self) -> None:
        self.stage: Stage = "morning"
        self._http = _Http(("127.0.0.1", 0), self)
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base(self) -> str:
        """Return the base address of the files, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], demo: DemoServer) -> None:
        self.demo = demo
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        stage = self.server.demo.stage
        file = self.path.partition("?")[0].lstrip("/")
        try:
            body = document(file, stage)
        except KeyError:
            self._answer(404, {"Content-Type": "text/plain"}, b"There is no such outlet.\n")
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        validators = {"ETag": tag, "Last-Modified": format_datetime(moment(stage), usegmt=True)}
        asked = self.headers.get("If-None-Match", "")
        if tag in (part.strip().removeprefix("W/") for part in asked.split(",")):
            self._answer(304, validators, b"")
        else:
            self._answer(200, {"Content-Type": _MEDIA_TYPES[file], **validators}, body)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, because the demonstration prints its own output."""
