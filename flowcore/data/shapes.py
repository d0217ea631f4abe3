"""Outlines of things: polygons, blobs, thin structures, with holes; and silhouettes from photos."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from flowcore.types import UInt8Array

__all__ = ["NUM_KINDS", "SHAPE_SIDE", "load_shapes", "make_shapes"]

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
        shapes.append(cv2.GaussianBlur(shape, (3, 3), 0.6))
    return torch.from_numpy(np.stack(shapes))[:, None]


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
    shape = np.zeros((SHAPE_SIDE, SHAPE_SIDE), np.uint8)
    top, left = (SHAPE_SIDE - size[1]) // 2, (SHAPE_SIDE - size[0]) // 2
    shape[top : top + size[1], left : left + size[0]] = part
    return shape


def _fill(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> UInt8Array:
    """A closed outline given in -1..1, filled."""
    half = SHAPE_SIDE / 2
    corners = np.rint(half + (half - _MARGIN) * points).astype(np.int32)
    return np.asarray(cv2.fillPoly(np.zeros((SHAPE_SIDE, SHAPE_SIDE), np.uint8), [corners], 255))


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
    shape = np.zeros((SHAPE_SIDE, SHAPE_SIDE), np.uint8)
    low, high = _MARGIN + 5, SHAPE_SIDE - _MARGIN - 5
    for _ in range(rng.integers(1, 6)):
        points = rng.integers(low, high, (rng.integers(2, 5), 2)).astype(np.int32)
        cv2.polylines(shape, [points], False, 255, int(rng.integers(2, 10)))
    return shape


def _with_holes(shape: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    shape = shape.copy()
    for _ in range(rng.integers(1, 4)):
        center = rng.integers(SHAPE_SIDE // 4, 3 * SHAPE_SIDE // 4, 2).tolist()
        cv2.circle(shape, center, int(rng.integers(4, 22)), 0, -1)
    return shape
