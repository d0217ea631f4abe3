"""A channel of features as a picture, with the extremes of its rows and columns."""

from collections.abc import Mapping

import cv2
import numpy as np

from flowcore.types import FloatArray, IntArray, UInt8Array

__all__ = ["EXTREMES", "channel_picture"]

EXTREMES: Mapping[str, tuple[int, int, int]] = {
    "argmax": (255, 235, 60),
    "argmin": (80, 220, 255),
}
_SIDE = 480  # px of a picture's longer side, at least


def channel_picture(
    values: FloatArray,
    *,
    most: float,
    rows: Mapping[str, IntArray] | None = None,
    columns: Mapping[str, IntArray] | None = None,
) -> UInt8Array:
    """Values as gray, cells enlarged, RGB uint8: mid-gray is 0, white ``most``, black its negative.

    Parameters
    ----------
    values : (h, w)
    most : float
        The same for pictures that are compared.
    rows : mapping of a key of `EXTREMES` to (h,)
        Columns to mark in each row.
    columns : mapping of a key of `EXTREMES` to (w,)
        Rows to mark in each column.
    """
    height, width = values.shape
    cell = max(1, _SIDE // max(height, width))
    gray = np.rint(127.5 + 127.5 * np.clip(values / (most or 1.0), -1, 1)).astype(np.uint8)
    picture = np.ascontiguousarray(gray.repeat(cell, 0).repeat(cell, 1)[..., None].repeat(3, 2))
    marks = [
        *((EXTREMES[key], (x, y)) for key, xs in (rows or {}).items() for y, x in enumerate(xs)),
        *((EXTREMES[key], (x, y)) for key, ys in (columns or {}).items() for x, y in enumerate(ys)),
    ]
    for color, (x, y) in marks:
        center = (round((x + 0.5) * cell), round((y + 0.5) * cell))
        cv2.circle(picture, center, max(2, cell // 3), (0, 0, 0), -1, cv2.LINE_AA)
        cv2.circle(picture, center, max(1, cell // 4), color, -1, cv2.LINE_AA)
    return picture
