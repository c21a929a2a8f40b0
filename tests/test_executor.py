from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Literal, TypeVar

import pytest

from aggregator import cpu_deadline
from aggregator.exceptions import ConfigurationError
from aggregator.executor import ProcessWorkers, TaskError, TaskFailure, failure_of, open_executor
from tests import slow_start
from tests.tasks import double, misbehave, pid, rest

Task = TypeVar("Task")
Value = TypeVar("Value")
MEMORY = 500_000_000
ROOT = Path(__file__).parents[1]


@pytest.fixture
def workers() -> Iterator[ProcessWorkers]:
    with ProcessWorkers(2, deadline=1.0, memory=MEMORY) as made:
        yield made


def failure(workers: ProcessWorkers, how: str) -> TaskFailure:
    with pytest.raises(TaskError) as caught:
        workers.run(misbehave, how)
    return caught.value.failure


def results(executor: Executor, function: Callable[[Task], Value], tasks: Iterable[Task]) -> list[Value | TaskFailure]:
    """Run all tasks at once; a task that fails gives its failure."""
    futures = [executor.submit(function, task) for task in tasks]
    errors = [future.exception() for future in futures]
    return [
        future.result() if error is None else failure_of(error) for future, error in zip(futures, errors, strict=True)
    ]


@pytest.mark.parametrize("engine", ["processes", "threads"])
def test_every_engine_gives_one_result_a_task(engine: Literal["processes", "threads"]) -> None:
    with open_executor(engine, 2, 5.0, MEMORY) as executor:
        assert results(executor, double, range(50)) == [2 * number for number in range(50)]


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("sleep", "deadline", "took longer than 1 s and was stopped"),
        pytest.param("backtrack", "deadline", "took longer", marks=pytest.mark.costly),
        pytest.param("memory", "memory", "more memory", marks=pytest.mark.costly),
        ("raise", "error", "ValueError: bad value at tasks.py:"),
        pytest.param("exit", "died", "exit code 3", marks=pytest.mark.costly),
        ("kill", "died", "SIGKILL"),
        ("crash", "died", "SIGSEGV"),
        ("unsendable", "error", "cannot be sent"),
    ],
)
def test_a_task_that_misbehaves_is_a_failure_and_its_worker_is_replaced(
    workers: ProcessWorkers, how: str, kind: str, words: str
) -> None:
    before = workers.run(pid, None)
    found = failure(workers, how)
    assert found.kind == kind
    assert words in found.message
    assert workers.run(misbehave, "well") == "well"
    if kind != "error":
        assert before not in workers.pids()
        with pytest.raises(ProcessLookupError):
            os.kill(before, 0)


def test_one_hung_task_does_not_hold_the_others_up(workers: ProcessWorkers) -> None:
    hung, *others = results(workers, misbehave, ["sleep", *["well"] * 20])
    assert isinstance(hung, TaskFailure)
    assert others == ["well"] * 20


def test_workers_are_started_when_needed_and_used_again(workers: ProcessWorkers) -> None:
    assert workers.pids() == ()
    used = {workers.run(pid, None) for _ in range(10)}
    assert len(used) == 1
    assert used == set(workers.pids())
    assert os.getpid() not in used


def test_getting_ready_does_not_count_against_the_first_task() -> None:
    with ProcessWorkers(1, deadline=0.5, memory=MEMORY) as made:
        assert made.run(slow_start.waited) >= 1.0


def test_waiting_for_a_processor_does_not_count_against_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    monkeypatch.setattr(cpu_deadline, "run_queue_wait", lambda _pid: 0.75 * (time.monotonic() - begun))
    with ProcessWorkers(1, deadline=0.5, memory=MEMORY) as made:
        assert made.run(rest, 1.0) == 1.0


def test_a_starved_task_is_stopped_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_deadline, "run_queue_wait", lambda _pid: time.monotonic())
    with (
        ProcessWorkers(1, deadline=0.1, memory=MEMORY) as made,
        pytest.raises(TaskError, match="took longer than"),
    ):
        made.run(rest, 60.0)


def test_the_system_tells_how_long_a_process_waited_for_a_processor() -> None:
    if not Path("/proc/self/schedstat").exists():
        pytest.skip("this system does not tell")
    code = "while True: pass"
    busy = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2 * len(os.sched_getaffinity(0)) + 1)]
    try:
        tries = 1_000
        while tries and not all(cpu_deadline.run_queue_wait(process.pid) > 0.05 for process in busy):
            time.sleep(0.01)
            tries -= 1
        assert tries
    finally:
        for process in busy:
            process.kill()
            process.wait()


def test_a_process_that_is_gone_was_not_starved() -> None:
    assert cpu_deadline.run_queue_wait(2**30) == 0.0


def test_workers_may_be_asked_from_many_threads(workers: ProcessWorkers) -> None:
    results: list[int] = []
    threads = [threading.Thread(target=lambda n=n: results.append(workers.run(double, n))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [2 * n for n in range(16)]
    assert len(workers.pids()) == 2


def test_a_workers_print_is_not_on_our_stdout(workers: ProcessWorkers, capfd: pytest.CaptureFixture[str]) -> None:
    workers.run(misbehave, "print")
    assert capfd.readouterr().out == ""


def test_an_error_inside_the_with_ends_workers_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), ProcessWorkers(1, 60.0, MEMORY) as workers:  # noqa: PT012
        future = workers.submit(misbehave, "sleep")
        while not workers.pids():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert isinstance(future.exception(), TaskError)
    with pytest.raises(RuntimeError):
        workers.submit(double, 1)


_SCRIPT = """
import sys, time
sys.path.insert(0, {root!r})
from aggregator.executor import ProcessWorkers
from tests.tasks import misbehave, pid
workers = ProcessWorkers(1, {deadline}, 500_000_000, grace=0.5)
print(workers.run(pid, None), flush=True)
{then}
"""


def script(then: str, deadline: float = 60.0) -> tuple[subprocess.Popen[str], int]:
    code = _SCRIPT.format(root=str(ROOT), then=then, deadline=deadline)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def gone(worker: int) -> bool:
    for _ in range(5_000):  # on a busy machine late is not wrong
        try:
            os.kill(worker, 0)
            state = Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":  # ended; whoever adopted it has not looked yet
            return True
        time.sleep(0.02)
    return False


def test_workers_end_with_their_parent() -> None:
    process, worker = script("time.sleep(60)")
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    assert gone(worker)


def test_a_hung_worker_ends_though_its_parent_is_gone() -> None:
    then = """
import threading
threading.Thread(target=workers.run, args=(misbehave, "backtrack")).start()
time.sleep(60)
"""
    process, worker = script(then, deadline=1.0)
    while "R" not in Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()[0]:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    assert gone(worker)


def test_the_terminals_interrupt_reaches_the_parent_only() -> None:
    process, worker = script("time.sleep(60)")
    os.killpg(process.pid, signal.SIGINT)
    os.kill(worker, signal.SIGINT)
    assert process.wait(60) == -signal.SIGINT
    assert process.stdout is not None
    process.stdout.close()
    assert gone(worker)


def test_dask_is_an_extra() -> None:
    try:
        import distributed  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except ImportError:
        with pytest.raises(ConfigurationError, match=r"aggregator\[dask\]"), open_executor("dask", 1, 1.0, MEMORY):
            pass
    else:
        with open_executor("dask", 1, 60.0, MEMORY) as executor:
            assert results(executor, double, [1, 1, 1]) == [2, 2, 2]
