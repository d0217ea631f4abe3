"""A task of dask in a process of its own, which is killed as soon as nobody wants its answer.

A thread cannot be stopped in the middle of a net, and a crash would take the whole worker with it.
Each thread of a dask worker therefore has a child, which does one task after the other.
"""

import atexit
import functools
import logging
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from distributed import Reschedule, get_worker

from flowcore.errors import SchedulerError
from flowcore.jobs.outcome import CRASHED, NO_WORKER, UNEXPECTED
from flowcore.jobs.worker import Worker, WorkerHost, is_report
from flowcore.scores import Failure
from flowcore.sweeps.identity import Identity, require_same
from flowcore.sweeps.task import Measured, Task, Work

__all__ = ["Answer", "converse", "end_children", "in_child"]

_LOG = logging.getLogger(__name__)
_WAKE_SECONDS = 0.1
_OVER = ("closing", "closed", "failed", "closing_gracefully")
_own = threading.local()


class Answer(NamedTuple):
    """What became of a task, and how long that took."""

    measured: Measured
    seconds: float


def in_child(work: Work, batch: Sequence[Task], wanted: Identity) -> list[Answer]:
    """What ``work`` gives for each of these tasks. Runs on a thread of a dask worker.

    Raises
    ------
    SchedulerError
        The worker is not as ``wanted``, or cannot start a process.
    FlowcoreError
        As of ``work``.
    """
    require_same(wanted, get_worker().address)
    answers = []
    for task in batch:
        begun = time.perf_counter()
        measured = _done(work, task)
        answers.append(Answer(measured, time.perf_counter() - begun))
    return answers


def end_children() -> None:
    """End all processes of this one that did tasks; the next task starts one anew."""
    if _host.cache_info().currsize:
        _host().close()
        _host.cache_clear()


def _done(work: Work, task: Task) -> Measured:
    """What ``work`` gives for a task; a failure where its process crashes."""
    try:
        payload = converse(pickle.dumps((work, (task,)), protocol=5))
    except (EOFError, OSError):
        return Measured(Failure(task.files.dataset, task.files.sequence, CRASHED))
    return _answer(pickle.loads(payload))  # noqa: S301  # from our own process


def converse(
    request: bytes,
    tell: Callable[[bytes], object] = lambda report: None,
    is_asked: Callable[[], bool] = lambda: False,
    *,
    seconds: float = float("inf"),
) -> bytes:
    """The last message of this thread's child about a task, as ``flowcore.jobs.worker`` has it.

    Parameters
    ----------
    request : bytes
        The task and its arguments, pickled.
    tell : callable
        Is given every report.
    is_asked : callable
        Whether the task is to come to its end; looked at every so many ``seconds``.

    Raises
    ------
    SchedulerError, Reschedule
        Nobody waits for the task any more, or not for this worker; its process is killed.
    EOFError, OSError
        The process is gone.
    """
    child, looked = _child(), time.monotonic()
    try:
        child.send_bytes(request)
        while True:
            _require_wanted()
            if time.monotonic() - looked > seconds:
                looked = time.monotonic()
                if is_asked():
                    child.finish()
            if child.line.poll(_WAKE_SECONDS):
                payload = child.receive()
                if not is_report(payload):
                    return payload
                tell(payload)
    except (EOFError, OSError, SchedulerError, Reschedule):
        _let_go()
        raise


def _answer(message: tuple[Any, ...]) -> Measured:
    if message[0] == "done":
        measured: Measured = message[1]
        return measured
    _, kind, sentence, trace = message
    if trace:
        _LOG.error("A task failed.\n%s", trace)
    raise (kind or SchedulerError)(sentence or UNEXPECTED)


def _require_wanted() -> None:
    """Raise where the task that this thread is at has been cancelled, or is left to other workers.

    A worker that is told to end still answers; another one then does its task.
    """
    worker = get_worker()
    state = worker.state.tasks.get(worker.get_current_task())
    if state is None or state.state == "cancelled":
        raise SchedulerError("Nobody waits for this any more.")
    if worker.status.name in _OVER:
        raise Reschedule


def _child() -> Worker:
    """The child of this thread."""
    if getattr(_own, "child", None) is None:
        try:
            _own.child = _host().start_worker()
        except (EOFError, OSError) as error:
            _host().close()
            _host.cache_clear()
            raise SchedulerError(NO_WORKER) from error
    child: Worker = _own.child
    return child


def _let_go() -> None:
    _own.child.close()
    _own.child = None


@functools.cache
def _host() -> WorkerHost:
    """One for all threads; its children have imported everything."""
    host = WorkerHost(("flowcore.sweeps.task",))
    atexit.register(host.close)
    return host
