"""Everything that numbers can say about the flow of one pair."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from flowcore.errors import ShapeMismatchError
from flowcore.metrics import statistics
from flowcore.metrics.definitions import METRICS, Metric, describe
from flowcore.metrics.flow import angular_error, epe
from flowcore.metrics.gaps import fill_gaps
from flowcore.metrics.image import warp_quality
from flowcore.metrics.masks import visible_pixels
from flowcore.metrics.parts import PARTS, parts_of
from flowcore.metrics.round_trip import round_trip
from flowcore.ops.bands import row_bands
from flowcore.ops.convert import flow_to_tensor, frame_to_levels
from flowcore.types import BoolArray, FloatArray, FlowField, FramePair

__all__ = [
    "METRICS",
    "Measurement",
    "Metric",
    "describe",
    "measure",
    "measure_errors",
    "measure_warp",
]


class Measurement(NamedTuple):
    """A number, and how many pixels are behind it."""

    value: float
    num_pixels: int


def measure(
    flow: FlowField,
    pair: FramePair,
    *,
    backward: FlowField | None = None,
    within: BoolArray | None = None,
) -> dict[str, Measurement]:
    """Every number that can be had for this flow of this pair, by key of `METRICS`.

    Parameters
    ----------
    flow : FlowField
        The estimate, first -> second. Only its valid pixels count anywhere.
    pair : FramePair
        With truth: errors and rates over the pixels valid in both; by parts, see
        ``flowcore.metrics.parts``, where it says what is occluded or moves. With ``labels``:
        ``epe_class_N`` for each class N present, 0 left out.
    backward : FlowField, optional
        The estimate, second -> first: gives the numbers of the round trip.
    within : (H, W) bool, optional
        The pixels that count, such as a rectangle; all of them if left out. What is seen around
        them is the same: a distance to a boundary, a window, where the motion leads.

    Returns
    -------
    dict of str to Measurement
        What has no pixel is left out, never zero. ``psnr`` is infinite where the frames agree
        exactly. ``epe`` and ``fl_all`` are taken over valid pixels; ``epe_filled`` and
        ``fl_all_filled`` over all whose truth is known, gaps filled by ``fill_gaps``.

    Raises
    ------
    ShapeMismatchError
        A flow is not of the pair's size.

    Notes
    -----
    The warp numbers are taken over the visible pixels, ``flowcore.metrics.masks.visible_pixels``.
    """
    for name, field in (("flow", flow), ("backward flow", backward)):
        if field is not None and field.size != pair.size:
            raise ShapeMismatchError(
                f"The {name} has (height, width) {field.size}, the frames {pair.size}."
            )
    if within is not None and within.shape != pair.size:
        raise ShapeMismatchError(
            f"The pixels that count have (height, width) {within.shape}, the frames {pair.size}."
        )
    found = measure_errors(flow, pair, within=within)
    consistent = None
    if backward is not None:
        consistent, numbers = _there_and_back(flow, backward, within)
        found |= numbers
    visible = visible_pixels(flow, pair, consistent)
    found |= _between_frames(flow, pair, visible if within is None else visible & within)
    return {key: number for key, number in found.items() if number.num_pixels}


def measure_errors(
    flow: FlowField, pair: FramePair, *, within: BoolArray | None = None
) -> dict[str, Measurement]:
    """What `measure` gives of the flow and the truth alone, without looking at the frames."""
    truth, known = pair.truth, flow.valid
    if within is not None:
        known = known[within]
        truth = truth and FlowField(truth.uv, truth.valid & within)
    found = _against_truth(flow, truth, pair) if truth is not None else {}
    found["density"] = Measurement(100 * statistics.mean(known), known.size)
    return {key: number for key, number in found.items() if number.num_pixels}


def measure_warp(flow: FlowField, pair: FramePair, pixels: BoolArray) -> dict[str, Measurement]:
    """``psnr_common``, ``ssim_common`` and ``photometric_error_common`` over these pixels."""
    found = _between_frames(flow, pair, pixels)
    return {f"{key}_common": found[key] for key in found if not key.endswith("_identity")}


def _measured(value: float, pixels: statistics.Numbers) -> Measurement:
    return Measurement(value, pixels.size)


def _against_truth(flow: FlowField, truth: FlowField, pair: FramePair) -> dict[str, Measurement]:
    counts = flow.valid & truth.valid
    errors, speeds = _at(counts, epe, flow, truth), truth.magnitude[counts]
    values = {
        "epe": statistics.mean(errors),
        "fl_all": statistics.fl_percent(errors, speeds),
        "wauc": statistics.wauc_percent(errors),
        "angular_error": statistics.mean(_at(counts, angular_error, flow, truth)),
        "r0_5": statistics.outlier_percent(errors, 0.5),
        "r1": statistics.outlier_percent(errors, 1),
        "r2": statistics.outlier_percent(errors, 2),
    }
    values |= {f"outlier_{px}px": statistics.outlier_percent(errors, px) for px in (1, 3, 4, 5)}
    values |= {f"inlier_{px}px": statistics.inlier_percent(errors, px) for px in (1, 3, 5)}
    values |= {f"a{q}": statistics.percentile(errors, q) for q in (50, 75, 95)}
    found = {key: _measured(value, errors) for key, value in values.items()}
    found |= _with_gaps_filled(flow, truth) or {
        f"{key}_filled": found[key] for key in ("epe", "fl_all")
    }
    for name, part in parts_of(pair):
        inside = part[counts]
        chosen, their_speeds = errors[inside], speeds[inside]
        for metric in PARTS[name].metrics:
            value = _IN_PARTS[metric](chosen, their_speeds)
            found[f"{metric}_{name}"] = _measured(value, chosen)
    if pair.labels is not None:
        for label, (value, size) in statistics.class_means(errors, pair.labels[counts]).items():
            found[f"epe_class_{label}"] = Measurement(value, size)
    return found


_IN_PARTS: Mapping[str, Callable[[statistics.Numbers, statistics.Numbers], float]] = {
    "epe": lambda errors, speeds: statistics.mean(errors),
    "outlier_1px": lambda errors, speeds: statistics.outlier_percent(errors, 1),
    "fl": statistics.fl_percent,
    "wauc": lambda errors, speeds: statistics.wauc_percent(errors),
}


def _with_gaps_filled(flow: FlowField, truth: FlowField) -> dict[str, Measurement]:
    """The errors where gaps count too; nothing of a flow that has none."""
    if flow.valid.all():
        return {}
    none = Measurement(float("nan"), 0)
    if not flow.valid.any():
        return {"epe_filled": none, "fl_all_filled": none}
    errors = _at(truth.valid, epe, fill_gaps(flow), truth)
    speeds = truth.magnitude[truth.valid]
    return {
        "epe_filled": _measured(statistics.mean(errors), errors),
        "fl_all_filled": _measured(statistics.fl_percent(errors, speeds), errors),
    }


def _there_and_back(
    flow: FlowField, backward: FlowField, within: BoolArray | None
) -> tuple[BoolArray, dict[str, Measurement]]:
    consistent, distance = round_trip(flow, backward, within=within)
    counts = flow.valid if within is None else flow.valid & within
    share = 100 * statistics.mean(consistent[counts])
    return consistent, {
        "consistent_share": Measurement(share, int(counts.sum())),
        "consistency_median": _measured(statistics.percentile(distance, 50), distance),
    }


def _at(
    counts: BoolArray,
    errors: Callable[[FloatArray, FloatArray], FloatArray],
    flow: FlowField,
    truth: FlowField,
) -> npt.NDArray[Any]:
    """The errors of the pixels that count, 1-D."""
    return np.concatenate(
        [errors(flow.uv[rows], truth.uv[rows])[counts[rows]] for rows, _ in row_bands(*flow.size)]
    )


def _between_frames(flow: FlowField, pair: FramePair, visible: BoolArray) -> dict[str, Measurement]:
    num_visible = int(visible.sum())
    if not num_visible:
        return {}
    qualities = warp_quality(
        frame_to_levels(pair.first),
        frame_to_levels(pair.second),
        flow_to_tensor(flow.uv),
        torch.from_numpy(visible)[None],
    )
    return {key: Measurement(value, num_visible) for key, value in qualities.items()}
