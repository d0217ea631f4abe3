"""Flow losses that know the classes: maps of what is penalized, and masks of where it counts.

The semantic loss, first version, is ``class_smoothness`` averaged where the truth is valid and both
frames have one class *at the same pixel* (``same_class_here``), which neither follows the motion
nor knows of occlusion: a car that drives off is left out, the road that it uncovers counts. The
corrected loss is the same map averaged where the class is the same *along the motion*
(``same_class_along``) and the pixel is visible. Class 0 is unlabelled and never counts.
"""

import torch
from torch.nn import functional as F

from flowcore.ops.blur import gaussian_blur
from flowcore.ops.grid import pixel_grid
from flowcore.ops.warp import lands_inside, warp

__all__ = [
    "border_sharpness",
    "class_consistency",
    "class_smoothness",
    "same_class_along",
    "same_class_here",
    "soft_labels",
]


def class_smoothness(flow: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """How much the flow changes inside a class, ``(B, H, W)`` in px; lower is better.

    ``|du| + |dv|`` towards the neighbor on the right and towards the one below, each only where
    that neighbor has the same label; the last column and row have one neighbor less.

    Parameters
    ----------
    flow : (B, 2, H, W)
    labels : (B, H, W) int
        Classes of the first frame.

    Examples
    --------
    The flow jumps by 3 px inside a class and by 4 px across a border, which is not penalized:

    >>> flow = torch.tensor([0.0, 3.0, 7.0]).view(1, 1, 1, 3).expand(1, 2, 1, 3).clone()
    >>> flow[:, 1] = 0
    >>> class_smoothness(flow, torch.tensor([[[1, 1, 2]]])).tolist()
    [[[3.0, 0.0, 0.0]]]
    """
    total = torch.zeros_like(flow[:, 0])
    for change, is_border in _steps(flow, labels):
        total = total + change * ~is_border
    return total


def border_sharpness(flow: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """How little the flow changes across the borders of classes, ``(B, H, W)``, 0 .. 2.

    The loss's "new" form: ``exp(-(|du| + |dv|))`` towards the neighbors of another label, 0 towards
    the others. Lower is sharper.
    """
    total = torch.zeros_like(flow[:, 0])
    for change, is_border in _steps(flow, labels):
        total = total + torch.exp(-change) * is_border
    return total


def same_class_here(labels: torch.Tensor, second_labels: torch.Tensor) -> torch.Tensor:
    """Where both frames have one and the same class at one and the same pixel, bool."""
    return (labels == second_labels) & (labels != 0)


def same_class_along(
    labels: torch.Tensor, second_labels: torch.Tensor, flow: torch.Tensor
) -> torch.Tensor:
    """Where the second frame has the pixel's class at ``x + flow(x)``, ``(B, H, W) bool``.

    The label nearest to the target counts, for there is nothing between two classes; false where
    the target lies outside the frame.
    """
    height, width = labels.shape[-2:]
    target = (pixel_grid(height, width, like=flow) + flow.detach()).round().long()
    x, y = target[:, 0].clamp(0, width - 1), target[:, 1].clamp(0, height - 1)
    found = second_labels.flatten(1).gather(1, (y * width + x).flatten(1)).view_as(labels)
    return (found == labels) & (labels != 0) & lands_inside(flow.detach())


def soft_labels(labels: torch.Tensor, num_classes: int, *, sigma: float = 0.0) -> torch.Tensor:
    """Shares of the classes around each pixel, ``(B, num_classes, H, W)``, of sum 1 or 0.

    Parameters
    ----------
    labels : (B, H, W) int
        0 is unlabelled: there all shares are 0.
    num_classes : int
        Channel ``k`` is class ``k + 1``.
    sigma : float
        Of a Gaussian over the shares, px; wide borders pull at a flow from further away.
    """
    shares = F.one_hot(labels, num_classes + 1).permute(0, 3, 1, 2)[:, 1:].float()
    return gaussian_blur(shares, sigma)


def class_consistency(
    shares: torch.Tensor, second_shares: torch.Tensor, flow: torch.Tensor
) -> torch.Tensor:
    """Cross entropy of the first frame's classes and the second one's along the flow.

    ``-sum_k p_k(x) log q_k(x + flow(x))`` in nats, ``(B, H, W)``; 0 where all agree and at most
    4.6. It takes predicted classes as well, and is then their temporal consistency.

    Parameters
    ----------
    shares, second_shares : (B, K, H, W)
        Classes of both frames, each of sum 1, as ``soft_labels`` or a softmax gives them.
    flow : (B, 2, H, W)
    """
    found = warp(second_shares, flow).clamp(min=_LEAST)
    return -(shares * found.log()).sum(1)


_LEAST = 0.01  # of a share: what was never seen costs 4.6 nats and has a gradient that is finite


def _steps(
    flow: torch.Tensor, labels: torch.Tensor
) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
    """Right and down: the change of the flow, px, and whether the label changes, (B, H, W)."""
    found = []
    for axis, padding in ((2, (0, 1)), (1, (0, 0, 0, 1))):
        change = F.pad(flow.diff(dim=axis + 1).abs().sum(1), padding)
        found.append((change, F.pad(labels.diff(dim=axis) != 0, padding)))
    return tuple(found)
