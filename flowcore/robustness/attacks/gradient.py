"""Steps along the gradient: FGSM, iterated FGSM and PGD."""

import torch

from flowcore.robustness.attacks.problem import Problem, rms
from flowcore.robustness.attacks.trail import Trail

__all__ = ["projected_gradient", "random_change"]

_PGD_REACH = 2.5  # epsilons that all steps together could go (Madry et al., ICLR 2018)


def projected_gradient(problem: Problem, trail: Trail, start: torch.Tensor | None) -> None:
    """Steps of one length against the gradient, each brought back into the budget.

    FGSM's one step is epsilon long, those of iterated FGSM are epsilon together (Kurakin et al.,
    2017), those of PGD 2.5 epsilon. PGD starts at random in the ball. So do the others where they
    are to leave the clean flow, at which the distance from it has no slope.
    """
    threat = problem.threat
    reach = _PGD_REACH if threat.method == "pgd" else 1.0
    length = reach * threat.epsilon / threat.steps
    if start is not None:
        delta = start
    elif threat.method == "pgd" or not threat.is_targeted:
        delta = random_change(problem)
    else:
        delta = torch.zeros(problem.shape, device=problem.first.device)
    delta = problem.fitted(delta)
    for number in range(threat.steps):
        flow, gradient = problem.gradient(delta)
        if threat.method != "fgsm" or start is not None:  # FGSM is its step, be it good or bad
            trail.offer(number, delta, flow)
        direction = (
            gradient.sign() if threat.norm == "linf" else gradient / max(rms(gradient), 1e-30)
        )
        delta = problem.fitted(delta - length * direction)
    trail.offer(threat.steps, delta)


def random_change(problem: Problem) -> torch.Tensor:
    """A change anywhere in the budget; the same for the same seed.

    Where it would leave [0, 1] it goes the other way: black and white are no shelter.
    """
    generator = torch.Generator().manual_seed(problem.threat.seed)
    epsilon = problem.threat.epsilon
    if problem.threat.norm == "linf":
        delta = epsilon * (2 * torch.rand(problem.shape, generator=generator) - 1)
    else:
        delta = epsilon * torch.randn(problem.shape, generator=generator)
    there, back = (problem.fitted(way.to(problem.first.device)) for way in (delta, -delta))
    return problem.fitted(torch.where(there.abs() >= back.abs(), there, back))
