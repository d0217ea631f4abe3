"""Fog, rain, snow, and dirt on the lens. Frames as of `noise`.

Rain and snow are particles in space before a camera whose focal length is the frame's width: the
near ones are large and fast. Where they move, each falls and comes nearer between the frames, as
after Schmalfuss et al., Distracting Downpour, ICCV 2023, whose Sintel frames hold about 3,000.
"""

from typing import NamedTuple

import cv2
import numpy as np

from flowcore.robustness.corruptions.draw import Draw
from flowcore.types import FloatArray, IntArray

__all__ = ["dirt", "fog", "rain", "snow"]

_FOG = (1.0, 1.5, 2.0, 2.5, 3.0)  # how thick; the range of ImageNet-C
_ROUGHNESS = 0.77  # of clouds: log2 of the decay 1.7, the middle of ImageNet-C
_RAIN = (5, 10, 20, 40, 70)  # particles per 100x100 px; our choice
_SNOW = (5, 10, 20, 40, 70)
_DIRT = (0.02, 0.04, 0.08, 0.14, 0.22)  # share of the frame; our choice
_DIRT_SIGMA = 1 / 40  # of the frame's width
_DIRT_COLOR = np.array((0.16, 0.13, 0.1), np.float32)
_NEAR, _FAR = 1.0, 10.0  # m
_SPREAD = 1.2  # of the view, over which there are particles
_FORWARD = 0.1  # m the camera moves between two frames
_SUBPIXEL = 4  # bits


class _Particle(NamedTuple):
    """Size and fall of all particles of a kind, m."""

    width: float
    streak: float  # that the shutter leaves
    fall: float  # between two frames
    opacity: float


def fog(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Clouds that whiten: ImageNet-C's mix, its fractal made in the frequencies."""
    thickness = _FOG[severity - 1]
    clouds = draw.field(lambda rng: _clouds(rng, frame.shape[:2]))
    brightest = max(float(frame.max()), 1e-3)
    mixed = frame + thickness * clouds[..., None]
    return np.asarray(mixed * (brightest / (brightest + thickness)), np.float32)


def rain(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Bright thin streaks that fall fast."""
    drop = _Particle(width=0.004, streak=0.12, fall=0.35, opacity=0.5)
    return _with_particles(frame, drop, _RAIN[severity - 1], draw)


def snow(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """White flakes that fall slowly."""
    flake = _Particle(width=0.012, streak=0.01, fall=0.05, opacity=0.9)
    return _with_particles(frame, flake, _SNOW[severity - 1], draw)


def dirt(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Opaque brown spots; the same in both frames they stick to the lens."""
    height, width = frame.shape[:2]

    def spots(rng: np.random.Generator) -> FloatArray:
        rough = rng.standard_normal((height, width), np.float32)
        smooth = cv2.GaussianBlur(rough, (0, 0), max(1.0, _DIRT_SIGMA * width))
        is_dirty = smooth > np.quantile(smooth, 1 - _DIRT[severity - 1])
        return np.asarray(is_dirty, np.float32)

    share = cv2.GaussianBlur(draw.field(spots), (0, 0), 1)[..., None]
    return np.asarray(frame * (1 - share) + _DIRT_COLOR * share, np.float32)


def _clouds(rng: np.random.Generator, size: tuple[int, ...]) -> FloatArray:
    """A fractal (H, W) in 0..1 whose amplitudes fall with frequency to the power 1.77."""
    height, width = size
    waves = np.fft.rfft2(rng.standard_normal((height, width)))
    y, x = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.hypot(y, x)
    frequency[0, 0] = np.inf  # no constant
    made = np.fft.irfft2(waves / frequency ** (1 + _ROUGHNESS), s=(height, width))
    made -= made.min()
    return np.asarray(made / max(made.max(), 1e-12), np.float32)


def _with_particles(frame: FloatArray, kind: _Particle, density: int, draw: Draw) -> FloatArray:
    height, width = frame.shape[:2]
    x, y, z = _positions(draw.rng, max(1, round(density * height * width / 1e4)), height / width)
    y, z = y + kind.fall * draw.time, z - _FORWARD * draw.time
    in_view = z > _NEAR / 2
    x, y, z = x[in_view], y[in_view], z[in_view]
    top, bottom = (_projected(x, y + end * kind.streak, z, (height, width)) for end in (-0.5, 0.5))
    thickness = np.clip(np.rint(kind.width * width / z), 1, 31).astype(int)
    cover = np.zeros((height, width), np.uint8)
    for size in np.unique(thickness):
        lines = np.stack([top, bottom], 1)[thickness == size]  # (N, 2, 2)
        cv2.polylines(cover, list(lines), False, 255, int(size), cv2.LINE_AA, _SUBPIXEL)
    share = np.float32(kind.opacity / 255) * cover[..., None]
    return np.asarray(frame * (1 - share) + share, np.float32)


def _positions(
    rng: np.random.Generator, count: int, aspect: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Places in the view and a little around it, evenly over the frame at every depth, m."""
    across, down, deep = rng.random((count, 3), np.float32).T  # more of them begin with the same
    z = _NEAR + (_FAR - _NEAR) * deep
    return _SPREAD * (across - 0.5) * z, _SPREAD * aspect * (down - 0.5) * z, z


def _projected(x: FloatArray, y: FloatArray, z: FloatArray, size: tuple[int, int]) -> IntArray:
    """Where points in space are seen, (N, 2) in fractions of a px as OpenCV counts them."""
    height, width = size
    seen = np.stack([width * (0.5 + x / z), 0.5 * height + width * y / z], 1)
    return np.asarray(np.rint(np.clip(seen, -1e4, 1e5) * 2**_SUBPIXEL), np.int32)
