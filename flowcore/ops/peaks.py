"""Peaks of matching surfaces: how sure a comparison is, and of what."""

import math
from typing import NamedTuple

import torch
from torch.nn import functional as F

from flowcore.errors import ConfigError

__all__ = [
    "DEFAULT_TEMPERATURE",
    "TwoPeaks",
    "attention",
    "entropy_bits",
    "expected_position",
    "two_peaks",
]

DEFAULT_TEMPERATURE = 0.2  # at which trained nets' attention has a few clear peaks; 1 is a haze


class TwoPeaks(NamedTuple):
    """The two best peaks of surfaces.

    Parameters
    ----------
    best, second : (N,) int64
        Index into the flattened surface; the second peak is not next to the best one.
    gap : (N,) float32
        Score of the best minus that of the second; infinite where there is no second.
    """

    best: torch.Tensor
    second: torch.Tensor
    gap: torch.Tensor


def attention(scores: torch.Tensor, *, temperature: float = DEFAULT_TEMPERATURE) -> torch.Tensor:
    """Softmax over each surface ``(N, h, w)``: shares that sum to 1.

    Parameters
    ----------
    scores : (N, h, w)
    temperature : float
        Above 0; the scores are divided by it. Low is sharp, high is even.

    Raises
    ------
    ConfigError
        The temperature is not above 0.

    Examples
    --------
    >>> attention(torch.tensor([[[0.0, math.log(3)]]]), temperature=1).mul(100).round().tolist()
    [[[25.0, 75.0]]]
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise ConfigError(f"The temperature must be above 0, got {temperature}.")
    return (scores.flatten(1) / temperature).softmax(1).view_as(scores)


def entropy_bits(shares: torch.Tensor) -> torch.Tensor:
    """Entropy of each ``(N, h, w)`` of shares, bits, ``(N,)``: 0 is sure, k is one of 2**k places.

    Examples
    --------
    >>> round(entropy_bits(torch.full((1, 2, 4), 1 / 8)).item(), 4)
    3.0
    """
    nats: torch.Tensor = torch.special.entr(shares).flatten(1).sum(1)
    return nats / math.log(2)


def expected_position(shares: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Mean position under the shares ``(N, h, w)``, the soft-argmax, ``(N, 2)``.

    ``positions`` is ``(h, w, 2)`` or ``(N, h, w, 2)``, in px.
    """
    return (shares[..., None] * positions).flatten(1, 2).sum(1)


def two_peaks(scores: torch.Tensor) -> TwoPeaks:
    """The best score of each surface ``(N, h, w)``, and the best that is no neighbor of it.

    The eight neighbors of the best are its slopes. Of equal scores the first by rows counts.

    Examples
    --------
    >>> peaks = two_peaks(torch.tensor([[[1.0, 9.0, 8.0, 3.0, 5.0]]]))
    >>> peaks.best.item(), peaks.second.item(), peaks.gap.item()
    (1, 4, 4.0)
    """
    _, _, w = scores.shape
    best_score, best = scores.flatten(1).max(1)
    rest = F.pad(scores, (1, 1, 1, 1), value=-math.inf)
    surface = torch.arange(len(scores), device=scores.device)
    for down in range(3):
        for right in range(3):
            rest[surface, best // w + down, best % w + right] = -math.inf
    second_score, second = rest[:, 1:-1, 1:-1].flatten(1).max(1)
    return TwoPeaks(best, second, best_score - second_score)
