"""Which pixels are behind a number."""

import re

import numpy as np

from flowcore.errors import InputError
from flowcore.metrics import statistics
from flowcore.metrics.flow import epe
from flowcore.types import BoolArray, FlowField, FramePair

__all__ = ["pixels_behind"]


def pixels_behind(
    key: str, flow: FlowField, pair: FramePair, *, consistent: BoolArray | None = None
) -> BoolArray:
    """The pixels that a metric counts or is taken over, (H, W) bool.

    Rates of outliers give the outliers, rates of inliers the inliers, percentiles the pixels above
    them, means over a part of the frame that part, ``consistent_share`` the consistent pixels.

    Parameters
    ----------
    key : str
        As returned by ``flowcore.metrics.summary.measure``.
    flow : FlowField
        The estimate.
    pair : FramePair
    consistent : (H, W) bool, optional
        Where forward and backward flow agree.

    Raises
    ------
    InputError
        No mask belongs to this number for this pair; the message says why.
    """
    if key == "density":
        return flow.valid
    if key in ("consistent_share", "consistency_median") or key.startswith(_WARP_KEYS):
        if consistent is None:
            raise InputError(f"{key} has no mask here: this flow has no backward flow.")
        return consistent
    if pair.truth is None:
        raise InputError(f"{key} has no mask here: this pair has no true flow.")
    known = flow.valid & pair.truth.valid
    if key in ("epe", "angular_error", "wauc"):
        return known
    errors = epe(flow.uv, pair.truth.uv)
    if key == "fl_all":
        return known & (errors > 3) & (errors > 0.05 * pair.truth.magnitude)
    if match := re.fullmatch(r"(outlier|inlier)_(\d)px|r(\d)(?:_(\d))?", key):
        px = float(match[2] or f"{match[3]}.{match[4] or 0}")
        return known & (errors < px if match[1] == "inlier" else errors > px)
    if match := re.fullmatch(r"a(\d\d)", key):
        limit = statistics.percentile(errors[known].astype(np.float64), int(match[1]))
        return np.asarray(known & (errors > limit))
    return known & _part_of_frame(key, pair)


_WARP_KEYS = ("psnr", "ssim", "photometric_error")


def _part_of_frame(key: str, pair: FramePair) -> BoolArray:
    """The part that a mean end-point error is restricted to."""
    assert pair.truth is not None
    name = key.removeprefix("epe_")
    if name.startswith("class_") and pair.labels is not None:
        return np.asarray(pair.labels == int(name.removeprefix("class_")))
    bins = statistics.speed_bins(pair.truth.magnitude.astype(np.float64))
    if pair.occluded is not None:
        bins |= {"matched": ~pair.occluded, "unmatched": pair.occluded}
        bins |= statistics.distance_bins(statistics.occlusion_distance(pair.occluded))
    if name not in bins:
        raise InputError(f"{key} has no mask for this pair.")
    return bins[name]
