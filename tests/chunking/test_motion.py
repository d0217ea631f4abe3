"""Motion-aware chunks: both crops hold what belongs together."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flowcore.chunking.motion import MAX_GROWTH, QuickPass, View, quick_pass, view_of
from flowcore.chunking.plan import Chunk
from flowcore.chunking.stitch import estimate_chunked
from flowcore.types import ChunkGrid, Prediction


def moving(u, v, size=(100, 200), factor=4):
    """A quick pass on a grid ``factor`` times as coarse that saw one motion, in px of the frame."""
    flow = torch.tensor([u, v]).float().view(1, 2, 1, 1) / factor
    return QuickPass(flow.expand(1, 2, size[0] // factor, size[1] // factor), None, size)


def test_without_a_quick_pass_the_halo_is_moved_into_the_frame():
    assert view_of(Chunk(0, 50, 0, 100), (100, 200)) == View(Chunk(0, 50, 0, 100), (0, 0))
    assert view_of(Chunk(0, 50, 100, 200), (100, 200), halo=8) == View(
        Chunk(0, 66, 84, 200), (0, 0)
    )


def test_one_motion_shifts_the_second_crop():
    view = view_of(Chunk(0, 50, 50, 100), (100, 200), quick=moving(40, 0))
    assert view.shift == (0, 40)
    assert view.area.size[1] == 50 + 16  # a margin of 2 px of the quick pass at each end


def test_opposite_motions_widen_the_crops():
    quick = moving(0, 0)
    flow = quick.flow.clone()
    flow[:, 0, :, :25], flow[:, 0, :, 25:] = 2.5, -2.5  # 10 px either way
    view = view_of(Chunk(0, 50, 50, 150), (100, 200), quick=quick._replace(flow=flow))
    assert view.shift == (0, 0)
    assert view.area.left <= 50 - 10
    assert view.area.right >= 150 + 10


@settings(deadline=None, max_examples=200)
@given(
    st.integers(0, 150),
    st.integers(1, 50),
    st.integers(-90, 90),
    st.integers(-90, 90),
    st.integers(0, 20),
)
def test_every_view_lies_in_the_frame_and_holds_its_chunk(left, width, u, v, halo):
    chunk, (height, length) = Chunk(20, 60, left, left + width), (100, 200)
    area, (down, right) = view_of(chunk, (height, length), halo=halo, quick=moving(u, v))
    assert area.left <= chunk.left
    assert chunk.right <= area.right
    assert area.top <= chunk.top
    assert chunk.bottom <= area.bottom
    for start, stop, shift, end in (
        (area.top, area.bottom, down, height),
        (area.left, area.right, right, length),
    ):
        assert start >= 0
        assert stop <= end
        assert start + shift >= 0
        assert stop + shift <= end
    assert area.size[1] <= MAX_GROWTH * (width + 2 * halo) + 1


def test_doubt_is_where_the_frames_do_not_agree():
    generator = torch.Generator().manual_seed(0)
    first, other = torch.rand(2, 1, 3, 32, 64, generator=generator)
    second = torch.cat([first[..., :32], other[..., 32:]], -1)

    def still(first, second):
        return Prediction(torch.zeros(1, 2, *first.shape[-2:]))

    quick = quick_pass(still, first, second, share=0.25, with_doubt=True)
    assert quick.flow.shape == (1, 2, 16, 32)
    assert quick.doubt_in(Chunk(0, 32, 0, 30)) == 0
    assert quick.doubt_in(Chunk(0, 32, 34, 64)) > 1


def shortsighted(first, second):
    """Per pixel, the motion of up to 6 px with the best match of 5x5 px, within the crop alone."""
    costs, motions = [], []
    padded = torch.nn.functional.pad(second, (6, 6, 0, 0), value=9.0)
    for dx in range(-6, 7):
        moved = padded[..., 6 + dx : 6 + dx + second.shape[-1]]
        cost = (first - moved).abs().mean(1, keepdim=True)
        costs.append(torch.nn.functional.avg_pool2d(cost, 5, 1, 2, count_include_pad=False))
        motions.append(float(dx))
    u = torch.tensor(motions)[torch.cat(costs, 1).argmin(1)]
    return Prediction(torch.stack([u, torch.zeros_like(u)], 1))


def textured(height, width):
    generator = torch.Generator().manual_seed(0)
    cells = torch.rand(1, 3, height // 4, width // 4 + 10, generator=generator)
    return cells.repeat_interleave(4, 2).repeat_interleave(4, 3)


def test_chunks_follow_a_motion_that_the_estimator_cannot_see():
    texture = textured(64, 128)
    first, second = texture[..., 20:148], texture[..., 12:140]  # 8 px to the right
    plain = estimate_chunked(shortsighted, first, second, ChunkGrid(2, 2, 8))
    aware = estimate_chunked(shortsighted, first, second, ChunkGrid(2, 2, 8, motion_aware=True))
    assert (plain.flow[:, 0, 8:-8, 8:52] - 8).abs().mean() > 1
    assert (aware.flow[:, 0, 8:-8, 8:52] - 8).abs().mean() < 0.1


@pytest.mark.parametrize("motion_aware", [False, True])
def test_objects_that_move_oppositely_are_both_found(motion_aware):
    """The upper half moves 6 px left, the lower 6 px right, across the border of two chunks."""
    texture = textured(128, 128)
    first = texture[..., 20:148]
    second = torch.cat([texture[..., :64, 26:154], texture[..., 64:, 14:142]], -2)
    grid = ChunkGrid(1, 2, 0, motion_aware=motion_aware)
    u = estimate_chunked(shortsighted, first, second, grid).flow[0, 0]
    near_the_seam = (..., slice(60, 68))
    missed = [
        (part[near_the_seam] - motion).abs().mean()
        for part, motion in ((u[8:56], -6), (u[72:120], 6))
    ]
    assert (max(missed) < 0.1) == motion_aware
