"""Workers of a job queue on a dask cluster: the same four words as a process of this machine.

A job is one task of dask, whose thread hands it to a process of its own there. What it reports goes
into a variable of the scheduler, which holds the last report and no other; that it is asked to
finish goes into a second one.
"""

import pickle
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import dask
from distributed import CancelledError, Client, Future, KilledWorker, Variable, get_client, wait

from flowcore.errors import FlowcoreError, SchedulerError
from flowcore.jobs.outcome import CRASHED
from flowcore.jobs.worker import FINISH, Worker, WorkerHost, report_of
from flowcore.sweeps.child import converse
from flowcore.sweeps.cluster import connected
from flowcore.sweeps.identity import Identity, identity_of, require_same
from flowcore.types import PipelineConfig

__all__ = ["FarHost", "FarWorker"]

_LOOK_SECONDS = 0.3  # between two looks at how far a job is, and at whether it is asked to finish
_PATIENCE_SECONDS = 5
_SILENT_SECONDS = 2  # after which it is asked whether any worker is there
_LOST = ("cancelled", "lost")
_NO_WORKER = report_of(0.0, "waiting, as the cluster has no worker now")


class FarHost:
    """Gives workers on a cluster, as ``flowcore.jobs.worker.WorkerHost`` gives them here.

    Parameters
    ----------
    address : str
        Of a dask scheduler; as of ``flowcore.sweeps.cluster.connected``.
    preload : sequence of str
        Modules that the workers of this machine find imported.
    stays : callable
        Whether a task has to be done on this machine, since it needs files that are here alone.
    """

    def __init__(
        self, address: str, preload: Sequence[str], stays: Callable[[Callable[..., Any]], bool]
    ) -> None:
        self.stays = stays
        self.here = WorkerHost(preload)
        self._address = address
        self._connecting = threading.Lock()
        self._stack = ExitStack()
        self._client: Client | None = None

    def start_worker(self) -> "FarWorker":
        """A worker for one job after the other."""
        return FarWorker(self)

    def client(self) -> Client:
        """The way to the cluster, found anew where it was lost.

        Raises
        ------
        SchedulerError
            The scheduler does not answer, or has no worker.
        """
        with self._connecting:
            if self._client is None or self._client.status != "running":
                self._stack.close()
                quiet = {"distributed.admin.large-graph-warning-threshold": "1 GB"}  # large frames
                self._stack.enter_context(dask.config.set(quiet))
                self._client = self._stack.enter_context(connected(self._address))
            return self._client

    def lost(self) -> SchedulerError:
        """What is said of a job whose scheduler is gone."""
        return SchedulerError(
            f"The scheduler at {self._address} is gone, and with it what was at work there: start "
            "again once it is back."
        )

    def close(self) -> None:
        """Let go of the cluster, and end what runs here."""
        self.here.close()
        with self._connecting:
            self._stack.close()


class FarWorker:
    """Does one job after the other on the cluster; on this machine those that have to stay."""

    def __init__(self, host: FarHost) -> None:
        self._host = host
        self._near: Worker | None = None
        self._future: Future | None = None
        self._variables: tuple[Variable, Variable] | None = None  # see `_variables_of`
        self._seen = b""

    def send(self, task: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Have ``task(progress, *args)`` run.

        Raises
        ------
        SchedulerError
            As of `FarHost.client`.
        ModelError
            The weights of a lane are not here.
        """
        self._future = None
        if self._host.stays(task):
            if self._near is None:
                self._near = self._host.here.start_worker()
            self._near.send(task, args)
            return
        client = self._host.client()
        identity = identity_of(one.model for one in args if isinstance(one, PipelineConfig))
        name = f"job-{uuid.uuid4().hex}"
        self._seen, self._variables = b"", _variables_of(name, client)
        try:
            for variable in self._variables:
                variable.set(b"")
        except OSError as error:
            raise self._host.lost() from error
        work = pickle.dumps((task, args), protocol=5)
        self._future = client.submit(_in_far_child, work, name, identity, key=name)

    def receive(self) -> bytes:
        """The next message, as of ``flowcore.jobs.worker.Worker.receive``.

        Raises
        ------
        EOFError, OSError
            As of ``flowcore.jobs.worker.Worker.receive``, where the job had to stay.
        SchedulerError
            The job was cancelled, or the scheduler is gone.
        """
        if self._future is None:
            assert self._near is not None
            return self._near.receive()
        future = self._future
        payload = self._report_of(future)
        if payload:
            return payload
        self._forget()
        if future.status in _LOST:
            raise self._host.lost()
        error = future.exception()
        if error is not None:
            return _failure(error)
        payload = future.result()
        return bytes(payload)

    def _report_of(self, future: Future) -> bytes:
        """What is reported next of a task, of which nothing is once it is over."""
        assert self._variables is not None
        report, _ = self._variables
        silent_since = time.monotonic()
        while not future.done():
            try:
                with suppress(TimeoutError, CancelledError), future.client.as_current():
                    wait([future], timeout=_LOOK_SECONDS)
                if future.done():
                    break
                payload: bytes = report.get(timeout=_PATIENCE_SECONDS)
                is_silent = time.monotonic() - silent_since > _SILENT_SECONDS
                if payload in (b"", self._seen) and is_silent and not future.client.nthreads():
                    report.set(b"")  # the next worker begins anew, and may say the same
                    self._seen = b""
                    return _NO_WORKER
            except OSError as error:  # a timeout is one
                raise self._host.lost() from error
            if payload not in (b"", self._seen):
                self._seen = payload
                return payload
        return b""

    def finish(self) -> None:
        """Ask the task that was sent last to come to its end."""
        if self._future is None:
            if self._near is not None:
                self._near.finish()
            return
        if self._variables is not None:
            with suppress(OSError):  # a timeout is one
                self._variables[1].set(FINISH, timeout=_PATIENCE_SECONDS)

    def kill(self) -> None:
        """End the task at once: its process there is killed."""
        if self._near is not None:
            self._near.kill()
        future = self._future
        if future is not None and not future.done() and future.client.status == "running":
            future.cancel(force=True)

    def close(self) -> None:
        """End the task, and the process of this machine."""
        self.kill()
        if self._near is not None:
            self._near.close()

    def _forget(self) -> None:
        """The scheduler need not keep what was reported."""
        for variable in self._variables or ():
            with suppress(OSError):
                variable.delete()


def _variables_of(name: str, client: Client) -> tuple[Variable, Variable]:
    """What is reported of a job, and whether it is asked to finish."""
    return Variable(f"{name}-report", client=client), Variable(f"{name}-asked", client=client)


def _failure(error: BaseException) -> bytes:
    """What a worker of this machine would say in its last message."""
    if isinstance(error, FlowcoreError):
        return pickle.dumps(("failed", type(error), str(error), ""))
    if isinstance(error, KilledWorker):  # several of them, one after the other, at this job
        return pickle.dumps(("failed", None, CRASHED, ""))
    why = " ".join(str(error).split())[:120]
    sentence = (
        f"The cluster cannot do this: {type(error).__name__}: {why} Its scheduler and its workers "
        "need the same Flowscope as here."
    )
    return pickle.dumps(("failed", SchedulerError, sentence, repr(error)))


def _in_far_child(work: bytes, name: str, wanted: Identity) -> bytes:
    """The last message about a task. Runs on a thread of a dask worker."""
    require_same(wanted, "of this job")
    report, asked = _variables_of(name, get_client())
    told = 0.0

    def tell(payload: bytes) -> None:
        nonlocal told
        if time.monotonic() - told > _LOOK_SECONDS:
            report.set(payload)
            told = time.monotonic()

    def is_asked() -> bool:
        return bool(asked.get(timeout=_PATIENCE_SECONDS) == FINISH)

    try:
        return converse(work, tell, is_asked, seconds=_LOOK_SECONDS)
    except (EOFError, OSError) as error:
        raise SchedulerError(CRASHED) from error
