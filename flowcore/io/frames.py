"""Between picture files and RGB frames, label images and masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from PIL import Image

from flowcore.errors import FrameDecodeError, InputError
from flowcore.io.atomic import write_bytes
from flowcore.io.guard import MAX_PIXELS, naming_damage, read_bytes
from flowcore.io.pictures import open_picture, read_pixels, turned_upright
from flowcore.io.scaling import ValueRange, to_8_bit
from flowcore.types import BoolArray, IntArray, UInt8Array
from flowcore.types.arrays import read_only

__all__ = [
    "MAX_PIXELS",
    "Decoded",
    "FrameFormat",
    "decode_frame",
    "decode_frames",
    "decode_labels",
    "decode_mask",
    "encode_frame",
    "encode_labels",
    "read_frame",
    "read_frames",
    "reduce_frame",
    "write_frame",
]

FrameFormat = Literal["png", "jpeg", "webp"]

_SUFFIXES: dict[str, FrameFormat] = {
    ".jpeg": "jpeg",
    ".jpg": "jpeg",
    ".png": "png",
    ".webp": "webp",
}


@dataclass(frozen=True, eq=False)
class Decoded:
    """Frames of files that belong together.

    Parameters
    ----------
    frames : tuple of (H, W, 3) uint8
        RGB, of any sizes; read-only, so that a pair made of them is no copy.
    notes : tuple of str
        What had to be assumed, in sentences: of pages, of transparency, of the scaling.
    is_deep : bool
        Whether the files hold more than 8 bits, so that there was a scaling to choose.
    """

    frames: tuple[UInt8Array, ...]
    notes: tuple[str, ...]
    is_deep: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", tuple(read_only(frame) for frame in self.frames))


def decode_frame(
    data: bytes, *, name: str = "image", value_range: ValueRange = "auto", page: int | None = None
) -> UInt8Array:
    """A picture file as an RGB frame ``(H, W, 3) uint8``: ``decode_frames`` of one."""
    return decode_frames((data,), names=(name,), value_range=value_range, pages=(page,)).frames[0]


def decode_frames(
    files: Sequence[bytes],
    *,
    names: Sequence[str],
    value_range: ValueRange = "auto",
    pages: Sequence[int | None] = (),
) -> Decoded:
    """Picture files that belong together as RGB frames, upright.

    PNG, JPEG, WebP, TIFF, BMP, PPM, PGM, AVIF, and the first picture of a GIF. Gray becomes three
    equal channels, transparency is laid over black, CMYK is converted without a color profile, and
    the EXIF orientation is applied. Values deeper than 8 bits are scaled alike in all files.

    Parameters
    ----------
    files : sequence of bytes
        Whole files.
    names : sequence of str
        What messages and notes call them.
    value_range : "auto", "full" or "used"
        What becomes black and white of deeper values; see ``flowcore.io.scaling``.
    pages : sequence of int, optional
        Which page of each TIFF, counted from 0; the first ones if left out.

    Raises
    ------
    FrameDecodeError
        Another format or kind of numbers, no such page, more than ``MAX_PIXELS`` pixels, or a
        file that is damaged or cut short.
    """
    pixels = [
        read_pixels(data, name=name, page=page)
        for data, name, page in zip(files, names, pages or [None] * len(files), strict=True)
    ]
    frames, scaling = to_8_bit(pixels, value_range)
    notes = [note for one in pixels for note in one.notes] + [scaling] * bool(scaling)
    return Decoded(tuple(frames), tuple(dict.fromkeys(notes)), is_deep=bool(scaling))


def decode_labels(data: bytes, *, name: str = "label image") -> IntArray:
    """A label image as ``(H, W) int32``: the stored numbers, or the indices of a palette.

    Parameters
    ----------
    data : bytes
        A PNG with one channel of up to 16 bits.
    name : str
        What the error messages call it.

    Raises
    ------
    FrameDecodeError
        Not a PNG, more than one channel, too large, or damaged.
    """
    picture = _open_one_channel(data, name)
    with naming_damage(name, FrameDecodeError):
        labels = np.asarray(picture).astype(np.int32)
        depth = data[24]
        if picture.mode == "L" and depth < 8:  # Pillow has stretched 2 and 4 bits over 0..255
            labels //= 255 // (2**depth - 1)
        return turned_upright(labels, picture)


def decode_mask(data: bytes, *, name: str = "mask") -> BoolArray:
    """A mask as ``(H, W) bool``: true where the picture is not black.

    Of a palette the colors count, whatever their indices. Takes and refuses what ``decode_labels``
    does.
    """
    picture = _open_one_channel(data, name)
    with naming_damage(name, FrameDecodeError):
        values = np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
        is_lit = np.atleast_3d(values != 0)
        return turned_upright(np.any(is_lit, axis=2, keepdims=True)[..., 0], picture)


def encode_labels(labels: IntArray) -> bytes:
    """Class numbers ``(H, W) int``, or a mask, as the PNG that ``decode_labels`` reads.

    It has 8 bits where these are enough, else 16. Of a mask true is 1.

    Raises
    ------
    InputError
        Not ``(H, W)``, or a number outside 0..65535.
    """
    if labels.ndim != 2 or not labels.size or labels.min() < 0 or labels.max() > 65535:
        raise InputError(
            f"Labels are (H, W) of 0..65535, got {labels.shape}"
            + (f" of {labels.min()}..{labels.max()}." if labels.size else ".")
        )
    depth = np.uint8 if labels.max() < 256 else np.uint16
    return cv2.imencode(".png", labels.astype(depth))[1].tobytes()


def _open_one_channel(data: bytes, name: str) -> Image.Image:
    picture = open_picture(data, name=name)
    if picture.format != "PNG" or picture.mode not in ("1", "L", "P", "I;16"):
        raise FrameDecodeError(
            f"{name} is a {picture.format} of {len(picture.getbands())} channel(s), expected a PNG "
            "with one channel of class numbers."
        )
    return picture


def read_frame(
    path: str | Path, *, value_range: ValueRange = "auto", page: int | None = None
) -> UInt8Array:
    """The picture at ``path`` as ``decode_frame`` gives it.

    Raises
    ------
    FrameDecodeError
        The file cannot be read, or not as a picture.
    """
    return read_frames((path,), value_range=value_range, pages=(page,)).frames[0]


def read_frames(
    paths: Sequence[str | Path],
    *,
    value_range: ValueRange = "auto",
    pages: Sequence[int | None] = (),
) -> Decoded:
    """The pictures at ``paths``, which belong together, as ``decode_frames`` gives them.

    Raises
    ------
    FrameDecodeError
        A file that cannot be read, or not as a picture.
    """
    return decode_frames(
        [read_bytes(path, FrameDecodeError) for path in paths],
        names=[Path(path).name for path in paths],
        value_range=value_range,
        pages=pages,
    )


def encode_frame(frame: UInt8Array, *, format: FrameFormat = "png", quality: int = 92) -> bytes:
    """A frame ``(H, W, 3) uint8`` as the bytes of a picture file.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        RGB.
    format : "png", "jpeg" or "webp"
        PNG keeps every value; the others are smaller.
    quality : int
        1 to 100, for JPEG and WebP.

    Raises
    ------
    InputError
        Not a frame, another format or quality, or a side too long for the format.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        raise InputError(f"A frame is (H, W, 3) uint8, got {frame.shape} {frame.dtype}.")
    if format not in get_args(FrameFormat):
        raise InputError(f"Unknown picture format {format!r}; choose from {get_args(FrameFormat)}.")
    if not 1 <= quality <= 100:
        raise InputError(f"Quality must lie in 1..100, got {quality}.")
    options = {
        "png": [],
        "jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, quality],
    }
    try:
        done, encoded = cv2.imencode(f".{format}", frame[..., ::-1], options[format])
    except cv2.error:
        done = False
    if not done:
        raise InputError(f"A frame of {frame.shape[1]}x{frame.shape[0]} does not fit in {format}.")
    return encoded.tobytes()


def reduce_frame(frame: UInt8Array, max_side: int) -> UInt8Array:
    """The frame ``(H, W, 3) uint8`` with its longer side reduced to ``max_side`` px, if longer."""
    height, width = frame.shape[:2]
    factor = max_side / max(height, width)
    if factor >= 1:
        return frame
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def write_frame(path: str | Path, frame: UInt8Array) -> None:
    """Write the frame as a file in the format of its suffix.

    Raises
    ------
    InputError
        A suffix other than .png, .jpg, .jpeg or .webp, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(f"Cannot write a frame as {suffix!r}; choose from {sorted(_SUFFIXES)}.")
    data = encode_frame(frame, format=_SUFFIXES[suffix])
    try:
        write_bytes(path, data)
    except OSError as caught:
        raise InputError(f"Cannot write {path}: {caught.strerror or caught}.") from caught
