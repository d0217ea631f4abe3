"""How calm a flow is in time, by hand."""

import numpy as np
import pytest

from flowcore.errors import ShapeMismatchError
from flowcore.metrics.flicker import flicker
from flowcore.types import FlowField

EVERYWHERE = np.ones((4, 6), bool)


def constant(u, v):
    return FlowField(np.full((4, 6, 2), (u, v), np.float32))


def test_a_motion_that_stays_has_none():
    assert flicker(constant(1, 0), constant(1, 0), EVERYWHERE) == (0, 20)  # a column leaves


def test_the_length_of_the_change():
    assert flicker(constant(0, 0), constant(3, -4), EVERYWHERE) == (5, 24)


def test_the_next_vector_is_that_of_where_a_pixel_arrives():
    ramp = np.zeros((4, 6, 2), np.float32)
    ramp[..., 0] = np.arange(6)
    value, num_pixels = flicker(constant(2, 0), FlowField(ramp), EVERYWHERE)
    assert num_pixels == 16
    assert value == np.mean([0, 1, 2, 3])  # |2 - 2|, |3 - 2|, |4 - 2|, |5 - 2|


def test_only_pixels_that_count_and_are_known():
    seen = np.zeros((4, 6), bool)
    seen[0] = True
    known = np.ones((4, 6), bool)
    known[0, 0] = False
    gaps = FlowField(np.zeros((4, 6, 2), np.float32), known)
    assert flicker(constant(0, 1), constant(0, 0), seen) == (1, 6)
    assert flicker(gaps, constant(0, 1), seen) == (1, 5)
    assert flicker(constant(0, 1), FlowField(gaps.uv, np.roll(known, 1, 0)), seen) == (1, 5)
    value, num_pixels = flicker(constant(0, 9), constant(0, 9), EVERYWHERE)
    assert np.isnan(value)
    assert num_pixels == 0


def test_large_flows_are_taken_band_by_band(monkeypatch):
    rng = np.random.default_rng(0)
    first, second = (FlowField(rng.normal(0, 2, (40, 30, 2)).astype(np.float32)) for _ in range(2))
    within = rng.random((40, 30)) > 0.3
    whole = flicker(first, second, within)
    monkeypatch.setattr("flowcore.ops.bands._PIXELS", 200)
    assert flicker(first, second, within) == pytest.approx(whole)


def test_sizes_that_differ():
    with pytest.raises(ShapeMismatchError, match=r"\(4, 6\) and \(2, 2\)"):
        flicker(constant(0, 0), FlowField(np.zeros((2, 2, 2), np.float32)), EVERYWHERE)
