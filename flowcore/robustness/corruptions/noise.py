"""Noise of the sensor. Constants: Hendrycks and Dietterich, ICLR 2019 (ImageNet-C).

Each takes a frame ``(H, W, 3) float32`` in [0, 1], a severity 1..5 and a `Draw`, and gives the
frame back, not yet clipped to [0, 1].
"""

import math

import numpy as np
from scipy import special

from flowcore.robustness.corruptions.draw import Draw
from flowcore.types import FloatArray

__all__ = ["gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"]

_GAUSSIAN = (0.08, 0.12, 0.18, 0.26, 0.38)  # standard deviation
_SHOT = (60, 25, 12, 5, 3)  # photons of a white pixel
_IMPULSE = (0.03, 0.06, 0.09, 0.17, 0.27)  # share of the values
_SPECKLE = (0.15, 0.2, 0.35, 0.45, 0.6)  # standard deviation, as a share of the value


def gaussian_noise(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Normal noise of one size everywhere."""
    return frame + np.float32(_GAUSSIAN[severity - 1]) * _normal(frame, draw)


def speckle_noise(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Normal noise in proportion to the brightness."""
    return frame * (1 + np.float32(_SPECKLE[severity - 1]) * _normal(frame, draw))


def shot_noise(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Photons that are counted: Poisson noise, by the inverse of its distribution."""
    photons = _SHOT[severity - 1]
    share = draw.field(lambda rng: rng.random(frame.shape, np.float32))
    level = np.rint(frame * 255).astype(np.uint8)
    means = np.arange(256) / 255 * photons
    counted = np.zeros(frame.shape, np.float32)
    for count in range(photons + 8 * math.ceil(math.sqrt(photons))):
        counted += share > special.pdtr(count, means).astype(np.float32)[level]
    return counted / np.float32(photons)


def impulse_noise(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Values that are stuck: half of them black, half of them white."""
    amount = _IMPULSE[severity - 1]
    share = draw.field(lambda rng: rng.random(frame.shape, np.float32))
    stuck = np.where(share > 1 - amount / 2, np.float32(1), frame)
    return np.where(share < amount / 2, np.float32(0), stuck)


def _normal(frame: FloatArray, draw: Draw) -> FloatArray:
    return draw.field(lambda rng: rng.standard_normal(frame.shape, np.float32))
