"""Forward-backward consistency: do two flows that should undo each other do so?"""

import torch

from flowcore.ops.warp import lands_inside, warp

__all__ = ["consistency_distance", "consistency_mask"]


def consistency_distance(
    forward: torch.Tensor, backward: torch.Tensor, *, top: int = 0
) -> torch.Tensor:
    """Distance in px by which the round trip misses its start, ``(B, H, W)``; lower is better.

    ``|f(x) + b(x + f(x))|`` for flows ``f``, ``b`` of shape ``(B, 2, H, W)``; of ``f`` these may
    be the rows from ``top`` on.
    """
    return (forward + warp(backward, forward, top=top)).square().sum(1).sqrt()


def consistency_mask(
    forward: torch.Tensor,
    backward: torch.Tensor,
    *,
    scale: float = 0.01,
    bias: float = 0.5,
    top: int = 0,
) -> torch.Tensor:
    """True where forward and backward flow agree, ``(B, H, W) bool``.

    Consistent where ``|f + b'|^2 <= scale (|f|^2 + |b'|^2) + bias`` with ``b' = b(x + f(x))``, and
    the pixel stays within the frame (Sundaram, Brox and Keutzer, ECCV 2010; constants as in
    UnFlow, AAAI 2018). ``f`` may be the rows from ``top`` on.
    """
    there = forward.square().sum(1)
    back_flow = warp(backward, forward, top=top)
    back = back_flow.square().sum(1)
    miss = (forward + back_flow).square().sum(1)
    is_inside = lands_inside(forward, top=top, height=backward.shape[-2])
    return (miss <= scale * (there + back) + bias) & is_inside
