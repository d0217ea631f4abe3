"""JPEG as tensor operations against OpenCV's encoder and decoder."""

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from flowcore.ops.color import from_ycc, luma, to_ycc
from flowcore.ops.convert import frame_to_tensor
from flowcore.ops.jpeg import jpeg


@pytest.fixture(scope="module")
def photo():
    return np.ascontiguousarray(skimage.data.astronaut()[:200, 100:340])


def by_opencv(frame, quality):
    """The frame after a JPEG file with color at half resolution."""
    options = [
        cv2.IMWRITE_JPEG_QUALITY, quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]  # fmt: skip
    _, data = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("quality", [5, 15, 49, 50, 75, 90, 100])
def test_close_to_opencv(photo, quality):
    expected = frame_to_tensor(by_opencv(photo, quality))
    before = frame_to_tensor(photo)
    found = jpeg(before, quality=quality)
    difference = 255 * (found - expected).abs().mean().item()
    loss = 255 * (before - expected).abs().mean().item()
    assert difference < 1.5
    assert difference < 0.7 * loss


@pytest.mark.parametrize("size", [(1, 1), (3, 17), (16, 16), (33, 8)])
def test_any_size(photo, size):
    frame = frame_to_tensor(np.ascontiguousarray(photo[: size[0], : size[1]]))
    found = jpeg(frame, quality=90)
    assert found.shape == frame.shape
    assert found.min() >= 0
    assert found.max() <= 1
    assert (found - frame).abs().mean() < 0.05


def test_a_flat_frame_comes_back():
    frame = torch.tensor([64.0, 128.0, 192.0]).view(1, 3, 1, 1).expand(2, 3, 20, 20) / 255
    assert torch.allclose(jpeg(frame, quality=95), frame, atol=1.5 / 255)


def test_frames_of_a_batch_do_not_meet(photo):
    frames = torch.cat([frame_to_tensor(photo), torch.rand(1, 3, *photo.shape[:2])])
    together = jpeg(frames, quality=30)
    for frame, found in zip(frames, together, strict=True):
        assert torch.allclose(jpeg(frame[None], quality=30)[0], found, atol=1e-5)


def test_brightness_and_color_by_hand():
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert luma(red).item() == pytest.approx(0.299)
    assert to_ycc(red).flatten().tolist() == pytest.approx([0.299, -0.168736, 0.5])
    frame = torch.rand(2, 3, 4, 5)
    assert torch.allclose(from_ycc(to_ycc(frame)), frame, atol=1e-5)
