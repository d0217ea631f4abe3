"""Bursts: a few frames of one scene, the middle one of which is to be reconstructed.

They are cut from photos by a crop that moves along a straight line at sub-pixel precision, or taken
from frames and videos. Displacements are flows from the middle frame: (N, 2) px, right and down.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from flowcore.data.samples import photo
from flowcore.errors import ConfigError, InputError
from flowcore.io.video import decode_video_frames, probe_video
from flowcore.ops.convert import frame_to_array, frame_to_tensor
from flowcore.ops.grid import pixel_grid
from flowcore.types import Burst, UInt8Array

__all__ = [
    "BURST_PHOTOS",
    "BurstBatch",
    "burst_from_video",
    "cut_bursts",
    "make_burst",
    "path_of",
    "sample_burst",
    "shifted",
]

BURST_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")
"""Photos that ship, each with something fine in it."""

_MARGIN = 3  # px beyond the path that bicubic samples need
_SAMPLE_SIZE = 192  # side in px of the bursts that ship


class BurstBatch(NamedTuple):
    """Bursts ``(B, N, 3, H, W)`` and the clean middle frames ``(B, 3, H, W)``, all in [0, 1]."""

    frames: torch.Tensor
    clean: torch.Tensor


def make_burst(
    picture: UInt8Array,
    *,
    num_frames: int = 5,
    motion: float = 5.0,
    angle: float = 30.0,
    noise: float = 25.0,
    seed: int = 0,
    name: str = "",
) -> Burst:
    """A burst made from one picture, whose motion and clean middle frame are known exactly.

    Parameters
    ----------
    picture : (H, W, 3) uint8
        The middle frame shows it in its own place, without the margin that the others need.
    num_frames : int
    motion : float
        Px that the content moves from the first frame to the last, in equal steps.
    angle : float
        Its direction in degrees, clockwise on screen from "to the right".
    noise : float
        Standard deviation of Gaussian noise in gray levels, drawn anew for every frame.
    seed : int
        Of the noise.

    Raises
    ------
    InputError
        An even number of frames, or a picture that is too small for the motion.
    ConfigError
        Motion or noise outside what is allowed.

    Examples
    --------
    >>> burst = make_burst(np.zeros((32, 40, 3), np.uint8), motion=8, angle=0, noise=0)
    >>> burst.motion[:, 0].tolist(), burst.size
    ([-4.0, -2.0, 0.0, 2.0, 4.0], (18, 26))
    """
    for what, value, most in (("The motion, px,", motion, 200), ("The noise", noise, 255)):
        if not 0 <= value <= most:  # false for nan as well
            raise ConfigError(f"{what} must lie in 0..{most}, got {value}.")
    path = path_of(num_frames, motion, math.radians(angle))
    margin = _margin(motion)
    if min(picture.shape[:2]) <= 2 * margin:
        raise InputError(
            f"A motion of {motion:g} px takes a margin of {margin} px on each side; the picture "
            f"has {picture.shape[1]}x{picture.shape[0]} px (width x height)."
        )
    moved = shifted(frame_to_tensor(picture), path[None], margin)[0]
    clean = frame_to_array(moved[[num_frames // 2]])
    generator = torch.Generator().manual_seed(seed)
    noisy = _add_noise(moved, torch.tensor(noise / 255), generator)
    frames = tuple(frame_to_array(frame[None]) for frame in noisy)
    return Burst(frames, clean, path.numpy(), name)


def sample_burst(
    photo_name: str, *, motion: float = 5.0, angle: float = 30.0, noise: float = 25.0, seed: int = 0
) -> Burst:
    """A burst of five frames from one of ``BURST_PHOTOS``, 192x192 px.

    Raises
    ------
    InputError
        No photo has that name.
    """
    if photo_name not in BURST_PHOTOS:
        raise InputError(f"There is no {photo_name!r}; there are {', '.join(BURST_PHOTOS)}.")
    picture = photo(photo_name)
    side = _SAMPLE_SIZE + 2 * _margin(motion)
    top, left = (max(0, length - side) // 2 for length in picture.shape[:2])
    cut = np.ascontiguousarray(picture[top : top + side, left : left + side])
    return make_burst(cut, motion=motion, angle=angle, noise=noise, seed=seed, name=photo_name)


def burst_from_video(data: bytes, *, start: int = 0, num_frames: int = 5, every: int = 1) -> Burst:
    """Frames ``start``, ``start + every``, ... of a video; nothing is known of them.

    Raises
    ------
    InputError
        An even number of frames, or fewer in the video than are asked for.
    FrameDecodeError
        No video that can be read.
    """
    if num_frames < 3 or num_frames % 2 == 0:
        raise InputError(f"A burst has an odd number of frames, 3 or more, got {num_frames}.")
    if start < 0 or every < 1:
        raise ConfigError(f"A burst starts at frame 0 or later, got {start}, steps of {every}.")
    needed = start + every * (num_frames - 1) + 1
    found = probe_video(data).num_frames
    if found < needed:
        raise InputError(
            f"The video is too short: it has {found} frames, and {num_frames} frames from number "
            f"{start} in steps of {every} take {needed}."
        )
    indices = range(start, needed, every)
    return Burst(tuple(decode_video_frames(data, indices)), name=f"frames {start} to {needed - 1}")


def cut_bursts(
    textures: torch.Tensor,
    *,
    batch: int,
    size: int,
    num_frames: int,
    motion: Sequence[float],
    noise: Sequence[float],
    generator: torch.Generator,
) -> BurstBatch:
    """Bursts cut from random places of random photos, moving in random directions.

    Parameters
    ----------
    textures : (N, 3, H, W) uint8
        Photos, as ``load_textures`` gives them.
    batch, size, num_frames : int
        Bursts; side of a frame in px; frames of a burst.
    motion : (least, most)
        Px from the first frame to the last, uniform between.
    noise : (least, most)
        Standard deviation of the noise in gray levels, uniform between.
    generator : torch.Generator
        What is cut follows from its state alone.

    Raises
    ------
    ConfigError
        The photos are too small for the motion.
    """
    height, width = textures.shape[-2:]
    margin = _margin(motion[1])
    side = size + 2 * margin
    if side > min(height, width):
        raise ConfigError(f"Bursts need photos of {side} px a side, got {width}x{height}.")
    which, top, left = (
        torch.randint(most, (batch,), generator=generator)
        for most in (len(textures), height - side + 1, width - side + 1)
    )
    crops = torch.stack(
        [
            textures[n, :, y : y + side, x : x + side]
            for n, y, x in zip(which.tolist(), top.tolist(), left.tolist(), strict=True)
        ]
    )
    length, angle, level = torch.rand(3, batch, generator=generator)
    length = motion[0] + (motion[1] - motion[0]) * length
    paths = torch.stack(
        [path_of(num_frames, *one) for one in zip(length, 2 * math.pi * angle, strict=True)]
    )
    moved = shifted(crops.float() / 255, paths, margin)
    clean = moved[:, num_frames // 2]
    sigma = (noise[0] + (noise[1] - noise[0]) * level) / 255
    return BurstBatch(_add_noise(moved, sigma.view(-1, 1, 1, 1, 1), generator), clean)


def path_of(
    num_frames: int, motion: float | torch.Tensor, angle: float | torch.Tensor
) -> torch.Tensor:
    """Displacements (N, 2) in px of a straight motion, zero in the middle; angle in radians."""
    share = torch.linspace(-0.5, 0.5, num_frames) * motion
    angle = torch.as_tensor(angle)
    return share[:, None] * torch.stack([angle.cos(), angle.sin()])


def shifted(pictures: torch.Tensor, paths: torch.Tensor, margin: int) -> torch.Tensor:
    """Pictures (B, 3, H, W) moved along paths (B, N, 2): (B, N, 3, H - 2 margin, W - 2 margin).

    Bicubic, clipped to [0, 1]; where the displacement is zero the pixels stay what they are. By
    fractions of a pixel content moves to within 0.05 px: torch's kernel does not keep ramps quite.
    """
    B, N = paths.shape[:2]
    height, width = pictures.shape[-2:]
    inner = pixel_grid(height - 2 * margin, width - 2 * margin, like=pictures) + margin
    where = inner - paths.flatten(0, 1)[:, :, None, None]  # content moves on, so look back
    scale = pictures.new_tensor([width, height]).view(1, 2, 1, 1)
    grid = ((2 * where + 1) / scale - 1).movedim(1, -1)
    repeated = pictures[:, None].expand(-1, N, -1, -1, -1).flatten(0, 1)
    moved = F.grid_sample(repeated, grid, "bicubic", "border", align_corners=False)
    return moved.clamp(0, 1).view(B, N, *moved.shape[1:])


def _margin(motion: float) -> int:
    return math.ceil(motion / 2) + _MARGIN


def _add_noise(
    frames: torch.Tensor, sigma: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """With Gaussian noise, clipped to [0, 1] as a camera does."""
    return (frames + sigma * torch.randn(frames.shape, generator=generator)).clamp(0, 1)
