"""Statistics of end-point errors that have been selected already: the formulas, written once.

``errors`` and ``speeds`` are 1-D arrays in px, one entry per selected pixel, in single or double
precision; what is computed of them is in double precision, a piece at a time. Where nothing is
selected every number is nan, never zero.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from flowcore.errors import InputError
from flowcore.types import BoolArray, FloatArray

__all__ = [
    "Numbers",
    "class_means",
    "distance_bins",
    "fl_percent",
    "inlier_percent",
    "mean",
    "means_in",
    "occlusion_distance",
    "outlier_percent",
    "percentile",
    "speed_bins",
    "wauc_percent",
]

Numbers: TypeAlias = npt.NDArray[np.floating[Any]]

_PIECE = 2**18  # errors at a time, so that what is computed of them stays small
_WAUC_THRESHOLDS = np.arange(1, 101) / 20
_WAUC_WEIGHTS = 1 - np.arange(100) / 100


def mean(values: npt.NDArray[Any]) -> float:
    """The mean as a float; nan of nothing."""
    return float(values.mean(dtype=np.float64)) if values.size else float("nan")


def outlier_percent(errors: Numbers, px: float) -> float:
    """Percent of errors above ``px``; lower is better."""
    return _percent(lambda error: error > px, errors)


def inlier_percent(errors: Numbers, px: float) -> float:
    """Percent of errors below ``px``; higher is better."""
    return _percent(lambda error: error < px, errors)


def fl_percent(errors: Numbers, speeds: Numbers) -> float:
    """Percent of errors above 3 px and above 5 % of the true speed; lower is better."""
    return _percent(lambda error, speed: (error > 3) & (error > 0.05 * speed), errors, speeds)


def wauc_percent(errors: Numbers) -> float:
    """Mean share of errors up to 0.05, 0.10 .. 5 px, small thresholds weighing more, in percent.

    The weight falls linearly from 1 (0.05 px) to 0.01 (5 px). An error that equals a threshold is
    within it, as in Spring's evaluation. Higher is better, 100 at most.
    """
    if not errors.size:
        return float("nan")
    count = np.zeros(len(_WAUC_THRESHOLDS) + 1, np.int64)
    for (piece,) in _pieces(errors):
        count += np.bincount(_WAUC_THRESHOLDS.searchsorted(piece), minlength=len(count))
    shares = count[:-1].cumsum() / errors.size
    return float(100 * np.average(shares, weights=_WAUC_WEIGHTS))


def percentile(errors: Numbers, q: float) -> float:
    """The error that ``q`` percent of the pixels do not exceed, in px; lower is better."""
    if not 0 <= q <= 100:
        raise InputError(f"A percentile lies in 0..100, got {q}.")
    return float(np.percentile(errors, q)) if errors.size else float("nan")


def speed_bins(speeds: npt.NDArray[Any]) -> dict[str, BoolArray]:
    """Which pixels move how fast: below 1, below 10, 10 to 40, and 40 px/frame or more."""
    return {
        "s0_1": speeds < 1,
        "s0_10": speeds < 10,
        "s10_40": (speeds >= 10) & (speeds < 40),
        "s40_plus": speeds >= 40,
    }


def distance_bins(distances: npt.NDArray[Any]) -> dict[str, BoolArray]:
    """Which pixels lie how far from an occlusion boundary: below 10, 10 to 60, 60 to 140 px."""
    return {
        "d0_10": distances < 10,
        "d10_60": (distances >= 10) & (distances < 60),
        "d60_140": (distances >= 60) & (distances < 140),
    }


def occlusion_distance(occluded: BoolArray) -> FloatArray:
    """Distance in px to the nearest pixel across an occlusion boundary, (H, W) float32.

    From a visible pixel to the nearest occluded one and the other way round; infinite where the
    frame has no boundary.

    Examples
    --------
    >>> occlusion_distance(np.array([[False, False, True, True, True]])).tolist()
    [[2.0, 1.0, 1.0, 2.0, 3.0]]
    """
    if occluded.all() or not occluded.any():
        return np.full(occluded.shape, np.inf, np.float32)
    inside, outside = (
        cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        for mask in (occluded, ~occluded)
    )
    return np.asarray(inside + outside, np.float32)


def means_in(errors: Numbers, bins: Mapping[str, BoolArray]) -> dict[str, float]:
    """Mean error of each bin that is not empty."""
    return {name: mean(errors[inside]) for name, inside in bins.items() if inside.any()}


def class_means(errors: Numbers, labels: npt.NDArray[Any]) -> dict[int, tuple[float, int]]:
    """Mean error and number of pixels of each class; label 0, unlabelled, is left out."""
    classes = np.unique(labels)
    sums, counts = np.zeros(len(classes)), np.zeros(len(classes), np.int64)
    for start in range(0, len(errors), _PIECE):
        piece = slice(start, start + _PIECE)
        index = classes.searchsorted(labels[piece])
        sums += np.bincount(index, weights=errors[piece], minlength=len(classes))
        counts += np.bincount(index, minlength=len(classes))
    return {
        int(label): (float(total / count), int(count))
        for label, total, count in zip(classes, sums, counts, strict=True)
        if label != 0
    }


def _percent(holds: Callable[..., BoolArray], *values: Numbers) -> float:
    """Percent of the entries for which something holds; nan of none."""
    size = len(values[0])
    count = sum(int(np.count_nonzero(holds(*piece))) for piece in _pieces(*values))
    return 100 * count / size if size else float("nan")


def _pieces(*values: Numbers) -> Iterator[tuple[npt.NDArray[np.float64], ...]]:
    """Entries side by side, some at a time, in double precision."""
    for start in range(0, len(values[0]), _PIECE):
        yield tuple(each[start : start + _PIECE].astype(np.float64) for each in values)
