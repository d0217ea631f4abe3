"""Drives, searches and lessons as the commands that repeat them."""

import shlex
from collections.abc import Sequence
from dataclasses import fields

from flowcore.knobs import flags_of
from flowcore.tasks.drive import Lane
from flowcore.tasks.perturbation import Perturbation
from flowcore.tasks.surrogate import SURROGATES
from flowcore.tasks.surrogate_training import Lesson
from flowcore.tasks.world_course import LAYOUTS, Course

__all__ = ["drive_command", "failures_command", "surrogate_command"]


def drive_command(
    course: Course,
    algorithm: str,
    lane: Lane,
    perturbation: Perturbation | None = None,
    *,
    surrogate: str | None = None,
    threads: int | None = None,
) -> str:
    """The command that drives through a course; under a perturbation it also drives clean.

    ``surrogate`` is the file of the one that is attacked, if one is. A perturbation and its course
    have one seed.

    Examples
    --------
    >>> drive_command(Course("gate", 3), "map", "truth")
    'flowcore task run --algorithm map --model truth --layout gate --seed 3 --video drive.webm'
    """
    words = _begun("run" if perturbation is None else "attack", algorithm, lane, threads)
    for field in fields(Course):
        value = getattr(course, field.name)
        if field.name == "layout" or value != field.default:
            words += [f"--{field.name.replace('_', '-')}", str(value)]
    if perturbation is not None:
        usual = Perturbation.of(perturbation.method)
        words += ["--attack", perturbation.method, "--epsilon", f"{perturbation.epsilon:g}"]
        for name in ("steps", "every"):
            if getattr(perturbation, name) != getattr(usual, name):
                words += [f"--{name}", str(getattr(perturbation, name))]
        if surrogate is not None:
            words += ["--surrogate", surrogate]
        elif perturbation.made_on is not None:
            words += ["--made-on", perturbation.made_on.model]
    return shlex.join([*words, "--video", "drive.webm"])


def failures_command(
    algorithm: str,
    lane: Lane,
    *,
    num_trials: int,
    layouts: Sequence[str] = tuple(LAYOUTS),
    seed: int = 0,
    threads: int | None = None,
) -> str:
    """The command that searches for failures."""
    words = [*_begun("failures", algorithm, lane, threads), "--trials", str(num_trials)]
    if tuple(layouts) != tuple(LAYOUTS):
        words += ["--layouts", *layouts]
    return shlex.join(words + (["--seed", str(seed)] if seed else []))


def surrogate_command(
    algorithm: str,
    lane: Lane,
    lesson: Lesson,
    *,
    kinds: Sequence[str] = tuple(SURROGATES),
    num_unseen: int = 12,
    threads: int | None = None,
    out: str | None = None,
) -> str:
    """The command that teaches surrogates; its hardness is the usual one."""
    words = _begun("surrogate", algorithm, lane, threads)
    words += ["--courses", str(lesson.num_courses), "--unseen", str(num_unseen)]
    words += ["--epochs", str(lesson.epochs), "--epsilon", f"{lesson.epsilon:g}"]
    if tuple(kinds) != tuple(SURROGATES):
        words += ["--kinds", *kinds]
    if lesson.seed:
        words += ["--seed", str(lesson.seed)]
    return shlex.join(words + (["--out", out] if out else []))


def _begun(action: str, algorithm: str, lane: Lane, threads: int | None) -> list[str]:
    words = ["flowcore", "task", action, "--algorithm", algorithm]
    words += ["--model", lane] if isinstance(lane, str) else flags_of(lane)
    return words + ([] if threads is None else ["--threads", str(threads)])
