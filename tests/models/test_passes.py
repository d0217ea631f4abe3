"""A net that goes over a pair again, on frames twice as large, from the flow so far."""

import math

import pytest
import torch

from flowcore import models
from flowcore.budget import memory_needed
from flowcore.data import samples
from flowcore.errors import ConfigError
from flowcore.metrics.flow import mean_epe
from flowcore.models.passes import in_passes
from flowcore.models.raft import raft_small
from flowcore.models.scope_net import ScopeNet, ScopeSizes
from flowcore.models.scope_semantic import SemanticScopeNet
from flowcore.pipeline import load_model, predict, run
from flowcore.types import PipelineConfig, Prediction

TINY = ScopeSizes(
    features=(8, 12, 16), matching=12, coarse=(12, 8, 10), fine=(8, 6, 8), bytes_per_pixel=99
)


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(3)
    return torch.rand(2, 1, 3, 64, 96, generator=generator).unbind(0)


def test_a_pass_begins_with_the_flow_of_the_one_before(pair):
    seen = []

    def once(first, second, begun):
        seen.append((first.shape[-2:], begun.flow, begun.is_last))
        flow = torch.full((1, 2, *first.shape[-2:]), float(len(seen)))
        return Prediction(flow, (flow, flow))

    prediction = in_passes(once, *pair, 3)
    assert [tuple(size) for size, _, _ in seen] == [(64, 96), (128, 192), (256, 384)]
    assert seen[0][1] is None
    assert [flow.unique().item() for _, flow, _ in seen[1:]] == [1, 2]
    assert [is_last for _, _, is_last in seen] == [False, False, True]
    # px of the frames given: those of the third pass are a quarter as wide
    means = [flow.mean().item() for flow in prediction.iterates]
    assert means == pytest.approx([1, 1, 1, 1, 0.75, 0.75])
    assert prediction.flow is prediction.iterates[-1]
    assert prediction.stages[1:3] == ("pass 1, iteration 2", "pass 2, iteration 1")


@pytest.mark.parametrize("iterations", [1, 2, 3, 5, 12])
def test_the_size_ladder_in_two_passes(pair, iterations):
    net = ScopeNet(TINY).eval()
    with torch.inference_mode():
        kept = net(*pair, iterations=iterations, passes=2, keep=frozenset({"iterates"}))
        plain = net(*pair, iterations=iterations, passes=2)
        once = net(*pair, iterations=iterations, passes=1, keep=frozenset({"iterates"}))
    assert torch.equal(kept.flow, plain.flow)
    assert kept.flow.shape == (1, 2, 64, 96)
    coarse = kept.stages.index("pass 2, iteration 1")
    assert 0 < coarse <= iterations
    assert all(map(torch.equal, kept.iterates[:coarse], once.iterates[:coarse]))
    assert once.stages == ()


def test_raft_in_two_passes(pair):
    net = raft_small().eval()
    with torch.inference_mode():
        twice = net(*pair, iterations=2, passes=2, keep=frozenset({"iterates"}))
        assert torch.equal(net(*pair, iterations=2, passes=1).flow, net(*pair, iterations=2).flow)
    assert len(twice.iterates) == 4
    assert twice.flow.shape == (1, 2, 64, 96)


@pytest.mark.parametrize("net", [ScopeNet(TINY).eval(), raft_small().eval()])
def test_what_the_last_pass_compares_lies_on_cells_half_as_wide(net, pair):
    with torch.inference_mode():
        once, twice = (net.matching(*pair, iterations=3, passes=n) for n in (1, 2))
    assert [level.stride for level in twice] == [level.stride / 2 for level in once]
    assert twice[0].queries.shape[-1] == 2 * once[0].queries.shape[-1]


def test_expected_errors_are_in_px_of_the_frames(pair):
    net = SemanticScopeNet(TINY).eval()
    for head in net.log_scale:
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.constant_(head.bias, math.log(3))  # always 3 px of what a pass sees
    with torch.inference_mode():
        made = net(*pair, passes=2, keep=frozenset({"log_scale"}))
    assert made.maps["log_scale"].values.exp().allclose(torch.tensor(1.5))


def test_a_second_pass_is_finer():
    pair = samples.load("subpixel")
    once, twice = (
        run(pair, PipelineConfig("scope_035.scenes", passes=passes)).flow.uv for passes in (1, 2)
    )
    assert mean_epe(twice, pair.truth.uv, pair.truth.valid) < 0.8 * mean_epe(
        once, pair.truth.uv, pair.truth.valid
    )


def test_refused(pair):
    with pytest.raises(ConfigError, match=r"1\.\.3, got 4"):
        PipelineConfig("scope_035.scenes", passes=4)
    with pytest.raises(ConfigError, match=r"1\.\.3, got 0"):
        ScopeNet(TINY)(*pair, passes=0)
    with pytest.raises(ConfigError, match="dis_medium goes over a pair only once"):
        predict(load_model("dis_medium"), *pair, PipelineConfig("dis_medium", passes=2))


def test_its_memory_is_asked_for():
    model = models.create("scope_035.scenes")
    once, twice = (
        memory_needed(model, (256, 256), PipelineConfig("scope_035.scenes", passes=passes))
        for passes in (1, 2)
    )
    assert 3 < twice / once < 8
