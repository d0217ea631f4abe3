"""From deep pixels to 8 bits, by one scaling for all frames that are looked at together.

Scaled each by itself, two frames of one scene would differ in brightness, which no flow explains.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from flowcore.errors import ConfigError, InputError
from flowcore.io.deep import Pixels
from flowcore.types import UInt8Array

__all__ = ["ValueRange", "to_8_bit"]

ValueRange = Literal["auto", "full", "used"]
"""What becomes black and white: ``full`` is all that the file's numbers can be (0 to 1 in floating
point), ``used`` what they are, but for the lowest and the highest 0.01 %, such as hot pixels.
``auto`` takes the full range where the frames use at least half of it."""

_OUTLIERS = 10_000  # one in so many values at either end
_MAX_SAMPLES = 4_000_000
_ROWS_AT_ONCE = 256


def to_8_bit(
    pixels: Sequence[Pixels], value_range: ValueRange = "auto"
) -> tuple[list[UInt8Array], str]:
    """The pictures as RGB ``(H, W, 3) uint8``, and a sentence about the scaling if there was any.

    Raises
    ------
    ConfigError
        Another value range.
    InputError
        Numbers that no one scaling fits, such as a floating-point picture beside an 8-bit one.

    Examples
    --------
    >>> camera = Pixels(np.array([[[0], [2048], [4095]]], np.uint16), high=65535)
    >>> [frame], said = to_8_bit([camera])
    >>> frame[0, :, 0].tolist()
    [0, 128, 255]
    >>> said.partition(" by ")[2]
    'the range that is used, 0 to 4095 (the full range is 0 to 65535).'
    """
    if value_range not in get_args(ValueRange):
        raise ConfigError(f"Unknown value range {value_range!r}; choose from auto, full, used.")
    if all(one.values.dtype == np.uint8 for one in pixels):
        return [one.values for one in pixels], ""
    given, pixels = pixels, _alike(pixels)
    low, high = pixels[0].low, pixels[0].high
    sample, num_bad = _sorted_sample([one.values for one in pixels])
    bottom, top = _used(sample)
    is_float = pixels[0].values.dtype.kind == "f"
    fits = not is_float or (low <= sample[0] and sample[-1] <= high)
    is_full = value_range == "full" or (
        value_range == "auto" and fits and top - bottom >= (high - low) / 2
    )
    what = f"{_kind(pixels[0])} values were scaled to 8 bits by the"
    if is_full:
        said = f"{what} full range, {low:.6g} to {high:.6g} (used: {bottom:.6g} to {top:.6g})."
        bottom, top = low, high
    else:
        full = f"{low:.6g} to {high:.6g}"
        said = f"{what} range that is used, {bottom:.6g} to {top:.6g} (the full range is {full})."
    if any(
        one.values.dtype != other.values.dtype for one, other in zip(given, pixels, strict=True)
    ):
        said += " The files differ in depth; each was first taken as a share of its own full range."
    if num_bad:
        said += f" {num_bad:,} values are not finite and became black."
    return [_scaled(one.values, bottom, top) for one in pixels], said


def _alike(pixels: Sequence[Pixels]) -> list[Pixels]:
    """The pixels in one kind of number; unsigned ones of different depth as shares of 65535."""
    kinds = {(one.values.dtype.newbyteorder("="), one.low, one.high) for one in pixels}
    if len(kinds) == 1:
        return list(pixels)
    if any(one.values.dtype not in (np.uint8, np.uint16) for one in pixels):
        names = " and ".join(dict.fromkeys(_kind(one) for one in pixels))
        raise InputError(
            f"The frames hold {names} values, which no one scaling fits; expected one kind."
        )
    top = 2**16 - 1
    return [
        Pixels(np.rint(one.values * (top / one.high)).astype(np.uint16), 0, top) for one in pixels
    ]


def _kind(one: Pixels) -> str:
    """Of its numbers, in words."""
    kind = one.values.dtype
    signed = {"i": " signed", "f": " floating-point"}.get(kind.kind, "")
    return f"{8 * kind.itemsize}-bit{signed}"


def _sorted_sample(arrays: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], int]:
    """Finite values of all arrays, or millions of them, in order; and how many are not finite."""
    step = 1 + sum(array.size for array in arrays) // _MAX_SAMPLES
    values = np.concatenate([array.reshape(-1)[::step] for array in arrays])
    num_bad = 0
    if values.dtype.kind == "f":
        num_bad = sum(array.size - int(np.isfinite(array).sum()) for array in arrays)
        values = values[np.isfinite(values)]
    if not values.size:
        raise InputError("The frames hold no finite value.")
    return np.sort(values), num_bad


def _used(ordered: npt.NDArray[Any]) -> tuple[float, float]:
    """From black to white; hot pixels of a sensor do not count, unless nothing else differs."""
    cut = len(ordered) // _OUTLIERS
    low, high = float(ordered[cut]), float(ordered[-1 - cut])
    if low == high:
        low, high = float(ordered[0]), float(ordered[-1])
    return low, high if high > low else low + 1


def _scaled(values: npt.NDArray[Any], low: float, high: float) -> UInt8Array:
    """``(H, W, 1 or 3)`` as RGB, in strips, since eight bytes a value would be much at once."""
    frame = np.empty((*values.shape[:2], 3), np.uint8)
    for row in range(0, len(values), _ROWS_AT_ONCE):
        rows = slice(row, row + _ROWS_AT_ONCE)
        levels = (values[rows].astype(np.float64) - low) * 255 / (high - low)
        levels = np.nan_to_num(levels, copy=False, nan=0, posinf=0, neginf=0)
        frame[rows] = np.rint(np.clip(levels, 0, 255))
    return frame
