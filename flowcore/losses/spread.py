"""A loss for nets that say how sure they are."""

import torch

__all__ = ["laplace_loss"]

_LEAST, _MOST = -4.6, 6.0  # of log b: 0.01 px and 400 px; below, an exact pixel would win all


def laplace_loss(flow: torch.Tensor, log_scale: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Negative log likelihood of the truth under a Laplace distribution, ``(B, H, W)`` in nats.

    ``|e| / b + log b`` with ``|e|`` the endpoint error in px and ``b = exp(log_scale)``, kept
    within 0.01 and 400 px; least where ``b`` is the error to be expected. It may be negative.

    Parameters
    ----------
    flow, truth : (B, 2, H, W)
        The flow's gradient is not taken: the scale learns from the error, not the other way round,
        which in the first runs lowered the loss below 0 while the error rose.
    log_scale : (B, H, W)

    Examples
    --------
    5 px off with a scale of 5 px:

    >>> truth = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    >>> round(laplace_loss(0 * truth, torch.full((1, 1, 1), 5.0).log(), truth).item(), 3)
    2.609
    """
    error = (flow.detach() - truth).square().sum(1).sqrt()
    log_scale = log_scale.clamp(_LEAST, _MOST)
    return error * torch.exp(-log_scale) + log_scale
