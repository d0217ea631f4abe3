"""The ground plan of a course: a path, walls beside it, pillars, and where the vehicle starts.

The ground is ``(x, z)`` in m. A heading of 0 looks along z, a positive one further to the right,
which is x: forward is ``(sin, cos)``, right is ``(cos, -sin)`` of the heading.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from flowcore.tasks.world_course import Course

__all__ = ["LENGTH", "Array", "Plan", "Pose", "plan_of", "right_of"]

Array: TypeAlias = npt.NDArray[np.floating[Any]]

LENGTH = 5.0  # m from start to goal
_BEFORE, _BEHIND = 1.0, 2.0  # m of corridor before the start and behind the goal
_STEP = 0.125  # m between points of the path
_HALF_WIDTH, _HALF_ROOM = 0.9, 2.2  # m
_START_ASIDE, _START_ANGLE = 0.2, math.radians(8)  # at most, m and rad


class Pose(NamedTuple):
    """Where the vehicle is, m, and its heading, rad."""

    x: float
    z: float
    heading: float


@dataclass(frozen=True, eq=False)
class Plan:
    """What stands on the ground.

    Parameters
    ----------
    path : (K, 2)
        The middle line from start to goal, points 0.125 m apart.
    walls : (N, 4)
        Line segments: x and z of both ends.
    along : (N,)
        How far along its wall each segment begins, m; pictures go on from one to the next.
    pillars : (M, 3)
        Circles: x, z and radius.
    start : Pose
    """

    path: Array
    walls: Array
    along: Array
    pillars: Array
    start: Pose


@lru_cache(maxsize=64)
def plan_of(course: Course) -> Plan:
    """The ground plan of a course; the same for the same course."""
    rng = np.random.default_rng(course.seed)
    side = 1 if rng.random() < 0.5 else -1
    s = np.arange(-_BEFORE, LENGTH + _BEHIND + _STEP / 2, _STEP)
    heading = side * math.radians(course.turn) * _share_of_turn(course.layout, s)
    steps = _STEP * np.stack([np.sin(heading), np.cos(heading)], 1)
    line = np.cumsum(steps, 0) - steps  # begins at the origin
    half = _HALF_ROOM if course.layout == "room" else _HALF_WIDTH
    left, right = (line + way * half * right_of(heading) for way in (-1, 1))
    outline = np.concatenate([left, right[::-1], left[:1]])
    walls = np.concatenate([outline[:-1], outline[1:]], 1)
    along = np.cumsum(np.hypot(*(walls[:, 2:] - walls[:, :2]).T))
    first = round(_BEFORE / _STEP)
    aside, angle = rng.uniform(-1, 1, 2) * (_START_ASIDE, _START_ANGLE)
    x, z = line[first] + aside * right_of(heading[first])
    return Plan(
        line[first : first + round(LENGTH / _STEP) + 1],
        walls,
        np.concatenate([[0.0], along[:-1]]),
        _pillars(course, side, rng, line[first]),
        Pose(float(x), float(z), float(heading[first] + angle)),
    )


def right_of(heading: float | Array) -> Array:
    """Unit vectors (..., 2) to the right of headings (...)."""
    return np.stack([np.cos(heading), -np.sin(heading)], -1)


def _share_of_turn(layout: str, s: Array) -> Array:
    """The heading over ``turn`` at distances s from the start, m."""
    if layout == "bend":
        return np.asarray(np.clip((s - 1) / (LENGTH - 2), 0, 1))
    if layout == "slalom":
        return np.asarray(np.sin(2 * math.pi * np.clip(s / LENGTH, 0, 1)) / 2)
    return np.zeros_like(s)


def _pillars(course: Course, side: int, rng: np.random.Generator, start: Array) -> Array:
    """Circles (M, 3); in the straight layouts z is the distance from the start."""
    size = course.obstacle_size
    if course.layout == "pillars":
        x = side * np.array([1, -1, 1]) * rng.uniform(0.35, 0.5, 3)
        z = np.array([1.5, 3.0, 4.5]) + rng.uniform(-0.25, 0.25, 3)
        radii = np.full(3, size)
    elif course.layout == "gate":
        x = np.array([-_HALF_WIDTH, _HALF_WIDTH]) + rng.uniform(-0.1, 0.1)
        z, radii = np.full(2, LENGTH / 2) + rng.uniform(-0.3, 0.3, 2), np.full(2, 2 * size)
    elif course.layout == "room":
        columns, rows = np.meshgrid([-1.4, -0.5, 0.5, 1.4], [1.6, 2.9, 4.2])
        x = (columns + rng.uniform(-0.3, 0.3, columns.shape)).ravel()
        z = (rows + rng.uniform(-0.3, 0.3, rows.shape)).ravel()
        chosen = rng.permutation(len(x))[:7]
        x, z, radii = x[chosen], z[chosen], np.full(7, size)
    else:
        return np.zeros((0, 3))
    return np.stack([start[0] + x, start[1] + z, radii], 1)
