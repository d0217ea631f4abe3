"""Moving pictures: the warp as a flip, two panels as a wipe."""

import io
import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.io.scratch import scratch_folder
from flowcore.types import UInt8Array
from flowcore.viz.lettering import INK, font, text_width, wrap

__all__ = ["encode_gif", "encode_mp4", "encode_webm", "flip_frames", "wipe_frames", "with_words"]

_NUM_WIPE_STEPS = 24
_NUM_PALETTE_FRAMES = 4  # seen for the colors of a GIF, or up to twice as many
_LETTERS = 16  # px high


def flip_frames(first: UInt8Array, second: UInt8Array, warped: UInt8Array) -> list[UInt8Array]:
    """First and second frame in turn, then first and warped second: what the flow explains."""
    return [first, second, first, second, first, warped, first, warped]


def wipe_frames(left: UInt8Array, right: UInt8Array) -> list[UInt8Array]:
    """A line that wanders over two pictures and back: ``left`` on its left, ``right`` beyond.

    Raises
    ------
    ShapeMismatchError
        The pictures differ in size.
    """
    if left.shape != right.shape:
        raise ShapeMismatchError(f"The pictures differ in size: {left.shape}, {right.shape}.")
    width = left.shape[1]
    there = np.linspace(0, width, _NUM_WIPE_STEPS).astype(int).tolist()
    frames = []
    for edge in [*there, *there[-2:0:-1]]:
        frame = np.concatenate([left[:, :edge], right[:, edge:]], axis=1)
        frame[:, max(0, edge - 1) : edge + 1] = 255
        frames.append(frame)
    return frames


def with_words(
    picture: UInt8Array,
    left: str,
    right: str = "",
    legend: UInt8Array | None = None,
    *,
    max_lines: int = 1,
) -> UInt8Array:
    """The picture under a strip that names its left and its right side, over its legend, RGB.

    The strip has as many lines as the longer name needs; what ``max_lines`` do not hold is cut.
    """
    width = picture.shape[1]
    parts = [_strip(left, right, width, max_lines), picture]
    if legend is not None:
        foot = np.full((legend.shape[0], width, 3), 255, np.uint8)
        shown = legend[:, :width]
        foot[:, : shown.shape[1]] = shown
        parts.append(foot)
    return np.concatenate(parts)


@lru_cache(maxsize=8)
def _strip(left: str, right: str, width: int, max_lines: int) -> UInt8Array:
    room = (width - 3 * 8) // 2 if right else width - 2 * 8
    starts, ends = (wrap(words, room, _LETTERS, max_lines=max_lines) for words in (left, right))
    line = _LETTERS + 4
    strip = Image.new("RGB", (width, 8 + line * max(len(starts), len(ends))), "white")
    draw = ImageDraw.Draw(strip)
    for number, start in enumerate(starts):
        draw.text((8, 4 + number * line), start, INK, font(_LETTERS))
    for number, end in enumerate(ends):
        at = (width - 8 - text_width(end, _LETTERS), 4 + number * line)
        draw.text(at, end, INK, font(_LETTERS))
    return np.asarray(strip)


def encode_gif(frames: Sequence[UInt8Array], *, seconds_per_frame: float) -> bytes:
    """The frames as a GIF that repeats for ever, in 256 colors spread over those of all frames.

    One palette for all: what does not move is then stored once, and a legend keeps its hues, to
    which a palette by frequency leaves nothing beside a large picture.
    """
    some = frames[:: max(1, len(frames) // _NUM_PALETTE_FRAMES)]
    palette = Image.fromarray(np.concatenate(some)).quantize(method=Image.Quantize.FASTOCTREE)
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    file = io.BytesIO()
    images[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=images[1:],
        duration=round(1000 * seconds_per_frame),
        loop=0,
        disposal=1,
    )
    return file.getvalue()


def encode_mp4(frames: Iterable[UInt8Array], *, frames_per_second: float) -> bytes:
    """The frames as an MP4 (MPEG-4 part 2), which slides take; sides are cut to even numbers of px.

    They are asked for one by one, so that a long film need not be held.

    Raises
    ------
    InputError
        There are none, they are smaller than 16 px, which the codec does not take, or it is
        missing here.
    """
    return _encode(frames, frames_per_second, "mp4v", ".mp4")


def encode_webm(frames: Iterable[UInt8Array], *, frames_per_second: float) -> bytes:
    """The frames as a WebM (VP8), which browsers play; otherwise as `encode_mp4`.

    A WebM is a Matroska that says so. It is written as one of the latter, for OpenCV complains on
    standard error about every codec of the former; the word is shorter, and a void fills the rest.
    """
    matroska = _encode(frames, frames_per_second, "VP80", ".mkv")
    return matroska.replace(b"\x42\x82\x88matroska", b"\x42\x82\x84webm\xec\x82\0\0", 1)


def _encode(
    frames: Iterable[UInt8Array], frames_per_second: float, codec: str, suffix: str
) -> bytes:
    coming = iter(frames)
    first = next(coming, None)
    if first is None:
        raise InputError("A video needs a frame, got none.")
    height, width = (side // 2 * 2 for side in first.shape[:2])
    if min(height, width) < 16:
        raise InputError(f"A video needs frames of 16 px or more, got {width}x{height}.")
    with scratch_folder() as folder:
        path = folder / f"video{suffix}"
        code = cv2.VideoWriter.fourcc(*codec)
        writer = cv2.VideoWriter(str(path), code, frames_per_second, (width, height))
        if not writer.isOpened():
            raise InputError(f"This build of OpenCV cannot write {suffix[1:]} files.")
        for frame in itertools.chain([first], coming):
            writer.write(np.ascontiguousarray(frame[:height, :width, ::-1]))
        writer.release()
        return path.read_bytes()
