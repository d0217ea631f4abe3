"""Bursts: exact motion, the same again from the same state, and refusals in words."""

import math
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from flowcore.data.bursts import (
    BURST_PHOTOS,
    burst_from_video,
    cut_bursts,
    make_burst,
    path_of,
    sample_burst,
    shifted,
)
from flowcore.data.palette import make_palette
from flowcore.data.textures import make_textures
from flowcore.errors import ConfigError, FrameDecodeError, InputError, ShapeMismatchError
from flowcore.types import Burst

TEXTURES = make_textures(3)


def ramp(height=40, width=60):
    """Two gray levels per px to the right, one per px down."""
    y, x = np.mgrid[:height, :width]
    return np.repeat((2 * x + y)[..., None], 3, axis=2).astype(np.uint8)


def frame(height=8, width=8):
    return np.zeros((height, width, 3), np.uint8)


def cut(seed=0, **changes):
    options = {"batch": 4, "size": 16, "num_frames": 5, "motion": (5, 5), "noise": (25, 25)}
    return cut_bursts(TEXTURES, generator=torch.Generator().manual_seed(seed), **options | changes)


def test_the_path_is_straight_and_zero_in_the_middle():
    path = path_of(5, 8.0, math.pi / 2)
    assert path[:, 1].tolist() == pytest.approx([-4, -2, 0, 2, 4])
    assert path[:, 0].abs().max() < 1e-6


def test_content_moves_by_a_fraction_of_a_pixel():
    """Moving a ramp by (u, v) lowers it by 2u + v everywhere, to within 0.05 px of motion.

    By halves it is exact.
    """
    picture = torch.from_numpy(ramp()).permute(2, 0, 1)[None].float() / 255
    moved = shifted(picture, torch.tensor([[[0.0, 0.0], [1.5, 0.0], [1.25, 0.0], [-0.3, 0.75]]]), 6)
    still = moved[0, 0]
    assert torch.allclose(still, picture[0, :, 6:-6, 6:-6], atol=1e-5)
    assert torch.allclose(255 * (moved[0, 1] - still), torch.tensor(-3.0), atol=1e-3)
    assert torch.allclose(255 * (moved[0, 2] - still), torch.tensor(-2.5), atol=0.1)
    assert torch.allclose(255 * (moved[0, 3] - still), torch.tensor(-0.15), atol=0.15)


def test_a_whole_step_is_a_copy():
    picture = TEXTURES[:1].float() / 255
    moved = shifted(picture, torch.tensor([[[3.0, -2.0]]]), 5)
    assert torch.allclose(moved[0, 0], picture[0, :, 7:-3, 2:-8], atol=1e-5)


def test_a_burst_from_one_picture():
    picture = ramp()
    burst = make_burst(picture, motion=4, angle=90, noise=0)
    assert burst.size == (30, 50)
    assert burst.reference == 2
    assert burst.motion.round(5).tolist() == [[0, -2], [0, -1], [0, 0], [0, 1], [0, 2]]
    assert np.array_equal(burst.frames[2], picture[5:-5, 5:-5])
    assert np.array_equal(burst.clean, burst.frames[2])
    assert np.array_equal(burst.frames[4], picture[3:-7, 5:-5])  # moved down: looks further up


def test_noise_is_new_for_each_frame_and_the_same_for_a_seed():
    gray = np.full((60, 60, 3), 128, np.uint8)
    burst, again, other = (make_burst(gray, noise=10, seed=seed) for seed in (0, 0, 1))
    assert burst.digest == again.digest != other.digest
    for one in burst.frames:
        assert np.std(one.astype(float)) == pytest.approx(10, rel=0.05)
    assert not np.array_equal(burst.frames[0], burst.frames[1])
    assert (burst.clean == 128).all()


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_burst_needs_a_middle(count):
    with pytest.raises(InputError, match=f"odd number of frames, 3 or more.*got {count}"):
        Burst((frame(),) * count)


def test_frames_of_one_size():
    with pytest.raises(ShapeMismatchError, match=r"8x8 px, number 3 is 9x8 px"):
        Burst((frame(), frame(), frame(8, 9)))


def test_what_is_no_frame():
    with pytest.raises(InputError, match="Frame 2"):
        Burst((frame(), frame()[..., 0], frame()))


def test_frames_are_read_only():
    burst = Burst((frame(),) * 3)
    with pytest.raises(ValueError, match="read-only"):
        burst.frames[0][:] = 1


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"motion": -1}, ConfigError, "motion"),
        ({"motion": math.nan}, ConfigError, "motion"),
        ({"noise": 300}, ConfigError, r"0\.\.255"),
        ({"motion": 60}, InputError, "60 px takes a margin of 33 px"),
        ({"num_frames": 4}, InputError, "odd number"),
    ],
)
def test_bursts_that_cannot_be_made(settings, error, words):
    with pytest.raises(error, match=words):
        make_burst(ramp(), **settings)


@pytest.mark.parametrize("name", BURST_PHOTOS)
def test_samples(name):
    burst = sample_burst(name)
    assert burst.size == (192, 192)
    assert len(burst.frames) == 5


def test_no_such_sample():
    with pytest.raises(InputError, match="astronaut"):
        sample_burst("nobody")


def test_bursts_for_training():
    made = cut()
    assert made.frames.shape == (4, 5, 3, 16, 16)
    assert made.clean.shape == (4, 3, 16, 16)
    noise = made.frames[:, 2] - made.clean
    assert 255 * noise.std().item() == pytest.approx(25, rel=0.15)
    assert torch.equal(made.frames, cut().frames)
    assert not torch.equal(made.frames, cut(seed=1).frames)


def test_without_noise_and_motion_all_frames_are_the_middle_one():
    made = cut(motion=(0, 0), noise=(0, 0))
    assert torch.equal(made.frames, made.clean[:, None].expand_as(made.frames))


def test_photos_too_small_for_the_motion():
    with pytest.raises(ConfigError, match="photos of 386 px"):
        cut(size=300, motion=(0, 80))


def video(count):
    """A gif of gray frames, 0, 20, 40, ..."""
    first, *others = (Image.new("RGB", (48, 32), (20 * n,) * 3) for n in range(count))
    stream = BytesIO()
    first.save(stream, "GIF", save_all=True, append_images=others, duration=100)
    return stream.getvalue()


def test_a_burst_from_a_video():
    burst = burst_from_video(video(9), start=1, num_frames=3, every=3)
    assert [round(float(one.mean()) / 20) for one in burst.frames] == [1, 4, 7]
    assert burst.clean is None
    assert burst.motion is None


def test_a_video_that_is_too_short():
    with pytest.raises(InputError, match=r"too short: it has 4 frames.*take 5"):
        burst_from_video(video(4))


def test_no_video():
    with pytest.raises(FrameDecodeError):
        burst_from_video(b"nothing of the kind")


@pytest.mark.parametrize("num_frames", [1, 2, 4])
def test_an_even_burst_from_a_video(num_frames):
    with pytest.raises(InputError, match="odd number"):
        burst_from_video(b"", num_frames=num_frames)


def test_a_palette_of_few_colors_finds_them():
    """Three colors in equal parts are their own palette."""
    colors = torch.tensor([[0, 0, 0], [255, 0, 0], [0, 128, 255]], dtype=torch.uint8)
    stripes = colors.repeat_interleave(4, 0).T.reshape(1, 3, 1, 12)
    found = make_palette(stripes, num_colors=3)
    assert sorted((255 * found).round().int().tolist()) == sorted(colors.tolist())
