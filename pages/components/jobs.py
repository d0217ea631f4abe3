"""Heavy work in worker processes, behind one small interface.

A page asks for a job and looks at it on every rerun:

    job = queue.get(key) or queue.submit(key, estimate_lane, pair, config, owner=session)

A running job can be cancelled at once, because its process is killed; a crash in a decoder or a net
is a sentence on the page and not the end of the server. Jobs live in the server, not in a session,
so a reload finds them again by their key.
"""

import atexit
import bisect
import functools
import logging
import os
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flowcore.errors import FlowcoreError
from pages.components.worker import Worker, WorkerHost

__all__ = ["Job", "JobQueue", "QueueFullError", "State", "shared_queue"]

_LOG = logging.getLogger(__name__)

State = Literal["queued", "running", "done", "failed", "cancelled"]

JOB_BYTES = 4096  # what a job without its result counts for
CRASHED = (
    "The process that worked on this stopped without a word: most likely memory ran out, or "
    "native code crashed. Other work goes on; a smaller size or more chunks may help."
)
NO_WORKER = "No worker process could be started; the server's log says why."
UNEXPECTED = "Something went wrong that was not foreseen; the server's log has the details."


class QueueFullError(FlowcoreError):
    """No more work is taken on for now."""


@dataclass(eq=False)
class Job:
    """One piece of work. Pages read it; only its queue writes it.

    Parameters
    ----------
    key : str
        What is computed, from what: equal keys mean equal results.
    task : callable
        ``task(report, *args)``, importable by its name in another process;
        ``report(fraction, message, partial)`` tells how far it is.
    args : tuple
        Sent to the worker by pickle; let go as soon as the job has ended.
    owner : str
        Who asked first; the owners take turns.
    state : "queued", "running", "done", "failed" or "cancelled"
    position : int
        1 for the next in the queue; 0 once it has left it.
    progress : float
        0..1, as reported.
    message : str
        As reported with the progress.
    partial
        What is there so far, as last reported; something small, or None.
    result
        What the task returned, once done.
    error, error_type : str and FlowcoreError class
        One plain sentence, once failed; the class if the task raised a ``FlowcoreError``.
    num_bytes : int
        Size of the pickled result.
    """

    key: str
    task: Callable[..., Any]
    args: tuple[Any, ...] = field(repr=False)
    owner: str = ""
    state: State = "queued"
    position: int = 0
    progress: float = 0.0
    message: str = ""
    partial: Any = field(default=None, repr=False)
    result: Any = field(default=None, repr=False)
    error: str = ""
    error_type: type[FlowcoreError] | None = None
    num_bytes: int = 0
    turn: int = field(default=0, repr=False)
    started: float | None = field(default=None, repr=False)
    ended: float | None = field(default=None, repr=False)

    @property
    def seconds(self) -> float:
        """Time since the job started to run, until it ended; 0 before."""
        if self.started is None:
            return 0.0
        return (self.ended or time.monotonic()) - self.started

    @property
    def is_over(self) -> bool:
        """True once nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")


class JobQueue:
    """Runs jobs in worker processes, fairly between owners, and keeps what they returned.

    Safe to use from many threads.

    Parameters
    ----------
    num_workers : int
        Jobs that run at the same time.
    max_queued : int
        Jobs that may wait.
    max_result_bytes : int
        Bound of the results kept; the least recently used goes first, the newest always stays.
    preload : sequence of str
        Modules that every worker finds imported.
    """

    def __init__(
        self,
        num_workers: int = 1,
        *,
        max_queued: int = 64,
        max_result_bytes: int = 2**30,
        preload: Sequence[str] = ("flowcore.pipeline",),
    ) -> None:
        self._max_queued = max_queued
        self._max_result_bytes = max_result_bytes
        self._preload = preload
        self._changed = threading.Condition()
        self._queued: list[Job] = []  # in the order in which they will run
        self._running: dict[Job, Worker | None] = {}
        self._over: OrderedDict[str, Job] = OrderedDict()  # least recently used first
        self._turn = 0
        self._host: WorkerHost | None = None
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{index}", daemon=True)
            for index in range(num_workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, key: str, task: Callable[..., Any], *args: Any, owner: str = "") -> Job:
        """The job of that key: the one that waits, runs or is done, else a new one.

        A job that failed or was cancelled is run again, so ask ``get`` first.

        Raises
        ------
        QueueFullError
            ``max_queued`` jobs wait already, or the server is about to stop.
        """
        with self._changed:
            known = self._find(key)
            if known is not None and known.state in ("queued", "running", "done"):
                return known
            if self._closed or len(self._queued) >= self._max_queued:
                raise QueueFullError(
                    f"{len(self._queued)} jobs are waiting already and no more are taken: "
                    "try again in a moment."
                )
            self._over.pop(key, None)
            turns = (other.turn + 1 for other in self.active() if other.owner == owner)
            turn = max(turns, default=self._turn)
            job = Job(key, task, args, owner, turn=turn)
            bisect.insort(self._queued, job, key=lambda other: other.turn)
            self._queue_moved()
            return job

    def get(self, key: str) -> Job | None:
        """The job of that key, while it lives or its result is kept."""
        with self._changed:
            return self._find(key)

    def active(self) -> list[Job]:
        """The jobs that run, then those that wait, in the order in which they will run."""
        with self._changed:
            return [*self._running, *self._queued]

    def cancel(self, key: str) -> None:
        """Take the job out of the queue, or kill its worker; nothing if it is over or unknown."""
        with self._changed:
            job = self._find(key)
            if job is None or job.is_over:
                return
            if job in self._queued:
                self._queued.remove(job)
                self._queue_moved()
            elif (worker := self._running[job]) is not None:
                worker.kill()
            self._end(job, "cancelled")

    def drop(self, key: str) -> None:
        """Cancel the job and forget it: whoever asks for it next gets a new one."""
        with self._changed:
            self.cancel(key)
            self._over.pop(key, None)

    def shutdown(self) -> None:
        """Cancel everything and end all processes. The queue takes no more jobs."""
        with self._changed:
            self._closed = True
            for job in self.active():
                self.cancel(job.key)
            if self._host is not None:
                self._host.close()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _find(self, key: str) -> Job | None:
        if key in self._over:
            self._over.move_to_end(key)
            return self._over[key]
        return next((job for job in self.active() if job.key == key), None)

    def _queue_moved(self) -> None:
        for position, job in enumerate(self._queued, start=1):
            job.position = position
        self._changed.notify_all()

    def _work(self) -> None:
        """One thread: feed one worker, and start another whenever it is lost."""
        while not self._closed:
            worker = self._start_worker()
            while (job := self._take(worker)) is not None:
                if not self._run(job, worker):
                    break
            if worker is not None:
                worker.close()

    def _start_worker(self) -> Worker | None:
        for _ in range(2):  # the host may have died since it was last needed
            with self._changed:
                if self._closed:
                    return None
                if self._host is None:
                    self._host = WorkerHost(self._preload)
                host = self._host
            try:
                return host.start_worker()
            except (EOFError, OSError):
                with self._changed:
                    host.close()
                    self._host = None if self._host is host else self._host
        _LOG.error("No worker process could be started.")
        return None

    def _take(self, worker: Worker | None) -> Job | None:
        """The next job, now running; none once the queue is shut down."""
        with self._changed:
            self._changed.wait_for(lambda: self._queued or self._closed)
            if self._closed:
                return None
            job = self._queued.pop(0)
            job.state, job.position, job.started = "running", 0, time.monotonic()
            self._running[job] = worker
            self._turn = job.turn
            self._queue_moved()
            return job

    def _run(self, job: Job, worker: Worker | None) -> bool:
        """See the job through; true where the worker is fit for another one."""
        if worker is None:
            self._end(job, "failed", error=NO_WORKER)
            return False
        try:
            worker.send(job.task, job.args)
            while (message := pickle.loads(payload := worker.receive()))[0] == "progress":  # noqa: S301
                _, fraction, job.message, job.partial = message
                job.progress = min(max(fraction, 0.0), 1.0)
        except (EOFError, OSError):
            self._end(job, "failed", error=CRASHED)
            return False
        except Exception:
            _LOG.exception("Job %s could not be sent, or its answer not be read.", job.key)
            self._end(job, "failed", error=UNEXPECTED)
            return False
        if message[0] == "done":
            self._end(job, "done", result=message[1], num_bytes=len(payload), progress=1.0)
        else:
            _, error_type, sentence, trace = message
            if trace:
                _LOG.error("Job %s failed.\n%s", job.key, trace)
            self._end(job, "failed", error=sentence or UNEXPECTED, error_type=error_type)
        return job.state != "cancelled"  # its worker has been killed

    def _end(self, job: Job, state: State, **outcome: Any) -> None:
        """Settle the job, unless it was cancelled meanwhile, and bound what is kept."""
        with self._changed:
            if job.is_over:
                return
            for name, value in outcome.items():
                setattr(job, name, value)
            job.ended, job.args, job.state = time.monotonic(), (), state
            self._running.pop(job, None)
            self._over[job.key] = job
            num_bytes = sum(JOB_BYTES + kept.num_bytes for kept in self._over.values())
            while num_bytes > self._max_result_bytes and len(self._over) > 1:
                _, dropped = self._over.popitem(last=False)
                num_bytes -= JOB_BYTES + dropped.num_bytes


@functools.cache
def shared_queue(purpose: Literal["lanes", "files"] = "lanes") -> JobQueue:
    """A queue of this server: lanes are estimated in one, files read in the other.

    ``FLOWSCOPE_WORKERS`` (1) lanes run at the same time; more would spoil their timings.
    """
    if purpose == "files":
        queue = JobQueue(
            max_result_bytes=2**29, preload=("flowcore.io.frames", "flowcore.io.video")
        )
    else:
        queue = JobQueue(num_workers=int(os.environ.get("FLOWSCOPE_WORKERS", "1")))
    atexit.register(queue.shutdown)
    return queue
