"""What one vector hangs on: how its u or v changes with the pixels of both frames."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import nn

from flowcore.errors import ConfigError, InputError
from flowcore.gradient import device_of, require_gradient
from flowcore.models import FlowModel
from flowcore.ops.convert import frame_to_tensor
from flowcore.pipeline import load_model, predict
from flowcore.types import FloatArray, FramePair, PipelineConfig

__all__ = ["Attribution", "Method", "attribute", "rank_correlation", "reach", "shuffled"]

Method = Literal["gradient", "integrated gradients"]


@dataclass(frozen=True, eq=False)
class Attribution:
    """Where the frames matter for one component of one vector.

    Parameters
    ----------
    first, second : (H, W) float32
        Of each pixel. "gradient": length of the derivative over the colors, px per full range of
        brightness. "integrated gradients": signed share of the component, px; over both frames they
        sum to ``value - baseline``, as far as the steps allow.
    value, baseline : float
        The component on the pair, and on two even frames of the pair's mean color, px.
    """

    first: FloatArray
    second: FloatArray
    value: float
    baseline: float

    @property
    def missing(self) -> float:
        """What integrated gradients fail to explain of ``value - baseline``, px."""
        explained = float(self.first.sum(dtype=np.float64) + self.second.sum(dtype=np.float64))
        return self.value - self.baseline - explained


def attribute(
    pair: FramePair,
    config: PipelineConfig,
    x: int,
    y: int,
    *,
    component: Literal["u", "v"] = "u",
    method: Method = "gradient",
    steps: int = 16,
    model: FlowModel | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Attribution:
    """What u or v at a pixel hangs on, through all that the lane does to the frames.

    Parameters
    ----------
    pair : FramePair
    config : PipelineConfig
    x, y : int
        px of the first frame.
    component : "u" or "v"
    method : str
        Integrated gradients are those of Sundararajan, Taly and Yan, ICML 2017, from two even
        frames of the pair's mean color.
    steps : int
        Of the integral, each a forward and a backward pass.
    model : FlowModel, optional
        Another model than the config's, such as a `shuffled` one.
    progress : callable
        Is told the finished share, 0..1.

    Raises
    ------
    InputError
        A pixel outside the frame.
    ConfigError
        A model without a gradient, an unknown method, no steps, or too little memory.
    """
    _require(pair, x, y, method, steps)
    model = load_model(config.model) if model is None else model
    require_gradient(model, pair.size, config)
    frames = torch.cat([frame_to_tensor(frame) for frame in (pair.first, pair.second)])
    frames = frames.to(device_of(model))

    def answer(frames: torch.Tensor) -> torch.Tensor:
        flow = predict(model, frames[:1], frames[1:], config).flow
        return flow[0, "uv".index(component), y, x]

    even = frames.mean((0, 2, 3), keepdim=True).expand_as(frames)
    is_plain = method == "gradient"
    places = [1.0] if is_plain else [(step + 0.5) / steps for step in range(steps)]
    total = torch.zeros_like(frames)
    for done, place in enumerate(places, start=1):
        total += _gradient(answer, even + place * (frames - even))
        progress(done / len(places))
    maps = total.square().sum(1).sqrt() if is_plain else (total / steps * (frames - even)).sum(1)
    with torch.inference_mode():
        value, baseline = answer(frames).item(), answer(even.contiguous()).item()
    first, second = maps.cpu().numpy()
    return Attribution(first, second, value, baseline)


def shuffled(model: nn.Module, *, seed: int = 0) -> nn.Module:
    """The model with the numbers of each of its weight tensors in a random order.

    An attribution that looks the same on it does not show what was learnt: the sanity check of
    Adebayo et al., NeurIPS 2018.
    """
    generator = torch.Generator().manual_seed(seed)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weights in other.parameters():
            order = torch.randperm(weights.numel(), generator=generator).to(weights.device)
            weights.copy_(weights.flatten()[order].view_as(weights))
    return other


def rank_correlation(one: FloatArray, other: FloatArray) -> float:
    """Spearman's correlation of two maps' absolute values, -1..1; 1 is the same order of pixels.

    Examples
    --------
    >>> round(rank_correlation(np.array([1.0, -2.0, 3.0]), np.array([10.0, 20.0, 25.0])), 6)
    1.0
    """
    ranks = [np.abs(values).ravel().argsort().argsort() for values in (one, other)]
    centered = [rank - rank.mean() for rank in ranks]
    lengths = [float(np.linalg.norm(rank)) for rank in centered]
    return float(centered[0] @ centered[1]) / (lengths[0] * lengths[1])


def reach(attribution: FloatArray, center: tuple[float, float], *, share: float = 0.9) -> float:
    """Radius in px of the circle around (x, y) that holds a share of a map's absolute values.

    With the gradient this is the effective receptive field (Luo et al., NeurIPS 2016). Nan where
    the map is zero.

    Examples
    --------
    >>> reach(np.array([[0.0, 4.0, 0.0, 0.0, 1.0]]), (1, 0), share=0.8)
    0.0
    >>> reach(np.array([[0.0, 4.0, 0.0, 0.0, 1.0]]), (1, 0), share=0.9)
    3.0
    """
    height, width = attribution.shape
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(x - center[0], y - center[1]).ravel()
    order = distance.argsort(kind="stable")
    mass = np.abs(attribution).ravel()[order].cumsum(dtype=np.float64)
    if mass[-1] == 0:
        return float("nan")
    return float(distance[order][np.searchsorted(mass, share * mass[-1] * (1 - 1e-12))])


def _gradient(answer: Callable[[torch.Tensor], torch.Tensor], frames: torch.Tensor) -> torch.Tensor:
    frames = frames.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(answer(frames), frames)
    return gradient


def _require(pair: FramePair, x: int, y: int, method: str, steps: int) -> None:
    height, width = pair.size
    if not (0 <= x < width and 0 <= y < height):
        raise InputError(f"The pixel x {x}, y {y} lies outside the frame of {width}x{height} px.")
    if method not in get_args(Method):
        raise ConfigError(f"Unknown method {method!r}; choose from {get_args(Method)}.")
    if steps < 1:
        raise ConfigError(f"Steps must be 1 or more, got {steps}.")
