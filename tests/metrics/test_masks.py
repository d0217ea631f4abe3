"""A number and its pixels agree."""

import numpy as np
import pytest

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics.flow import angular_error, epe
from flowcore.metrics.gaps import fill_gaps
from flowcore.metrics.image import compare_frames
from flowcore.metrics.masks import (
    average_precision,
    mask_agreement,
    pixels_behind,
    visible_pixels,
)
from flowcore.metrics.round_trip import round_trip
from flowcore.metrics.statistics import wauc_percent
from flowcore.metrics.summary import METRICS, describe, measure
from flowcore.ops.consistency import consistency_distance
from flowcore.ops.convert import flow_to_tensor, frame_to_tensor
from flowcore.ops.warp import warp
from flowcore.types import FlowField, FramePair

SIZE = (96, 128)
SHARES = {
    key for key, metric in METRICS.items() if metric.unit == "%" and not key.startswith("wauc")
}
PERCENTILES = {"a50", "a75", "a95"}


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def pair(rng):
    """A zoom of 0 to 63 px whose truth has gaps; classes 1, 2 and unlabeled; a hidden corner and
    a moving object."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return FramePair(
        *rng.integers(0, 256, (2, *SIZE, 3), np.uint8),
        truth=FlowField(np.stack([x / 2, 0 * y], -1), rng.random(SIZE) > 0.1),
        labels=y // 32,
        occluded=(x < 9) & (y < 8),
        foreground=(x > 90) & (y > 40),
    )


@pytest.fixture(scope="module")
def flow(pair, rng):
    """The truth, off by some px, with gaps of its own."""
    return FlowField(pair.truth.uv + rng.normal(0, 2, (*SIZE, 2)), rng.random(SIZE) > 0.1)


@pytest.fixture(scope="module")
def backward(pair, rng):
    """The way back, a bit off, without gaps."""
    return FlowField(pair.truth.uv / -1.5 + rng.normal(0, 0.5, (*SIZE, 2)))


def retaken(key, mask, num_pixels, flow, pair, backward):
    """The number of that key, from the pixels of the mask alone."""
    if key in SHARES:
        return 100 * mask.sum() / num_pixels
    if describe(key).group == "warp":
        first, second = frame_to_tensor(pair.first), frame_to_tensor(pair.second)
        seen = second if key.endswith("identity") else warp(second, flow_to_tensor(flow.uv))
        return compare_frames(first, seen, mask)[key.removesuffix("_identity")]
    if key == "consistency_median":
        distance = consistency_distance(flow_to_tensor(flow.uv), flow_to_tensor(backward.uv))
        return np.median(distance[0][mask])
    if key.endswith("_filled"):
        flow = fill_gaps(flow)
    errors = epe(flow.uv, pair.truth.uv)[mask].astype(np.float64)
    if key in PERCENTILES:
        return errors.min()  # the next error above it
    if key == "angular_error":
        return angular_error(flow.uv, pair.truth.uv)[mask].mean(dtype=np.float64)
    return wauc_percent(errors) if key.startswith("wauc") else errors.mean()


@pytest.mark.parametrize("knows_parts", [True, False])
@pytest.mark.parametrize("goes_back", [True, False])
def test_every_number_is_that_of_its_pixels(pair, flow, backward, knows_parts, goes_back):
    if not knows_parts:
        pair = FramePair(pair.first, pair.second, pair.truth, pair.labels)
    consistent = round_trip(flow, backward).consistent if goes_back else None
    measured = measure(flow, pair, backward=backward if goes_back else None)
    groups = {"occlusion": knows_parts, "foreground": knows_parts, "consistency": goes_back}
    groups["time"] = False  # of two pairs
    expected = {key for key, metric in METRICS.items() if groups.get(metric.group, True)}
    expected -= {key for key in METRICS if key.endswith("_common")}  # of several lanes
    assert set(measured) == expected | {"epe_class_1", "epe_class_2"}
    for key, (value, num_pixels) in measured.items():
        mask = pixels_behind(key, flow, pair, consistent=consistent)
        again = retaken(key, mask, num_pixels, flow, pair, backward)
        assert again == pytest.approx(value, rel=1e-3 if key in PERCENTILES else 1e-6), key
        assert mask.sum() == num_pixels or key in SHARES | PERCENTILES, key


def drawn(mask):
    """A mask of one row as text."""
    return "".join("-1"[pixel] for pixel in mask[0].astype(int))


@pytest.mark.parametrize(
    ("key", "pixels"),
    [
        ("r0_5", "-11111"),
        ("r1", "--1111"),
        ("outlier_1px", "--1111"),
        ("outlier_3px", "---111"),
        ("outlier_5px", "-----1"),
        ("inlier_1px", "11----"),
        ("inlier_5px", "11111-"),
        ("fl_all", "---1-1"),
        ("a50", "---111"),
        ("epe", "111111"),
        ("epe_s40_plus", "----1-"),
        ("outlier_1px_s0_10", "--11-1"),
        ("fl_s40_plus", "------"),
        ("outlier_4px", "-----1"),
    ],
)
def test_masks_by_hand(key, pixels):
    """Errors of 0.4, 0.6, 2, 3.5, 4 and 6 px; the fifth at 100 px/frame, the others at rest."""
    truth = np.zeros((1, 6, 2))
    truth[0, 4] = 100, 0
    errors = np.array([[0.4, 0.6, 2, 3.5, 4, 6]])
    pair = FramePair(*np.zeros((2, 1, 6, 3), np.uint8), truth=FlowField(truth))
    flow = FlowField(truth + np.stack([0 * errors, errors], -1))
    assert drawn(pixels_behind(key, flow, pair)) == pixels


def test_visible_pixels_by_hand():
    """A motion of 1 px to the right, taken for one of 3 px; a gap, and an occluded pixel."""
    blank, right = np.zeros((2, 1, 5, 3), np.uint8), np.broadcast_to((1, 0), (1, 5, 2))
    truth, flow = FlowField(right), FlowField(3 * right, valid=[[1, 1, 0, 1, 1]])
    hidden, agree = np.array([[1, 0, 0, 0, 0]]) > 0, np.array([[0, 1, 0, 1, 0]]) > 0
    known = FramePair(*blank, truth=truth, occluded=hidden)
    assert drawn(visible_pixels(flow, known)) == "-1-1-"
    assert drawn(visible_pixels(flow, known, ~agree)) == "-1-1-"
    bare = FramePair(*blank, truth=truth)
    assert drawn(visible_pixels(flow, bare)) == "11---"
    assert drawn(visible_pixels(flow, bare, agree)) == "-1-1-"


def test_what_has_no_mask_says_why(pair, flow):
    bare = FramePair(pair.first, pair.second)
    with pytest.raises(InputError, match="no true flow"):
        pixels_behind("epe", flow, bare)
    with pytest.raises(InputError, match="no backward flow"):
        pixels_behind("consistent_share", flow, pair)
    with pytest.raises(InputError, match="no mask for this pair"):
        pixels_behind("epe_matched", flow, FramePair(pair.first, pair.second, pair.truth))


def test_f1_by_hand():
    """Two of three are found, and one that is none: precision 2 of 3, recall 2 of 3."""
    truth = np.array([True, True, True, False])
    found = mask_agreement(np.array([True, True, False, True]), truth)
    assert found.f1 == pytest.approx(100 * 2 / 3)
    assert mask_agreement(np.array([True, False, False, False]), truth).f1 == pytest.approx(50)
    assert np.isnan(mask_agreement(~truth & False, ~truth & False).f1)


def test_average_precision_by_hand():
    truth = np.array([True, False, True, False])
    assert average_precision(np.float32([4, 3, 2, 1]), truth) == pytest.approx(
        100 * (1 + 2 / 3) / 2
    )
    assert average_precision(np.float32([1, 3, 2, 4]), truth) == pytest.approx(
        100 * (1 / 3 + 0.5) / 2
    )
    assert average_precision(np.zeros(4, np.float32), truth) == pytest.approx(50)  # all at once
    assert average_precision(truth.astype(np.float32), truth) == 100
    assert np.isnan(average_precision(np.zeros(4, np.float32), ~truth & False))
    with pytest.raises(ShapeMismatchError):
        average_precision(np.zeros(3, np.float32), truth)
