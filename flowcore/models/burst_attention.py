"""What attention weights say: where a token looked, how surely, and which motion that implies.

Weights are those of a `PatchAnswer`: ``(P, heads, T, T, M, S, S)``, summing to one over the last
three dimensions.
"""

import math

import torch

from flowcore.models.burst_config import BurstConfig

__all__ = ["entropy", "expected_displacement", "halo_share"]


def expected_displacement(weights: torch.Tensor, config: BurstConfig) -> torch.Tensor:
    """The mean offset in px at which each token looked in each frame, ``(P, heads, T, T, M, 2)``.

    Channel 0 = u right, 1 = v down: ``sum(weight * offset) / sum(weight)`` over one frame, an
    estimate of the flow from the middle frame to that one.
    """
    near = config.halo // config.token
    sources = torch.arange(config.source_tokens, device=weights.device)
    targets = torch.arange(config.target_tokens, device=weights.device) + near
    offset = (sources - targets[:, None]).to(weights) * config.token  # (T, S)
    total = weights.sum((-2, -1)).clamp(min=1e-12)
    u = torch.einsum("phyxmrc,xc->phyxm", weights, offset) / total
    v = torch.einsum("phyxmrc,yr->phyxm", weights, offset) / total
    return torch.stack([u, v], dim=-1)


def entropy(weights: torch.Tensor) -> torch.Tensor:
    """How widely each token looked over all frames, in bits, ``(P, heads, T, T)``.

    0 for a single token, ``log2(M S S)`` for all of them alike.
    """
    nats: torch.Tensor = -torch.special.xlogy(weights, weights).sum((-3, -2, -1))
    return nats / math.log(2)


def halo_share(weights: torch.Tensor, config: BurstConfig) -> torch.Tensor:
    """The share of the attention that lies outside the target field, ``(P, heads, T, T)``."""
    near, T = config.halo // config.token, config.target_tokens
    inner = weights[..., near : near + T, near : near + T]
    return 1 - inner.sum((-3, -2, -1))
