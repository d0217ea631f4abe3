"""Every color of a layer, and the numbers of its rule, once: for the screen and for exports.

The viewer in the browser has no colors of its own: each payload brings it `palette_document`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from flowcore.types import IntArray, UInt8Array

__all__ = [
    "ARROW",
    "ARROW_OUTLINE",
    "BETTER",
    "BORDER",
    "DIFFERENCE_GAIN",
    "EVEN",
    "HIDDEN",
    "KITTI_BOUNDS",
    "KITTI_COLORS",
    "KITTI_PX",
    "KITTI_SHARE",
    "LABEL_SHARE",
    "LANE_COLORS",
    "MARK",
    "NOISE_FLOOR",
    "OCCLUDED",
    "OCCLUDED_LINES",
    "OFF_SCALE",
    "RGB",
    "RIM",
    "UNKNOWN",
    "WORSE",
    "Hatch",
    "Tint",
    "class_colors",
    "heat_colors",
    "palette_document",
    "wheel_colors",
]

RGB: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True)
class Tint:
    """A color laid over a picture with that share; the rest is the picture's."""

    color: RGB
    share: float


@dataclass(frozen=True)
class Hatch:
    """Opaque diagonal lines ``width`` px wide, one each ``period`` px along a row."""

    color: RGB
    width: int = 3
    period: int = 8


UNKNOWN: RGB = (128, 128, 128)  # neutral: no scale has it
HIDDEN = Hatch(UNKNOWN)
MARK = Tint((230, 0, 126), 0.6)
OCCLUDED = Tint((0, 220, 220), 0.6)
OCCLUDED_LINES = Hatch(OCCLUDED.color)

NOISE_FLOOR = 0.05  # px; what is slower is white
OFF_SCALE = 0.75  # brightness of what is faster than the full color
RIM = 1.12  # a wheel reaches this far beyond the scale, to show the darkened colors

BETTER: RGB = (33, 102, 172)
WORSE: RGB = (178, 24, 43)
EVEN: RGB = (255, 255, 255)

# Menze and Geiger, CVPR 2015: an outlier is off by more than both 3 px and 5 % of the true speed;
# the bounds are in units of that, and each begins the next color.
KITTI_PX = 3.0
KITTI_SHARE = 0.05
KITTI_BOUNDS = (0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16)
KITTI_COLORS: tuple[RGB, ...] = (
    (49, 54, 149), (69, 117, 180), (116, 173, 209), (171, 217, 233), (224, 243, 248),
    (254, 224, 144), (253, 174, 97), (244, 109, 67), (215, 48, 39), (165, 0, 38),
)  # fmt: skip

DIFFERENCE_GAIN = 4
LABEL_SHARE = 0.6  # of a class's color over the frame
BORDER: RGB = (0, 220, 255)  # between classes; no error has this color
ARROW: RGB = (255, 226, 77)
ARROW_OUTLINE: RGB = (0, 0, 0)  # a dark line under a light one is seen on any picture
LANE_COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#9a8c00", "#5a6872"
)  # fmt: skip
"""Of the lanes in charts and in the viewer, in turn, where no theme has others."""


@cache
def heat_colors() -> UInt8Array:
    """OpenCV's inferno, even to the eye from black to pale yellow, (256, 3) RGB."""
    levels = np.arange(256, dtype=np.uint8)[:, None]
    return _fixed(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[:, 0, ::-1])


@cache
def wheel_colors() -> UInt8Array:
    """The 55 hues of Baker et al., IJCV 2011, the last one twice to follow position 54, RGB."""
    rows: list[list[int]] = []

    def arc(steps: int, start: RGB, channel: int, rise: int) -> None:
        for step in range(steps):
            hue = list(start)
            hue[channel] += rise * (255 * step // steps)
            rows.append(hue)

    arc(15, (255, 0, 0), 1, 1)  # red to yellow
    arc(6, (255, 255, 0), 0, -1)  # to green
    arc(4, (0, 255, 0), 2, 1)  # to cyan
    arc(11, (0, 255, 255), 1, -1)  # to blue
    arc(13, (0, 0, 255), 0, 1)  # to magenta
    arc(6, (255, 0, 255), 2, -1)  # to red
    return _fixed(np.array([*rows, rows[-1]], np.uint8))


def class_colors(labels: IntArray) -> UInt8Array:
    """The color of each label, (..., 3) RGB: label n has color 1 + (|n| - 1) mod 255, 0 is gray."""
    magnitudes = np.abs(labels.astype(np.int64))
    return np.asarray(_class_table()[np.where(magnitudes == 0, 0, 1 + (magnitudes - 1) % 255)])


@cache
def palette_document() -> dict[str, Any]:
    """All of this for JSON; colors as text "rrggbb", several after each other."""
    return {
        "unknown": _hex(UNKNOWN),
        "hidden": _hatch(HIDDEN),
        "mark": _tint(MARK),
        "occluded": _tint(OCCLUDED),
        "occludedLines": _hatch(OCCLUDED_LINES),
        "wheel": _hex(wheel_colors()),
        "offScale": OFF_SCALE,
        "rim": RIM,
        "heat": _hex(heat_colors()),
        "better": _hex(BETTER),
        "worse": _hex(WORSE),
        "even": _hex(EVEN),
        "kitti": {
            "px": KITTI_PX,
            "share": KITTI_SHARE,
            "bounds": list(KITTI_BOUNDS),
            "colors": _hex(KITTI_COLORS),
        },
        "differenceGain": DIFFERENCE_GAIN,
        "classes": _hex(_class_table()),
        "labelShare": LABEL_SHARE,
        "arrow": _hex(ARROW),
        "arrowOutline": _hex(ARROW_OUTLINE),
        "lanes": list(LANE_COLORS),
    }


@cache
def _class_table() -> UInt8Array:
    """Hues a golden angle apart, so that neighboring numbers differ; first the unlabelled one's."""
    hue = np.arange(1, 256) * 137.508 % 360
    turns = (hue[:, None] + (0, 240, 120)) / 60 % 6
    colors = 40 + 200 * np.clip(np.abs(turns - 3) - 1, 0, 1)
    return _fixed(np.concatenate([[UNKNOWN], np.rint(colors)]).astype(np.uint8))


def _fixed(table: npt.NDArray[Any]) -> UInt8Array:
    """The table, read-only, since all share it."""
    table = np.ascontiguousarray(table, np.uint8)
    table.flags.writeable = False
    return table


def _hex(colors: npt.ArrayLike) -> str:
    return np.asarray(colors, np.uint8).tobytes().hex()


def _tint(tint: Tint) -> dict[str, Any]:
    return {"color": _hex(tint.color), "share": tint.share}


def _hatch(hatch: Hatch) -> dict[str, Any]:
    return {"color": _hex(hatch.color), "width": hatch.width, "period": hatch.period}
