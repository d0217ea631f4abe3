"""The layers: one row each, with what it needs, how it is drawn and which legend explains it.

The viewer in the browser has its menus from these rows, and paints what is drawn here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

from flowcore.metrics.flow import epe
from flowcore.types import BoolArray, FloatArray, FlowField, FramePair, UInt8Array
from flowcore.viz.error import error_to_color, kitti_error_color, who_wins
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.overlay import (
    difference,
    draw_arrows,
    fetched_levels,
    hatch,
    overlay_labels,
    overlay_mask,
    warped_second,
)
from flowcore.viz.palette import DIFFERENCE_GAIN, OCCLUDED, OCCLUDED_LINES, UNKNOWN
from flowcore.viz.ramp import heat
from flowcore.viz.scale import Scale

__all__ = ["LAYERS", "Layer", "Subject", "layers_document"]

Need: TypeAlias = Literal[
    "truth", "occluded", "labels", "flow", "consistent", "uncertainty", "opponent", "levels"
]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Subject:
    """What a layer is drawn from: a pair, and what there is of one lane.

    Parameters
    ----------
    pair : FramePair
    scale : Scale
    flow : FlowField, optional
        Of the lane.
    consistent : (H, W) bool, optional
        Where it agrees with its backward flow.
    uncertainty : (H, W) float32, optional
        How far off it may be, px.
    opponent : FlowField, optional
        Of the lane that it is compared with.
    levels : (H, W) uint8, optional
        A map of the lane, 255 for its greatest.
    """

    pair: FramePair
    scale: Scale
    flow: FlowField | None = None
    consistent: BoolArray | None = None
    uncertainty: FloatArray | None = None
    opponent: FlowField | None = None
    levels: UInt8Array | None = None

    def has(self, need: Need) -> bool:
        """True if there is what a layer needs."""
        is_of_pair = need in ("truth", "occluded", "labels")
        return getattr(self.pair if is_of_pair else self, need) is not None


@dataclass(frozen=True)
class Layer:
    """One way of looking at a pair or at a lane.

    Parameters
    ----------
    label, caption : str
        Its name, and how it is read.
    needs : tuple of str
        What a subject must have. Layers without "flow" are of the pair, the others of a lane.
    draw : callable
        The picture of such a subject, ``(H, W, 3) uint8``.
    legend : str, optional
        What explains the colors.
    photo : str, optional
        The frame that the viewer shows as it is; arrows it draws over it, as sharp as its screen.
    """

    label: str
    caption: str
    needs: tuple[Need, ...]
    draw: Callable[[Subject], UInt8Array]
    legend: Literal["flow", "error", "kitti", "wins", "map"] | None = None
    photo: Literal["first", "second"] | None = None


def layers_document() -> dict[str, dict[str, Any]]:
    """The rows for JSON, in order: all but how they are drawn."""
    return {
        key: {
            "label": layer.label,
            "caption": layer.caption,
            "needs": list(layer.needs),
            "legend": layer.legend,
            "photo": layer.photo,
        }
        for key, layer in LAYERS.items()
    }


def _given(value: T | None) -> T:
    assert value is not None  # `needs` says so
    return value


def _labels(subject: Subject) -> UInt8Array:
    return overlay_labels(subject.pair.first, _given(subject.pair.labels))


def _occluded(subject: Subject) -> UInt8Array:
    return overlay_mask(subject.pair.first, _given(subject.pair.occluded), OCCLUDED)


def _flow(subject: Subject) -> UInt8Array:
    scale = subject.scale
    return flow_to_color(
        _given(subject.flow), max_magnitude=scale.max_magnitude, noise_floor=scale.noise_floor
    )


def _error(subject: Subject) -> UInt8Array:
    errors, known = _errors(subject, _given(subject.flow))
    return error_to_color(errors, max_error=subject.scale.max_error, valid=known)


def _kitti_error(subject: Subject) -> UInt8Array:
    return kitti_error_color(_given(subject.flow), _given(subject.pair.truth))


def _warped(subject: Subject) -> UInt8Array:
    return warped_second(subject.pair.second, _given(subject.flow), visible=subject.consistent)


def _difference(subject: Subject) -> UInt8Array:
    flow = _given(subject.flow)
    picture = difference(subject.pair.first, fetched_levels(subject.pair.second, flow))
    picture[~flow.valid] = UNKNOWN
    return picture


def _consistency(subject: Subject) -> UInt8Array:
    picture = overlay_mask(subject.pair.first, ~_given(subject.consistent))
    occluded = subject.pair.occluded
    return picture if occluded is None else hatch(picture, occluded, OCCLUDED_LINES)


def _uncertainty(subject: Subject) -> UInt8Array:
    values, known = _given(subject.uncertainty), _given(subject.flow).valid
    return error_to_color(values, max_error=subject.scale.max_error, valid=known)


def _wins(subject: Subject) -> UInt8Array:
    mine, known = _errors(subject, _given(subject.flow))
    theirs, known_too = _errors(subject, _given(subject.opponent))
    return who_wins(
        mine, theirs, max_difference=subject.scale.max_error, valid=np.asarray(known & known_too)
    )


def _errors(subject: Subject, flow: FlowField) -> tuple[FloatArray, BoolArray]:
    """End-point errors, and where both flows are known."""
    truth = _given(subject.pair.truth)
    return epe(flow.uv, truth.uv), np.asarray(flow.valid & truth.valid)


LAYERS: Mapping[str, Layer] = {
    "first": Layer("First frame", "As it is.", (), lambda of: of.pair.first, photo="first"),
    "second": Layer("Second frame", "As it is.", (), lambda of: of.pair.second, photo="second"),
    "labels": Layer(
        "Classes", "A color for each class; gray has none.", ("labels",), _labels,
    ),
    "occluded": Layer(
        "Occluded", "Cyan: not visible in the second frame.", ("occluded",), _occluded,
    ),
    "flow": Layer(
        "Flow", "Hue is direction, saturation is speed; white does not move, gray is unknown.",
        ("flow",), _flow, "flow",
    ),
    "error": Layer(
        "Error", "End-point error in px against the truth; dark is good.",
        ("flow", "truth"), _error, "error",
    ),
    "kitti_error": Layer(
        "KITTI error", "Blue is right, red is an outlier (over 3 px and 5 %); log steps.",
        ("flow", "truth"), _kitti_error, "kitti",
    ),
    "warped": Layer(
        "Warped second",
        "The second frame fetched back by the flow; it should look like the first. "
        "Gray lines: not visible in the second frame, or unknown.",
        ("flow",), _warped,
    ),
    "difference": Layer(
        f"Difference \N{MULTIPLICATION SIGN}{DIFFERENCE_GAIN}",
        "First frame minus warped second; black is good, gray is unknown.",
        ("flow",), _difference,
    ),
    "consistency": Layer(
        "Consistency",
        "Pink: forward and backward flow disagree. Cyan lines: occluded by the truth, if known.",
        ("flow", "consistent"), _consistency,
    ),
    "uncertainty": Layer(
        "Uncertainty",
        "By how many px the flow may be off, on the scale of the error: what the net itself "
        "expects (head), or else by how far forward and backward flow miss the start (round trip); "
        "dark is sure.",
        ("flow", "uncertainty"), _uncertainty, "error",
    ),
    "arrows": Layer(
        "Arrows", "Every few px, the flow as an arrow on the first frame.",
        ("flow",), lambda of: draw_arrows(of.pair.first, _given(of.flow)), photo="first",
    ),
    "map": Layer(
        "Map", "Numbers of the lane as heat; dark is 0.",
        ("flow", "levels"), lambda of: heat(_given(of.levels)), "map",
    ),
    "wins": Layer(
        "Better than", "Blue: nearer to the truth than the other lane; red: farther.",
        ("flow", "truth", "opponent"), _wins, "wins",
    ),
}  # fmt: skip
