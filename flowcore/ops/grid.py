"""Pixel coordinates."""

import torch

__all__ = ["pixel_grid"]


def pixel_grid(height: int, width: int, *, like: torch.Tensor, top: int = 0) -> torch.Tensor:
    """Coordinates of every pixel center, ``(1, 2, H, W)``: channel 0 = x, channel 1 = y, in px.

    The first row is number ``top``. Device and dtype are those of ``like``.
    """
    y, x = torch.meshgrid(
        torch.arange(top, top + height, device=like.device, dtype=like.dtype),
        torch.arange(width, device=like.device, dtype=like.dtype),
        indexing="ij",
    )
    return torch.stack([x, y])[None]
