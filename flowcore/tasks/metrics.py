"""The task metric M: how near the vehicle comes to what stands in its way, and how far it gets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import torch

from flowcore.tasks.vehicle import RADIUS, Command, arc
from flowcore.tasks.world_plan import Plan, Pose

__all__ = [
    "HORIZON",
    "Interval",
    "Moment",
    "Outcome",
    "Score",
    "clearance",
    "clearance_ahead",
    "interval",
    "progress",
    "score_of",
]

HORIZON = 15  # frames that a command is looked ahead
_TINY = 1e-12  # m^2; keeps the derivative of a distance finite at zero

Outcome: TypeAlias = Literal["arrived", "collided", "late"]


def clearance(plan: Plan, places: torch.Tensor) -> torch.Tensor:
    """Room between the vehicle's edge and the nearest wall or pillar, m; at 0 it touches.

    Parameters
    ----------
    plan : Plan
    places : (..., 2)
        Middles of the vehicle; the result is (...), differentiable, and higher is better.
    """
    walls, pillars = (torch.from_numpy(part).to(places) for part in (plan.walls, plan.pillars))
    begin, span = walls[:, :2], walls[:, 2:] - walls[:, :2]
    offset = places[..., None, :] - begin  # (..., N, 2)
    share = ((offset * span).sum(-1) / span.square().sum(-1)).clamp(0, 1)
    distances = [_length(offset - share[..., None] * span)]
    if len(pillars):
        distances.append(_length(places[..., None, :] - pillars[:, :2]) - pillars[:, 2])
    return torch.cat(distances, -1).amin(-1) - RADIUS


def clearance_ahead(plan: Plan, pose: Pose, command: Command, cruise: float) -> torch.Tensor:
    """The least clearance if the command were kept for 15 frames, m, (B,).

    This is the metric of a single frame: what an algorithm's answer is worth here. Where the way
    would lead through a wall it is the vehicle's radius below zero; inside of a pillar it counts
    from the pillar's edge, and is less.
    """
    return clearance(plan, arc(pose, command, cruise, steps=HORIZON)).amin(1)


def progress(plan: Plan, pose: Pose) -> float:
    """Share of the path up to the point that is nearest to the vehicle, 0..1."""
    gaps = np.linalg.norm(plan.path - np.array(pose[:2]), axis=1)
    return float(gaps.argmin() / (len(gaps) - 1))


class Moment(NamedTuple):
    """One frame of a run, in numbers; higher is better except of the error.

    Parameters
    ----------
    number : int
        From 1; frame 0 is seen at the start.
    pose : Pose
    clearance : float
        Here, m.
    ahead : float
        `clearance_ahead` of what the algorithm says, m.
    turn, true_turn : float
        What the algorithm says to the flow that it is given, and to the true one; degrees a frame,
        to the right.
    throttle : float
        Share of the cruise speed.
    progress : float
        The furthest so far, 0..1.
    """

    number: int
    pose: Pose
    clearance: float
    ahead: float
    turn: float
    true_turn: float
    throttle: float
    progress: float

    @property
    def steering_error(self) -> float:
        """How far the command is from that of the same algorithm with the true flow, degrees."""
        return abs(self.turn - self.true_turn)


@dataclass(frozen=True)
class Score:
    """What a run is worth.

    Parameters
    ----------
    outcome : str
        "arrived", "collided", or "late": neither of both in twice the time that it takes.
    least_clearance : float
        M of the course, m: higher is better, at 0 or below it has touched.
    mean_ahead : float
        Mean of the frames' `clearance_ahead`, m.
    steering_error : float
        Mean of the frames', degrees a frame; lower is better.
    progress : float
        0..1.
    num_frames : int
    """

    outcome: Outcome
    least_clearance: float
    mean_ahead: float
    steering_error: float
    progress: float
    num_frames: int

    @property
    def has_failed(self) -> bool:
        """Whether it did not arrive."""
        return self.outcome != "arrived"

    def as_json(self) -> dict[str, Any]:
        """The fields, ready for ``json.dumps``."""
        return dict(vars(self))


def score_of(moments: Sequence[Moment]) -> Score:
    """What the frames of a run come to; at least one."""
    least = min(moment.clearance for moment in moments)
    furthest = moments[-1].progress
    outcome: Outcome = "collided" if least <= 0 else "arrived" if furthest >= 1 else "late"
    return Score(
        outcome,
        least,
        math.fsum(moment.ahead for moment in moments) / len(moments),
        math.fsum(moment.steering_error for moment in moments) / len(moments),
        furthest,
        len(moments),
    )


class Interval(NamedTuple):
    """A mean, and what bounds it with 95 % confidence."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float], *, num_resamples: int = 2000, seed: int = 0) -> Interval:
    """The mean over courses with its bootstrap interval (percentiles; courses are drawn).

    Examples
    --------
    >>> interval([1.0, 1.0, 1.0])
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    data = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(data), (num_resamples, len(data)))
    low, high = np.percentile(data[drawn].mean(1), [2.5, 97.5])
    return Interval(float(data.mean()), float(low), float(high))


def _length(vectors: torch.Tensor) -> torch.Tensor:
    return (vectors.square().sum(-1) + _TINY).sqrt()
