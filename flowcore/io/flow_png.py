"""Flow as 16-bit RGB PNG: fixed point (KITTI, DSEC) or fraction of the size (Virtual KITTI 2)."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from flowcore.errors import FlowFileError
from flowcore.io.deep import deep_values
from flowcore.io.pictures import open_picture
from flowcore.types import BoolArray, FloatArray, FlowField

__all__ = [
    "decode_dsec",
    "decode_kitti",
    "decode_png",
    "decode_vkitti2",
    "encode_dsec",
    "encode_kitti",
    "encode_vkitti2",
    "known_in_png",
]

_TOP = 2**16 - 1
_KITTI_STEPS, _DSEC_STEPS = 64, 128  # per px
_DEPTH_16_RGB = b"\x10\x02"  # bit depth and color type of a PNG header
Channels = npt.NDArray[np.uint16]


def decode_png(data: bytes, name: str) -> tuple[FlowField, str, str]:
    """The flow in a PNG, the layout as which it was read, and a sentence on what is not proven.

    All layouts mark what is unknown by a blue of 0. What is known has 1 in KITTI's, HD1K's and
    DSEC's files, 65535 in those of Virtual KITTI 2; other tools write KITTI's with 255. Nothing in
    a file tells 64 steps per px from 128. The sentence is empty where nothing is known at all,
    since all layouts agree on that.
    """
    channels = _read_channels(data, name)
    blue = channels[..., 2]
    least = int(blue[blue > 0].min(initial=_TOP))
    if not blue.any():
        return _fixed_point(channels, _KITTI_STEPS), "kitti", ""
    if least == _TOP:
        doubt = (
            f"{name} was read as a PNG of Virtual KITTI 2, in fractions of the frame, since it "
            f"marks what is known by {_TOP}; KITTI's mark it by 1."
        )
        return _from_vkitti2(channels), "vkitti2", doubt
    doubt = f"{name} was read as a PNG of KITTI or HD1K, 64 steps per px; DSEC's have 128"
    if least > 1:
        doubt += f". All of these mark what is known by 1, this one by {least}"
    return _fixed_point(channels, _KITTI_STEPS), "kitti", f"{doubt}."


def known_in_png(data: bytes, name: str) -> BoolArray | None:
    """Where a PNG says that it knows a flow, (H, W) bool; None of one that is a picture.

    Raises
    ------
    FlowFileError
        It is damaged.
    """
    if data[24:26] != _DEPTH_16_RGB:
        return None
    blue = _read_channels(data, name)[..., 2]
    known: BoolArray = blue > 0
    mark = blue[known][:1]
    return known if (blue[known] == mark).all() else None


def decode_kitti(data: bytes, name: str) -> FlowField:
    """The flow in a KITTI PNG: R = 64 u + 2^15, G = 64 v + 2^15, B = 0 where unknown.

    Geiger et al., "Are we ready for autonomous driving?", CVPR 2012, development kit.
    """
    return _fixed_point(_read_channels(data, name), _KITTI_STEPS)


def decode_dsec(data: bytes, name: str) -> FlowField:
    """The flow in a DSEC PNG: R = 128 u + 2^15, G = 128 v + 2^15, B = 0 where unknown.

    Gehrig et al., "E-RAFT: Dense Optical Flow from Event Cameras", 3DV 2021.
    """
    return _fixed_point(_read_channels(data, name), _DSEC_STEPS)


def decode_vkitti2(data: bytes, name: str) -> FlowField:
    """The flow in a Virtual KITTI 2 PNG: R and G span -(size - 1) to size - 1; B = 0 where unknown.

    Cabon et al., "Virtual KITTI 2", arXiv 2001.10773.
    """
    return _from_vkitti2(_read_channels(data, name))


def encode_kitti(flow: FlowField) -> bytes:
    """A KITTI PNG, rounded to the nearest 1/64 px.

    Raises
    ------
    FlowFileError
        A component outside -512 to 511.98 px.
    """
    return _encode_fixed_point(flow, _KITTI_STEPS, "KITTI")


def encode_dsec(flow: FlowField) -> bytes:
    """A DSEC PNG, rounded to the nearest 1/128 px.

    Raises
    ------
    FlowFileError
        A component outside -256 to 255.99 px.
    """
    return _encode_fixed_point(flow, _DSEC_STEPS, "DSEC")


def encode_vkitti2(flow: FlowField) -> bytes:
    """A Virtual KITTI 2 PNG, rounded to the nearest 2 (size - 1) / 65535 px.

    Raises
    ------
    FlowFileError
        A component beyond the size less one pixel.
    """
    span = _span(flow.size)
    for channel, limit in enumerate(span.tolist()):
        _require_range(flow, -limit, limit, "Virtual KITTI 2", channel)
    return _encode((flow.uv / np.maximum(span, 1) + 1) / 2 * _TOP, flow, blue=_TOP)


def _fixed_point(channels: Channels, steps: int) -> FlowField:
    uv = (channels[..., :2].astype(np.float32) - np.float32(2**15)) / np.float32(steps)
    return FlowField(uv, channels[..., 2] > 0)


def _encode_fixed_point(flow: FlowField, steps: int, layout: str) -> bytes:
    _require_range(flow, -(2**15) / steps, (_TOP - 2**15) / steps, layout)
    return _encode(flow.uv * np.float64(steps) + 2**15, flow, blue=1)


def _from_vkitti2(channels: Channels) -> FlowField:
    fraction = channels[..., :2] * (2 / _TOP) - 1
    uv: FloatArray = (fraction * _span(channels.shape[:2])).astype(np.float32)
    return FlowField(uv, channels[..., 2] > 0)


def _span(size: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """(width - 1, height - 1), the motion that Virtual KITTI 2 stores as 1."""
    return np.array([size[1] - 1, size[0] - 1], np.float64)


def _require_range(
    flow: FlowField, low: float, high: float, layout: str, channel: int | None = None
) -> None:
    values = flow.uv if channel is None else flow.uv[..., channel]
    lowest, highest = float(values.min()), float(values.max())
    if lowest < low or highest > high:
        raise FlowFileError(
            f"{layout} files of this size hold {low:g} to {high:g} px, "
            f"got {lowest:g} to {highest:g} px."
        )


def _read_channels(data: bytes, name: str) -> Channels:
    """The (H, W, 3) uint16 values of a 16-bit RGB PNG."""
    open_picture(data, name=name, error=FlowFileError)
    if data[24:26] != _DEPTH_16_RGB:
        raise FlowFileError(
            f"{name} is a PNG of {data[24]} bits and color type {data[25]}, expected 16 bits "
            "and RGB (color type 2)."
        )
    return deep_values(data, name=name, error=FlowFileError)[..., :3]


def _encode(red_green: npt.NDArray[Any], flow: FlowField, *, blue: int) -> bytes:
    channels = np.zeros((*flow.size, 3), np.uint16)
    channels[..., :2] = np.rint(red_green)
    channels[..., 2] = blue
    channels[~flow.valid] = 0
    _, encoded = cv2.imencode(".png", channels[..., ::-1])
    return encoded.tobytes()
