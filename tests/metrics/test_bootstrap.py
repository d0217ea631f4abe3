"""The interval covers what it should, and says so only where it can."""

import numpy as np
import pytest

from flowcore.errors import ConfigError, InputError, ShapeMismatchError
from flowcore.metrics.bootstrap import paired_difference
from flowcore.metrics.curves import cumulative_share, mean_per_bin, share_per_bin


def test_a_constant_lead_is_certain():
    errors = np.ones((64, 64), np.float32)
    difference = paired_difference(errors, errors + 0.5, np.ones((64, 64), bool))
    assert difference == (-0.5, -0.5, -0.5, 100)
    assert difference.is_certain


def test_mean_by_hand_over_uneven_blocks():
    """3x3 px in blocks of 2: the border blocks are smaller, and every pixel still counts once."""
    first = np.arange(9, dtype=np.float32).reshape(3, 3)
    valid = np.ones((3, 3), bool)
    valid[0, 0] = False
    difference = paired_difference(first, np.zeros((3, 3), np.float32), valid, block=2)
    assert difference.mean == pytest.approx(4.5)
    assert difference.share_better == 0


def test_errors_that_come_in_patches_widen_the_interval(rng):
    """The same numbers, scattered or in patches: only blocks see the difference."""
    scattered = rng.normal(0, 1, (128, 128)).astype(np.float32)
    patches = scattered[:16, :16].repeat(8, 0).repeat(8, 1)
    zero, valid = np.zeros((128, 128), np.float32), np.ones((128, 128), bool)
    narrow = paired_difference(scattered, zero, valid)
    wide = paired_difference(patches, zero, valid)
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    assert not paired_difference(patches - patches.mean(), zero, valid).is_certain


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    valid, zero = np.ones((96, 96), bool), np.zeros((96, 96), np.float32)
    hits = 0
    for seed in range(60):
        errors = rng.normal(0.1, 1, (12, 12)).astype(np.float32).repeat(8, 0).repeat(8, 1)
        found = paired_difference(errors, zero, valid, block=16, num_resamples=300, seed=seed)
        hits += found.low <= 0.1 <= found.high
    assert 55 <= hits <= 57  # 95 % are 57


def test_bad_input_is_named():
    errors, valid = np.ones((4, 4), np.float32), np.ones((4, 4), bool)
    with pytest.raises(ShapeMismatchError, match="differ in shape"):
        paired_difference(errors, errors[:2], valid)
    with pytest.raises(InputError, match="No pixel"):
        paired_difference(errors, errors, ~valid)
    with pytest.raises(ConfigError, match="1 or more"):
        paired_difference(errors, errors, valid, block=0)


def test_distributions_need_pixels():
    for call in (share_per_bin, cumulative_share):
        with pytest.raises(InputError, match="at least one pixel"):
            call(np.array([], np.float32), np.arange(3.0))
    assert np.isnan(mean_per_bin(np.ones(1), np.ones(1) * 5, np.array([0.0, 1.0]))).all()
