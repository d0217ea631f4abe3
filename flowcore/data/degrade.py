"""Pairs made harder on purpose: compressed, or robbed of their texture. Their truth stays true."""

from dataclasses import replace

import cv2
import numpy as np

from flowcore.errors import ConfigError
from flowcore.ops.convert import frame_to_array, frame_to_tensor
from flowcore.ops.jpeg import jpeg
from flowcore.types import FramePair, UInt8Array

__all__ = ["compress", "flatten"]

_REACH = 15  # px of the neighborhood that is evened out
_COLOR_SIGMA = 80.0  # gray levels; steps beyond it are edges and stay


def compress(pair: FramePair, quality: int) -> FramePair:
    """The pair with both frames as baseline JPEG of this quality gives them back.

    Parameters
    ----------
    pair : FramePair
    quality : int
        1..100; lower is worse.

    Raises
    ------
    ConfigError
        Another quality.
    """
    if not 1 <= quality <= 100:
        raise ConfigError(f"JPEG quality lies in 1..100, got {quality}.")
    first, second = (
        frame_to_array(jpeg(frame_to_tensor(frame), quality=quality))
        for frame in (pair.first, pair.second)
    )
    return replace(pair, first=first, second=second, name=f"{pair.name}, JPEG {quality}")


def flatten(pair: FramePair, texture: float) -> FramePair:
    """The pair with less texture: surfaces become plain, edges stay where they are.

    Parameters
    ----------
    pair : FramePair
    texture : float
        Share of the texture that is left, 0..1.

    Raises
    ------
    ConfigError
        Another share.
    """
    if not 0 <= texture <= 1:
        raise ConfigError(f"The share of texture that is left lies in 0..1, got {texture}.")
    first, second = (_flattened(frame, texture) for frame in (pair.first, pair.second))
    return replace(pair, first=first, second=second, name=f"{pair.name}, texture {texture:g}")


def _flattened(frame: UInt8Array, texture: float) -> UInt8Array:
    """A bilateral filter evens out what lies between edges; done twice, it leaves little."""
    whole = plain = np.array(frame)
    for _ in range(2):
        plain = np.asarray(cv2.bilateralFilter(plain, _REACH, _COLOR_SIGMA, _REACH / 2), np.uint8)
    return np.asarray(cv2.addWeighted(whole, texture, plain, 1 - texture, 0), np.uint8)
