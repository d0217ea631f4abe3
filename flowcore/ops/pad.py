"""Padding to the sizes that a net accepts, and back."""

import math
from typing import NamedTuple

import torch
from torch.nn import functional as F

__all__ = ["Padding", "crop", "pad", "padding_to_stride"]


class Padding(NamedTuple):
    """Pixels added on each side."""

    left: int
    right: int
    top: int
    bottom: int


def padding_to_stride(height: int, width: int, *, stride: int, min_size: int = 1) -> Padding:
    """The padding that makes both sides multiples of ``stride`` and at least ``min_size``.

    It is split evenly; an odd pixel goes right and down, as in RAFT's evaluation code.

    Examples
    --------
    >>> padding_to_stride(436, 1024, stride=8)
    Padding(left=0, right=0, top=2, bottom=2)
    """

    def missing(length: int) -> int:
        return math.ceil(max(length, min_size) / stride) * stride - length

    dy, dx = missing(height), missing(width)
    return Padding(dx // 2, dx - dx // 2, dy // 2, dy - dy // 2)


def pad(image: torch.Tensor, padding: Padding) -> torch.Tensor:
    """``(B, C, H, W)`` with its border pixels repeated outwards."""
    return F.pad(image, padding, mode="replicate") if any(padding) else image


def crop(image: torch.Tensor, padding: Padding) -> torch.Tensor:
    """``(B, C, H, W)`` without the padding: the inverse of ``pad``."""
    height, width = image.shape[-2:]
    return image[..., padding.top : height - padding.bottom, padding.left : width - padding.right]
