"""RAFT: published counts and names, each part by itself, and the whole on random weights."""

import pytest
import torch

from flowcore.cost import count_params
from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.models.raft import raft_large, raft_small
from flowcore.models.raft_parts import ConvGru, upsample_bilinear, upsample_convex

BUILDERS = [raft_small, raft_large]


def random_net(builder, **options):
    torch.manual_seed(1)
    return builder(**options).eval()


def random_pair(height=64, width=72, batch=1):
    return torch.rand(2, batch, 3, height, width).unbind(0)


@pytest.mark.parametrize(
    ("builder", "num_params", "num_tensors"),
    [(raft_small, 990_162, 106), (raft_large, 5_257_536, 169)],
)
def test_published_counts(builder, num_params, num_tensors):
    net = builder()
    assert count_params(net) == num_params
    assert len(net.state_dict()) == num_tensors


def test_gru_is_the_published_one():
    """Splitting the context off changes nothing."""
    gru = ConvGru(4, 3, 5, kernel=(1, 5))
    hidden, context, motion = (torch.randn(2, size, 6, 7) for size in (4, 3, 5))
    x = torch.cat([context, motion], 1)
    z = gru.convz(torch.cat([hidden, x], 1)).sigmoid()
    r = gru.convr(torch.cat([hidden, x], 1)).sigmoid()
    q = gru.convq(torch.cat([r * hidden, x], 1)).tanh()
    found = gru(hidden, motion, gru.context_terms(context))
    assert torch.allclose(found, (1 - z) * hidden + z * q, atol=1e-6)


def test_gru_takes_a_state_of_another_precision():
    """As a GPU hands it over under autocast."""
    gru = ConvGru(4, 3, 5, kernel=(1, 5))
    hidden, context, motion = (torch.randn(2, size, 6, 7) for size in (4, 3, 5))
    expected = gru(hidden, motion, gru.context_terms(context))
    with torch.autocast("cpu", torch.bfloat16):
        found = gru(hidden, motion, gru.context_terms(context))
    assert torch.allclose(found.float(), expected, atol=0.05)


def test_bilinear_upsampling_keeps_corners():
    flow = torch.arange(8.0).view(1, 2, 2, 2)
    fine = upsample_bilinear(flow)
    assert fine.shape == (1, 2, 16, 16)
    assert fine[0, :, ::15, ::15].tolist() == (8 * flow[0]).tolist()


def test_convex_upsampling_picks_what_the_mask_says():
    flow = torch.arange(18.0).view(1, 2, 3, 3)
    mask = torch.full((1, 9, 8, 8, 3, 3), -100.0)
    mask[:, 4] = 0  # the center of the 3x3 neighborhood
    mask[:, 4, 2, 5], mask[:, 3, 2, 5] = -100.0, 0  # its left neighbor, for one of the 64
    fine = upsample_convex(flow, mask.view(1, 9 * 64, 3, 3))
    assert fine.shape == (1, 2, 24, 24)
    assert fine[0, :, 8, 8].tolist() == [8 * 4, 8 * 13]
    assert fine[0, :, 8 + 2, 8 + 5].tolist() == [8 * 3, 8 * 12]


@pytest.mark.parametrize("builder", BUILDERS)
def test_iterates_are_those_of_shorter_runs(builder):
    net, pair = random_net(builder), random_pair()
    with torch.inference_mode():
        whole = net(*pair, iterations=3, keep=frozenset({"iterates"}))
        short = net(*pair, iterations=2)
    assert len(whole.iterates) == 3
    assert torch.equal(whole.iterates[-1], whole.flow)
    assert torch.allclose(whole.iterates[1], short.flow, atol=1e-4)
    assert short.iterates == ()


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_batch_is_its_pairs(builder):
    net, (first, second) = random_net(builder), random_pair(batch=2)
    with torch.inference_mode():
        both = net(first, second, iterations=2).flow
        alone = net(first[1:], second[1:], iterations=2).flow
    assert torch.allclose(both[1:], alone, atol=1e-4)


@pytest.mark.parametrize("builder", BUILDERS)
def test_without_volumes_the_flow_is_the_same(builder):
    pair = random_pair(72, 88)
    with torch.inference_mode():
        stored = random_net(builder, max_volume_bytes=None)(*pair, iterations=3).flow
        computed = random_net(builder, max_volume_bytes=0)(*pair, iterations=3).flow
    assert torch.allclose(stored, computed, atol=1e-3)


def test_gradients_reach_both_frames_and_all_weights():
    net, pair = raft_large(), [frame.requires_grad_() for frame in random_pair(64, 64, batch=2)]
    net.train()
    net(*pair, iterations=2).flow.square().mean().backward()
    assert all(frame.grad.abs().sum() > 0 for frame in pair)
    learns = {name: parameter.grad.abs().sum() > 0 for name, parameter in net.named_parameters()}
    # a bias before a norm moves nothing
    assert [name for name in learns if name.endswith("weight") and not learns[name]] == []


@pytest.mark.parametrize("builder", [raft_small, pytest.param(raft_large, marks=pytest.mark.slow)])
def test_half_precision_stays_close(builder):
    net, pair = random_net(builder), random_pair()
    with torch.inference_mode():
        full = net(*pair, iterations=2).flow
        with torch.autocast("cpu", torch.bfloat16):
            half = net(*pair, iterations=2).flow
    assert half.dtype == torch.float32
    assert (half - full).abs().mean() < 0.1 * full.abs().mean() + 0.05


@pytest.mark.parametrize("size", [(56, 64), (64, 56), (64, 68), (68, 64)])
def test_refused_sizes(size):
    net = random_net(raft_small)
    with pytest.raises(ShapeMismatchError, match=f"{size[1]}x{size[0]}.*8 and at least 64"):
        net(*random_pair(*size))


def test_frames_of_two_sizes_are_refused():
    net = random_net(raft_small)
    with pytest.raises(ShapeMismatchError, match=r"\(1, 3, 64, 64\) and \(1, 3, 64, 72\)"):
        net(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 72))


def test_no_iterations_are_refused():
    with pytest.raises(ConfigError, match="1 or more, got 0"):
        random_net(raft_small)(*random_pair(), iterations=0)


def test_memory_of_a_huge_frame_excludes_the_volumes():
    net = raft_small()
    volumes = 129_600 * 129_600 * 4
    assert net.memory_bytes(2160, 3840) < 8e9 < volumes
    assert raft_small(max_volume_bytes=None).memory_bytes(2160, 3840) > volumes
