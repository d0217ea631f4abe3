"""An attack under way: every candidate measured, the best one kept."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from flowcore.robustness.attacks.problem import Problem

__all__ = ["Candidate", "Step", "Stopped", "Trail", "one_of_many"]


class Stopped(Exception):  # noqa: N818  not an error: the way out of an optimizer
    """The attack was told to stop."""


class Step(NamedTuple):
    """How far an attack is; means over all pairs, in px.

    Parameters
    ----------
    number : int
        Gradients or calls so far, of ``of``.
    of : int
    damage : float
        Distance of this candidate's flow from the clean one.
    gain : float
        What the threat counts: the damage, or how much nearer the flow is to the target.
    best_damage, best_gain : float
        Of the best candidate so far, the one with the largest gain.
    """

    number: int
    of: int
    damage: float
    gain: float
    best_damage: float
    best_gain: float


def one_of_many(
    progress: Callable[[float, str], None], number: int, count: int, label: str
) -> Callable[[Step], None]:
    """Tells the steps of one of ``count`` attacks, from 0, as a share of all of them."""

    def tell(step: Step) -> None:
        progress(
            (number + step.number / step.of) / count, f"{label}, step {step.number} of {step.of}"
        )

    return tell


class Candidate(NamedTuple):
    """Frames ``(B, 3, H, W)`` that an attack came to, and what makes them: a change or a patch."""

    made: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
    step: Step


@dataclass
class Trail:
    """What an attack has found so far.

    Parameters
    ----------
    problem : Problem
    progress : callable
        Is told every `Step`.
    should_stop : callable
        Is asked after every step.
    """

    problem: Problem
    progress: Callable[[Step], None] = lambda step: None
    should_stop: Callable[[], bool] = lambda: False
    best: Candidate | None = None
    curve: list[Step] = field(default_factory=list)

    def offer(self, number: int, delta: torch.Tensor, flow: torch.Tensor | None = None) -> None:
        """Measure a change that keeps to the budget; its flow is computed where it is left out.

        Raises
        ------
        Stopped
            That was the last one.
        """
        first, second = self.problem.apply(delta)
        if flow is None:
            with torch.no_grad():
                flow = self.problem.victim.flow(first, second)
        self.offer_frames(number, delta, first, second, flow)

    def offer_frames(
        self,
        number: int,
        made: torch.Tensor,
        first: torch.Tensor,
        second: torch.Tensor,
        flow: torch.Tensor,
    ) -> None:
        """Measure frames whose flow is known."""
        flow = flow.detach()
        damage, gain = (
            measured(flow).mean().item() for measured in (self.problem.damages, self.problem.gains)
        )
        best = self.best.step if self.best else None
        is_best = math.isfinite(gain) and (best is None or gain > best.gain)
        step = Step(
            number,
            self.problem.threat.steps,
            damage,
            gain,
            damage if best is None or is_best else best.damage,
            gain if best is None or is_best else best.gain,
        )
        if is_best:
            self.best = Candidate(made.detach().clone(), first.detach(), second.detach(), step)
        self.curve.append(step)
        self.progress(step)
        if self.should_stop():
            raise Stopped
