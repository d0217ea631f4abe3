"""Numbers taken a band of rows at a time are those of the whole frame."""

import numpy as np
import pytest
import torch

from flowcore.metrics.image import compare_frames, warp_quality
from flowcore.metrics.round_trip import round_trip, round_trip_distance
from flowcore.metrics.summary import measure
from flowcore.ops import bands
from flowcore.ops.bands import Band, row_bands
from flowcore.ops.consistency import consistency_mask
from flowcore.ops.convert import flow_to_tensor, frame_to_levels, frame_to_tensor
from flowcore.ops.warp import lands_inside
from flowcore.types import FlowField, FramePair

SIZES = [(1, 1), (37, 53), (64, 31), (5, 200), (129, 3)]


def some_flow(rng, size):
    valid = rng.random(size) > 0.2
    valid.flat[0] = True
    return FlowField(rng.normal(0, 5, (*size, 2)).astype(np.float32), valid)


def some_pair(rng, size, *, occluded):
    first, second = rng.integers(0, 256, (2, *size, 3), dtype=np.uint8)
    hidden = rng.random(size) > 0.7 if occluded else None
    labels = rng.integers(0, 3, size)
    return FramePair(first, second, some_flow(rng, size), labels=labels, occluded=hidden)


@pytest.fixture
def in_thin_bands(monkeypatch):
    return lambda: monkeypatch.setattr(bands, "_PIXELS", 7 * 53)


def test_bands_cover_every_row_once_and_see_what_is_around(in_thin_bands):
    in_thin_bands()
    assert list(row_bands(20, 53, reach=2)) == [
        Band(slice(0, 7), slice(0, 9)),
        Band(slice(7, 14), slice(5, 16)),
        Band(slice(14, 20), slice(12, 20)),
    ]
    assert [band.inner for band in row_bands(20, 53, reach=2)] == [
        slice(0, 7),
        slice(2, 9),
        slice(2, 8),
    ]
    assert [band.rows for band in row_bands(2, 1000)] == [slice(0, 1), slice(1, 2)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("occluded", [False, True])
@pytest.mark.parametrize("with_backward", [False, True])
def test_every_number_is_the_same(size, occluded, with_backward, rng, in_thin_bands):
    pair = some_pair(rng, size, occluded=occluded)
    flow = some_flow(rng, size)
    backward = some_flow(rng, size) if with_backward else None
    whole = measure(flow, pair, backward=backward)
    in_thin_bands()
    banded = measure(flow, pair, backward=backward)
    assert set(banded) == set(whole)
    for key, (value, num_pixels) in whole.items():
        assert banded[key].num_pixels == num_pixels
        assert banded[key].value == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_the_round_trip_is_the_same_pixel_by_pixel(size, rng, in_thin_bands):
    flow, backward = (FlowField(some_flow(rng, size).uv / 20) for _ in range(2))
    expected = consistency_mask(flow_to_tensor(flow.uv), flow_to_tensor(backward.uv))
    whole = round_trip(flow, backward)
    in_thin_bands()
    banded = round_trip(flow, backward)
    assert np.array_equal(whole.consistent, expected[0])
    assert np.array_equal(banded.consistent, expected[0])
    assert np.array_equal(banded.distance, whole.distance)
    distance = round_trip_distance(flow, backward)
    inside = lands_inside(flow_to_tensor(flow.uv))[0].numpy()
    known = FlowField(flow.uv), FlowField(backward.uv)
    assert distance[inside] == pytest.approx(round_trip(*known).distance, rel=1e-6)


def test_frames_of_8_bit_score_as_those_in_single_precision(rng):
    pair = some_pair(rng, (37, 53), occluded=False)
    flow, visible = flow_to_tensor(pair.truth.uv), torch.ones(1, 37, 53, dtype=torch.bool)
    by_kind = [
        warp_quality(convert(pair.first), convert(pair.second), flow, visible)
        for convert in (frame_to_levels, frame_to_tensor)
    ]
    assert by_kind[0] == pytest.approx(by_kind[1], rel=1e-9)
    assert by_kind[0]["ssim_identity"] == pytest.approx(
        compare_frames(pair.first, pair.second)["ssim"], rel=1e-6
    )
