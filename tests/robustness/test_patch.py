"""Patches: where they lie, what they leave alone, and how far they reach."""

import numpy as np
import pytest
import torch
from PIL import Image

from flowcore.errors import ConfigError, InputError
from flowcore.robustness.attacks.attack import attack, attack_victim, universal_attack
from flowcore.robustness.attacks.patch import paste, place_patch
from flowcore.robustness.attacks.spread import changed_pixels, spread_of
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.attacks.vulnerability import vulnerability_map
from flowcore.types import FlowField, FramePair, PipelineConfig
from tests.robustness.attacked_nets import SCOPE, colors_victim, even_pair, photo_pair


def disk(size, center, diameter):
    y, x = np.indices(size)
    return np.hypot(x - center[0], y - center[1]) <= diameter / 2


@pytest.fixture
def picture(rng):
    return rng.integers(0, 256, (9, 9, 3), np.uint8)


def test_a_patch_lies_where_it_is_put(picture):
    pair = even_pair(size=(30, 40))
    placed = place_patch(pair, picture, 12, 10)
    inside = disk((30, 40), (12, 10), 9)
    for frame in (placed.first, placed.second):
        assert np.all(frame[~inside] == 128)
        assert np.array_equal(
            frame[6:15, 8:17][inside[6:15, 8:17]], picture[disk((9, 9), (4, 4), 9)]
        )
    alone = place_patch(pair, picture, 12, 10, frames="second")
    assert np.array_equal(alone.first, pair.first)
    assert np.array_equal(alone.second, placed.second)
    over_the_edge = place_patch(pair, picture, 0, 0).first
    assert np.array_equal(over_the_edge[0, 0], picture[4, 4])


def test_turned_and_scaled(picture):
    pair = even_pair(size=(30, 40))
    quarter = place_patch(pair, picture, 12, 10, angle=90).first[6:15, 8:17]
    inside = disk((9, 9), (4, 4), 8.5)
    assert np.array_equal(quarter[inside], np.rot90(picture, -1)[inside])  # clockwise
    large = place_patch(pair, picture, 20, 15, scale=2).first
    assert (large != 128).any(2).sum() == pytest.approx(np.pi * 9**2, rel=0.06)


def test_no_such_place_or_patch(picture):
    pair = even_pair(size=(30, 40))
    with pytest.raises(ConfigError, match="A patch of 36 px is larger than the frame of 40x30"):
        place_patch(pair, picture, 5, 5, scale=4)
    with pytest.raises(ConfigError, match="middle, 40, 5, is outside of 40x30"):
        place_patch(pair, picture, 40, 5)
    with pytest.raises(ConfigError, match="scale is above 0"):
        place_patch(pair, picture, 5, 5, scale=0)
    with pytest.raises(InputError, match=r"square picture, got \(8, 9, 3\)"):
        place_patch(pair, picture[1:], 5, 5)


def test_the_gradient_reaches_the_disk_alone():
    patch = torch.rand(3, 7, 7, requires_grad=True)
    frames = paste(torch.zeros(2, 3, 20, 20), patch, torch.tensor([[9.0, 9, 0, 1], [5, 12, 0, 1]]))
    (gradient,) = torch.autograd.grad(frames.sum(), patch)
    inside = torch.from_numpy(disk((7, 7), (3, 3), 7))
    assert torch.allclose(gradient[:, inside], torch.tensor(2.0), atol=1e-4)
    assert gradient[:, ~inside].abs().max() < 1e-4


def test_a_trained_patch_turns_vectors_around():
    """Where flow is color, the worst patch is dark in red and in green."""
    found = attack_victim(
        even_pair(size=(24, 24)), colors_victim(), Threat.of("patch", 9, steps=60, loss="epe")
    )
    inside = disk((24, 24), (11, 11), 9)
    clean = 10 * 128 / 255
    assert found.damage == pytest.approx(inside.mean() * clean * np.sqrt(2), rel=0.02)
    assert found.patch.shape == (9, 9, 3)
    assert np.array_equal(changed_pixels(even_pair(size=(24, 24)), found.pair), inside)
    assert found.saved_damage == pytest.approx(found.damage, rel=1e-5)  # it is in whole levels


def test_one_patch_for_a_set():
    pairs = [photo_pair(), photo_pair(motion=(-2, 2))]
    one, two = universal_attack(pairs, SCOPE, Threat.of("patch", 15, steps=6))
    assert np.array_equal(one.patch, two.patch)
    inside = changed_pixels(pairs[0], one.pair)
    assert np.array_equal(one.pair.first[inside], two.pair.first[inside])
    assert not inside[~disk((64, 64), (31, 31), 15)].any()
    assert attack(pairs[0], SCOPE, Threat.of("pgd", steps=1)).patch is None


def test_published_patches(real_data):
    """The two universal patches of Ranjan et al. can be placed on any frame that holds them."""
    for name in ("flowattack_Upatch1.png", "flowattack_Upatch2.png"):
        patch = np.asarray(Image.open(real_data / "adversarial" / name).convert("RGB"))
        pair = photo_pair((96, 96))
        placed = place_patch(pair, patch, 48, 48)
        assert changed_pixels(pair, placed).sum() == pytest.approx(
            np.pi * (len(patch) / 2) ** 2, rel=0.05
        )


def test_spread_by_rings():
    """Vectors within 20 px of the changed ones move by 5 px, one far away by 50."""
    size, moved = (60, 60), np.zeros((60, 60, 2), np.float32)
    changed = disk(size, (20, 20), 4)
    y, x = np.indices(size)
    moved[np.hypot(x - 20, y - 20) <= 20] = 3, 4
    moved[59, 59] = 30, 40
    found = spread_of(FlowField(np.zeros_like(moved)), FlowField(moved), changed)
    assert found.share == pytest.approx(100 * (np.hypot(x - 20, y - 20) <= 20).mean(), abs=0.1)
    assert found.rings[0][2:] == (5.0, changed.sum())
    assert found.rings[1][:3] == (0.0, 8.0, 5.0)
    assert found.reach == 24.0
    within = np.ceil(np.hypot(x - 20, y - 20) - 2) <= 24  # about; the disk of changed ones is 2 px
    assert found.damage == pytest.approx(
        5 * (np.hypot(x - 20, y - 20) <= 20).sum() / within.sum(), rel=0.05
    )
    still = spread_of(FlowField(moved), FlowField(moved), changed)
    assert (still.share, still.reach, still.damage) == (0.0, 0.0, 0.0)
    none = spread_of(FlowField(0 * moved), FlowField(moved), np.zeros(size, bool))
    assert none.rings == ()


def test_a_map_finds_the_vulnerable_place(tmp_path, monkeypatch):
    """A model that looks at one pixel alone is vulnerable there and nowhere else."""
    source = tmp_path / "keyhole.py"
    source.write_text(
        "import torch\n"
        "from flowcore.types import Prediction\n"
        "class Keyhole(torch.nn.Module):\n"
        "    stride, min_size, default_iterations, maps = 1, 1, None, {}\n"
        "    def forward(self, first, second, *, iterations=None, keep=frozenset()):\n"
        "        u = 8 * first[:, :1, 6:7, 10:11] + 0 * first[:, :1]\n"
        "        return Prediction(torch.cat([u, 0 * u], 1))\n"
        "    def memory_bytes(self, height, width):\n"
        "        return height * width\n"
        "    min_size = 16\n"
        "build = Keyhole\n"
    )
    monkeypatch.setenv("FLOWCORE_MODELS", f"{source}:build")
    config = PipelineConfig(f"{source}:build")
    pair = even_pair(0.0, (16, 20))
    told = []
    found = vulnerability_map(pair, config, cell=4, side=2, progress=told.append)
    assert found.shape == (4, 5)
    assert np.argwhere(found).tolist() == [[1, 2]]
    assert found[1, 2] == pytest.approx(8)
    assert told[-1] == 1
    assert not vulnerability_map(pair, config, cell=4, side=2, frames="second").any()
    with pytest.raises(ConfigError, match="a spot of 5 px in a cell of 4 px"):
        vulnerability_map(pair, config, cell=4, side=5)


def test_a_changed_pair_is_seen():
    pair = even_pair()
    second = pair.second.copy()
    second[2, 3, 1] += 1
    assert np.argwhere(changed_pixels(pair, FramePair(pair.first, second))).tolist() == [[2, 3]]
