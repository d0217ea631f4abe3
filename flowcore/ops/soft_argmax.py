"""Where a map has its maximum: hard, soft, and with a gradient that passes through."""

import torch
from torch.nn import functional as F

from flowcore.ops.grid import pixel_grid

__all__ = ["argmax_2d", "first_crossing", "gumbel_argmax", "soft_argmax", "straight_through_argmax"]


def soft_argmax(scores: torch.Tensor, *, temperature: float = 1.0) -> torch.Tensor:
    """The expected position ``(..., 2)``, x then y in px, under a softmax over a map.

    Differentiable. As the temperature falls to 0 it goes to the argmax, and its gradient vanishes.

    Parameters
    ----------
    scores : (..., H, W)
        Higher is more likely.
    temperature : float
        Above 0; the scores are divided by it.

    Examples
    --------
    Two equal peaks: the answer lies between them, where there is none.

    >>> scores = torch.tensor([[50.0, 0.0, 0.0, 0.0, 50.0]])
    >>> soft_argmax(scores).tolist()
    [2.0, 0.0]
    """
    return _expected(F.softmax(scores.flatten(-2) / temperature, -1), scores)


def argmax_2d(scores: torch.Tensor) -> torch.Tensor:
    """The position of the maximum ``(..., 2)``, x then y in px; of equals the first by rows.

    No gradient.

    Examples
    --------
    >>> argmax_2d(torch.tensor([[0.0, 1.0], [5.0, 5.0]])).tolist()
    [0.0, 1.0]
    """
    width = scores.shape[-1]
    index = scores.flatten(-2).argmax(-1)
    return torch.stack([index % width, index // width], -1).to(scores.dtype)


def straight_through_argmax(scores: torch.Tensor, *, temperature: float = 1.0) -> torch.Tensor:
    """Forward the argmax, backward the gradient of the soft-argmax, ``(..., 2)`` in px.

    Bengio, Leonard and Courville, arXiv:1308.3432: the gradient is biased but not zero.
    """
    soft = soft_argmax(scores, temperature=temperature)
    return soft + (argmax_2d(scores) - soft).detach()


def gumbel_argmax(scores: torch.Tensor, *, temperature: float = 1.0) -> torch.Tensor:
    """A position drawn from the softmax over a map, ``(..., 2)`` in px, with a gradient.

    Forward one hard draw, backward that of the relaxed one (Jang, Gu and Poole, ICLR 2017). Draws
    from torch's global generator.
    """
    drawn = F.gumbel_softmax(scores.flatten(-2), tau=temperature, hard=True)
    return _expected(drawn, scores)


def first_crossing(occupancy: torch.Tensor) -> torch.Tensor:
    """The index of the first 1 along the last dimension, ``(...)``, differentiable.

    ``sum_j prod_{k <= j} (1 - m_k)``: the expected number of places before the first that is
    occupied, where place k is occupied with probability ``m_k``. Exact where all are 0 or 1; the
    length where none is.

    Parameters
    ----------
    occupancy : (..., N)
        In 0..1.

    Examples
    --------
    >>> first_crossing(torch.tensor([0.0, 0.0, 1.0, 0.0, 1.0])).item()
    2.0
    >>> first_crossing(torch.tensor([0.5, 1.0])).item()  # half of the time 0, else 1
    0.5
    """
    return (1 - occupancy).cumprod(-1).sum(-1)


def _expected(weights: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """The mean position under weights ``(..., H * W)`` that add up to 1."""
    grid = pixel_grid(*scores.shape[-2:], like=scores).flatten(2)[0]  # (2, H * W)
    return weights @ grid.T
