"""Public weights of the FlowNet2 family: the tensor names of NVIDIA's and Pinard's implementations.

Both name the layers alike. Pinard's decoders have no biases, which tells the two apart. A batch
norm behind a convolution is folded into it.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch.nn.utils.fusion import fuse_conv_bn_weights

from flowcore.models.weights import Layout, State, register_layout

__all__ = ["from_public"]

_NORM_EPS = 1e-5
_NORM = ("weight", "bias", "running_mean", "running_var")


def from_public(networks: Mapping[str, str]) -> Callable[[State], State]:
    """A function that brings a state dict of a public implementation under our names.

    Parameters
    ----------
    networks : mapping of prefix to name
        What the keys of each network begin with, and what we call that network.
    """

    def rename(state: State) -> State:
        return {_renamed(key, networks): tensor for key, tensor in _folded(state).items()}

    return rename


def _renamed(key: str, networks: Mapping[str, str]) -> str:
    prefix = next((prefix for prefix in networks if key.startswith(prefix)), None)
    if prefix is None:
        return key
    name = networks[prefix]
    return f"networks.{name}.{_in_network(key.removeprefix(prefix), name)}"


def _in_network(key: str, name: str) -> str:
    """The name of a layer: decoders count their steps from the coarsest grid on."""
    coarsest = 2 if name == "flownetfusion" else 6
    key = re.sub(r"^(conv\w+)\.0\.", r"\1.conv.", key)
    key = key.replace(f"predict_flow{coarsest}.", "decoder.head.")
    for pattern, part in (
        (r"^deconv(\d)\.0\.", "deconv"),
        (r"^predict_flow(\d)\.", "head"),
        (r"^upsampled_flow\d_to_(\d)\.", "carry"),
        (r"^inter_conv(\d)\.0\.", "inter"),
    ):
        found = re.match(pattern, key)
        if found:
            step = coarsest - 1 - int(found[1])
            return f"decoder.steps.{step}.{part}.{key[found.end() :]}"
    return key


def _folded(state: State) -> State:
    """The state dict with every norm ``X.1`` folded into its convolution ``X.0``."""
    folded = dict(state)
    for key, kernel in state.items():
        layer = key.removesuffix(".0.weight")
        norm = [state[name] for part in _NORM if (name := f"{layer}.1.{part}") in state]
        if layer == key or not _fits(kernel, norm):
            continue
        weight, bias, mean, variance = norm
        before = state.get(f"{layer}.0.bias", torch.zeros(len(kernel)))
        folded[key], folded[f"{layer}.0.bias"] = fuse_conv_bn_weights(
            kernel, before, mean, variance, _NORM_EPS, weight, bias
        )
        for part in (*_NORM, "num_batches_tracked"):
            folded.pop(f"{layer}.1.{part}", None)
    return folded


def _fits(kernel: torch.Tensor, norm: list[torch.Tensor]) -> bool:
    """Whether these are all of a norm's tensors, a number each for every output of the kernel."""
    return (
        kernel.ndim == 4
        and len(norm) == len(_NORM)
        and all(tensor.shape == kernel.shape[:1] for tensor in norm)
    )


for _architecture, _networks in {
    "flownet_s": {"": "flownets_1"},
    "flownet_c": {"": "flownetc"},
    "flownet_sd": {"": "flownets_d"},
}.items():
    register_layout(Layout("NVIDIA", _architecture, from_public(_networks)))
    if _architecture != "flownet_sd":
        register_layout(Layout("Pinard", f"{_architecture}_pinard", from_public(_networks)))

_IN_STACK = ("flownetc", "flownets_1", "flownets_2", "flownets_d", "flownetfusion")
for _architecture, _count in {"flownet_cs": 2, "flownet_css": 3, "flownet2": 5}.items():
    _networks = {f"{name}.": name for name in _IN_STACK[:_count]}
    register_layout(Layout("NVIDIA", _architecture, from_public(_networks)))
