"""Positions of maxima by hand, with the gradients that the hard ones lack."""

import pytest
import torch

from flowcore.ops.soft_argmax import (
    argmax_2d,
    first_crossing,
    gumbel_argmax,
    soft_argmax,
    straight_through_argmax,
)


def peak(x, y, *, height=4, width=6, score=50.0):
    scores = torch.zeros(1, height, width)
    scores[0, y, x] = score
    return scores


@pytest.mark.parametrize("find", [soft_argmax, argmax_2d, straight_through_argmax, gumbel_argmax])
def test_a_sharp_peak_is_found_by_all(find):
    assert find(peak(4, 2))[0].tolist() == pytest.approx([4, 2], abs=1e-4)


def test_soft_argmax_by_hand():
    scores = torch.tensor([[0.0, torch.log(torch.tensor(3.0))]])  # weights 1/4 and 3/4
    assert soft_argmax(scores).tolist() == pytest.approx([0.75, 0])
    assert soft_argmax(scores, temperature=0.01).tolist() == pytest.approx([1, 0])
    assert soft_argmax(scores, temperature=1e6).tolist() == pytest.approx([0.5, 0], abs=1e-5)


def test_of_equals_the_first_by_rows():
    assert argmax_2d(torch.ones(2, 3, 3)).tolist() == [[0, 0], [0, 0]]


def test_straight_through_is_hard_forward_and_soft_backward():
    scores = torch.tensor([[0.0, 0.3, 0.1]], requires_grad=True)
    found = straight_through_argmax(scores)
    assert found.tolist() == [1, 0]
    (hard,) = torch.autograd.grad(found[0], scores)
    (soft,) = torch.autograd.grad(soft_argmax(scores)[0], scores)
    assert torch.allclose(hard, soft)
    assert hard.abs().sum() > 0


def test_gumbel_draws_as_often_as_the_softmax_says():
    torch.manual_seed(0)
    scores = torch.tensor([0.0, torch.log(torch.tensor(3.0))]).expand(4000, 1, 2)
    drawn = gumbel_argmax(scores)[:, 0]
    assert set(drawn.unique().tolist()) == {0, 1}
    assert drawn.mean().item() == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("first", range(5))
def test_first_crossing_is_exact_on_zeros_and_ones(first):
    occupancy = torch.zeros(5)
    occupancy[first] = 1
    occupancy[first + 1 :: 2] = 1
    assert first_crossing(occupancy).item() == first


def test_first_crossing_of_nothing_is_the_length_and_its_gradient_is_right():
    assert first_crossing(torch.zeros(2, 7)).tolist() == [7, 7]
    occupancy = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64, requires_grad=True)
    # (1 - .2) + (1 - .2)(1 - .5) + (1 - .2)(1 - .5)(1 - .9)
    assert first_crossing(occupancy).item() == pytest.approx(0.8 + 0.4 + 0.04)
    assert torch.autograd.gradcheck(first_crossing, occupancy)
