"""A net that goes over a pair again, each time on frames twice as large.

The first pass sees the frames as they are. Each further one sees them at twice the size of the one
before and begins from its flow, so that the same net, with the same weights, matches cells half as
wide and has only to mend what is left.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch

from flowcore.errors import ConfigError
from flowcore.ops.resize import resize_flow, resize_frame
from flowcore.types import MAX_PASSES, Prediction

__all__ = ["Beginning", "Pass", "in_passes", "zoomed"]


class Beginning(NamedTuple):
    """Where a pass begins: a flow (B, 2, h, w) of any size, None for no motion at all."""

    flow: torch.Tensor | None = None
    is_last: bool = True


Pass: TypeAlias = Callable[[torch.Tensor, torch.Tensor, Beginning], Prediction]
"""From frames (B, 3, H, W) to a prediction in px of these frames."""


def in_passes(once: Pass, first: torch.Tensor, second: torch.Tensor, passes: int) -> Prediction:
    """The flow after so many passes and the iterates of all, in px of the frames given.

    Maps are those of the last pass. Gradients do not run from one pass into the one before, as in
    these nets they do not run through where a refinement step looked.

    Parameters
    ----------
    once : Pass
    first, second : (B, 3, H, W)
    passes : int
        1..`flowcore.types.MAX_PASSES`.

    Raises
    ------
    ConfigError
        Passes out of their range.
    """
    if not 1 <= passes <= MAX_PASSES:
        raise ConfigError(f"Passes must lie in 1..{MAX_PASSES}, got {passes}.")
    size = (first.shape[-2], first.shape[-1])
    begun = Beginning(is_last=passes == 1)
    iterates: tuple[torch.Tensor, ...] = ()
    stages: tuple[str, ...] = ()
    for number in range(passes):
        prediction = once(zoomed(first, number), zoomed(second, number), begun)
        iterates += tuple(resize_flow(flow, size) for flow in prediction.iterates)
        count = len(prediction.iterates) if passes > 1 else 0
        stages += tuple(f"pass {number + 1}, iteration {n}" for n in range(1, count + 1))
        begun = Beginning(prediction.flow.detach(), is_last=number == passes - 2)
    flow = iterates[-1] if iterates else resize_flow(prediction.flow, size)
    return Prediction(flow, iterates, prediction.maps, stages)


def zoomed(frames: torch.Tensor, number: int) -> torch.Tensor:
    """Frames ``(B, 3, H, W)`` as the pass of that number, from 0, sees them."""
    return resize_frame(frames, (frames.shape[-2] << number, frames.shape[-1] << number))
