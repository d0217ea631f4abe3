"""Which pixels are behind a number."""

import re
from typing import NamedTuple

import numpy as np

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics import statistics
from flowcore.metrics.flow import epe
from flowcore.metrics.gaps import fill_gaps
from flowcore.metrics.parts import PARTS, parts_of
from flowcore.ops.bands import row_bands
from flowcore.ops.convert import flow_to_tensor
from flowcore.ops.warp import lands_inside
from flowcore.types import BoolArray, FloatArray, FlowField, FramePair

__all__ = [
    "MaskAgreement",
    "average_precision",
    "mask_agreement",
    "pixels_behind",
    "stays_inside",
    "visible_pixels",
]


def visible_pixels(
    flow: FlowField, pair: FramePair, consistent: BoolArray | None = None
) -> BoolArray:
    """The pixels of the first frame that the warp numbers are taken over, (H, W) bool.

    If the pair says what is occluded, these are the pixels that are not, and whose true flow stays
    in the frame: the same ones for every estimate of the pair. Else they are the consistent pixels,
    if there is a backward flow; else those that the estimate keeps inside the frame.
    """
    if pair.occluded is not None:
        return flow.valid & ~pair.occluded & stays_inside(pair.truth or flow)
    return flow.valid & stays_inside(flow) if consistent is None else consistent


def pixels_behind(
    key: str, flow: FlowField, pair: FramePair, *, consistent: BoolArray | None = None
) -> BoolArray:
    """The pixels that a metric counts or is taken over, (H, W) bool.

    Rates of outliers give the outliers, rates of inliers the inliers, percentiles of the error the
    pixels above them, ``consistent_share`` the consistent pixels; all others the pixels that they
    are taken over, such as a part of the frame.

    Parameters
    ----------
    key : str
        As returned by ``flowcore.metrics.summary.measure``.
    flow : FlowField
        The estimate.
    pair : FramePair
    consistent : (H, W) bool, optional
        Where the flow and a backward flow without gaps agree.

    Raises
    ------
    InputError
        No mask belongs to this number for this pair; the message says why.
    """
    if key == "density":
        return flow.valid
    if key.startswith(_WARP_KEYS):
        return visible_pixels(flow, pair, consistent)
    if key in ("consistent_share", "consistency_median"):
        if consistent is None:
            raise InputError(f"{key} has no mask here: this flow has no backward flow.")
        return consistent if key == "consistent_share" else flow.valid & stays_inside(flow)
    if pair.truth is None:
        raise InputError(f"{key} has no mask here: this pair has no true flow.")
    if key.endswith("_filled") and flow.valid.any():
        return _pixels_of_error(key.removesuffix("_filled"), fill_gaps(flow), pair, pair.truth)
    return _pixels_of_error(key, flow, pair, pair.truth)


_WARP_KEYS = ("psnr", "ssim", "photometric_error")


def _pixels_of_error(key: str, flow: FlowField, pair: FramePair, truth: FlowField) -> BoolArray:
    """The pixels behind a number that is measured against the truth."""
    known = flow.valid & truth.valid
    if key in ("epe", "angular_error", "wauc"):
        return known
    part = _part_in(key)
    metric = key.removesuffix(f"_{part}") if part else key
    inside = known & _part_of_frame(part, key, pair) if part else known
    if metric in ("epe", "wauc"):
        return inside
    errors = epe(flow.uv, truth.uv).astype(np.float64)
    if metric in ("fl", "fl_all"):
        speeds = truth.magnitude.astype(np.float64)
        return inside & (errors > 3) & (errors > 0.05 * speeds)
    if match := re.fullmatch(r"(outlier|inlier)_(\d)px|r(\d)(?:_(\d))?", metric):
        px = float(match[2] or f"{match[3]}.{match[4] or 0}")
        return inside & (errors < px if match[1] == "inlier" else errors > px)
    if match := re.fullmatch(r"a(\d\d)", metric):
        limit = statistics.percentile(errors[known], int(match[1]))
        return known & (errors > limit)
    raise InputError(f"{key} has no mask for this pair.")


def _part_in(key: str) -> str:
    """The part of the frame that a key is restricted to; empty for the whole."""
    if match := re.fullmatch(r"epe_(class_\d+)", key):
        return match[1]
    return next((part for part in PARTS if key.endswith(f"_{part}")), "")


def _part_of_frame(name: str, key: str, pair: FramePair) -> BoolArray:
    if name.startswith("class_") and pair.labels is not None:
        return np.asarray(pair.labels == int(name.removeprefix("class_")))
    for other, part in parts_of(pair):
        if other == name:
            return part
    raise InputError(f"{key} has no mask for this pair.")


def stays_inside(flow: FlowField) -> BoolArray:
    """Where the vector ends within the frame, (H, W) bool."""
    height, _ = flow.size
    return np.concatenate(
        [
            lands_inside(flow_to_tensor(flow.uv[rows]), top=rows.start, height=height)[0].numpy()
            for rows, _ in row_bands(*flow.size)
        ]
    )


class MaskAgreement(NamedTuple):
    """How well one mask finds another, percent; higher is better, nan where nothing is to divide.

    ``found`` of the true pixels (recall), ``right`` of those that were found (precision), and
    ``iou`` of those that are either (intersection over union).
    """

    found: float
    right: float
    iou: float

    @property
    def f1(self) -> float:
        """Harmonic mean of ``found`` and ``right``, percent; nan where both masks are empty."""
        return 200 * self.iou / (100 + self.iou)


def mask_agreement(estimate: BoolArray, truth: BoolArray) -> MaskAgreement:
    """How well an estimated mask finds a true one, both (H, W) bool.

    Examples
    --------
    >>> mask_agreement(np.array([[True, True, False]]), np.array([[True, False, False]]))
    MaskAgreement(found=100.0, right=50.0, iou=50.0)
    """
    both = int((estimate & truth).sum())

    def percent(whole: BoolArray) -> float:
        count = int(whole.sum())
        return 100 * both / count if count else float("nan")

    return MaskAgreement(percent(truth), percent(estimate), percent(estimate | truth))


def average_precision(likely: FloatArray, truth: BoolArray) -> float:
    """How well a number per pixel tells a mask, at all thresholds; percent, higher is better.

    The mean of the precision over the true pixels, each at the threshold at which it is found
    (area under the precision-recall curve by steps); equal numbers are found together. The share of
    true pixels is what numbers without any knowledge come to; nan if there are none.

    Parameters
    ----------
    likely : (N,) or (H, W)
        More is likelier.
    truth : bool, of the same shape

    Raises
    ------
    ShapeMismatchError
        The two differ in shape.

    Examples
    --------
    The first is right, the second is not, the third is:

    >>> likely, truth = np.array([0.9, 0.8, 0.1]), np.array([True, False, True])
    >>> round(average_precision(likely, truth), 1)
    83.3
    """
    if likely.shape != truth.shape:
        raise ShapeMismatchError(f"The numbers are {likely.shape}, the true mask {truth.shape}.")
    if not truth.any():
        return float("nan")
    order = np.argsort(-likely.ravel(), kind="stable")
    ordered, hits = likely.ravel()[order], np.cumsum(truth.ravel()[order])
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    precision = hits[ends] / (ends + 1)
    return float(100 * np.sum(np.diff(hits[ends], prepend=0) * precision) / hits[-1])
