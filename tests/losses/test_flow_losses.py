"""Losses: hand numbers, what leaves them alone, gradients that are always finite."""

import math

import pytest
import torch

from flowcore.losses import (
    census_loss,
    object_weights,
    sequence_loss,
    smoothness_loss,
    ssim_loss,
)
from flowcore.ops.blur import gaussian_blur


def constant_flow(u, v, size=(24, 32)):
    return torch.tensor([u, v]).view(1, 2, 1, 1).expand(1, 2, *size).clone()


@pytest.fixture
def pair():
    """A smooth texture and itself moved by (2, 1) px, whole pixels, so that the warp is exact."""
    wide = gaussian_blur(torch.rand(1, 3, 32, 40), 1.5)
    wide = (wide - wide.min()) / (wide.max() - wide.min())
    return wide[..., 4:28, 4:36], wide[..., 3:27, 2:34]


@pytest.fixture
def everywhere():
    return torch.ones(1, 24, 32, dtype=torch.bool)


photometric = pytest.mark.parametrize("loss", [census_loss, ssim_loss])


def test_sequence_loss_by_hand():
    truth = constant_flow(3.0, 4.0)
    steps = [0 * truth, truth + torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)]  # 5 px off, 1 px off
    assert sequence_loss(steps, truth, gamma=0.5).item() == pytest.approx(0.5 * 5.01 + 1.01)
    expected = 0.8 * math.sqrt(5.01) + math.sqrt(1.01)
    assert sequence_loss(steps, truth, power=0.5).item() == pytest.approx(expected)


def test_sequence_loss_is_the_mean_over_pixels():
    flow = constant_flow(0.0, 0.0, (1, 2))
    flow[0, :, 0, 1] = torch.tensor([0.0, 2.0])
    found = sequence_loss([flow], torch.zeros_like(flow)).item()
    assert found == pytest.approx((0.01 + 2.01) / 2, abs=1e-4)  # a length of 0 counts as 0.0001


def test_a_small_object_counts_as_much_as_a_large_one():
    """Of 2,000, 400 and 100 px: the last counts as if it had 400."""
    labels = torch.zeros(2, 50, 50, dtype=torch.int64)
    labels[0, 40:48], labels[0, 48:] = 1, 3
    found = object_weights(labels, 1.0)
    torch.testing.assert_close(found[0, 40:, 0] / found[0, 0, 0], torch.full((10,), 5.0))
    torch.testing.assert_close(found.mean((1, 2)), torch.ones(2))
    torch.testing.assert_close(found[1], torch.ones(50, 50))  # one object: all alike
    half = object_weights(labels, 0.5)[0]
    assert (half[40, 0] / half[0, 0]).item() == pytest.approx(math.sqrt(5))
    assert (object_weights(labels, 0.0) == 1).all()


@pytest.mark.parametrize("power", [0.4, 1.0, 2.0])
def test_gradient_where_nothing_is_wrong(power):
    truth = constant_flow(1.0, -2.0)
    flow = truth.clone().requires_grad_()
    sequence_loss([flow], truth, power=power).backward()
    assert torch.equal(flow.grad, torch.zeros_like(truth))


@photometric
def test_the_true_flow_has_no_loss(loss, pair, everywhere):
    flow = constant_flow(2.0, 1.0)
    inner = everywhere.clone()
    inner[:, -5:], inner[:, :, -6:] = False, False  # there the window sees beyond the frame
    assert loss(*pair, flow, inner).item() == pytest.approx(0, abs=1e-3)
    assert loss(*pair, 0 * flow, inner).item() > 0.05
    assert loss(pair[0], pair[0], 0 * flow, everywhere).item() == pytest.approx(0, abs=1e-6)


@photometric
def test_only_visible_pixels_count(loss, pair, everywhere):
    first, second = pair
    spoiled = second.clone()
    spoiled[..., :12, :12] = 0
    visible = everywhere.clone()
    visible[:, :16, :16] = False  # and those whose window reaches there
    flow = constant_flow(0.0, 0.0)
    assert torch.equal(loss(first, second, flow, visible), loss(first, spoiled, flow, visible))
    assert loss(first, second, flow, ~everywhere).item() == 0


@photometric
def test_what_leaves_the_frame_never_counts(loss, pair, everywhere):
    flow = constant_flow(40.0, 0.0).requires_grad_()
    value = loss(*pair, flow, everywhere)
    value.backward()
    assert value.item() == 0
    assert flow.grad.isfinite().all()


@photometric
def test_gradient_leads_to_the_truth(loss, pair, everywhere):
    flow = constant_flow(1.5, 1.0).requires_grad_()
    loss(*pair, flow, everywhere).backward()
    assert flow.grad.isfinite().all()
    assert flow.grad[:, 0].mean() < 0  # more to the right would be better
    perfect = constant_flow(0.0, 0.0).requires_grad_()
    loss(pair[0], pair[0], perfect, everywhere).backward()
    assert perfect.grad.isfinite().all()


def test_census_does_not_see_brightness(pair, everywhere):
    first, second = pair
    still = constant_flow(0.0, 0.0)
    assert census_loss(first, first * 0.8 + 0.1, still, everywhere).item() < 0.01
    assert census_loss(first, first + 0.3, still, everywhere).item() == pytest.approx(0, abs=1e-6)
    assert ssim_loss(first, first + 0.3, still, everywhere).item() > 0.03
    assert census_loss(first, second, still, everywhere).item() > 0.2


def test_ssim_by_hand(everywhere):
    """Of two flat frames only the brightness term is left."""
    dark, light = torch.full((1, 3, 24, 32), 0.2), torch.full((1, 3, 24, 32), 0.6)
    similarity = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    found = ssim_loss(dark, light, constant_flow(0.0, 0.0), everywhere).item()
    assert found == pytest.approx((1 - similarity) / 2, abs=1e-4)


def test_smoothness_by_hand():
    """One step of (3, 1) px between two columns: mean |step| 2 over 2x1 differences; rows agree."""
    flow = torch.zeros(1, 2, 2, 2)
    flow[0, :, :, 1] = torch.tensor([3.0, 1.0]).view(2, 1)
    frame = torch.zeros(1, 3, 2, 2)
    assert smoothness_loss(flow, frame).item() == pytest.approx(2)
    frame[..., 1] = 0.1
    assert smoothness_loss(flow, frame).item() == pytest.approx(2 * math.exp(-1), rel=1e-5)
    assert smoothness_loss(flow, frame, edge_weight=0).item() == pytest.approx(2)


def test_smoothness_of_a_constant_flow():
    flow = constant_flow(5.0, -7.0).requires_grad_()
    loss = smoothness_loss(flow, torch.rand(1, 3, 24, 32))
    loss.backward()
    assert loss.item() == 0
    assert flow.grad.isfinite().all()
