"""Between video files and RGB frames.

FFmpeg, through OpenCV, crashes on some damaged files and cannot be interrupted. So it runs in a
process of its own (``video_worker.py``), on a temporary copy with a name of our own. Frames are
counted and reached by decoding from the start: headers lie about their number, and seeking misses
frames between key frames.
"""

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from flowcore.errors import FrameDecodeError
from flowcore.io import video_worker
from flowcore.io.guard import MAX_PIXELS, naming_damage, require_size
from flowcore.io.scratch import scratch_folder
from flowcore.types import UInt8Array

__all__ = ["MAX_FRAMES", "VideoInfo", "decode_video_frames", "probe_video", "video_thumbnails"]

MAX_FRAMES = 10_000
"""Frames of the longest video that is read."""

_MAX_PIXELS_KEPT = 10 * MAX_PIXELS
_MAX_SECONDS = 300
_MAGIC = (
    (rb"....ftyp", ".mp4"),
    (rb"....(?:moov|mdat|wide|free|skip|pnot)", ".mov"),  # QuickTime before it named itself
    (rb"RIFF....AVI ", ".avi"),
    (rb"GIF8[79]a", ".gif"),
)
_NAME = "The video"


@dataclass(frozen=True)
class VideoInfo:
    """What a video holds.

    Parameters
    ----------
    num_frames : int
        Frames that really decode, counted.
    height, width : int
        Of a frame, upright.
    fps : float
        Frames per second as the file states it; 0 where it does not.
    """

    num_frames: int
    height: int
    width: int
    fps: float


def probe_video(data: bytes) -> VideoInfo:
    """The size and the counted length of an mp4, mov, avi or gif.

    Every frame is decoded once to be counted (about 1 ms each at 972x540).

    Raises
    ------
    FrameDecodeError
        Another format, no frame that decodes, larger or longer than is read, or a file that
        crashes FFmpeg.
    """
    info, _ = _decode(data, (), last=MAX_FRAMES)
    if info.num_frames > MAX_FRAMES:
        raise FrameDecodeError(f"{_NAME} has more than the {MAX_FRAMES} frames that are read.")
    return info


def decode_video_frames(data: bytes, indices: Sequence[int]) -> list[UInt8Array]:
    """The frames at ``indices``, each ``(H, W, 3) uint8`` RGB, in the order asked for.

    Parameters
    ----------
    data : bytes
        The whole file: mp4, m4v, mov, avi or gif.
    indices : sequence of int
        From 0 to ``MAX_FRAMES`` - 1; in any order, repeats allowed.

    Raises
    ------
    FrameDecodeError
        As ``probe_video``; an index outside the video; or more pixels in all than memory allows.
    """
    if not indices:
        return []
    if min(indices) < 0 or max(indices) >= MAX_FRAMES:
        raise FrameDecodeError(
            f"Frames count from 0 to {MAX_FRAMES - 1}, "
            f"got the indices {min(indices)} to {max(indices)}."
        )
    info, frames = _decode(data, set(indices), last=max(indices))
    if len(frames) < len(set(indices)):
        raise FrameDecodeError(
            f"{_NAME} has the frames 0 to {info.num_frames - 1}, got the index {max(indices)}."
        )
    return [frames[index] for index in indices]


def video_thumbnails(data: bytes, indices: Sequence[int], *, height: int = 60) -> list[UInt8Array]:
    """The frames at ``indices`` reduced to ``height`` px; errors as of `decode_video_frames`."""
    frames = decode_video_frames(data, indices)
    width = max(1, round(height * frames[0].shape[1] / frames[0].shape[0])) if frames else 1
    small = (cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in frames)
    return [np.asarray(frame, np.uint8) for frame in small]


def _decode(
    data: bytes, wanted: Iterable[int], *, last: int
) -> tuple[VideoInfo, dict[int, UInt8Array]]:
    """What the video holds up to the index ``last``, and the frames at ``wanted``."""
    suffix = _suffix(data)
    if suffix == ".gif":  # FFmpeg allocates the canvas of a gif when it opens it
        width, height = np.frombuffer(data[6:10].ljust(4, b"\0"), "<u2").tolist()
        require_size(height, width, name=_NAME, error=FrameDecodeError)
    num_wanted = len(set(wanted))
    with scratch_folder() as folder, naming_damage(_NAME, FrameDecodeError):
        path = folder / f"video{suffix}"
        path.write_bytes(data)
        _run_worker(
            path=str(path),
            wanted=list(wanted),
            last=last,
            max_pixels=min(MAX_PIXELS, _MAX_PIXELS_KEPT // max(num_wanted, 1)),
        )
        info = _checked_info(json.loads((path.parent / "answer.json").read_text()), num_wanted)
        saved = {int(file.stem): file for file in path.parent.glob("*.npy")}
        return info, {index: np.load(file) for index, file in saved.items()}


def _suffix(data: bytes) -> str:
    for magic, suffix in _MAGIC:
        if re.match(magic, data, re.DOTALL):
            return suffix
    raise FrameDecodeError(f"{_NAME} starts with {data[:12]!r}, expected an mp4, mov, avi or gif.")


def _run_worker(**request: object) -> None:
    """Let a worker answer; an error in words where it crashes or hangs.

    Its standard input stays open: when that ends, because this process was killed, so does it.
    """
    worker = subprocess.Popen(  # noqa: S603  (our own interpreter and file, nothing of the user's)
        [sys.executable, "-I", video_worker.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with worker:
        assert worker.stdin is not None
        try:
            worker.stdin.write(json.dumps(request).encode() + b"\n")
            worker.stdin.flush()
            status = worker.wait(_MAX_SECONDS)
        except subprocess.TimeoutExpired as caught:
            raise FrameDecodeError(f"{_NAME} was not decoded within {_MAX_SECONDS} s.") from caught
        finally:
            worker.kill()
    if status != 0:
        raise FrameDecodeError(f"{_NAME} is damaged: its decoder ended with status {status}.")


def _checked_info(answer: dict[str, float], num_wanted: int) -> VideoInfo:
    height, width, fps = int(answer["height"]), int(answer["width"]), float(answer["fps"])
    if height > 0 and width > 0:
        require_size(height, width, name=_NAME, error=FrameDecodeError)
        if num_wanted * height * width > _MAX_PIXELS_KEPT:
            raise FrameDecodeError(
                f"{num_wanted} frames of {width}x{height} were asked for at once, more than the "
                f"{_MAX_PIXELS_KEPT // 1_000_000} million pixels that are kept."
            )
    if answer["num_frames"] < 1:
        raise FrameDecodeError(f"{_NAME} holds no frame that can be decoded.")
    is_stated = math.isfinite(fps) and fps > 0
    return VideoInfo(int(answer["num_frames"]), height, width, fps if is_stated else 0.0)
