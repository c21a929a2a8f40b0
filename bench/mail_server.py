"""A mail server on loopback that takes every message."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ANSWERS = {"EHLO": b"250 local", "DATA": b"354 go on", "QUIT": b"221 bye"}


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Answer each command, and read a message to its end."""
        self.wfile.write(b"220 local\r\n")
        while line := self.rfile.readline():
            verb = line[:4].decode("ascii", "replace").upper()
            self.wfile.write(_ANSWERS.get(verb, b"250 taken") + b"\r\n")
            if verb == "DATA":
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.wfile.write(b"250 taken\r\n")
            if verb == "QUIT":
                return


@contextmanager
def mail_server() -> Iterator[int]:
    """Serve on a free port while the context is open; yield the port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()
