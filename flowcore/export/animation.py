"""Two pictures that alternate or wipe, with their names, as GIF or MP4."""

from typing import TypeAlias

import numpy as np

from flowcore.export.panels import draw, legend, shared_scale
from flowcore.lane import Lane
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.animation import encode_gif, encode_mp4, flip_frames, wipe_frames, with_words
from flowcore.viz.overlay import fetched_second
from flowcore.viz.scale import Scale

__all__ = ["flip_gif", "wipe_gif", "wipe_mp4"]

Named: TypeAlias = tuple[str, Lane]

_LINES = 3  # of a name, at most


def flip_gif(pair: FramePair, title: str, lane: Lane) -> bytes:
    """A GIF that flips between first and second frame, then between first and warped second."""
    pictures = {
        "First frame": pair.first,
        "Second frame": pair.second,
        f"Second frame warped by {title}": fetched_second(pair.second, lane.estimate.flow),
    }
    named = [with_words(shown, words, max_lines=_LINES) for words, shown in pictures.items()]
    tallest = max(len(frame) for frame in named)
    grown = [(tallest - len(frame), 0) for frame in named]  # above, so that no picture jumps
    frames = (
        np.pad(frame, (more, (0, 0), (0, 0)), constant_values=255)
        for frame, more in zip(named, grown, strict=True)
    )
    return encode_gif(flip_frames(*frames), seconds_per_frame=0.5)


def wipe_gif(pair: FramePair, one: Named, other: Named, *, scale: Scale | None = None) -> bytes:
    """A GIF that wipes between the flow pictures of two lanes."""
    return encode_gif(_wipe(pair, one, other, scale), seconds_per_frame=0.08)


def wipe_mp4(pair: FramePair, one: Named, other: Named, *, scale: Scale | None = None) -> bytes:
    """An MP4 that wipes between the flow pictures of two lanes."""
    return encode_mp4(_wipe(pair, one, other, scale), frames_per_second=12)


def _wipe(pair: FramePair, one: Named, other: Named, scale: Scale | None) -> list[UInt8Array]:
    used = scale or shared_scale(pair, [one[1], other[1]])
    pictures = (draw("flow", pair, lane, used) for _, lane in (one, other))
    wheel = legend("flow", used)
    return [
        with_words(frame, one[0], other[0], wheel, max_lines=_LINES)
        for frame in wipe_frames(*pictures)
    ]
