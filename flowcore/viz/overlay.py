"""Flow and masks drawn over frames; the second frame fetched back."""

import cv2
import numpy as np

from flowcore.ops.convert import flow_to_tensor, frame_to_array, frame_to_tensor
from flowcore.ops.warp import lands_inside, warp
from flowcore.types import BoolArray, FlowField, UInt8Array

__all__ = ["difference", "draw_arrows", "fetched_second", "hatch", "overlay_mask", "warped_second"]

ARROW_COLOR = (255, 230, 0)
HATCH_COLOR = (255, 0, 128)


def draw_arrows(
    frame: UInt8Array, flow: FlowField, *, step: int | None = None, scale: float = 1.0
) -> UInt8Array:
    """The frame, darkened, with the flow as arrows on a regular grid.

    Parameters
    ----------
    frame : (H, W, 3) uint8
    flow : FlowField
        Unknown pixels get no arrow.
    step : int, optional
        Distance of the arrows in px; a thirtieth of the longer side if left out.
    scale : float
        Length of an arrow per px of flow.
    """
    height, width = flow.size
    step = step or max(8, max(height, width) // 30)
    canvas = np.ascontiguousarray(frame // 2)
    y, x = np.mgrid[step // 2 : height : step, step // 2 : width : step].reshape(2, -1)
    known = flow.valid[y, x]
    starts = np.stack([x, y], axis=-1)[known]
    ends = starts + scale * flow.uv[y, x][known]
    for start, end in zip(starts.tolist(), np.rint(ends).astype(int).tolist(), strict=True):
        cv2.arrowedLine(canvas, start, end, ARROW_COLOR, 1, cv2.LINE_AA, tipLength=0.3)
    return canvas


def overlay_mask(
    frame: UInt8Array, mask: BoolArray, *, color: tuple[int, int, int] = HATCH_COLOR
) -> UInt8Array:
    """The frame with the masked pixels tinted by half."""
    picture = np.array(frame)
    picture[mask] = (frame[mask].astype(np.uint16) + color) // 2
    return picture


def hatch(
    frame: UInt8Array, mask: BoolArray, *, color: tuple[int, int, int] = HATCH_COLOR
) -> UInt8Array:
    """The frame with diagonal lines over the masked pixels."""
    height, width = mask.shape
    lines = np.add.outer(np.arange(height), np.arange(width)) % 8 < 2
    return overlay_mask(frame, mask & lines, color=color)


def warped_second(
    second: UInt8Array, flow: FlowField, *, visible: BoolArray | None = None
) -> UInt8Array:
    """The second frame fetched back by the flow; it should look like the first one.

    Hatched where the flow is unknown or leaves the frame, and where ``visible`` is false.
    """
    seen = lands_inside(flow_to_tensor(flow.uv))[0].numpy() & flow.valid
    hidden = ~(seen if visible is None else seen & visible)
    return hatch(fetched_second(second, flow), hidden)


def fetched_second(second: UInt8Array, flow: FlowField) -> UInt8Array:
    """The second frame fetched back by the flow, nothing marked; its border repeats outwards."""
    return frame_to_array(warp(frame_to_tensor(second), flow_to_tensor(flow.uv)))


def difference(first: UInt8Array, second: UInt8Array, *, gain: int = 4) -> UInt8Array:
    """The absolute difference of two frames times ``gain``: black where they agree."""
    gap = np.abs(first.astype(np.int16) - second)
    return np.asarray(np.minimum(gap * gain, 255), np.uint8)
