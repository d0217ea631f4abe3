"""The engine of a sweep: dask.distributed, within this process or on any cluster."""

import ipaddress
import itertools
import logging
import re
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed

from flowcore.errors import FlowcoreError, SchedulerError
from flowcore.jobs.outcome import CRASHED
from flowcore.scores import Failure
from flowcore.sweeps.child import Answer, in_child
from flowcore.sweeps.identity import Identity
from flowcore.sweeps.task import Measured, Task, Work

__all__ = ["connected", "outcomes"]

_LOOPBACK = "127.0.0.1:0"
_CONNECT_SECONDS = 5
_WORKER_SECONDS = 10  # until the first worker is there
_AHEAD = 4  # batches for each thread of the cluster that are on their way
_BATCH_SECONDS = 0.2
_MOST = 64  # tasks of a batch


@contextmanager
def connected(
    address: str | None = None, *, workers: int = 1, is_plain: bool = False
) -> Iterator[Client]:
    """A client of the scheduler at that address; without one, of a cluster within this process.

    Parameters
    ----------
    address : str, optional
        Such as ``tls://host:8786``, as `dask scheduler` prints it.
    workers : int
        Tasks that run at the same time within this process.
    is_plain : bool
        Allow an address on another machine without TLS.

    Raises
    ------
    SchedulerError
        It does not answer, has no worker, or is on another machine and does not use TLS.
    """
    with ExitStack() as stack:
        if address is None:
            cluster = stack.enter_context(_own_cluster(workers))
            yield stack.enter_context(Client(cluster, set_as_default=False))
            return
        _require_safe(address, is_plain=is_plain)
        try:
            client = stack.enter_context(
                Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
            )
        except (OSError, ValueError) as error:
            raise SchedulerError(
                f"No scheduler answers at {address}: expected one within {_CONNECT_SECONDS} s, "
                "started by `dask scheduler`."
            ) from error
        try:
            client.wait_for_workers(1, timeout=_WORKER_SECONDS)
        except TimeoutError as error:
            raise SchedulerError(
                f"The scheduler at {address} has no worker, and none came within "
                f"{_WORKER_SECONDS} s: start `dask worker {address}`."
            ) from error
        yield client


def outcomes(
    client: Client, work: Work, tasks: Iterable[Task], identity: Identity
) -> Generator[tuple[Task, Measured], None, None]:
    """Each task with what became of it, in the order in which they end.

    Only a few are on their way at a time, so that any number takes the same memory. What is left
    is cancelled, its processes killed, once the caller goes on no longer.

    Raises
    ------
    SchedulerError
        The scheduler is gone, or a worker is not what it has to be.
    FlowcoreError
        As of ``work``.
    """
    batches, pending = _Batches(tasks), dict[Future, list[Task]]()
    completed = as_completed(loop=client.loop, with_results=True, raise_errors=False)

    def send(count: int) -> None:
        for batch in itertools.islice(batches, count):
            key = f"{batch[0].sweep}-{batch[0].run}-{batch[0].position}"
            future = client.submit(in_child, work, batch, identity, key=key, pure=False)
            pending[future] = batch
            completed.add(future)

    try:
        send(max(8, _AHEAD * sum(client.nthreads().values())))
        for future, result in completed:
            batch = pending.pop(future)
            found = _answers(future, result, batch, client)
            future.release()
            batches.learn(batch, found)
            send(1)
            yield from ((task, one.measured) for task, one in zip(batch, found, strict=True))
    finally:
        if pending:
            _cancel(client, list(pending))


class _Batches:
    """Tasks together that take a fifth of a second, so that quick ones do not wait for messages.

    How long a run's tasks take is learnt on the way; one of which nothing is known goes alone.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = iter(tasks)
        self._seconds: dict[int, float] = {}

    def learn(self, batch: list[Task], answers: list[Answer]) -> None:
        """Take note of what each of these took."""
        for task, answer in zip(batch, answers, strict=True):
            self._seconds[task.run] = answer.seconds

    def __iter__(self) -> Iterator[list[Task]]:
        return self

    def __next__(self) -> list[Task]:
        batch, expected = list[Task](), 0.0
        while expected < _BATCH_SECONDS and len(batch) < _MOST:
            task = next(self._tasks, None)
            if task is None:
                break
            batch.append(task)
            expected += self._seconds.get(task.run, _BATCH_SECONDS)
        if not batch:
            raise StopIteration
        return batch


def _answers(future: Future, result: Any, batch: list[Task], client: Client) -> list[Answer]:
    if future.status == "finished":
        answers: list[Answer] = result
        return answers
    if future.status != "error" or isinstance(result, CancelledError):
        address = client.scheduler.address if client.scheduler else "its address"
        raise SchedulerError(
            f"The scheduler at {address} is gone; what was done is kept: start again."
        )
    error = result[1]
    if isinstance(error, FlowcoreError):
        raise error
    if isinstance(error, KilledWorker):  # several of them, one after the other, at this batch
        return [
            Answer(Measured(Failure(task.files.dataset, task.files.sequence, CRASHED)), 0.0)
            for task in batch
        ]
    if isinstance(error, ImportError | AttributeError):
        raise SchedulerError(
            f"The workers cannot run this: {error}. They need the same Flowscope as here."
        )
    raise SchedulerError(f"A worker failed: {type(error).__name__}: {error}") from error


def _cancel(client: Client, pending: list[Future]) -> None:
    if client.status == "running":
        client.cancel(pending, force=True)


@contextmanager
def _own_cluster(workers: int) -> Iterator[LocalCluster]:
    """A scheduler and a worker within this process.

    No other can give them work. Both answer requests over HTTP all the same, by default on the
    network: here they do so on this machine alone, and have nothing to say.
    """
    silent = {f"distributed.{part}.http.routes": list[str]() for part in ("scheduler", "worker")}
    with (
        dask.config.set(silent),
        LocalCluster(
            n_workers=1,
            threads_per_worker=workers,
            processes=False,
            scheduler_kwargs={"dashboard": False, "dashboard_address": _LOOPBACK},
            worker_dashboard_address=_LOOPBACK,
            memory_limit=None,
            silence_logs=logging.CRITICAL,  # what fails is told as a sentence
        ) as cluster,
    ):
        yield cluster


def _require_safe(address: str, *, is_plain: bool) -> None:
    """Whoever reaches a scheduler can run code on its workers, and read what is sent."""
    match = re.fullmatch(r"(?:(\w+)://)?\[?([^/\]]+?)\]?(?::\d+)?", address)
    if match is None:
        raise SchedulerError(f"A scheduler is HOST:PORT or tls://HOST:PORT, got {address[:80]!r}.")
    protocol, host = match.groups()
    if protocol != "tls" and not is_plain and not _is_here(host):
        raise SchedulerError(
            f"{address[:80]} is on another machine and does not use TLS: whoever reaches such a "
            "scheduler can run code. Use tls://, or allow it by --plain-tcp in a network that is "
            "your own."
        )


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
