"""Two pictures that alternate or wipe, as GIF or MP4."""

from flowcore.export.panels import draw, shared_scale
from flowcore.lane import Lane
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.animation import encode_gif, encode_mp4, flip_frames, wipe_frames
from flowcore.viz.overlay import fetched_second
from flowcore.viz.scale import Scale

__all__ = ["flip_gif", "wipe_gif", "wipe_mp4"]


def flip_gif(pair: FramePair, lane: Lane) -> bytes:
    """A GIF that flips between first and second frame, then between first and warped second."""
    warped = fetched_second(pair.second, lane.estimate.flow)
    return encode_gif(flip_frames(pair.first, pair.second, warped), seconds_per_frame=0.5)


def wipe_gif(pair: FramePair, one: Lane, other: Lane, *, scale: Scale | None = None) -> bytes:
    """A GIF that wipes between the flow pictures of two lanes."""
    return encode_gif(_wipe(pair, one, other, scale), seconds_per_frame=0.08)


def wipe_mp4(pair: FramePair, one: Lane, other: Lane, *, scale: Scale | None = None) -> bytes:
    """An MP4 that wipes between the flow pictures of two lanes."""
    return encode_mp4(_wipe(pair, one, other, scale), frames_per_second=12)


def _wipe(pair: FramePair, one: Lane, other: Lane, scale: Scale | None) -> list[UInt8Array]:
    used = scale or shared_scale(pair, [one, other])
    return wipe_frames(*(draw("flow", pair, lane, used) for lane in (one, other)))
