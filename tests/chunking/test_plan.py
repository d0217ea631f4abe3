"""Chunked inference: a partition of unity, exact for local operators, clear about limits."""

from itertools import pairwise
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flowcore.chunking.plan import Chunk, chunk_counts, chunk_weights, plan_chunks, seam_lines
from flowcore.errors import ConfigError
from flowcore.types import Blend, ChunkGrid


@st.composite
def frames_and_grid(draw):
    height, width = draw(st.integers(4, 60)), draw(st.integers(4, 60))
    rows, cols = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    px = st.integers(0, min(height - rows, width - cols))
    overlap = draw(px | st.floats(0, 0.5))
    return height, width, ChunkGrid(rows, cols, overlap, draw(st.sampled_from(get_args(Blend))))


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
        shared = left.right - right.left
        assert shared >= (grid.overlap if isinstance(grid.overlap, int) else 0)


@pytest.mark.parametrize(
    ("blend", "left_end", "right_start"),
    [("winner", [1, 1, 0, 0], [0, 0, 1, 1]), ("none", [0, 0, 0, 0], [1, 1, 1, 1])],
)
def test_hard_cuts(blend, left_end, right_start):
    """In the middle of the overlap, or where the later chunk begins."""
    (left, left_weights), (right, right_weights) = chunk_weights(1, 10, ChunkGrid(1, 2, 4, blend))
    assert (left, right) == (Chunk(0, 1, 0, 7), Chunk(0, 1, 3, 10))
    assert left_weights[0].tolist() == [1, 1, 1, *left_end]
    assert right_weights[0].tolist() == [*right_start, 1, 1, 1]


def test_gaussian_weights_fall_from_the_centers_and_meet_in_the_middle():
    (_, left), (_, right) = chunk_weights(1, 100, ChunkGrid(1, 2, 40, "gaussian"))
    assert left[0, 49] + left[0, 50] == pytest.approx(1)
    assert (left[0].diff() <= 1e-6).all()
    assert right[0, -1] == 1


def test_a_share_of_the_chunk_is_shared():
    first, second = plan_chunks(60, 150, ChunkGrid(1, 2, 0.5))
    assert (first.right, second.left) == (100, 50)
    assert [chunk.size for chunk in plan_chunks(200, 200, ChunkGrid(2, 2, 0.1))] == [(106, 106)] * 4


def test_seams_are_the_middles_of_the_overlaps():
    assert seam_lines(60, 100, ChunkGrid(1, 2, 20)) == ([], [49.5])
    assert seam_lines(100, 60, ChunkGrid(2, 1, 0)) == ([49.5], [])


def test_without_a_blend_the_seam_is_where_the_later_chunk_begins():
    grid = ChunkGrid(1, 2, 20, "none")
    _, (before, after) = zip(*chunk_weights(60, 100, grid), strict=True)
    assert before[0, -20:].max() == 0
    assert after[0, :20].min() == 1
    assert seam_lines(60, 100, grid) == ([], [39.5])


def test_the_fewest_chunks_of_a_size():
    assert chunk_counts(100, 300, ChunkGrid(overlap=0, chunk_size=(100, 100))) == (1, 3)
    assert chunk_counts(101, 300, ChunkGrid(overlap=20, chunk_size=(100, 100))) == (2, 4)
    for height in (137, 500):
        grid = ChunkGrid(overlap=0.25, chunk_size=(64, 90))
        sizes = [chunk.size for chunk in plan_chunks(height, 333, grid)]
        assert all(h <= 64 and w <= 90 for h, w in sizes)


def test_linear_ramp_by_hand():
    weights = chunk_weights(1, 6, ChunkGrid(1, 2, 2, "linear"))
    assert weights[0][1][0].tolist() == pytest.approx([1, 1, 0.75, 0.25])


def test_chunks_that_do_not_fit_name_what_does():
    with pytest.raises(ConfigError, match=r"at most 98 px, got an overlap of 99 px"):
        plan_chunks(64, 100, ChunkGrid(1, 2, overlap=99))
    with pytest.raises(ConfigError, match="use chunks of 41 px or more"):
        plan_chunks(64, 100, ChunkGrid(overlap=40, chunk_size=(40, 40)))
    with pytest.raises(ConfigError, match="use at most 2"):
        plan_chunks(2, 100, ChunkGrid(3, 1, overlap=0))
