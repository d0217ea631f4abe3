"""Drives on their way: asked for, watched as they go, stopped with what was driven."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from flowcore.jobs.job import Job
from flowcore.lane import weights_sha256
from flowcore.tasks.drive import Lane
from pages.components.drive_form import DriveChoice
from pages.components.drive_task import drive_course
from pages.components.ticking import redraw
from pages.components.words import as_text
from pages.components.work import ask, describe, shared_queue

__all__ = ["CLEAN", "TRUE", "ask_drives", "follow", "lane_key"]

CLEAN = "clean"
TRUE = "true flow"

Jobs = dict[str, Job]


def ask_drives(choice: DriveChoice, surrogate: tuple[str, Any] | None, *, is_pressed: bool) -> Jobs:
    """The drives of a choice by their titles: clean, perturbed, and by the true flow.

    ``surrogate`` is the key and the network that is attacked, if one is. What was stopped or
    cancelled begins anew when Drive is pressed.
    """
    wanted: dict[str, tuple[Any, ...]] = {}
    if choice.lane != "truth":
        wanted[CLEAN] = (choice.lane, None, None)
    wanted[TRUE] = ("truth", None, None)
    if choice.perturbation is not None and (surrogate or not choice.is_by_surrogate):
        used = surrogate if choice.is_by_surrogate else None
        wanted[choice.perturbation.label] = (choice.lane, choice.perturbation, used)
    jobs: Jobs = {}
    for title, (lane, perturbation, used) in wanted.items():
        job = _job(choice, lane, perturbation, used, is_pressed=is_pressed)
        if job is None:
            break
        jobs[title] = job
    return jobs


def lane_key(lane: Lane) -> tuple[object, ...]:
    """What a lane is, its weights included."""
    return (lane,) if isinstance(lane, str) else (lane, weights_sha256(lane.model))


def follow(
    jobs: Jobs,
    draw: Callable[[Jobs], object] = lambda jobs: None,
    *,
    key: str,
    can_stop: bool = True,
) -> None:
    """``draw`` what there is of the jobs, again and again while one is on its way.

    Meanwhile they can be cancelled, or stopped where ``can_stop``. ``key`` is that of the buttons.
    """
    active = [title for title, job in jobs.items() if not job.is_over]
    redraw(
        [jobs[title] for title in active],
        lambda: _show_so_far(jobs, active, draw, key, can_stop),
        every=0.7,
    )
    if not active:
        draw(jobs)
    for title, job in jobs.items():
        if job.state == "failed":
            st.error(f"{title}: {as_text(job.error)}")
    cancelled = [title for title, job in jobs.items() if job.state == "cancelled"]
    if cancelled:
        st.info(f"Cancelled: {', '.join(cancelled)}. Press Drive to start again.")


def _show_so_far(
    jobs: Jobs,
    active: Sequence[str],
    draw: Callable[[Jobs], object],
    key: str,
    can_stop: bool,
) -> None:
    queue = shared_queue("lanes")
    keys = [jobs[title].key for title in active]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            for title in active:
                st.progress(jobs[title].progress, f"{title}: {describe(jobs[title])}")
        if can_stop:
            about = "Keeps what there is so far; what still waits is cancelled."
            st.button("Stop", key=f"stop-{key}", on_click=_each, args=(queue.finish, keys),
                      help=about)  # fmt: skip
        st.button("Cancel", key=f"cancel-{key}", on_click=_each, args=(queue.cancel, keys))
    draw(jobs)


def _each(act: Callable[[str], None], keys: list[str]) -> None:
    for key in keys:
        act(key)


def _job(
    choice: DriveChoice,
    lane: Lane,
    perturbation: Any,
    surrogate: tuple[str, Any] | None,
    *,
    is_pressed: bool,
) -> Job | None:
    made_on = perturbation and perturbation.made_on
    known, network = surrogate or ("", None)
    parts = (
        choice.course, choice.algorithm, lane_key(lane), perturbation,
        made_on and lane_key(made_on), known, choice.threads,
    )  # fmt: skip
    key = f"drive:{hashlib.sha256(repr(parts).encode()).hexdigest()}"
    given = (choice.course, choice.algorithm, lane, perturbation, network, choice.threads)
    job = ask(key, drive_course, *given, again=is_pressed)
    if job is not None and is_pressed and job.state == "done" and job.result.drive.is_stopped:
        shared_queue("lanes").drop(job.key)
        job = ask(key, drive_course, *given)
    return job
