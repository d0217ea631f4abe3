"""Chunked inference: a partition of unity, exact for local operators, clear about limits."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flowcore.chunking import Chunk, chunk_weights, estimate_chunked, plan_chunks
from flowcore.errors import ConfigError
from flowcore.types import ChunkGrid, Prediction


def local_estimator(first, second):
    """A flow that depends on each pixel alone."""
    flow = torch.cat([first[:, :1] - second[:, :1], first[:, 1:2] * second[:, 2:3]], 1)
    return Prediction(flow, iterates=(flow / 2, flow))


@st.composite
def frames_and_grid(draw):
    height, width = draw(st.integers(4, 60)), draw(st.integers(4, 60))
    rows, cols = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    overlap = draw(st.integers(0, min(height - rows, width - cols)))
    return (
        height,
        width,
        ChunkGrid(rows, cols, overlap, draw(st.sampled_from(["none", "linear", "hann"]))),
    )


@settings(deadline=None, max_examples=150)
@given(frames_and_grid())
def test_weights_sum_to_one_and_chunks_share_the_overlap(case):
    height, width, grid = case
    total = torch.zeros(height, width)
    for chunk, weights in chunk_weights(height, width, grid):
        assert (weights >= 0).all()
        chunk.crop(total[None, None]).add_(weights)
    torch.testing.assert_close(total, torch.ones(height, width))
    chunks = plan_chunks(height, width, grid)
    assert len(set(chunks)) == grid.rows * grid.cols
    for left, right in pairwise(chunks[: grid.cols]):
        assert left.right - right.left >= grid.overlap


@settings(deadline=None, max_examples=60)
@given(frames_and_grid())
def test_a_local_operator_gives_the_same_flow_in_chunks(case):
    height, width, grid = case
    generator = torch.Generator().manual_seed(height * 100 + width)
    first, second = torch.rand(2, 1, 3, height, width, generator=generator)
    whole = local_estimator(first, second)
    chunked = estimate_chunked(local_estimator, first, second, grid)
    torch.testing.assert_close(chunked.flow, whole.flow, atol=1e-5, rtol=0)
    torch.testing.assert_close(chunked.iterates[0], whole.iterates[0], atol=1e-5, rtol=0)


def test_hard_cut_lies_in_the_middle_of_the_overlap():
    (left, left_weights), (right, right_weights) = chunk_weights(1, 10, ChunkGrid(1, 2, 4, "none"))
    assert (left, right) == (Chunk(0, 1, 0, 7), Chunk(0, 1, 3, 10))
    assert left_weights[0].tolist() == [1, 1, 1, 1, 1, 0, 0]
    assert right_weights[0].tolist() == [0, 0, 1, 1, 1, 1, 1]


def test_linear_ramp_by_hand():
    weights = chunk_weights(1, 6, ChunkGrid(1, 2, 2, "linear"))
    assert weights[0][1][0].tolist() == pytest.approx([1, 1, 0.75, 0.25])


def test_chunks_that_do_not_fit_name_what_does():
    with pytest.raises(ConfigError, match=r"at most 98 px, got an overlap of 99 px"):
        plan_chunks(64, 100, ChunkGrid(1, 2, overlap=99))
    with pytest.raises(ConfigError, match="use at most 2"):
        plan_chunks(2, 100, ChunkGrid(3, 1, overlap=0))


def test_motion_aware_chunks_follow_a_motion_that_leaves_them():
    """An estimator that can only see displacements up to 6 px in its crop."""

    def shortsighted(first, second):
        errors = {
            (dx, dy): (first - second.roll((-dy, -dx), (-2, -1))).abs().mean()
            for dx in range(-6, 7)
            for dy in range(-1, 2)
        }
        dx, dy = min(errors, key=errors.get)
        flow = first.new_tensor([dx, dy]).view(1, 2, 1, 1).expand(1, 2, *first.shape[-2:])
        return Prediction(flow)

    generator = torch.Generator().manual_seed(0)
    texture = (
        torch.rand(1, 3, 16, 48, generator=generator)
        .repeat_interleave(4, 2)
        .repeat_interleave(4, 3)
    )
    first, second = texture[..., 20:148], texture[..., 12:140]  # content moves 8 px to the right
    plain = estimate_chunked(shortsighted, first, second, ChunkGrid(2, 2, 8))
    aware = estimate_chunked(shortsighted, first, second, ChunkGrid(2, 2, 8, motion_aware=True))
    assert (plain.flow[:, 0] - 8).abs().mean() > 1
    assert (aware.flow[:, 0, :, :50] - 8).abs().max() < 1e-4
