"""Losses that know the classes: hand numbers, masks, and labels that are never blended."""

import math

import pytest
import torch
from torch.nn import functional as F

from flowcore.losses import (
    border_sharpness,
    class_consistency,
    class_smoothness,
    laplace_loss,
    masked_mean,
    over_steps,
    same_class_along,
    same_class_here,
    soft_labels,
    step_losses,
)

LABELS = torch.tensor([[[1, 1, 2], [1, 2, 2]]])


@pytest.fixture
def flow():
    """u = 0 1 5 / 2 2 2, v = 0 throughout, px."""
    u = torch.tensor([[0.0, 1.0, 5.0], [2.0, 2.0, 2.0]])
    return torch.stack([u, torch.zeros_like(u)])[None]


def moved(u, v=0.0, size=(2, 3)):
    return torch.tensor([u, v]).view(1, 2, 1, 1).expand(1, 2, *size).clone()


def test_smoothness_by_hand(flow):
    """Right of (0, 0) 1 px, below it 2; below (0, 2) 3 px; every other step crosses a border."""
    assert class_smoothness(flow, LABELS).tolist() == [[[3.0, 0.0, 3.0], [0.0, 0.0, 0.0]]]


def test_sharpness_by_hand(flow):
    """Borders: right of (0, 1), 4 px; below (0, 1), 1 px; right of (1, 0), 0 px."""
    expected = [[0.0, math.exp(-4) + math.exp(-1), 0.0], [1.0, 0.0, 0.0]]
    assert border_sharpness(flow, LABELS)[0].tolist() == [pytest.approx(row) for row in expected]


def test_both_components_count():
    flow = torch.tensor([[1.0, 3.0], [5.0, 4.0]]).view(1, 2, 1, 2)  # u rises by 2, v falls by 1
    assert class_smoothness(flow, torch.ones(1, 1, 2, dtype=torch.long)).tolist() == [[[3.0, 0.0]]]


def test_a_flow_of_one_motion_per_class_has_no_loss():
    labels = torch.randint(1, 4, (1, 12, 16))
    flow = torch.stack([7.0 * labels, -2.0 * labels], 1)
    assert class_smoothness(flow, labels).sum() == 0


def test_the_same_class_here_and_along():
    """A car of class 2 moves from x = 1 to x = 2: here it is lost, along the motion it is not."""
    labels, second = torch.tensor([[[1, 2, 1, 1]]]), torch.tensor([[[1, 1, 2, 1]]])
    flow = moved(0.0, size=(1, 4))
    flow[0, 0, 0, 1] = 1.0
    assert same_class_here(labels, second).tolist() == [[[True, False, False, True]]]
    assert same_class_along(labels, second, flow).tolist() == [[[True, True, False, True]]]


def test_what_is_unlabelled_or_leaves_never_counts():
    nothing = torch.zeros(1, 2, 3, dtype=torch.long)
    assert not same_class_here(nothing, nothing).any()
    assert not same_class_along(nothing, nothing, moved(0.0)).any()
    alike = torch.ones_like(nothing)
    assert same_class_along(alike, alike, moved(1.0))[0].tolist() == 2 * [[True, True, False]]


def test_consistency_by_hand():
    """Half a pixel right of a border, both classes have a share of 0.5."""
    shares = soft_labels(torch.tensor([[[1, 2]]]), 2)
    second = soft_labels(torch.tensor([[[1, 2]]]), 2)
    found = class_consistency(shares, second, moved(0.5, size=(1, 2)))
    assert found[0, 0].tolist() == pytest.approx([math.log(2), 0.0])
    wrong = class_consistency(shares, second.flip(1), moved(0.0, size=(1, 2)))
    assert wrong[0, 0].tolist() == pytest.approx(2 * [-math.log(0.01)])


def test_consistency_pulls_the_flow_to_the_class():
    """The pixel's class lies to its right: more flow to the right lowers the loss."""
    flow = moved(0.4, size=(1, 3)).requires_grad_()
    shares = soft_labels(torch.tensor([[[1, 2, 2]]]), 2)
    second = soft_labels(torch.tensor([[[1, 1, 2]]]), 2)
    class_consistency(shares, second, flow)[0, 0, 1].backward()
    assert flow.grad[0, 0, 0].tolist() == [0.0, pytest.approx(-1 / 0.4), 0.0]


def test_soft_labels_are_shares():
    shares = soft_labels(torch.tensor([[[1, 1, 2, 0]]]), 3)
    assert shares[0, :, 0].T.tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]]
    blurred = soft_labels(torch.randint(1, 4, (1, 9, 9)), 3, sigma=1.5)
    assert torch.allclose(blurred.sum(1), torch.ones(1, 9, 9))


def test_bilinear_labels_are_classes_that_nobody_labelled():
    """Between sky (1) and road (3) lies 2, which is a tree; the nearest label is one of the two."""
    labels = torch.tensor([[[[1.0, 1.0, 3.0, 3.0]]]])
    blended = F.interpolate(labels, size=(1, 7), mode="bilinear", align_corners=True)
    nearest = F.interpolate(labels, size=(1, 7), mode="nearest-exact")
    assert 2.0 in blended.unique()
    assert nearest.unique().tolist() == [1.0, 3.0]


def test_means_over_masks():
    values = torch.tensor([2.0, 4.0, math.nan, 9.0])
    mask = torch.tensor([True, True, False, False])
    assert masked_mean(values, mask).item() == 3.0
    assert masked_mean(values, mask, denominator="all").item() == 1.5
    assert masked_mean(values, mask & False).item() == 0.0


def test_weights_of_steps():
    steps = [torch.tensor(value) for value in (1.0, 2.0, 4.0)]
    assert over_steps(steps, gamma=0.5).item() == 0.25 + 1 + 4
    assert over_steps(steps, weights=(1, 0, 0)).item() == 1.0
    assert over_steps(steps, weights=(9, 1, 0, 0)).item() == 1.0  # a stage of fewer steps


def test_steps_over_valid_pixels():
    truth, valid = moved(3.0, 4.0), torch.zeros(1, 2, 3, dtype=torch.bool)
    valid[0, 0, 0] = True
    (counted,) = step_losses([0 * truth], truth, valid=valid)
    (of_all,) = step_losses([0 * truth], truth, valid=valid, denominator="all")
    assert counted.item() == pytest.approx(5.01)
    assert of_all.item() == pytest.approx(5.01 / 6)


def test_laplace_is_least_at_the_error():
    truth, flow = moved(3.0, 4.0, (1, 1)), moved(0.0, size=(1, 1)).requires_grad_()
    log_scale = torch.full((1, 1, 1), 5.0).log().requires_grad_()
    loss = laplace_loss(flow, log_scale, truth).sum()
    loss.backward()
    assert loss.item() == pytest.approx(1 + math.log(5))
    assert log_scale.grad.item() == pytest.approx(0, abs=1e-6)
    assert flow.grad is None
