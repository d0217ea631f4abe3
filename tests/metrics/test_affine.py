"""Turning and zooming of flows made by hand."""

import math

import numpy as np
import pytest

from flowcore.errors import InputError
from flowcore.metrics.affine import affine_fit


def flow_of(matrix, offset=(0.0, 0.0), size=(20, 30)):
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    places = np.stack([x, y], -1)
    return (places @ (np.array(matrix).T - np.eye(2)) + offset).astype(np.float32)


ALL = np.ones((20, 30), bool)


@pytest.mark.parametrize("degrees", [-12.0, 0.5, 30.0])
@pytest.mark.parametrize("zoom", [0.8, 1.0, 1.3])
def test_turn_and_zoom(degrees, zoom):
    """Clockwise on the screen: what lies right of the center goes down."""
    c, s = zoom * math.cos(math.radians(degrees)), zoom * math.sin(math.radians(degrees))
    fit = affine_fit(flow_of([[c, -s], [s, c]], offset=(3, -7)), ALL)
    assert fit.turn == pytest.approx(degrees, abs=1e-3)
    assert fit.zoom == pytest.approx(zoom, abs=1e-4)
    assert fit.explained == pytest.approx(100, abs=1e-3)


def test_a_translation_turns_nothing():
    fit = affine_fit(flow_of(np.eye(2), offset=(5, 2)), ALL)
    assert fit.turn == pytest.approx(0, abs=1e-4)
    assert fit == (pytest.approx(0, abs=1e-4), pytest.approx(1), 0)


def test_noise_is_not_explained():
    noise = np.random.default_rng(0).normal(size=(20, 30, 2)).astype(np.float32)
    assert affine_fit(noise, ALL).explained < 5


def test_unknown_pixels_do_not_count():
    flow = flow_of([[1.1, 0], [0, 1.1]])
    valid = ALL.copy()
    flow[:10], valid[:10] = 99, False
    assert affine_fit(flow, valid).zoom == pytest.approx(1.1, abs=1e-4)


def test_too_little_is_known():
    one_row = np.zeros((20, 30), bool)
    one_row[4] = True
    for valid in (one_row, np.zeros((20, 30), bool)):
        with pytest.raises(InputError, match="three known pixels"):
            affine_fit(flow_of(np.eye(2)), valid)
