"""Slots per host, as a simulation with its own clock."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetching.hosts import HostSchedule
from aggregator.text.address import host_of


def add_all(schedule: HostSchedule, work: Iterable[tuple[str, str]]) -> None:
    """Add pairs of key and host."""
    for key, host in work:
        schedule.add(key, host)


def run(
    work: list[tuple[str, float]], per_host: int, delay: float, workers: int
) -> tuple[dict[str, list[tuple[float, float]]], list[str]]:
    """Play a pass: each piece of work is a host and how long its request takes; returns starts and ends by host."""
    schedule = HostSchedule(per_host, delay)
    hosts = {str(number): host for number, (host, _) in enumerate(work)}
    add_all(schedule, hosts.items())
    now = 0.0
    under_way: list[tuple[float, str]] = []
    order: list[str] = []
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    while len(schedule):
        for key in schedule.ready(now, workers - schedule.running):
            end = now + work[int(key)][1]
            heapq.heappush(under_way, (end, key))
            spans[hosts[key]].append((now, end))
            order.append(key)
        pause = schedule.wait(now) if schedule.running < workers else None
        ends = under_way[0][0] if under_way else None
        assert pause is not None or ends is not None, "work waits and nothing will ever start it"
        if ends is not None and (pause is None or ends <= now + pause):
            now = max(now, ends)
            schedule.done(heapq.heappop(under_way)[1], now)
        elif pause is not None:
            now += max(pause, 1e-9)
    return spans, order


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 5)), max_size=40),
    st.integers(1, 3),
    st.sampled_from([0.0, 1.0, 1.5]),
    st.integers(1, 6),
)
def test_never_more_of_one_host_than_allowed_nor_sooner(
    work: list[tuple[str, float]], per_host: int, delay: float, workers: int
) -> None:
    spans, order = run(work, per_host, delay, workers)
    assert sorted(order, key=int) == [str(number) for number in range(len(work))], "everything once"
    for host, times in spans.items():
        for earlier, later in pairwise(times):
            assert later[0] - earlier[0] >= delay - 1e-6
        for start, _ in times:
            assert sum(begun <= start < end for begun, end in times) <= per_host
        if per_host == 1:
            assert all(later[0] - earlier[1] >= delay - 1e-6 for earlier, later in pairwise(times))
        mine = [key for key in order if work[int(key)][0] == host]
        assert mine == sorted(mine, key=int), "in the order it came"


def test_hosts_run_side_by_side() -> None:
    work = [(host, 1.0) for _ in range(5) for host in "abcdefgh"]
    spans, _ = run(work, 1, 1.0, 32)
    assert max(end for times in spans.values() for _, end in times) == 9.0, "eight hosts take as long as one"


def test_hosts_take_turns() -> None:
    schedule = HostSchedule(per_host=4, delay=0)
    add_all(schedule, [(f"a{number}", "a") for number in range(4)] + [(f"b{number}", "b") for number in range(4)])
    assert [key[0] for key in schedule.ready(0.0, 4)] == ["a", "b", "a", "b"]


def test_a_thousand_feeds_on_one_allowed_host() -> None:
    schedule = HostSchedule(per_host=32, delay=0)
    add_all(schedule, ((str(number), "loop") for number in range(1_000)))
    done = 0
    while len(schedule):
        keys = schedule.ready(0.0)
        assert len(keys) == min(32, 1_000 - done)
        for key in keys:
            schedule.done(key, 0.0)
        done += len(keys)


def test_a_host_that_had_enough_is_left_alone() -> None:
    schedule = HostSchedule(per_host=1, delay=1.0)
    add_all(schedule, [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b")])
    assert schedule.ready(0.0) == ["a1", "b1"]
    assert schedule.remove("a", lambda key: key != "a3") == ["a2"], "for the caller to put off"
    assert len(schedule) == 3
    schedule.done("a1", 0.5)
    schedule.done("b1", 0.5)
    assert schedule.ready(1.5) == ["a3"], "what does not obey goes on, after the usual pause"
    schedule.done("a3", 2.0)
    schedule.add("a4", "a")
    assert schedule.ready(3.0) == ["a4"], "a later pass is not held up by what this one was told"


def test_http_and_https_are_one_host() -> None:
    assert host_of("http://Example.org/feed") == host_of("https://example.org.:8443/") == "example.org"
    assert host_of("http://[") == ""


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=20), st.integers(1, 3))
def test_after_clearing_nothing_waits_or_runs_and_the_pauses_are_kept(
    work: list[tuple[str, bool]], per_host: int
) -> None:
    schedule = HostSchedule(per_host, delay=5.0)
    add_all(schedule, ((str(number), host) for number, (host, _) in enumerate(work)))
    asked = {work[int(key)][0] for key in schedule.ready(10.0)}
    schedule.clear(10.0)
    assert len(schedule) == schedule.running == 0
    assert schedule.wait(10.0) is None
    add_all(schedule, ((host, host) for host in "abc"))  # the next pass, on the same hosts
    assert set(schedule.ready(10.0)) == set("abc") - asked
    assert set(schedule.ready(15.0)) == asked


def test_a_host_that_is_owed_no_pause_is_forgotten_with_its_work() -> None:
    schedule = HostSchedule(delay=5.0)
    add_all(schedule, [("1", "a"), ("2", "b")])
    schedule.ready(10.0, 1)
    schedule.clear(10.0)
    assert list(schedule._hosts) == ["a"]
    schedule.clear(15.0)
    assert not schedule._hosts  # a desk asks tens of thousands of hosts over the months
