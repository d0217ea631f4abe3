"""The pictures of a comparison: one panel per lane and layer, all on one scale."""

from collections.abc import Sequence

from flowcore.errors import ConfigError
from flowcore.lane import Lane
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.error import color_bar, kitti_bar, map_bar, wins_bar
from flowcore.viz.flow_color import color_wheel
from flowcore.viz.layers import LAYERS, Layer, Subject
from flowcore.viz.scale import Scale, scale_of
from flowcore.viz.viewer_payload import ViewerLane, ViewerMap

__all__ = [
    "LAYERS",
    "draw",
    "draw_frames",
    "draw_truth",
    "frame_layers_of",
    "layers_of",
    "legend",
    "shared_scale",
    "viewer_lane",
]


def frame_layers_of(pair: FramePair) -> dict[str, Layer]:
    """The layers that show the pair itself, in order."""
    known = _known_of(pair)
    return {key: layer for key, layer in LAYERS.items() if known.issuperset(layer.needs)}


def layers_of(pair: FramePair, lane: Lane | None = None) -> dict[str, Layer]:
    """The layers that need this lane and no other, in order; of any lane if none is given."""
    known = _known_of(pair) | {"flow"}
    if lane is None or lane.consistent is not None:
        known.add("consistent")
    if lane is None or lane.uncertainty_kind is not None:
        known.add("uncertainty")
    return {
        key: layer
        for key, layer in LAYERS.items()
        if "flow" in layer.needs and known.issuperset(layer.needs)
    }


def shared_scale(pair: FramePair, lanes: Sequence[Lane]) -> Scale:
    """One scale for all lanes and the truth, as `flowcore.viz.scale.scale_of` has it."""
    return scale_of(pair, [lane.estimate.flow for lane in lanes])


def draw(
    layer: str,
    pair: FramePair,
    lane: Lane,
    scale: Scale,
    *,
    opponent: Lane | None = None,
    layer_map: ViewerMap | None = None,
) -> UInt8Array:
    """The panel of one lane, ``(H, W, 3) uint8`` of the pair's size.

    Parameters
    ----------
    layer : str
        A key of `LAYERS`.
    pair : FramePair
    lane : Lane
    scale : Scale
    opponent : Lane, optional
        Whom the layer "wins" compares the lane with.
    layer_map : ViewerMap, optional
        What the layer "map" shows.

    Raises
    ------
    ConfigError
        There is no such layer, or it needs what is not there, such as the truth.
    """
    rival = None if opponent is None else opponent.estimate.flow
    levels = None if layer_map is None else layer_map.levels
    unsure = lane.uncertainty if layer == "uncertainty" else None
    subject = Subject(pair, scale, lane.estimate.flow, lane.consistent, unsure, rival, levels)
    return _draw(layer, subject)


def draw_frames(layer: str, pair: FramePair, scale: Scale) -> UInt8Array:
    """The panel of a layer that shows the pair itself.

    Raises
    ------
    ConfigError
        There is no such layer, or it needs what is not there, such as labels.
    """
    return _draw(layer, Subject(pair, scale))


def draw_truth(pair: FramePair, scale: Scale, *, layer: str = "flow") -> UInt8Array:
    """The true flow as a panel, in the colors of the lanes; what is occluded is not visible.

    Raises
    ------
    ConfigError
        The pair has no truth, or there is no such layer.
    """
    if pair.truth is None:
        raise ConfigError("This pair has no true flow.")
    visible = None if pair.occluded is None else ~pair.occluded
    return _draw(layer, Subject(pair, scale, pair.truth, visible))


def legend(
    layer: str, scale: Scale, *, size: int = 84, layer_map: ViewerMap | None = None
) -> UInt8Array | None:
    """The legend of a layer with its numbers; None for a layer that needs none.

    ``size`` is the diameter of the color wheel; bars are four times as wide.
    """
    width = 4 * size
    match LAYERS[layer].legend:
        case "flow":
            return color_wheel(
                size, max_magnitude=scale.max_magnitude, noise_floor=scale.noise_floor
            )
        case "error":
            return color_bar(scale.max_error, width=width)
        case "kitti":
            return kitti_bar(width=width)
        case "wins":
            return wins_bar(scale.max_error, "this lane", "the other", width=width)
        case "map" if layer_map is not None:
            return map_bar(layer_map.title, layer_map.most, layer_map.unit, width=width)
        case _:
            return None


def viewer_lane(title: str, lane: Lane, maps: tuple[ViewerMap, ...] = ()) -> ViewerLane:
    """A lane as the viewer in the browser shows it, with further layers of its own."""
    flow, kind = lane.estimate.flow, lane.uncertainty_kind
    return ViewerLane(title, flow, lane.consistent, maps, lane.uncertainty, kind)


def _known_of(pair: FramePair) -> set[str]:
    return {name for name in ("truth", "occluded", "labels") if getattr(pair, name) is not None}


def _draw(layer: str, subject: Subject) -> UInt8Array:
    if layer not in LAYERS:
        raise ConfigError(f"No layer {layer!r}; there are {list(LAYERS)}.")
    missing = [need for need in LAYERS[layer].needs if not subject.has(need)]
    if missing:
        raise ConfigError(f"No layer {layer!r} here: it needs {' and '.join(missing)}.")
    return LAYERS[layer].draw(subject)
