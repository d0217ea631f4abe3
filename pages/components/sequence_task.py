"""What worker processes do with sequences; free of streamlit, so that they start quickly.

What is heavy to import is imported where it is needed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from flowcore.data.datasets import Pair
from flowcore.data.reels import Reel
from flowcore.errors import FlowcoreError
from flowcore.pipeline import run
from flowcore.scores import Failure, PairScore
from flowcore.types import FloatArray, FlowField, FramePair, PipelineConfig, UInt8Array

__all__ = ["Glance", "follow_lane", "frames_in_row", "make_film", "make_flow_files"]

HEIGHT = 72  # px of the small pictures

Report = Callable[[float, str], object]


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


def follow_lane(
    progress: Report, pairs: Sequence[Pair], config: PipelineConfig, threads: int
) -> list[Glance | Failure]:
    """A lane along these pairs, and why some could not be measured."""
    from flowcore.sequences import follow
    from flowcore.viz.flow_color import shared_max_magnitude

    found: list[Glance | Failure] = []
    progress(0.0, f"pair 1 of {len(pairs)}")
    for number, moment in enumerate(follow(pairs, config, threads=threads), start=1):
        if isinstance(moment, Failure):
            found.append(moment)
        else:
            speed = shared_max_magnitude([moment.flow])
            frame = np.asarray(_small(moment.pair.first), np.uint8)
            flow = _small(moment.flow.uv).astype(np.float16)
            found.append(Glance(moment.score, speed, frame, flow))
        progress(number / len(pairs), f"pair {min(number + 1, len(pairs))} of {len(pairs)}")
    return found


def make_film(
    progress: Report,
    pairs: Sequence[Pair],
    config: PipelineConfig,
    threads: int,
    title: str,
    max_magnitude: float,
) -> bytes:
    """Frames and flows side by side as an MP4; a pair that is broken is passed over."""
    from flowcore.export.sequence import flows_mp4

    coming = _estimated(progress, pairs, config, threads)
    moments = ((pair.first, flow) for _, pair, flow in coming)
    return flows_mp4(moments, title, max_magnitude=max_magnitude)


def make_flow_files(
    progress: Report, pairs: Sequence[Pair], config: PipelineConfig, threads: int
) -> bytes:
    """Every flow as a file, in a ZIP; a pair that is broken is passed over."""
    from flowcore.export.sequence import flows_zip

    coming = _estimated(progress, pairs, config, threads)
    flows = ((f"{files.dataset}/{files.sequence}", flow) for files, _, flow in coming)
    return flows_zip(flows, config, threads=threads)


def frames_in_row(reel: Reel, indices: Sequence[int]) -> list[UInt8Array]:
    """Frames of a reel by their number, counted from 0; errors as of reading a pair."""
    last = len(reel.pairs)
    return [
        reel.pairs[index].first_frame() if index < last else reel.pairs[-1].load().second
        for index in indices
    ]


def _estimated(
    progress: Report, pairs: Sequence[Pair], config: PipelineConfig, threads: int
) -> Iterator[tuple[Pair, FramePair, FlowField]]:
    for number, files in enumerate(pairs):
        progress(number / len(pairs), f"pair {number + 1} of {len(pairs)}")
        try:
            pair = files.load()
        except FlowcoreError:
            continue
        yield files, pair, run(pair, config, threads=threads).flow


def _small(picture: FloatArray | UInt8Array) -> FloatArray:
    height, width = picture.shape[:2]
    size = max(1, round(HEIGHT * width / height)), HEIGHT
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
