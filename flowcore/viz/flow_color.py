"""Flow as colors: hue is the direction, saturation the speed, white no motion."""

import math
import statistics
from collections.abc import Iterable

import cv2
import numpy as np
from PIL import Image, ImageDraw

from flowcore.errors import ConfigError, InputError
from flowcore.ops.bands import row_bands
from flowcore.types import BoolArray, FloatArray, FlowField, UInt8Array
from flowcore.viz.lettering import INK, font
from flowcore.viz.palette import NOISE_FLOOR, OFF_SCALE, RIM, UNKNOWN, wheel_colors

__all__ = ["color_disc", "color_wheel", "flow_to_color", "shared_max_magnitude"]

_FRIENDLY = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)


def flow_to_color(
    flow: FlowField | FloatArray, *, max_magnitude: float, noise_floor: float = NOISE_FLOOR
) -> UInt8Array:
    """The flow in the colors of Middlebury, (H, W, 3) uint8 RGB.

    Parameters
    ----------
    flow : FlowField or (H, W, 2) array
        Unknown pixels, or values that are not finite, become neutral gray.
    max_magnitude : float
        Speed in px that has the full color. What is faster keeps its hue and is darkened, so that
        it is seen to be off the scale. Panels to be compared share one value.
    noise_floor : float
        Slower than this many px is white.

    Raises
    ------
    InputError
        Not a flow.
    ConfigError
        ``max_magnitude`` is not above 0 or ``noise_floor`` is below 0.

    Notes
    -----
    The wheel of Baker et al., IJCV 2011 (55 hues). Right is red, down yellow, left blue-green,
    up violet.

    Examples
    --------
    >>> flow_to_color(np.array([[[0.0, 0.0], [5.0, 0.0]]]), max_magnitude=5)[0].tolist()
    [[255, 255, 255], [255, 0, 0]]
    """
    if not (math.isfinite(max_magnitude) and max_magnitude > 0):
        raise ConfigError(f"The largest magnitude must be above 0 px, got {max_magnitude}.")
    if not noise_floor >= 0:
        raise ConfigError(f"The noise floor must be 0 px or more, got {noise_floor}.")
    uv, valid = _known(flow)
    picture = np.empty((*valid.shape, 3), np.uint8)
    for rows, _ in row_bands(*valid.shape):
        picture[rows] = _colors(uv[rows], max_magnitude, noise_floor)
    picture[~valid] = UNKNOWN
    return picture


def shared_max_magnitude(
    flows: Iterable[FlowField | FloatArray], *, percentile: float = 95, floor: float = 1
) -> float:
    """One scale in px for flows that are shown side by side, rounded up to a friendly number.

    The median of the flows' own percentiles over known pixels, so that neither a wild flow nor a
    few fast pixels pale all others; and at least ``floor``, so that the noise of a pair at rest is
    not blown up.

    Examples
    --------
    >>> slow, fast, wild = (np.full((2, 2, 2), speed) for speed in (1.0, 5.0, 900.0))
    >>> shared_max_magnitude([slow, fast, wild])  # 5 sqrt(2) = 7.07
    8.0
    """
    known = (uv[valid] for uv, valid in map(_known, flows) if valid.any())
    typical = [float(np.percentile(np.hypot(*vectors.T), percentile)) for vectors in known]
    largest = max(float(floor), statistics.median(typical or [0]))
    decade = 10 ** math.floor(math.log10(largest))
    # Some slack: a tenth too fast is nearer than half as much again, from 100.1 to 150.
    return float(next(step * decade for step in _FRIENDLY if step * decade >= 0.9 * largest))


def color_wheel(
    size: int = 160, *, max_magnitude: float, noise_floor: float = NOISE_FLOOR, margin: int = 6
) -> UInt8Array:
    """The legend of `flow_to_color`: the disc of all vectors with its scale in px, RGB uint8.

    Parameters
    ----------
    size : int
        Diameter of the disc in px of the picture, 48 or more; the picture is larger by a margin
        and, below, by the scale. It has its own white ground, and so is readable on any page.
    max_magnitude, noise_floor : float
        As given to `flow_to_color`. The dark rim shows what is off the scale.
    margin : int
        White border in px.

    Returns
    -------
    (H, W, 3) uint8
    """
    if size < 48:
        raise ConfigError(f"A color wheel is at least 48 px wide, got {size}.")
    disc = color_disc(size, max_magnitude, noise_floor)
    letters = max(10, size // 10)
    picture = Image.new("RGB", (size + 2 * margin, size + 2 * margin + 2 * letters), "white")
    picture.paste(Image.fromarray(disc), (margin, margin))
    _draw_scale(picture, size, margin, letters, max_magnitude)
    return np.asarray(picture)


def _colors(uv: FloatArray, max_magnitude: float, noise_floor: float) -> UInt8Array:
    """Baker's formula, with the precisions of its widespread Python version: to the bit the same.

    White, where slower than ``noise_floor``; darker by ``OFF_SCALE``, where off the scale.
    """
    # Adding 0 turns -0.0 into 0.0, without which "right" would have two colors.
    u, v = np.moveaxis(uv / np.float32(max_magnitude) + np.float32(0), 2, 0)
    radius = np.sqrt(np.square(u) + np.square(v))
    radius[np.hypot(uv[..., 0], uv[..., 1]) < noise_floor] = 0
    position = (np.arctan2(-v, -u) / np.float32(np.pi) + 1) / 2 * 54
    index = position.astype(np.int32)
    fraction = (position - index)[..., None]  # in double precision from here on
    wheel = wheel_colors() / 255.0
    hue = (1 - fraction) * wheel[index] + fraction * wheel[index + 1]
    radius = radius[..., None]
    color = np.where(radius <= 1, 1 - radius * (1 - hue), OFF_SCALE * hue)
    return np.asarray(np.floor(255 * color), np.uint8)


def _known(flow: FlowField | FloatArray) -> tuple[FloatArray, BoolArray]:
    """The vectors, zero where they are unknown, and where they are known."""
    if isinstance(flow, FlowField):
        return flow.uv, flow.valid
    uv = np.asarray(flow, np.float32)
    if uv.ndim != 3 or uv.shape[2] != 2:
        raise InputError(f"A flow has shape (H, W, 2), got {uv.shape}.")
    valid: BoolArray = np.asarray(np.isfinite(uv).all(axis=-1))
    return np.where(valid[..., None], uv, np.float32(0)), valid


def color_disc(size: int, max_magnitude: float, noise_floor: float) -> UInt8Array:
    """The color of every vector around the middle, on white, with a smooth edge."""
    fine = 4 * size
    axis = (np.arange(fine, dtype=np.float32) + 0.5 - fine / 2) / (fine / 2) * RIM
    x, y = np.meshgrid(axis, axis)
    uv = np.stack([x, y], axis=-1) * np.float32(max_magnitude)
    colors = flow_to_color(uv, max_magnitude=max_magnitude, noise_floor=noise_floor)
    colors[np.hypot(x, y) > RIM] = 255
    return np.asarray(cv2.resize(colors, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _draw_scale(
    picture: Image.Image, size: int, margin: int, letters: int, max_magnitude: float
) -> None:
    """A ruler from the middle of the disc to the full color on its right, numbered in px."""
    draw = ImageDraw.Draw(picture)
    middle = margin + size / 2
    right = middle + size / 2 / RIM
    top = margin + size + letters // 3
    draw.line([(middle, top), (right, top)], INK)
    for x in (middle, right):
        draw.line([(x, top - letters // 4), (x, top + letters // 4)], INK)
    below = top + letters // 3
    draw.text((middle, below), "0", INK, font(letters), anchor="mt")
    edge = picture.width - 1
    draw.text((edge, below), f"{max_magnitude:g} px", INK, font(letters), anchor="rt")
