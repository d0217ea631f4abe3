"""One piece of work, and who looks at it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from flowcore.errors import FlowcoreError

__all__ = ["NOBODY", "Job", "State", "Visit"]

State = Literal["queued", "running", "done", "failed", "cancelled"]


class Visit(NamedTuple):
    """Who looks at a job, and in which of their visits, counted from 1."""

    visitor: str
    number: int = 0


NOBODY = Visit("")


@dataclass(eq=False)
class Job:
    """One piece of work. Whoever asked reads it; only its queue writes it.

    Parameters
    ----------
    key : str
        What is computed, from what: equal keys mean equal results.
    task : callable
        ``task(progress, *args)``, importable by its name in another process;
        ``progress(fraction, message, partial)`` tells how far it is, and is True once the job was
        asked to finish.
    args : tuple
        Sent to the worker by pickle; let go as soon as the job has ended.
    owner : str
        Who asked first; the owners take turns.
    grace : float
        Seconds for which the job is kept once nobody looks at it any more.
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
    is_finishing : bool
        Asked to come to its end and to return what it has.
    error, error_type : str and FlowcoreError class
        One plain sentence, once failed; the class if the task raised a ``FlowcoreError``.
    num_bytes : int
        Size of the pickled result.
    """

    key: str
    task: Callable[..., Any]
    args: tuple[Any, ...] = field(repr=False)
    owner: str = ""
    grace: float = 0.0
    state: State = "queued"
    position: int = 0
    progress: float = 0.0
    message: str = ""
    partial: Any = field(default=None, repr=False)
    is_finishing: bool = False
    result: Any = field(default=None, repr=False)
    error: str = ""
    error_type: type[FlowcoreError] | None = None
    num_bytes: int = 0
    turn: int = field(default=0, repr=False)
    created: float = field(default_factory=time.monotonic, repr=False)
    looks: dict[str, int] = field(default_factory=dict, repr=False)  # visitor -> visit, the last
    abandoned: float | None = field(default=None, repr=False)  # since when nobody looks
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
