"""Flow and masks drawn over frames; the second frame fetched back."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from flowcore.ops.convert import flow_to_tensor, frame_to_array, frame_to_tensor
from flowcore.ops.warp import lands_inside, warp
from flowcore.types import BoolArray, FloatArray, FlowField, IntArray, UInt8Array
from flowcore.viz.palette import (
    ARROW,
    ARROW_OUTLINE,
    BORDER,
    DIFFERENCE_GAIN,
    HIDDEN,
    LABEL_SHARE,
    MARK,
    Hatch,
    Tint,
    class_colors,
)

__all__ = [
    "difference",
    "draw_arrows",
    "fetched_levels",
    "fetched_second",
    "hatch",
    "outline_labels",
    "overlay_labels",
    "overlay_mask",
    "warped_second",
]


def draw_arrows(
    frame: UInt8Array, flow: FlowField, *, step: int | None = None, scale: float = 1.0
) -> UInt8Array:
    """The frame with the flow as arrows on a regular grid.

    Parameters
    ----------
    frame : (H, W, 3) uint8
    flow : FlowField
        Unknown pixels get no arrow, nor do those that move less than a px of the picture.
    step : int, optional
        Distance of the arrows in px; a thirtieth of the longer side if left out.
    scale : float
        Length of an arrow per px of flow.
    """
    height, width = flow.size
    step = step or max(8, max(height, width) // 30)
    canvas = np.array(frame)
    y, x = np.mgrid[step // 2 : height : step, step // 2 : width : step].reshape(2, -1)
    drawn = flow.valid[y, x] & (scale * flow.magnitude[y, x] >= 1)
    starts = np.stack([x, y], axis=-1)[drawn]
    ends = np.rint(starts + scale * flow.uv[y, x][drawn]).astype(int)
    lines = list(zip(starts.tolist(), ends.tolist(), strict=True))
    for color, thickness in ((ARROW_OUTLINE, 3), (ARROW, 1)):
        for start, end in lines:
            cv2.arrowedLine(canvas, start, end, color, thickness, cv2.LINE_AA, tipLength=0.3)
    return canvas


def overlay_mask(frame: UInt8Array, mask: BoolArray, tint: Tint = MARK) -> UInt8Array:
    """The frame with the masked pixels tinted."""
    picture = np.array(frame)
    picture[mask] = _mixed(frame[mask], np.array(tint.color), tint.share)
    return picture


def overlay_labels(frame: UInt8Array, labels: IntArray) -> UInt8Array:
    """The frame tinted by the class of each pixel."""
    return _mixed(frame, class_colors(labels), LABEL_SHARE)


def outline_labels(picture: UInt8Array, labels: IntArray) -> UInt8Array:
    """The picture with a line along every border between two labels, cyan within black."""
    border = np.zeros(labels.shape, bool)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    around = cv2.dilate(border.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    drawn = np.array(picture)
    drawn[around] = ARROW_OUTLINE
    drawn[border] = BORDER
    return drawn


def hatch(frame: UInt8Array, mask: BoolArray, lines: Hatch = HIDDEN) -> UInt8Array:
    """The frame with diagonal lines over the masked pixels."""
    height, width = mask.shape
    place = np.add.outer(np.arange(height), np.arange(width)) % lines.period
    picture = np.array(frame)
    picture[mask & (place < lines.width)] = lines.color
    return picture


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
    return frame_to_array(_fetched(second, flow))


def fetched_levels(second: UInt8Array, flow: FlowField) -> FloatArray:
    """The same before it is rounded, 0..255, so that a difference is not that of the rounding."""
    return 255 * _fetched(second, flow)[0].permute(1, 2, 0).numpy()


def difference(
    first: UInt8Array, second: UInt8Array | FloatArray, *, gain: int = DIFFERENCE_GAIN
) -> UInt8Array:
    """The absolute difference of two frames times ``gain``: black where they agree."""
    gap = np.abs(first.astype(np.float32) - second)
    return np.asarray(np.rint(np.minimum(gap * gain, 255)), np.uint8)


def _fetched(second: UInt8Array, flow: FlowField) -> torch.Tensor:
    return warp(frame_to_tensor(second), flow_to_tensor(flow.uv))


def _mixed(frame: UInt8Array, color: npt.NDArray[Any], share: float) -> UInt8Array:
    return np.asarray(np.rint((1 - share) * frame + share * color), np.uint8)
