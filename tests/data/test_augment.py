"""Augmentation: each effect alone, and nothing but light and data is touched."""

import pytest
import torch

from flowcore.data.augment import AugmentConfig, augment
from flowcore.ops.color import luma
from flowcore.ops.jpeg import jpeg

NOTHING = {
    "color": 0.0, "difference": 0.0, "shading": 0.0, "gray": 0.0,
    "blur": 0.0, "noise": 0.0, "jpeg": 0.0, "eraser": 0.0,
}  # fmt: skip
EVERYTHING = NOTHING | dict.fromkeys(NOTHING, 1.0)


@pytest.fixture
def pair():
    return torch.rand(2, 8, 3, 24, 32).unbind(0)


def augmented(pair, seed=0, **effects):
    generator = torch.Generator().manual_seed(seed)
    return augment(*pair, AugmentConfig(**NOTHING | effects), generator)


def test_without_effects_nothing_changes(pair):
    pair[0][0] = 0  # black stays black
    for before, after in zip(pair, augmented(pair), strict=True):
        assert torch.equal(before, after)


@pytest.mark.parametrize("name", [*NOTHING, "everything"])
def test_frames_stay_frames(pair, name):
    effects = EVERYTHING if name == "everything" else {name: 1.0}
    originals = [frames.clone() for frames in pair]
    for seed in range(4):
        for before, after in zip(originals, augmented(pair, seed, **effects), strict=True):
            assert after.shape == before.shape
            assert after.isfinite().all()
            assert after.min() >= 0
            assert after.max() <= 1
    for before, after in zip(originals, pair, strict=True):
        assert torch.equal(before, after)


def test_the_state_of_the_generator_decides(pair):
    one, again, other = (augmented(pair, seed, **EVERYTHING) for seed in (1, 1, 2))
    assert torch.equal(one[0], again[0])
    assert torch.equal(one[1], again[1])
    assert not torch.equal(one[1], other[1])


def test_color_is_the_same_in_both_frames(pair):
    first, second = augmented((pair[0], pair[0]), color=0.4)
    assert torch.equal(first, second)
    changes = (first - pair[0]).abs().mean((1, 2, 3))
    assert (changes > 0).all()
    assert len(changes.unique()) == 8  # each pair by numbers of its own


@pytest.mark.parametrize("effect", ["difference", "shading", "eraser"])
def test_effects_on_the_second_frame_alone(pair, effect):
    first, second = augmented(pair, **{effect: 0.5})
    assert torch.equal(first, pair[0])
    is_changed = ((second - pair[1]).abs() > 1e-3).flatten(1).any(1)
    assert is_changed.any()
    assert not is_changed.all()


def test_shading_is_a_smooth_gain(pair):
    second = 0.1 + pair[1] / 5  # far from where light is cut off
    _, shaded = augmented((pair[0], second), shading=0.3)
    gain = shaded / second
    assert torch.allclose(gain[:, :1].expand_as(gain), gain, rtol=1e-4)
    assert gain.log().abs().max() < 0.3 * 1.5  # a cubic spline overshoots a little
    assert gain.diff(dim=3).abs().max() < 0.1


def test_gray_is_brightness(pair):
    for before, after in zip(pair, augmented(pair, gray=1.0), strict=True):
        assert torch.equal(after, luma(before).expand_as(before))


def test_blur_smooths_some_batches(pair):
    rough = [frames.diff(dim=3).abs().mean() for frames in pair]
    blurred = [augmented(pair, seed, blur=2.0) for seed in range(20)]
    changed = [frames for frames in blurred if not torch.equal(frames[0], pair[0])]
    assert 0 < len(changed) < 20
    for frames in changed:
        for before, after in zip(rough, frames, strict=True):
            assert after.diff(dim=3).abs().mean() < before


def test_noise_is_independent_and_as_strong_as_said():
    gray = torch.full((8, 3, 24, 32), 0.5)
    first, second = augmented((gray, gray), noise=0.1)
    deviations = first.std((1, 2, 3))
    assert deviations.max() < 0.11
    assert torch.allclose(deviations, second.std((1, 2, 3)), rtol=0.2)  # one strength for a pair
    errors = torch.stack([first - 0.5, second - 0.5]).flatten(1)
    assert torch.corrcoef(errors)[0, 1].abs() < 0.05
    assert first.mean().item() == pytest.approx(0.5, abs=0.002)


def test_jpeg_has_one_quality_for_the_batch(pair):
    first, second = augmented(pair, jpeg=1.0)
    matching = [q for q in range(15, 91) if torch.equal(first, jpeg(pair[0], quality=q))]
    assert matching
    assert torch.equal(second, jpeg(pair[1], quality=matching[0]))


def test_the_eraser_covers_a_rectangle_with_the_mean_color(pair):
    _, second = augmented(pair, eraser=1.0)
    for before, after in zip(pair[1], second, strict=True):
        is_erased = (after != before).all(0)
        rows, cols = is_erased.any(1), is_erased.any(0)
        assert is_erased.sum() == rows.sum() * cols.sum()
        assert 0.05 <= rows.float().mean() <= 0.4
        assert 0.05 <= cols.float().mean() <= 0.4
        assert torch.allclose(after[:, is_erased].mean(1), before.mean((1, 2)))
