"""What may happen to a frame before the vehicle sees it: noise, or the worst that an attack finds.

Attacks are those of ``flowcore.robustness.attacks``; what they make small is the task metric of the
frame instead of a distance between flows.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch

from flowcore.errors import ConfigError
from flowcore.ops.convert import flow_to_array
from flowcore.robustness.attacks.attack import SEARCHES, rounded_towards
from flowcore.robustness.attacks.problem import Problem, problem_of
from flowcore.robustness.attacks.threat import Method, Threat
from flowcore.robustness.attacks.trail import Trail
from flowcore.robustness.attacks.victim import Victim, victim_of
from flowcore.tasks.drive import Perturb, Sight
from flowcore.tasks.metrics import clearance_ahead
from flowcore.tasks.steering import steer
from flowcore.types import FramePair, PipelineConfig, UInt8Array

__all__ = ["TaskProblem", "attacked", "by_lane", "every", "noise", "task_threat"]

_METHODS = ("fgsm", "ifgsm", "pgd", "square", "pixels")


@dataclass(frozen=True, eq=False)
class TaskProblem(Problem):
    """A problem in which the task metric is made small, not the flow moved.

    Parameters
    ----------
    metric : callable
        From what the victim gives, (B, C, H, W), to the metric in m, (B,). Losses are it, gains are
        by how much it fell.
    """

    metric: Callable[[torch.Tensor], torch.Tensor]

    def losses(self, flow: torch.Tensor) -> torch.Tensor:
        """The metric of each answer, m, (B,)."""
        return self.metric(flow)

    def gains(self, flow: torch.Tensor) -> torch.Tensor:
        """By how much it is below that of the clean frames, m, (B,)."""
        return self.metric(self.clean) - self.metric(flow)


def task_threat(
    method: Method = "pgd",
    epsilon: float | None = None,
    *,
    steps: int | None = None,
    seed: int = 0,
) -> Threat:
    """A threat to the second frame alone: the first one was seen before, as it was then.

    Raises
    ------
    ConfigError
        As of `Threat`; or an attack that needs a flow to aim at, or is one for many frames.
    """
    if method not in _METHODS:
        raise ConfigError(f"A drive is attacked by {', '.join(_METHODS)}; got {method[:40]!r}.")
    return Threat.of(method, epsilon, frames="second", steps=steps, seed=seed)


def noise(epsilon: float, *, cell: int = 1, seed: int = 0) -> Perturb:
    """Every value up or down by epsilon, 0..1, at random: what attacks of that size must beat.

    ``cell`` is the side in px of squares that go up or down together, each color by itself.
    """
    if not 0 < epsilon <= 1:
        raise ConfigError(f"Noise lies in 0..1 of brightness and is not 0, got {epsilon:g}.")

    def perturb(sight: Sight) -> UInt8Array:
        rng = np.random.default_rng([seed, sight.number])
        height, width, _ = sight.second.shape
        cells = rng.integers(0, 2, (-(-height // cell), -(-width // cell), 3)) * 2 - 1
        signs = cells.repeat(cell, 0).repeat(cell, 1)[:height, :width]
        noisy = np.clip(sight.second / np.float32(255) + np.float32(epsilon) * signs, 0, 1)
        return rounded_towards(sight.second, noisy.astype(np.float32))

    return perturb


def by_lane(config: PipelineConfig, threat: Threat, *, device: str | None = None) -> Perturb:
    """The worst for the true metric of what the algorithm makes of this lane's flow.

    With the lane that drives it is the white-box attack, through net and algorithm; or the one by
    queries, where the threat calls the lane alone. With another lane it is a transfer attack.

    Raises
    ------
    ConfigError, ModelError
        As of ``flowcore.robustness.attacks.attack.attack``.
    """
    victim = victim_of(config, device=device)

    def metric_of(sight: Sight) -> Callable[[torch.Tensor], torch.Tensor]:
        def metric(flow: torch.Tensor) -> torch.Tensor:
            command = steer(sight.algorithm, flow, sight.camera, yaw=sight.yaw)
            return clearance_ahead(sight.world.plan, sight.pose, command, sight.world.course.speed)

        return metric

    return attacked(victim, metric_of, threat)


def attacked(
    victim: Victim,
    metric_of: Callable[[Sight], Callable[[torch.Tensor], torch.Tensor]],
    threat: Threat,
) -> Perturb:
    """The frame that makes a metric of a victim's answers smallest, in 8 bits.

    Parameters
    ----------
    victim : Victim
        Of two frames it gives (B, C, H, W).
    metric_of : callable
        The metric for a frame: from such answers to (B,).
    threat : Threat
        See `task_threat`; its seed is that of the first frame, each other one has the next.
    """

    def perturb(sight: Sight) -> UInt8Array:
        pair = FramePair(sight.first, sight.second)
        plain = problem_of([pair], victim, replace(threat, seed=threat.seed + sight.number - 1))
        known = {field.name: getattr(plain, field.name) for field in fields(plain)}
        problem = TaskProblem(**known, metric=metric_of(sight))
        trail = Trail(problem)
        SEARCHES[threat.method](problem, trail, None)
        if trail.best is None or trail.best.step.gain <= 0:
            return sight.second
        return rounded_towards(sight.second, flow_to_array(trail.best.second))

    return perturb


def every(number: int, perturb: Perturb) -> Perturb:
    """Only the first of each ``number`` frames is perturbed."""
    if number < 1:
        raise ConfigError(f"Perturb every frame or fewer, got every {number}.")
    return lambda sight: perturb(sight) if sight.number % number == 1 % number else sight.second
