"""Pairs that need no download: one real, the others real photos set in exactly known motion.

All photos are files of the scikit-image wheel; its ``data/README.txt`` names their origins: the
astronaut and the rocket are public domain (NASA, SpaceX), coffee and Chelsea the cat CC0, the moon
and the retina free for any use as stated there; the motorcycle is from the Middlebury stereo data
(Scharstein et al., GCPR 2014).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from flowcore.data.synthetic import (
    Layer,
    add_jpeg,
    add_noise,
    ellipse,
    make_pair,
    motion_about,
    render_pair,
)
from flowcore.errors import InputError
from flowcore.types import FlowField, FramePair, UInt8Array

__all__ = ["SAMPLES", "Sample", "load", "names", "photo", "thumbnail"]

SIZE = (448, 640)  # (height, width) of the layered sample


@dataclass(frozen=True)
class Sample:
    """A bundled pair: how to make it, and what it tests."""

    title: str
    description: str
    make: Callable[[], FramePair]


def names() -> list[str]:
    """The keys of the samples; the first one is what the app opens with."""
    return list(SAMPLES)


@lru_cache(maxsize=4)
def load(name: str) -> FramePair:
    """The sample of that name; the same every time.

    Raises
    ------
    InputError
        No sample has that name.
    """
    if name not in SAMPLES:
        raise InputError(f"There is no sample {name!r}; there are {', '.join(SAMPLES)}.")
    pair = SAMPLES[name].make()
    return replace(pair, name=SAMPLES[name].title)


@lru_cache(maxsize=32)
def thumbnail(name: str, *, width: int = 240) -> UInt8Array:
    """The first frame of a sample at ``width`` px, cut to 4:3."""
    frame = load(name).first
    height = min(frame.shape[0], frame.shape[1] * 3 // 4)
    cut = min(frame.shape[1], height * 4 // 3)
    top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - cut) // 2
    middle = frame[top : top + height, left : left + cut]
    size = (width, width * 3 // 4)
    return np.asarray(cv2.resize(middle, size, interpolation=cv2.INTER_AREA), np.uint8)


def photo(name: str) -> UInt8Array:
    """A photo of scikit-image in RGB."""
    import skimage.data  # slow to import

    picture = np.asarray(getattr(skimage.data, name)(), np.uint8)
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def _fitted(name: str, size: tuple[int, int]) -> UInt8Array:
    """The photo scaled to cover the frame, its middle cut out."""
    picture = photo(name)
    factor = max(size[0] / picture.shape[0], size[1] / picture.shape[1])
    shape = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(picture, shape, interpolation=method), np.uint8)
    top, left = (picture.shape[0] - size[0]) // 2, (picture.shape[1] - size[1]) // 2
    return picture[top : top + size[0], left : left + size[1]]


def _opening() -> FramePair:
    """Three discs of photos drift over a turning cup of coffee."""

    def disc(name: str, cut: int, at: tuple[float, float], **motion: float) -> Layer:
        photo = _fitted(name, (cut, cut))
        middle = (cut - 1) / 2
        place = np.array([[1, 0, at[0] - middle], [0, 1, at[1] - middle], [0, 0, 1.0]])
        shape = ellipse((cut, cut), (middle, middle), (cut / 2 - 2, cut / 2 - 2))
        return Layer(photo, motion_about(at, **motion), place, shape)

    center = ((SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2)
    background = Layer(
        _fitted("coffee", SIZE), motion_about(center, rotation=1.5, zoom=1.02), np.eye(3)
    )
    return render_pair(
        [
            background,
            disc("rocket", 180, (330, 330), dx=2, dy=-14),
            disc("chelsea", 210, (510, 150), dx=-13, dy=6, zoom=1.05),
            disc("astronaut", 230, (140, 190), dx=12, dy=5, rotation=-4),
        ],
        SIZE,
    )


def _motorcycle() -> FramePair:
    """A pixel of the left picture lies ``disparity`` px further left in the right one."""
    import skimage.data  # slow to import

    left, right, disparity = skimage.data.stereo_motorcycle()  # type: ignore[no-untyped-call]
    valid = np.isfinite(disparity)
    u = np.where(valid, -disparity, 0).astype(np.float32)
    return FramePair(left, right, FlowField(np.stack([u, np.zeros_like(u)], axis=-1), valid))


def _flat() -> FramePair:
    """The moon, smoothed until hardly anything is left to match."""
    moon = cv2.GaussianBlur(_fitted("moon", (384, 512)), (0, 0), 6)
    return make_pair(np.asarray(moon, np.uint8), dx=6, dy=3)


def _still() -> FramePair:
    rocket = photo("rocket")
    return FramePair(
        rocket,
        rocket,
        FlowField(np.zeros((*rocket.shape[:2], 2), np.float32)),
        occluded=np.zeros(rocket.shape[:2], bool),
    )


SAMPLES: dict[str, Sample] = {
    "opening": Sample(
        "Coffee break",
        "Three discs drift over a turning cup: motion boundaries, occlusions, all directions.",
        _opening,
    ),
    "motorcycle": Sample(
        "Motorcycle (real stereo pair)",
        "Two real cameras: everything moves left by 7 to 60 px; 7 % of the truth is unknown.",
        _motorcycle,
    ),
    "subpixel": Sample(
        "Sub-pixel",
        "Chelsea moves by 0.4 px right and 0.3 px up: who sees it, and who sees noise?",
        lambda: make_pair(photo("chelsea"), dx=0.4, dy=-0.3),
    ),
    "large": Sample(
        "Large displacement",
        "The cup jumps by 60 px right and 18 px down.",
        lambda: make_pair(photo("coffee"), dx=60, dy=18),
    ),
    "rotation_zoom": Sample(
        "Rotation and zoom",
        "The astronaut turns by 6 degrees and grows by 8 %.",
        lambda: make_pair(photo("astronaut"), rotation=6, zoom=1.08),
    ),
    "occluder": Sample(
        "Occluder",
        "A disc crosses the picture against the motion behind it; its wake is occluded.",
        lambda: make_pair(photo("chelsea"), dx=-4, dy=2, occluder=(22, -8)),
    ),
    "textureless": Sample(
        "Textureless", "The moon out of focus, moved by 6 px right and 3 px down.", _flat
    ),
    "noise": Sample(
        "Noise",
        "Coffee moved by (5, 3) px under Gaussian noise of 20 gray levels.",
        lambda: add_noise(make_pair(photo("coffee"), dx=5, dy=3), 20),
    ),
    "jpeg": Sample(
        "JPEG artifacts",
        "The astronaut moved by (5, 3) px, both frames compressed at quality 10.",
        lambda: add_jpeg(make_pair(photo("astronaut"), dx=5, dy=3), 10),
    ),
    "static": Sample("Static", "Twice the same picture: every flow should be white.", _still),
}
