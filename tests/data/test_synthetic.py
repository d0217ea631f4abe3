"""Synthetic pairs: the truth is exact, for motion, for occlusion, for the warp."""

import numpy as np
import pytest

from flowcore.data import samples
from flowcore.data.synthetic import Layer, ellipse, make_pair, motion_about, render_pair
from flowcore.errors import ConfigError, InputError
from flowcore.metrics.image import psnr
from flowcore.ops.convert import flow_to_tensor, frame_to_array, frame_to_tensor
from flowcore.ops.warp import warp
from flowcore.pipeline import run
from flowcore.types import PipelineConfig


def photo(height=60, width=80, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), np.uint8)
    return np.ascontiguousarray(coarse.repeat(8, 0).repeat(8, 1)[:height, :width])


def warped(pair):
    return frame_to_array(warp(frame_to_tensor(pair.second), flow_to_tensor(pair.truth.uv)))


def test_content_moves_right_by_dx():
    pair = make_pair(photo(), dx=5, dy=-2)
    assert (pair.truth.uv == (5, -2)).all()
    assert np.array_equal(pair.second[10:40, 20:60], pair.first[12:42, 15:55])


def test_the_frame_is_left_exactly_where_the_target_lies_outside():
    pair = make_pair(photo(), dx=5, dy=-2)
    expected = np.zeros((60, 80), bool)
    expected[:, 75:] = True
    expected[:2] = True
    assert np.array_equal(pair.occluded, expected)


def test_rotation_and_zoom_about_the_middle():
    pair = make_pair(photo(81, 81), rotation=90, zoom=0.5)
    # Straight up by 20 turns clockwise to straight right, at half the distance.
    assert pair.truth.uv[20, 40] == pytest.approx((10, 20), abs=1e-4)
    assert pair.truth.uv[40, 40] == pytest.approx((0, 0), abs=1e-4)


def test_occlusion_by_a_nearer_layer_by_hand():
    """A square of 10x10 at x 20..29 moves 10 px right over a background that stands still."""
    shape = np.zeros((60, 80), np.uint8)
    shape[20:30, 20:30] = 255
    pair = render_pair(
        [
            Layer(photo(), np.eye(3), np.eye(3)),
            Layer(photo(seed=1), motion_about((0, 0), dx=10), np.eye(3), shape),
        ],
        (60, 80),
    )
    expected = np.zeros((60, 80), bool)
    expected[20:30, 30:40] = True
    assert np.array_equal(pair.occluded, expected)
    assert (pair.labels == np.where(shape > 0, 2, 1)).all()
    assert (pair.truth.uv[..., 0] == np.where(shape > 0, 10, 0)).all()


@pytest.mark.parametrize("motion", [{"dx": 0.4, "dy": -0.3}, {"rotation": 5}, {"zoom": 1.1}])
def test_second_warped_by_the_truth_is_first(motion):
    smooth = samples.load("subpixel").first
    pair = make_pair(smooth, **motion)
    seen = ~pair.occluded
    moved = psnr(pair.first, warped(pair), seen, peak=255)
    assert moved > 38
    assert moved > psnr(pair.first, pair.second, seen, peak=255) + 4


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 2)])
def test_any_photo_will_do(size):
    pair = make_pair(np.zeros((*size, 3), np.uint8), dx=1, rotation=3, occluder=(2, 0))
    assert pair.size == size


def test_large_photos_are_reduced():
    assert make_pair(np.zeros((600, 2048, 3), np.uint8)).size == (300, 1024)


def test_noise_and_compression_leave_the_truth_alone():
    clean = make_pair(photo(), dx=3)
    noisy = make_pair(photo(), dx=3, noise=20, seed=1)
    spread = (noisy.first.astype(float) - clean.first)[(clean.first > 80) & (clean.first < 175)]
    assert spread.std() == pytest.approx(20, rel=0.1)
    compressed = make_pair(photo(), dx=3, jpeg_quality=5)
    assert not np.array_equal(compressed.first, clean.first)
    assert np.array_equal(compressed.truth.uv, clean.truth.uv)


@pytest.mark.parametrize(
    "knobs",
    [{"dx": float("nan")}, {"zoom": 0}, {"noise": -1}, {"jpeg_quality": 101}, {"rotation": 999}],
)
def test_absurd_knobs_are_refused(knobs):
    with pytest.raises(ConfigError, match="must lie in"):
        make_pair(photo(), **knobs)


def test_ellipse_by_hand():
    assert (ellipse((3, 5), (2, 1), (2, 1)) > 0).astype(int).tolist() == [
        [0, 0, 1, 0, 0],
        [1, 1, 1, 1, 1],
        [0, 0, 1, 0, 0],
    ]


class TestSamples:
    @pytest.mark.parametrize("name", samples.names())
    def test_truth_explains_the_second_frame(self, name):
        pair = samples.load(name)
        seen = pair.truth.valid if pair.occluded is None else ~pair.occluded
        moved = psnr(pair.first, warped(pair), seen, peak=255)
        still = psnr(pair.first, pair.second, seen, peak=255)
        assert moved > still + 3 or (name == "static" and moved == still == float("inf"))

    def test_there_are_enough_and_they_stay_the_same(self):
        assert len(samples.names()) >= 8
        first = samples.load("noise").digest
        samples.load.cache_clear()
        assert samples.load("noise").digest == first

    def test_motorcycle_is_the_real_stereo_pair(self):
        pair = samples.load("motorcycle")
        speed = pair.truth.uv[..., 0][pair.truth.valid]
        assert 1 - pair.truth.valid.mean() == pytest.approx(0.073, abs=0.001)
        assert -60 < speed.min() < speed.max() < -6

    def test_a_method_finds_the_large_displacement(self):
        pair = samples.load("large")
        estimate = run(pair, PipelineConfig("dis_medium"))
        errors = np.hypot(*np.moveaxis(estimate.flow.uv - pair.truth.uv, -1, 0))
        assert errors[~pair.occluded].mean() < 0.5

    def test_an_unknown_name_lists_the_known_ones(self):
        with pytest.raises(InputError, match="motorcycle"):
            samples.load("../etc")

    def test_thumbnails_have_one_size(self):
        assert {samples.thumbnail(name).shape for name in samples.names()} == {(180, 240, 3)}
