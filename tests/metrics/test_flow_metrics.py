"""Errors of a flow against the truth, checked by hand."""

import math

import numpy as np
import pytest
import torch

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics import flow as metrics

ZERO = np.zeros((1, 4, 2), np.float32)


def off_by(*errors):
    """A row of vectors, wrong to the left by these many px where the truth is zero."""
    return np.array([[(-error, 0) for error in errors]], np.float32)


def moving(*speeds):
    """A row of vectors pointing up at these speeds."""
    return np.array([[(0, -speed) for speed in speeds]], np.float32)


def as_batch(flow):
    return torch.from_numpy(flow).permute(2, 0, 1)[None]


def test_epe_is_the_length_of_the_difference_and_blind_to_its_sign():
    truth = np.array([[[1, 1], [0, 0]]], np.float32)
    estimate = np.array([[[4, 5], [-3, -4]]], np.float32)
    assert metrics.epe(estimate, truth).tolist() == [[5.0, 5.0]]
    assert metrics.mean_epe(estimate, -truth) > 5


def test_mean_epe_counts_valid_pixels_only_even_beside_nan():
    truth = ZERO.copy()
    truth[0, 3] = np.nan
    valid = np.array([[True, True, False, False]])
    assert metrics.mean_epe(off_by(1, 2, 100, 0), truth, valid) == 1.5


def test_no_pixel_gives_nan_and_empty_bins_are_left_out():
    nothing = np.zeros((1, 4), bool)
    for number in (metrics.mean_epe, metrics.fl_all, metrics.wauc, metrics.mean_angular_error):
        assert math.isnan(number(ZERO, ZERO, nothing))
    assert math.isnan(metrics.outlier_rate(ZERO, ZERO, nothing, px=1))
    assert math.isnan(metrics.epe_percentile(ZERO, ZERO, nothing, q=50))
    assert metrics.epe_by_speed(ZERO, ZERO, nothing) == {}
    assert metrics.epe_by_class(ZERO, ZERO, np.ones((1, 4), int), nothing) == {}


def test_speed_bins_hold_their_lower_end():
    truth = moving(0.5, 1, 10, 39, 40, 300)
    estimate = truth + off_by(1, 2, 4, 8, 16, 32)
    assert metrics.epe_by_speed(estimate, truth) == {
        "s0_1": 1.0,
        "s0_10": 1.5,
        "s10_40": 6.0,
        "s40_plus": 24.0,
    }
    assert set(metrics.epe_by_speed(ZERO, ZERO)) == {"s0_1", "s0_10"}


def test_visibility_splits_matched_from_unmatched():
    occluded = np.array([[False, False, True, False]])
    valid = np.array([[True, True, True, False]])
    result = metrics.epe_by_visibility(off_by(1, 3, 7, 99), ZERO, occluded, valid)
    assert result == {"matched": 2.0, "unmatched": 7.0}


def test_distance_bins_are_measured_from_the_occlusion_boundary():
    occluded = np.zeros((1, 200), bool)
    occluded[0, :2] = True  # pixel x >= 2 is x - 1 px away from the nearest occluded one
    distance = np.where(occluded, [[2.0, 1.0] + [0.0] * 198], np.arange(200) - 1.0)
    estimate = np.zeros((1, 200, 2), np.float32)
    estimate[..., 0] = distance
    result = metrics.epe_by_occlusion_distance(estimate, 0 * estimate, occluded)
    assert result == {
        "d0_10": pytest.approx((2 + 1 + sum(range(1, 10))) / 11),
        "d10_60": pytest.approx(34.5),
        "d60_140": pytest.approx(99.5),
    }


@pytest.mark.parametrize("hidden", [False, True])
def test_without_an_occlusion_boundary_there_are_no_distance_bins(hidden):
    occluded = np.full((1, 4), hidden)
    assert metrics.epe_by_occlusion_distance(ZERO, ZERO, occluded) == {}


def test_fl_needs_both_conditions():
    truth = moving(10, 10, 100, 100, 0)
    # In turn: both, only 5 %, only 3 px, both, neither.
    estimate = truth + off_by(3.5, 2.5, 4.5, 5.5, 0)
    assert metrics.fl_all(estimate, truth) == 40.0
    assert metrics.outlier_rate(estimate, truth, px=3) == 60.0


def test_outliers_lie_above_and_inliers_below():
    estimate = off_by(0.5, 1, 2, 4)
    assert metrics.outlier_rate(estimate, ZERO, px=1) == 50.0
    assert metrics.inlier_rate(estimate, ZERO, px=1) == 25.0
    assert metrics.inlier_rate(estimate, ZERO, px=3) == 75.0


def test_wauc_by_hand():
    # An error of 4.92 px is an inlier at i = 99 and 100 only, with weights 0.02 and 0.01.
    total = sum(1 - i / 100 for i in range(100))
    assert metrics.wauc(off_by(4.92), ZERO[:, :1]) == pytest.approx(100 * 0.03 / total)
    # 0.5 px is within the thresholds i = 10 to 100: all but the weights 1, 0.99 .. 0.92.
    assert metrics.wauc(off_by(0.5), ZERO[:, :1]) == pytest.approx(100 * (total - 8.64) / total)
    assert metrics.wauc(off_by(0.5), ZERO[:, :1]) == pytest.approx(82.891, abs=1e-3)
    assert metrics.wauc(off_by(0, 6), ZERO[:, :2]) == pytest.approx(50)
    assert metrics.wauc(ZERO, ZERO) == pytest.approx(100)


def test_wauc_is_the_weighted_mean_of_inlier_rates(rng):
    estimate = rng.normal(0, 2, (8, 9, 2)).astype(np.float32)
    truth = np.zeros_like(estimate)
    rates = [metrics.inlier_rate(estimate, truth, px=i / 20) for i in range(1, 101)]
    weights = [1 - (i - 1) / 100 for i in range(1, 101)]
    assert metrics.wauc(estimate, truth) == pytest.approx(np.average(rates, weights=weights))


def test_angular_error_by_hand():
    truth = np.array([[[1, 0], [0, 0], [-1, 0], [2, 3]]], np.float32)
    estimate = np.array([[[-1, 0], [0, 1], [0, -1], [2, 3]]], np.float32)
    degrees = metrics.angular_error(estimate, truth)
    assert degrees[0] == pytest.approx([90, 45, 60, 0], abs=1e-5)
    assert metrics.mean_angular_error(estimate, truth) == pytest.approx(195 / 4)


def test_angular_error_keeps_small_and_huge_vectors_exact():
    still, slow = np.zeros((1, 1, 2), np.float32), np.full((1, 1, 2), 1e-5, np.float32)
    assert metrics.angular_error(slow, still).item() == pytest.approx(
        math.degrees(1e-5 * math.sqrt(2)), rel=1e-4
    )
    huge = np.full((1, 1, 2), 1e30, np.float32)
    assert metrics.angular_error(huge, -huge).item() == pytest.approx(180)


def test_percentiles_interpolate_between_pixels():
    estimate = off_by(1, 2, 3, 5)
    assert metrics.epe_percentile(estimate, ZERO, q=50) == 2.5
    assert metrics.epe_percentile(estimate, ZERO, q=100) == 5
    with pytest.raises(InputError, match="got 101"):
        metrics.epe_percentile(estimate, ZERO, q=101)


def test_classes_leave_out_the_unlabelled():
    labels = np.array([[7, 0, 7, 30000]])
    assert metrics.epe_by_class(off_by(1, 50, 3, 9), ZERO, labels) == {7: 2.0, 30000: 9.0}


def test_numpy_and_torch_agree(rng):
    estimate, truth = rng.normal(0, 15, (2, 12, 17, 2)).astype(np.float32)
    valid, occluded = rng.random((2, 12, 17)) > 0.4
    labels = rng.integers(0, 3, (12, 17))
    extra = {
        metrics.epe_by_visibility: (occluded,),
        metrics.epe_by_occlusion_distance: (occluded,),
        metrics.epe_by_class: (labels,),
    }
    keywords = {
        metrics.epe_percentile: {"q": 75},
        metrics.outlier_rate: {"px": 3},
        metrics.inlier_rate: {"px": 3},
    }
    for name in metrics.__all__:
        function = getattr(metrics, name)
        if name in ("epe", "angular_error"):
            array, tensor = function(estimate, truth), function(as_batch(estimate), as_batch(truth))
            assert isinstance(tensor, torch.Tensor)
            np.testing.assert_allclose(tensor[0].numpy(), array, rtol=1e-5, atol=1e-5)
            continue
        masks = [*extra.get(function, ()), valid]
        on_arrays = function(estimate, truth, *masks, **keywords.get(function, {}))
        batched = [torch.from_numpy(mask)[None] for mask in masks]
        on_tensors = function(
            as_batch(estimate), as_batch(truth), *batched, **keywords.get(function, {})
        )
        assert on_tensors == pytest.approx(on_arrays, rel=1e-6), name


def test_tensors_that_need_gradients_are_measured_too():
    estimate = torch.ones(2, 2, 3, 3, requires_grad=True)
    assert metrics.mean_epe(estimate, torch.zeros(2, 2, 3, 3)) == pytest.approx(math.sqrt(2))
    metrics.epe(estimate, torch.zeros(2, 2, 3, 3)).mean().backward()
    assert estimate.grad is not None


@pytest.mark.parametrize(
    ("estimate", "truth", "error"),
    [
        (np.zeros((3, 4, 2)), np.zeros((4, 3, 2)), ShapeMismatchError),
        (np.zeros((2, 3, 4)), np.zeros((2, 3, 4)), InputError),
        (torch.zeros(1, 3, 4, 2), torch.zeros(1, 3, 4, 2), InputError),
        (np.zeros((3, 4, 2)), torch.zeros(1, 2, 3, 4), InputError),
    ],
)
def test_what_is_no_pair_of_flows_is_refused(estimate, truth, error):
    with pytest.raises(error, match=r"shape|both"):
        metrics.mean_epe(estimate, truth)


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ShapeMismatchError, match=r"\(1, 4\), got \(4, 1\)"):
        metrics.mean_epe(ZERO, ZERO, np.ones((4, 1), bool))
