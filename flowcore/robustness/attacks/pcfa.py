"""PCFA, the perturbation-constrained flow attack of Schmalfuss, Scholze and Bruhn, ECCV 2022."""

from collections.abc import Callable

import torch

from flowcore.robustness.attacks.problem import Problem, rms
from flowcore.robustness.attacks.trail import Trail

__all__ = ["pcfa"]

_PENALTY = 2500.0  # over epsilon: the weight of what goes beyond the budget
_BOX_MARGIN = 1e-7  # keeps black and white within reach of tanh
_HISTORY = 20  # moves that L-BFGS remembers; the authors' 100 take five times the memory


def pcfa(problem: Problem, trail: Trail, start: torch.Tensor | None) -> None:
    """L-BFGS on ``loss + mu max(0, mean(delta^2) - epsilon^2)``, ``mu = 2500 / epsilon``.

    Every step is one gradient and one move: the authors' 20 calls of 10 iterations are 200 of them.
    Moves may leave the budget a little; what is offered is shrunk into it.
    """
    epsilon = problem.threat.epsilon
    begin = torch.zeros(problem.shape, device=problem.first.device) if start is None else start
    free, change_of = _variables(problem, begin)
    if start is not None:
        trail.offer(0, problem.fitted(start))
    optimizer = torch.optim.LBFGS([free], max_iter=1, history_size=_HISTORY)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def objective() -> torch.Tensor:
        optimizer.zero_grad()
        delta = change_of(free)
        flow = problem.flow(delta)
        excess = torch.relu(delta.square().mean() - epsilon**2)
        loss = problem.loss(flow) + _PENALTY / epsilon * excess
        loss.backward(inputs=[free])  # type: ignore[no-untyped-call]
        seen[:] = [(delta.detach().clone(), flow.detach())]  # L-BFGS moves in place
        return loss

    for number in range(problem.threat.steps):
        loss = optimizer.step(objective)  # type: ignore[no-untyped-call]
        if not torch.isfinite(loss):
            return  # L-BFGS went astray; the best so far is kept
        _offer(problem, trail, number, *seen[0])
    with torch.no_grad():
        last = change_of(free)
    if torch.isfinite(last).all():
        trail.offer(problem.threat.steps, problem.fitted(last))


def _offer(
    problem: Problem, trail: Trail, number: int, delta: torch.Tensor, flow: torch.Tensor
) -> None:
    """The change as it is where it keeps to the budget, else shrunk and computed once more."""
    if rms(delta) <= problem.threat.epsilon:
        trail.offer(number, delta, flow)
    else:
        trail.offer(number, problem.fitted(delta))


def _variables(
    problem: Problem, begin: torch.Tensor
) -> tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]:
    """What L-BFGS may set freely, and the change that it makes.

    With "tanh" a frame is ``(tanh(w) / (1 - margin) + 1) / 2``, which never leaves [0, 1].
    """
    if problem.threat.box == "clip":
        return begin.clone().requires_grad_(), lambda free: free
    frames = problem.changed()
    shrunk = (1 - _BOX_MARGIN) * (2 * (frames + begin).clamp(0, 1) - 1)
    free = torch.atanh(shrunk).requires_grad_()
    return free, lambda free: 0.5 * (torch.tanh(free) / (1 - _BOX_MARGIN) + 1) - frames
