"""A wider net computes at first what the smaller one did."""

import pytest
import torch

from flowcore import models
from flowcore.models.store import BUNDLED_FOLDER
from flowcore.models.weights import read_state
from flowcore.training.config import Stage, TrainingConfig
from flowcore.training.loop import Trainer
from flowcore.training.widen import widen

SMALL = BUNDLED_FOLDER / "scope_035.scenes.safetensors"


@pytest.fixture(scope="module")
def frames():
    """Two frames (1, 3, 96, 128), the second moved by (5, 3) px."""
    noise = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(0))
    scene = torch.nn.functional.interpolate(noise, (101, 133), mode="bicubic").clamp(0, 1)
    return scene[..., 3:99, 5:133], scene[..., :96, :128]


def pair_of(small_name, name):
    """The smaller net as it ships, and the larger one filled with its weights.

    New channels that are compared, the one part that is not quite silent at first, are silent.
    """
    torch.manual_seed(0)
    small, large = models.create(f"{small_name}.scenes"), models.build_untrained(name)
    widen(large, small.state_dict(), small.sizes)
    layers = [(layer, small.sizes.matching) for layer in large.encoder.laterals]
    closer = large.encoder.closer
    layers += [(layer, small.sizes.closer[1]) for layer in (closer.of4, closer.stage2[-1])]
    with torch.inference_mode():
        for layer, size in layers:
            layer.conv.weight[size:] = 0
            layer.conv.bias[size:] = 0
    return small, large


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("scope_035", "scope_035"),
        ("scope_035", "scope_070"),
        ("scope_035", "scope_200"),
        ("scope_035", "scope_1000"),
        ("scope_070", "scope_200"),
        ("scope_070", "scope_1000"),
    ],
)
def test_the_function_is_kept(small, large, frames):
    small, large = pair_of(small, large)
    with torch.inference_mode():
        expected = small(*frames, keep=frozenset({"iterates"})).iterates
        found = large(*frames, keep=frozenset({"iterates"})).iterates
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=0)


def test_every_new_channel_can_learn(frames):
    torch.manual_seed(0)
    large, sizes = models.build_untrained("scope_070"), models.build_untrained("scope_035").sizes
    widen(large, read_state(SMALL, "scope_035"), sizes)
    optimizer = torch.optim.SGD(large.parameters(), lr=1e-4)
    for _ in range(2):  # what the new channels would add is zero before the first step
        large.zero_grad()
        iterates = large(*frames, keep=frozenset({"iterates"})).iterates
        torch.stack(iterates).square().mean().backward()
        optimizer.step()
    for name, parameter in large.named_parameters():
        by_channel = parameter.grad.flatten(1) if parameter.dim() > 1 else parameter.grad[:, None]
        silent = (by_channel == 0).all(1).float().mean()
        assert silent < 0.5, name


def test_a_run_begins_with_the_smaller_net(photos, tmp_path):
    stage = Stage(name="only", steps=1, batch=1, size=(64, 64), iterations=3)
    config = TrainingConfig(
        model="scope_070",
        stages=(stage,),
        photos=(str(photos),),
        init=str(SMALL),
        init_model="scope_035",
    )
    trainer = Trainer(config, tmp_path)
    small = read_state(SMALL, "scope_035")["coarse.moved.bias"]
    assert torch.equal(trainer.net.coarse.moved.bias, small)
    assert trainer.advance().step == 1


def test_a_closer_look_begins_as_what_a_wider_window_reads():
    """Four equal windows are read as one is; and it can learn while all else rests."""
    before, net = (models.build_untrained(name) for name in ("scope_070_4px", "scope_070"))
    widen(net, before.state_dict(), before.sizes)
    window = torch.rand(1, 25, 6, 8)
    four = window.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(net.closer(four), net.entries[0].seen(window))
