"""The burst net: fields, stitching, what it can see, and what its attention says."""

import dataclasses
import math

import pytest
import torch

from flowcore.errors import ConfigError, ShapeMismatchError, UnknownModelError
from flowcore.models import catalog
from flowcore.models.burst import BurstNet, pad_burst, stitch
from flowcore.models.burst_attention import entropy, expected_displacement, halo_share
from flowcore.models.burst_config import BurstConfig
from flowcore.models.burst_store import burst_cards, load_burst_net

SMALL = {"d_model": 8, "heads": 2, "layers": 1}


def small(**changes):
    return BurstNet(BurstConfig(**SMALL | changes)).eval()


def patches_of(image, side, step):
    return image.unfold(2, side, step).unfold(3, side, step).movedim((2, 3), (1, 2)).flatten(0, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"source_field": 16, "target_field": 16},
        {"source_field": 24, "target_field": 16},
        {"stride": 4},
        {"token": 1, "source_field": 6, "target_field": 4},
        {"num_frames": 3},
        {"num_frames": 7, "with_middle": False},
        {"position": "learned"},
        {"position": "none"},
        {"palette": True},
        {"convolution": True},
        {"d_model": 512, "heads": 8},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(21, 33), (1, 1), (8, 16)])
def test_every_variant_takes_any_size(changes, size):
    net = small(**changes)
    with torch.inference_mode():
        out = net(torch.rand(2, net.config.num_frames, 3, *size))
    assert out.shape == (2, 3, *size)
    assert out.isfinite().all()


@pytest.mark.parametrize(("side", "step"), [(8, 8), (8, 4), (8, 2), (6, 4)])
def test_patches_of_an_image_are_that_image(side, step):
    image = torch.rand(2, 3, side + 3 * step, side + 2 * step)
    assert torch.allclose(stitch(patches_of(image, side, step), (4, 3), step), image, atol=1e-6)


def test_overlapping_patches_are_blended_by_hand():
    """Two patches of 4 px, 2 px apart: weights 1/4, 3/4, 3/4, 1/4 along the way."""
    patches = torch.stack([torch.zeros(1, 4, 4), torch.ones(1, 4, 4)])
    row = stitch(patches, (1, 2), 2)[0, 0, 1]
    assert row.tolist() == pytest.approx([0, 0, 0.25, 0.75, 1, 1])


def test_an_untrained_net_averages_and_keeps_flat_frames():
    gray = torch.full((1, 5, 3, 16, 24), 0.4)
    with torch.inference_mode():
        assert torch.allclose(small()(gray), gray[:, 0], atol=1e-5)


def test_nothing_outside_the_source_field_is_seen():
    """A patch of 8 px sees 4 px further, so a change 5 px away leaves it as it is."""
    net = small(source_field=16, target_field=8)
    burst = torch.rand(1, 5, 3, 8, 32)
    changed = burst.clone()
    changed[..., 21:] = 0
    with torch.inference_mode():
        before, after = net(burst), net(changed)
    assert torch.equal(before[..., :16], after[..., :16])
    assert not torch.equal(before[..., 16:], after[..., 16:])


def test_the_middle_frame_is_left_out_when_told():
    net = small(with_middle=False)
    burst = torch.rand(1, 5, 3, 16, 16)
    other = burst.clone()
    other[:, 2] = 0
    with torch.inference_mode():
        assert torch.equal(net(burst), net(other))
    assert net.config.inputs == (0, 1, 3, 4)


def test_pixels_of_a_palette_net_are_colors_of_the_palette():
    net = small(palette=True)
    net.palette.copy_(torch.rand(512, 3))
    fields = torch.rand(2, 5, 3, 4, 4)
    quantized = net.quantize(fields)
    colors = quantized.movedim(2, -1).reshape(-1, 3)
    assert (colors[:, None] == net.palette).all(-1).any(1).all()
    assert torch.equal(net.quantize(quantized), quantized)


def test_patch_by_patch_is_the_same_as_all_at_once(monkeypatch):
    net, burst = small(), torch.rand(1, 5, 3, 24, 24)
    with torch.inference_mode():
        whole = net(burst)
        monkeypatch.setattr("flowcore.models.burst._MAX_WEIGHTS", 1)
        assert torch.allclose(net(burst), whole, atol=1e-6)


def test_a_copy_with_another_stride_shares_the_weights():
    net, burst = small(), torch.rand(1, 5, 3, 16, 16)
    other = net.with_config(dataclasses.replace(net.config, stride=4))
    assert other.embed is net.embed
    assert net.config.step == 8
    with torch.inference_mode():
        assert not torch.equal(other(burst), net(burst))


def test_every_weight_learns():
    net = small(position="relative", convolution=True).train()
    for parameter in net.parameters():  # the last layers begin at zero
        torch.nn.init.normal_(parameter, std=0.1)
    net(torch.rand(1, 5, 3, 16, 16)).square().mean().backward()
    silent = [name for name, tensor in net.named_parameters() if not tensor.grad.abs().sum() > 0]
    # a key's bias shifts all scores of a query alike, which softmax does not see
    assert [name for name in silent if not name.endswith("in_proj_bias")] == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_frames": 4}, "odd number of frames, 3 or more, got 4"),
        ({"num_frames": 1}, "got 1"),
        ({"source_field": 8, "target_field": 16}, "got 8 and 16"),
        ({"source_field": 14, "target_field": 8}, "multiple of 4 px"),
        ({"target_field": 8, "token": 3, "source_field": 8}, "multiples of the token's 3 px"),
        ({"stride": 10}, "1..8 px"),
        ({"stride": 0}, "got 0"),
        ({"d_model": 66}, "multiple of 4, got 66"),
        ({"position": "sine"}, "'sine'"),
        ({"layers": 0}, "1 or more"),
    ],
)
def test_settings_that_contradict_each_other(settings, words):
    with pytest.raises(ConfigError, match=words):
        BurstConfig(**settings)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 4, 3, 16, 16), "bursts"),
        ((5, 3, 16, 16), "bursts"),
        ((1, 5, 3, 17, 16), "do not fill 9 px"),
        ((1, 5, 3, 8, 16), "do not fill 0 px"),
    ],
)
def test_bursts_that_do_not_fit(shape, words):
    with pytest.raises(ShapeMismatchError, match=words):
        small().inside(torch.rand(shape))


def one_hot(config, frame, row, col):
    """All tokens of one patch look at one source token of one frame."""
    T, S, M = config.target_tokens, config.source_tokens, len(config.inputs)
    weights = torch.zeros(1, config.heads, T, T, M, S, S)
    weights[..., frame, row, col] = 1
    return weights


def test_expected_displacement_by_hand():
    """Token (0, 0) of the target lies at source token (2, 2): (3, 5) is 1 down and 3 right."""
    config = BurstConfig()
    weights = one_hot(config, 4, 3, 5)
    found = expected_displacement(weights, config)[0, 0, :, :, 4]
    assert found[0, 0].tolist() == pytest.approx([6, 2])  # two px a token
    assert found[1, 3].tolist() == pytest.approx([0, 0])
    halves = (weights + one_hot(config, 4, 3, 2)) / 2
    assert expected_displacement(halves, config)[0, 0, 0, 0, 4].tolist() == pytest.approx([3, 2])


def test_entropy_and_halo_by_hand():
    config = BurstConfig()
    sure = one_hot(config, 0, 0, 0)
    assert entropy(sure).abs().max() == 0
    assert (halo_share(sure, config) == 1).all()
    assert halo_share(one_hot(config, 0, 2, 5), config).abs().max() < 1e-6
    spread = torch.full_like(sure, 1 / (5 * 8 * 8))
    assert entropy(spread)[0, 0, 0, 0].item() == pytest.approx(math.log2(320), abs=1e-4)
    assert halo_share(spread, config)[0, 0, 0, 0].item() == pytest.approx(0.75, abs=1e-5)


def test_weights_sum_to_one():
    net = small()
    with torch.inference_mode():
        (answer,) = net.answers(pad_burst(torch.rand(1, 5, 3, 8, 16), net.config))
    assert answer.weights.shape == (2, 2, 4, 4, 5, 8, 8)
    assert torch.allclose(answer.weights.sum((-3, -2, -1)), torch.tensor(1.0), atol=1e-5)


def test_burst_nets_are_no_flow_models():
    assert not any(card.name.startswith("burst") for card in catalog())


def test_a_name_that_is_not_there():
    with pytest.raises(UnknownModelError, match=r"'burst\.nothing'"):
        load_burst_net("burst.nothing")


@pytest.mark.parametrize("name", ["burst.dynamic", "burst.static"])
def test_nets_that_ship(name):
    card = burst_cards()[name]
    assert card.weights.num_bytes < 3_000_000
    assert sum(tensor.numel() for tensor in load_burst_net(name).parameters()) == (
        card.weights.num_params
    )
    assert card.weights.training["command"].startswith("python -m flowcore train")
