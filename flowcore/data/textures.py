"""Pictures to cut scenes from: a folder of photos, or patterns where there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from flowcore.data.shapes import make_shapes
from flowcore.errors import ConfigError, InputError
from flowcore.io.frames import read_frame
from flowcore.types import FloatArray, UInt8Array

__all__ = ["TEXTURE_SIZE", "Photos", "load_textures", "make_textures", "photo_files"]

TEXTURE_SIZE = (320, 480)  # height, width
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm"}
_MAPS = ("_segments", "_classes")  # what lies beside a photo is not one


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos of one size, and how many files could not be read.

    Parameters
    ----------
    textures : (N, 3, 320, 480) uint8
    num_skipped : int
    """

    textures: torch.Tensor
    num_skipped: int


def photo_files(folders: Sequence[str | Path]) -> list[Path]:
    """The photos in these folders and below, sorted.

    Raises
    ------
    ConfigError
        A folder is missing or holds no photo.
    """
    files: list[Path] = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise ConfigError(f"The photo folder {folder} does not exist.")
        found = [
            path
            for path in sorted(folder.rglob("*"))
            if path.suffix.lower() in _SUFFIXES and not path.stem.endswith(_MAPS)
        ]
        if not found:
            raise ConfigError(f"The photo folder {folder} holds no photo.")
        files += found
    return files


def load_textures(folders: Sequence[str | Path]) -> Photos:
    """All photos of the folders, turned to landscape, brought to one size and cropped.

    Raises
    ------
    ConfigError
        A folder is missing or holds no photo, or not one of the files can be read.
    """
    textures, num_skipped = [], 0
    for path in photo_files(folders):
        try:
            textures.append(_fit(read_frame(path)))
        except InputError:
            num_skipped += 1
    if not textures:
        raise ConfigError(
            f"None of the {num_skipped} photos in {', '.join(map(str, folders))} can be read."
        )
    stacked = torch.from_numpy(np.stack(textures)).permute(0, 3, 1, 2).contiguous()
    return Photos(stacked, num_skipped)


def make_textures(count: int, *, seed: int = 0) -> torch.Tensor:
    """Patterns ``(count, 3, 320, 480) uint8``: colored noise of all scales under dead leaves."""
    rng = np.random.default_rng(seed)
    shapes = make_shapes(64, seed=seed)[:, 0].numpy()
    pictures = np.stack([_pattern(rng, shapes) for _ in range(count)])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()


def _fit(photo: UInt8Array) -> UInt8Array:
    """A photo scaled so that it covers the texture size, then cropped about its middle."""
    if photo.shape[0] > photo.shape[1]:
        photo = np.ascontiguousarray(photo.transpose(1, 0, 2))
    height, width = TEXTURE_SIZE
    factor = max(height / photo.shape[0], width / photo.shape[1])
    size = (max(width, round(photo.shape[1] * factor)), max(height, round(photo.shape[0] * factor)))
    photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
    return photo[top : top + height, left : left + width]


def _pattern(rng: np.random.Generator, shapes: UInt8Array) -> UInt8Array:
    """Noise, and on it leaves of power-law size, each with noise of its own."""
    height, width = TEXTURE_SIZE
    picture = _noise(rng)
    for _ in range(rng.integers(0, 80)):
        size = int(np.clip(12 * rng.pareto(1.5) + 12, 12, 300))
        shape = cv2.resize(shapes[rng.integers(len(shapes))], (size, size)) > 127
        top, left = (int(rng.integers(-size // 2, side)) for side in (height, width))
        y0, y1 = max(top, 0), min(top + size, height)
        x0, x1 = max(left, 0), min(left + size, width)
        leaf = shape[y0 - top : y1 - top, x0 - left : x1 - left]
        color, contrast = np.float32(rng.uniform(0, 255, 3)), np.float32(rng.uniform(0, 0.6))
        target = picture[y0:y1, x0:x1]
        target[leaf] = color + contrast * (target[leaf] - 128)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _noise(rng: np.random.Generator) -> FloatArray:
    """Octaves of random color, the coarse ones stronger."""
    height, width = TEXTURE_SIZE
    picture = np.full((height, width, 3), rng.uniform(60, 200, 3), np.float32)
    roughness = rng.uniform(0.4, 0.9)
    mix = np.float32(rng.normal(0, 0.3, (3, 3)) + rng.uniform(0.2, 1))
    for octave in range(8):
        rows, cols = max(2, (height >> 7) << octave), max(2, (width >> 7) << octave)
        size = (min(rows, height), min(cols, width), 3)
        grid = np.float32(60 * roughness**octave) * rng.standard_normal(size, np.float32)
        picture += cv2.resize(grid @ mix, (width, height), interpolation=cv2.INTER_CUBIC)
    return picture
