"""Changing the size of frames and of flows."""

import torch
from torch.nn import functional as F

__all__ = ["resize_flow", "resize_frame"]


def resize_frame(frame: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """``(B, C, H, W)`` resized to ``size`` = (height, width); anti-aliased when it shrinks."""
    if frame.shape[-2:] == size:
        return frame
    return F.interpolate(frame, size, mode="bilinear", align_corners=False, antialias=True)


def resize_flow(flow: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """A flow on another grid: resized and its vectors rescaled to px of the new grid.

    Parameters
    ----------
    flow : (B, 2, H, W)
    size : (height, width)

    Examples
    --------
    Twice the width doubles u and leaves v:

    >>> resize_flow(torch.ones(1, 2, 4, 4), (4, 8))[0, :, 0, 0].tolist()
    [2.0, 1.0]
    """
    height, width = flow.shape[-2:]
    if (height, width) == size:
        return flow
    ratio = flow.new_tensor([size[1] / width, size[0] / height]).view(1, 2, 1, 1)
    shrinks = size[0] < height or size[1] < width
    return (
        F.interpolate(flow, size, mode="bilinear", align_corners=False, antialias=shrinks) * ratio
    )
