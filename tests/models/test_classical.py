"""Classical methods: known motion, every small size, and settings that were published."""

import cv2
import numpy as np
import pytest
import torch

from flowcore import models
from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.models.classical import gray_levels, gray_values

NAMES = ["dis_ultrafast", "dis_fast", "dis_medium", "farneback", "tvl1", "ilk"]


def moving_texture(height, width, u=2, v=1, seed=0):
    """A random smooth texture and itself moved by (u, v) px."""
    noise = np.random.default_rng(seed).random((height + 8, width + 8, 3)).astype(np.float32)
    wide = cv2.GaussianBlur(noise, (0, 0), 1.5)
    wide = np.rint(255 * (wide - wide.min()) / np.ptp(wide)) / 255
    frames = torch.from_numpy(wide.astype(np.float32)).permute(2, 0, 1)[None]
    first = frames[..., 4 : 4 + height, 4 : 4 + width]
    second = frames[..., 4 - v : 4 - v + height, 4 - u : 4 - u + width]
    return first, second


@pytest.mark.parametrize("size", [(16, 16), (40, 48), (48, 120)])
@pytest.mark.parametrize("name", NAMES)
def test_known_motion(name, size):
    model = models.create(name)
    flow = model(*moving_texture(*size)).flow
    inner = flow[0, :, 5:-5, 5:-5].flatten(1).median(1).values
    assert flow.shape == (1, 2, *size)
    assert flow.dtype == torch.float32
    assert inner.tolist() == pytest.approx([2, 1], abs=0.35)


@pytest.mark.parametrize("name", NAMES)
def test_every_small_size_is_finite(name):
    model = models.create(name)
    lengths = [model.min_size, model.min_size + 1, 13, 16, 17, 31, 40]
    for height in lengths:
        for width in lengths:
            assert model(*moving_texture(height, width)).flow.isfinite().all(), (height, width)


@pytest.mark.parametrize(
    "size", [(12, 40), (12, 301), (16, 700), (24, 301), (118, 1024), (700, 16)]
)
@pytest.mark.parametrize("name", ["dis_ultrafast", "dis_fast", "dis_medium"])
def test_dis_survives_slivers(name, size):
    """OpenCV's own choice of scales crashes the process on several of these."""
    assert models.create(name)(*moving_texture(*size)).flow.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_its_pairs(name):
    model = models.create(name)
    pairs = [moving_texture(32, 40, u=1, seed=1), moving_texture(32, 40, u=-1, seed=2)]
    both = model(*(torch.cat(frames) for frames in zip(*pairs, strict=True))).flow
    assert torch.equal(both[1:], model(*pairs[1]).flow)


def test_too_small_is_refused():
    with pytest.raises(ShapeMismatchError, match=r"40x11 .* at least 12"):
        models.create("dis_medium")(*moving_texture(11, 40))


def test_iterations_are_refused():
    with pytest.raises(ConfigError, match="does not refine"):
        models.create("dis_fast")(*moving_texture(16, 16), iterations=5)


def test_gray_is_opencvs():
    levels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    expected = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
    frame = levels.astype(np.float32) / 255
    assert (gray_levels(frame) == expected).all()
    assert np.abs(gray_values(frame) * 255 - expected).max() < 0.51
