"""A queue of jobs: fair between those who ask, and done with what nobody waits for.

    job = queue.get(key) or queue.submit(key, estimate_lane, pair, config)

A running job can be cancelled at once, because its process is killed, or asked to finish, which
keeps what it has found so far; a crash in a decoder or a net is a sentence and not the end of the
server. Jobs live in the queue and not with who asked, so a reload of a page finds them again by
their key.
"""

import functools
import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from flowcore.errors import FlowcoreError
from flowcore.jobs.job import NOBODY, Job, State, Visit
from flowcore.jobs.outcome import see_through
from flowcore.jobs.worker import AnyHost, AnyWorker, WorkerHost

__all__ = ["JobQueue", "QueueFullError"]

_LOG = logging.getLogger(__name__)

JOB_BYTES = 4096  # what a job without its result counts for
SWEEP_SECONDS = 0.5  # how often it is asked who still looks


class QueueFullError(FlowcoreError):
    """No more work is taken on for now."""


class JobQueue:
    """Runs jobs in worker processes, fairly between owners, and keeps what they returned.

    A job that somebody has looked at lives while somebody does: once no visit that has seen it goes
    on, it is not begun any more, and after its grace it is dropped, its process killed. A job that
    nobody has ever looked at, as in a script, runs to its end. Safe to use from many threads.

    Parameters
    ----------
    num_workers : int
        Jobs that run at the same time.
    max_queued, max_queued_each : int
        Jobs that may wait in all, and for one owner.
    max_running_each : int, optional
        Of one owner's jobs so many run at the same time, so that others need not wait for them.
    grace : float
        Seconds for which a job is kept once nobody looks at it, if it does not say otherwise.
    goes_on : callable
        Whether a visit that has seen a job still does. Called often and from any thread.
    max_result_bytes : int
        Bound of the results kept; the least recently used goes first, the newest always stays.
    preload : sequence of str
        Modules that every worker finds imported.
    max_worker_bytes : int, optional
        Memory that a job may take beyond what its worker starts with; no bound if left out.
    host : callable, optional
        Gives what gives the workers, if these are to be elsewhere.
    """

    def __init__(
        self,
        num_workers: int = 1,
        *,
        max_queued: int = 256,
        max_queued_each: int = 48,
        max_running_each: int | None = None,
        grace: float = 10.0,
        goes_on: Callable[[Visit], bool] = lambda _: True,
        max_result_bytes: int = 2**30,
        preload: Sequence[str] = ("flowcore.pipeline",),
        max_worker_bytes: int | None = None,
        host: Callable[[], AnyHost] | None = None,
    ) -> None:
        self._max_queued = max_queued
        self._max_queued_each = max_queued_each
        self._max_running_each = max_running_each or num_workers
        self._grace = grace
        self._goes_on = goes_on
        self._max_result_bytes = max_result_bytes
        self._make_host = host or functools.partial(WorkerHost, preload, max_worker_bytes)
        self._changed = threading.Condition()
        self._queued: list[Job] = []  # in the order in which they will run
        self._running: dict[Job, AnyWorker | None] = {}
        self._over: OrderedDict[str, Job] = OrderedDict()  # least recently used first
        self._turn = 0
        self._host: AnyHost | None = None
        self._closed = False
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{index}", daemon=True)
            for index in range(num_workers)
        ]
        self._threads.append(threading.Thread(target=self._watch, name="watch", daemon=True))
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        key: str,
        task: Callable[..., Any],
        *args: Any,
        visit: Visit = NOBODY,
        grace: float | None = None,
    ) -> Job:
        """The job of that key: the one that waits, runs or is done, else a new one.

        A job that failed or was cancelled is run again, so ask ``get`` first.

        Raises
        ------
        QueueFullError
            Too many jobs wait already, or the queue is shut down.
        """
        with self._changed:
            known = self.get(key, visit)
            if known is not None and known.state in ("queued", "running", "done"):
                return known
            self._make_room(visit.visitor)
            self._over.pop(key, None)
            turns = (other.turn + 1 for other in self.active() if other.owner == visit.visitor)
            turn = max(turns, default=self._turn)
            grace = self._grace if grace is None else grace
            job = Job(key, task, args, visit.visitor, grace, turn=turn)
            if visit.visitor:
                job.looks[visit.visitor] = visit.number
            self._queued.append(job)
            self._queue_moved()
            return job

    def get(self, key: str, visit: Visit = NOBODY) -> Job | None:
        """The job of that key, while it lives or its result is kept; now looked at by ``visit``."""
        with self._changed:
            job = self._find(key)
            if job is not None and not job.is_over and visit.visitor:
                job.looks[visit.visitor], job.abandoned = visit.number, None
                self._queue_moved()
            return job

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

    def finish(self, key: str) -> None:
        """Ask a running job to come to its end and to return what it has; cancel a waiting one.

        A job whose task does not look at what ``progress`` answers goes on as it was.
        """
        with self._changed:
            job = self._find(key)
            if job in self._queued:
                self.cancel(key)
            elif job in self._running and not job.is_finishing:
                job.is_finishing = True
                if (worker := self._running[job]) is not None:
                    worker.finish()

    def drop(self, key: str) -> None:
        """Cancel the job and forget it: whoever asks for it next gets a new one."""
        with self._changed:
            self.cancel(key)
            self._over.pop(key, None)

    def shutdown(self) -> None:
        """Cancel everything and end all processes. The queue takes no more jobs."""
        with self._changed:
            self._closed = True
            self._closing.set()
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

    def _watch(self) -> None:
        """One thread: see time and again which jobs are still looked at."""
        while not self._closing.wait(SWEEP_SECONDS):
            with self._changed:
                self._let_go()

    def _let_go(self) -> None:
        """Put back the jobs that nobody looks at, and drop those whose grace is over."""
        now = time.monotonic()
        for job in self.active():
            visits = [Visit(*look) for look in job.looks.items()]
            if not visits or any(self._goes_on(visit) for visit in visits):
                job.abandoned = None
            elif job.abandoned is None:
                job.abandoned = now
            elif now - job.abandoned >= job.grace:
                self.drop(job.key)
        self._queue_moved()

    def _make_room(self, owner: str) -> None:
        """Drop what is abandoned rather than to refuse a job of that owner.

        Raises
        ------
        QueueFullError
            Too many jobs wait that are looked at, or the queue is shut down.
        """
        self._let_go()
        wanted = [job for job in self._queued if job.abandoned is None]
        own = sum(1 for job in wanted if job.owner == owner)
        if self._closed or len(wanted) >= self._max_queued:
            raise QueueFullError(
                f"{len(wanted)} jobs are waiting already and no more are taken: "
                "try again in a moment."
            )
        if owner and own >= self._max_queued_each:
            raise QueueFullError(
                f"{own} of your jobs are waiting already and no more are taken: cancel some, or "
                "try again when some have ended."
            )
        while len(self._queued) >= self._max_queued:
            self.drop(self._queued[-1].key)

    def _queue_moved(self) -> None:
        """Bring the queue into order: turn by turn, and last what nobody looks at."""
        self._queued.sort(key=lambda job: (job.abandoned is not None, job.turn, job.created))
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

    def _start_worker(self) -> AnyWorker | None:
        for _ in range(2):  # the host may have died since it was last needed
            with self._changed:
                if self._closed:
                    return None
                if self._host is None:
                    self._host = self._make_host()
                host = self._host
            try:
                return host.start_worker()
            except (EOFError, OSError):
                with self._changed:
                    host.close()
                    self._host = None if self._host is host else self._host
        _LOG.error("No worker process could be started.")
        return None

    def _take(self, worker: AnyWorker | None) -> Job | None:
        """The next job, now running; none once the queue is shut down."""
        with self._changed:
            self._changed.wait_for(lambda: self._next() is not None or self._closed)
            job = self._next()
            if self._closed or job is None:
                return None
            self._queued.remove(job)
            job.state, job.position, job.started = "running", 0, time.monotonic()
            self._running[job] = worker
            self._turn = job.turn
            self._queue_moved()
            return job

    def _next(self) -> Job | None:
        """The first one that somebody waits for and whose owner has not enough running."""
        running = Counter(job.owner for job in self._running)
        return next(
            (
                job
                for job in self._queued
                if job.abandoned is None
                and (not job.owner or running[job.owner] < self._max_running_each)
            ),
            None,
        )

    def _run(self, job: Job, worker: AnyWorker | None) -> bool:
        """See the job through; true where the worker is fit for another one."""
        outcome = see_through(job, worker)
        self._end(job, outcome.state, **outcome.values)
        return outcome.is_fit and job.state != "cancelled"  # else its worker has been killed

    def _end(self, job: Job, state: State, **outcome: Any) -> None:
        """Settle the job, unless it was cancelled meanwhile, and bound what is kept."""
        with self._changed:
            if job.is_over:
                return
            for name, value in outcome.items():
                setattr(job, name, value)
            job.ended, job.args, job.state = time.monotonic(), (), state
            self._running.pop(job, None)
            self._changed.notify_all()
            self._over[job.key] = job
            num_bytes = sum(JOB_BYTES + kept.num_bytes for kept in self._over.values())
            while num_bytes > self._max_result_bytes and len(self._over) > 1:
                _, dropped = self._over.popitem(last=False)
                num_bytes -= JOB_BYTES + dropped.num_bytes
