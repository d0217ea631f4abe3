"""Ramps of colors, and bars that explain them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from flowcore.types import UInt8Array
from flowcore.viz.lettering import INK, font
from flowcore.viz.palette import heat_colors

__all__ = ["Ramp", "heat", "ramp_bar"]


class Ramp(NamedTuple):
    """What a bar of colors says: ``colors`` (width, 3), ticks as (share of it, text), a label."""

    colors: UInt8Array
    ticks: Sequence[tuple[float, str]]
    label: str


def heat(levels: npt.NDArray[np.uint8]) -> UInt8Array:
    """Levels 0..255 from black to pale yellow, RGB."""
    return heat_colors()[levels]


def ramp_bar(ramp: UInt8Array, ticks: Sequence[tuple[float, str]], label: str) -> UInt8Array:
    """A ramp ``(width, 3)`` as a bar with numbers below, on white."""
    width, margin, height, letters = len(ramp), 12, 14, 13
    picture = Image.new("RGB", (width + 2 * margin, height + 3 * letters + 14), "white")
    bar = np.broadcast_to(ramp, (height, width, 3))
    picture.paste(Image.fromarray(np.ascontiguousarray(bar)), (margin, 4))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((margin - 1, 3, margin + width, 4 + height), outline=INK)
    for share, text in ticks:
        x = margin + share * (width - 1)
        draw.line([(x, 4 + height), (x, 8 + height)], INK)
        anchor = "lt" if share == 0 else "rt" if share == 1 else "mt"
        draw.text((x, 10 + height), text, INK, font(letters), anchor=anchor)
    below = (picture.width / 2, 14 + height + letters)
    draw.text(below, label, INK, font(letters), anchor="mt")
    return np.asarray(picture)
