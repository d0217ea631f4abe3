"""Flow as 16-bit RGB PNG: KITTI's fixed point and Virtual KITTI 2's fraction of the size."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from flowcore.errors import FlowFileError
from flowcore.io.deep import deep_values
from flowcore.io.pictures import open_picture
from flowcore.types import FloatArray, FlowField

__all__ = ["decode_kitti", "decode_png", "decode_vkitti2", "encode_kitti", "encode_vkitti2"]

_TOP = 2**16 - 1
_DEPTH_16_RGB = b"\x10\x02"  # bit depth and color type of a PNG header
Channels = npt.NDArray[np.uint16]


def decode_png(data: bytes, name: str) -> FlowField:
    """The flow in a PNG of either kind: KITTI marks validity by a blue of 1, Virtual KITTI by more.

    A file that marks nothing as valid reads the same either way.
    """
    channels = _read_channels(data, name)
    return _from_kitti(channels) if channels[..., 2].max() <= 1 else _from_vkitti2(channels)


def decode_kitti(data: bytes, name: str) -> FlowField:
    """The flow in a KITTI PNG: R = 64 u + 2^15, G = 64 v + 2^15, B = 0 where unknown.

    Geiger et al., "Are we ready for autonomous driving?", CVPR 2012, development kit.
    """
    return _from_kitti(_read_channels(data, name))


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
    _require_range(flow, -512, _TOP / 64 - 512, "KITTI")
    return _encode(flow.uv * np.float64(64) + 2**15, flow, blue=1)


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


def _from_kitti(channels: Channels) -> FlowField:
    uv = (channels[..., :2].astype(np.float32) - np.float32(2**15)) / np.float32(64)
    return FlowField(uv, channels[..., 2] > 0)


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
