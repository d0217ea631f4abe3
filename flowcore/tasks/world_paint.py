"""Pictures on surfaces: sampled as finely as a pixel sees them, so that nothing flickers."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from flowcore.data.textures import TEXTURE_SIZE, make_textures
from flowcore.types import FloatArray, UInt8Array

__all__ = ["DENSITY", "NUM_PICTURES", "Atlas", "atlas_of", "paint"]

DENSITY = 120.0  # px of a picture a m
NUM_PICTURES = 24
_SEED = 19
_LEVELS = 6  # of a pyramid, each half as fine as the one before


@dataclass(frozen=True, eq=False)
class Atlas:
    """Pictures side by side, their reductions below them, each mirrored 1 px beyond its border.

    Parameters
    ----------
    sheet : (h, w, 3) uint8
    tops : (6,) float32
        First row of each level.
    means : (K, 3) float32
        Mean color of each picture.
    """

    sheet: UInt8Array
    tops: FloatArray
    means: FloatArray


@lru_cache(maxsize=16)
def atlas_of(numbers: tuple[int, ...]) -> Atlas:
    """The atlas of these pictures, 0..23, of `flowcore.data.textures.make_textures`."""
    level = [_pictures()[number] for number in numbers]
    means = np.stack([picture.mean((0, 1)) for picture in level]).astype(np.float32)
    column = TEXTURE_SIZE[1] + 2
    rows, tops = [], [0]
    for _ in range(_LEVELS):
        framed = [cv2.copyMakeBorder(one, 1, 1, 1, 1, cv2.BORDER_REFLECT) for one in level]
        room = ((0, 0), (0, column - framed[0].shape[1]), (0, 0))
        rows.append(np.concatenate([np.pad(one, room) for one in framed], 1))
        tops.append(tops[-1] + len(rows[-1]))
        half = (level[0].shape[1] // 2, level[0].shape[0] // 2)
        level = [cv2.resize(one, half, interpolation=cv2.INTER_AREA) for one in level]
    return Atlas(np.concatenate(rows), np.array(tops[:-1], np.float32), means)


def paint(
    atlas: Atlas,
    picture: npt.NDArray[np.integer[Any]],
    across: FloatArray,
    down: FloatArray,
    footprint: FloatArray,
    *,
    contrast: float,
) -> FloatArray:
    """The colors of pictures at places on their surfaces, (H, W, 3) float32 in 0..255.

    Parameters
    ----------
    atlas : Atlas
    picture : (H, W) int
        Which of the atlas.
    across, down : (H, W)
        On the surface, m; beyond its border a picture is mirrored.
    footprint : (H, W)
        How much of the surface one pixel sees, m; two levels of a pyramid are blended to suit
        (Williams, Pyramidal Parametrics, SIGGRAPH 1983).
    contrast : float
        About the picture's mean color, 0..1.
    """
    level = np.clip(np.log2(np.maximum(footprint * DENSITY, 1)), 0, _LEVELS - 1)
    finer = np.minimum(level.astype(np.int32), _LEVELS - 2)
    fine, coarse = (_sampled(atlas, picture, across, down, finer + more) for more in (0, 1))
    share = (level - finer).astype(np.float32)[..., None]
    colors = fine + share * (coarse.astype(np.float32) - fine)
    mean = atlas.means[picture]
    return np.asarray(mean + np.float32(contrast) * (colors - mean))


def _sampled(
    atlas: Atlas,
    picture: npt.NDArray[np.integer[Any]],
    across: FloatArray,
    down: FloatArray,
    level: npt.NDArray[np.int32],
) -> UInt8Array:
    scale = np.exp2(-level, dtype=np.float32)
    height, width = (side * scale for side in TEXTURE_SIZE)
    x = _mirrored(DENSITY * across * scale, width) + 1 + picture * (TEXTURE_SIZE[1] + 2)
    y = _mirrored(DENSITY * down * scale, height) + 1 + atlas.tops[level]
    sampled = cv2.remap(atlas.sheet, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    return np.asarray(sampled)


def _mirrored(place: FloatArray, length: FloatArray) -> FloatArray:
    """Px from the edge of a picture as positions on it, pixel centers at integers; mirrored."""
    return np.asarray(length - np.abs(length - place % (2 * length)) - 0.5)


@lru_cache(maxsize=1)
def _pictures() -> UInt8Array:
    pictures = make_textures(NUM_PICTURES, seed=_SEED)
    return np.ascontiguousarray(pictures.permute(0, 2, 3, 1).numpy())
