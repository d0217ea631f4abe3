"""The size ladder: sizes, iterations, two ways to look up, and features that see locally."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save

from flowcore import models
from flowcore.cost import count_params
from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.models.norm import NormedConv, fold_norm, insert_norm
from flowcore.models.passes import Beginning
from flowcore.models.scope_chunks import RECEPTIVE_RADIUS, encode_in_chunks
from flowcore.models.scope_net import ScopeNet, ScopeSizes
from flowcore.models.scope_parts import AllPairsLookup, CloserLookup, FarLookup

HALO = RECEPTIVE_RADIUS  # a feature on the finest grid sees 92, the coarser grids' share included
TINY = ScopeSizes(
    features=(8, 12, 16),
    matching=12,
    coarse=(12, 8, 10),
    fine=(8, 6, 8),
    closer=(4, 6),
    is_far_sighted=True,
    bytes_per_pixel=99,
)


@pytest.fixture
def net():
    """A small net whose flow is not tiny."""
    made = ScopeNet(TINY).eval()
    with torch.no_grad():
        for block in (made.coarse, made.fine):
            block.flow_head.conv2.weight *= 20
    return made


@pytest.fixture
def pair():
    return torch.rand(2, 2, 3, 64, 96).unbind(0)


@pytest.mark.parametrize(
    ("name", "limit"),
    [("scope_035", 350_000), ("scope_070", 700_000), ("scope_200", 2_000_000),
     ("scope_1000", 10_500_000)],
)  # fmt: skip
def test_sizes_keep_below_their_names(name, limit):
    made = models.build_untrained(name)
    state = {key: tensor.half() for key, tensor in made.state_dict().items()}
    num_bytes = len(save(state))
    assert 0.9 * limit < num_bytes < limit
    assert 0 < num_bytes - 2 * count_params(made) < 20_000  # the file's header
    assert models.describe(name).num_params == count_params(made)


def test_counts_by_hand():
    """One part of each kind: kernels times channels in times channels out, and biases."""
    made = ScopeNet(TINY)
    assert count_params(made.encoder.stage4) == (9 * 48 * 8 + 8) + 2 * (9 * 8 * 8 + 8)
    assert count_params(made.entries[2]) == (12 * 20 + 20) + (3 * 81 * 12 + 12)
    assert count_params(made.entries[1]) == 12 * 20 + 20  # it sees as the coarsest does
    assert count_params(made.entries[0]) == (12 * 14 + 14) + (12 * 8 + 8) + (25 * 8 + 8)
    of_2px = (9 * 12 * 4 + 4) + (9 * 4 * 4 + 4) + (4 * 6 + 6)
    assert count_params(made.encoder.closer) == of_2px + (12 * 6 + 6)
    assert count_params(made.closer) == 4 * 25 * 8 + 8
    assert count_params(made.upsampler) == (9 * 8 * 8 + 8) + (8 * 144 + 144)


@pytest.mark.parametrize("iterations", [1, 2, 3, 4, 5, 12])
def test_any_number_of_iterations(net, pair, iterations):
    with torch.inference_mode():
        kept = net(*pair, iterations=iterations, keep=frozenset({"iterates"}))
        plain = net(*pair, iterations=iterations)
    assert len(kept.iterates) == iterations
    assert all(flow.shape == (2, 2, 64, 96) for flow in kept.iterates)
    assert torch.equal(kept.iterates[-1], kept.flow)
    assert plain.iterates == ()
    assert torch.equal(plain.flow, kept.flow)
    assert plain.flow.abs().mean() > 0.1


def test_iterations_are_shared_out_from_coarse_to_fine(net, pair):
    """Of seven without a closer look, three are done at 16 px and two each at 8 and 4 px."""
    net = ScopeNet(replace(TINY, closer=None)).eval()
    with torch.inference_mode():
        few, many = (
            net(*pair, iterations=n, keep=frozenset({"iterates"})).iterates for n in (7, 9)
        )
        default = net(*pair, keep=frozenset({"iterates"})).iterates
    assert all(torch.equal(a, b) for a, b in zip(few[:3], many[:3], strict=True))
    assert not torch.equal(few[5], many[5])
    assert len(default) == net.default_iterations == 12


@pytest.mark.parametrize(
    ("iterations", "cells"),
    [(1, [16]), (2, [16, 8]), (3, [16, 8, 4]), (4, [16, 8, 4, 2]),
     (10, [16] * 5 + [8] * 3 + [4, 2]), (12, [16] * 7 + [8] * 3 + [4, 2]),
     (24, [16] * 14 + [8] * 6 + [4] * 2 + [2] * 2)],
)  # fmt: skip
def test_one_of_twelve_iterations_looks_closer(net, pair, iterations, cells):
    with torch.inference_mode():
        steps = list(net._steps(net._features(*pair), iterations, Beginning()))
    assert [step.cell for step in steps] == cells
    assert [step.flow.shape[-1] for step in steps] == [96 // max(cell, 4) for cell in cells]


def test_a_closer_look_sees_what_lies_between_cells_of_four(net):
    """It compares each quarter of a cell around where the flow points, in px of half the size."""
    frames = torch.rand(2, 1, 6, 16, 24)
    flow = torch.full((1, 2, 8, 12), 0.5)  # one px of the finer grid
    seen = CloserLookup(*frames, radius=2)(flow)
    at, of_it = frames[0][..., 9, 14], frames[1][..., 10, 15]
    assert seen[0, 12, 9, 14] == pytest.approx((at * of_it).sum().item() / 6**0.5, rel=1e-5)


@pytest.mark.parametrize(("flow", "num_levels"), [((0, 0), 3), ((4, -8), 3), ((3.25, -2.5), 1)])
def test_far_sight_sees_what_all_pairs_show(flow, num_levels):
    """Where the flow is even and points to the middle of a wide cell; elsewhere it is sharper."""
    frames = torch.rand(2, 1, 6, 64, 68, generator=torch.Generator().manual_seed(0))
    flow = torch.tensor(flow).view(1, 2, 1, 1).expand(1, 2, 64, 68).float()
    seen = [lookup(flow) for lookup in (FarLookup(*frames), AllPairsLookup(*frames, None))]
    assert seen[0].shape == seen[1].shape == (1, 3 * 81, 64, 68)
    far, all_pairs = (places[0, : num_levels * 81, 28:37:4, 28:37:4] for places in seen)
    torch.testing.assert_close(far, all_pairs)


def test_refused_input(net, pair):
    with pytest.raises(ConfigError, match="1 or more, got 0"):
        net(*pair, iterations=0)
    with pytest.raises(ShapeMismatchError, match="48x64 px"):
        net(*(frames[..., :48] for frames in pair))
    with pytest.raises(ShapeMismatchError, match="multiples of 16"):
        net(*(frames[..., :88] for frames in pair))


def test_lookup_on_demand_is_the_stored_volume(pair):
    on_demand, stored = ScopeNet(TINY, max_volume_bytes=0), ScopeNet(TINY, max_volume_bytes=None)
    on_demand.load_state_dict(stored.state_dict())
    with torch.inference_mode():
        assert torch.allclose(on_demand(*pair).flow, stored(*pair).flow, atol=1e-4)
    assert on_demand.memory_bytes(512, 512) < stored.memory_bytes(512, 512)


def test_pairs_of_a_batch_do_not_meet(net, pair):
    with torch.inference_mode():
        together = net(*pair).flow
        alone = torch.cat([net(pair[0][i : i + 1], pair[1][i : i + 1]).flow for i in (0, 1)])
    assert torch.allclose(together, alone, atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_and_identical_frames_are_harmless(net, value):
    flat = torch.full((1, 3, 64, 64), value)
    flow = net(flat, flat).flow
    flow.sum().backward()
    assert flow.isfinite().all()
    assert all(
        parameter.grad is None or parameter.grad.isfinite().all() for parameter in net.parameters()
    )


def test_every_weight_learns(pair):
    made = ScopeNet(TINY)
    insert_norm(made)
    truth = torch.randn(2, 2, 64, 96)
    iterates = made(*pair, iterations=6, keep=frozenset({"iterates"})).iterates
    sum((flow - truth).square().mean() for flow in iterates).backward()
    assert all(parameter.grad.isfinite().all() for parameter in made.parameters())
    largest = {name: parameter.grad.abs().max() for name, parameter in made.named_parameters()}
    # a bias before a norm moves nothing
    assert [key for key in largest if key.endswith("weight") and largest[key] == 0] == []


def test_every_norm_can_be_folded(pair):
    made = ScopeNet(TINY)
    insert_norm(made)
    num_blocks = sum(isinstance(part, NormedConv) for part in made.modules())
    assert num_blocks == sum(isinstance(part, torch.nn.BatchNorm2d) for part in made.modules())
    with torch.no_grad():
        made(*pair, iterations=1)
        made.eval()
        before = made(*pair).flow
        fold_norm(made)
        after = made(*pair).flow
    assert torch.allclose(before, after, atol=1e-3)
    assert made.state_dict().keys() == ScopeNet(TINY).state_dict().keys()


def test_features_of_a_crop_are_those_of_the_frame():
    """No statistics over the image: beyond the halo a chunk's features are the whole frame's."""
    encoder = models.build_untrained("scope_070").encoder.double().eval()
    frame = 2 * torch.rand(1, 3, 272, 288, dtype=torch.float64) - 1
    top, left, height, width = 16, 32, 240, 224  # multiples of 16
    with torch.inference_mode():
        whole = encoder(frame)
        part = encoder(frame[..., top : top + height, left : left + width])
    assert list(whole) == [16, 8, 4, 2]
    for cell, features in whole.items():
        of_crop = part[cell]
        rows = slice((top + HALO) // cell, (top + height - HALO) // cell)
        cols = slice((left + HALO) // cell, (left + width - HALO) // cell)
        margin = HALO // cell
        inner = of_crop[..., margin:-margin, margin:-margin]
        assert inner.numel() > 0
        assert torch.allclose(inner, features[..., rows, cols], atol=1e-12)
        assert not torch.allclose(
            of_crop[..., 0, :], features[..., top // cell, left // cell : (left + width) // cell],
            atol=1e-3,
        )  # fmt: skip


def test_half_precision_changes_little(net, pair):
    with torch.inference_mode():
        exact = net(*pair).flow
        with torch.autocast("cpu", torch.bfloat16):
            rough = net(*pair).flow
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().mean() < 0.1 * exact.abs().mean()


@pytest.mark.parametrize(("halo", "is_whole"), [(RECEPTIVE_RADIUS, True), (32, False)])
def test_chunks_encoded_with_a_halo_as_wide_as_the_encoder_sees_are_the_whole_frame(halo, is_whole):
    encoder = models.create("scope_070.scenes").encoder
    frames = torch.rand(1, 3, 256, 288, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole = encoder(frames)
        chunked = encode_in_chunks(encoder, frames, (2, 2), halo=halo)
    assert chunked.keys() == whole.keys()
    for cell, features in whole.items():
        assert chunked[cell].shape == features.shape
        assert torch.allclose(chunked[cell], features, atol=1e-5) == is_whole


def test_the_split_net_takes_the_weights_of_the_whole_one():
    whole = models.create("scope_035_4px.flow_loss")
    split = models.build_untrained("scope_035_split")
    split.load_state_dict(whole.state_dict())
    frames = torch.rand(2, 1, 3, 80, 144, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        flows = [net.eval()(*frames, iterations=3).flow for net in (whole, split)]
    assert flows[0].shape == flows[1].shape
    assert not torch.equal(*flows)
