"""What one pixel matches, as heat over the second frame, with the vectors drawn on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from flowcore.types import FloatArray, IntArray, UInt8Array
from flowcore.viz.lettering import font, text_width
from flowcore.viz.ramp import heat, ramp_bar

__all__ = [
    "MARKS",
    "Lattice",
    "attention_bar",
    "attention_picture",
    "marks_legend",
    "patch_around",
    "patch_strip",
]

Numbers: TypeAlias = npt.NDArray[Any]

_LEAST = 0.001  # the share that is dark
_SIDE = 480  # px of a picture's longer side, at least
_ALPHA = 0.85
_OUTLINE = (0, 0, 0)
_GROUND = (60, 60, 60)


@dataclass(frozen=True)
class _Mark:
    label: str
    color: tuple[int, int, int]
    shape: int


MARKS: Mapping[str, _Mark] = {
    "start": _Mark("pinned pixel", (255, 255, 255), cv2.MARKER_SQUARE),
    "truth": _Mark("truth", (60, 235, 90), cv2.MARKER_CROSS),
    "final": _Mark("final vector", (255, 120, 220), cv2.MARKER_TILTED_CROSS),
    "best": _Mark("argmax", (255, 235, 60), cv2.MARKER_SQUARE),
    "expected": _Mark("soft-argmax", (80, 220, 255), cv2.MARKER_DIAMOND),
    "second": _Mark("second peak", (255, 160, 60), cv2.MARKER_TRIANGLE_UP),
}
_PATH_COLOR = MARKS["final"].color


@dataclass(frozen=True)
class Lattice:
    """Where the cells of a surface lie.

    Parameters
    ----------
    middle : (x, y)
        Of the cell in row h // 2 and column w // 2, px of the second frame.
    cell : (x, y)
        Distance from cell to cell, px.
    """

    middle: tuple[float, float]
    cell: tuple[float, float]

    def indices(self, coordinates: Numbers, axis: int, count: int) -> IntArray:
        """The cell under each coordinate along an axis (0 = x); outside of 0..count-1 is none."""
        steps = np.rint((coordinates - self.middle[axis]) / self.cell[axis])
        return np.asarray(steps + count // 2, np.int32)

    def extent(self, axis: int, count: int) -> tuple[float, float]:
        """From where to where ``count`` cells reach."""
        start = self.middle[axis] - (count // 2 + 0.5) * self.cell[axis]
        return start, start + count * self.cell[axis]


def attention_picture(
    frame: UInt8Array,
    shares: FloatArray,
    lattice: Lattice,
    marks: Mapping[str, tuple[float, float]],
    path: Sequence[tuple[float, float]] = (),
    *,
    around: tuple[float, float] | None = None,
    radius: float = 64,
) -> UInt8Array:
    """The second frame in gray under the attention, cut to where there is any, RGB uint8.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        The second frame.
    shares : (h, w)
        Sum to 1; on one logarithmic scale, 0.1 % or less is clear and 100 % brightest.
    lattice : Lattice
        Where the cells lie.
    marks : mapping of a key of `MARKS` to (x, y)
        In px of the frame; those outside the picture are left out.
    path : sequence of (x, y)
        Where the vector stood, stage by stage.
    around : (x, y), optional
        Show only ``radius`` px to each side of this place.
    """
    (left, right), (top, bottom) = (
        _span(lattice.extent(axis, count), length, None if around is None else around[axis], radius)
        for axis, count, length in zip((0, 1), shares.shape[::-1], frame.shape[1::-1], strict=True)
    )
    factor = max(1.0, _SIDE / max(right - left, bottom - top))
    size = (round((right - left) * factor), round((bottom - top) * factor))
    gray = cv2.cvtColor(frame[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    under = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    level = _levels(shares, lattice, np.arange(size[0]) / factor + left - 0.5 + 0.5 / factor,
                    np.arange(size[1]) / factor + top - 0.5 + 0.5 / factor)  # fmt: skip
    picture = _blended(under, level)

    def place(point: tuple[float, float]) -> tuple[int, int]:
        return round((point[0] + 0.5 - left) * factor), round((point[1] + 0.5 - top) * factor)

    _draw_path(picture, [place(point) for point in path])
    for key, point in marks.items():
        _draw_mark(picture, key, place(point), size=max(9, _SIDE // 32))
    return picture


def attention_bar(*, width: int = 320) -> UInt8Array:
    """The legend of the attention."""
    ramp = heat(np.linspace(0, 255, width).astype(np.uint8)[None])[0]
    ticks = [(step / 3, text) for step, text in enumerate(("0.1", "1", "10", "100"))]
    return ramp_bar(ramp, ticks, "share of the attention, %")


def marks_legend(keys: Sequence[str], *, letters: int = 13) -> UInt8Array:
    """What the marks mean, in one line, on dark as they are drawn."""
    widths = [2 * letters + text_width(MARKS[key].label, letters) + letters for key in keys]
    picture = Image.new("RGB", (sum(widths) + letters, 2 * letters + 4), _GROUND)
    draw = ImageDraw.Draw(picture)
    x = letters
    for key, width in zip(keys, widths, strict=True):
        draw.text((x + letters + 4, letters + 2), MARKS[key].label, (255, 255, 255),
                  font(letters), anchor="lm")  # fmt: skip
        x += width
    array = np.array(picture)
    x = letters
    for key, width in zip(keys, widths, strict=True):
        _draw_mark(array, key, (x + 4, letters + 2), size=letters - 2)
        x += width
    return array


def patch_around(
    frame: UInt8Array, point: tuple[float, float], *, radius: int = 16, side: int = 132
) -> UInt8Array:
    """The pixels around a place, enlarged, the nearest pixel framed; gray beyond the border."""
    x, y = round(point[0]), round(point[1])
    height, width = frame.shape[:2]
    span = np.arange(-radius, radius + 1)
    rows, cols = y + span, x + span
    patch = frame[np.ix_(rows.clip(0, height - 1), cols.clip(0, width - 1))].copy()
    patch[(rows < 0) | (rows >= height)] = 128
    patch[:, (cols < 0) | (cols >= width)] = 128
    pixel = max(1, side // len(span))
    large = np.ascontiguousarray(patch.repeat(pixel, 0).repeat(pixel, 1))
    corner = radius * pixel
    for grow, color in ((1, _OUTLINE), (0, MARKS["start"].color)):
        start, end = corner - 1 - grow, corner + pixel + grow
        cv2.rectangle(large, (start, start), (end, end), color, 1)
    return large


def patch_strip(patches: Sequence[tuple[str, UInt8Array]], *, letters: int = 22) -> UInt8Array:
    """Patches of one size side by side, each over its name, on dark."""
    gap, side = 10, patches[0][1].shape[0]
    width = len(patches) * (side + gap) - gap
    picture = Image.new("RGB", (width, side + letters + 12), _GROUND)
    draw = ImageDraw.Draw(picture)
    for number, (name, patch) in enumerate(patches):
        left = number * (side + gap)
        picture.paste(Image.fromarray(patch), (left, 0))
        middle = (left + side / 2, side + letters)
        draw.text(middle, name, (255, 255, 255), font(letters), anchor="ms")
    return np.asarray(picture)


def _levels(shares: FloatArray, lattice: Lattice, x: Numbers, y: Numbers) -> UInt8Array:
    """The brightness, 0..255, at every pixel of the picture."""
    h, w = shares.shape
    cols, rows = lattice.indices(x, 0, w), lattice.indices(y, 1, h)
    brightness = np.log10(np.maximum(shares, _LEAST) / _LEAST) / -np.log10(_LEAST)
    levels = np.rint(255 * brightness.clip(0, 1)).astype(np.uint8)
    level: UInt8Array = levels.take(rows, 0, mode="clip").take(cols, 1, mode="clip")
    level[(rows < 0) | (rows >= h)] = 0
    level[:, (cols < 0) | (cols >= w)] = 0
    return level


def _blended(under: UInt8Array, level: UInt8Array) -> UInt8Array:
    """A gray picture under the colors of the levels, more of them the higher they are, RGB."""
    over = _ALPHA / 255 * np.arange(256)
    colors = np.rint(over[:, None] * heat(np.arange(256).astype(np.uint8))).astype(np.uint8)
    weights = np.rint(255 * 0.6 * (1 - over)).astype(np.uint8)
    dimmed = cv2.multiply(under, cv2.LUT(level, weights), scale=1 / 255)
    picture = cv2.LUT(cv2.merge([level] * 3), colors[None])
    return np.asarray(cv2.add(picture, cv2.merge([dimmed] * 3)), np.uint8)


def _span(
    extent: tuple[float, float], length: int, middle: float | None, radius: float
) -> tuple[int, int]:
    """The whole px of an extent within the frame, and near the middle if there is one."""
    start, end = extent
    if middle is not None:
        middle = min(max(middle, start, 0), end, length - 1)
        start, end = max(start, middle - radius), min(end, middle + radius)
    first = min(max(0, int(np.floor(start + 0.5))), length - 1)
    return first, max(first + 1, min(length, int(np.ceil(end + 0.5))))


def _draw_mark(picture: UInt8Array, key: str, at: tuple[int, int], *, size: int) -> None:
    mark = MARKS[key]
    for thickness, color in ((4, _OUTLINE), (2, mark.color)):
        cv2.drawMarker(picture, at, color, mark.shape, size, thickness, cv2.LINE_AA)


def _draw_path(picture: UInt8Array, points: Sequence[tuple[int, int]]) -> None:
    if len(points) < 2:
        return
    line = [np.array(points, np.int32)]
    for thickness, color in ((3, _OUTLINE), (1, _PATH_COLOR)):
        cv2.polylines(picture, line, isClosed=False, color=color, thickness=thickness,
                      lineType=cv2.LINE_AA)  # fmt: skip
