"""The FlowNet2 family: counts, what each network sees, and where a run of them ends."""

import numpy as np
import pytest
import torch

from flowcore import models, pipeline
from flowcore.cost import count_params
from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.models.flownet_net import FlowNet2
from flowcore.models.flownet_parts import FlowNetC, FlowNetS, FlowNetSD, Fusion, Width
from flowcore.ops.warp import warp
from flowcore.types import ChunkGrid, FramePair, PipelineConfig

NARROW = Width(1 / 16)
KEPT = frozenset({"iterates"})
STAGES = ("FlowNetC", "FlowNetS 1", "FlowNetS 2", "FlowNetSD", "Fusion")


def stack(**options):
    """All five networks with few channels."""
    torch.manual_seed(3)
    return FlowNet2(
        {
            "flownetc": FlowNetC(NARROW),
            "flownets_1": FlowNetS(NARROW, 12),
            "flownets_2": FlowNetS(NARROW, 12),
        },
        small=FlowNetSD(NARROW),
        fusion=Fusion(NARROW),
        bytes_per_pixel=99,
        **options,
    ).eval()


@pytest.fixture
def pair():
    return torch.rand(2, 2, 3, 64, 128, generator=torch.Generator().manual_seed(0)).unbind(0)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("flownet_s", 38_676_506),
        ("flownet_c", 39_175_298),
        ("flownet_sd", 45_371_666),
        ("flownet_cs", 77_870_620),
        ("flownet_css", 116_565_942),
        ("flownet2", 162_518_834),
        ("flownet_s_pinard", 38_675_536),
        ("flownet_c_pinard", 39_174_320),
        ("flownet_s_thin", 5_462_666),
        ("flownet_c_thin", 5_768_758),
        ("flownet_ss_thin", 10_932_388),
        ("flownet_cs_thin", 11_238_480),
        ("flownet_css_thin", 16_708_202),
    ],
)
def test_counts_of_the_public_implementations(name, count):
    assert models.describe(name).num_params == count


def test_fusion_count():
    assert count_params(Fusion()) == 581_226


def test_five_thin_networks_fit_into_three_megabytes():
    assert 2.8e6 < 2 * models.describe("flownet2_small").num_params < 2.95e6


def test_iterates_are_the_stages_and_maps_what_they_saw(pair):
    first, second = pair
    with torch.inference_mode():
        seen = stack()(first, second, keep=KEPT | stack().maps.keys())
        plain = stack()(first, second)
    assert seen.stages == STAGES
    assert torch.equal(seen.iterates[-1], seen.flow)
    assert torch.equal(plain.flow, seen.flow)
    assert (plain.iterates, plain.maps, plain.stages) == ((), {}, ())
    assert {name: found.meaning for name, found in seen.maps.items()} == stack().maps
    warped = seen.maps["warped_flownetc"].values
    assert torch.allclose(warped, warp(second, seen.iterates[0]), atol=1e-6)
    error = (first - warped).square().sum(1, keepdim=True).sqrt()
    assert torch.allclose(seen.maps["error_flownetc"].values, error, atol=1e-5)
    choice = seen.maps["fusion_choice"].values
    assert choice.shape == (2, 1, 64, 128)
    assert 0 <= choice.min() < choice.max() <= 1


def test_the_fusion_choice_by_hand(pair):
    """A fused flow that lies three quarters of the way from SD's to the stack's."""
    net = stack(small_unit=1.0)
    with torch.no_grad():
        for name, value in (("flownets_2", 0.2), ("flownets_d", 1.0), ("flownetfusion", 3.25)):
            for parameter in net.networks[name].parameters():
                parameter.zero_()
            net.networks[name].decoder.steps[-1].head.bias[0] = value
        seen = net(*pair, keep=KEPT | {"fusion_choice"})
    assert torch.allclose(seen.iterates[2][:, 0], torch.tensor(4.0))  # 0.2 of 20 px
    assert torch.allclose(seen.iterates[3][:, 0], torch.tensor(1.0))
    assert torch.allclose(seen.maps["fusion_choice"].values, torch.tensor(0.75), atol=1e-5)


def test_later_networks_start_from_the_flow_before(pair):
    """The second network sees frames, warped frame, flow in units of 20 px, and error."""
    net, seen = stack(mean=(0.5, 0.5, 0.5)), []
    net.networks["flownets_1"].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        flow = net(*pair, keep=KEPT).iterates[0]
    (x,) = seen
    assert x.shape == (2, 12, 64, 128)
    first, second = (frame - 0.5 for frame in pair)
    warped = warp(second, flow)
    expected = [first, second, warped, flow / 20, (first - warped).norm(dim=1, keepdim=True)]
    assert torch.allclose(x, torch.cat(expected, 1), atol=1e-5)


def test_without_warping_the_frames_and_the_flow_alone(pair):
    networks = {"flownetc": FlowNetC(NARROW), "flownets_1": FlowNetS(NARROW, 8)}
    net = FlowNet2(networks, is_warping=False, bytes_per_pixel=99)
    assert (net.maps, net(*pair, keep=KEPT).maps) == ({}, {})


def test_the_mean_color_of_the_pair_makes_no_difference(pair):
    net = stack()
    dark, light = ([frame * 0.5 + offset for frame in pair] for offset in (0.1, 0.4))
    with torch.inference_mode():
        assert torch.allclose(net(*dark).flow, net(*light).flow, atol=1e-4)


def test_heads_of_a_network_end_the_run_there(pair):
    net = stack()
    calls = []
    net.networks["flownets_2"].register_forward_hook(lambda *_: calls.append("flownets_2"))
    heads = net(*pair, heads_of=("flownetc", "flownets_1"))
    assert calls == []
    assert len(heads.iterates) == 10
    assert all(flow.shape == (2, 2, 64, 128) for flow in heads.iterates)
    assert torch.equal(heads.iterates[-1], heads.flow)
    assert len(net(*pair, heads_of=("flownetfusion",)).iterates) == 3


def test_a_network_alone_shows_its_decoder(pair):
    net = FlowNet2({"flownets_1": FlowNetS(NARROW)}, bytes_per_pixel=99)
    seen = net(*pair, keep=KEPT)
    assert seen.stages == ("1/64", "1/32", "1/16", "1/8", "1/4")
    assert torch.equal(seen.iterates[-1], seen.flow)


def test_refused(pair):
    net = stack()
    with pytest.raises(ConfigError, match="does not refine in steps"):
        net(*pair, iterations=3)
    with pytest.raises(ConfigError, match="No network flownetx; there are flownetc, flownets_1"):
        net(*pair, heads_of=("flownetx",))
    with pytest.raises(ShapeMismatchError, match="multiples of 64"):
        net(*(frame[..., :100] for frame in pair))


@pytest.mark.parametrize("chunks", [None, ChunkGrid(1, 2, overlap=16)])
def test_any_size_in_the_pipeline(monkeypatch, chunks):
    """Maps come back on the frames' own grid."""
    monkeypatch.setattr(pipeline, "load_model", lambda *_: stack())
    frames = np.random.default_rng(0).integers(0, 256, (2, 70, 130, 3), np.uint8)
    config = PipelineConfig("flownet2_small.mine", chunks=chunks)
    wanted = KEPT | {"fusion_choice", "warped_flownets_1"}
    estimate = pipeline.run(FramePair(*frames), config, keep=wanted)
    assert estimate.stages == STAGES
    assert [flow.shape for flow in estimate.iterates] == [(70, 130, 2)] * 5
    assert {name: found.shape for name, found in estimate.maps.items()} == {
        "fusion_choice": (70, 130, 1),
        "warped_flownets_1": (70, 130, 3),
    }
