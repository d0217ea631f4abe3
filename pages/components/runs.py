"""Lanes on their way: submit, watch, cancel."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from flowcore.jobs.job import Job
from flowcore.lane import estimate_key, measure_key
from flowcore.types import FramePair
from pages.components.lane_form import LaneChoice
from pages.components.tasks import (
    FRAMES_ALONE,
    estimate_lane,
    measure_external,
    measure_lane,
)
from pages.components.ticking import redraw
from pages.components.words import as_text
from pages.components.work import ask, describe, shared_queue

__all__ = ["Run", "ask_lanes", "forget", "start", "wait_a_moment", "watch"]

QUICK_SECONDS = 0.4
MAX_NAMED = 3


@dataclass(frozen=True, eq=False)
class Run:
    """A lane and the job that works on it."""

    lane: LaneChoice
    job: Job


def start(
    pair: FramePair,
    lanes: Sequence[LaneChoice],
    *,
    threads: int | None = None,
    again: bool = False,
    task: Callable[..., Any] = estimate_lane,
) -> list[Run]:
    """The run of each lane; ``again`` repeats those that failed or were cancelled.

    ``task`` is what is done with each: see `pages.components.tasks`.

    Waits a moment for jobs just begun, so that quick methods are there at once. A full queue is
    said on the page, and the lanes that it did not take are left out.
    """
    runs = []
    for lane in lanes:
        job = _ask(pair, lane, threads, task, again=again)
        if job is None:
            break
        runs.append(Run(lane, job))
    return wait_a_moment(runs)


def ask_lanes(
    name: str,
    task: Callable[..., Any],
    pair: FramePair,
    lanes: Sequence[LaneChoice],
    *args: Any,
    threads: int | None,
    again: bool,
) -> list[Run]:
    """The run of ``task(progress, pair, config, threads, *args)`` for each lane, begun at most.

    ``name`` tells the task and its ``args`` from all others. A full queue as of `start`.
    """
    runs = []
    for lane in lanes:
        key = measure_key(estimate_key(pair, lane.config, threads=threads), pair)
        job = ask(f"{name}:{key}", task, pair, lane.config, threads, *args, again=again)
        if job is None:
            break
        runs.append(Run(lane, job))
    return runs


def wait_a_moment(runs: list[Run]) -> list[Run]:
    """The same, after so long that quick ones among those just begun are there."""
    deadline = max((run.job.created for run in runs), default=0.0) + QUICK_SECONDS
    while not all(run.job.is_over for run in runs) and time.monotonic() < deadline:
        time.sleep(0.01)
    return runs


def watch(
    runs: Sequence[Run],
    *,
    key: str = "cancel",
    again: str = "Run",
    say: Callable[[str], object] = st.error,
) -> dict[str, Any]:
    """The results of the lanes that are done, by title; the others say how far they are.

    All of it has one place on the page, kept when there is nothing to say: what stands below would
    otherwise be built anew whenever a lane ends, and lose the focus, or a click that falls just
    then. ``key`` is the Cancel button's, ``again`` the label of the button that repeats, and
    ``say`` tells why a lane failed.
    """
    with st.container():
        active = [run for run in runs if not run.job.is_over]
        redraw([run.job for run in active], lambda: _progress(active, key), every=0.3)
        for run in runs:
            if run.job.state == "failed":
                say(f"{run.lane.title}: {as_text(run.job.error)}")
        cancelled = [run.lane.title for run in runs if run.job.state == "cancelled"]
        if cancelled:
            more = f" and {len(cancelled) - MAX_NAMED} more" if len(cancelled) > MAX_NAMED else ""
            names = "; ".join(cancelled[:MAX_NAMED])
            st.info(f"Cancelled: {names}{more}. Press {again} to start again.")
    return {run.lane.title: run.job.result for run in runs if run.job.state == "done"}


def _progress(active: Sequence[Run], key: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            for run in active:
                st.progress(run.job.progress, f"{run.lane.title}: {describe(run.job)}")
        st.button("Cancel", key=key, on_click=_cancel, args=(active,))


def _cancel(active: Sequence[Run]) -> None:
    for run in active:
        shared_queue("lanes").cancel(run.job.key)


def forget(pair: FramePair, lanes: Sequence[LaneChoice], threads: int) -> None:
    """Drop what these lanes found, so that the next run of the page begins them anew."""
    for lane in lanes:
        shared_queue("lanes").drop(_lane_key(pair, lane, threads))


def _ask(
    pair: FramePair,
    lane: LaneChoice,
    threads: int | None,
    task: Callable[..., Any],
    *,
    again: bool,
) -> Job | None:
    if task is estimate_lane:
        return _ask_lane(pair, lane, threads, again=again)
    key = estimate_key(pair, lane.config, threads=threads)
    if task not in FRAMES_ALONE:
        key = measure_key(key, pair)
    return ask(f"{task.__name__}:{key}", task, pair, lane.config, threads, again=again)


def _ask_lane(pair: FramePair, lane: LaneChoice, threads: int | None, *, again: bool) -> Job | None:
    """The lane of these frames; measured again where more is known of them than when it ran."""
    key = _lane_key(pair, lane, threads)
    if lane.flow is not None:
        job = ask(key, measure_external, pair, lane.flow, lane.title, again=again)
    else:
        job = ask(key, estimate_lane, pair, lane.config, threads, again=again)
    if job is None or job.state != "done" or job.result.measured_against == pair.truth_digest:
        return job
    return ask(f"measure:{measure_key(key, pair)}", measure_lane, pair, job.result, again=again)


def _lane_key(pair: FramePair, lane: LaneChoice, threads: int | None) -> str:
    return f"lane:{estimate_key(pair, lane.flow or lane.config, threads=threads)}"
