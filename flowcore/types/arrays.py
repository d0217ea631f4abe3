"""Arrays that are shared, so nobody can write to them; their names, sizes and digests."""

import hashlib
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from flowcore.errors import ShapeMismatchError

__all__ = [
    "BoolArray",
    "FloatArray",
    "IntArray",
    "UInt8Array",
    "digest_of",
    "read_only",
    "require_size",
    "size_text",
]

UInt8Array: TypeAlias = npt.NDArray[np.uint8]
FloatArray: TypeAlias = npt.NDArray[np.float32]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.int32]


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, C-contiguous and read-only; a copy where the caller could still write to it."""
    if array.flags.writeable or not array.flags.c_contiguous:
        array = array.copy(order="C")
        array.flags.writeable = False
    return array


def require_size(name: str, array: npt.NDArray[Any], size: tuple[int, int]) -> None:
    """Refuse an array that is not of this (height, width)."""
    if array.shape[:2] != size:
        raise ShapeMismatchError(
            f"{name} is {size_text(array.shape[:2])}, expected {size_text(size)}, as the frames."
        )


def size_text(size: tuple[int, ...]) -> str:
    """A (height, width) for people."""
    return f"{size[1]}x{size[0]} (width x height)"


def digest_of(size: tuple[int, int], *arrays: npt.NDArray[Any] | None) -> str:
    """sha256 of a size and of arrays, in hex; None is no array."""
    sha = hashlib.sha256(repr(size).encode())
    for array in arrays:
        sha.update(b"-" if array is None else array.data)
    return sha.hexdigest()
