"""The FlowNet2 family: counts, public layouts, what each network sees, and which of them learn."""

import io

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from flowcore import models, pipeline
from flowcore.cost import count_params
from flowcore.errors import ConfigError, ShapeMismatchError, WeightsError
from flowcore.models import registry, weights
from flowcore.models.flownet import FlowNet2
from flowcore.models.flownet_layouts import from_public
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


# --- public layouts: keys and shapes as their files have them, written down by hand -------------

ENCODERS = {
    "s": [("conv1", 6, 64, 7), ("conv2", 64, 128, 5), ("conv3", 128, 256, 5)],
    "c": [
        ("conv1", 3, 64, 7), ("conv2", 64, 128, 5), ("conv3", 128, 256, 5),
        ("conv_redir", 256, 32, 1),
    ],
    "sd": [
        ("conv0", 6, 64, 3), ("conv1", 64, 64, 3), ("conv1_1", 64, 128, 3),
        ("conv2", 128, 128, 3), ("conv2_1", 128, 128, 3), ("conv3", 128, 256, 3),
    ],
}  # fmt: skip
DEEP = [
    ("conv3_1", 256, 256, 3), ("conv4", 256, 512, 3), ("conv4_1", 512, 512, 3),
    ("conv5", 512, 512, 3), ("conv5_1", 512, 512, 3), ("conv6", 512, 1024, 3),
    ("conv6_1", 1024, 1024, 3),
]  # fmt: skip
DECODER = [(5, 1024, 512), (4, 1026, 256), (3, 770, 128), (2, 386, 64)]
JOINED = {6: 1024, 5: 1026, 4: 770, 3: 386, 2: 194}
FUSION = [
    ("conv0", 11, 64, 3), ("conv1", 64, 64, 3), ("conv1_1", 64, 128, 3), ("conv2", 128, 128, 3),
    ("conv2_1", 128, 128, 3),
]  # fmt: skip


def layer(name, shape, *, bias=True, transposed=False):
    """A layer's kernel and bias, shapes as torch saves them."""
    out = shape[1] if transposed else shape[0]
    return {f"{name}.weight": shape} | ({f"{name}.bias": (out,)} if bias else {})


def convolutions(layers, in_size=None):
    found = {}
    for name, size, out, kernel in layers:
        shape = (out, in_size if in_size and name == "conv1" else size, kernel, kernel)
        found |= layer(f"{name}.0", shape)
    return found


def network(kind, *, in_size=None, bias=True):
    """Names and shapes of one network's tensors."""
    deep = [("conv3_1", 473, 256, 3), *DEEP[1:]] if kind == "c" else DEEP
    found = convolutions([*ENCODERS[kind], *deep], in_size)
    for level, size, out in DECODER:
        found |= layer(f"deconv{level}.0", (size, out, 4, 4), bias=bias, transposed=True)
        has_bias = bias and kind != "s"
        name = f"upsampled_flow{level + 1}_to_{level}"
        found |= layer(name, (2, 2, 4, 4), bias=has_bias, transposed=True)
        if kind == "sd":
            found |= layer(f"inter_conv{level}.0", (out, JOINED[level], 3, 3))
    for level, size in JOINED.items():
        inter = dict((number, out) for number, _, out in DECODER)
        seen = inter.get(level, size) if kind == "sd" else size
        found |= layer(f"predict_flow{level}", (2, seen, 3, 3), bias=bias)
    return found


def fusion():
    found = convolutions(FUSION)
    for level, size, out, joined in ((1, 128, 32, 162), (0, 162, 16, 82)):
        found |= layer(f"deconv{level}.0", (size, out, 4, 4), transposed=True)
        found |= layer(f"upsampled_flow{level + 1}_to_{level}", (2, 2, 4, 4), transposed=True)
        found |= layer(f"inter_conv{level}.0", (out, joined, 3, 3))
    for level, size in ((2, 128), (1, 32), (0, 16)):
        found |= layer(f"predict_flow{level}", (2, size, 3, 3))
    return found


def in_stack(**networks):
    return {
        f"{name}.{key}": shape for name, found in networks.items() for key, shape in found.items()
    }


PUBLIC = {
    "flownet_s": network("s"),
    "flownet_c": network("c"),
    "flownet_sd": network("sd"),
    "flownet_s_pinard": network("s", bias=False),
    "flownet_c_pinard": network("c", bias=False),
    "flownet_cs": in_stack(flownetc=network("c"), flownets_1=network("s", in_size=12)),
    "flownet_css": in_stack(
        flownetc=network("c"),
        flownets_1=network("s", in_size=12),
        flownets_2=network("s", in_size=12),
    ),
    "flownet2": in_stack(
        flownetc=network("c"),
        flownets_1=network("s", in_size=12),
        flownets_2=network("s", in_size=12),
        flownets_d=network("sd"),
        flownetfusion=fusion(),
    ),
}


def randomized(shapes):
    generator = torch.Generator().manual_seed(4)
    return {
        key: torch.randn(shape, generator=generator) * (2 / np.prod(shape[1:])) ** 0.5
        for key, shape in shapes.items()
    }


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("name", PUBLIC)
def test_every_tensor_of_a_public_file_has_its_place(name):
    """Recognized by keys and shapes alone, among all layouts, without the numbers."""
    state = {key: torch.empty(shape, device="meta") for key, shape in PUBLIC[name].items()}
    assert sum(tensor.numel() for tensor in state.values()) == models.describe(name).num_params
    layout = weights._recognize(state, None)
    assert layout.architecture == name
    ours = {key: tensor.shape for key, tensor in layout.rename(state).items()}
    assert ours == {key: shape for key, (shape, _) in registry.state_shapes(name).items()}


def reference_flownet_s(state, x):
    """FlowNetS by the layers of the public file alone: the flow at 1/4, in units of 20 px."""

    def conv(x, name, stride=1):
        kernel = state[f"{name}.0.weight"]
        x = F.conv2d(x, kernel, state.get(f"{name}.0.bias"), stride, kernel.shape[-1] // 2)
        if f"{name}.1.weight" in state:
            mean, variance, scale, offset = (
                state[f"{name}.1.{part}"]
                for part in ("running_mean", "running_var", "weight", "bias")
            )
            x = F.batch_norm(x, mean, variance, scale, offset)
        return F.leaky_relu(x, 0.1)

    skips = {2: conv(conv(x, "conv1", 2), "conv2", 2)}
    for level in (3, 4, 5, 6):
        inner = conv(skips[level - 1], f"conv{level}", 2)
        skips[level] = conv(inner, f"conv{level}_1")
    features = skips[6]
    for level in (6, 5, 4, 3, 2):
        head = f"predict_flow{level}"
        flow = F.conv2d(features, state[f"{head}.weight"], state.get(f"{head}.bias"), padding=1)
        if level == 2:
            return flow
        finer = f"deconv{level - 1}.0"
        deconv = F.conv_transpose2d(
            features, state[f"{finer}.weight"], state.get(f"{finer}.bias"), 2, 1
        )
        up = F.conv_transpose2d(
            flow, state[f"upsampled_flow{level}_to_{level - 1}.weight"], None, 2, 1
        )
        features = torch.cat([skips[level - 1], F.leaky_relu(deconv, 0.1), up], 1)
    return None


def with_norm(state):
    """The same layers with a batch norm behind each convolution, which has no bias then."""
    normed = {}
    for key, tensor in state.items():
        if not key.startswith("conv"):
            normed[key] = tensor
        elif key.endswith(".0.weight"):
            base, size = key.removesuffix(".0.weight"), len(tensor)
            normed |= {
                key: tensor,
                f"{base}.1.weight": torch.linspace(0.5, 1.5, size),
                f"{base}.1.bias": torch.linspace(-0.1, 0.1, size),
                f"{base}.1.running_mean": torch.linspace(-0.2, 0.2, size),
                f"{base}.1.running_var": torch.linspace(0.5, 2, size),
                f"{base}.1.num_batches_tracked": torch.tensor(7),
            }
    return normed


@pytest.mark.parametrize(
    ("name", "is_normed"),
    [
        ("flownet_s", False),
        ("flownet_s_pinard", True),
        pytest.param("flownet_s", True, marks=pytest.mark.slow),
        pytest.param("flownet_s_pinard", False, marks=pytest.mark.slow),
    ],
)
def test_public_files_give_the_public_flow(name, is_normed, pair):
    state = randomized(PUBLIC[name])
    if is_normed:
        state = with_norm(state)
    content = {"epoch": 3, "arch": "FlowNet2S", "best_EPE": np.float64(1.9), "state_dict": state}
    card = models.import_weights(saved(content))
    assert card.name == f"{name}.imported"
    assert ("Pinard" if name.endswith("pinard") else "NVIDIA") in card.recipe
    first, second = pair
    if name.endswith("pinard"):
        mean = torch.tensor([0.411, 0.432, 0.45]).view(1, 3, 1, 1)
    else:
        mean = torch.cat(pair, 2).mean((2, 3), keepdim=True)
    with torch.inference_mode():
        quarter = reference_flownet_s(state, torch.cat([first - mean, second - mean], 1))
        expected = F.interpolate(20 * quarter, scale_factor=4, mode="bilinear")
        found = models.create(card.name)(first, second).flow
    assert expected.abs().mean() > 1
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_half_a_file_is_refused_with_what_is_missing():
    state = randomized(PUBLIC["flownet_s"])
    del state["conv5.0.weight"], state["predict_flow2.bias"]
    with pytest.raises(WeightsError, match=r"closest is flownet_s\b.*conv5\.conv\.weight is miss"):
        models.import_weights(saved(state))


def test_strangers_keys_are_passed_over():
    odd = {"conv1.0.weight": torch.ones(2, 3), "conv1.1.weight": torch.ones(2), "x": torch.ones(1)}
    for networks in ({"": "flownets_1"}, {"flownetc.": "flownetc"}):
        assert len(from_public(networks)(odd)) == 3
