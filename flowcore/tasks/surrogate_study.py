"""Surrogates of an algorithm on a lane, taught and judged in one go, beside their rivals."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flowcore.errors import ConfigError
from flowcore.tasks.drive import Lane
from flowcore.tasks.examples import collect
from flowcore.tasks.surrogate import SURROGATES, Surrogate
from flowcore.tasks.surrogate_scores import (
    SurrogateScore,
    score_constant,
    score_mean_flow,
    score_surrogate,
)
from flowcore.tasks.surrogate_training import Lesson, learn, teach
from flowcore.tasks.world_camera import CAMERA, Camera
from flowcore.tasks.world_course import UNSEEN_LAYOUTS, Course, draw_courses

__all__ = ["Study", "study_surrogates"]

_UNSEEN_SEED = 1_000_003


class Study(NamedTuple):
    """What came of it.

    Parameters
    ----------
    surrogates : mapping of kind to Surrogate
    scores : tuple of SurrogateScore
        On courses of layouts that none has seen: of each kind, of a constant, of the mean flow.
    num_seen : int
        Frames that they learnt from.
    places : tuple of (Course, int)
        The unseen frames: of which course, and their number.
    truths : tuple of float
        What the clearance ahead really was there, m.
    """

    surrogates: dict[str, Surrogate]
    scores: tuple[SurrogateScore, ...]
    num_seen: int
    places: tuple[tuple[Course, int], ...]
    truths: tuple[float, ...]


def study_surrogates(
    algorithm: str,
    lane: Lane,
    lesson: Lesson,
    *,
    kinds: Sequence[str] = tuple(SURROGATES),
    num_unseen: int = 12,
    camera: Camera = CAMERA,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> Study:
    """Surrogates of these kinds, from one set of drives, and how good they are.

    Parameters
    ----------
    algorithm : str
    lane : PipelineConfig or "truth"
    lesson : Lesson
    kinds : sequence of str
        Of `SURROGATES`.
    num_unseen : int
        Courses of the layouts that are kept from them, driven as they are.
    camera, threads, device : optional
        As of ``flowcore.tasks.drive.drive``.
    progress : callable
        Is told the finished share, 0..1, and what is being done.

    Raises
    ------
    ConfigError
        No such kind or algorithm, or nothing to judge by.
    """
    if not kinds or num_unseen < 1 or not set(kinds) <= SURROGATES.keys():
        raise ConfigError(
            f"A study takes kinds out of {', '.join(SURROGATES)} and an unseen course or more; got "
            f"{', '.join(kinds) or 'none'} and {num_unseen}."
        )
    where: dict[str, Any] = {"camera": camera, "threads": threads, "device": device}
    seen = teach(
        algorithm,
        lane,
        lesson,
        progress=lambda fraction, message: progress(0.5 * fraction, message),
        **where,
    )
    courses = draw_courses(
        num_unseen, UNSEEN_LAYOUTS, seed=_UNSEEN_SEED + lesson.seed, hardness=lesson.hardness
    )
    unseen = collect(courses, algorithm, lane, [lambda sight: sight.second], **where)
    surrogates: dict[str, Surrogate] = {}
    for number, kind in enumerate(kinds):
        progress(0.6 + 0.4 * number / len(kinds), f"learning: {SURROGATES[kind].label}")
        surrogates[kind] = learn(kind, seen, lesson, threads=threads)
    scores = [score_surrogate(surrogate, unseen) for surrogate in surrogates.values()]
    rivals = [rival(seen, unseen) for rival in (score_constant, score_mean_flow)]
    truths = tuple(unseen.ahead.tolist())
    return Study(surrogates, (*scores, *rivals), len(seen), unseen.places, truths)
