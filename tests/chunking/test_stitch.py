"""Stitching: exact for local operators in every way of cutting, whole where the halo is enough."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flowcore.chunking.stitch import estimate_chunked
from flowcore.types import ChunkGrid, Prediction
from tests.chunking.test_plan import frames_and_grid


def local_estimator(first, second):
    """A flow that depends on each pixel alone."""
    flow = torch.cat([first[:, :1] - second[:, :1], first[:, 1:2] * second[:, 2:3]], 1)
    return Prediction(flow, iterates=(flow / 2, flow))


def smoothing_estimator(first, second):
    """A flow that depends on a window of 7x7 px, zeros beyond the crop."""
    kernel = torch.full((2, 3, 7, 7), 1 / 49)
    return Prediction(torch.nn.functional.conv2d(first * second, kernel, padding=3))


def random_frames(*size):
    generator = torch.Generator().manual_seed(size[-1])
    return torch.rand(2, 1, 3, *size, generator=generator)


@settings(deadline=None, max_examples=100)
@given(frames_and_grid(), st.integers(0, 9), st.integers(1, 3), st.integers(1, 3))
def test_a_local_operator_gives_the_same_flow_in_chunks(case, halo, workers, batch):
    height, width, grid = case
    grid = ChunkGrid(grid.rows, grid.cols, grid.overlap, grid.blend, halo=halo)
    first, second = random_frames(height, width)
    whole = local_estimator(first, second)
    chunked = estimate_chunked(local_estimator, first, second, grid, workers=workers, batch=batch)
    torch.testing.assert_close(chunked.flow, whole.flow, atol=1e-5, rtol=0)
    torch.testing.assert_close(chunked.iterates[0], whole.iterates[0], atol=1e-5, rtol=0)
    assert torch.equal(chunked.iterates[-1], chunked.flow)


@pytest.mark.parametrize(("halo", "is_whole"), [(3, True), (2, False)])
def test_a_halo_as_wide_as_the_window_gives_the_whole_frame(halo, is_whole):
    first, second = random_frames(40, 60)
    whole = smoothing_estimator(first, second).flow
    grid = ChunkGrid(2, 3, 0, halo=halo)
    chunked = estimate_chunked(smoothing_estimator, first, second, grid).flow
    assert torch.allclose(chunked, whole, atol=1e-6) == is_whole


def test_a_failure_in_a_worker_is_the_callers():
    def failing(first, second):
        raise ValueError("cannot")

    with pytest.raises(ValueError, match="cannot"):
        estimate_chunked(failing, *random_frames(20, 20), ChunkGrid(2, 2, 0), workers=2)


def test_gradients_pass_through_workers():
    first, second = random_frames(20, 30)
    first.requires_grad_()
    grid = ChunkGrid(1, 2, 4)
    estimate_chunked(local_estimator, first, second, grid, workers=2).flow.sum().backward()
    whole = torch.autograd.grad(local_estimator(first, second).flow.sum(), first)[0]
    torch.testing.assert_close(first.grad, whole)


def test_only_seams_are_blurred():
    first, second = random_frames(40, 80)
    sharp = estimate_chunked(local_estimator, first, second, ChunkGrid(1, 2, 0)).flow
    soft = estimate_chunked(local_estimator, first, second, ChunkGrid(1, 2, 0, seam_blur=2)).flow
    change = (soft - sharp).abs().amax((0, 1, 2))
    assert change[36:44].min() > 0.01
    assert change[:35].max() == change[45:].max() == 0
    whole = estimate_chunked(local_estimator, first, second, ChunkGrid(1, 1, seam_blur=2)).flow
    assert torch.equal(whole, local_estimator(first, second).flow)


class TestProposeAndRefine:
    """Only the chunks in which the quick pass is doubtful are computed at full resolution."""

    SIZE = (64, 96)

    def estimator(self):
        """Says 0 for reduced frames and (7, 0) for chunks at full resolution."""
        sizes = []

        def estimate(first, second):
            sizes.append(tuple(first.shape[-2:]))
            u = 0.0 if len(sizes) <= 2 else 7.0
            flow = first.new_tensor([u, 0]).view(1, 2, 1, 1).expand(len(first), 2, *sizes[-1])
            return Prediction(flow, (flow, flow))

        return estimate, sizes

    def frames(self):
        """Nothing moves but the lower right sixth, which changes beyond recognition."""
        first, other = random_frames(*self.SIZE)
        second = first.clone()
        second[..., 32:, 64:] = other[..., 32:, 64:]
        return first, second

    @pytest.mark.parametrize(("share", "count"), [(0.1, 1), (0.5, 3), (0.0, 0)])
    def test_the_doubtful_share_is_computed(self, share, count):
        estimate, sizes = self.estimator()
        grid = ChunkGrid(2, 3, 0, refine_share=share)
        prediction = estimate_chunked(estimate, *self.frames(), grid)
        u = prediction.flow[0, 0]
        assert len(sizes) == 2 + count  # there and back at low resolution, then the chunks
        assert (u == 7).float().mean() == pytest.approx(count / 6)
        assert (u[32:, 64:] == 7).all() == (count > 0)
        assert len(prediction.iterates) == (2 if count else 0)
