"""What the seams between chunks do to a flow."""

from typing import NamedTuple

import numpy as np

from flowcore.chunking.plan import plan_chunks, seam_lines
from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics import statistics
from flowcore.types import BoolArray, ChunkGrid, FloatArray

__all__ = ["SeamJump", "leaving_matches", "seam_distance", "seam_jump", "step_lengths"]


class SeamJump(NamedTuple):
    """Mean change of a flow from one pixel to the next, px: across the seams, and elsewhere."""

    across: float
    elsewhere: float


def seam_distance(height: int, width: int, grid: ChunkGrid) -> FloatArray:
    """Distance of every pixel to the nearest seam, px, ``(H, W)``; infinite where there is none.

    A seam is the line in the middle of an overlap, or where blend "none" changes chunks.

    Examples
    --------
    >>> seam_distance(1, 4, ChunkGrid(1, 2, 0)).tolist()
    [[1.5, 0.5, 0.5, 1.5]]
    """
    rows, cols = seam_lines(height, width, grid)
    return np.minimum(_nearest(height, rows)[:, None], _nearest(width, cols)[None, :])


def step_lengths(uv: FloatArray) -> FloatArray:
    """How much a flow ``(H, W, 2)`` changes towards the pixel right and below, px, ``(H, W)``.

    The larger of the two; zero at the last row and column.
    """
    steps = np.zeros(uv.shape[:2], np.float32)
    right, down = (np.linalg.norm(np.diff(uv, axis=axis), axis=-1) for axis in (1, 0))
    steps[:, :-1] = right
    steps[:-1] = np.maximum(steps[:-1], down)
    return steps


def seam_jump(uv: FloatArray, grid: ChunkGrid, *, valid: BoolArray | None = None) -> SeamJump:
    """The flow's steps across the seams against those elsewhere; near equality is good.

    Parameters
    ----------
    uv : (H, W, 2)
        Pixels.
    grid : ChunkGrid
        As given to the estimate.
    valid : (H, W) bool, optional
        A step counts where both of its pixels are; all if left out. A mean over none is nan.

    Raises
    ------
    InputError
        There is no seam.
    """
    height, width = uv.shape[:2]
    rows, cols = seam_lines(height, width, grid)
    if not rows and not cols:
        raise InputError("A frame in one chunk has no seam.")
    down, right = (np.linalg.norm(np.diff(uv, axis=axis), axis=-1) for axis in (0, 1))
    counts = np.ones((height, width), bool) if valid is None else valid
    is_known = np.concatenate(
        [(counts[1:] & counts[:-1]).ravel(), (counts[:, 1:] & counts[:, :-1]).ravel()]
    )
    is_across = np.concatenate(
        [
            np.broadcast_to(_is_crossed(height, rows)[:, None], down.shape).ravel(),
            np.broadcast_to(_is_crossed(width, cols)[None, :], right.shape).ravel(),
        ]
    )
    steps = np.concatenate([down.ravel(), right.ravel()])
    return SeamJump(
        statistics.mean(steps[is_known & is_across]), statistics.mean(steps[is_known & ~is_across])
    )


def leaving_matches(uv: FloatArray, valid: BoolArray, grid: ChunkGrid) -> float:
    """Percent of the pixels that no chunk holds together with their match; lower is better.

    Parameters
    ----------
    uv : (H, W, 2)
        The true flow, px.
    valid : (H, W) bool
        Pixels that count; of these only matches inside the frame do.
    grid : ChunkGrid
        Its halo counts as part of the chunks.

    Raises
    ------
    ShapeMismatchError, InputError
        Sizes that differ; no pixel that counts.

    Examples
    --------
    Of four pixels that move one px to the right, the last leaves the frame and the second its
    chunk:

    >>> uv = np.tile(np.array([1.0, 0.0]), (1, 4, 1))
    >>> leaving_matches(uv, np.ones((1, 4), bool), ChunkGrid(1, 2, 0))  # doctest: +ELLIPSIS
    33.33...
    """
    if uv.shape[:2] != valid.shape:
        raise ShapeMismatchError(f"The flow is {uv.shape[:2]}, its mask {valid.shape}.")
    height, width = valid.shape
    y, x = np.mgrid[:height, :width]
    to_x, to_y = x + uv[..., 0], y + uv[..., 1]
    counts = valid & (to_x >= 0) & (to_x <= width - 1) & (to_y >= 0) & (to_y <= height - 1)
    if not counts.any():
        raise InputError("No pixel with a known match inside the frame.")
    is_held = np.zeros_like(valid)
    for chunk in plan_chunks(height, width, grid):
        area = (slice(chunk.top, chunk.bottom), slice(chunk.left, chunk.right))
        is_held[area] |= (
            (to_x[area] >= chunk.left - grid.halo)
            & (to_x[area] <= chunk.right - 1 + grid.halo)
            & (to_y[area] >= chunk.top - grid.halo)
            & (to_y[area] <= chunk.bottom - 1 + grid.halo)
        )
    return float(100 * (counts & ~is_held).sum() / counts.sum())


def _nearest(length: int, lines: list[float]) -> FloatArray:
    """Distance of each position to the nearest line."""
    position = np.arange(length, dtype=np.float32)
    distances = [np.abs(position - line) for line in lines]
    return np.minimum.reduce(distances) if distances else np.full(length, np.inf, np.float32)


def _is_crossed(length: int, lines: list[float]) -> BoolArray:
    """Of the steps from each position to the next, those that lie across a line."""
    crossed = np.zeros(length - 1, bool)
    crossed[[int(line) for line in lines]] = True
    return crossed
