"""Where a frame matters, as heat over the frame."""

import cv2
import numpy as np

from flowcore.types import FloatArray, UInt8Array
from flowcore.viz.ramp import heat

__all__ = ["importance_picture"]

_PERCENTILE = 99.9  # of a map, that has the brightest color


def importance_picture(frame: UInt8Array, importance: FloatArray) -> UInt8Array:
    """The frame in gray under a map's absolute values, RGB uint8, bright at the map's own greatest.

    The scale is that of the square root, without which a few pixels hide all others.
    """
    strength = np.sqrt(np.abs(importance))
    most = float(np.percentile(strength, _PERCENTILE)) or float(strength.max()) or 1.0
    level = np.clip(strength / most, 0, 1)
    under = 0.6 * cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None]
    over = heat(np.rint(255 * level).astype(np.uint8))
    share = 0.9 * level[..., None]
    return np.asarray(np.rint(under * (1 - share) + share * over), np.uint8)
