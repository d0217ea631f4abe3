"""Argmax features: by hand, why they are not the points, and how a threshold makes them exact."""

import pytest
import torch

from flowcore.digits.argmax import (
    LearntEdges,
    argmax_features,
    corner_features,
    to_px,
    to_unit,
)
from flowcore.digits.data import place, shipped_digits
from flowcore.digits.tasks import points_of
from flowcore.errors import ConfigError


@pytest.fixture(scope="module")
def canvas():
    digits = shipped_digits("test")
    return place(digits.images[:64], generator=torch.Generator().manual_seed(0))[0]


def binary(canvas):
    return (canvas > canvas.amax((2, 3), keepdim=True) / 2).float()


def test_units():
    assert to_unit(torch.tensor([0.0, 31.5, 63.0]), 64).tolist() == [-1, 0, 1]
    assert to_px(to_unit(torch.tensor(17.0), 64), 64).item() == pytest.approx(17)


def test_argmin_is_the_first_background_pixel():
    maps = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]])
    assert argmax_features(maps, is_min=True).tolist() == [[-1, 1, -1, 1]]


def test_the_argmax_of_a_row_is_its_brightest_pixel_not_its_first_ink(canvas):
    columns = to_px(argmax_features(canvas)[:, :64], 64)  # of each row
    ink = binary(canvas)[:, 0]
    first_ink = ink.argmax(-1).float()
    has_ink = ink.any(-1)
    assert ((columns - first_ink)[has_ink] > 0.5).float().mean() > 0.5
    thresholded = to_px(argmax_features(binary(canvas))[:, :64], 64)
    assert torch.allclose(thresholded[has_ink], first_ink[has_ink], atol=1e-4)


def test_corners_of_what_is_not_zero_lie_outside_the_ink(canvas):
    left = to_px(corner_features(canvas)[:, 0], 64)
    true_left = points_of(canvas)[:, 0, 0]
    assert (left <= true_left + 1e-4).all()
    assert (true_left - left).mean() > 1
    exact = to_px(corner_features(binary(canvas)).unflatten(1, (4, 2)), 64)
    assert torch.allclose(exact, points_of(canvas)[:, :4], atol=1e-3)


def test_a_blank_canvas_has_features():
    blank = torch.zeros(1, 1, 64, 64)
    assert corner_features(blank).tolist() == [[-1, -1, 1, -1, -1, 1, 1, 1]]
    assert LearntEdges(crossing="first_crossing")(blank).isfinite().all()


@pytest.mark.parametrize(
    ("crossing", "tolerance"),
    [("first_crossing", 1e-3), ("straight_through", 1e-3), ("gumbel", 1e-3), ("soft_argmax", 0.3)],
)
def test_edges_are_exact_on_clean_ink(canvas, crossing, tolerance):
    edges = LearntEdges(crossing=crossing).eval()
    found = to_px(edges(binary(canvas)), 64)
    assert (found - points_of(canvas)).abs().max() < tolerance


@pytest.mark.parametrize("crossing", ["first_crossing", "soft_argmax", "straight_through"])
def test_the_threshold_has_a_gradient_through_the_relu(canvas, crossing):
    edges = LearntEdges(crossing=crossing)
    edges(canvas)[:, 0].sum().backward()
    assert edges.threshold.grad.item() > 0  # a higher threshold moves the left and top edges in
    with torch.no_grad():
        edges.threshold.fill_(2.0)  # above all there is: the ReLU is flat
    edges.threshold.grad = None
    edges(canvas)[:, 0].sum().backward()
    assert edges.threshold.grad.item() == 0


def test_an_unknown_crossing_is_told():
    with pytest.raises(ConfigError, match="Unknown crossing 'hard'"):
        LearntEdges(crossing="hard")
