"""What the nets of the lab are put together from."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from flowcore.digits.argmax import LearntEdges, to_px, to_unit
from flowcore.digits.data import CANVAS, NUM_DIGITS
from flowcore.ops.grid import pixel_grid
from flowcore.ops.soft_argmax import soft_argmax

__all__ = [
    "Answer",
    "ConvBackbone",
    "Coordinates",
    "HeatMapNet",
    "PointerNet",
    "ReadoutNet",
    "ResidualBackbone",
    "average_pool",
    "box_of",
    "flat",
    "max_pool",
    "min_pool",
    "mlp",
]

Numbers = Callable[[torch.Tensor], torch.Tensor]  # (B, C, H, W) -> (B, N)

HIDDEN = 128
WIDTH = 64  # channels of a backbone's 8x8 maps: as many numbers as the canvas has pixels
NUM_POINTS = 6
CROP = 24  # px that the box of the ink is looked at with


class Answer(NamedTuple):
    """What a net says.

    Parameters
    ----------
    point : (B, 2)
        x then y, px.
    logits : (B, 10), optional
        Of the digits, from a net that classifies.
    heat : (B, K, h, w), optional
        Probabilities over positions, of a net that looks for points with heat maps.
    weights : (B, 6), optional
        Of the points of the ink, of a net that points at one of them.
    """

    point: torch.Tensor
    logits: torch.Tensor | None = None
    heat: torch.Tensor | None = None
    weights: torch.Tensor | None = None


def mlp(num_in: int, num_out: int, *, num_hidden: int = 1) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    sizes = [num_in, *[HIDDEN] * num_hidden]
    layers: list[nn.Module] = []
    for size, following in itertools.pairwise(sizes):
        layers += [nn.Linear(size, following), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], num_out))


class ConvBackbone(nn.Sequential):
    """Three convolutions, each of half the size: ``(B, C, 64, 64)`` -> ``(B, 64, 8, 8)``."""

    def __init__(self, *, num_in: int = 1) -> None:
        super().__init__(
            _conv(num_in, 8, 5, stride=2),  # (B, 8, 32, 32)
            _conv(8, 16, 3, stride=2),  # (B, 16, 16, 16)
            _conv(16, WIDTH, 3, stride=2),  # (B, 64, 8, 8)
        )


class ResidualBackbone(nn.Sequential):
    """A small ResNet: ``(B, 1, 64, 64)`` -> ``(B, 64, 8, 8)``."""

    def __init__(self) -> None:
        super().__init__(_conv(1, 8, 5, stride=2), _Block(8, 16), _Block(16, WIDTH))


class Coordinates(nn.Module):
    """Two more channels that say where each pixel is, in -1..1 (Liu et al., NeurIPS 2018)."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` -> ``(B, C + 2, H, W)``; square maps."""
        grid = to_unit(pixel_grid(*maps.shape[-2:], like=maps), maps.shape[-1])
        return torch.cat([maps, grid.expand(len(maps), -1, -1, -1)], 1)


class ReadoutNet(nn.Module):
    """A backbone whose maps become a row of numbers, and linear layers on top of them.

    Parameters
    ----------
    num_out : int
        2 for a point, 10 more to classify.
    head : function
        From the count of numbers to the layers that take them.
    backbone : module, optional
        ``(B, 1, 64, 64)`` -> maps; without it the canvas is its own map.
    readouts : functions
        Maps -> ``(B, N)``, side by side.
    extras : functions
        Canvas -> ``(B, N)``: further numbers, such as argmax features.
    edges : LearntEdges, optional
        Its points are further numbers, too.
    is_bounded : bool
        Whether the point is squeezed into the canvas by a sigmoid.
    """

    def __init__(
        self,
        *,
        num_out: int,
        head: Callable[[int, int], nn.Module] = mlp,
        backbone: nn.Module | None = None,
        readouts: tuple[Numbers, ...] = (),
        extras: tuple[Numbers, ...] = (),
        edges: LearntEdges | None = None,
        is_bounded: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = nn.Identity() if backbone is None else backbone
        self.edges = edges
        self.readouts, self.extras, self.is_bounded = readouts, extras, is_bounded
        self.eval()  # so that looking once at nothing leaves no trace in the statistics
        with torch.no_grad():
            num_in = self.numbers(torch.zeros(1, 1, CANVAS, CANVAS)).shape[1]
        self.train()
        self.head = head(num_in, num_out)

    def numbers(self, canvas: torch.Tensor) -> torch.Tensor:
        """All that the head sees, ``(B, N)``."""
        maps = self.backbone(canvas)
        rows = [read(maps) for read in self.readouts] + [extra(canvas) for extra in self.extras]
        if self.edges is not None:
            rows.append(self.edges(canvas).flatten(1))
        return torch.cat(rows, 1)

    def forward(self, canvas: torch.Tensor) -> Answer:
        """The point, and the digit, on canvases ``(B, 1, 64, 64)``."""
        return _answer(self.head(self.numbers(canvas)), is_bounded=self.is_bounded)


class HeatMapNet(nn.Module):
    """Maps that light up where a point is; a soft-argmax reads off where.

    With one map its position is the answer (DSNT: Nibali et al., arXiv:1801.07372); with more,
    their positions are the numbers that a head sees.
    """

    def __init__(self, *, num_out: int, num_maps: int) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            _conv(1, 8, 5, stride=2),
            _conv(8, 16, 3, stride=2),  # (B, 16, 16, 16)
            _conv(16, 24, 3, dilation=2),
            _conv(24, 24, 3, dilation=4),
        )
        self.maps = nn.Conv2d(24, num_maps, 1)
        self.head = mlp(2 * num_maps, num_out) if num_maps > 1 else None
        self.classes = nn.Linear(24, num_out - 2) if num_maps == 1 and num_out > 2 else None

    def forward(self, canvas: torch.Tensor) -> Answer:
        """The point, and the digit, on canvases ``(B, 1, 64, 64)``."""
        features = self.backbone(canvas)
        scores = self.maps(features)  # (B, K, 16, 16)
        side = scores.shape[-1]
        heat = scores.flatten(2).softmax(-1).unflatten(2, (side, side))
        # a cell of 4 px: its center in px of the canvas, then in -1..1
        places = to_unit((soft_argmax(scores) + 0.5) * CANVAS / side - 0.5, CANVAS)
        if self.head is not None:
            return _answer(self.head(places.flatten(1)))._replace(heat=heat)
        logits = None if self.classes is None else self.classes(average_pool(features))
        return Answer(to_px(places[:, 0], CANVAS), logits, heat)


class PointerNet(nn.Module):
    """Finds six points of the ink, and points at the one that is asked for.

    The point is a mean of the six, weighted by a softmax: what to answer is learnt by a backbone,
    where that is comes from ``LearntEdges``.

    Parameters
    ----------
    num_out : int
        2 for a point, 10 more to classify.
    edges : LearntEdges
    looks_at_box : bool
        Whether the backbone sees the box of the ink, enlarged or reduced to 24x24 px, instead of
        the canvas (Jaderberg et al., NeurIPS 2015).
    """

    def __init__(self, *, num_out: int, edges: LearntEdges, looks_at_box: bool = False) -> None:
        super().__init__()
        self.edges, self.looks_at_box = edges, looks_at_box
        self.backbone = ConvBackbone()
        side = (CROP if looks_at_box else CANVAS) // 8
        self.gate = mlp(WIDTH * side * side, NUM_POINTS + num_out - 2)

    def forward(self, canvas: torch.Tensor) -> Answer:
        """The point, and the digit, on canvases ``(B, 1, 64, 64)``."""
        points = self.edges(canvas)
        seen = box_of(canvas, points) if self.looks_at_box else canvas
        scores = self.gate(self.backbone(seen).flatten(1))
        weights = scores[:, :NUM_POINTS].softmax(-1)
        point = to_px((weights[..., None] * points).sum(1), CANVAS)
        logits = scores[:, NUM_POINTS:] if scores.shape[1] > NUM_POINTS else None
        return Answer(point, logits, weights=weights)


def average_pool(maps: torch.Tensor) -> torch.Tensor:
    """The mean of each map, ``(B, C)``."""
    return maps.mean((-2, -1))


def max_pool(maps: torch.Tensor) -> torch.Tensor:
    """The maximum of each map, ``(B, C)``."""
    return maps.amax((-2, -1))


def min_pool(maps: torch.Tensor) -> torch.Tensor:
    """The minimum of each map, ``(B, C)``."""
    return maps.amin((-2, -1))


def flat(maps: torch.Tensor) -> torch.Tensor:
    """Every number of the maps, ``(B, C * H * W)``."""
    return maps.flatten(1)


def box_of(canvas: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """The square around the box of the ink, ``(B, 1, 24, 24)``; no gradient to the points."""
    points = points.detach()
    half = (points[:, 3] - points[:, 0]).amax(-1).clamp(min=0.1) * 0.55
    theta = torch.zeros(len(canvas), 2, 3, device=canvas.device)
    theta[:, 0, 0] = theta[:, 1, 1] = half
    theta[:, :, 2] = points[:, 4]
    grid = F.affine_grid(theta, [len(canvas), 1, CROP, CROP], align_corners=True)
    return F.grid_sample(canvas, grid, align_corners=True)


class _Block(nn.Module):
    """Two convolutions beside a shortcut, half the size (He et al., CVPR 2016)."""

    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(num_in, num_out, 3, stride=2),
            nn.Conv2d(num_out, num_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(num_out),
        )
        self.shortcut = nn.Conv2d(num_in, num_out, 1, stride=2)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return F.relu(self.body(maps) + self.shortcut(maps))


def _conv(
    num_in: int, num_out: int, size: int, *, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    padding = dilation * (size // 2)
    return nn.Sequential(
        nn.Conv2d(num_in, num_out, size, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(num_out),
        nn.ReLU(),
    )


def _answer(scores: torch.Tensor, *, is_bounded: bool = False) -> Answer:
    """The first two numbers as a point, the rest as logits."""
    point, logits = scores[:, :2], scores[:, 2:]
    if is_bounded:
        point = 2 * point.sigmoid() - 1
    return Answer(to_px(point, CANVAS), logits if logits.shape[1] == NUM_DIGITS else None)
