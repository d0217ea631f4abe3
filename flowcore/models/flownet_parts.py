"""The four networks of FlowNet2: S, C, SD and fusion, from a contracting part and a decoder.

Dosovitskiy et al., FlowNet, ICCV 2015, figures 2 and 3; Ilg et al., FlowNet 2.0, CVPR 2017, figure
2 and supplement. A network gives its flow on ever finer grids, coarse to fine, each ``(B, 2, h,
w)`` in the unit that its stack works in. In the comments H2 = H / 2, and so on; channels are those
of the paper's full width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from flowcore.models.norm import NormedConv
from flowcore.ops.correlation import spaced_correlation
from flowcore.ops.matching import MatchingLevel

__all__ = [
    "FULL",
    "NUM_HEADS",
    "SLOPE",
    "Decoder",
    "FlowNetC",
    "FlowNetS",
    "FlowNetSD",
    "Fusion",
    "Width",
]

NUM_HEADS = 5  # flows of a network, from 1/64 to 1/4; the fusion network has fewer
SLOPE = 0.1  # of every leaky ReLU


@dataclass(frozen=True)
class Width:
    """How many channels a layer has, of those that the paper gives it.

    Examples
    --------
    >>> Width(3 / 8)(64), Width(3 / 16, widest=80)(1024)
    (24, 80)
    """

    factor: float = 1.0
    widest: int | None = None

    def __call__(self, channels: int) -> int:
        """The layer's channels."""
        thin = int(channels * self.factor)
        return thin if self.widest is None else min(thin, self.widest)


FULL = Width()


class FlowNetS(nn.Module):
    """The plain network: both frames stacked into one input."""

    def __init__(self, width: Width = FULL, in_size: int = 6, *, has_bias: bool = True) -> None:
        super().__init__()
        c1, c2, c3, c4, c6 = (width(n) for n in (64, 128, 256, 512, 1024))
        self.conv1 = _Conv(in_size, c1, 7, stride=2)
        self.conv2 = _Conv(c1, c2, 5, stride=2)
        self.conv3 = _Conv(c2, c3, 5, stride=2)
        self.conv3_1 = _Conv(c3, c3)
        self.conv4, self.conv4_1 = _Conv(c3, c4, stride=2), _Conv(c4, c4)
        self.conv5, self.conv5_1 = _Conv(c4, c4, stride=2), _Conv(c4, c4)
        self.conv6, self.conv6_1 = _Conv(c4, c6, stride=2), _Conv(c6, c6)
        self.decoder = Decoder(
            (c6, c4, c4, c3, c2), _decoded(width), has_bias=has_bias, carry_bias=False
        )

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Flows at 1/64 to 1/4 of ``(B, in_size, H, W)``."""
        x1 = self.conv1(x)  # (B, 64, H2, W2)
        x2 = self.conv2(x1)  # (B, 128, H4, W4)
        x3 = self.conv3_1(self.conv3(x2))  # (B, 256, H8, W8)
        x4 = self.conv4_1(self.conv4(x3))  # (B, 512, H16, W16)
        x5 = self.conv5_1(self.conv5(x4))  # (B, 512, H32, W32)
        x6 = self.conv6_1(self.conv6(x5))  # (B, 1024, H64, W64)
        flows: list[torch.Tensor] = self.decoder((x6, x5, x4, x3, x2))
        return flows


class FlowNetC(nn.Module):
    """The correlating network: each frame is encoded alone, then the features are compared.

    ``reach`` and ``spacing`` are those of the displacements that are compared, in px of the grid
    at 1/8.
    """

    def __init__(
        self, width: Width = FULL, *, has_bias: bool = True, reach: int = 20, spacing: int = 2
    ) -> None:
        super().__init__()
        self.reach, self.spacing = reach, spacing
        c1, c2, c3, c4, c6 = (width(n) for n in (64, 128, 256, 512, 1024))
        self.conv1 = _Conv(3, c1, 7, stride=2)
        self.conv2 = _Conv(c1, c2, 5, stride=2)
        self.conv3 = _Conv(c2, c3, 5, stride=2)
        self.conv_redir = _Conv(c3, width(32), 1)
        self.conv3_1 = _Conv(width(32) + (2 * reach // spacing + 1) ** 2, c3)
        self.conv4, self.conv4_1 = _Conv(c3, c4, stride=2), _Conv(c4, c4)
        self.conv5, self.conv5_1 = _Conv(c4, c4, stride=2), _Conv(c4, c4)
        self.conv6, self.conv6_1 = _Conv(c4, c6, stride=2), _Conv(c6, c6)
        self.decoder = Decoder(
            (c6, c4, c4, c3, c2), _decoded(width), has_bias=has_bias, carry_bias=has_bias
        )

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Flows at 1/64 to 1/4 of both frames in one, ``(B, 6, H, W)``."""
        x2, first, second = self.encode(x)
        compared = F.leaky_relu(self.correlate(first, second), SLOPE)  # (B, 441, H8, W8)
        x3 = self.conv3_1(torch.cat([self.conv_redir(first), compared], 1))  # (B, 256, H8, W8)
        x4 = self.conv4_1(self.conv4(x3))
        x5 = self.conv5_1(self.conv5(x4))
        x6 = self.conv6_1(self.conv6(x5))
        flows: list[torch.Tensor] = self.decoder((x6, x5, x4, x3, x2))
        return flows

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Features of the first frame at 1/4, and of both frames at 1/8."""
        both = torch.cat(x.chunk(2, 1))  # (2 B, 3, H, W)
        x2 = self.conv2(self.conv1(both))
        first, second = self.conv3(x2).chunk(2)
        return x2.chunk(2)[0], first, second

    def correlate(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """The cost volume ``(B, 441, H8, W8)`` of 21x21 displacements, the vertical one slowest."""
        return spaced_correlation(first, second, reach=self.reach, spacing=self.spacing)

    def matching(self, x: torch.Tensor) -> MatchingLevel:
        """What the cost volume of both frames in one, ``(1, 6, H, W)``, is made of."""
        _, first, second = self.encode(x)
        side = 2 * self.reach // self.spacing + 1
        return MatchingLevel(
            f"{side}x{side} places up to {8 * self.reach} px away",
            first[0].float() / first.shape[1],
            second[0].float(),
            8,
            8,
            reach=self.reach,
            step=self.spacing,
        )


class FlowNetSD(nn.Module):
    """The network for small displacements: 3x3 kernels, and full resolution to begin with."""

    def __init__(self, width: Width = FULL) -> None:
        super().__init__()
        c1, c2, c3, c4, c6 = (width(n) for n in (64, 128, 256, 512, 1024))
        self.conv0 = _Conv(6, c1)
        self.conv1, self.conv1_1 = _Conv(c1, c1, stride=2), _Conv(c1, c2)
        self.conv2, self.conv2_1 = _Conv(c2, c2, stride=2), _Conv(c2, c2)
        self.conv3, self.conv3_1 = _Conv(c2, c3, stride=2), _Conv(c3, c3)
        self.conv4, self.conv4_1 = _Conv(c3, c4, stride=2), _Conv(c4, c4)
        self.conv5, self.conv5_1 = _Conv(c4, c4, stride=2), _Conv(c4, c4)
        self.conv6, self.conv6_1 = _Conv(c4, c6, stride=2), _Conv(c6, c6)
        sizes = _decoded(width)
        self.decoder = Decoder((c6, c4, c4, c3, c2), sizes, inter_sizes=sizes)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Flows at 1/64 to 1/4 of both frames in one, ``(B, 6, H, W)``."""
        x0 = self.conv0(x)  # (B, 64, H, W)
        x1 = self.conv1_1(self.conv1(x0))  # (B, 128, H2, W2)
        x2 = self.conv2_1(self.conv2(x1))  # (B, 128, H4, W4)
        x3 = self.conv3_1(self.conv3(x2))
        x4 = self.conv4_1(self.conv4(x3))
        x5 = self.conv5_1(self.conv5(x4))
        x6 = self.conv6_1(self.conv6(x5))
        flows: list[torch.Tensor] = self.decoder((x6, x5, x4, x3, x2))
        return flows


class Fusion(nn.Module):
    """The network that puts two flows together, by how well each explains the frames."""

    def __init__(self, width: Width = FULL) -> None:
        super().__init__()
        c1, c2 = width(64), width(128)
        sizes = (width(32), width(16))
        self.conv0 = _Conv(11, c1)
        self.conv1, self.conv1_1 = _Conv(c1, c1, stride=2), _Conv(c1, c2)
        self.conv2, self.conv2_1 = _Conv(c2, c2, stride=2), _Conv(c2, c2)
        self.decoder = Decoder((c2, c2, c1), sizes, inter_sizes=sizes)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Flows at 1/4 to full size of ``(B, 11, H, W)``."""
        x0 = self.conv0(x)  # (B, 64, H, W)
        x1 = self.conv1_1(self.conv1(x0))  # (B, 128, H2, W2)
        x2 = self.conv2_1(self.conv2(x1))  # (B, 128, H4, W4)
        flows: list[torch.Tensor] = self.decoder((x2, x1, x0))
        return flows


class _Conv(NormedConv):
    """A convolution and a leaky ReLU."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features ``(B, out_size, H / stride, W / stride)`` of ``(B, in_size, H, W)``."""
        return F.leaky_relu(super().forward(x), SLOPE)


class Decoder(nn.Module):
    """The expanding part: a flow on the coarsest grid, then one on each finer grid.

    Parameters
    ----------
    skip_sizes : sequence of int
        Channels of the contracting part's features, coarse to fine.
    sizes : sequence of int
        Channels that are brought to each finer grid.
    inter_sizes : sequence of int, optional
        Channels of a convolution before each finer grid's flow; none if left out.
    has_bias, carry_bias : bool
        Of the transposed convolutions and flow heads; of those that carry a flow to a finer grid.
    """

    def __init__(
        self,
        skip_sizes: Sequence[int],
        sizes: Sequence[int],
        *,
        inter_sizes: Sequence[int] | None = None,
        has_bias: bool = True,
        carry_bias: bool = True,
    ) -> None:
        super().__init__()
        self.head = nn.Conv2d(skip_sizes[0], 2, 3, padding=1, bias=has_bias)
        self.steps = nn.ModuleList()
        before = skip_sizes[0]
        for number, (skip, size) in enumerate(zip(skip_sizes[1:], sizes, strict=True)):
            step = _DecoderStep(
                before,
                size,
                skip + size + 2,
                inter_sizes[number] if inter_sizes else None,
                has_bias=has_bias,
                carry_bias=carry_bias,
            )
            self.steps.append(step)
            before = skip + size + 2

    @property
    def heads(self) -> list[nn.Conv2d]:
        """What reads the flow off the features of each grid, coarse to fine."""
        return [self.head, *(cast(_DecoderStep, step).head for step in self.steps)]

    def forward(self, skips: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The flows of all grids, coarse to fine."""
        features = skips[0]
        flows = [self.head(features)]
        for step, skip in zip(self.steps, skips[1:], strict=True):
            features, flow = step(features, flows[-1], skip)
            flows.append(flow)
        return flows


class _DecoderStep(nn.Module):
    """From one grid to the next finer one."""

    def __init__(
        self,
        in_size: int,
        size: int,
        joined_size: int,
        inter_size: int | None,
        *,
        has_bias: bool,
        carry_bias: bool,
    ) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(in_size, size, 4, 2, 1, bias=has_bias)
        self.carry = nn.ConvTranspose2d(2, 2, 4, 2, 1, bias=carry_bias)
        self.inter: nn.Module = nn.Identity()
        if inter_size:
            self.inter = nn.Conv2d(joined_size, inter_size, 3, padding=1)
        self.head = nn.Conv2d(inter_size or joined_size, 2, 3, padding=1, bias=has_bias)

    def forward(
        self, features: torch.Tensor, flow: torch.Tensor, skip: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Features and flow on the finer grid."""
        finer = F.leaky_relu(self.deconv(features), SLOPE)
        joined = torch.cat([skip, finer, self.carry(flow)], 1)
        return joined, self.head(self.inter(joined))


def _decoded(width: Width) -> tuple[int, int, int, int]:
    """Channels that the decoder of S, C and SD brings to 1/32, 1/16, 1/8 and 1/4."""
    return width(512), width(256), width(128), width(64)
