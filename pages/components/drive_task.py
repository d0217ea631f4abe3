"""Drives, searches and lessons for worker processes; free of streamlit, so that they start quickly.

What is heavy to import is imported where it is needed.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flowcore.types import UInt8Array

__all__ = ["Driven", "Glimpse", "drive_course", "find_failures", "teach_surrogates"]

TELL_SECONDS = 0.3  # between two reports of a drive

Report = Callable[..., bool]


class Glimpse(NamedTuple):
    """A drive so far: its ``Moment`` of each frame, the last frame as seen, and its flow."""

    moments: tuple[Any, ...]
    seen: UInt8Array
    flow: UInt8Array


class Driven(NamedTuple):
    """A ``Drive``, and its film as WebM."""

    drive: Any
    film: bytes


def drive_course(
    progress: Report,
    course: Any,
    algorithm: str,
    lane: Any,
    perturbation: Any,
    surrogate: Any,
    threads: int,
) -> Driven:
    """A drive and its film; a `Glimpse` is handed over meanwhile, and it can be stopped."""
    from flowcore.tasks.drive import drive, most_frames
    from flowcore.tasks.film import film_webm
    from flowcore.viz.flow_color import flow_to_color, shared_max_magnitude

    moments: list[Any] = []
    told, top, is_asked = 0.0, 1.0, False

    def tell(step: Any) -> None:
        nonlocal told, top, is_asked
        moments.append(step.moment)
        if time.monotonic() - told < TELL_SECONDS:
            return
        top = max(top, shared_max_magnitude([step.flow]))
        glimpse = Glimpse(tuple(moments), step.seen, flow_to_color(step.flow, max_magnitude=top))
        share = max(step.moment.progress, len(moments) / most_frames(course))
        words = f"frame {step.moment.number}, clearance {step.moment.clearance:.2f} m"
        is_asked = progress(share, words, glimpse)
        told = time.monotonic()

    more: dict[str, Any] = {}
    if perturbation is not None:
        more["perturb"] = perturbation.perturb(lane, surrogate=surrogate)
    found = drive(
        course, algorithm, lane, threads=threads, progress=tell, should_stop=lambda: is_asked,
        **more,
    )  # fmt: skip
    return Driven(found, film_webm(found))


def find_failures(
    progress: Report,
    algorithm: str,
    lane: Any,
    num_trials: int,
    layouts: Sequence[str],
    seed: int,
    threads: int,
) -> Any:
    """The trials of a search; those so far when it is asked to finish."""
    from flowcore.tasks.failures import search_failures

    failed, tried, is_asked = 0, 0, False

    def tell(trial: Any) -> None:
        nonlocal failed, tried, is_asked
        tried, failed = tried + 1, failed + trial.score.has_failed
        is_asked = progress(tried / num_trials, f"course {tried} of {num_trials}, {failed} failed")

    progress(0.0, "the first course")
    return search_failures(
        algorithm, lane, num_trials=num_trials, layouts=layouts, seed=seed, threads=threads,
        progress=tell, should_stop=lambda: is_asked,
    )  # fmt: skip


def teach_surrogates(
    progress: Report, algorithm: str, lane: Any, lesson: Any, num_unseen: int, threads: int
) -> Any:
    """The ``Study`` of all kinds of surrogates."""
    from flowcore.tasks.surrogate_study import study_surrogates

    return study_surrogates(
        algorithm, lane, lesson, num_unseen=num_unseen, threads=threads, progress=progress
    )
