"""Files of the public FlowNet2 implementations: recognized, complete, and giving their flow."""

import io

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from flowcore import models
from flowcore.errors import WeightsError
from flowcore.models import registry, weights
from flowcore.models.flownet_layouts import from_public

# keys and shapes as the files have them, written down by hand

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


@pytest.fixture
def pair():
    return torch.rand(2, 2, 3, 64, 128, generator=torch.Generator().manual_seed(0)).unbind(0)


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
