"""The failure gallery: courses on which an algorithm fails though nobody attacks, in groups.

Found by search over the numbers of a course, grouped by what they have in common, and each one
replayable from its `Course`. A failure that the true flow does not share is the flow's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.stats import qmc

from flowcore.errors import ConfigError
from flowcore.tasks.drive import Lane, drive
from flowcore.tasks.metrics import Moment, Score
from flowcore.tasks.world_camera import CAMERA, Camera
from flowcore.tasks.world_course import LAYOUTS, RANGES, Course
from flowcore.tasks.world_plan import Array

__all__ = ["Group", "Trial", "failure_rates", "group_failures", "search_failures"]

_STEP = 0.15  # of each range: standard deviation of the steps away from what did worst
_BEST = 0.25  # share of the trials that further ones start from
_FAR = 0.9  # distance between groups, in ranges; another layout is as far as a whole range


class Trial(NamedTuple):
    """A course and how it went, in all and frame by frame.

    ``true_score`` is how it goes with the true flow; None where that was not asked.
    """

    course: Course
    score: Score
    true_score: Score | None
    moments: tuple[Moment, ...] = ()

    @property
    def blame(self) -> str:
        """What made it fail: "flow", or "algorithm" where the true flow does not help; or ""."""
        if not self.score.has_failed or self.true_score is None:
            return ""
        return "algorithm" if self.true_score.has_failed else "flow"

    def as_json(self) -> dict[str, Any]:
        """All but the frames, ready for ``json.dumps``."""
        true = None if self.true_score is None else self.true_score.as_json()
        return {
            "course": self.course.as_json(),
            "score": self.score.as_json(),
            "true_score": true,
            "blame": self.blame,
        }


@dataclass(frozen=True)
class Group:
    """Failures that resemble each other.

    Parameters
    ----------
    trials : tuple of Trial
        The first one is the most typical.
    means : mapping
        Of the numbers of their courses.
    layouts : tuple of str
        The most frequent one first.
    """

    trials: tuple[Trial, ...]
    means: dict[str, float]
    layouts: tuple[str, ...]

    @property
    def label(self) -> str:
        """Layouts, and the numbers that lie in the outer thirds of their ranges."""
        words = []
        for name, mean in self.means.items():
            low, high, _, _ = RANGES[name]
            share = (mean - low) / (high - low)
            if not 1 / 3 <= share <= 2 / 3:
                words.append(f"{'low' if share < 0.5 else 'high'} {name.replace('_', ' ')}")
        return ", ".join([" and ".join(self.layouts[:2]), *words])

    def as_json(self) -> dict[str, Any]:
        """The fields, ready for ``json.dumps``."""
        return {
            "label": self.label,
            "layouts": list(self.layouts),
            "means": self.means,
            "trials": [trial.as_json() for trial in self.trials],
        }


def search_failures(
    algorithm: str,
    lane: Lane,
    *,
    num_trials: int = 64,
    layouts: Sequence[str] = tuple(LAYOUTS),
    seed: int = 0,
    camera: Camera = CAMERA,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[Trial], object] = lambda trial: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Trial]:
    """Courses tried, half of them spread evenly, half near those with the least clearance.

    The even half (a scrambled Sobol sequence) says how often an algorithm fails where; the other
    half, steps away from the worst quarter so far, finds more of the kind.

    Parameters
    ----------
    algorithm : str
    lane : PipelineConfig or "truth"
    num_trials : int
    layouts : sequence of str
    seed : int
    camera, threads, device : optional
        As of ``flowcore.tasks.drive.drive``.
    progress : callable
        Is told every `Trial`.
    should_stop : callable
        Is asked after every one; those so far are returned.

    Raises
    ------
    ConfigError
        No trials, or a layout that there is not.
    """
    if num_trials < 1 or not layouts:
        raise ConfigError("A search takes one trial or more, and one layout or more.")
    where: dict[str, Any] = {"camera": camera, "threads": threads, "device": device}
    rng = np.random.default_rng(seed)
    even = (num_trials + 1) // 2
    # Sobol sequences are balanced in powers of two, of which this takes the beginning.
    points = qmc.Sobol(1 + len(RANGES), rng=rng).random_base2((even - 1).bit_length())[:even]
    trials: list[Trial] = []
    for number in range(num_trials):
        point = points[number] if number < even else _near_the_worst(trials, layouts, rng)
        course = _course_at(point, layouts, int(rng.integers(2**31)))
        driven = drive(course, algorithm, lane, **where)
        score, true_score = driven.score, None
        if score.has_failed:
            true_score = (
                score if lane == "truth" else drive(course, algorithm, "truth", **where).score
            )
        trials.append(Trial(course, score, true_score, driven.moments))
        progress(trials[-1])
        if should_stop():
            break
    return trials


def failure_rates(trials: Sequence[Trial]) -> dict[str, dict[str, tuple[int, int]]]:
    """How many failed of how many, by layout and by thirds of each range.

    Of the trials given: only an even sample of them says how often that is.
    """
    rates: dict[str, dict[str, tuple[int, int]]] = {}
    for trial in trials:
        parts = {"layout": trial.course.layout}
        for name, share in zip(RANGES, _shares(trial.course), strict=True):
            parts[name] = ("low", "middle", "high")[min(2, int(3 * share))]
        for name, part in parts.items():
            failed, tried = rates.setdefault(name, {}).get(part, (0, 0))
            rates[name][part] = (failed + trial.score.has_failed, tried + 1)
    return rates


def group_failures(trials: Sequence[Trial]) -> list[Group]:
    """The failures among some trials in groups, the largest first.

    By average linkage of the courses' numbers over their ranges; layouts differ by 1.
    """
    failed = [trial for trial in trials if trial.score.has_failed]
    if not failed:
        return []
    points = np.stack([_features(trial.course) for trial in failed])
    labels = np.ones(1, int)
    if len(failed) > 1:
        labels = fcluster(linkage(points, "average"), _FAR, "distance")
    groups = [_group(np.flatnonzero(labels == one).tolist(), failed, points) for one in set(labels)]
    return sorted(groups, key=lambda group: -len(group.trials))


def _group(numbers: list[int], failed: Sequence[Trial], points: Array) -> Group:
    own = points[numbers]
    order = np.argsort(np.linalg.norm(own - own.mean(0), axis=1), kind="stable")
    trials = tuple(failed[numbers[one]] for one in order)
    names = [trial.course.layout for trial in trials]
    means = {
        name: float(np.mean([getattr(trial.course, name) for trial in trials])) for name in RANGES
    }
    layouts = tuple(sorted(set(names), key=lambda name: (-names.count(name), name)))
    return Group(trials, means, layouts)


def _near_the_worst(
    trials: Sequence[Trial], layouts: Sequence[str], rng: np.random.Generator
) -> Array:
    """A point a step away from one of the trials that came nearest to something."""
    worst = sorted(trials, key=lambda trial: trial.score.least_clearance)
    chosen = worst[int(rng.integers(max(1, round(_BEST * len(worst)))))].course
    layout = (list(layouts).index(chosen.layout) + 0.5) / len(layouts)
    steps = _STEP * rng.standard_normal(len(RANGES))
    return np.array([layout, *np.clip(_shares(chosen) + steps, 0, 1)])


def _course_at(point: Array, layouts: Sequence[str], seed: int) -> Course:
    """The course at a point of the unit cube: layout first, then the numbers over their ranges."""
    layout = layouts[min(int(point[0] * len(layouts)), len(layouts) - 1)]
    values = {
        name: round(low + float(share) * (high - low), 4)
        for (name, (low, high, _, _)), share in zip(RANGES.items(), point[1:], strict=True)
    }
    return Course(layout, seed, **values)


def _shares(course: Course) -> Array:
    return np.array(
        [(getattr(course, name) - low) / (high - low) for name, (low, high, _, _) in RANGES.items()]
    )


def _features(course: Course) -> Array:
    """The shares of the ranges, and the layout as corners that are 1 apart."""
    corner = np.array([course.layout == name for name in LAYOUTS]) / np.sqrt(2)
    return np.concatenate([_shares(course), corner])
