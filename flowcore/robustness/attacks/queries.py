"""Random search that calls the model and looks at its flow, no more: the square attack."""

import math

import numpy as np
import torch

from flowcore.robustness.attacks.problem import Problem
from flowcore.robustness.attacks.trail import Trail

__all__ = ["square"]

_AREA = 0.3  # of the frame, of the first squares
_HALVINGS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)  # share of the steps


def square(problem: Problem, trail: Trail, start: torch.Tensor | None) -> None:
    """The square attack of Andriushchenko et al., ECCV 2020, for linf.

    It starts with vertical stripes of plus and minus epsilon. In each step a random square gets one
    such sign for each color, and stays where that helps. The squares become smaller: their area is
    halved at stated shares of the steps.
    """
    threat = problem.threat
    rng = np.random.default_rng(threat.seed)
    count, channels, height, width = problem.shape

    def signs(*shape: int) -> torch.Tensor:
        drawn = rng.integers(0, 2, shape) * 2 - 1
        return threat.epsilon * torch.from_numpy(drawn).to(problem.first)

    stripes = signs(count, channels, 1, width).expand(problem.shape)
    delta = problem.fitted(stripes if start is None else start)
    least = math.inf
    candidate = delta
    for number in range(1, threat.steps + 1):
        with torch.no_grad():
            flow = problem.flow(candidate)
        trail.offer(number, candidate, flow)
        loss = problem.loss(flow).item()
        if loss < least:
            delta, least = candidate, loss
        side = _side(number / threat.steps, height, width)
        top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
        candidate = delta.clone()
        candidate[..., top : top + side, left : left + side] = signs(count, channels, 1, 1)
        candidate = problem.fitted(candidate)


def _side(share: float, height: int, width: int) -> int:
    """Of the square after this share of the steps, px."""
    area = _AREA * 0.5 ** sum(share > halving for halving in _HALVINGS)
    return min(height, width, max(1, round(math.sqrt(area * height * width))))
