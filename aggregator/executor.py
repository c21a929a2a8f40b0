"""Executors of work outside the coordinator: killable processes, threads, a Dask cluster.

Each engine is a ``concurrent.futures.Executor``. A task is a function that can be imported by name, and one value
for it. No store, session or closure is sent to a worker.

``ProcessPoolExecutor`` and ``multiprocessing.Pool`` cannot stop one worker that hangs and keep the others. Here each
worker is a process of its own at the end of a socket. It is killed when its task outlives the deadline, and another
takes its place. Workers are started afresh and never forked, because forking a process that runs threads is not safe.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import queue
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from typing import Any, Literal, TypeVar, cast

from aggregator.cpu_deadline import answers_within, set_alarm
from aggregator.exceptions import ConfigurationError
from aggregator.model.faults import described

Task = TypeVar("Task")
Value = TypeVar("Value")

FailureKind = Literal["deadline", "memory", "died", "error"]

_GROWTH = 100_000  # KiB; a worker that has grown by more than this is replaced after its task
# glibc returns freed memory to the system only above this threshold; without it, a worker keeps the memory of one large body.
# Two megabytes suffice for an ordinary document. With an eighth of that, each document requested its memory pages again.
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(2 << 20)}
# Dask monitors itself for its dashboard, which our clusters do not have; that costs 2 % of a core in each process.
_WITHOUT_MONITORING = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "200ms",
    "distributed.admin.system-monitor.interval": "5s",
}
# Workers get less processor time than the coordinator if cores are few: everybody waits for its writes and its lock.
_NICENESS = 5
_START_TIMEOUT = 60.0  # seconds for the start of a worker on a busy machine


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """The failure of a task; ``message`` says why."""

    kind: FailureKind
    message: str


class TaskError(Exception):
    """Raised by the future of a failed task; ``failure`` is the value to keep."""

    def __init__(self, failure: TaskFailure) -> None:
        self.failure = failure
        super().__init__(failure.message)


def failure_of(error: BaseException) -> TaskFailure:
    """Return an exception of a task as a value."""
    if isinstance(error, TaskError):
        return error.failure
    if isinstance(error, MemoryError):
        return TaskFailure("memory", "needed more memory than a worker may have")
    if type(error).__name__ in ("KilledWorker", "BrokenProcessPool", "BrokenThreadPool"):
        return TaskFailure("died", f"the worker died ({type(error).__name__})")
    return TaskFailure("error", described(error, 500))


# --- processes -----------------------------------------------------------------------------------


class ProcessWorkers(Executor):
    """Worker processes that can be killed one by one.

    ``deadline`` is in seconds for one task, less the time that it waited for a CPU
    (see cpu_deadline). ``memory`` is in bytes of address space above that of a worker at its first task;
    ``grace`` seconds after the deadline the kernel ends a worker whose parent is gone. Workers start when they are
    first needed, and do not see the terminal's interrupt.
    """

    def __init__(self, workers: int, deadline: float, memory: int, grace: float = 5.0) -> None:
        self._deadline = deadline
        self._alarm = deadline + grace
        self._memory = memory
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)  # a slot whose worker has not been started yet
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` on its arguments in a worker; the future raises TaskError where there is no result."""
        return self._threads.submit(self.run, fn, *args, **kwargs)

    def run(self, fn: Callable[..., Value], /, *args: Any, **kwargs: Any) -> Value:
        """Run ``fn`` in a worker and wait for it; callable from any thread, raises TaskError."""
        message = pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL)
        worker = self._idle.get()
        keep: _Worker | None = None
        try:
            if worker is None or not worker.alive():
                self._forget(worker)
                worker = self._start()
            reply = worker.ask(message, self._deadline, fn.__module__)
            if reply.keep:
                keep = worker
            if reply.failure is not None:
                raise TaskError(reply.failure)
            return cast("Value", reply.value)
        finally:
            if keep is None:
                self._forget(worker)
            self._idle.put(keep)

    def _start(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise TaskError(TaskFailure("died", "the workers were stopped"))
            worker = _Worker(self._alarm, self._memory)
            self._all.add(worker)
        return worker

    def _forget(self, worker: _Worker | None) -> None:
        if worker is not None:
            worker.kill()
            with self._lock:
                self._all.discard(worker)

    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the running workers."""
        with self._lock:
            return tuple(worker.pid for worker in self._all)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers: after their tasks with ``wait``, at once without."""
        if wait:
            self._threads.shutdown(wait=True, cancel_futures=cancel_futures)
        with self._lock:
            self._closed = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        self.shutdown(wait=kind is None, cancel_futures=kind is not None)


@dataclass(frozen=True, slots=True)
class _Reply:
    value: object = None
    failure: TaskFailure | None = None
    keep: bool = True  # whether the worker is fit for another task


class _Worker:
    """One process and our end of its socket."""

    def __init__(self, alarm: float, memory: int) -> None:
        self._ours, theirs = Pipe()
        path = os.pathsep.join(entry for entry in sys.path if entry)
        code = f"from aggregator.executor import serve; serve({theirs.fileno()}, {alarm!r}, {memory})"
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # stdout is for data, and a worker's data goes through the socket
                pass_fds=[theirs.fileno()],
                env={**_MALLOC, **os.environ, "PYTHONPATH": path},
                process_group=0,  # an interrupt from the terminal reaches only the parent, which decides
            )
        except BaseException:
            self._ours.close()
            raise
        finally:
            theirs.close()
        self.pid = self._process.pid
        self._fresh = True

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, message: bytes, deadline: float, module: str) -> _Reply:
        """Send a task and wait at most ``deadline`` seconds for its reply; a new worker first imports ``module``.

        ``module`` contains the task's function. Its imports take seconds on a busy machine. They must not count against
        the first task: the worker would be stopped, and so would every later one.
        """
        try:
            if self._fresh:
                self._fresh = False
                self._ours.send_bytes(module.encode())
                if not self._ours.poll(_START_TIMEOUT):
                    return _failed("died", f"a worker did not come up within {_START_TIMEOUT:.0f} s")
                self._ours.recv_bytes()
            self._ours.send_bytes(message)
            if not answers_within(self._ours, self.pid, deadline):
                return _failed("deadline", f"took longer than {deadline:g} s and was stopped")
            reply: _Reply = pickle.loads(self._ours.recv_bytes())  # noqa: S301  from our own child
        except (EOFError, OSError):
            return _failed("died", f"the worker died ({self._cause_of_death()})")
        except pickle.PickleError as error:
            return _failed("error", f"the result could not be read: {error}")
        return reply

    def _cause_of_death(self) -> str:
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "without a word"
        if status >= 0:
            return f"exit code {status}"
        with contextlib.suppress(ValueError):
            return signal.Signals(-status).name
        return f"signal {-status}"

    def kill(self) -> None:
        self._ours.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def _failed(kind: FailureKind, message: str) -> _Reply:
    return _Reply(failure=TaskFailure(kind, message), keep=False)


def serve(descriptor: int, alarm: float, memory: int) -> None:
    """Run a worker: answer tasks on a socket until its other end is closed.

    The kernel ends the process when a task ran for ``alarm`` seconds (see cpu_deadline), for the case that the parent is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    start = 0
    with contextlib.suppress(EOFError, OSError), Connection(descriptor) as channel:
        _warm_up(channel.recv_bytes().decode())
        gc.freeze()  # loaded modules stay, so searching them for garbage is wasted time
        channel.send_bytes(b"ready")
        while True:
            message = channel.recv_bytes()
            set_alarm(alarm)
            reply = _answer(message, memory if not start else 0)
            start = start or _resident()
            keep = reply.keep and _resident() - start < _GROWTH
            channel.send_bytes(_pickled(reply if keep == reply.keep else _Reply(reply.value, reply.failure, keep)))
            set_alarm(0)
            del message, reply


def _warm_up(module: str) -> None:
    """Import a module and call its ``warm_up``, if any; its errors are raised by the first task."""
    with contextlib.suppress(Exception):
        loaded = importlib.import_module(module)
        getattr(loaded, "warm_up", lambda: None)()


def _answer(message: bytes, memory: int) -> _Reply:
    try:
        function, args, kwargs = pickle.loads(message)  # noqa: S301  from our own parent
        if memory:
            _limit_memory(memory)  # only now: the function's module has been imported
        return _Reply(function(*args, **kwargs))
    except MemoryError as error:
        return _Reply(failure=failure_of(error), keep=False)
    except Exception as error:  # noqa: BLE001  the function's own failure is the answer
        return _Reply(failure=failure_of(error))


def _pickled(reply: _Reply) -> bytes:
    try:
        return pickle.dumps(reply, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  pickle raises whatever a value's own code raises
        return pickle.dumps(
            _Reply(failure=TaskFailure("error", f"the result cannot be sent: {error}"[:500]), keep=False)
        )


def _limit_memory(memory: int) -> None:
    with contextlib.suppress(OSError, ValueError):  # no /proc, or a lower limit set by the system
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123
            own = int(statm.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = own + memory
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# --- opening an executor -------------------------------------------------------------------------


@contextlib.contextmanager
def open_executor(
    kind: Literal["processes", "threads", "dask"], workers: int, deadline: float, memory: int, dask_address: str = ""
) -> Iterator[Executor]:
    """Open the kind of executor that the settings name; deadline and memory limit apply to processes only.

    Raises ConfigurationError where Dask is asked for and not installed, or its scheduler does not answer.
    """
    if kind == "processes":
        with ProcessWorkers(workers, deadline, memory) as processes:
            yield processes
    elif kind == "threads":
        with ThreadPoolExecutor(workers, thread_name_prefix="worker") as threads:
            yield threads
    else:
        with _dask(dask_address, workers) as cluster:
            yield cluster


def shared(executor: Executor, value: Any) -> Any:
    """Return a value for use as an argument of many tasks; on a cluster it is sent to each worker only once."""
    client = _client_of(executor)
    return value if client is None else client.scatter(value, broadcast=True)


def width(executor: Executor, otherwise: int) -> int:
    """Return the number of parallel tasks: the present threads of a cluster's workers, otherwise ``otherwise``."""
    client = _client_of(executor)
    return otherwise if client is None else sum(client.nthreads().values()) or otherwise


def take_back(executor: Executor, future: Future[Any]) -> bool:
    """Cancel a task that no worker has begun; return whether it is cancelled.

    Tasks of a cluster are never cancelled, because it does not say which of them are running.
    """
    return _client_of(executor) is None and future.cancel()


def _client_of(executor: Executor) -> Any:
    """Return the client of a Dask executor; None for other executors."""
    return getattr(executor, "_client", None)


@contextlib.contextmanager
def _dask(address: str, workers: int) -> Iterator[Executor]:
    try:
        import dask.config  # type: ignore[import-not-found,import-untyped,unused-ignore]  # of the same extra
        from distributed import Client  # type: ignore[import-not-found,unused-ignore]  # an extra
    except ImportError:
        raise ConfigurationError(
            "run.executor is 'dask', but Dask is not installed: pip install 'aggregator[dask]'"
        ) from None
    connect: Any = Client  # untyped
    try:
        with dask.config.set({} if address else _WITHOUT_MONITORING):
            client = (
                connect(address)
                if address
                else connect(n_workers=workers, threads_per_worker=1, dashboard_address=None)
            )
    except (OSError, TimeoutError) as error:
        raise ConfigurationError(f"run.dask_address {address!r} does not answer: {error}") from None
    with client:
        # pure=False: with the default, equal submits run once
        yield cast("Executor", client.get_executor(pure=False))
