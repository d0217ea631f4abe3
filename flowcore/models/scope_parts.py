"""The parts of the size ladder's nets: residual and update blocks, lookups, upsampling.

In the comments H4 = H / 4, and so on.
"""

import math
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional as F

from flowcore.models.norm import NormedConv
from flowcore.models.raft_parts import ContextTerms, ConvGru, FlowHead
from flowcore.ops.correlation import CorrelationPyramid, spaced_correlation, window_correlation
from flowcore.ops.grid import pixel_grid
from flowcore.ops.matching import MatchingLevel, window_level
from flowcore.ops.warp import warp

__all__ = [
    "NUM_LEVELS",
    "RADII",
    "AllPairsLookup",
    "CloserLookup",
    "ConvexUpsampler",
    "FarLookup",
    "GridEntry",
    "ResidualBlock",
    "UpdateBlock",
    "WindowLookup",
    "upsample",
]

NUM_LEVELS = 3  # of the all-pairs pyramid
RADII = {2: 2, 4: 2, 8: 3, 16: 4}  # of the correlation windows, in cells, by their width in px


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.conv1 = NormedConv(size, size)
        self.conv2 = NormedConv(size, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of the same shape."""
        change: torch.Tensor = self.conv2(self.conv1(x).relu_())
        return change.add_(x).relu_()


class GridEntry(nn.Module):
    """What is particular to one grid: where the update block starts, and how it sees.

    A grid that sees as another does leaves out ``window``, the number of places it compares.
    """

    def __init__(
        self, matching: int, block: "UpdateBlock", *, window: int | None, hidden_before: int
    ) -> None:
        super().__init__()
        self.sizes = [block.hidden_size, block.context_size]
        self.start = nn.Conv2d(matching, sum(self.sizes), 1)
        self.carry = (
            nn.Identity()
            if hidden_before == block.hidden_size
            else nn.Conv2d(hidden_before, block.hidden_size, 1)
        )
        self.seen = nn.Conv2d(window, block.hidden_size, 1) if window else None

    def forward(
        self, source: torch.Tensor, hidden: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden state and context, from features and the coarser grid's hidden state."""
        start, context = self.start(source).split(self.sizes, 1)
        return (start + self.carry(hidden)).tanh(), context.relu()


class UpdateBlock(nn.Module):
    """One step: what correlation says of the present flow, to a better one."""

    def __init__(self, hidden_size: int, context_size: int, motion_size: int) -> None:
        super().__init__()
        self.hidden_size, self.context_size = hidden_size, context_size
        self.moved = nn.Conv2d(2, 16, 7, padding=3)
        self.joined = nn.Conv2d(hidden_size + 16, motion_size - 2, 3, padding=1)
        self.gru = ConvGru(hidden_size, context_size, motion_size, kernel=(3, 3))
        self.flow_head = FlowHead(hidden_size, hidden_size)

    def forward(
        self,
        hidden: torch.Tensor,
        context_terms: ContextTerms,
        seen: torch.Tensor,
        flow: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The next hidden state, and the change of flow ``(B, 2, h, w)`` in px of the grid."""
        both = torch.cat([seen, self.moved(flow)], 1).relu()
        motion = torch.cat([self.joined(both).relu(), flow], 1)
        hidden = self.gru(hidden, motion, context_terms)
        return hidden, self.flow_head(hidden)


class ConvexUpsampler(nn.Module):
    """Flow on a grid four times as fine: convex combinations of 3x3 vectors, as in RAFT."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(hidden_size, hidden_size, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden_size, 9 * 16, 1)

    def forward(self, flow: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Flow ``(B, 2, H, W)`` of ``(B, 2, H4, W4)``, in px of the frame."""
        B, _, h, w = flow.shape
        logits = self.conv2(F.relu(self.conv1(hidden))).float().view(B, 1, 9, 16, h, w)
        padded = F.pad(4 * flow, (1, 1, 1, 1), mode="replicate")
        vectors = F.unfold(padded, 3).view(B, 2, 9, 1, h, w)
        fine = flow.new_zeros(B, 2, 16, h, w)
        for share, vector in zip(logits.softmax(2).unbind(2), vectors.unbind(2), strict=True):
            fine = torch.addcmul(fine, share, vector)  # one neighbour after the other: a third
        return F.pixel_shuffle(fine.view(B, 32, h, w), 4)  # of the time that all at once take


class AllPairsLookup:
    """Correlation around where the flow points, among all of the second frame."""

    def __init__(self, source: torch.Tensor, target: torch.Tensor, max_bytes: int | None) -> None:
        self.grid = pixel_grid(*source.shape[-2:], like=source.float())
        self.pyramid = CorrelationPyramid(
            source, target, num_levels=NUM_LEVELS, radius=RADII[16], max_bytes=max_bytes
        )

    def __call__(self, flow: torch.Tensor) -> torch.Tensor:
        """What is seen of a flow (B, 2, h, w) in px of the grid, ``(B, positions, h, w)``."""
        return self.pyramid(self.grid + flow)


class FarLookup:
    """What `AllPairsLookup` sees, and as far, around where the flow points, without a volume.

    Its levels are windows of single cells, of every second and of every fourth one; the wider the
    spacing, the more cells the second frame's features are averaged over.
    """

    def __init__(self, source: torch.Tensor, target: torch.Tensor) -> None:
        self.source = source
        self.windows = [
            WindowLookup(source, _averaged(target, 2**level), RADII[16])
            for level in range(NUM_LEVELS)
        ]

    def __call__(self, flow: torch.Tensor) -> torch.Tensor:
        """What is seen of a flow (B, 2, h, w) in px of the grid, ``(B, positions, h, w)``."""
        return torch.cat(
            [self._by_column(window, 2**n, flow) for n, window in enumerate(self.windows)], 1
        )

    def levels(self, flow: torch.Tensor, stride: int) -> list[MatchingLevel]:
        """What is compared around a flow (1, 2, h, w), on cells of ``stride`` px of the frame."""
        found = [
            level
            for n, window in enumerate(self.windows)
            for level in window.levels(flow, stride, spacing=2**n)
        ]
        return [replace(level, queries=found[0].queries) for level in found]  # one for all

    def _by_column(self, window: "WindowLookup", spacing: int, flow: torch.Tensor) -> torch.Tensor:
        """The scaled dot products, x slowest, as `AllPairsLookup` has them."""
        scaled = self.source * math.sqrt(self.source.shape[1])
        reach = spacing * window.radius
        seen = spaced_correlation(scaled, window.moved(flow), reach=reach, spacing=spacing)
        B, _, h, w = seen.shape
        side = 2 * window.radius + 1
        return seen.view(B, side, side, h, w).transpose(1, 2).reshape(seen.shape)


def _averaged(features: torch.Tensor, side: int) -> torch.Tensor:
    """The mean of as many cells to the right and below, beginning at each cell; zero outside."""
    return F.avg_pool2d(F.pad(features.float(), (0, side - 1, 0, side - 1)), side, 1)


class WindowLookup:
    """Correlation around where the flow points, by moving the second frame's features there."""

    def __init__(self, source: torch.Tensor, target: torch.Tensor, radius: int) -> None:
        self.source, self.target, self.radius = source, target, radius

    def __call__(self, flow: torch.Tensor) -> torch.Tensor:
        """What is seen of a flow (B, 2, h, w) in px of the grid, ``(B, positions, h, w)``."""
        return window_correlation(self.source, self.moved(flow), self.radius)

    def moved(self, flow: torch.Tensor) -> torch.Tensor:
        """The second frame's features fetched by a flow."""
        return warp(self.target.float(), flow, padding="zeros").to(self.source.dtype)

    def levels(self, flow: torch.Tensor, stride: int, spacing: int = 1) -> list[MatchingLevel]:
        """What is compared around a flow (1, 2, h, w), on cells of ``stride`` px of the frame."""
        size = {"radius": self.radius, "stride": stride, "spacing": spacing}
        return [window_level(self.source, self.moved(flow), flow, **size)]


class CloserLookup:
    """Correlation on cells half as wide as those of the flow, of which each has four."""

    def __init__(self, source: torch.Tensor, target: torch.Tensor, radius: int) -> None:
        self.window = WindowLookup(source, target, radius)

    def __call__(self, flow: torch.Tensor) -> torch.Tensor:
        """What is seen of a flow (B, 2, h, w) in px of its grid, ``(B, positions, 2h, 2w)``."""
        return self.window(self.finer(flow))

    def levels(self, flow: torch.Tensor, stride: int) -> list[MatchingLevel]:
        """What is compared around a flow (1, 2, h, w), on cells of ``stride`` px of the frame."""
        return self.window.levels(self.finer(flow), stride)

    @staticmethod
    def finer(flow: torch.Tensor) -> torch.Tensor:
        """The flow on the cells that are compared, ``(B, 2, 2h, 2w)`` in px of these."""
        return 2 * upsample(flow, 2)


def upsample(values: torch.Tensor, factor: int) -> torch.Tensor:
    """Values (B, C, h, w) on a grid that is finer by this factor, bilinear."""
    return F.interpolate(values, scale_factor=factor, mode="bilinear", align_corners=False)
