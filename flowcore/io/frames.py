"""Between picture files and RGB frames, label images and masks.

Pillow reads the header, judges whether a file is whole and turns it upright; OpenCV gives the
pixels of 16-bit color files, for which Pillow has no mode, and writes.
"""

import re
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from flowcore.errors import FrameDecodeError, InputError
from flowcore.io.atomic import write_bytes
from flowcore.io.guard import MAX_PIXELS, naming_damage, read_bytes, require_size
from flowcore.types import BoolArray, IntArray, UInt8Array

__all__ = [
    "MAX_PIXELS",
    "FrameFormat",
    "decode_deep_color",
    "decode_frame",
    "decode_labels",
    "decode_mask",
    "encode_frame",
    "open_picture",
    "read_frame",
    "write_frame",
]

FrameFormat = Literal["png", "jpeg", "webp"]

# By content, never by name. The classes are called directly: Image.open would warn of large
# pictures by a limit of its own.
_READERS: tuple[tuple[bytes, type[ImageFile]], ...] = (
    (rb"\x89PNG\r\n\x1a\n", PngImageFile),
    (rb"\xff\xd8\xff", JpegImageFile),
    (rb"RIFF....WEBP", WebPImageFile),
    (rb"II\*\0|MM\0\*", TiffImageFile),
    (rb"BM", BmpImageFile),
    (rb"P[2356]\s", PpmImageFile),
    (rb"....ftyp(avif|avis|mif1)", AvifImageFile),
    (rb"GIF8[79]a", GifImageFile),
)
_MODES_8_BIT = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
)
_DEEP_COLOR_MODES = frozenset({"LA", "RGB", "RGBA", "RGBX"})
_UPRIGHT = {  # value of the EXIF tag Orientation (CIPA DC-008, section 4.6.4) -> what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_EXIF_ORIENTATION = 0x0112
_TIFF_BITS_PER_SAMPLE = 258
_SUFFIXES: dict[str, FrameFormat] = {
    ".jpeg": "jpeg",
    ".jpg": "jpeg",
    ".png": "png",
    ".webp": "webp",
}


def decode_frame(data: bytes, *, name: str = "image") -> UInt8Array:
    """A picture file as an RGB frame ``(H, W, 3) uint8``, upright.

    PNG, JPEG, WebP, TIFF, BMP, PPM, PGM, AVIF, and the first picture of a GIF. Gray becomes three
    equal channels, transparency is dropped, 16-bit values are divided by 257 and rounded, CMYK is
    converted without a color profile, and the EXIF orientation is applied.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What the error messages call it.

    Raises
    ------
    FrameDecodeError
        Another format, more than ``MAX_PIXELS`` pixels, floating-point or 32-bit values, or a
        file that is damaged or cut short.
    """
    picture = open_picture(data, name=name)
    with naming_damage(name, FrameDecodeError):
        if _bit_depth(data, picture) == 16 and picture.mode in _DEEP_COLOR_MODES:
            return _to_8_bit(decode_deep_color(data, name=name))
        if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PPM"):
            return np.repeat(_to_8_bit(np.asarray(picture))[..., None], 3, axis=2)
        if picture.mode not in _MODES_8_BIT:
            raise FrameDecodeError(
                f"{name} holds pixels of Pillow's mode {picture.mode}, expected 8 or 16 bits "
                "per channel, gray or color."
            )
        picture.info.pop("transparency", None)
        straight = picture.convert("RGBA") if picture.mode == "RGBa" else picture
        return np.array(straight.convert("RGB"))


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
    picture = open_picture(data, name=name)
    if picture.format != "PNG" or picture.mode not in ("1", "L", "P", "I;16"):
        raise FrameDecodeError(
            f"{name} is a {picture.format} of {len(picture.getbands())} channel(s), expected a PNG "
            "with one channel of class numbers."
        )
    with naming_damage(name, FrameDecodeError):
        labels = np.asarray(picture).astype(np.int32)
        depth = _bit_depth(data, picture)
        if picture.mode == "L" and depth < 8:  # Pillow has stretched 2 and 4 bits over 0..255
            labels //= 255 // (2**depth - 1)
        return labels


def decode_mask(data: bytes, *, name: str = "mask") -> BoolArray:
    """A mask as ``(H, W) bool``: true where the picture is not zero.

    Takes and refuses what ``decode_labels`` does.
    """
    return decode_labels(data, name=name).astype(bool)


def read_frame(path: str | Path) -> UInt8Array:
    """The picture at ``path`` as ``decode_frame`` gives it.

    Raises
    ------
    FrameDecodeError
        The file cannot be read, or not as a picture.
    """
    return decode_frame(read_bytes(path, FrameDecodeError), name=Path(path).name)


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


def write_frame(path: str | Path, frame: UInt8Array) -> None:
    """Nothing; afterwards the file holds the frame, in the format of its suffix.

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


def open_picture(
    data: bytes, *, name: str, error: type[InputError] = FrameDecodeError
) -> Image.Image:
    """A picture file as an upright Pillow image that is known to be whole.

    The size is checked before any pixel is decoded.

    Raises
    ------
    error
        Another format, too large, damaged or cut short.
    """
    reader = next((kind for magic, kind in _READERS if re.match(magic, data, re.DOTALL)), None)
    if reader is None:
        raise error(
            f"{name} starts with {data[:8]!r}, expected a PNG, JPEG, WebP, TIFF, BMP, PPM, PGM, "
            "AVIF or GIF picture."
        )
    with naming_damage(name, error):
        picture = reader(BytesIO(data))
        require_size(picture.height, picture.width, name=name, error=error)
        if picture.format == "PNG" and not _has_whole_chunks(data):
            raise error(f"{name} is damaged or cut short: its chunks reach beyond its end.")
        picture.load()
        upright = _UPRIGHT.get(picture.getexif().get(_EXIF_ORIENTATION, 1))
        if upright is None:
            return picture
        turned = picture.transpose(upright)
        turned.format = picture.format
        return turned


def decode_deep_color(
    data: bytes, *, name: str, error: type[InputError] = FrameDecodeError
) -> npt.NDArray[np.uint16]:
    """The 16-bit RGB values ``(H, W, 3)`` of a file that ``open_picture`` has found whole.

    Raises
    ------
    error
        OpenCV finds something else in it.
    """
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH  # upright, without alpha
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None or pixels.dtype != np.uint16:
        raise error(f"{name} claims 16 bits per channel and cannot be read as such.")
    return np.ascontiguousarray(pixels[..., ::-1], dtype=np.uint16)


def _has_whole_chunks(data: bytes) -> bool:
    """Whether every chunk of a PNG, up to IEND, lies within the file.

    Pillow does not mind, and OpenCV gives a chunk as much memory as it claims.
    """
    position = 8
    while position + 12 <= len(data):
        kind = data[position + 4 : position + 8]
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        if kind == b"IEND":
            return position <= len(data)
    return False


def _bit_depth(data: bytes, picture: Image.Image) -> int:
    """Bits per channel of a PNG or TIFF; 8 for the rest, whose 16 bits Pillow handles."""
    if picture.format == "PNG":
        return data[24]
    if isinstance(picture, TiffImageFile):
        return int(max(picture.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (1,))))
    return 8


def _to_8_bit(values: npt.NDArray[Any]) -> UInt8Array:
    """16-bit values over 257, rounded: 65535 -> 255, 128 -> 0, 129 -> 1."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
