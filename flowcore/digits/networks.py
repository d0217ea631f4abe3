"""The nets of the lab by name: each is a few words and a builder of numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import nn

from flowcore.digits.argmax import Crossing, LearntEdges, argmax_features, corner_features
from flowcore.digits.data import NUM_DIGITS
from flowcore.digits.parts import (
    HIDDEN,
    ConvBackbone,
    Coordinates,
    HeatMapNet,
    PointerNet,
    ReadoutNet,
    ResidualBackbone,
    average_pool,
    flat,
    max_pool,
    min_pool,
    mlp,
)
from flowcore.errors import ConfigError

__all__ = ["NETWORKS", "Network", "build", "count_params"]

Backbone = Literal["trained", "digits", "random"]

NUM_FEATURES = 264  # of a canvas: 128 by argmax, 128 by argmin, 8 of corners


@dataclass(frozen=True)
class Network:
    """A net that can be trained on any task.

    Parameters
    ----------
    group, title, description : str
        What it is an example of, and what it looks at.
    builder : callable
        From the count of outputs (2, or 12 with digits) to the net.
    backbone : "trained", "digits" or "random"
        Whether its backbone learns the task; else whether it is frozen after having learnt to tell
        digits, or as it was born.
    """

    group: str
    title: str
    description: str
    builder: Callable[..., nn.Module]
    backbone: Backbone = "trained"


def build(name: str, *, classifies: bool = False, seed: int = 0) -> nn.Module:
    """The net with fresh weights; the same seed gives the same.

    Raises
    ------
    ConfigError
        No net has that name.
    """
    if name not in NETWORKS:
        raise ConfigError(f"Unknown net {name!r}; choose from {', '.join(NETWORKS)}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[name].builder(num_out=2 + NUM_DIGITS * classifies)


def count_params(net: nn.Module) -> int:
    """The learnt numbers of a net, frozen ones included."""
    return sum(parameter.numel() for parameter in net.parameters())


def _pixels(num_out: int, *, num_hidden: int = 1, **ways: Any) -> nn.Module:
    ways = {"readouts": (flat,), **ways}
    return ReadoutNet(num_out=num_out, head=partial(mlp, num_hidden=num_hidden), **ways)


def _conv(num_out: int, *readouts: Any, num_hidden: int = 1, **ways: Any) -> nn.Module:
    ways = {"backbone": ConvBackbone(), "readouts": readouts, **ways}
    return ReadoutNet(num_out=num_out, head=partial(mlp, num_hidden=num_hidden), **ways)


def _pointer(num_out: int, *, crossing: Crossing, **ways: Any) -> nn.Module:
    return PointerNet(num_out=num_out, edges=LearntEdges(crossing=crossing), **ways)


def _two_linear(num_in: int, num_out: int) -> nn.Sequential:
    """As in the notes: nothing between the layers, no bias in the second."""
    return nn.Sequential(nn.Linear(num_in, HIDDEN), nn.Linear(HIDDEN, num_out, bias=False))


def _argmin_features(maps: torch.Tensor) -> torch.Tensor:
    return argmax_features(maps, is_min=True)


def _constants(canvas: torch.Tensor) -> torch.Tensor:
    return canvas.new_full((len(canvas), NUM_FEATURES), 0.5)


def _noise(canvas: torch.Tensor) -> torch.Tensor:
    return 2 * torch.rand(len(canvas), NUM_FEATURES, device=canvas.device) - 1


_FEATURES = (argmax_features, _argmin_features, corner_features)
_NORMAL, _POOLING, _POSITION = "Normal", "Two pools", "Keeps the position"
_ARGMAX, _CONTROL, _LEARNT = "Argmax features", "Dummy features", "Learnt argmax"

NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        "mlp": Network(_NORMAL, "Pixels", "All 4096 pixels into a hidden layer of 128.", _pixels),
        "mlp_deep": Network(
            _NORMAL,
            "Pixels, 3 hidden layers",
            "All 4096 pixels into three hidden layers.",
            partial(_pixels, num_hidden=3),
        ),
        "conv_average": Network(
            _NORMAL,
            "Conv, average pool",
            "Three convolutions, the mean of each map, a hidden layer.",
            lambda num_out: _conv(num_out, average_pool),
        ),
        "residual": Network(
            _NORMAL,
            "Residual, average pool",
            "A small ResNet, the mean of each map, a hidden layer.",
            lambda num_out: _conv(num_out, average_pool, backbone=ResidualBackbone()),
        ),
        "conv_average_max": Network(
            _POOLING,
            "Conv, average + max pool",
            "Mean and maximum of each map.",
            lambda num_out: _conv(num_out, average_pool, max_pool),
        ),
        "conv_min_max": Network(
            _POOLING,
            "Conv, min + max pool",
            "Minimum and maximum of each map.",
            lambda num_out: _conv(num_out, min_pool, max_pool),
        ),
        "conv_flat": Network(
            _POSITION,
            "Conv, flattened",
            "The 4096 numbers of the last maps, into the same head that `mlp` gives the pixels.",
            lambda num_out: _conv(num_out, flat),
        ),
        "conv_flat_deep": Network(
            _POSITION,
            "Conv, flattened, 3 hidden layers",
            "As `conv_flat`, with three hidden layers.",
            lambda num_out: _conv(num_out, flat, num_hidden=3),
        ),
        "conv_flat_digits": Network(
            _POSITION,
            "Frozen conv, flattened",
            "As `conv_flat`; the backbone has learnt to tell digits and is then frozen.",
            lambda num_out: _conv(num_out, flat),
            "digits",
        ),
        "conv_flat_random": Network(
            _POSITION,
            "Random conv, flattened",
            "As `conv_flat`; the backbone stays as it was born.",
            lambda num_out: _conv(num_out, flat),
            "random",
        ),
        "coordconv": Network(
            _POSITION,
            "CoordConv, average pool",
            "As `conv_average`, with two more channels that hold x and y.",
            lambda num_out: _conv(
                num_out,
                average_pool,
                backbone=nn.Sequential(Coordinates(), ConvBackbone(num_in=3)),
            ),
        ),
        "soft_argmax": Network(
            _POSITION,
            "Soft-argmax of 16 maps",
            "The expected positions of 16 heat maps, into a hidden layer.",
            partial(HeatMapNet, num_maps=16),
        ),
        "dsnt": Network(
            _POSITION,
            "DSNT",
            "The expected position of one heat map, which is kept close to a Gaussian.",
            partial(HeatMapNet, num_maps=1),
        ),
        "feats": Network(
            _ARGMAX,
            "FeatsNet",
            "Pixels, argmax and argmin of rows and columns, corners; two linear layers, sigmoid.",
            partial(
                ReadoutNet, head=_two_linear, readouts=(flat,), extras=_FEATURES, is_bounded=True
            ),
        ),
        "feats_deep": Network(
            _ARGMAX,
            "FeatsNet, 3 hidden layers",
            "The same numbers into three hidden layers.",
            partial(_pixels, num_hidden=3, extras=_FEATURES),
        ),
        "feats_only": Network(
            _ARGMAX,
            "Argmax features alone",
            "Argmax, argmin and corners without the pixels, into a hidden layer.",
            partial(_pixels, readouts=(), extras=_FEATURES),
        ),
        "later_argmax": Network(
            _ARGMAX,
            "Conv, argmax in a later layer",
            "As `conv_flat`, with argmax and argmin of rows and columns of the last maps.",
            lambda num_out: _conv(num_out, flat, argmax_features, _argmin_features),
        ),
        "dummy_constant": Network(
            _CONTROL,
            "Pixels and constants",
            "As FeatsNet with hidden layer, with 264 times 0.5 in place of the features.",
            partial(_pixels, extras=(_constants,)),
        ),
        "dummy_random": Network(
            _CONTROL,
            "Pixels and noise",
            "As FeatsNet with hidden layer, with 264 random numbers in place of the features.",
            partial(_pixels, extras=(_noise,)),
        ),
        "threshold_relu": Network(
            _LEARNT,
            "Threshold by ReLU, soft-argmax",
            "Edges of the ink above a learnt threshold by soft-argmax; a net points at one.",
            partial(_pointer, crossing="soft_argmax"),
        ),
        "straight_through": Network(
            _LEARNT,
            "Straight-through argmax",
            "As `threshold_relu`: forward the argmax, backward the soft-argmax.",
            partial(_pointer, crossing="straight_through"),
        ),
        "gumbel": Network(
            _LEARNT,
            "Gumbel-softmax",
            "As `threshold_relu`: forward one draw, backward its relaxation.",
            partial(_pointer, crossing="gumbel"),
        ),
        "crossing_mlp": Network(
            _LEARNT,
            "First crossing, hidden layer",
            "Six points by first crossing and the flattened maps, into a hidden layer.",
            lambda num_out: _conv(num_out, flat, edges=LearntEdges(crossing="first_crossing")),
        ),
        "first_crossing": Network(
            _LEARNT,
            "First crossing, pointer",
            "Six points by first crossing above a learnt threshold; a net points at one.",
            partial(_pointer, crossing="first_crossing"),
        ),
        "first_crossing_box": Network(
            _LEARNT,
            "First crossing, pointer, looks at the box",
            "As `first_crossing`; the net that points sees the box of the ink in place of the "
            "canvas.",
            partial(_pointer, crossing="first_crossing", looks_at_box=True),
        ),
    }
)
