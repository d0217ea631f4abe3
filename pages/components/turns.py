"""Long work that gives way: asked to finish where others wait, and gone on with afterwards.

The result of such a task says by ``is_complete`` whether it came to its end.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from flowcore.jobs.job import Job
from pages.components.runs import Run
from pages.components.work import ask, look, shared_queue

__all__ = ["ask_in_turns", "gave_way", "give_way"]


def gave_way(job: Job | None) -> bool:
    """Whether a job has come to its end before its work did."""
    return job is not None and job.state == "done" and not job.result.is_complete


def ask_in_turns(
    key: str, task: Callable[..., Any], *args: Any, pressed: bool, grace: float
) -> Job | None:
    """The job of that key, begun where it was asked for; one that gave way goes on.

    It is ``task(progress, *args, before)``, where ``before`` is the result of the job that gave
    way, and else None.
    """
    job = look(key)
    if not (pressed or gave_way(job)):
        return job
    before = None
    if job is not None and gave_way(job):
        before = job.result
        shared_queue("lanes").drop(key)
    return ask(key, task, *args, before, again=True, grace=grace)


@st.fragment(run_every=2)
def give_way(runs: Sequence[Run], turn: float) -> None:
    """Let others have a turn after so many seconds: these may take hours, their lanes a second."""
    queue = shared_queue("lanes")
    own = {run.job.key for run in runs}
    if all(job.key in own for job in queue.active() if job.state == "queued"):
        return
    for run in runs:
        if run.job.state == "running" and run.job.seconds > turn:
            queue.finish(run.job.key)
