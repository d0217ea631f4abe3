"""What a quick pass over the whole frame tells before the chunks are computed.

At a resolution that costs about as much as one chunk it says how each chunk moves, so that the
second frame can be cropped where the matches are, and which chunks are worth computing at all.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch

from flowcore.chunking.plan import Chunk, Shift
from flowcore.ops.consistency import consistency_distance
from flowcore.ops.convert import as_float
from flowcore.ops.resize import resize_flow, resize_frame
from flowcore.ops.warp import warp
from flowcore.types import Prediction

__all__ = ["MAX_GROWTH", "Estimator", "QuickPass", "View", "quick_pass", "view_of"]

Estimator: TypeAlias = Callable[[torch.Tensor, torch.Tensor], Prediction]

MAX_GROWTH = 1.5  # of a chunk's side, so that its matches fit in

_TAIL = 0.01  # share of a chunk's motions at each end that are taken for errors
_MARGIN = 2.0  # px of the small grid by which the quick pass's motions may be wrong
_MAX_MISS = 5.0  # px; a round trip that misses by more is no more doubtful
_WARP_WEIGHT = 20.0  # px of doubt for a mismatch of the whole range of brightness


class View(NamedTuple):
    """What is computed for a chunk: a larger rectangle, and where the second frame is cropped."""

    area: Chunk
    shift: Shift


class QuickPass(NamedTuple):
    """The flow of the whole frame at low resolution.

    Parameters
    ----------
    flow : (B, 2, h, w)
        Px of the small grid.
    doubt : (B, h, w), optional
        How far the flow is from closing its round trip (px of the small grid) and from explaining
        the second frame.
    size : (height, width)
        Of the full frame.
    """

    flow: torch.Tensor
    doubt: torch.Tensor | None
    size: tuple[int, int]

    def motion_range(self, chunk: Chunk) -> tuple[tuple[float, float], tuple[float, float]]:
        """The least and the greatest motion in a chunk, down and right, in px of the frame."""
        u, v = self._under(chunk).crop(self.flow).transpose(0, 1).flatten(1)
        ratio_y, ratio_x = (
            full / small for full, small in zip(self.size, self.flow.shape[-2:], strict=True)
        )
        return _range(v, ratio_y), _range(u, ratio_x)

    def doubt_in(self, chunk: Chunk) -> float:
        """The mean doubt in a chunk."""
        if self.doubt is None:
            raise ValueError("This quick pass was made without doubt.")
        return self._under(chunk).crop(self.doubt).mean().item()

    def full_flow(self) -> torch.Tensor:
        """The flow ``(B, 2, H, W)`` brought to the frame's size."""
        return resize_flow(self.flow, self.size)

    def _under(self, chunk: Chunk) -> Chunk:
        """The chunk on the small grid, of one pixel at least."""
        (height, width), (h, w) = self.size, self.flow.shape[-2:]
        return Chunk(
            *_scaled(chunk.top, chunk.bottom, h, height),
            *_scaled(chunk.left, chunk.right, w, width),
        )


def quick_pass(
    estimate: Estimator,
    first: torch.Tensor,
    second: torch.Tensor,
    *,
    share: float,
    with_doubt: bool,
) -> QuickPass:
    """One pass over frames ``(B, 3, H, W)`` reduced to a share of their pixels; two with doubt."""
    size = (first.shape[-2], first.shape[-1])
    small = (max(1, round(size[0] * share**0.5)), max(1, round(size[1] * share**0.5)))
    first, second = (resize_frame(as_float(frame), small) for frame in (first, second))
    flow = estimate(first, second).flow.float()
    if not with_doubt:
        return QuickPass(flow, None, size)
    miss = consistency_distance(flow, estimate(second, first).flow.float()).clamp(max=_MAX_MISS)
    mismatch = (first - warp(second, flow)).abs().mean(1)
    return QuickPass(flow, miss + _WARP_WEIGHT * mismatch, size)


def view_of(
    chunk: Chunk, size: tuple[int, int], *, halo: int = 0, quick: QuickPass | None = None
) -> View:
    """What to compute for a chunk.

    Without a quick pass this is the chunk and its halo, moved into the frame where it would stick
    out. With one both crops are as large as it takes to hold the chunk in the first frame and all
    its matches in the second, at most ``MAX_GROWTH`` times the chunk's side.
    """
    down, right = quick.motion_range(chunk) if quick else ((0.0, 0.0), (0.0, 0.0))
    (top, bottom, shift_down), (left, right_end, shift_right) = (
        _span(start, stop, motion, halo, length)
        for start, stop, motion, length in (
            (chunk.top, chunk.bottom, down, size[0]),
            (chunk.left, chunk.right, right, size[1]),
        )
    )
    return View(Chunk(top, bottom, left, right_end), (shift_down, shift_right))


def _span(
    start: int, stop: int, motion: tuple[float, float], halo: int, length: int
) -> tuple[int, int, int]:
    """Along one axis: where the first crop begins and ends, and the second one's shift."""
    least, most = math.floor(motion[0]), math.ceil(motion[1])
    side = min(stop - start + 2 * halo, length)
    seen_from = max(0, start + least - halo)
    seen_to = min(length, stop + most + halo)
    at_most = min(length, math.ceil(MAX_GROWTH * side))
    side = min(max(side, seen_to - seen_from), at_most)
    second = _within((seen_from + seen_to - side) // 2, 0, length - side)
    first = _within(second - (least + most) // 2, max(0, stop - side), min(start, length - side))
    return first, first + side, second - first


def _range(motions: torch.Tensor, ratio: float) -> tuple[float, float]:
    """The least and the greatest of the motions without their tails, with a margin."""
    ordered = motions.float().sort().values
    tail = int(_TAIL * (len(ordered) - 1))
    least, most = ordered[tail].item(), ordered[len(ordered) - 1 - tail].item()
    return (least - _MARGIN) * ratio, (most + _MARGIN) * ratio


def _scaled(start: int, stop: int, small: int, full: int) -> tuple[int, int]:
    """An interval of the full grid on the small one, of one pixel at least."""
    begin = min(start * small // full, small - 1)
    return begin, max(begin + 1, math.ceil(stop * small / full))


def _within(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)
