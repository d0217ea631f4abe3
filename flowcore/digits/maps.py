"""What a net of the lab sees of a canvas: the numbers behind its answer, where they belong."""

from typing import NamedTuple

import torch
from torch import nn

from flowcore.digits.argmax import argmax_features, to_px
from flowcore.digits.data import CANVAS
from flowcore.digits.parts import HeatMapNet, ReadoutNet
from flowcore.digits.tasks import two_numbers

__all__ = ["Reading", "argmax_positions", "gradient", "num_channels", "reading", "threshold_sweep"]


class Reading(NamedTuple):
    """A map that a net reads positions from.

    Parameters
    ----------
    map : (h, w)
        Higher is brighter; its units are its own.
    points : (N, 2)
        The positions, x then y, px of the canvas.
    weights : (N,)
        How much each counts, 0..1.
    words : str
        What map and points are, in a sentence.
    """

    map: torch.Tensor
    points: torch.Tensor
    weights: torch.Tensor
    words: str


def gradient(net: nn.Module, canvas: torch.Tensor) -> torch.Tensor:
    """How the answer moves when a pixel grows brighter, ``(2, H, W)``: x and y, px per full scale.

    Parameters
    ----------
    canvas : (1, 1, H, W)
    """
    canvas = canvas.clone().requires_grad_()
    point = net.eval()(canvas).point[0]
    rows = [torch.autograd.grad(number, canvas, retain_graph=True)[0][0, 0] for number in point]
    return torch.stack(rows)


def argmax_positions(image: torch.Tensor, *, is_min: bool = False) -> torch.Tensor:
    """The position in px of the maximum of each row, then of each column, ``(H + W, 2)``.

    Parameters
    ----------
    image : (H, W)
    """
    height, width = image.shape
    found = argmax_features(image[None, None], is_min=is_min)[0]
    columns, rows = to_px(found[:height], width), to_px(found[height:], height)
    y, x = torch.arange(float(height)), torch.arange(float(width))
    return torch.cat([torch.stack([columns, y], -1), torch.stack([x, rows], -1)])


@torch.no_grad()
def reading(net: nn.Module, canvas: torch.Tensor, *, channel: int = 0) -> Reading:
    """The map behind the answer: heat, ink above the learnt threshold, a channel, or the canvas.

    Parameters
    ----------
    canvas : (1, 1, H, W)
    channel : int
        Of the heat maps or the last maps of a backbone; wraps around.
    """
    net.eval()
    if isinstance(net, HeatMapNet):
        heat = net(canvas).heat[0]
        heat = heat[channel % len(heat)]
        x, y = ((heat.sum(dim) * torch.arange(len(heat))).sum() for dim in (0, 1))
        point = _on_canvas(torch.stack([x, y])[None], len(heat))
        return Reading(heat, point, torch.ones(1), "A heat map, and the position it expects.")
    edges = getattr(net, "edges", None)
    if edges is not None:
        points = to_px(edges(canvas)[0], CANVAS)
        weights = net(canvas).weights
        shares = torch.ones(len(points)) if weights is None else weights[0]
        words = f"Ink above {edges.threshold.item():.3f} of the maximum, and its six points."
        return Reading(edges.ink(canvas)[0], points, shares, words)
    if isinstance(net, ReadoutNet) and not isinstance(net.backbone, nn.Identity):
        maps = net.backbone(canvas)[0]
        image = maps[channel % len(maps)]
        positions = _on_canvas(argmax_positions(image), len(image))
        words = "A channel of the last maps, and the maximum of each row and column."
        return Reading(image, positions, torch.ones(len(positions)), words)
    positions = argmax_positions(canvas[0, 0])
    words = "The canvas, and the maximum of each row and column."
    return Reading(canvas[0, 0], positions, torch.ones(len(positions)), words)


def num_channels(net: nn.Module) -> int:
    """How many maps `reading` can choose from."""
    if isinstance(net, HeatMapNet):
        return net.maps.out_channels
    if getattr(net, "edges", None) is None and isinstance(net, ReadoutNet):
        with torch.no_grad():
            return int(net.eval().backbone(torch.zeros(1, 1, CANVAS, CANVAS)).shape[1])
    return 1


def threshold_sweep(canvas: torch.Tensor, thresholds: torch.Tensor) -> torch.Tensor:
    """The top-left corner by two numbers at each threshold, ``(N, 2)`` px.

    Parameters
    ----------
    canvas : (1, 1, H, W)
    thresholds : (N,)
        Shares of the maximum, below 1.
    """
    return torch.cat([two_numbers(canvas, threshold=float(value)) for value in thresholds])


def _on_canvas(positions: torch.Tensor, size: int) -> torch.Tensor:
    """Positions among ``size`` cells in px of the canvas."""
    return (positions + 0.5) * CANVAS / size - 0.5
