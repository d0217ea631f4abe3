"""Windows of scenes: what a small layer covers, so that it alone is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch

from flowcore.ops.grid import pixel_grid

__all__ = ["Bounds", "Window"]

Bounds: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""Least and greatest position, (B, 2) each, x and y in px, of what may be far outside the frame."""


@dataclass(frozen=True, eq=False)
class Window:
    """One window of each of some scenes, all of one size.

    Parameters
    ----------
    items : tuple of int
        The scenes' numbers in their batch.
    corners : tuple of (top, left)
        Of each item's window.
    size : (height, width)
    """

    items: tuple[int, ...]
    corners: tuple[tuple[int, int], ...]
    size: tuple[int, int]

    @classmethod
    def around(cls, items: torch.Tensor, bounds: Bounds, frame: tuple[int, int]) -> "Window":
        """Windows that hold what lies within these bounds and a frame of (height, width)."""
        limit = bounds[0].new_tensor([frame[1], frame[0]])
        low, high = (bounds[0] - 1).floor(), (bounds[1] + 2).ceil()  # px to either side to spare
        low, high = torch.minimum(low.clamp(min=0), limit), torch.minimum(high.clamp(min=0), limit)
        side = (high - low).amax(0).clamp(min=1)
        low = torch.minimum(low, limit - side)
        width, height = side.long().tolist()
        corners = tuple((top, left) for left, top in low.long().tolist())
        return cls(tuple(items.tolist()), corners, (height, width))

    def cut(self, canvas: torch.Tensor) -> torch.Tensor:
        """The windows of a canvas (B, ..., H, W): (K, ..., h, w), a copy."""
        return torch.stack(list(self._views(canvas)))

    def put(self, canvas: torch.Tensor, values: torch.Tensor) -> None:
        """Write windows (K, ..., h, w) back to where `cut` found them."""
        for view, value in zip(self._views(canvas), values, strict=True):
            view.copy_(value)

    def grid(self, like: torch.Tensor) -> torch.Tensor:
        """Positions of the windows' pixels in their frames, (K, 2, h, w), px."""
        origin = like.new_tensor([(left, top) for top, left in self.corners])
        return pixel_grid(*self.size, like=like) + origin[..., None, None]

    def _views(self, canvas: torch.Tensor) -> Iterator[torch.Tensor]:
        height, width = self.size
        for item, (top, left) in zip(self.items, self.corners, strict=True):
            yield canvas[item, ..., top : top + height, left : left + width]
