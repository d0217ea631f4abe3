"""The heads of the smallest net: they leave its flow alone, and see no more than they should."""

import pytest
import torch

from flowcore import models
from flowcore.models.norm import fold_norm, insert_norm
from flowcore.models.scope_net import ScopeNet, ScopeSizes
from flowcore.models.scope_semantic import NUM_CLASSES, SemanticScopeNet

TINY = ScopeSizes(
    features=(8, 12, 16), matching=12, coarse=(12, 8, 10), fine=(8, 6, 8), bytes_per_pixel=99
)
ALL = frozenset({"classes", "second_classes", "occlusion", "log_scale", "iterates"})


@pytest.fixture(params=[False, True], ids=["plain", "deep"])
def net(request):
    return SemanticScopeNet(TINY, is_deep=request.param).eval()


@pytest.fixture
def pair():
    return torch.rand(2, 2, 3, 64, 96).unbind(0)


def test_every_map_has_its_grid(net, pair):
    with torch.inference_mode():
        found = net(*pair, keep=ALL, iterations=5)
    shapes = {name: (one.stride, *one.values.shape) for name, one in found.maps.items()}
    assert shapes == {
        "classes": (4, 2, NUM_CLASSES, 16, 24),
        "second_classes": (4, 2, NUM_CLASSES, 16, 24),
        "occlusion": (4, 2, 1, 16, 24),
        "log_scale": (1, 2, 5, 64, 96),
    }
    assert set(net.maps) == {*ScopeNet.maps, *shapes}


def test_one_iteration_stays_on_the_coarsest_grid(net, pair):
    with torch.inference_mode():
        found = net(*pair, keep=ALL, iterations=1)
    assert found.maps["occlusion"].stride == 16
    assert found.maps["log_scale"].values.shape == (2, 1, 64, 96)


def test_without_the_flows_of_the_steps_the_last_one_alone_is_judged(net, pair):
    with torch.inference_mode():
        every = net(*pair, keep=ALL, iterations=5).maps["log_scale"].values
        last = net(*pair, keep=frozenset({"log_scale"}), iterations=5).maps["log_scale"].values
    assert torch.equal(last, every[:, -1:])


def test_the_second_frame_is_seen_as_the_first_would_be(net, pair):
    first, second = pair
    with torch.inference_mode():
        there = net(first, second, keep=ALL).maps
        back = net(second, first, keep=ALL).maps
    assert torch.allclose(there["second_classes"].values, back["classes"].values, atol=1e-5)
    assert not torch.equal(there["classes"].values, there["second_classes"].values)


def test_heads_leave_the_flow_alone(net, pair):
    """The flow is that of a plain net with the same weights, whatever is asked for."""
    plain = ScopeNet(TINY).eval()
    plain.load_state_dict({key: net.state_dict()[key] for key in plain.state_dict()})
    with torch.inference_mode():
        expected = plain(*pair).flow
        assert torch.equal(net(*pair).flow, expected)
        assert torch.equal(net(*pair, keep=ALL).flow, expected)


def test_the_flow_learns_nothing_from_the_scale(net, pair):
    found = net(*pair, keep=ALL)
    found.maps["log_scale"].values.sum().backward()
    learning = {name for name, weight in net.named_parameters() if weight.grad is not None}
    assert {name.split(".")[0] for name in learning} == {"log_scale"}


def test_norms_fold_into_the_decoder_too(net, pair):
    insert_norm(net)
    with torch.no_grad():
        net.train()
        for _ in range(3):
            net(*pair, keep=ALL)
        expected = net.eval()(*pair, keep=ALL).maps["classes"].values
        fold_norm(net)
        folded = net(*pair, keep=ALL).maps["classes"].values
    assert torch.allclose(folded, expected, atol=1e-4)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in net.modules())


def test_the_heads_that_ship_leave_the_flow_of_the_shipped_net_as_it_is():
    """Bit for bit, at any precision of the processor."""
    frames = torch.rand(2, 1, 3, 96, 128, generator=torch.Generator().manual_seed(0)).unbind(0)
    plain, headed = (models.create(f"scope_070{tag}") for tag in (".scenes", "_semantic.heads"))
    for name, weight in plain.state_dict().items():
        assert torch.equal(weight, headed.state_dict()[name])
    with torch.inference_mode():
        assert torch.equal(plain(*frames).flow, headed(*frames, keep=ALL).flow)


@pytest.mark.parametrize("name", ["scope_035_semantic", "scope_035_semantic_deep"])
def test_registered_without_weights(name):
    card = models.describe(name)
    assert not card.available
    assert card.num_params > models.describe("scope_035_4px").num_params
