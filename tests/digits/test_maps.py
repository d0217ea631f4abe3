"""What nets read: gradients against differences, positions by hand, drawings as canvases."""

import numpy as np
import pytest
import torch

from flowcore.digits.data import canvas_from, place, shipped_digits
from flowcore.digits.maps import (
    argmax_positions,
    gradient,
    num_channels,
    reading,
    threshold_sweep,
)
from flowcore.digits.networks import NETWORKS, build
from flowcore.digits.tasks import points_of
from flowcore.errors import InputError


@pytest.fixture(scope="module")
def canvas():
    digits = shipped_digits("test")
    return place(digits.images[:1], generator=torch.Generator().manual_seed(0))[0]


def test_the_gradient_is_the_difference(canvas):
    net = build("mlp").eval()
    x, y = gradient(net, canvas)
    brighter = canvas.clone()
    brighter[0, 0, 20, 30] += 0.01
    with torch.no_grad():
        moved = (net(brighter).point - net(canvas).point)[0] / 0.01
    assert (x[20, 30].item(), y[20, 30].item()) == pytest.approx(moved.tolist(), abs=0.01)


def test_positions_of_rows_and_columns():
    image = torch.zeros(3, 4)
    image[1, 2] = 1
    positions = argmax_positions(image).tolist()
    assert positions[:3] == [[0, 0], [2, 1], [0, 2]]
    assert np.allclose(positions[3:], [[0, 0], [1, 0], [2, 1], [3, 0]])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_net_shows_what_it_reads(name, canvas):
    net = build(name)
    found = reading(net, canvas, channel=1)
    assert found.map.ndim == 2
    assert len(found.points) == len(found.weights)
    assert found.points.min() >= -0.5
    assert found.points.max() <= 63.5
    assert found.words.endswith(".")
    assert num_channels(net) in (1, 16, 64)


def test_a_heat_map_and_its_position_agree_with_the_net(canvas):
    net = build("dsnt")
    with torch.no_grad():
        answer = net.eval()(canvas).point[0].tolist()
    assert reading(net, canvas).points[0].tolist() == pytest.approx(answer, abs=1e-3)


def test_the_sweep_is_exact_at_one_half(canvas):
    corners = threshold_sweep(canvas, torch.tensor([0.1, 0.5, 0.9]))
    assert torch.equal(corners[1], points_of(canvas)[0, 0])
    assert (corners[0] < corners[1]).all()
    assert (corners[2] > corners[1]).all()


@pytest.mark.parametrize("ink", [0, 255])
def test_a_picture_becomes_a_canvas_whatever_its_colors(ink):
    frame = np.full((64, 128, 3), 255 - ink, np.uint8)
    frame[20:40, 60:70] = ink
    canvas = canvas_from(frame)
    assert canvas.shape == (1, 1, 64, 64)
    assert (canvas.min(), canvas.max()) == (0, 1)
    left, top = points_of(canvas)[0, 0].tolist()
    assert (left, top) == (30, 26)  # halved, and 32 px of margin above


@pytest.mark.parametrize(
    "frame", [np.zeros((5, 5, 3)), np.full((1, 1, 3), 77), np.eye(9)[..., None] * [7, 7, 7]]
)
def test_a_blank_picture_is_refused(frame):
    with pytest.raises(InputError, match="blank"):
        canvas_from(frame.astype(np.uint8))
