"""Where the pixels of a pair lie for a model that sees them blurred, resized, cut and padded."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowcore.chunking.motion import View
from flowcore.ops.pad import Padding
from flowcore.types import FloatArray, IntArray

__all__ = ["Place", "place_of"]


@dataclass(frozen=True)
class Place:
    """One crop of a pair as the model is given it: ``model = scale * frame + offset``, in px.

    Parameters
    ----------
    scale : (x, y)
    first_offset, second_offset : (x, y)
        They differ where the second frame is cropped elsewhere.
    """

    scale: tuple[float, float]
    first_offset: tuple[float, float]
    second_offset: tuple[float, float]

    def cells(
        self, coordinates: npt.NDArray[Any], axis: int, *, stride: int, count: int
    ) -> IntArray:
        """The cells of the first frame's grid under coordinates along an axis (0 = x, 1 = y)."""
        px = self.scale[axis] * np.asarray(coordinates, np.float64) + self.first_offset[axis]
        return np.clip(np.floor((px + 0.5) / stride), 0, count - 1).astype(np.int32)

    def first_to_frame(self, positions: npt.NDArray[Any]) -> FloatArray:
        """Positions (..., 2) in px of the model's first crop, in px of the first frame."""
        return _to_frame(positions, self.scale, self.first_offset)

    def second_to_frame(self, positions: npt.NDArray[Any]) -> FloatArray:
        """Positions (..., 2) in px of the model's second crop, in px of the second frame."""
        return _to_frame(positions, self.scale, self.second_offset)


def place_of(
    size: tuple[int, int],
    working: tuple[int, int],
    view: View,
    enlarged: tuple[int, int],
    padding: Padding,
) -> Place:
    """The place of a view.

    Parameters
    ----------
    size, working : (height, width)
        Of the frames, and of the resized frames that are cut into views.
    view : View
    enlarged : (height, width)
        Of the view as it is padded: its own, unless it is tiny.
    padding : Padding

    Examples
    --------
    A frame of 20 px, halved, padded by 3 px on the left: its pixel 9.5, the middle, is at 4.5 + 3.

    >>> from flowcore.chunking.plan import Chunk
    >>> view = View(Chunk(0, 10, 0, 10), (0, 0))
    >>> place = place_of((20, 20), (10, 10), view, (10, 10), Padding(3, 3, 3, 3))
    >>> place.scale[0] * 9.5 + place.first_offset[0]
    7.5
    """
    down, right = view.shift
    axes = [
        _axis(size[1], working[1], view.area.left, right, view.area.size[1], enlarged[1],
              padding.left),
        _axis(size[0], working[0], view.area.top, down, view.area.size[0], enlarged[0],
              padding.top),
    ]  # fmt: skip
    scale, first, second = zip(*axes, strict=True)
    return Place(scale, first, second)


def _axis(
    full: int, working: int, start: int, shift: int, length: int, enlarged: int, before: int
) -> tuple[float, float, float]:
    """Scale, and the offsets of first and second frame, along one axis."""
    resize, enlarge = working / full, enlarged / length

    def offset(begin: int) -> float:
        # pixel centers: the frame's x lies at (x + 0.5) * resize - 0.5 of the resized frame
        return enlarge * (0.5 * resize - begin) - 0.5 + before

    return resize * enlarge, offset(start), offset(start + shift)


def _to_frame(
    positions: npt.NDArray[Any], scale: tuple[float, float], offset: tuple[float, float]
) -> FloatArray:
    there = (np.asarray(positions, np.float64) - np.array(offset)) / np.array(scale)
    return np.asarray(there, np.float32)
