"""Forward-backward consistency: do two flows that should undo each other do so?"""

import torch

from flowcore.ops.warp import lands_inside, warp

__all__ = ["consistency_distance", "consistency_mask"]


def consistency_distance(forward: torch.Tensor, backward: torch.Tensor) -> torch.Tensor:
    """Distance in px by which the round trip misses its start, ``(B, H, W)``; lower is better.

    ``|f(x) + b(x + f(x))|`` for flows ``f``, ``b`` of shape ``(B, 2, H, W)``.
    """
    return (forward + warp(backward, forward)).square().sum(1).sqrt()


def consistency_mask(
    forward: torch.Tensor, backward: torch.Tensor, *, scale: float = 0.01, bias: float = 0.5
) -> torch.Tensor:
    """True where forward and backward flow agree, ``(B, H, W) bool``.

    Consistent where ``|f + b'|^2 <= scale (|f|^2 + |b'|^2) + bias`` with ``b' = b(x + f(x))``, and
    the pixel stays within the frame (Sundaram, Brox and Keutzer, ECCV 2010; constants as in
    UnFlow, AAAI 2018).
    """
    there = forward.square().sum(1)
    back_flow = warp(backward, forward)
    back = back_flow.square().sum(1)
    miss = (forward + back_flow).square().sum(1)
    return (miss <= scale * (there + back) + bias) & lands_inside(forward)
