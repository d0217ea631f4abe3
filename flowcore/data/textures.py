"""Textures for synthetic scenes: photos of a folder kept in memory, or made from noise."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from flowcore.errors import FrameDecodeError, InputError
from flowcore.io.frames import read_frame
from flowcore.types import UInt8Array

__all__ = ["TEXTURE_SIZE", "Textures", "load_textures", "make_textures", "sample_textures"]

TEXTURE_SIZE = (320, 480)
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
_NOT_PHOTOS = ("_segments", "_classes")  # label images that lie beside photos


@dataclass(frozen=True)
class Textures:
    """Pictures of one size, packed for quick look-up.

    Parameters
    ----------
    packed : (N, H, W) int32
        RGB and one empty byte of each pixel.
    num_skipped : int
        Files that could not be read.
    """

    packed: torch.Tensor
    num_skipped: int = 0

    def __len__(self) -> int:
        return len(self.packed)

    def to(self, device: torch.device | str) -> "Textures":
        """The same on another device."""
        return Textures(self.packed.to(device), self.num_skipped)


def load_textures(folders: list[Path], *, limit: int | None = None) -> Textures:
    """Every photo under the folders, cropped to one size; unreadable ones are counted.

    Parameters
    ----------
    folders : list of Path
        Searched in depth. Label images beside photos (``NAME_segments.png``) are passed over.
    limit : int, optional
        Take this many at most.

    Raises
    ------
    InputError
        A folder is missing, or none holds a readable photo.
    """
    paths: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"There is no photo folder {folder}.")
        paths += sorted(path for path in folder.rglob("*") if _is_photo(path))
    pictures, num_skipped = [], 0
    for path in paths[:limit]:
        try:
            pictures.append(_fit(read_frame(path)))
        except FrameDecodeError:
            num_skipped += 1
    if not pictures:
        raise InputError(
            f"No readable photo lies in {', '.join(map(str, folders))} "
            f"({num_skipped} files could not be read)."
        )
    return Textures(_pack(np.stack(pictures)), num_skipped)


def make_textures(count: int, *, seed: int) -> Textures:
    """Pictures made of noise at many scales and of flat patches: for use without any photo."""
    rng = np.random.default_rng(seed)
    return Textures(_pack(np.stack([_noise_picture(rng) for _ in range(count)])))


def sample_textures(
    textures: Textures, index: torch.Tensor, x: torch.Tensor, y: torch.Tensor
) -> torch.Tensor:
    """Colors of picture ``index`` at position (x, y), mirrored at its borders, bilinear.

    Parameters
    ----------
    textures : Textures
    index : (...) int64
    x, y : (...) float32
        In px of the pictures.

    Returns
    -------
    (..., 3) float32 in [0, 1]
    """
    _, H, W = textures.packed.shape
    x, y = _mirror(x, W), _mirror(y, H)
    column, row = x.floor(), y.floor()
    fx, fy = (x - column)[..., None], (y - row)[..., None]
    corner = (index * H + row.long()) * W + column.long()
    flat = textures.packed.flatten()

    def color(offset: int) -> torch.Tensor:
        return flat[corner + offset].view(torch.uint8).view(*corner.shape, 4)[..., :3].float()

    upper = torch.lerp(color(0), color(1), fx)
    lower = torch.lerp(color(W), color(W + 1), fx)
    return torch.lerp(upper, lower, fy) / 255


def _mirror(x: torch.Tensor, length: int) -> torch.Tensor:
    """Positions folded into [0, length - 1), so that a neighbor to the right always exists."""
    period = 2 * (length - 1)
    folded = (length - 1) - (x.remainder(period) - (length - 1)).abs()
    return folded.clamp(0, length - 1.001)


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.stem.endswith(_NOT_PHOTOS)


def _fit(frame: UInt8Array) -> UInt8Array:
    """The middle of a photo at the common size; portraits are turned on their side."""
    if frame.shape[0] > frame.shape[1]:
        frame = np.ascontiguousarray(frame.transpose(1, 0, 2))
    height, width = TEXTURE_SIZE
    scale = max(height / frame.shape[0], width / frame.shape[1])
    if scale != 1:
        size = (
            max(width, round(frame.shape[1] * scale)),
            max(height, round(frame.shape[0] * scale)),
        )
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        frame = np.asarray(cv2.resize(frame, size, interpolation=kind), np.uint8)
    top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
    return frame[top : top + height, left : left + width]


def _pack(pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
    padded = np.zeros((*pictures.shape[:3], 4), np.uint8)
    padded[..., :3] = pictures
    return torch.from_numpy(padded.view(np.int32)[..., 0])


def _noise_picture(rng: np.random.Generator) -> UInt8Array:
    """Noise with power falling over frequency, colored, with a few flat discs in it."""
    height, width = TEXTURE_SIZE
    picture = np.zeros((height, width, 3), np.float32)
    falloff = rng.uniform(0.4, 1.1)
    for octave in range(8):
        size = (min(width, 3 * 2**octave), min(height, 2 * 2**octave))
        noise = rng.standard_normal((size[1], size[0], 3)).astype(np.float32)
        picture += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * (
            falloff**octave
        )
    picture = picture @ rng.uniform(-1, 1, (3, 3)).astype(np.float32)
    picture = picture / (3 * picture.std() + 1e-6) + rng.uniform(0.3, 0.7, 3)
    for _ in range(rng.integers(0, 30)):
        center = (int(rng.integers(width)), int(rng.integers(height)))
        radius = int(min(120, 3 / rng.uniform(0.02, 1)))
        cv2.circle(picture, center, radius, rng.uniform(0, 1, 3).tolist(), -1, cv2.LINE_AA)
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
