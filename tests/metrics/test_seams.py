"""Seams, by hand."""

import numpy as np
import pytest

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics.seams import leaving_matches, seam_distance, seam_jump, step_lengths
from flowcore.types import ChunkGrid


def flow(*rows):
    """A flow whose u is given, v zero."""
    u = np.array(rows, np.float32)
    return np.stack([u, np.zeros_like(u)], -1)


def test_distance_to_the_nearest_seam():
    found = seam_distance(4, 6, ChunkGrid(2, 2, 0))
    assert found[0].tolist() == [1.5, 1.5, 0.5, 0.5, 1.5, 1.5]
    assert found[1].tolist() == [0.5] * 6
    assert np.isinf(seam_distance(4, 6, ChunkGrid(1, 1))).all()


def test_jumps_across_seams_and_elsewhere():
    uv = flow([0, 1, 5, 6], [0, 1, 5, 6])
    jump = seam_jump(uv, ChunkGrid(1, 2, 0))
    assert jump.across == 4
    assert jump.elsewhere == pytest.approx((1 + 1 + 1 + 1 + 0 * 4) / 8)
    assert step_lengths(uv).tolist() == [[1, 4, 1, 0], [1, 4, 1, 0]]
    with pytest.raises(InputError, match="no seam"):
        seam_jump(uv, ChunkGrid(1, 1))


def test_a_seam_in_an_overlap_lies_in_its_middle():
    uv = flow([0, 0, 0, 7, 7, 7])
    assert seam_jump(uv, ChunkGrid(1, 2, 2)).across == 7  # chunks 0..3 and 2..5


def test_steps_count_where_both_pixels_are_valid():
    uv, valid = flow([0, 1, 5, 6]), np.array([[True, True, False, True]])
    jump = seam_jump(uv, ChunkGrid(1, 2, 0), valid=valid)
    assert np.isnan(jump.across)
    assert jump.elsewhere == 1


def test_without_a_blend_the_seam_is_where_the_later_chunk_begins():
    uv = flow([0, 0, 7, 7, 7, 7])  # chunks 0..3 and 2..5
    assert seam_jump(uv, ChunkGrid(1, 2, 2, "none")).across == 7
    assert seam_distance(1, 6, ChunkGrid(1, 2, 2, "none"))[0, :3].tolist() == [1.5, 0.5, 0.5]


def test_matches_that_leave_their_chunk():
    uv, valid = flow([2] * 8), np.ones((1, 8), bool)
    assert leaving_matches(uv, valid, ChunkGrid(1, 2, 0)) == pytest.approx(100 * 2 / 6)
    assert leaving_matches(uv, valid, ChunkGrid(1, 2, 2)) == 0
    assert leaving_matches(uv, valid, ChunkGrid(1, 2, 0, halo=2)) == 0
    valid[0, :4] = False
    assert leaving_matches(uv, valid, ChunkGrid(1, 2, 0)) == 0
    with pytest.raises(InputError, match="No pixel"):
        leaving_matches(uv, np.zeros((1, 8), bool), ChunkGrid(1, 2, 0))
    with pytest.raises(ShapeMismatchError):
        leaving_matches(uv, np.ones((1, 7), bool), ChunkGrid(1, 2, 0))
