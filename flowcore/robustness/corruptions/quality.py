"""What saving and sending costs. They draw nothing at random, and treat both frames alike."""

import io

import cv2
import numpy as np
from PIL import Image

from flowcore.ops.convert import frame_to_array, frame_to_tensor
from flowcore.ops.jpeg import jpeg
from flowcore.types import UInt8Array

__all__ = ["av1_video", "banding", "jpeg_compression", "pixelation"]

_JPEG = (25, 18, 15, 10, 7)  # quality; ImageNet-C
_PIXELATION = (0.5, 0.4, 0.3, 0.25, 0.2)  # of the side that is left; ImageNet-C without its 0.6
_AV1 = (40, 30, 20, 10, 1)  # quality, libaom's scale as Pillow has it; our choice
_BANDING = (32, 16, 8, 6, 4)  # levels of each color that are left; our choice

_Frames = tuple[UInt8Array, UInt8Array]


def jpeg_compression(frames: _Frames, severity: int) -> _Frames:
    """Baseline JPEG, color at half the resolution."""
    first, second = (
        frame_to_array(jpeg(frame_to_tensor(frame), quality=_JPEG[severity - 1]))
        for frame in frames
    )
    return first, second


def av1_video(frames: _Frames, severity: int) -> _Frames:
    """The two frames as a video by a real encoder, the second predicted from the first.

    AV1 by libaom, in an image sequence (AVIF), on one thread. The libraries of this project bring
    no encoder for H.264; both predict blocks along motion and quantize cosine coefficients.
    """
    file = io.BytesIO()
    one, other = map(Image.fromarray, frames)
    quality = _AV1[severity - 1]
    one.save(
        file, "AVIF", save_all=True, append_images=[other], quality=quality, speed=8, max_threads=1
    )
    with Image.open(file) as video:
        decoded = []
        for number in range(2):
            video.seek(number)
            decoded.append(np.asarray(video.convert("RGB")))
    return decoded[0], decoded[1]


def pixelation(frames: _Frames, severity: int) -> _Frames:
    """Averaged into larger pixels."""
    height, width = frames[0].shape[:2]
    small = tuple(max(1, round(side * _PIXELATION[severity - 1])) for side in (width, height))
    first, second = (
        cv2.resize(
            cv2.resize(frame, small, interpolation=cv2.INTER_AREA),
            (width, height),
            interpolation=cv2.INTER_NEAREST,
        )
        for frame in frames
    )
    return np.asarray(first, np.uint8), np.asarray(second, np.uint8)


def banding(frames: _Frames, severity: int) -> _Frames:
    """Few levels of each color, so that what was smooth has steps."""
    steps = _BANDING[severity - 1] - 1
    levels = np.rint(np.rint(np.arange(256) / 255 * steps) / steps * 255).astype(np.uint8)
    return levels[frames[0]], levels[frames[1]]
