"""Correlation: hand numbers, the naive definition, and two ways that must agree."""

import math

import pytest
import torch
from torch.nn import functional as F

from flowcore.ops import correlation
from flowcore.ops.correlation import (
    CorrelationPyramid,
    all_pairs_correlation,
    spaced_correlation,
    volume_bytes,
    window_correlation,
)
from flowcore.ops.grid import pixel_grid
from flowcore.ops.warp import sample

SIZES = [(8, 8), (9, 13), (11, 8)]


def random_features(height, width, batch=2, channels=5):
    return torch.randn(2, batch, channels, height, width).unbind(0)


def scattered_positions(height, width, batch=2):
    """Around every pixel, up to far outside the map."""
    grid = pixel_grid(height, width, like=torch.zeros(1))
    return grid + 6 * torch.randn(batch, 2, height, width)


def naive_lookup(first, second, positions, *, num_levels, radius):
    """The definition: pool the volume, then sample it bilinearly at every window position."""
    B, _, H, W = first.shape
    volume = all_pairs_correlation(first, second).view(B * H * W, 1, *second.shape[-2:])
    steps = range(-radius, radius + 1)
    channels = []
    for level in range(num_levels):
        volume = F.avg_pool2d(volume, 2) if level else volume
        centers = positions.permute(0, 2, 3, 1).reshape(B * H * W, 2, 1, 1) / 2**level
        for dx in steps:
            for dy in steps:
                at = centers + torch.tensor([dx, dy]).view(1, 2, 1, 1)
                channels.append(sample(volume, at).view(B, H, W))
    return torch.stack(channels, 1)


def test_all_pairs_by_hand():
    first = torch.tensor([[1.0, 2.0], [0.0, 1.0]]).view(1, 2, 1, 2)  # pixels (1, 0) and (2, 1)
    second = torch.tensor([[3.0], [4.0]]).view(1, 2, 1, 1)  # one pixel (3, 4)
    found = all_pairs_correlation(first, second).flatten()
    assert torch.allclose(found, torch.tensor([3.0, 10.0]) / math.sqrt(2))


@pytest.mark.parametrize("max_bytes", [None, 0])
@pytest.mark.parametrize("size", SIZES)
def test_lookup_is_the_definition(size, max_bytes):
    first, second = random_features(*size)
    positions = scattered_positions(*size)
    pyramid = CorrelationPyramid(first, second, num_levels=4, radius=2, max_bytes=max_bytes)
    expected = naive_lookup(first, second, positions, num_levels=4, radius=2)
    assert torch.allclose(pyramid(positions), expected, atol=1e-4)


def test_window_runs_through_x_slowest():
    second = torch.zeros(1, 1, 8, 8)
    second[0, 0, 3, 5] = 1  # x = 5, y = 3
    pyramid = CorrelationPyramid(torch.ones(1, 1, 8, 8), second, num_levels=1, radius=1)
    at = torch.zeros(1, 2, 8, 8)
    at[0, :, 0, 0] = torch.tensor([4.0, 3.0])
    found = pyramid(at)[0, :, 0, 0]
    assert found.tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 0]  # dx = +1, dy = 0


@pytest.mark.parametrize("block_bytes", [1, 20_000, 2**30])
def test_blocks_do_not_show(monkeypatch, block_bytes):
    first, second = random_features(9, 11)
    positions = scattered_positions(9, 11)
    expected = CorrelationPyramid(first, second, max_bytes=None)(positions)
    monkeypatch.setattr(correlation, "_BLOCK_BYTES", block_bytes)
    assert torch.allclose(
        CorrelationPyramid(first, second, max_bytes=0)(positions), expected, atol=1e-5
    )


@pytest.mark.parametrize("max_bytes", [None, 0])
def test_far_and_broken_positions_are_harmless(max_bytes):
    first, second = random_features(8, 8, batch=1)
    positions = pixel_grid(8, 8, like=first).clone()
    positions[0, 0, 0, :4] = torch.tensor([1e9, -1e30, float("inf"), float("nan")])
    found = CorrelationPyramid(first, second, max_bytes=max_bytes)(positions)
    assert (found[0, :, 0, :2] == 0).all()
    assert found[0, :, 1:].isfinite().all()


def test_gradients_agree():
    size = (9, 8)
    positions = scattered_positions(*size)
    weights = torch.randn(2, 2 * 25, *size)
    grads = []
    for lookup in (
        lambda a, b, at: CorrelationPyramid(a, b, num_levels=2, radius=2, max_bytes=None)(at),
        lambda a, b, at: CorrelationPyramid(a, b, num_levels=2, radius=2, max_bytes=0)(at),
        lambda a, b, at: naive_lookup(a, b, at, num_levels=2, radius=2),
    ):
        torch.manual_seed(3)
        inputs = [x.clone().requires_grad_() for x in (*random_features(*size), positions)]
        (lookup(*inputs) * weights).sum().backward()
        grads.append([x.grad for x in inputs])
    for stored, computed, naive in zip(*grads, strict=True):
        assert torch.allclose(stored, naive, atol=1e-3)
        assert torch.allclose(computed, naive, atol=1e-3)


def test_stored_up_to_the_limit():
    first, second = random_features(8, 10, batch=3)
    total = 3 * volume_bytes(8, 10, num_levels=3)
    assert CorrelationPyramid(first, second, num_levels=3, max_bytes=total).is_stored
    assert not CorrelationPyramid(first, second, num_levels=3, max_bytes=total - 1).is_stored


def test_volume_bytes_is_what_is_stored():
    pyramid = CorrelationPyramid(*random_features(9, 13, batch=1), num_levels=4, max_bytes=None)
    stored = sum(level.values.nbytes for level in pyramid.levels)
    assert stored == volume_bytes(9, 13, num_levels=4)


@pytest.mark.parametrize("max_bytes", [None, 0])
def test_half_precision_is_looked_up_in_float32(max_bytes):
    first, second = random_features(8, 8)
    positions = scattered_positions(8, 8)
    expected = CorrelationPyramid(first, second, max_bytes=max_bytes)(positions)
    with torch.autocast("cpu", torch.bfloat16):
        found = CorrelationPyramid(first, second, max_bytes=max_bytes)(positions)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


def naive_windows(first, second, radius):
    """The definition: a product with the second map moved, one displacement after another."""
    H, W = first.shape[-2:]
    padded = F.pad(second, [radius] * 4)
    side = range(2 * radius + 1)
    products = [
        (first * padded[..., dy : dy + H, dx : dx + W]).sum(1) for dy in side for dx in side
    ]
    return torch.stack(products, 1) / math.sqrt(first.shape[1])


@pytest.mark.parametrize("radius", [0, 1, 3])
@pytest.mark.parametrize("size", [(1, 1), (3, 20), (8, 8), (9, 13), (16, 7)])
def test_windows_are_the_definition(size, radius):
    first, second = random_features(*size)
    found = window_correlation(first, second, radius)
    assert found.shape == (2, (2 * radius + 1) ** 2, *size)
    assert torch.allclose(found, naive_windows(first, second, radius), atol=1e-5)


def test_windows_run_through_y_slowest():
    second = torch.zeros(1, 1, 8, 8)
    second[0, 0, 3, 5] = 1  # x = 5, y = 3
    found = window_correlation(torch.ones(1, 1, 8, 8), second, 1)
    assert found[0, :, 3, 4].tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0]  # dy = 0, dx = +1
    assert found[0, :, 2, 5].tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 0]  # dy = +1, dx = 0


def test_gradients_of_windows_agree():
    weights = torch.randn(2, 25, 9, 13)
    grads = []
    for correlate in (window_correlation, naive_windows):
        torch.manual_seed(3)
        inputs = [x.clone().requires_grad_() for x in random_features(9, 13)]
        (correlate(*inputs, 2) * weights).sum().backward()
        grads.append([x.grad for x in inputs])
    for found, naive in zip(*grads, strict=True):
        assert torch.allclose(found, naive, atol=1e-4)


def test_windows_in_half_precision():
    first, second = random_features(9, 13)
    with torch.autocast("cpu", torch.bfloat16):
        found = window_correlation(first, second, 2)
    assert torch.allclose(found.float(), naive_windows(first, second, 2), atol=0.1)


@pytest.mark.parametrize("size", [(6, 8), (7, 5), (1, 1)])
def test_spaced_correlation_is_the_mean_product_at_every_displacement(size):
    height, width = size
    first, second = torch.rand(2, 2, 3, height, width).unbind(0)
    found = spaced_correlation(first, second, reach=4, spacing=2)
    assert found.shape == (2, 25, height, width)
    padded = F.pad(second, (4, 4, 4, 4))
    shifts = [(dy, dx) for dy in (0, 2, 4, 6, 8) for dx in (0, 2, 4, 6, 8)]
    expected = [
        (first * padded[..., dy : dy + height, dx : dx + width]).mean(1) for dy, dx in shifts
    ]
    assert torch.allclose(found, torch.stack(expected, 1), atol=1e-6)
