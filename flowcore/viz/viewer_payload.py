"""What the viewer in the browser is given: one bytes payload.

A payload is the length of its header as a 32-bit little-endian number, the header as JSON, and then
the blobs, which the header names by offset and length (its palette and its layers are those of
`flowcore.viz.palette` and `flowcore.viz.layers`):

- frames: JPEG;
- flows: whole numbers of a stated ``step`` in px, 16 bit, as differences along rows and columns,
  folded to small unsigned numbers, one byte each, u before v; 255 stands for a larger number, and
  these follow in the same order with 16 bits each; gzip;
- masks: one bit a pixel, the first pixel in the highest bit, gzip;
- labels: 32-bit numbers, gzip;
- uncertainties: as a flow, with one plane for two;
- maps: one byte a pixel, 255 for the stated greatest value or more, gzip.

Where ``thin`` is above 1, the flows are those of every so many px along rows and columns alone, and
``tiles`` says where the exact ones are (`flowcore.viz.viewer_flows`).
"""

import gzip
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from flowcore.errors import ConfigError, InputError, ShapeMismatchError
from flowcore.types import BoolArray, FloatArray, FlowField, FramePair, IntArray, UInt8Array
from flowcore.viz.layers import layers_document
from flowcore.viz.palette import NOISE_FLOOR, palette_document
from flowcore.viz.scale import Scale, scale_of
from flowcore.viz.viewer_address import join_payload
from flowcore.viz.viewer_flows import (
    TILE,
    Tiles,
    cut_tiles,
    flow_step,
    in_steps,
    pack_planes,
    thinning,
)

__all__ = ["ViewerLane", "ViewerMap", "cut_viewer", "pack_viewer"]

FORMAT = 4
_ERROR_STEPS = 64  # of an uncertainty, at least, up to the full color of errors
_JPEG_QUALITY = 92
_MAX_SIDE = 65500  # what JPEG holds


@dataclass(frozen=True, eq=False)
class ViewerMap:
    """Any number per pixel, as a layer of a lane.

    Parameters
    ----------
    title : str
        Maps of one title are compared: give them one scale.
    values : (H, W) float32
        0 or more.
    most : float
        Has the brightest color, as has all above.
    unit : str
    """

    title: str
    values: FloatArray
    most: float
    unit: str = ""

    @property
    def levels(self) -> UInt8Array:
        """The values in 255ths of the greatest, (H, W) uint8."""
        share = np.clip(self.values / self.most, 0, 1)
        return np.asarray(np.rint(255 * share), np.uint8)


@dataclass(frozen=True, eq=False)
class ViewerLane:
    """One lane as the viewer shows it.

    Parameters
    ----------
    title : str
        Differs from the other lanes' titles.
    flow : FlowField
    consistent : (H, W) bool, optional
        Where forward and backward flow agree.
    maps : tuple of ViewerMap
        Layers of its own.
    uncertainty : (H, W) float32, optional
        How far off the flow may be, px.
    uncertainty_kind : str, optional
        Who says so, for people.
    """

    title: str
    flow: FlowField
    consistent: BoolArray | None = None
    maps: tuple[ViewerMap, ...] = ()
    uncertainty: FloatArray | None = None
    uncertainty_kind: str | None = None


class _Blobs:
    """The body of a payload while it grows."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, blob: bytes) -> dict[str, int]:
        """Where the blob went."""
        span = {"offset": self.size, "length": len(blob)}
        self.parts.append(blob)
        self.size += len(blob)
        return span


def cut_viewer(pair: FramePair, lanes: Sequence[ViewerLane]) -> Tiles | None:
    """The exact flows of pair and lanes in tiles, for `pack_viewer`; None for small frames."""
    return cut_tiles(_flows(pair, lanes))


def pack_viewer(
    pair: FramePair,
    lanes: Sequence[ViewerLane],
    *,
    max_magnitude: float | None = None,
    max_error: float | None = None,
    noise_floor: float = NOISE_FLOOR,
    class_names: Mapping[int, str] | None = None,
    marked: tuple[str, BoolArray] | None = None,
    tiles: Tiles | None = None,
) -> bytes:
    """The pair and its lanes in one payload for the viewer.

    Parameters
    ----------
    pair : FramePair
        Its truth, labels and occlusion mask are shown where there are any.
    lanes : sequence of ViewerLane
    max_magnitude, max_error : float, optional
        Speed and error in px that have the full color at first; as `flowcore.viz.scale` has them
        if left out.
    noise_floor : float
        Slower than this many px is white.
    class_names : mapping of int to str, optional
        Names of the labels.
    marked : (str, (H, W) bool), optional
        Pixels to point out in all panes, and what they are.
    tiles : Tiles, optional
        Of `cut_viewer`, for a viewer that can fetch them (`address_viewer`): the payload then has
        of the flows what a pane can show.

    Returns
    -------
    bytes
        Flows are rounded to 1/256 px as long as they stay below 16 px, to 1/64 px below 512 px.

    Raises
    ------
    InputError
        Two lanes of one title; tiles of other flows.
    ShapeMismatchError
        A flow or mask that is not of the frames' size.
    ConfigError
        A scale that is not above 0, or a noise floor below 0.
    """
    magnitude = max_magnitude
    if magnitude is None:
        magnitude = scale_of(pair, [lane.flow for lane in lanes]).max_magnitude
    error = Scale.up_to(magnitude).max_error if max_error is None else max_error
    _require_scales(magnitude, error, noise_floor)
    _require_lanes(pair.size, lanes)
    if marked is not None:
        _require_size(f"The mask {marked[0]!r}", marked[1].shape, pair.size)
    if tiles is not None and tiles.num_flows != len(_flows(pair, lanes)):
        raise InputError(
            f"The tiles hold {tiles.num_flows} flows, expected {len(_flows(pair, lanes))}."
        )
    height, width = pair.size
    thin = thinning(pair.size) if tiles is not None else 1
    blobs = _Blobs()
    header: dict[str, Any] = {
        "format": FORMAT,
        "name": pair.name,
        "width": width,
        "height": height,
        "maxMagnitude": magnitude,
        "maxError": error,
        "noiseFloor": noise_floor,
        "thin": thin,
        "tiles": tiles and {"url": "", "side": TILE, "offsets": tiles.offsets},
        "palette": palette_document(),
        "layers": layers_document(),
        "first": blobs.add(_photo(pair.first)),
        "second": blobs.add(_photo(pair.second)),
        "truth": pair.truth and _lane(blobs, ViewerLane("Truth", pair.truth), thin, error),
        "lanes": [_lane(blobs, lane, thin, error) for lane in lanes],
        "occluded": _mask(blobs, pair.occluded),
        "labels": None if pair.labels is None else blobs.add(_zip(_label_bytes(pair.labels))),
        "classNames": {str(label): name for label, name in (class_names or {}).items()},
        "marked": marked and {"title": marked[0], "mask": _mask(blobs, marked[1])},
    }
    return _join(header, blobs.parts)


def _require_scales(max_magnitude: float, max_error: float, noise_floor: float) -> None:
    for name, value in (("magnitude", max_magnitude), ("error", max_error)):
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"The largest {name} must be above 0 px, got {value}.")
    if not (math.isfinite(noise_floor) and noise_floor >= 0):
        raise ConfigError(f"The noise floor must be 0 px or more, got {noise_floor}.")


def _require_lanes(size: tuple[int, int], lanes: Sequence[ViewerLane]) -> None:
    if max(size) > _MAX_SIDE:
        raise InputError(f"The viewer shows frames up to {_MAX_SIDE} px a side, got {max(size)}.")
    titles = [lane.title for lane in lanes]
    for lane in lanes:
        if titles.count(lane.title) > 1:
            raise InputError(f"Two lanes have the title {lane.title!r}; each needs its own.")
        _require_size(f"The flow of {lane.title!r}", lane.flow.size, size)
        if lane.consistent is not None:
            _require_size(f"The consistency mask of {lane.title!r}", lane.consistent.shape, size)
        if lane.uncertainty is not None:
            _require_size(f"The uncertainty of {lane.title!r}", lane.uncertainty.shape, size)
        for layer in lane.maps:
            _require_size(f"The map {layer.title!r} of {lane.title!r}", layer.values.shape, size)
            if not (math.isfinite(layer.most) and layer.most > 0):
                raise ConfigError(f"The map {layer.title!r} must end above 0, got {layer.most}.")


def _require_size(what: str, size: tuple[int, ...], expected: tuple[int, int]) -> None:
    if size != expected:
        raise ShapeMismatchError(
            f"{what} has the size {size} (height, width), expected {expected}, as the frames."
        )


def _flows(pair: FramePair, lanes: Sequence[ViewerLane]) -> list[FlowField]:
    truth = [] if pair.truth is None else [pair.truth]
    return [*truth, *(lane.flow for lane in lanes)]


def _lane(blobs: _Blobs, lane: ViewerLane, thin: int, max_error: float) -> dict[str, Any]:
    step = flow_step(lane.flow)
    valid = None if lane.flow.valid.all() else lane.flow.valid
    return {
        "title": lane.title,
        "flow": {**blobs.add(pack_planes(in_steps(lane.flow, step, every=thin))), "step": step},
        "valid": _mask(blobs, valid),
        "consistent": _mask(blobs, lane.consistent),
        "uncertainty": _uncertainty(blobs, lane, thin, max_error),
        "maps": [
            {
                "title": layer.title,
                "most": layer.most,
                "unit": layer.unit,
                **blobs.add(_zip(layer.levels.tobytes())),
            }
            for layer in lane.maps
        ],
    }


def _uncertainty(
    blobs: _Blobs, lane: ViewerLane, thin: int, max_error: float
) -> dict[str, Any] | None:
    """In steps that follow the scale of the error, as far as 16 bits reach."""
    if lane.uncertainty is None:
        return None
    step = 2.0 ** math.floor(math.log2(max_error / _ERROR_STEPS))
    steps = np.minimum(np.rint(lane.uncertainty[::thin, ::thin] / step), 32767)
    span = blobs.add(pack_planes(steps.astype(np.int16)[None]))
    return {**span, "step": step, "kind": lane.uncertainty_kind or ""}


def _label_bytes(labels: IntArray) -> bytes:
    return labels.astype("<i4").tobytes()


def _mask(blobs: _Blobs, mask: BoolArray | None) -> dict[str, int] | None:
    return None if mask is None else blobs.add(_zip(np.packbits(mask).tobytes()))


def _zip(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def _photo(frame: UInt8Array) -> bytes:
    _, jpeg = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes()


def _join(header: dict[str, Any], parts: list[bytes]) -> bytes:
    body = b"".join(parts)
    digest = hashlib.sha256(json.dumps(header).encode() + body).hexdigest()
    return join_payload({**header, "id": digest}, body)
