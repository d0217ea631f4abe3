"""Pairs with exactly known motion and occlusion, made from any photos.

A scene is a stack of layers, background first. Each layer is a photo under a shape, with a motion
that takes a position in the first frame to its position in the second one. Both frames are rendered
alike, by sampling the photos on a finer grid and averaging, so neither is the sharper one. Flow and
occlusion are not estimated but computed from the motions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from flowcore.errors import ConfigError
from flowcore.io.frames import decode_frame, encode_frame, reduce_frame
from flowcore.types import BoolArray, FloatArray, FlowField, FramePair, IntArray, UInt8Array

__all__ = ["Layer", "add_jpeg", "add_noise", "ellipse", "make_pair", "motion_about", "render_pair"]

Matrix = npt.NDArray[np.float64]

MAX_SIDE = 1024
_FINE = 3  # samples per pixel and axis


@dataclass(frozen=True, eq=False)
class Layer:
    """A photo under a shape, on the move.

    Parameters
    ----------
    photo : (h, w, 3) uint8
    motion : (3, 3) float64
        Homography from positions in the first frame to positions in the second, in px.
    place : (3, 3) float64
        Homography from the photo's px to px of the first frame.
    shape : (h, w) uint8, optional
        255 where the photo is seen; everywhere, and mirrored beyond its border, if left out.
    """

    photo: UInt8Array
    motion: Matrix
    place: Matrix
    shape: UInt8Array | None = None


def render_pair(layers: Sequence[Layer], size: tuple[int, int], *, name: str = "") -> FramePair:
    """The pair that shows the layers, the last one in front, with truth, occlusions and labels.

    Parameters
    ----------
    layers : sequence of Layer
        The first one needs no shape: it is the background.
    size : (height, width)
    name : str

    Returns
    -------
    FramePair
        ``occluded``: the target lies outside the frame, or a nearer layer covers it.
        ``labels``, ``second_labels``: number of the layer seen in each frame, from 1.
    """
    seen = _topmost(layers, size, is_second=False)
    grid = _positions(size)
    flow = np.zeros((*size, 2), np.float32)
    occluded = np.zeros(size, bool)
    for index, layer in enumerate(layers):
        here = seen == index
        target = _apply(layer.motion, grid[here])
        flow[here] = target - grid[here]
        hidden = _is_outside(target, size)
        for nearer in layers[index + 1 :]:
            hidden |= _covers(nearer, target)
        occluded[here] = hidden
    return FramePair(
        _render(layers, size, is_second=False),
        _render(layers, size, is_second=True),
        FlowField(flow),
        labels=seen + 1,
        second_labels=_topmost(layers, size, is_second=True) + 1,
        occluded=occluded,
        name=name,
    )


def motion_about(
    center: tuple[float, float],
    *,
    dx: float = 0.0,
    dy: float = 0.0,
    rotation: float = 0.0,
    zoom: float = 1.0,
) -> Matrix:
    """A motion that turns and zooms about a center, then shifts.

    Parameters
    ----------
    center : (x, y) in px
    dx, dy : float
        Shift in px, right and down.
    rotation : float
        Degrees, clockwise on screen.
    zoom : float
        Above 1 the content grows.

    Examples
    --------
    >>> motion_about((0, 0), dx=2, rotation=90)[:2].round(6).tolist()
    [[0.0, -1.0, 2.0], [1.0, 0.0, 0.0]]
    """
    angle = math.radians(rotation)
    cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
    x, y = center
    return np.array(
        [
            [cos, -sin, x - cos * x + sin * y + dx],
            [sin, cos, y - sin * x - cos * y + dy],
            [0.0, 0.0, 1.0],
        ]
    )


def make_pair(
    photo: UInt8Array,
    *,
    dx: float = 0.0,
    dy: float = 0.0,
    rotation: float = 0.0,
    zoom: float = 1.0,
    occluder: tuple[float, float] | None = None,
    noise: float = 0.0,
    jpeg_quality: int | None = None,
    seed: int = 0,
    max_side: int = MAX_SIDE,
    name: str = "",
) -> FramePair:
    """A pair made from one photo, whose flow is known exactly.

    Parameters
    ----------
    photo : (H, W, 3) uint8
        The first frame shows it in its own place.
    dx, dy, rotation, zoom : float
        Motion of the whole photo about its middle: px right and down, degrees clockwise, factor.
        What comes in from outside is the photo mirrored.
    occluder : (dx, dy), optional
        A disc with other content, a third of the frame wide, that moves by this many px.
    noise : float
        Standard deviation of Gaussian noise in gray levels, different in the two frames.
    jpeg_quality : int, optional
        1..100; both frames are compressed and decoded again.
    seed : int
        Of the noise.
    max_side : int
        A photo with more px a side is reduced to so many, which a note of the pair says.

    Raises
    ------
    ConfigError
        A setting outside its range.
    """
    _require_range("max_side, px", (max_side,), 1, 100_000)
    _require_range("dx and dy, px", (dx, dy, *(occluder or ())), -1000, 1000)
    _require_range("rotation, degrees", (rotation,), -180, 180)
    _require_range("zoom", (zoom,), 0.25, 4)
    whole, photo = photo.shape[:2], reduce_frame(photo, max_side)
    height, width = photo.shape[:2]
    middle = ((width - 1) / 2, (height - 1) / 2)
    motion = motion_about(middle, dx=dx, dy=dy, rotation=rotation, zoom=zoom)
    layers = [Layer(photo, motion, np.eye(3))]
    if occluder is not None:
        other = np.ascontiguousarray(255 - photo[::-1, ::-1])
        disc = ellipse(photo.shape[:2], middle, (width / 6, height / 6))
        shift = motion_about(middle, dx=occluder[0], dy=occluder[1])
        layers.append(Layer(other, shift, np.eye(3), disc))
    pair = render_pair(layers, (height, width), name=name)
    if (height, width) != whole:
        note = f"The image is reduced from {whole[1]}x{whole[0]} to {width}x{height} px."
        pair = replace(pair, notes=(*pair.notes, note))
    if noise:
        pair = add_noise(pair, noise, seed=seed)
    return pair if jpeg_quality is None else add_jpeg(pair, jpeg_quality)


def ellipse(
    size: tuple[int, int], center: tuple[float, float], radii: tuple[float, float]
) -> UInt8Array:
    """A shape: 255 within the ellipse of that center and those radii (x, y), in px."""
    y, x = np.mgrid[: size[0], : size[1]]
    inside = ((x - center[0]) / radii[0]) ** 2 + ((y - center[1]) / radii[1]) ** 2 <= 1
    return np.where(inside, 255, 0).astype(np.uint8)


def add_noise(pair: FramePair, sigma: float, *, seed: int = 0) -> FramePair:
    """The pair with Gaussian noise of ``sigma`` gray levels, drawn anew for each frame."""
    _require_range("noise, gray levels", (sigma,), 0, 255)
    rng = np.random.default_rng(seed)

    def noisy(frame: UInt8Array) -> UInt8Array:
        values = frame + rng.normal(0, sigma, frame.shape)
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)

    return _with_frames(pair, noisy(pair.first), noisy(pair.second))


def add_jpeg(pair: FramePair, quality: int) -> FramePair:
    """The pair after JPEG compression of ``quality`` 1..100; lower leaves more artifacts."""
    _require_range("JPEG quality", (quality,), 1, 100)
    first, second = (
        decode_frame(encode_frame(frame, format="jpeg", quality=quality))
        for frame in (pair.first, pair.second)
    )
    return _with_frames(pair, first, second)


def _with_frames(pair: FramePair, first: UInt8Array, second: UInt8Array) -> FramePair:
    return replace(pair, first=first, second=second)


def _require_range(what: str, values: Sequence[float], low: float, high: float) -> None:
    for value in values:
        if not low <= value <= high:  # false for nan as well
            raise ConfigError(f"{what} must lie in {low}..{high}, got {value}.")


def _positions(size: tuple[int, int]) -> FloatArray:
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    return np.stack([x, y], axis=-1)


def _apply(matrix: Matrix, points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Points ``(N, 2)`` moved by a homography."""
    moved = points.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:])


def _topmost(layers: Sequence[Layer], size: tuple[int, int], *, is_second: bool) -> IntArray:
    """Index of the layer seen at every pixel of a frame."""
    seen = np.zeros(size, np.int32)
    for index, layer in enumerate(layers):
        if layer.shape is not None:
            place = layer.motion @ layer.place if is_second else layer.place
            shape = cv2.warpPerspective(layer.shape, place, size[::-1])
            seen[shape > 127] = index
    return seen


def _covers(layer: Layer, targets: npt.NDArray[np.float64]) -> BoolArray:
    """Whether the layer, where it is in the second frame, lies over these positions."""
    if layer.shape is None:
        return np.ones(len(targets), bool)
    back = np.linalg.inv(layer.motion @ layer.place).astype(np.float64)
    inside = np.zeros(len(targets), bool)
    for start in range(0, len(targets), 30_000):  # remap takes at most 32767 rows
        part = _apply(back, targets[start : start + 30_000]).astype(np.float32)
        x, y = np.ascontiguousarray(part.T)[..., None]
        inside[start : start + 30_000] = cv2.remap(layer.shape, x, y, cv2.INTER_LINEAR)[:, 0] > 127
    return inside


def _is_outside(targets: npt.NDArray[np.float64], size: tuple[int, int]) -> BoolArray:
    x, y = targets[:, 0], targets[:, 1]
    slack = 1e-6  # of the arithmetic
    return (x < -slack) | (x > size[1] - 1 + slack) | (y < -slack) | (y > size[0] - 1 + slack)


def _render(layers: Sequence[Layer], size: tuple[int, int], *, is_second: bool) -> UInt8Array:
    """One frame: every layer sampled on a grid ``_FINE`` times as fine, stacked, averaged."""
    height, width = size
    offset = (_FINE - 1) / 2
    refine = np.array([[_FINE, 0, offset], [0, _FINE, offset], [0, 0, 1.0]])
    fine_size = (width * _FINE, height * _FINE)
    canvas = np.zeros((fine_size[1], fine_size[0], 3), np.uint8)
    for layer in layers:
        matrix = refine @ (layer.motion if is_second else np.eye(3)) @ layer.place
        # OpenCV never returns from mirroring a photo that is one pixel wide.
        border = cv2.BORDER_REPLICATE if 1 in layer.photo.shape[:2] else cv2.BORDER_REFLECT_101
        photo = cv2.warpPerspective(
            layer.photo, matrix, fine_size, flags=cv2.INTER_CUBIC, borderMode=border
        )
        if layer.shape is None:
            canvas[:] = photo
        else:
            seen = cv2.warpPerspective(layer.shape, matrix, fine_size) > 127
            canvas[seen] = photo[seen]
    return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
