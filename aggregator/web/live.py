"""Live updates of open pages: the database is checked once a second, however many pages are open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from aggregator import Aggregator
from aggregator.web.newsrooms import Newsrooms

_EVERY = 1.0
# Seconds between comment lines that keep proxies from closing a quiet stream.
_PULSE = 20.0
MOST_LISTENERS = 50


class Changes:
    """Watches the database while any page listens."""

    def __init__(self, newsrooms: Newsrooms) -> None:
        self._newsrooms = newsrooms
        self._listeners: set[asyncio.Event] = set()
        self._watching: asyncio.Task[None] | None = None
        self._ending = False

    def end(self) -> None:
        """End every stream."""
        self._ending = True
        self._wake_listeners()

    def _wake_listeners(self) -> None:
        for listener in self._listeners:
            listener.set()

    @property
    def is_full(self) -> bool:
        """Return whether no further listener is accepted."""
        return len(self._listeners) >= MOST_LISTENERS

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the events for one open page."""
        heard = asyncio.Event()
        self._listeners.add(heard)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            yield b"retry: 5000\n\n"
            while not self._ending:
                try:
                    async with asyncio.timeout(_PULSE):
                        await heard.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                heard.clear()
                if not self._ending:
                    yield b"event: changed\ndata: {}\n\n"
        finally:
            self._listeners.discard(heard)

    async def _watch(self) -> None:
        with self._newsrooms.one() as app:
            before = await run_in_threadpool(app.stamp)
            while self._listeners and not self._ending:
                await asyncio.sleep(_EVERY)
                now = await _stamp(app, before)
                if now != before:
                    before = now
                    self._wake_listeners()


async def _stamp(app: Aggregator, before: int) -> int:
    with suppress(Exception):  # a database that is busy or missing counts as unchanged
        return await run_in_threadpool(app.stamp)
    return before


async def changes(request: Request) -> Response:
    """``/changes``: a stream of server-sent events, one whenever the database changed."""
    watched: Changes = request.app.state.changes
    if watched.is_full:
        return PlainTextResponse("Too many pages listen already; this one is up to date when it is loaded.\n", 503)
    return StreamingResponse(watched.stream(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})
