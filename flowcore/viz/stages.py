"""Updates and stopping points of a refinement as colors, and the bars that explain them."""

import math

import numpy as np

from flowcore.errors import ConfigError
from flowcore.types import FloatArray, IntArray, UInt8Array
from flowcore.viz.ramp import heat, ramp_bar

__all__ = ["stopping_bar", "stopping_to_color", "update_bar", "update_to_color"]

_LEAST, _MOST = 0.01, 10.0  # px that are black and brightest: updates shrink by powers of ten


def update_to_color(update: FloatArray) -> UInt8Array:
    """Lengths of updates as heat, (H, W, 3) uint8 RGB, on one logarithmic scale for all stages.

    Black is 0.01 px or less, the brightest color 10 px or more.

    Examples
    --------
    >>> update_to_color(np.array([[0.0, 10.0]]))[0].tolist()
    [[0, 0, 4], [252, 255, 164]]
    """
    decades = np.log10(np.maximum(update, _LEAST) / _LEAST)
    share = np.clip(decades / math.log10(_MOST / _LEAST), 0, 1)
    return heat(np.rint(255 * share).astype(np.uint8))


def update_bar(*, width: int = 320) -> UInt8Array:
    """The legend of ``update_to_color``, in px."""
    ramp = update_to_color(np.geomspace(_LEAST, _MOST, width, dtype=np.float32)[None])[0]
    ticks = [(step / 3, text) for step, text in enumerate(("0.01", "0.1", "1", "10"))]
    return ramp_bar(ramp, ticks, "update |change of the vector|, px")


def stopping_to_color(stopped: IntArray, *, num_stages: int) -> UInt8Array:
    """Stopping points as heat, (H, W, 3) uint8 RGB: black stops at once, the brightest last.

    Parameters
    ----------
    stopped : (H, W) int
        From 0.
    num_stages : int
        Of the lane that has the most, so that lanes share one scale.

    Raises
    ------
    ConfigError
        No stages.
    """
    if num_stages < 1:
        raise ConfigError(f"Stopping points need 1 stage or more, got {num_stages}.")
    share = np.clip(stopped / max(1, num_stages - 1), 0, 1)
    return heat(np.rint(255 * share).astype(np.uint8))


def stopping_bar(num_stages: int, *, width: int = 320) -> UInt8Array:
    """The legend of ``stopping_to_color``, stages counted from 1."""
    stages = np.linspace(0, num_stages - 1, width)[None]
    ramp = stopping_to_color(stages.round().astype(np.int32), num_stages=num_stages)[0]
    ticks = [(0, "1"), (1, str(num_stages))] if num_stages > 1 else [(0, "1")]
    return ramp_bar(ramp, ticks, "stage from which on the vector stays")
