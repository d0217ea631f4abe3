"""Likeness of frames, checked by hand and against scikit-image."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics.image import compare_frames, photometric_error, psnr, ssim, warp_quality
from flowcore.ops.convert import frame_to_tensor


@pytest.fixture
def frames(rng):
    first = rng.integers(0, 256, (24, 31, 3), dtype=np.uint8)
    return first, (0.7 * first + rng.integers(0, 70, first.shape)).astype(np.uint8)


def test_psnr_by_hand_and_as_scikit_image(frames):
    a = np.zeros((2, 2, 3), np.uint8)
    b = a.copy()
    b[0, 0] = 255  # a quarter of the pixels is off by the peak
    assert psnr(a, b, peak=255) == pytest.approx(10 * math.log10(4))
    assert psnr(a, b, peak=2550) == pytest.approx(20 + 10 * math.log10(4))
    assert psnr(*frames, peak=255) == pytest.approx(peak_signal_noise_ratio(*frames), rel=1e-5)
    assert psnr(a, a, peak=255) == math.inf


def test_photometric_error_is_in_gray_levels_for_both_kinds():
    a, b = np.full((2, 2, 3), 200, np.uint8), np.full((2, 2, 3), 190, np.uint8)
    assert photometric_error(a, b) == pytest.approx(10, abs=1e-3)
    assert photometric_error(frame_to_tensor(a), frame_to_tensor(b)) == pytest.approx(10, abs=1e-3)


def test_ssim_is_that_of_wang(frames):
    gray = [(frame @ [0.299, 0.587, 0.114]).astype(np.float32) for frame in frames]
    _, similarity = structural_similarity(
        *gray,
        data_range=255,
        gaussian_weights=True,
        use_sample_covariance=False,
        full=True,
    )
    inner = np.zeros(gray[0].shape, bool)
    inner[5:-5, 5:-5] = True
    assert ssim(*frames, inner) == pytest.approx(similarity[inner].mean(), abs=1e-4)


def test_ssim_by_hand_on_constant_frames():
    a, b = np.full((3, 4, 3), 255, np.uint8), np.zeros((3, 4, 3), np.uint8)
    assert ssim(a, a) == pytest.approx(1)
    assert ssim(a, b) == pytest.approx(1e-4 / (1 + 1e-4), rel=1e-2)
    assert ssim(a[:1, :1], a[:1, :1]) == pytest.approx(1)


def test_the_mask_selects_pixels():
    a = np.zeros((2, 2, 3), np.uint8)
    b = a.copy()
    b[0] = 100
    b[1] = 10
    mask = np.array([[False, False], [True, False]])
    assert photometric_error(a, b, mask) == pytest.approx(10, abs=1e-3)
    assert psnr(a, b, mask, peak=255) == pytest.approx(20 * math.log10(25.5), rel=1e-5)
    assert all(math.isnan(value) for value in compare_frames(a, b, mask & False).values())


def test_arrays_and_tensors_agree(frames, rng):
    mask = rng.random(frames[0].shape[:2]) > 0.5
    tensors = [frame_to_tensor(frame) for frame in frames]
    on_tensors = compare_frames(*tensors, torch.from_numpy(mask)[None])
    assert compare_frames(*frames, mask) == pytest.approx(on_tensors)
    assert psnr(*tensors, peak=1) == pytest.approx(psnr(*frames, peak=255))


def test_warping_by_the_true_motion_beats_the_identity(rng):
    scene = torch.from_numpy(rng.random((1, 3, 20, 40), np.float32))
    first, second = scene[..., 3:33], scene[..., :30]  # the scene moves three px to the right
    flow = torch.zeros(1, 2, 20, 30)
    flow[:, 0] = 3
    visible = torch.ones(1, 20, 30, dtype=torch.bool)
    visible[..., -3:] = False
    right = warp_quality(first, second, flow, visible)
    wrong = warp_quality(first, second, -flow, visible)
    assert right["photometric_error"] < 0.01
    assert right["psnr"] > 80
    assert right["psnr_identity"] == wrong["psnr_identity"]
    assert wrong["psnr"] < 12


def test_what_cannot_be_compared_is_refused():
    frame = np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(ShapeMismatchError, match="differ"):
        ssim(frame, frame[:3])
    with pytest.raises(ShapeMismatchError, match="mask"):
        ssim(frame, frame, np.ones((5, 4), bool))
    with pytest.raises(InputError, match="array"):
        ssim(frame[..., 0], frame[..., 0])
    with pytest.raises(InputError, match="one of each"):
        ssim(frame, frame_to_tensor(frame))
    with pytest.raises(InputError, match="peak"):
        psnr(frame, frame, peak=0)
