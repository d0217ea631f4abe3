"""Why one flow is better than another: their mean difference, split over parts of the frame."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from flowcore.errors import InputError
from flowcore.metrics.bootstrap import Difference, paired_difference
from flowcore.metrics.flow import epe
from flowcore.metrics.masks import stays_inside
from flowcore.ops.convert import flow_to_tensor, frame_to_tensor
from flowcore.ops.warp import warp
from flowcore.types import BoolArray, FloatArray, FlowField, FramePair, UInt8Array

__all__ = ["REGIONS", "Share", "Split", "Why", "explain", "motion_boundaries", "textureless"]

Split: TypeAlias = Literal["region", "class"]

REGIONS: Mapping[str, str] = {
    "leaving": "where the motion leaves the frame",
    "occluded": "on occluded pixels",
    "boundary": "within 10 px of motion boundaries",
    "flat": "on plain surfaces",
    "fast": "on the fastest third of the rest",
    "medium": "on the middle third of the rest",
    "slow": "on the slowest third of the rest",
    "both": "where the round trips of both close",
    "only_one": "where only the round trip of {one} closes",
    "only_other": "where only the round trip of {other} closes",
    "neither": "where no round trip closes",
}
_REACH = 10  # px from a motion boundary
_JUMP, _JUMP_SHARE = 1.0, 0.1  # px, and of the faster speed: between neighbors on a boundary
_WINDOW, _FLAT = 11, 3.0  # px; gray levels of standard deviation in a window that is plain


class Share(NamedTuple):
    """What a part of the frame adds to the mean difference; all parts together are the whole.

    ``difference`` is the sum over its pixels divided by the number of all pixels: negative in
    favor of the first flow.
    """

    part: str
    difference: float
    num_pixels: int


class Why(NamedTuple):
    """The difference of two flows, and where it comes from.

    Parameters
    ----------
    unit : str
        "px" of end-point error, or without truth "gray levels" of the error after warping.
    means : (float, float)
        Mean error of the first and of the second flow, over the pixels that count for both.
    difference : Difference
        Of these, with its interval.
    closer : two of (percent of the pixels, mean margin on them)
        Where the first is closer, and where the second is.
    shares : tuple of Share
        The parts that are not empty, what favors the better flow most first.
    masks : mapping of part to (H, W) bool
        The pixels of each: disjoint.
    """

    unit: str
    means: tuple[float, float]
    difference: Difference
    closer: tuple[tuple[float, float], tuple[float, float]]
    shares: tuple[Share, ...]
    masks: Mapping[str, BoolArray]


class _Side(NamedTuple):
    flow: FlowField
    consistent: BoolArray | None


def explain(
    pair: FramePair,
    one: tuple[FlowField, BoolArray | None],
    other: tuple[FlowField, BoolArray | None],
    *,
    by: Split = "region",
) -> Why:
    """Split the mean difference of two flows over disjoint parts of the frame.

    Parameters
    ----------
    pair : FramePair
        With truth the errors are end-point errors, and the parts are, each without those before:
        leaving the frame, occluded, near a motion boundary of the truth, plain, and thirds by
        speed. Without truth they are absolute differences of the first and the warped second frame,
        and the parts say whose round trip closes.
    one, other : (FlowField, (H, W) bool or None)
        A flow, and where it agrees with its backward flow.
    by : "region" or "class"
        "class": by the labels of the pair.

    Raises
    ------
    InputError
        No pixel counts for both, or there are no labels to split by.
    """
    first, second = _Side(*one), _Side(*other)
    counts = first.flow.valid & second.flow.valid
    if pair.truth is not None:
        unit = "px"
        counts = counts & pair.truth.valid
        errors = [epe(side.flow.uv, pair.truth.uv) for side in (first, second)]
    else:
        unit = "gray levels"
        counts = counts & stays_inside(first.flow) & stays_inside(second.flow)
        errors = [_warp_error(pair, side.flow) for side in (first, second)]
    if not counts.any():
        raise InputError("No pixel counts in both estimates.")
    gap = (errors[0].astype(np.float64) - errors[1])[counts]
    difference = paired_difference(errors[0], errors[1], counts)
    masks = {name: mask for name, mask in _parts(pair, first, second, counts, by) if mask.any()}
    sign = 1 if difference.mean > 0 else -1
    shares = [
        Share(name, float(gap[mask[counts]].sum() / gap.size), int(mask.sum()))
        for name, mask in masks.items()
    ]
    return Why(
        unit,
        (_mean(errors[0][counts]), _mean(errors[1][counts])),
        difference,
        (_closer(-gap), _closer(gap)),
        tuple(sorted(shares, key=lambda share: -sign * share.difference)),
        masks,
    )


def motion_boundaries(flow: FlowField) -> BoolArray:
    """Where neighbors move differently, (H, W) bool: by more than 1 px and 10 % of the faster."""
    found = np.zeros(flow.size, bool)
    for axis in (0, 1):
        here, there = ([slice(None), slice(None)] for _ in range(2))
        here[axis], there[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(here), tuple(there)
        jump = np.linalg.norm(flow.uv[a] - flow.uv[b], axis=-1)
        fastest = np.maximum(flow.magnitude[a], flow.magnitude[b])
        known = flow.valid[a] & flow.valid[b]
        crossed = known & (jump > _JUMP) & (jump > _JUMP_SHARE * fastest)
        found[a] |= crossed
        found[b] |= crossed
    return found


def textureless(frame: UInt8Array) -> BoolArray:
    """Where a frame is plain, (H, W) bool: under 3 gray levels of deviation in 11x11 px."""
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    window = (_WINDOW, _WINDOW)
    mean, square = cv2.blur(gray, window), cv2.blur(gray * gray, window)
    return np.asarray(square - mean * mean < _FLAT**2)


def _parts(
    pair: FramePair, one: _Side, other: _Side, counts: BoolArray, by: Split
) -> Iterator[tuple[str, BoolArray]]:
    """Disjoint parts whose union is what counts."""
    if by == "class":
        if pair.labels is None:
            raise InputError("There are no labels to split the difference by.")
        for label in np.unique(pair.labels[counts]):
            yield f"class_{label}", counts & (pair.labels == label)
        return
    candidates = _by_truth(pair, counts) if pair.truth is not None else _by_trip(one, other)
    left = counts.copy()
    for name, mask in candidates:
        yield name, left & mask
        left &= ~mask


def _by_truth(pair: FramePair, counts: BoolArray) -> Iterator[tuple[str, BoolArray]]:
    assert pair.truth is not None
    regions = {"leaving": ~stays_inside(pair.truth)}
    if pair.occluded is not None:
        regions["occluded"] = pair.occluded
    away = (~motion_boundaries(pair.truth)).astype(np.uint8)
    regions["boundary"] = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) < _REACH
    regions["flat"] = textureless(pair.first)
    yield from regions.items()
    rest = counts & ~np.logical_or.reduce(list(regions.values()))
    speed = pair.truth.magnitude
    slow, fast = np.percentile(speed[rest], [100 / 3, 200 / 3]) if rest.any() else (0.0, 0.0)
    yield "fast", speed > fast
    yield "medium", speed > slow
    yield "slow", np.ones(pair.size, bool)


def _by_trip(one: _Side, other: _Side) -> Iterator[tuple[str, BoolArray]]:
    nowhere = np.zeros(one.flow.size, bool)
    closes, others = (
        nowhere if side.consistent is None else side.consistent for side in (one, other)
    )
    yield "both", closes & others
    yield "only_one", closes
    yield "only_other", others
    yield "neither", ~nowhere


def _warp_error(pair: FramePair, flow: FlowField) -> FloatArray:
    """Mean absolute difference of the channels after warping, (H, W), gray levels."""
    warped = warp(frame_to_tensor(pair.second), flow_to_tensor(flow.uv))
    off = (frame_to_tensor(pair.first) - warped).abs().mean(1)[0]
    return np.asarray(255 * off.numpy(), np.float32)


def _closer(margins: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Percent of the pixels with a positive margin, and its mean there."""
    won = margins[margins > 0]
    return 100 * won.size / margins.size, float(won.mean()) if won.size else 0.0


def _mean(values: FloatArray) -> float:
    return float(values.mean(dtype=np.float64))
