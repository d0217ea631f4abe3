"""The matching cost of classical methods: squared differences of gray values over a window."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from flowcore.models.classical import gray_values
from flowcore.ops.convert import frame_to_array
from flowcore.ops.matching import Surface
from flowcore.types import FloatArray

__all__ = ["PatchLevel", "patch_level"]

RADIUS = 7  # px; a window of 15x15, as Farneback's method averages over
REACH = 96  # px that are searched to each side
NOISE = 10.0  # gray levels that count as one unit of score


@dataclass(frozen=True, eq=False)
class PatchLevel:
    """Gray values of two frames, compared over windows at every pixel nearby.

    Parameters
    ----------
    first, second : (H, W) float32
        Gray levels, 0..255.
    """

    first: torch.Tensor
    second: torch.Tensor
    name: str = f"squared differences over {2 * RADIUS + 1}x{2 * RADIUS + 1} px"
    stride: int = 1
    key_stride: int = 1
    step: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.first.shape[0], self.first.shape[1]

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """What takes memory."""
        return self.first, self.second

    def surface(self, row: int, col: int) -> Surface:
        """The scores of one pixel within `REACH` px: minus the mean square over 2 NOISE squared.

        That is the logarithm of a likelihood under noise of that many gray levels, per pixel of
        the window; 0 is a perfect match. Beyond the border the frames are repeated.
        """
        height, width = self.size
        top, bottom = max(0, row - REACH), min(height, row + REACH + 1)
        left, right = max(0, col - REACH), min(width, col + REACH + 1)
        patch = _windowed(self.first, row, row + 1, col, col + 1)
        searched = _windowed(self.second, top, bottom, left, right)
        squares = cv2.matchTemplate(searched, patch, cv2.TM_SQDIFF).clip(0)
        scores = -squares / (patch.size * 2 * NOISE**2)
        x, y = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
        positions = np.stack([x, y], -1).astype(np.float32)
        return Surface(torch.from_numpy(scores.astype(np.float32)), torch.from_numpy(positions))


def patch_level(first: torch.Tensor, second: torch.Tensor) -> PatchLevel:
    """The level of frames ``(1, 3, H, W)`` in [0, 1]."""
    return PatchLevel(_gray_levels(first), _gray_levels(second))


def _gray_levels(frame: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(gray_values(frame_to_array(frame).astype(np.float32)))


def _windowed(image: torch.Tensor, top: int, bottom: int, left: int, right: int) -> FloatArray:
    """The part of an image with a window's radius around it; borders repeat outwards."""
    height, width = image.shape
    rows = np.arange(top - RADIUS, bottom + RADIUS).clip(0, height - 1)
    cols = np.arange(left - RADIUS, right + RADIUS).clip(0, width - 1)
    return np.ascontiguousarray(image.numpy()[np.ix_(rows, cols)])
