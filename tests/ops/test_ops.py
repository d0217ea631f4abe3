"""Warp, splat, resize, pad, blur and consistency on motion known exactly."""

import numpy as np
import pytest
import torch

from flowcore.ops.blur import gaussian_blur, gaussian_kernel
from flowcore.ops.consistency import consistency_distance, consistency_mask
from flowcore.ops.convert import flow_to_array, flow_to_tensor, frame_to_array, frame_to_tensor
from flowcore.ops.pad import crop, pad, padding_to_stride
from flowcore.ops.resize import resize_flow, resize_frame
from flowcore.ops.warp import lands_inside, sample, splat, warp


def constant_flow(u, v, height, width):
    return torch.tensor([u, v], dtype=torch.float32).view(1, 2, 1, 1).expand(1, 2, height, width)


class TestWarp:
    def test_undoes_a_translation(self):
        image = torch.rand(1, 3, 12, 20)
        second = image.roll((2, 3), (2, 3))  # content moves 3 right and 2 down
        back = warp(second, constant_flow(3, 2, 12, 20))
        torch.testing.assert_close(back[..., :-2, :-3], image[..., :-2, :-3], atol=1e-5, rtol=0)

    def test_half_a_pixel_is_the_mean_of_two(self):
        row = torch.tensor([0.0, 1.0, 4.0]).view(1, 1, 1, 3)
        assert warp(row, constant_flow(0.5, 0, 1, 3)).flatten().tolist() == pytest.approx(
            [0.5, 2.5, 4.0]
        )

    def test_one_pixel_image(self):
        assert warp(torch.ones(1, 1, 1, 1), torch.zeros(1, 2, 1, 1)).item() == 1

    def test_zeros_outside(self):
        assert warp(torch.ones(1, 1, 2, 2), constant_flow(5, 0, 2, 2), padding="zeros").sum() == 0

    def test_samples_equal_the_corner_aligned_form(self):
        image, positions = torch.rand(1, 2, 7, 9), torch.rand(1, 2, 5, 5) * 6
        grid = torch.stack([positions[:, 0] / 8 * 2 - 1, positions[:, 1] / 6 * 2 - 1], -1)
        expected = torch.nn.functional.grid_sample(image, grid, align_corners=True)
        torch.testing.assert_close(sample(image, positions), expected, atol=1e-5, rtol=0)

    def test_is_differentiable(self):
        image = torch.rand(1, 1, 6, 6, dtype=torch.float64, requires_grad=True)
        flow = (torch.rand(1, 2, 6, 6, dtype=torch.float64) * 0.8 + 0.1).requires_grad_()
        assert torch.autograd.gradcheck(
            lambda a, b: warp(a, b, padding="zeros")[..., 1:4, 1:4], (image, flow)
        )

    def test_lands_inside(self):
        assert lands_inside(constant_flow(1, 0, 1, 3)).flatten().tolist() == [True, True, False]


class TestSplat:
    def test_carries_forward(self):
        values = torch.tensor([1.0, 2.0, 3.0]).view(1, 1, 1, 3)
        assert splat(values, constant_flow(1, 0, 1, 3)).flatten().tolist() == [0, 1, 2]

    def test_is_the_transpose_of_the_warp(self):
        flow, image, values = (
            torch.rand(1, 2, 8, 8) * 3,
            torch.rand(1, 1, 8, 8),
            torch.rand(1, 1, 8, 8),
        )
        left = (warp(image, flow, padding="zeros") * values).sum()
        torch.testing.assert_close(left, (image * splat(values, flow)).sum())


class TestResize:
    def test_vectors_follow_the_grid(self):
        small = resize_flow(constant_flow(8, -4, 20, 40), (10, 10))
        torch.testing.assert_close(small, constant_flow(2, -2, 10, 10).contiguous())

    def test_there_and_back(self):
        flow = constant_flow(3, 1, 9, 13)
        torch.testing.assert_close(
            resize_flow(resize_flow(flow, (36, 52)), (9, 13)), flow.contiguous()
        )

    def test_same_size_is_the_same_tensor(self):
        frame = torch.rand(1, 3, 5, 5)
        assert resize_frame(frame, (5, 5)) is frame


class TestPad:
    @pytest.mark.parametrize("size", [(1, 1), (7, 8), (8, 7), (8, 8), (436, 1024), (3, 200)])
    def test_multiples_and_back(self, size):
        frame = torch.rand(1, 3, *size)
        padding = padding_to_stride(*size, stride=8, min_size=16)
        padded = pad(frame, padding)
        assert all(side % 8 == 0 and side >= 16 for side in padded.shape[-2:])
        assert torch.equal(crop(padded, padding), frame)


class TestBlur:
    def test_kernel_sums_to_one_and_has_the_stated_width(self):
        kernel = gaussian_kernel(2.0)
        x = torch.arange(len(kernel)) - len(kernel) // 2
        assert kernel.sum().item() == pytest.approx(1)
        assert (kernel * x.square()).sum().sqrt().item() == pytest.approx(2.0, rel=0.02)

    def test_keeps_a_constant_and_zero_sigma_keeps_all(self):
        image = torch.full((1, 3, 5, 4), 0.3)
        torch.testing.assert_close(gaussian_blur(image, 3.0), image)
        assert gaussian_blur(image, 0) is image


class TestConsistency:
    def test_opposite_flows_agree_where_they_stay_inside(self):
        forward, backward = constant_flow(2, 0, 4, 8), constant_flow(-2, 0, 4, 8)
        mask = consistency_mask(forward, backward)
        assert mask[0, :, :6].all()
        assert not mask[0, :, 6:].any()
        assert consistency_distance(forward, backward).max() == 0

    def test_threshold_by_hand(self):
        """|f + b'|^2 = d^2 against 0.01 (f^2 + b'^2) + 0.5 with f = 0: d^2 <= 0.5 / 0.99."""
        zero = constant_flow(0, 0, 1, 1)
        assert consistency_mask(zero, constant_flow(0.710, 0, 1, 1)).all()
        assert not consistency_mask(zero, constant_flow(0.711, 0, 1, 1)).any()


def test_converters_are_exact_inverses(rng):
    frame = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    flow = rng.normal(size=(5, 7, 2)).astype(np.float32)
    assert np.array_equal(frame_to_array(frame_to_tensor(frame)), frame)
    assert np.array_equal(flow_to_array(flow_to_tensor(flow)), flow)
    assert flow_to_tensor(flow)[0, 0, 2, 3] == flow[2, 3, 0]
