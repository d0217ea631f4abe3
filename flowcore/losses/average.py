"""From maps to numbers: means over masks, and sums over refinement steps."""

from collections.abc import Sequence
from typing import Literal

import torch

__all__ = ["Denominator", "masked_mean", "over_steps"]

Denominator = Literal["counted", "all"]


def masked_mean(
    values: torch.Tensor, mask: torch.Tensor, *, denominator: Denominator = "counted"
) -> torch.Tensor:
    """The sum where a mask is true, over the pixels counted or over all of them.

    ``counted`` is the mean, whatever share of the frame counts, so that few pixels weigh as much as
    many; with ``all`` they weigh as many as they are. 0 where none counts.

    Examples
    --------
    >>> values, mask = torch.tensor([2.0, 4.0, 9.0, 9.0]), torch.tensor([True, True, False, False])
    >>> masked_mean(values, mask).item(), masked_mean(values, mask, denominator="all").item()
    (3.0, 1.5)
    """
    total = torch.where(mask, values, 0).sum()
    return total / (mask.sum().clamp(min=1) if denominator == "counted" else mask.numel())


def over_steps(
    losses: Sequence[torch.Tensor], *, gamma: float = 0.8, weights: Sequence[float] = ()
) -> torch.Tensor:
    """The losses of the refinement steps in one, later ones counting more.

    Parameters
    ----------
    losses : sequence of scalars
    gamma : float
        Weight of each step relative to the next one; the last one weighs 1.
    weights : sequence of float
        Of the steps, instead of those of ``gamma``; the last ones if there are more than steps.

    Examples
    --------
    >>> steps = [torch.tensor(4.0), torch.tensor(1.0)]
    >>> over_steps(steps, gamma=0.5).item(), over_steps(steps, weights=[1, 0]).item()
    (3.0, 4.0)
    """
    count = len(losses)
    chosen = weights[-count:] or [gamma ** (count - 1 - step) for step in range(count)]
    weighed = [weight * loss for weight, loss in zip(chosen, losses, strict=True)]
    return torch.stack(weighed).sum()
