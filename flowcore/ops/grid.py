"""Pixel coordinates."""

import torch

__all__ = ["pixel_grid"]


def pixel_grid(height: int, width: int, *, like: torch.Tensor) -> torch.Tensor:
    """Coordinates of every pixel centre, ``(1, 2, H, W)``: channel 0 = x, channel 1 = y, in px.

    Device and dtype are those of ``like``.
    """
    y, x = torch.meshgrid(
        torch.arange(height, device=like.device, dtype=like.dtype),
        torch.arange(width, device=like.device, dtype=like.dtype),
        indexing="ij",
    )
    return torch.stack([x, y])[None]
