"""Changes of light. Each takes and gives a frame ``(H, W, 3) float32`` in [0, 1], as `noise`.

The same in both frames they keep brightness constant between them; independent, they break what
most methods assume.
"""

import cv2
import numpy as np

from flowcore.robustness.corruptions.draw import Draw
from flowcore.types import FloatArray

__all__ = ["brightness", "contrast", "exposure", "saturation"]

_BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)  # added to the value of HSV; ImageNet-C
_CONTRAST = (0.4, 0.3, 0.2, 0.1, 0.05)  # of the distance from the mean that is left; ImageNet-C
_SATURATION = (0.6, 0.4, 0.25, 0.1, 0.0)  # of the saturation of HSV that is left; our choice
_EXPOSURE = (0.5, 1.0, 1.5, 2.0, 2.5)  # stops of over-exposure; our choice
_GAMMA = 2.2  # of the display, between the frame and light


def brightness(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Brighter, hue and saturation as they are."""
    hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)
    hsv[..., 2] = np.minimum(hsv[..., 2] + _BRIGHTNESS[severity - 1] * draw.strength(), 1)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def contrast(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Each color nearer to its mean over the frame."""
    left = 1 - (1 - _CONTRAST[severity - 1]) * draw.strength()
    mean = frame.mean((0, 1))
    return np.asarray(mean + left * (frame - mean), np.float32)


def saturation(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Colors nearer to gray."""
    hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)
    left = 1 - (1 - _SATURATION[severity - 1]) * draw.strength()
    hsv[..., 1] = hsv[..., 1] * left
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def exposure(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """More light, cut where the sensor is full."""
    gain = 2 ** (_EXPOSURE[severity - 1] * draw.strength() / _GAMMA)
    return frame * np.float32(gain)
