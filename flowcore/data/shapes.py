"""Outlines of things: polygons, blobs, thin structures, furniture; and silhouettes from photos."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import torch

from flowcore.types import UInt8Array

__all__ = ["NUM_KINDS", "SHAPE_SIDE", "load_shapes", "make_furniture", "make_shapes"]

Points: TypeAlias = npt.NDArray[np.float64]

SHAPE_SIDE = 128
NUM_KINDS = 4  # polygons, blobs, islands, thin things, in turn
_MARGIN = 6  # px kept empty around a shape, so that its edge is inside


def make_shapes(count: int, *, seed: int = 0) -> torch.Tensor:
    """Masks ``(count, 1, 128, 128) uint8``, 255 inside: four kinds in turn, some with holes."""
    rng = np.random.default_rng(seed)
    kinds = (_polygon, _blob, _islands, _thin)
    shapes = []
    for number in range(count):
        shape = kinds[number % NUM_KINDS](rng)
        if rng.random() < 0.25:
            shape = _with_holes(shape, rng)
        shapes.append(shape)
    return _softened(shapes)


def make_furniture(count: int, *, seed: int = 0) -> torch.Tensor:
    """Masks ``(count, 1, 128, 128) uint8``, 255 inside: seats with backs, slats, legs and arms."""
    rng = np.random.default_rng(seed)
    return _softened([_furniture(rng) for _ in range(count)])


def load_shapes(folders: Sequence[str | Path]) -> torch.Tensor:
    """Silhouettes ``(N, 1, 128, 128) uint8`` from the files ``*_segments.png`` of these folders.

    A segment counts if it covers 1 to 40 % of its photo. N is 0 where there are no such files.
    """
    shapes = [
        shape
        for folder in map(Path, folders)
        for path in sorted(folder.rglob("*_segments.png"))
        for shape in _silhouettes(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    ]
    return _stacked(shapes)


def _softened(shapes: Sequence[UInt8Array]) -> torch.Tensor:
    return _stacked([np.asarray(cv2.GaussianBlur(shape, (3, 3), 0.6)) for shape in shapes])


def _stacked(shapes: Sequence[UInt8Array]) -> torch.Tensor:
    stacked = np.stack(shapes) if shapes else np.zeros((0, SHAPE_SIDE, SHAPE_SIDE), np.uint8)
    return torch.from_numpy(stacked)[:, None]


def _silhouettes(labels: npt.NDArray[Any] | None) -> list[UInt8Array]:
    if labels is None or labels.ndim != 2:
        return []
    values, counts = np.unique(labels, return_counts=True)
    share = counts / labels.size
    chosen = values[(share > 0.01) & (share < 0.4)]
    return [_fitted((labels == value).astype(np.uint8) * 255) for value in chosen]


def _fitted(mask: UInt8Array) -> UInt8Array:
    """The inside of a mask, scaled into the middle of a shape."""
    x, y, width, height = cv2.boundingRect(mask)
    room = SHAPE_SIDE - 2 * _MARGIN
    factor = room / max(width, height)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    part = cv2.resize(mask[y : y + height, x : x + width], size, interpolation=cv2.INTER_AREA)
    shape = _empty()
    top, left = (SHAPE_SIDE - size[1]) // 2, (SHAPE_SIDE - size[0]) // 2
    shape[top : top + size[1], left : left + size[0]] = part
    return shape


def _fill(points: Points) -> UInt8Array:
    """A closed outline given in -1..1, filled."""
    return np.asarray(cv2.fillPoly(_empty(), [_in_px(points)], 255))


def _empty() -> UInt8Array:
    return np.zeros((SHAPE_SIDE, SHAPE_SIDE), np.uint8)


def _in_px(points: Points) -> npt.NDArray[np.int32]:
    """Points given in -1..1, in px of the shape."""
    half = SHAPE_SIDE / 2
    return np.rint(half + (half - _MARGIN) * points).astype(np.int32)


def _polygon(rng: np.random.Generator) -> UInt8Array:
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 10)))
    radii = rng.uniform(0.35, 1, len(angles))
    return _fill(np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1))


def _blob(rng: np.random.Generator) -> UInt8Array:
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    orders = np.arange(1, 8)
    waves = np.cos(np.outer(angles, orders) + rng.uniform(0, 2 * np.pi, 7))
    radii = np.exp(waves @ (rng.normal(0, 0.35, 7) / orders**0.7))
    radii /= radii.max()
    return _fill(np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1))


def _islands(rng: np.random.Generator) -> UInt8Array:
    """What of a smooth random relief lies above the sea: pieces, bays and holes."""
    cells = int(rng.integers(3, 9))
    relief = cv2.resize(rng.normal(0, 1, (cells, cells)), (SHAPE_SIDE, SHAPE_SIDE), interpolation=2)
    y, x = np.mgrid[-1 : 1 : SHAPE_SIDE * 1j, -1 : 1 : SHAPE_SIDE * 1j]
    relief -= 3 * np.clip(np.hypot(x, y) - 0.6, 0, None)
    shape = np.where(relief > np.quantile(relief, 0.6), 255, 0).astype(np.uint8)
    shape[:_MARGIN] = shape[-_MARGIN:] = shape[:, :_MARGIN] = shape[:, -_MARGIN:] = 0
    return shape


def _thin(rng: np.random.Generator) -> UInt8Array:
    """Poles, branches, grids: lines 2 to 9 px wide."""
    shape = _empty()
    low, high = _MARGIN + 5, SHAPE_SIDE - _MARGIN - 5
    for _ in range(rng.integers(1, 6)):
        points = rng.integers(low, high, (rng.integers(2, 5), 2)).astype(np.int32)
        cv2.polylines(shape, [points], False, 255, int(rng.integers(2, 10)))
    return shape


def _furniture(rng: np.random.Generator) -> UInt8Array:
    """A seat with legs; mostly a back, whole or of slats; some arms."""
    shape = _empty()
    width, depth, slant = rng.uniform(0.35, 0.75), rng.uniform(0.1, 0.35), rng.uniform(-0.3, 0.3)
    seat = rng.uniform(-0.15, 0.3)
    far = np.array([[-width + slant, seat], [width + slant, seat]])  # corners, left and right
    near = np.array([[-width, seat + depth], [width, seat + depth]])
    cv2.fillPoly(shape, [_well_inside(np.stack([far[0], far[1], near[1], near[0]]))], 255)
    thick = int(rng.integers(2, 7))
    splay = rng.uniform(0, 0.2)
    for corner in (*far, *near):
        foot = np.array([corner[0] + splay * np.sign(corner[0]), rng.uniform(0.8, 0.95)])
        _bar(shape, corner, foot, thick)
    if rng.random() < 0.85:
        top = far + np.array([rng.uniform(-0.15, 0.15), -rng.uniform(0.4, 0.8)])
        _back(shape, far, top, thick, rng)
        if rng.random() < 0.3:
            for side in (0, 1):
                arm = near[side] - np.array([0, 0.3])
                _bar(shape, (far[side] + top[side]) / 2, arm, thick)
                _bar(shape, arm, near[side], thick)
    return shape


def _back(
    shape: UInt8Array, low: Points, high: Points, thick: int, rng: np.random.Generator
) -> None:
    """Draw a back between its lower and its upper corners, whole or of slats."""
    if rng.random() < 0.5:
        cv2.fillPoly(shape, [_well_inside(np.stack([low[0], low[1], high[1], high[0]]))], 255)
        return
    for one, other in ((low[0], high[0]), (low[1], high[1]), (high[0], high[1])):
        _bar(shape, one, other, thick + 2)
    rails = ((low[0], low[1]), (high[0], high[1]))
    if rng.random() < 0.5:
        rails = ((low[0], high[0]), (low[1], high[1]))
    for share in np.linspace(0, 1, int(rng.integers(2, 7)) + 1)[1:-1]:
        ends = [(1 - share) * begin + share * end for begin, end in rails]
        _bar(shape, ends[0], ends[1], thick)


def _bar(shape: UInt8Array, begin: Points, end: Points, thick: int) -> None:
    """Draw a line of so many px between two points given in -1..1."""
    one, other = (tuple(_well_inside(point).tolist()) for point in (begin, end))
    cv2.line(shape, one, other, 255, thick)


def _well_inside(points: Points) -> npt.NDArray[np.int32]:
    """The same in px, so far from the border that bars stay inside."""
    return _in_px(points.clip(-0.9, 0.9))


def _with_holes(shape: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    shape = shape.copy()
    for _ in range(rng.integers(1, 4)):
        center = rng.integers(SHAPE_SIDE // 4, 3 * SHAPE_SIDE // 4, 2).tolist()
        cv2.circle(shape, center, int(rng.integers(4, 22)), 0, -1)
    return shape
