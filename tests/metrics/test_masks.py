"""A number and its pixels agree."""

import numpy as np
import pytest

from flowcore.data.synthetic import make_pair
from flowcore.errors import InputError
from flowcore.metrics.masks import pixels_behind
from flowcore.metrics.summary import measure
from flowcore.types import FlowField, FramePair


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (12, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    return make_pair(np.ascontiguousarray(texture), dx=12, dy=-2, zoom=1.05, occluder=(-6, 0))


@pytest.fixture(scope="module")
def flow(pair):
    rng = np.random.default_rng(1)
    return FlowField(pair.truth.uv + rng.normal(0, 2, pair.truth.uv.shape).astype(np.float32))


def test_every_number_against_truth_has_its_pixels(pair, flow):
    measured = measure(flow, pair)
    for key, (value, num_pixels) in measured.items():
        if key.startswith(("psnr", "ssim", "photometric")):
            continue
        mask = pixels_behind(key, flow, pair)
        if key.startswith(("outlier", "inlier", "fl_all", "r0", "r1", "r2")):
            assert 100 * mask.sum() / num_pixels == pytest.approx(value), key
        elif key.startswith("a") and key[1:].isdecimal():
            assert mask.mean() == pytest.approx(1 - int(key[1:]) / 100, abs=0.001), key
        else:
            assert mask.sum() == num_pixels, key


def test_consistency_shows_what_it_was_given(pair, flow):
    consistent = np.eye(96, 128) > 0
    assert pixels_behind("psnr", flow, pair, consistent=consistent) is consistent
    with pytest.raises(InputError, match="no backward flow"):
        pixels_behind("consistent_share", flow, pair)


def test_what_has_no_mask_says_why(pair, flow):
    bare = FramePair(pair.first, pair.second)
    with pytest.raises(InputError, match="no true flow"):
        pixels_behind("epe", flow, bare)
    with pytest.raises(InputError, match="no mask for this pair"):
        pixels_behind("epe_matched", flow, FramePair(pair.first, pair.second, pair.truth))
