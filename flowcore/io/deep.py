"""Pixels of more than 8 bits: what a TIFF's tags say of them, and OpenCV's reading of them."""

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from flowcore.errors import FrameDecodeError, InputError
from flowcore.io.guard import MAX_PIXELS, require_size

__all__ = ["MAX_PAGES", "Pixels", "WithAlpha", "deep_tiff", "deep_values", "opacity", "tiff_pages"]

MAX_PAGES = 10_000
"""Pages of a TIFF that are counted."""

# Tags of TIFF 6.0, section 8 and Adobe's supplements.
_WIDTH, _HEIGHT, _BITS, _MEANING, _CHANNELS, _PLANES = 256, 257, 258, 262, 277, 284
_TILE_WIDTH, _TILE_HEIGHT, _EXTRA, _SAMPLE_FORMAT = 322, 323, 338, 339
_WHITE_IS_ZERO, _ALPHA = 0, 2
_MAX_BYTES = 8 * MAX_PIXELS  # of the values of one deep picture


@dataclass(frozen=True, eq=False)
class Pixels:
    """A picture as it is stored: upright, without transparency, zero = black.

    Parameters
    ----------
    values : (H, W, 3) uint8, or (H, W, 1 or 3) of a deeper kind
        RGB or gray.
    low, high : float
        The full range of the stored numbers, such as 0 and 65535; 0 and 1 for floating point.
    notes : tuple of str
        What had to be assumed, in sentences.
    """

    values: npt.NDArray[Any]
    low: float = 0
    high: float = 255
    notes: tuple[str, ...] = ()


WithAlpha: TypeAlias = tuple[Pixels, npt.NDArray[np.float32] | None]
"""Pixels, and their opacity ``(H, W, 1)`` from 0 to 1 where they have one."""


def deep_values(
    data: bytes, *, name: str, error: type[InputError] = FrameDecodeError, page: int = 0
) -> npt.NDArray[Any]:
    """The stored numbers ``(H, W, 1, 3 or 4)`` of a deep picture: gray, RGB or RGBA.

    To be asked for once the size is known to be allowed. A TIFF comes upright, others as stored.

    Raises
    ------
    error
        OpenCV finds no such picture in it.
    """
    buffer = np.frombuffer(data, np.uint8)
    done, found = cv2.imdecodemulti(buffer, cv2.IMREAD_UNCHANGED, None, (page, page + 1))
    if not done or found[0].dtype == np.uint8:
        raise error(f"{name} claims more than 8 bits per channel and cannot be read as such.")
    values = np.atleast_3d(found[0])
    return values if values.shape[2] == 1 else values[..., [2, 1, 0, 3][: values.shape[2]]]


def opacity(values: npt.NDArray[Any], top: float) -> npt.NDArray[np.float32] | None:
    """The fourth channel of ``(H, W, C)`` as ``(H, W, 1)`` from 0 to 1; None if there is none."""
    return values[..., 3:].astype(np.float32) / np.float32(top) if values.shape[2] == 4 else None


def deep_tiff(data: bytes, name: str, page: int) -> WithAlpha | None:
    """A page of a TIFF that has more than 8 bits, a sign or floating point; None for the rest."""
    tags = _tags_of_page(data, page)
    bits, kind = (tags.get(tag, (1,)) for tag in (_BITS, _SAMPLE_FORMAT))
    if max(bits) <= 8 and set(kind) <= {1, 4}:
        return None
    channels, meaning = tags.get(_CHANNELS, 1), tags.get(_MEANING, 1)
    if (
        len({*bits}) > 1
        or len({*kind}) > 1
        or kind[0] not in (1, 2, 3)
        or (channels, meaning) not in ((1, 0), (1, 1), (3, 2), (4, 2))
        or (channels > 1 and tags.get(_PLANES) == 2)
    ):
        raise FrameDecodeError(
            f"{name} is a TIFF of {channels} channel(s) of {bits[0]} bits (photometric {meaning}, "
            f"planar {tags.get(_PLANES, 1)}, sample format {kind[0]}), expected gray, or RGB whose "
            "channels are stored together, as whole or floating-point numbers."
        )
    height, width = tags[_HEIGHT], tags[_WIDTH]
    require_size(height, width, name=name, error=FrameDecodeError)
    tile = tags.get(_TILE_WIDTH, 1) * tags.get(_TILE_HEIGHT, 1)
    num_bytes = max(height * width, tile) * channels * bits[0] // 8
    if num_bytes > _MAX_BYTES:
        raise FrameDecodeError(
            f"{name} holds {num_bytes / 1e6:.0f} MB of pixel values, more than the "
            f"{_MAX_BYTES / 1e6:.0f} MB that are read."
        )
    values = deep_values(data, name=name, page=page)
    if bits[0] in (10, 12, 14):  # OpenCV has moved them to the top of 16
        values >>= 16 - bits[0]
    low, high = _full_range(values.dtype, bits[0])
    if meaning == _WHITE_IS_ZERO:
        values = (low + high - values).astype(values.dtype)
    is_alpha = tags.get(_EXTRA, (0,))[0] == _ALPHA  # else none, or one that is applied already
    return Pixels(values[..., :3], low, high), opacity(values, high) if is_alpha else None


def _full_range(kind: np.dtype[Any], bits: int) -> tuple[float, float]:
    if kind.kind == "f":
        return 0, 1
    return (0, 2**bits - 1) if kind.kind == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def tiff_pages(data: bytes) -> list[int]:
    """Where the pages of a TIFF begin, from the chain of its directories (TIFF 6.0, section 2)."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = b"+" in data[2:4]
    pointer, entries, entry_size = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    at, offsets = 8 if is_big else 4, dict[int, None]()
    while len(offsets) < MAX_PAGES:
        (offset,) = struct.unpack_from(order + pointer, data, at)
        if offset == 0 or offset in offsets:
            break
        (count,) = struct.unpack_from(order + entries, data, offset)
        offsets[offset] = None
        at = offset + struct.calcsize(order + entries) + count * entry_size
    return list(offsets)


def _tags_of_page(data: bytes, page: int) -> ImageFileDirectory_v2:
    tags = ImageFileDirectory_v2(data[: 16 if b"+" in data[2:4] else 8])
    stream = BytesIO(data)
    stream.seek(tiff_pages(data)[page])
    tags.load(stream)
    return tags
