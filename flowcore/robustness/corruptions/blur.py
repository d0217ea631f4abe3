"""Blur of the lens, of the shutter and of a pane of glass. Constants: ImageNet-C, as of `noise`.

They are px of the frame as it is, made for frames of about 250 px. Each keeps its place: kernels
are centered, so that blur alone moves nothing.
"""

import cv2
import numpy as np

from flowcore.robustness.corruptions.draw import Draw
from flowcore.types import FloatArray

__all__ = ["defocus_blur", "glass_blur", "motion_blur", "zoom_blur"]

_DEFOCUS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))  # radius, sigma of its edge, px
_MOTION = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))  # reach, sigma, px
_MAX_ANGLE = 45  # degrees to both sides of the horizontal
_ZOOM = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))  # end, step
_GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))  # sigma, reach px, times


def defocus_blur(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """A disk, as a lens out of focus makes of a point."""
    full, softness = _DEFOCUS[severity - 1]
    radius = full * draw.strength()
    y, x = _centered_grid(max(8, int(np.ceil(radius))))
    disk = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)  # pixels on the edge count in part
    kernel = cv2.GaussianBlur(disk / disk.sum(), (3, 3) if radius <= 8 else (5, 5), softness)
    return _filtered(frame, kernel)


def motion_blur(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """A line in a random direction, as of a camera that turns while the shutter is open."""
    reach, sigma = _MOTION[severity - 1]
    angle = np.radians(draw.rng.uniform(-_MAX_ANGLE, _MAX_ANGLE))
    y, x = _centered_grid(reach)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    line = np.exp(-0.5 * (along / sigma) ** 2) * np.maximum(0, 1 - np.abs(across))
    line[np.abs(along) > reach] = 0
    return _filtered(frame, (line / line.sum()).astype(np.float32))


def zoom_blur(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """The mean over a zoom into the middle, as of a camera that moves forward."""
    end, step = _ZOOM[severity - 1]
    height, width = frame.shape[:2]
    center = ((width - 1) / 2, (height - 1) / 2)
    factors = 1 + (np.arange(1, end, step) - 1) * draw.strength()
    zoomed = [
        cv2.warpAffine(
            frame,
            cv2.getRotationMatrix2D(center, 0, float(factor)),
            (width, height),
            borderMode=cv2.BORDER_REFLECT_101,
        )
        for factor in factors
    ]
    return np.asarray(np.mean([frame, *zoomed], axis=0), np.float32)


def glass_blur(frame: FloatArray, severity: int, draw: Draw) -> FloatArray:
    """Pixels from a few px away, at random, as through structured glass."""
    sigma, reach, times = _GLASS[severity - 1]
    size = frame.shape[:2]
    y, x = (axis.astype(np.float32) for axis in np.indices(size))
    seen = cv2.GaussianBlur(frame, (0, 0), sigma)
    for _ in range(times):
        offset = draw.field(
            lambda rng: rng.integers(-reach, reach + 1, (*size, 2)).astype(np.float32)
        )
        seen = cv2.remap(
            seen,
            x + offset[..., 0],
            y + offset[..., 1],
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), sigma), np.float32)


def _centered_grid(reach: int) -> tuple[FloatArray, FloatArray]:
    """Rows and columns from the middle, each ``(2 reach + 1, 2 reach + 1)``, px."""
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    return y, x


def _filtered(frame: FloatArray, kernel: FloatArray) -> FloatArray:
    return np.asarray(cv2.filter2D(frame, -1, kernel, borderType=cv2.BORDER_REFLECT_101))
