"""The thread that ends what takes too long, by itself."""

from __future__ import annotations

import socket
import threading
import time

from aggregator.fetching.deadline import FetchCall, Watchdog
from aggregator.fetching.guard import AddressGuard
from aggregator.fetching.resolver import Resolver


def call(seconds: float) -> FetchCall:
    return FetchCall(time.monotonic() + seconds, AddressGuard(True), Resolver(), proxied=False)


def test_a_reader_wakes_up_at_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    watchdog = Watchdog()
    late, early = call(60), call(0.05)
    with ours, theirs:
        early.attach(ours)
        watchdog.watch(late)
        watchdog.watch(early)
        assert ours.recv(1) == b"", "the other side said nothing"
        assert (early.expired, late.expired) == (True, False)
        watchdog.forget(early)
        watchdog.close()
    assert late.expired, "closing ends what is under way"


def test_a_socket_that_comes_after_the_deadline_is_shut_at_once() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        expired = call(60)
        expired.expire()
        expired.attach(ours)
        assert ours.recv(1) == b""


def test_a_socket_taken_back_is_left_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = call(60)
        done.attach(ours)
        done.detach()
        done.expire()
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"


def test_one_thread_for_all_and_none_left_behind() -> None:
    for _ in range(50):
        watchdog = Watchdog()
        calls = [call(60) for _ in range(20)]
        for one in calls:
            watchdog.watch(one)
        assert _watchdogs() == 1
        for one in calls:
            watchdog.forget(one)
        watchdog.close()
    assert _watchdogs() == 0


def _watchdogs() -> int:
    return sum(thread.name == "fetch-watchdog" for thread in threading.enumerate())
