"""The host schedule: when each host may be asked next, with bounded concurrency and pauses. Pure."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Host:
    waiting: deque[str] = field(default_factory=deque)
    running: int = 0
    free_at: float = 0.0  # when the next request may start
    queued: bool = False  # is in the heap


class HostSchedule:
    """Schedules work by host: at most ``per_host`` items of a host at once, ``delay`` seconds between two of its requests.

    Times are seconds on any clock that does not jump. Hosts take turns; work of one host keeps its order. Each
    operation takes time logarithmic in the number of hosts.
    """

    def __init__(self, per_host: int = 1, delay: float = 1.0) -> None:
        self._per_host = max(per_host, 1)
        self._delay = max(delay, 0.0)
        self._hosts: dict[str, _Host] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._order = 0
        self._host_of: dict[str, str] = {}  # of the work under way
        self._waiting = 0

    def __len__(self) -> int:
        """Work that waits or is under way."""
        return self._waiting + len(self._host_of)

    @property
    def running(self) -> int:
        """Work under way."""
        return len(self._host_of)

    def add(self, key: str, host: str) -> None:
        """Add an item of work for a host; ``key`` must be new."""
        slot = self._hosts.setdefault(host, _Host())
        slot.waiting.append(key)
        self._waiting += 1
        self._queue(host, slot)

    def ready(self, now: float, limit: int | None = None) -> list[str]:
        """Return at most ``limit`` items that may start now; the caller ends each with ``done``."""
        handed: list[str] = []
        while self._heap and self._heap[0][0] <= now and (limit is None or len(handed) < limit):
            _, _, host = heapq.heappop(self._heap)
            slot = self._hosts[host]
            slot.queued = False
            if slot.waiting and slot.running < self._per_host and slot.free_at <= now:
                key = slot.waiting.popleft()
                self._waiting -= 1
                slot.running += 1
                slot.free_at = now + self._delay
                self._host_of[key] = host
                handed.append(key)
            self._queue(host, slot)
        return handed

    def done(self, key: str, now: float) -> None:
        """End an item of work. The pause before the next item of its host begins now."""
        host = self._host_of.pop(key)
        slot = self._hosts[host]
        slot.running -= 1
        slot.free_at = max(slot.free_at, now + self._delay)
        self._queue(host, slot)

    def remove(self, host: str, which: Callable[[str], bool]) -> list[str]:
        """Remove and return the waiting items of a host for which ``which`` is true, after a 429 or 503.

        The schedule does not know how long the host is left alone: the feeds' due times say it.
        """
        slot = self._hosts.setdefault(host, _Host())
        taken = [key for key in slot.waiting if which(key)]
        gone = set(taken)
        slot.waiting = deque(key for key in slot.waiting if key not in gone)
        self._waiting -= len(taken)
        return taken

    def clear(self, now: float) -> None:
        """Forget all items, and all hosts except those that still need a pause."""
        self._heap.clear()
        self._host_of.clear()
        self._waiting = 0
        self._hosts = {host: _Host(free_at=slot.free_at) for host, slot in self._hosts.items() if slot.free_at > now}

    def wait(self, now: float) -> float | None:
        """Return the seconds until an item may start; None if none can start before ``add`` or ``done`` is called."""
        return max(self._heap[0][0] - now, 0.0) if self._heap else None

    def _queue(self, host: str, slot: _Host) -> None:
        if not slot.queued and slot.waiting and slot.running < self._per_host:
            self._order += 1
            heapq.heappush(self._heap, (slot.free_at, self._order, host))
            slot.queued = True
