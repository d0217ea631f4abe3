"""Where the chunks lie: equal rectangles that cover a frame, and how they are weighted."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import torch

from flowcore.errors import ConfigError
from flowcore.types import Blend, ChunkGrid

__all__ = [
    "Chunk",
    "Shift",
    "chunk_counts",
    "chunk_weights",
    "plan_chunks",
    "require_chunks_of",
    "seam_lines",
    "with_counts",
]

Shift = tuple[int, int]  # px down, px right

_GAUSSIAN_SIGMA = 1 / 8  # of the chunk's side


class Chunk(NamedTuple):
    """A rectangle of the frame in px; ``bottom`` and ``right`` are exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.bottom - self.top, self.right - self.left

    def crop(self, image: torch.Tensor, shift: Shift = (0, 0)) -> torch.Tensor:
        """The part of ``(..., H, W)`` under this chunk, moved by ``shift`` = (down, right)."""
        down, right = shift
        return image[
            ..., self.top + down : self.bottom + down, self.left + right : self.right + right
        ]


def chunk_counts(height: int, width: int, grid: ChunkGrid) -> tuple[int, int]:
    """(rows, cols) of chunks for a frame: as given, or the fewest of at most ``chunk_size`` px.

    Raises
    ------
    ConfigError
        Chunks of that size share so much that they would not come forward.
    """
    if grid.chunk_size is None:
        return grid.rows, grid.cols
    rows, cols = (
        _count(length, size, grid.overlap)
        for length, size in zip((height, width), grid.chunk_size, strict=True)
    )
    return rows, cols


def plan_chunks(height: int, width: int, grid: ChunkGrid) -> list[Chunk]:
    """The chunks of a frame, row by row: equal in size, evenly spaced, covering every pixel.

    Neighbors share at least ``grid.overlap``.

    Raises
    ------
    ConfigError
        The overlap leaves no room for that many chunks; the message names the largest overlap.

    Examples
    --------
    >>> plan_chunks(4, 10, ChunkGrid(1, 2, overlap=2))
    [Chunk(top=0, bottom=4, left=0, right=6), Chunk(top=0, bottom=4, left=4, right=10)]
    """
    rows, cols = _intervals(height, width, grid)
    return [Chunk(*row, *col) for row in rows for col in cols]


def chunk_weights(height: int, width: int, grid: ChunkGrid) -> list[tuple[Chunk, torch.Tensor]]:
    """Each chunk with its weights ``(h, w) float32``; over all chunks they sum to one per pixel."""
    rows, cols = _intervals(height, width, grid)
    row_weights = _axis_weights(rows, height, grid.blend)
    col_weights = _axis_weights(cols, width, grid.blend)
    return [
        (Chunk(*row, *col), down[:, None] * across[None, :])
        for row, down in zip(rows, row_weights, strict=True)
        for col, across in zip(cols, col_weights, strict=True)
    ]


def seam_lines(height: int, width: int, grid: ChunkGrid) -> tuple[list[float], list[float]]:
    """Where chunks meet: y of the level seams and x of the upright ones, in px.

    The middles of the overlaps; with blend "none" the places where the later chunk takes over.
    """
    rows, cols = _intervals(height, width, grid)
    return _seams(rows, grid.blend), _seams(cols, grid.blend)


def require_chunks_of(min_size: int, height: int, width: int, grid: ChunkGrid) -> None:
    """Check that no chunk of a cut frame is smaller than a model takes.

    Raises
    ------
    ConfigError
        One is; the message has the finest grid that works.
    """
    counts = chunk_counts(height, width, grid)
    size = plan_chunks(height, width, grid)[0].size
    is_short = [
        count > 1 and side + 2 * grid.halo < min_size
        for count, side in zip(counts, size, strict=True)
    ]
    if not any(is_short):
        return
    finest = (
        _finest(length, count, min_size - 2 * grid.halo, grid.overlap)
        for length, count in zip((height, width), counts, strict=True)
    )
    raise ConfigError(
        f"{counts[0]}x{counts[1]} chunks of a frame of {width}x{height} px are {size[1]}x{size[0]} "
        f"px (width x height), less than the {min_size} px that the model needs; use at most "
        f"{'x'.join(map(str, finest))} chunks (rows x columns)."
    )


def with_counts(grid: ChunkGrid, rows: int, cols: int) -> ChunkGrid:
    """The same cutting with the number of chunks said outright."""
    return replace(grid, rows=rows, cols=cols, chunk_size=None, max_bytes=None)


def _intervals(
    height: int, width: int, grid: ChunkGrid
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    rows, cols = chunk_counts(height, width, grid)
    return (
        _split(height, rows, grid.overlap, "height"),
        _split(width, cols, grid.overlap, "width"),
    )


def _count(length: int, size: int, overlap: int | float) -> int:
    """The fewest intervals of at most ``size`` px over ``length``."""
    if size >= length:
        return 1
    shared = math.ceil(size * overlap) if isinstance(overlap, float) else overlap
    if shared >= size:
        raise ConfigError(
            f"Chunks of {size} px cannot share {overlap} px; use chunks of {shared + 1} px or more."
        )
    return math.ceil((length - shared) / (size - shared))


def _finest(length: int, count: int, min_size: int, overlap: int | float) -> int:
    """The largest number of intervals up to ``count`` that are at least ``min_size`` px long."""
    for fewer in range(count, 1, -1):
        if _interval_size(length, fewer, overlap) >= min_size:
            return fewer
    return 1


def _interval_size(length: int, count: int, overlap: int | float) -> int:
    """The least common length of ``count`` intervals over ``length`` px that share the overlap.

    A share of the interval is taken as far as intervals that differ allow.
    """
    if isinstance(overlap, float):
        return min(math.ceil(length / (count - (count - 1) * overlap)), length - count + 1)
    return math.ceil((length + (count - 1) * overlap) / count)


def _split(length: int, count: int, overlap: int | float, side: str) -> list[tuple[int, int]]:
    """``count`` different intervals of one length over ``0..length`` that share the overlap."""
    if count == 1:
        return [(0, length)]
    if count > length:
        raise ConfigError(
            f"{count} chunks do not fit a {side} of {length} px; use at most {length}."
        )
    size = _interval_size(length, count, overlap)
    if size > length - count + 1:
        raise ConfigError(
            f"{count} chunks over a {side} of {length} px can share at most {length - count} px, "
            f"got an overlap of {overlap} px."
        )
    starts = [index * (length - size) // (count - 1) for index in range(count)]
    return [(start, start + size) for start in starts]


def _seams(intervals: list[tuple[int, int]], blend: Blend) -> list[float]:
    if blend == "none":
        return [start - 0.5 for start, _ in intervals[1:]]
    return [(after[0] + before[1] - 1) / 2 for before, after in pairwise(intervals)]


def _axis_weights(
    intervals: list[tuple[int, int]], length: int, blend: Blend
) -> list[torch.Tensor]:
    """Weights of each interval along one axis; they sum to one at every position."""
    weights = [torch.ones(stop - start) for start, stop in intervals]
    if blend == "gaussian":
        weights = [_bell(stop - start) for start, stop in intervals]
    for before, (a, b) in enumerate(pairwise(intervals)):
        shared = a[1] - b[0]
        if shared > 0 and blend != "gaussian":
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
        return torch.ones(length)
    if blend == "winner":
        return (position > 0.5).float()
    return position if blend == "linear" else torch.sin(0.5 * math.pi * position).square()


def _bell(length: int) -> torch.Tensor:
    """A Gaussian around the middle, never quite zero."""
    position = (torch.arange(length) + 0.5) / length - 0.5
    return torch.exp(-0.5 * (position / _GAUSSIAN_SIGMA).square())
