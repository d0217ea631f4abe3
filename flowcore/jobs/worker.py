"""Processes that do the heavy work: a host that forks one worker per request.

The host imports torch and the pipeline once and then only waits; a worker is a fork of it and is
there within milliseconds, so killing one costs nothing. Host and workers never import the script
that the server runs, unlike those of ``multiprocessing``. They form a process group of their own:
Ctrl-C does not reach them, and when the server's end of the control socket closes, for whatever
reason, the host kills the whole group.

Needs a system with fork (Linux, macOS).
"""

import contextlib
import importlib
import os
import pickle
import resource
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Protocol

import psutil

from flowcore.errors import FlowcoreError
from flowcore.places import HOME

__all__ = [
    "FINISH",
    "AnyHost",
    "AnyWorker",
    "Worker",
    "WorkerHost",
    "is_report",
    "report_in",
    "report_of",
]

FINISH = b"finish"  # no pickle: those begin with 0x80
"""What a worker is sent that is to come to its end."""

_REPORT = b"report"
NO_MEMORY = "This takes more memory than there is for it; a smaller size may help."


class AnyWorker(Protocol):
    """What does one task after the other, wherever it is: see `Worker`."""

    def send(self, task: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Have ``task(progress, *args)`` run."""

    def finish(self) -> None:
        """Ask the task that was sent last to come to its end."""

    def receive(self) -> bytes:
        """The next message."""

    def kill(self) -> None:
        """End the task at once."""

    def close(self) -> None:
        """End the worker."""


class AnyHost(Protocol):
    """What gives workers: see `WorkerHost`."""

    def start_worker(self) -> AnyWorker:
        """A fresh worker."""

    def close(self) -> None:
        """End it and all its workers."""


@dataclass(frozen=True, eq=False)
class Worker:
    """A worker process that waits for tasks: its process id and the line to it."""

    pid: int
    line: Connection
    _sending: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def send(self, task: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Have ``task(progress, *args)`` run; ``task`` must be importable by its name."""
        self.send_bytes(pickle.dumps((task, args), protocol=5))

    def send_bytes(self, request: bytes) -> None:
        """The same of a task and its arguments that are pickled already."""
        with self._sending:
            self.line.send_bytes(request)

    def finish(self) -> None:
        """Ask the task that was sent last to come to its end; one that has ended misses nothing.

        Does not wait: nothing is asked while a task is being sent, so ask again afterwards.
        """
        if self._sending.acquire(blocking=False):
            with contextlib.suppress(OSError):
                self.line.send_bytes(FINISH)
            self._sending.release()

    def receive(self) -> bytes:
        """The next message: one in which `report_in` finds a report, or the last, pickled.

        See ``_answer``.

        Raises
        ------
        EOFError, OSError
            The process is gone.
        """
        return self.line.recv_bytes()

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process and the line to it."""
        self.kill()
        self.line.close()


def is_report(payload: bytes) -> bool:
    """Whether a message is not the last one about a task."""
    return payload.startswith(_REPORT)


def report_of(fraction: float, message: str, partial: Any = None) -> bytes:
    """The message that reports this."""
    return _REPORT + pickle.dumps((fraction, message, partial), protocol=5)


def report_in(payload: bytes) -> tuple[float, str, Any] | None:
    """Fraction, message and partial result that a message reports; None of the last message."""
    if not is_report(payload):
        return None
    report: tuple[float, str, Any] = pickle.loads(payload.removeprefix(_REPORT))  # noqa: S301
    return report


class WorkerHost:
    """The process that forks the workers.

    Parameters
    ----------
    preload : sequence of str
        Modules that every worker finds imported.
    max_bytes : int, optional
        Memory that a worker may take beyond what it starts with; no bound if left out.
    """

    def __init__(self, preload: Sequence[str], max_bytes: int | None = None) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own module, no outside text
                [
                    sys.executable,
                    "-m",
                    __name__,
                    str(theirs.fileno()),
                    str(max_bytes or ""),
                    *preload,
                ],
                cwd=HOME,
                # Threads of torch that wait would spin, and beside other work take its cores.
                env={"OMP_WAIT_POLICY": "passive", **os.environ},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def start_worker(self) -> Worker:
        """A fresh worker, once the host has imported what it was told to.

        Raises
        ------
        EOFError, OSError
            The host is gone.
        """
        ours, theirs = socket.socketpair()
        line = Connection(ours.detach())
        try:
            with theirs:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            return Worker(line.recv(), line)
        except (EOFError, OSError):
            line.close()
            raise

    def close(self) -> None:
        """End the host and all its workers."""
        if self._process.returncode is not None:
            return
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _host(control: socket.socket, max_bytes: int | None) -> None:
    """Fork a worker for each line that comes in; kill them all when the server is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system clears away dead workers
    while True:
        _, lines, _, _ = socket.recv_fds(control, 1, 1)
        if not lines:
            os.killpg(0, signal.SIGKILL)
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if max_bytes is not None:
                _bound_memory(max_bytes)
            _serve(Connection(lines[0]))
        os.close(lines[0])


def _bound_memory(num_bytes: int) -> None:
    """Let this process and its children map only so much more than it has; then ``MemoryError``."""
    limit = psutil.Process().memory_info().vms + num_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _serve(line: Connection) -> None:
    """Answer one task after another until the line ends; never returns."""
    with contextlib.suppress(EOFError, OSError):
        line.send(os.getpid())
        while True:
            line.send_bytes(_answer(line))
    os._exit(0)  # not the host's way out


def _answer(line: Connection) -> bytes:
    """The pickled last message about the next task.

    ``("done", result)`` or ``("failed", error class, sentence, traceback)``; while the task runs,
    ``(fraction, message, partial)`` is sent for every report, which is answered by
    whether the task was asked to finish. An error that is not a ``FlowcoreError`` has no class and
    no sentence, but a traceback for the log.
    """
    is_asked = False

    def progress(fraction: float, message: str = "", partial: Any = None) -> bool:
        nonlocal is_asked
        line.send_bytes(report_of(fraction, message, partial))
        while line.poll():
            is_asked = line.recv_bytes() == FINISH  # nothing else comes while a task runs
        return is_asked

    while (request := line.recv_bytes()) == FINISH:
        pass  # meant for a task that has ended: it came before the next one was sent
    try:
        task, args = pickle.loads(request)  # noqa: S301  # from our own server
        return pickle.dumps(("done", task(progress, *args)), protocol=5)
    except FlowcoreError as error:
        return pickle.dumps(("failed", type(error), str(error), ""))
    except MemoryError:
        return pickle.dumps(("failed", None, NO_MEMORY, ""))
    except Exception:
        return pickle.dumps(("failed", None, "", traceback.format_exc()))


if __name__ == "__main__":
    _, number, bound, *modules = sys.argv
    for module in modules:
        importlib.import_module(module)
    _host(socket.socket(fileno=int(number)), int(bound) if bound else None)
