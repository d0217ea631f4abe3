"""Between the bytes of a picture file and its pixels as they are stored, turned upright.

Pillow reads the header, judges whether a file is whole, and gives the pixels of 8 bits; those of
more, for most of which it has no mode, come from ``deep.py``.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

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
from flowcore.io.deep import Pixels, WithAlpha, deep_tiff, deep_values, opacity, tiff_pages
from flowcore.io.guard import naming_damage, require_size

__all__ = ["count_pages", "open_picture", "read_pixels", "turned_upright"]

MAX_SCANS = 100  # of a JPEG; cameras and editors write one to twenty
_JPEG_SCAN = b"\xff\xda"  # its marker, which the pixels' own bytes never hold
_TIFF = rb"II[*+]\0|MM\0[*+]"
# By content, never by name. The classes are called directly: Image.open would warn of large
# pictures by a limit of its own.
_READERS: tuple[tuple[bytes, type[ImageFile]], ...] = (
    (rb"\x89PNG\r\n\x1a\n", PngImageFile),
    (rb"\xff\xd8\xff", JpegImageFile),
    (rb"RIFF....WEBP", WebPImageFile),
    (_TIFF, TiffImageFile),
    (rb"BM", BmpImageFile),
    (rb"P[2356]\s", PpmImageFile),
    (rb"....ftyp(avif|avis|mif1)", AvifImageFile),
    (rb"GIF8[79]a", GifImageFile),
)
_TURNS: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    # value of the EXIF tag Orientation (CIPA DC-008, section 4.6.4) -> what undoes it
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}
_EXIF_ORIENTATION = 0x0112
_PPM_TOP = re.compile(rb"P[2356]" + 3 * rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})")
_MODES_8_BIT = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
)


def read_pixels(data: bytes, *, name: str, page: int | None = None) -> Pixels:
    """The pixels of a picture file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What messages and notes call it.
    page : int, optional
        Of a TIFF, counted from 0. If left out, the first one, and a note where there are more.

    Raises
    ------
    FrameDecodeError
        Another format or kind of numbers, no such page, more than ``MAX_PIXELS`` pixels, or a file
        that is damaged or cut short.
    """
    notes = []
    is_tiff = re.match(_TIFF, data) is not None
    count = count_pages(data, name=name)
    if page is None and count > 1:
        what = "pages" if is_tiff else "pictures"
        notes.append(f"{name} holds {count} {what}; the first one was taken.")
    if page is not None and not 0 <= page < count:
        raise FrameDecodeError(f"{name} has the pages 0 to {count - 1}, got the page {page}.")
    with naming_damage(name, FrameDecodeError):
        found = deep_tiff(data, name, page or 0) if is_tiff else None
        pixels, alpha = found or _of_picture(data, name, page or 0)
        if alpha is None or (alpha == 1).all():
            return replace(pixels, notes=tuple(notes))
        notes.append(f"{name} is transparent in places; it was laid over black.")
        laid = pixels.values * alpha
        if pixels.values.dtype.kind != "f":
            laid = np.rint(laid)
        return replace(pixels, values=laid.astype(pixels.values.dtype), notes=tuple(notes))


def count_pages(data: bytes, *, name: str = "image") -> int:
    """The number of pages of a TIFF, or of pictures in an animation; 1 for all other pictures.

    Raises
    ------
    FrameDecodeError
        Another format, or a header that is damaged.
    """
    with naming_damage(name, FrameDecodeError):
        if re.match(_TIFF, data):
            return len(tiff_pages(data))
        return int(getattr(_header(data, name, FrameDecodeError), "n_frames", 1))


def open_picture(
    data: bytes, *, name: str, error: type[InputError] = FrameDecodeError, page: int = 0
) -> Image.Image:
    """A picture file as a Pillow image that is known to be whole, as it is stored.

    The size is checked before any pixel is decoded.

    Raises
    ------
    error
        Another format, too large, damaged or cut short.
    """
    with naming_damage(name, error):
        picture = _header(data, name, error)
        if page:
            picture.seek(page)
        require_size(picture.height, picture.width, name=name, error=error)
        if picture.format == "PNG" and not _has_whole_chunks(data):
            raise error(f"{name} is damaged or cut short: its chunks reach beyond its end.")
        if picture.format == "JPEG" and data.count(_JPEG_SCAN) > MAX_SCANS:
            raise error(
                f"{name} is a JPEG of {data.count(_JPEG_SCAN):,} scans; at most {MAX_SCANS} are "
                "read, as each is decoded over the whole picture."
            )
        picture.load()
        return picture


def turned_upright(values: npt.NDArray[Any], picture: Image.Image) -> npt.NDArray[Any]:
    """Pixels ``(H, W, ...)`` of a picture as its EXIF orientation wants them shown."""
    turn = _TURNS.get(picture.getexif().get(_EXIF_ORIENTATION, 1))
    return values if turn is None else np.ascontiguousarray(turn(values))


def _of_picture(data: bytes, name: str, page: int) -> WithAlpha:
    """What Pillow opens: 8 bits, or the 16 of a PNG, PGM or PPM."""
    picture = open_picture(data, name=name, page=page)
    top = 255
    if picture.format == "PNG" and data[24] == 16:
        top = 2**16 - 1
    elif picture.format == "PPM" and (header := _PPM_TOP.match(data)):
        top = int(header[3])
    if top > 255:
        values = turned_upright(deep_values(data, name=name), picture)
        return Pixels(values[..., :3], high=top), opacity(values, top)
    if picture.mode not in _MODES_8_BIT:
        raise FrameDecodeError(
            f"{name} holds pixels of Pillow's mode {picture.mode}, expected gray or color."
        )
    if not picture.has_transparency_data:
        return Pixels(turned_upright(np.array(picture.convert("RGB")), picture)), None
    values = turned_upright(np.array(picture.convert("RGBA")), picture)
    return Pixels(values[..., :3]), opacity(values, 255)


def _header(data: bytes, name: str, error: type[InputError]) -> ImageFile:
    """The picture with nothing but its header read."""
    for magic, reader in _READERS:
        if re.match(magic, data, re.DOTALL):
            return reader(BytesIO(data))
    raise error(
        f"{name} starts with {data[:8]!r}, expected a PNG, JPEG, WebP, TIFF, BMP, PPM, PGM, "
        "AVIF or GIF picture."
    )


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
