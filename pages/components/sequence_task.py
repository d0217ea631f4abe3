"""What worker processes do with sequences; free of streamlit, so that they start quickly.

What is heavy to import is imported where it is needed.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from flowcore.data.datasets import Pair
from flowcore.data.reels import Reel
from flowcore.errors import FlowcoreError, InputError
from flowcore.pipeline import run
from flowcore.scores import Failure, PairScore
from flowcore.types import FloatArray, FlowField, FramePair, PipelineConfig, UInt8Array

if TYPE_CHECKING:
    from flowcore.sequences import Moment

__all__ = [
    "Followed",
    "Glance",
    "Made",
    "follow_lane",
    "frames_in_row",
    "make_film",
    "make_flow_files",
]

HEIGHT = 72  # px of the small pictures

Report = Callable[[float, str], object]
"""Is told how far the work is, and answers whether it is asked to come to its end."""


class Glance(NamedTuple):
    """What is kept of a pair: numbers, and small pictures of its first frame and of its flow.

    Parameters
    ----------
    score : PairScore
    speed : float
        In px, that has the full color where this flow stands alone.
    frame : (h, w, 3) uint8
    flow : (h, w, 2) float16
        In px of the frames.
    """

    score: PairScore
    speed: float
    frame: UInt8Array
    flow: FloatArray


class Followed(NamedTuple):
    """What came of the pairs so far, and whether that is all of them."""

    along: list[Glance | Failure]
    is_complete: bool


class Made(NamedTuple):
    """A file once it is made; before, what is needed of each pair so far, empty of a broken one."""

    file: bytes | None
    parts: list[bytes]

    @property
    def is_complete(self) -> bool:
        """Whether the file is made."""
        return self.file is not None


def follow_lane(
    progress: Report,
    pairs: Sequence[Pair],
    config: PipelineConfig,
    threads: int,
    before: Followed | None = None,
) -> Followed:
    """A lane along these pairs, and why some could not be measured.

    Comes to its end early when it is asked to finish, so that others get a turn; goes on after what
    came ``before``. The last pair of that is estimated once more, as the next one's flicker is from
    it on.
    """
    from flowcore.sequences import follow

    found = list(before.along) if before is not None else []
    _tell(progress, len(found), pairs)
    num_known = bool(found) and isinstance(found[-1], Glance)
    course = follow(pairs[len(found) - num_known :], config, threads=threads)
    for moment in itertools.islice(course, num_known, None):
        found.append(moment if isinstance(moment, Failure) else _glance(moment))
        if _tell(progress, len(found), pairs):
            break
    return Followed(found, len(found) == len(pairs))


def make_film(
    progress: Report,
    pairs: Sequence[Pair],
    config: PipelineConfig,
    threads: int,
    title: str,
    max_magnitude: float,
    before: Made | None = None,
) -> Made:
    """Frames and flows side by side as an MP4; a pair that is broken is passed over.

    Gives way and goes on as `follow_lane` does.
    """
    from flowcore.export.sequence import FRAMES_PER_SECOND, film_picture
    from flowcore.io.frames import decode_frame, encode_frame
    from flowcore.viz.animation import encode_mp4

    size = _size(pairs)

    def draw(number: int, pair: FramePair, flow: FlowField) -> bytes:
        picture = film_picture(
            pair.first, flow, title, number, size=size, max_magnitude=max_magnitude
        )
        return encode_frame(picture)

    parts, is_complete = _parts(progress, pairs, config, threads, before, draw)
    if not is_complete:
        return Made(None, parts)
    pictures = (decode_frame(part) for part in parts if part)
    return Made(encode_mp4(pictures, frames_per_second=FRAMES_PER_SECOND), [])


def make_flow_files(
    progress: Report,
    pairs: Sequence[Pair],
    config: PipelineConfig,
    threads: int,
    before: Made | None = None,
) -> Made:
    """Every flow as a file, in a ZIP; a pair that is broken is passed over.

    Gives way and goes on as `follow_lane` does.
    """
    from flowcore.export.sequence import flows_zip
    from flowcore.io.flow_files import decode_flow, encode_flow

    def pack(_number: int, _pair: FramePair, flow: FlowField) -> bytes:
        return encode_flow(flow, "flo")

    parts, is_complete = _parts(progress, pairs, config, threads, before, pack)
    if not is_complete:
        return Made(None, parts)
    flows = (
        (f"{files.dataset}/{files.sequence}", decode_flow(part))
        for files, part in zip(pairs, parts, strict=True)
        if part
    )
    return Made(flows_zip(flows, config, threads=threads), [])


def frames_in_row(reel: Reel, indices: Sequence[int]) -> list[UInt8Array]:
    """Frames of a reel by their number, counted from 0; errors as of reading a pair."""
    last = len(reel.pairs)
    return [
        reel.pairs[index].first_frame() if index < last else reel.pairs[-1].load().second
        for index in indices
    ]


def _parts(
    progress: Report,
    pairs: Sequence[Pair],
    config: PipelineConfig,
    threads: int,
    before: Made | None,
    make: Callable[[int, FramePair, FlowField], bytes],
) -> tuple[list[bytes], bool]:
    """What ``make`` gives of each pair and its flow, and whether that is all of them."""
    parts = list(before.parts) if before is not None else []
    _tell(progress, len(parts), pairs)
    for number, files in enumerate(pairs[len(parts) :], start=len(parts) + 1):
        try:
            pair = files.load()
        except FlowcoreError:
            parts.append(b"")
        else:
            parts.append(make(number, pair, run(pair, config, threads=threads).flow))
        if _tell(progress, len(parts), pairs):
            break
    return parts, len(parts) == len(pairs)


def _tell(progress: Report, done: int, pairs: Sequence[Pair]) -> bool:
    """Whether to come to the end early, where there is any more to do."""
    count = len(pairs)
    return bool(progress(done / count, f"pair {min(done + 1, count)} of {count}"))


def _glance(moment: "Moment") -> Glance:
    from flowcore.viz.flow_color import shared_max_magnitude

    speed = shared_max_magnitude([moment.flow])
    frame = np.asarray(_small(moment.pair.first), np.uint8)
    return Glance(moment.score, speed, frame, _small(moment.flow.uv).astype(np.float16))


def _size(pairs: Sequence[Pair]) -> tuple[int, int]:
    """(height, width) of the first frame that can be read."""
    for files in pairs:
        try:
            frame = files.first_frame()
        except FlowcoreError:
            continue
        return frame.shape[0], frame.shape[1]
    raise InputError("None of these pairs can be read.")


def _small(picture: FloatArray | UInt8Array) -> FloatArray:
    height, width = picture.shape[:2]
    size = max(1, round(HEIGHT * width / height)), HEIGHT
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
