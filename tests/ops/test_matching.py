"""Matching levels and peaks, by hand."""

import math

import pytest
import torch

from flowcore.errors import ConfigError, InputError
from flowcore.ops.correlation import CorrelationPyramid, window_correlation
from flowcore.ops.matching import MatchingLevel, pyramid_levels, window_level
from flowcore.ops.peaks import attention, entropy_bits, expected_position, two_peaks


def features(height, width, channels=6):
    return torch.randn(1, channels, height, width)


def every_cell(level):
    rows, cols = torch.meshgrid(*map(torch.arange, level.size), indexing="ij")
    return level.scores(rows.flatten(), cols.flatten())


def test_a_pyramid_has_the_scores_of_the_volume():
    first, second = features(8, 12), features(8, 12)
    stored = CorrelationPyramid(first, second, num_levels=3)
    for level, volume in zip(pyramid_levels(first, second, num_levels=3, stride=8), stored.levels,
                             strict=True):  # fmt: skip
        ringed = volume.values.view(8 * 12, volume.height + 2, volume.width + 2)
        torch.testing.assert_close(every_cell(level), ringed[:, 1:-1, 1:-1])


def test_a_window_has_the_scores_of_the_cost_volume():
    first, moved = features(7, 9), features(7, 9)
    volume = window_correlation(first, moved, 2)
    level = window_level(first, moved, torch.zeros(1, 2, 7, 9), radius=2, stride=4)
    expected = volume[0].permute(1, 2, 0).reshape(63, 5, 5)
    torch.testing.assert_close(every_cell(level), expected)


def test_a_window_with_steps_is_that_of_flownetc():
    """21x21 displacements of 2 cells each, up to 20, zero outside; as FlowNetC compares."""
    first, second = features(30, 50)[0], features(30, 50)[0]
    level = MatchingLevel("cost volume", first / 6, second, 8, 8, reach=20, step=2)
    surface = level.surface(25, 10)
    assert surface.scores.shape == (21, 21)
    same = (first[:, 25, 10] * second[:, 25, 10]).sum() / 6
    far = (first[:, 25, 10] * second[:, 5, 30]).sum() / 6
    torch.testing.assert_close(surface.scores[10, 10], same)
    torch.testing.assert_close(surface.scores[0, 20], far)
    assert surface.scores[13, 10] == 0  # 6 cells down is below the frame
    assert surface.positions[0, 20].tolist() == [30.5 * 8 - 0.5, 5.5 * 8 - 0.5]


def test_positions_are_px_of_the_second_frame():
    coarse = pyramid_levels(features(4, 4), features(4, 4), num_levels=2, stride=16)[1]
    assert coarse.surface(0, 0).positions[1, 0].tolist() == [15.5, 47.5]
    assert coarse.centers()[0, 1].tolist() == [23.5, 7.5]
    flow = torch.zeros(1, 2, 4, 4)
    flow[0, 0, :, 2] = 1.5  # cells, to the right
    moved = window_level(features(4, 4), features(4, 4), flow, radius=1, stride=4)
    x = moved.surface(1, 1).positions[1, :, 0]
    assert x.tolist() == [1.5, 5.5, 2 * 4 + 1.5 + 6.0]


def test_a_cell_outside_is_refused():
    level = pyramid_levels(features(4, 5), features(4, 5), num_levels=1, stride=8)[0]
    with pytest.raises(InputError, match="grid of 5x4"):
        level.surface(4, 0)
    with pytest.raises(InputError, match="grid of 5x4"):
        level.surface(0, -1)
    with pytest.raises(InputError, match="one grid"):
        MatchingLevel("x", torch.zeros(2, 4, 4), torch.zeros(2, 2, 2), 8, 16, reach=1)
    with pytest.raises(InputError, match="one C"):
        MatchingLevel("x", torch.zeros(2, 4, 4), torch.zeros(3, 4, 4), 8, 8)


def test_attention_entropy_and_soft_argmax():
    scores = torch.tensor([[[0.0, math.log(4)], [math.log(2), 0.0]]])
    shares = attention(scores, temperature=1)
    torch.testing.assert_close(shares, torch.tensor([[[1, 4], [2, 1]]]) / 8)
    assert entropy_bits(shares).item() == pytest.approx(1.75)
    positions = torch.tensor([[[0.0, 0.0], [8.0, 0.0]], [[0.0, 8.0], [8.0, 8.0]]])
    torch.testing.assert_close(expected_position(shares, positions), torch.tensor([[5.0, 3.0]]))
    sharp = attention(scores, temperature=0.01)
    assert entropy_bits(sharp).item() == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(expected_position(sharp, positions), torch.tensor([[8.0, 0.0]]))
    for temperature in (0, -1, math.nan):
        with pytest.raises(ConfigError, match="above 0"):
            attention(scores, temperature=temperature)


def test_the_second_peak_is_no_slope_of_the_first():
    scores = torch.zeros(2, 4, 4)
    scores[0, 1, 1], scores[0, 2, 2], scores[0, 3, 3] = 9, 8, 7
    scores[1, 0, 3], scores[1, 3, 0] = 2, 2
    peaks = two_peaks(scores)
    assert peaks.best.tolist() == [5, 3]
    assert peaks.second.tolist() == [15, 12]
    assert peaks.gap.tolist() == [2, 0]
    assert two_peaks(torch.ones(1, 2, 2)).gap.item() == math.inf
