"""Jobs as the visitors of the pages see them: whoever looks at one keeps it alive.

A page asks for its jobs on every run of its script. A run of the script that ends is a visit; a job
that the last visit of a page did not ask for, or whose page is closed, is waited for by nobody.
"""

import atexit
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import RerunException, get_script_run_ctx

from flowcore.jobs.job import Job, Visit
from flowcore.jobs.queue import JobQueue, QueueFullError
from flowcore.jobs.worker import AnyHost
from pages.components.words import as_text

__all__ = ["Purpose", "ask", "current_visit", "describe", "look", "shared_queue", "visit"]

Purpose = Literal["lanes", "files", "downloads"]
GRACE_SECONDS = 10  # long enough for a reload
MIN_PROGRESS = 0.05  # below, nothing can be said of the time left
MAX_READER_BYTES = 2 * 2**30  # a file of 64 MB and 40 million pixels takes a half of it
NUM_AT_ONCE = 2  # files read, or downloaded: one that is slow leaves a way past it
FAR = tuple(f"pages.components.{name}" for name in ("clip_task", "stress_task", "tasks"))
_begun: dict[str, int] = {}
_ended: dict[str, int] = {}


@functools.cache
def shared_queue(purpose: Purpose = "lanes") -> JobQueue:
    """A queue of this server: lanes are estimated in one, files read and fetched in the others.

    ``FLOWSCOPE_WORKERS`` (1) lanes run at the same time; more would spoil their timings. Where
    ``FLOWSCOPE_SCHEDULER`` names a dask cluster, they run there.
    """
    if purpose == "files":
        queue = JobQueue(
            NUM_AT_ONCE,
            max_running_each=NUM_AT_ONCE - 1,
            max_result_bytes=2**29,
            preload=("flowcore.io.frames", "flowcore.io.video", "flowcore.models"),
            max_worker_bytes=MAX_READER_BYTES,
        )
    elif purpose == "downloads":
        queue = JobQueue(
            NUM_AT_ONCE,
            grace=GRACE_SECONDS,
            goes_on=_goes_on,
            preload=("flowcore.models.download",),
        )
    else:
        num_workers = int(os.environ.get("FLOWSCOPE_WORKERS", "1"))
        queue = JobQueue(num_workers, grace=GRACE_SECONDS, goes_on=_goes_on, host=_far_host())
    atexit.register(queue.shutdown)
    return queue


def _far_host() -> Callable[[], AnyHost] | None:
    """What gives the workers of a cluster; None where there is none."""
    address = os.environ.get("FLOWSCOPE_SCHEDULER")
    if not address:
        return None
    from flowcore.jobs.far import FarHost  # dask, which most servers do without

    return functools.partial(FarHost, address, ("flowcore.pipeline",), _stays)


def _stays(task: Callable[..., Any]) -> bool:
    """Whether a task needs files of this server, such as its store or an upload."""
    return task.__module__ not in FAR


def look(key: str, *, purpose: Purpose = "lanes") -> Job | None:
    """The job of that key, if it is on its way or its result is kept."""
    return shared_queue(purpose).get(key, current_visit())


def ask(
    key: str,
    task: Callable[..., Any],
    *args: Any,
    again: bool = False,
    grace: float = GRACE_SECONDS,
    purpose: Purpose = "lanes",
) -> Job | None:
    """The job of that key, begun with ``task(progress, *args)`` where there is none.

    ``again`` repeats one that failed or was cancelled. ``grace`` is for how many seconds it goes on
    when its page is left. A full queue is said on the page; what was there before, if anything,
    is then all there is.
    """
    job = look(key, purpose=purpose)
    if job is not None and not (again and job.state in ("failed", "cancelled")):
        return job
    try:
        return shared_queue(purpose).submit(key, task, *args, visit=current_visit(), grace=grace)
    except QueueFullError as error:
        st.warning(as_text(error))
        return job


def describe(job: Job) -> str:
    """Where a job stands that is on its way: in the queue, or at work and for how long."""
    if job.state == "queued":
        return f"number {job.position} in the queue"
    left = ""
    if job.progress > MIN_PROGRESS:
        left = f", about {job.seconds * (1 - job.progress) / job.progress:.0f} s left"
    return f"{job.message or 'starting'}, {job.seconds:.0f} s{left}"


@contextmanager
def visit() -> Iterator[None]:
    """One run of a page's script.

    A run that is cut short, because a widget was used meanwhile, has not seen all that it would
    have asked for: what the visit before it saw is still waited for.
    """
    visitor = _visitor()
    for gone in [other for other in list(_begun) if other != visitor and not _is_here(other)]:
        _begun.pop(gone, None)
        _ended.pop(gone, None)
    number = _begun[visitor] = _begun.get(visitor, 0) + 1
    try:
        yield
    except RerunException:
        number = _ended.get(visitor, 0)
        raise
    finally:
        _ended[visitor] = number


def current_visit() -> Visit:
    """Who looks at a job while this script runs."""
    return Visit(_visitor(), _begun.get(_visitor(), 0))


def _goes_on(seen: Visit) -> bool:
    """The visitor's page is open, and its last visit saw what this one did."""
    return _is_here(seen.visitor) and seen.number >= _ended.get(seen.visitor, 0)


def _visitor() -> str:
    """The browser session; the queue lets sessions take turns."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def _is_here(visitor: str) -> bool:
    """The session is open; without a server, which may end at any time, there is none to close."""
    try:
        server = runtime.get_instance()
    except RuntimeError:
        return True
    return server.is_active_session(visitor)
