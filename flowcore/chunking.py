"""Chunked inference: cut both frames into chunks, estimate each, stitch one flow.

Neighbouring chunks share ``overlap`` px, in which their flows are weighted by a ramp; the weights
sum to one at every pixel. Chunks are cropped when their turn comes, and only the stitched flow is
kept, so memory is that of one chunk.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch

from flowcore.errors import ConfigError
from flowcore.ops.resize import resize_flow, resize_frame
from flowcore.types import Blend, ChunkGrid, Prediction

__all__ = ["Chunk", "Estimator", "chunk_weights", "estimate_chunked", "plan_chunks"]

Estimator = Callable[[torch.Tensor, torch.Tensor], Prediction]
Shift = tuple[int, int]


class Chunk(NamedTuple):
    """A rectangle of the frame in px; ``bottom`` and ``right`` are exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    def crop(self, image: torch.Tensor, shift: Shift = (0, 0)) -> torch.Tensor:
        """The part of ``(B, C, H, W)`` under this chunk, moved by ``shift`` = (down, right)."""
        down, right = shift
        return image[
            ..., self.top + down : self.bottom + down, self.left + right : self.right + right
        ]


def plan_chunks(height: int, width: int, grid: ChunkGrid) -> list[Chunk]:
    """The chunks of a frame, row by row: equal in size, evenly spaced, covering every pixel.

    Neighbours share at least ``grid.overlap`` px.

    Raises
    ------
    ConfigError
        The overlap leaves no room for that many chunks; the message names the largest overlap.

    Examples
    --------
    >>> plan_chunks(4, 10, ChunkGrid(1, 2, overlap=2))
    [Chunk(top=0, bottom=4, left=0, right=6), Chunk(top=0, bottom=4, left=4, right=10)]
    """
    rows = _split(height, grid.rows, grid.overlap, "height")
    cols = _split(width, grid.cols, grid.overlap, "width")
    return [Chunk(*row, *col) for row in rows for col in cols]


def chunk_weights(height: int, width: int, grid: ChunkGrid) -> list[tuple[Chunk, torch.Tensor]]:
    """Each chunk with its weights ``(h, w) float32``; over all chunks they sum to one per pixel."""
    rows = _split(height, grid.rows, grid.overlap, "height")
    cols = _split(width, grid.cols, grid.overlap, "width")
    row_weights = _axis_weights(rows, height, grid.blend)
    col_weights = _axis_weights(cols, width, grid.blend)
    return [
        (Chunk(*row, *col), down[:, None] * across[None, :])
        for row, down in zip(rows, row_weights, strict=True)
        for col, across in zip(cols, col_weights, strict=True)
    ]


def estimate_chunked(
    estimate: Estimator,
    first: torch.Tensor,
    second: torch.Tensor,
    grid: ChunkGrid,
    *,
    report: Callable[[float], None] = lambda fraction: None,
) -> Prediction:
    """One flow stitched from the flows of the chunks.

    Parameters
    ----------
    estimate : callable
        Takes two crops ``(B, 3, h, w)`` of any size and returns their ``Prediction``.
    first, second : (B, 3, H, W)
    grid : ChunkGrid
    report : callable
        Is told the finished share, 0..1, after each chunk.

    Returns
    -------
    Prediction
        Flow and iterates of the whole frame. Maps belong to single chunks and are not stitched.
    """
    height, width = first.shape[-2:]
    chunks = chunk_weights(height, width, grid)
    coarse = _coarse_flow(estimate, first, second, chunks[0][0]) if grid.motion_aware else None
    stitched: list[torch.Tensor] = []
    for done, (chunk, weights) in enumerate(chunks, start=1):
        shift = (0, 0) if coarse is None else _shift(coarse, chunk)
        part = estimate(chunk.crop(first), chunk.crop(second, shift))
        flows = part.iterates or (part.flow,)
        if not stitched:
            stitched = [first.new_zeros(first.shape[0], 2, height, width) for _ in flows]
        offset = first.new_tensor([shift[1], shift[0]]).view(1, 2, 1, 1)
        for whole, flow in zip(stitched, flows, strict=True):
            chunk.crop(whole).add_(weights.to(flow) * (flow + offset))
        report(done / len(chunks))
    return Prediction(stitched[-1], tuple(stitched) if part.iterates else ())


def _split(length: int, count: int, overlap: int, side: str) -> list[tuple[int, int]]:
    """``count`` different intervals of one length over ``0..length`` that share ``overlap`` px."""
    if count == 1:
        return [(0, length)]
    if count > length:
        raise ConfigError(
            f"{count} chunks do not fit a {side} of {length} px; use at most {length}."
        )
    if overlap > length - count:
        raise ConfigError(
            f"{count} chunks over a {side} of {length} px can share at most {length - count} px, "
            f"got an overlap of {overlap} px."
        )
    size = math.ceil((length + (count - 1) * overlap) / count)
    starts = [index * (length - size) // (count - 1) for index in range(count)]
    return [(start, start + size) for start in starts]


def _axis_weights(
    intervals: list[tuple[int, int]], length: int, blend: Blend
) -> list[torch.Tensor]:
    """Weights of each interval along one axis; they sum to one at every position."""
    weights = [torch.ones(stop - start) for start, stop in intervals]
    for before, (a, b) in enumerate(pairwise(intervals)):
        shared = a[1] - b[0]
        if shared > 0:
            ramp = _ramp(shared, blend)
            weights[before + 1][:shared] *= ramp
            weights[before][-shared:] *= 1 - ramp
    total = torch.zeros(length)
    for (start, stop), weight in zip(intervals, weights, strict=True):
        total[start:stop] += weight
    return [
        weight / total[start:stop] for (start, stop), weight in zip(intervals, weights, strict=True)
    ]


def _ramp(length: int, blend: Blend) -> torch.Tensor:
    """Weights of the chunk that begins, over ``length`` shared px."""
    position = (torch.arange(length) + 0.5) / length
    if blend == "none":
        return (position > 0.5).float()
    return position if blend == "linear" else torch.sin(0.5 * math.pi * position).square()


def _coarse_flow(
    estimate: Estimator, first: torch.Tensor, second: torch.Tensor, chunk: Chunk
) -> torch.Tensor:
    """The flow of the whole frame from a pass that costs no more than one chunk."""
    height, width = first.shape[-2:]
    share = (chunk.bottom - chunk.top) * (chunk.right - chunk.left) / (height * width)
    small = (max(1, round(height * share**0.5)), max(1, round(width * share**0.5)))
    flow = estimate(resize_frame(first, small), resize_frame(second, small)).flow
    return resize_flow(flow, (height, width))


def _shift(coarse: torch.Tensor, chunk: Chunk) -> Shift:
    """The chunk's median motion in whole px, as far as the shifted chunk stays in the frame."""
    height, width = coarse.shape[-2:]
    right, down = (int(axis.median().round()) for axis in chunk.crop(coarse).unbind(1))
    return (
        min(max(down, -chunk.top), height - chunk.bottom),
        min(max(right, -chunk.left), width - chunk.right),
    )
