"""What is drawn again and again while work is on its way, and never left standing.

A tick of a fragment that reaches the server just as a run of the page ends makes Streamlit begin a
new runner, and what the old one has still to send is dropped: the browser then shows the page of
before, ticking for a fragment that is gone or not ticking at all. So a run of the page ends when
all that it drew is on its way (`hand_over`), and a fragment outlives its work: a tick that comes
late finds it, and has the page run again (`redraw`).
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence

import streamlit as st

from flowcore.jobs.job import Job

__all__ = ["hand_over", "redraw", "serve_from"]

PATIENCE_SECONDS = 5
_loops: list[asyncio.AbstractEventLoop] = []


def redraw(
    jobs: Sequence[Job],
    draw: Callable[[], object],
    *,
    every: float,
    until: Callable[[Iterable[bool]], bool] = any,
) -> None:
    """``draw`` every so many seconds while jobs are on their way, then run the page again.

    To be called in the same place of the page when all jobs are over, or there are none: see the
    module. ``until`` says whether ``any`` or ``all`` of those on their way have to end.
    """
    active = [job for job in jobs if not job.is_over]
    st.fragment(_look, run_every=every if active else None)(active, draw, until, [])


def serve_from(loop: asyncio.AbstractEventLoop) -> None:
    """Know the loop that sends to the browsers, as long as the server lives."""
    _loops[:] = [loop]


def hand_over() -> None:
    """Wait until all that this run of the page has drawn is on its way to the browser."""
    is_sent = threading.Event()
    for loop in _loops:
        with contextlib.suppress(RuntimeError):  # closed: the server ends
            loop.call_soon_threadsafe(is_sent.set)
            is_sent.wait(PATIENCE_SECONDS)


def _look(
    active: Sequence[Job],
    draw: Callable[[], object],
    until: Callable[[Iterable[bool]], bool],
    looks: list[bool],
) -> None:
    """One run of the fragment; the first one is within the run of the page."""
    is_late = bool(looks) and not active
    if is_late or (active and until(job.is_over for job in active)):
        st.rerun()
    looks.append(True)
    if active:
        draw()
