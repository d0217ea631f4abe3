"""What a flow is told: error against the truth, mismatch of the warp, roughness of the flow."""

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from flowcore.losses.average import Denominator, masked_mean, over_steps
from flowcore.ops.color import luma
from flowcore.ops.warp import lands_inside, warp

__all__ = [
    "census_loss",
    "object_weights",
    "sequence_loss",
    "smoothness_loss",
    "ssim_loss",
    "step_losses",
]

_CENSUS_SIDE = 7
_LEAST_AREA = 400  # px; less is mostly the rest of what is behind something else


def sequence_loss(
    iterates: Sequence[torch.Tensor],
    truth: torch.Tensor,
    *,
    gamma: float = 0.8,
    power: float = 1.0,
) -> torch.Tensor:
    """The error of every refinement step, later ones counting more; lower is better.

    ``sum_i gamma^(N-1-i) mean((|e_i| + 0.01)^power)`` with the endpoint error ``|e_i|`` in px.
    RAFT (Teed and Deng, ECCV 2020, section 3.4) takes power 1 and the L1 norm; a power below 1
    makes small errors count (as 0.4 does in PWC-Net).

    Parameters
    ----------
    iterates : sequence of (B, 2, H, W)
    truth : (B, 2, H, W)
    gamma, power : float

    Examples
    --------
    Two steps that are 5 px and 0 px off:

    >>> truth = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    >>> round(sequence_loss([0 * truth, truth], truth, gamma=0.5).item(), 3)
    2.515
    """
    return over_steps(step_losses(iterates, truth, power=power), gamma=gamma)


def step_losses(
    iterates: Sequence[torch.Tensor],
    truth: torch.Tensor,
    *,
    power: float = 1.0,
    valid: torch.Tensor | None = None,
    weights: torch.Tensor | None = None,
    denominator: Denominator = "counted",
) -> list[torch.Tensor]:
    """The terms of ``sequence_loss``, not yet weighed against each other.

    Parameters
    ----------
    iterates : sequence of (B, 2, H, W)
    truth : (B, 2, H, W)
    power : float
    valid : (B, H, W) bool, optional
        Where the truth is known; everywhere if left out.
    weights : (B, H, W), optional
        What the error of each pixel counts, such as ``object_weights``; 1 if left out.
    denominator : "counted" or "all"
        Pixels that the error is averaged over, as in ``masked_mean``.
    """
    errors = [(_norm(flow - truth) + 0.01) ** power for flow in iterates]
    if weights is not None:
        errors = [weights * error for error in errors]
    if valid is None:
        return [error.mean() for error in errors]
    return [masked_mean(error, valid, denominator=denominator) for error in errors]


def object_weights(labels: torch.Tensor, balance: float) -> torch.Tensor:
    """What each pixel counts so that small objects are not drowned by large ones, ``(B, H, W)``.

    The area of the object that it shows to the power ``-balance``, divided by the mean of its
    frame: with 0 all pixels are alike, with 1 all objects. Smaller ones than 400 px count as these.

    Parameters
    ----------
    labels : (B, H, W) int64
        Numbers of objects, 0 or more.
    balance : float
        0..1.
    """
    numbers = labels.flatten(1)
    areas = labels.new_zeros(len(labels), int(labels.max()) + 1)
    areas.scatter_add_(1, numbers, torch.ones_like(numbers))
    weights = areas.clamp(min=_LEAST_AREA).float().pow(-balance).gather(1, numbers)
    return (weights / weights.mean(1, keepdim=True)).view(labels.shape)


def census_loss(
    first: torch.Tensor, second: torch.Tensor, flow: torch.Tensor, visible: torch.Tensor
) -> torch.Tensor:
    """How differently the first frame and the warped second one are patterned; 0 if alike.

    Soft Hamming distance of ternary census signatures over 7x7 px of gray levels (Meister et al.,
    UnFlow, AAAI 2018), which brightness leaves alone and contrast nearly so. ``visible`` (B, H, W)
    bool names the pixels that count; those that leave the frame never do.
    """
    a, b = _census(first), _census(warp(second, flow))
    squared = (a - b).square()
    distance = (squared / (0.1 + squared)).mean(1)
    return masked_mean(distance, visible & lands_inside(flow.detach()))


def ssim_loss(
    first: torch.Tensor, second: torch.Tensor, flow: torch.Tensor, visible: torch.Tensor
) -> torch.Tensor:
    """``(1 - SSIM) / 2`` of the first frame and the warped second one over 3x3 px, 0..1."""
    a, b = first, warp(second, flow)
    mean_a, mean_b = _box(a), _box(b)
    var_a, var_b = _box(a * a) - mean_a.square(), _box(b * b) - mean_b.square()
    covariance = _box(a * b) - mean_a * mean_b
    brightness = (2 * mean_a * mean_b + 1e-4) / (mean_a.square() + mean_b.square() + 1e-4)
    similarity = brightness * (2 * covariance + 9e-4) / (var_a + var_b + 9e-4)
    distance = ((1 - similarity) / 2).clamp(0, 1).mean(1)
    return masked_mean(distance, visible & lands_inside(flow.detach()))


def smoothness_loss(
    flow: torch.Tensor, first: torch.Tensor, *, edge_weight: float = 10.0
) -> torch.Tensor:
    """Mean absolute difference of neighboring vectors in px, less where the frame has an edge.

    Each difference counts ``exp(-edge_weight |dI|)``, the frame in [0, 1] (Jonschkowski et al.,
    UFlow, ECCV 2020).
    """
    total = flow.new_zeros(())
    for axis in (2, 3):
        steps = flow.diff(dim=axis).abs().mean(1)
        edges = first.diff(dim=axis).abs().mean(1)
        total = total + (steps * torch.exp(-edge_weight * edges)).mean()
    return total


def _norm(error: torch.Tensor) -> torch.Tensor:
    """Length of each vector; its gradient is finite at zero too."""
    return (error.square().sum(1) + 1e-8).sqrt()


def _census(frame: torch.Tensor) -> torch.Tensor:
    """Soft signs of the differences to the neighbors, (B, 49, H, W)."""
    gray = 255 * luma(frame)
    reach = _CENSUS_SIDE // 2
    padded = F.pad(gray, [reach] * 4, mode="replicate")
    B, _, H, W = gray.shape
    differences = F.unfold(padded, _CENSUS_SIDE).view(B, -1, H, W) - gray
    return differences / (0.81 + differences.square()).sqrt()


def _box(image: torch.Tensor) -> torch.Tensor:
    return F.avg_pool2d(F.pad(image, [1] * 4, mode="replicate"), 3, stride=1)
