"""The pictures of a comparison: one panel per lane and layer, all on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowcore.errors import ConfigError
from flowcore.lane import Lane
from flowcore.metrics.flow import epe
from flowcore.types import FlowField, FramePair, UInt8Array
from flowcore.viz.error import color_bar, error_to_color, kitti_bar, kitti_error_color
from flowcore.viz.flow_color import color_wheel, flow_to_color, shared_max_magnitude
from flowcore.viz.overlay import (
    difference,
    draw_arrows,
    fetched_second,
    hatch,
    overlay_mask,
    warped_second,
)

__all__ = [
    "LAYERS",
    "Layer",
    "Scale",
    "draw",
    "draw_truth",
    "layers_of",
    "legend",
    "shared_scale",
]

_OCCLUDED = (0, 220, 220)
_HEADROOM = 1.25  # estimates a little faster than the truth are still on the scale


@dataclass(frozen=True)
class Layer:
    """One way of looking at a lane."""

    label: str
    caption: str
    needs_truth: bool = False


LAYERS: Mapping[str, Layer] = {
    "flow": Layer("Flow", "Hue is direction, saturation is speed; white does not move."),
    "error": Layer("Error", "End-point error in px against the truth; dark is good.", True),
    "kitti_error": Layer(
        "KITTI error", "Blue is right, red is an outlier (over 3 px and 5 %); log steps.", True
    ),
    "warped": Layer(
        "Warped",
        "The second frame fetched back by the flow; it should look like the "
        "first. Hatched: not visible in the second frame.",
    ),
    "difference": Layer("Difference", "First frame minus warped second; black is good."),
    "consistency": Layer(
        "Consistency",
        "Pink: forward and backward flow disagree. Cyan lines: occluded by the truth, if known.",
    ),
    "arrows": Layer("Arrows", "Every few px, the flow as an arrow on the first frame."),
}


@dataclass(frozen=True)
class Scale:
    """What full color means, in px, for every panel of a comparison."""

    max_magnitude: float
    max_error: float


def layers_of(pair: FramePair) -> dict[str, Layer]:
    """The layers that can be drawn for this pair, in order."""
    return {
        key: layer
        for key, layer in LAYERS.items()
        if pair.truth is not None or not layer.needs_truth
    }


def shared_scale(pair: FramePair, lanes: Sequence[Lane]) -> Scale:
    """One scale for all lanes and the truth.

    The truth decides where there is one, so that one wild lane does not pale all others.
    """
    if pair.truth is not None:
        magnitude = shared_max_magnitude([pair.truth.uv * _HEADROOM])
    else:
        magnitude = shared_max_magnitude([lane.estimate.flow for lane in lanes])
    return Scale(magnitude, max(1.0, magnitude / 4))


def draw(layer: str, pair: FramePair, lane: Lane, scale: Scale) -> UInt8Array:
    """The panel of one lane, ``(H, W, 3) uint8`` of the pair's size.

    Raises
    ------
    ConfigError
        The layer needs the truth and the pair has none, or there is no such layer.
    """
    flow = lane.estimate.flow
    if layer not in layers_of(pair):
        raise ConfigError(f"No layer {layer!r} for this pair; there are {list(layers_of(pair))}.")
    match layer:
        case "error":
            truth = _truth(pair)
            known = truth.valid & flow.valid
            return error_to_color(epe(flow.uv, truth.uv), max_error=scale.max_error, valid=known)
        case "kitti_error":
            return kitti_error_color(flow, _truth(pair))
        case "warped":
            return warped_second(pair.second, flow, visible=lane.consistent)
        case "difference":
            return difference(pair.first, fetched_second(pair.second, flow))
        case "consistency":
            return _consistency(pair, lane)
        case "arrows":
            return draw_arrows(pair.first, flow)
        case _:
            return flow_to_color(flow, max_magnitude=scale.max_magnitude)


def draw_truth(pair: FramePair, scale: Scale) -> UInt8Array:
    """The true flow in the colors of the lanes.

    Raises
    ------
    ConfigError
        The pair has no truth.
    """
    return flow_to_color(_truth(pair), max_magnitude=scale.max_magnitude)


def legend(layer: str, scale: Scale, *, size: int = 84) -> UInt8Array | None:
    """The legend of a layer with its numbers in px; None for a layer that needs none.

    ``size`` is the diameter of the color wheel; bars are four times as wide.
    """
    match layer:
        case "flow":
            return color_wheel(size, max_magnitude=scale.max_magnitude)
        case "error":
            return color_bar(scale.max_error, width=4 * size)
        case "kitti_error":
            return kitti_bar(width=4 * size)
        case _:
            return None


def _consistency(pair: FramePair, lane: Lane) -> UInt8Array:
    picture = pair.first
    if lane.consistent is not None:
        picture = overlay_mask(picture, ~lane.consistent)
    return picture if pair.occluded is None else hatch(picture, pair.occluded, color=_OCCLUDED)


def _truth(pair: FramePair) -> FlowField:
    if pair.truth is None:
        raise ConfigError("This pair has no true flow.")
    return pair.truth
