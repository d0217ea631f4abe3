"""Outlines of objects for synthetic scenes, as signed distances."""

import cv2
import numpy as np
import numpy.typing as npt
import torch

__all__ = ["SHAPE_SIZE", "make_shapes"]

SHAPE_SIZE = 96
_DRAWN = 4 * SHAPE_SIZE  # drawn larger, so that the distances are smooth


def make_shapes(count: int, *, seed: int) -> torch.Tensor:
    """Signed distances to random outlines, ``(count, SHAPE_SIZE, SHAPE_SIZE) float32``.

    Positive inside, in half sides of the box: an outline fills a box of [-1, 1] in x and y. The
    first shape is the whole box; the others are polygons, blobs, ellipses, thin bars and strokes,
    some with holes.
    """
    rng = np.random.default_rng(seed)
    boxes = [np.full((_DRAWN, _DRAWN), 255, np.uint8)]
    boxes += [_draw(rng) for _ in range(count - 1)]
    return torch.from_numpy(np.stack([_signed_distance(box) for box in boxes]))


def _draw(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    canvas = np.zeros((_DRAWN, _DRAWN), np.uint8)
    draw = (_polygon, _blob, _blob, _ellipse, _strokes)[rng.integers(5)]
    draw(canvas, rng)
    if rng.random() < 0.25:
        _holes(canvas, rng)
    return canvas


def _fill(canvas: npt.NDArray[np.uint8], radii: npt.NDArray[np.float64], start: float) -> None:
    angles = start + np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
    points = (points + 1) * (_DRAWN / 2)
    cv2.fillPoly(canvas, [points.round().astype(np.int32)], 255)


def _polygon(canvas: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
    _fill(canvas, rng.uniform(0.35, 0.98, rng.integers(3, 9)), rng.uniform(0, 2 * np.pi))


def _blob(canvas: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
    angles = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    radii = np.ones(128)
    for order in range(1, 7):
        wave = np.cos(order * angles + rng.uniform(0, 2 * np.pi))
        radii += rng.normal(0, 0.5 / order) * wave
    radii = np.abs(radii)
    _fill(canvas, 0.98 * radii / radii.max(), 0.0)


def _ellipse(canvas: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
    axes = (int(rng.uniform(0.1, 0.98) * _DRAWN / 2), int(0.98 * _DRAWN / 2))
    center = (_DRAWN // 2, _DRAWN // 2)
    cv2.ellipse(canvas, center, axes, rng.uniform(0, 180), 0, 360, 255, -1)


def _strokes(canvas: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 5)):
        points = rng.integers(_DRAWN // 20, _DRAWN - _DRAWN // 20, (rng.integers(2, 5), 2))
        width = int(rng.uniform(0.02, 0.12) * _DRAWN)
        cv2.polylines(canvas, [points.astype(np.int32)], bool(rng.random() < 0.3), 255, width)


def _holes(canvas: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 4)):
        center = [int(value) for value in rng.uniform(0.25, 0.75, 2) * _DRAWN]
        radius = int(rng.uniform(0.04, 0.15) * _DRAWN)
        cv2.circle(canvas, center, radius, 0, -1)


def _signed_distance(box: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Distance to the outline; the border of the box counts as outside."""
    ringed = np.pad(box, 1)
    inside = cv2.distanceTransform(ringed, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(255 - ringed, cv2.DIST_L2, 5)
    distance = ((inside - outside)[1:-1, 1:-1] / (_DRAWN / 2)).astype(np.float32)
    small = cv2.resize(distance, (SHAPE_SIZE, SHAPE_SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
