"""The size ladder: one small recurrent net in several widths, trained by this project.

Flow is refined on three grids, 16, 8 and 4 px wide. On the coarsest every pixel is compared with
every other, as in RAFT (Teed and Deng, ECCV 2020); on the finer ones with a window of the second
frame's features, moved by the flow so far, as in PWC-Net (Sun et al., CVPR 2018). One and the same
update block works on all three grids, so its few parameters are used again and again.

No layer takes statistics over the image. In the comments H4 = H / 4, and so on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, cast

import torch
from torch import nn

from flowcore.errors import ConfigError
from flowcore.models.base import require_frames
from flowcore.models.norm import NormedConv
from flowcore.models.registry import register
from flowcore.models.scope_chunks import encode_in_chunks
from flowcore.models.scope_parts import (
    NUM_LEVELS,
    RADII,
    AllPairsLookup,
    ConvexUpsampler,
    GridEntry,
    ResidualBlock,
    UpdateBlock,
    WindowLookup,
    upsample,
)
from flowcore.ops.correlation import MAX_VOLUME_BYTES, volume_bytes
from flowcore.ops.matching import MatchingLevel, pyramid_levels, window_level
from flowcore.types import FeatureMap, Prediction

__all__ = [
    "SCOPE_SOURCE",
    "SMALLEST",
    "USUAL",
    "Encoder",
    "ScopeNet",
    "ScopeSizes",
    "Step",
    "scope_035",
    "scope_035_split",
    "scope_070",
    "scope_200",
    "scope_1000",
]

SCOPE_SOURCE = (
    "Flowscope; after RAFT (Teed and Deng, ECCV 2020) and PWC-Net (Sun et al., CVPR 2018)"
)


@dataclass(frozen=True, kw_only=True)
class ScopeSizes:
    """The numbers in which the sizes differ.

    Parameters
    ----------
    features : (c4, c8, c16)
        Channels of the encoder on the grids 4, 8 and 16 px wide.
    blocks : (n4, n8, n16)
        Residual blocks on each.
    matching : int
        Channels that are correlated.
    coarse, fine : (hidden, context, motion)
        Channels of the update block on the two coarse grids, and of the one on the finest.
    bytes_per_pixel : int
        Peak working memory per px of a frame beside the all-pairs volume, measured.
    encoder_chunks : (rows, cols)
        Chunks in which the frames are encoded, each by itself; the features are joined on the
        three grids, and one flow is decoded from them.
    """

    features: tuple[int, int, int]
    blocks: tuple[int, int, int] = (1, 1, 1)
    matching: int
    coarse: tuple[int, int, int]
    fine: tuple[int, int, int]
    bytes_per_pixel: int
    encoder_chunks: tuple[int, int] = (1, 1)


SMALLEST = ScopeSizes(
    features=(24, 30, 32),
    matching=32,
    coarse=(24, 16, 20),
    fine=(16, 12, 16),
    bytes_per_pixel=170,
)
USUAL = ScopeSizes(
    features=(32, 44, 48),
    matching=40,
    coarse=(36, 24, 28),
    fine=(24, 16, 20),
    bytes_per_pixel=200,
)


class Step(NamedTuple):
    """One refinement: on which grid, the flow (B, 2, h, w) before and after it, the state."""

    grid: int
    looked_at: torch.Tensor
    flow: torch.Tensor
    hidden: torch.Tensor


class ScopeNet(nn.Module):
    """Encoder, correlation and update blocks, on three grids from coarse to fine."""

    stride = 16
    min_size = 64  # the coarsest of the three levels has one pixel then
    default_iterations = 12
    maps: Mapping[str, str] = MappingProxyType(
        {
            f"features_{stride}": f"what is compared of the first frame, on cells {stride} px wide"
            for stride in (4, 8, 16)
        }
    )
    maps_of_steps: frozenset[str] = frozenset()

    def __init__(
        self, sizes: ScopeSizes, *, max_volume_bytes: int | None = MAX_VOLUME_BYTES
    ) -> None:
        super().__init__()
        self.sizes = sizes
        self.max_volume_bytes = max_volume_bytes
        self.encoder = Encoder(sizes)
        self.coarse = UpdateBlock(*sizes.coarse)
        self.fine = UpdateBlock(*sizes.fine)
        self.entries = nn.ModuleList(
            GridEntry(grid, sizes.matching, block, hidden_before=sizes.coarse[0])
            for grid, block in enumerate(self._blocks())
        )
        self.upsampler = ConvexUpsampler(sizes.fine[0])

    def forward(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        keep: frozenset[str] = frozenset(),
    ) -> Prediction:
        """The flow of frames ``(B, 3, H, W)``, RGB in [0, 1]."""
        features = self._features(first, second)
        iterates: list[torch.Tensor] = []
        steps: list[Step] = []
        for step in self._steps(features, iterations):
            if "iterates" in keep:
                iterates.append(self._to_full_size(step.grid, step.flow, step.hidden))
            steps = [*steps, step] if iterates and keep & self.maps_of_steps else [step]
        full = iterates[-1] if iterates else self._to_full_size(step.grid, step.flow, step.hidden)
        return Prediction(full, tuple(iterates), self._maps(features, steps, keep))

    def matching(
        self, first: torch.Tensor, second: torch.Tensor, *, iterations: int | None = None
    ) -> tuple[MatchingLevel, ...]:
        """What the last lookup on each grid compares, of frames ``(1, 3, H, W)``."""
        features = self._features(first, second)
        looked_at = {step.grid: step.looked_at for step in self._steps(features, iterations)}
        source, target = features[2].chunk(2)
        levels = list(pyramid_levels(source, target, num_levels=NUM_LEVELS, stride=16))
        for grid in sorted(looked_at.keys() - {2}, reverse=True):
            source, target = features[grid].chunk(2)
            moved = WindowLookup(source, target, RADII[grid]).moved(looked_at[grid])
            radius, stride = RADII[grid], 4 << grid
            levels.append(
                window_level(source, moved, looked_at[grid], radius=radius, stride=stride)
            )
        return tuple(levels)

    def _maps(
        self, features: tuple[torch.Tensor, ...], steps: list[Step], keep: frozenset[str]
    ) -> dict[str, FeatureMap]:
        """The maps asked for; of ``maps_of_steps`` of all steps if their flows are kept too."""
        return {
            name: FeatureMap(of_both.chunk(2)[0], stride, self.maps[name])
            for name, of_both, stride in zip(ScopeNet.maps, features, (4, 8, 16), strict=True)
            if name in keep
        }

    def memory_bytes(self, height: int, width: int) -> int:
        """The working memory of one pair."""
        volumes = volume_bytes(height // 16, width // 16, num_levels=NUM_LEVELS)
        is_stored = self.max_volume_bytes is None or volumes <= self.max_volume_bytes
        return self.sizes.bytes_per_pixel * height * width + (volumes if is_stored else 0)

    def _features(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Features of both frames, stacked, on the grids 4, 8 and 16 px wide."""
        require_frames(self, first, second)
        return encode_in_chunks(
            self.encoder, 2 * torch.cat([first, second]) - 1, self.sizes.encoder_chunks
        )

    def _steps(self, features: tuple[torch.Tensor, ...], iterations: int | None) -> Iterator[Step]:
        """One refinement after the other, from the coarsest grid to the finest."""
        iterations = self.default_iterations if iterations is None else iterations
        if iterations < 1:
            raise ConfigError(f"Iterations must be 1 or more, got {iterations}.")
        B, (h, w) = len(features[-1]) // 2, features[-1].shape[-2:]
        precision = torch.promote_types(features[-1].dtype, torch.float32)
        flow = features[-1].new_zeros(B, 2, h, w, dtype=precision)
        hidden = features[-1].new_zeros(B, self.sizes.coarse[0], h, w)
        finest = max(0, 3 - iterations)  # one or two iterations do not reach the finest grid
        for grid in range(2, finest - 1, -1):  # 16, 8, 4 px
            entry, block = cast(GridEntry, self.entries[grid]), self._blocks()[grid]
            if grid < 2:
                flow, hidden = 2 * upsample(flow, 2), upsample(hidden, 2)
            source, target = features[grid].chunk(2)
            hidden, context = entry(source, hidden)
            terms = block.gru.context_terms(context)
            correlation = self._correlation(grid, source, target)
            for _ in range(_steps_on(grid, iterations)):
                looked_at = flow.detach()  # gradients do not run through where was looked
                seen = entry.seen(correlation(looked_at))
                hidden, change = block(hidden, terms, seen, looked_at)
                flow = looked_at + change.float()
                yield Step(grid, looked_at, flow, hidden)

    def _blocks(self) -> tuple[UpdateBlock, UpdateBlock, UpdateBlock]:
        """The update block of each grid, from fine to coarse."""
        return self.fine, self.coarse, self.coarse

    def _correlation(
        self, grid: int, source: torch.Tensor, target: torch.Tensor
    ) -> AllPairsLookup | WindowLookup:
        if grid < 2:
            return WindowLookup(source, target, RADII[grid])
        max_bytes = None if source.requires_grad else self.max_volume_bytes
        return AllPairsLookup(source, target, max_bytes)

    def _to_full_size(self, grid: int, flow: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """A flow (B, 2, h, w) on its grid as (B, 2, H, W) in px of the frame."""
        if grid == 0:
            full: torch.Tensor = self.upsampler(flow, hidden)
            return full
        return (4 << grid) * upsample(flow, 4 << grid)


class Encoder(nn.Module):
    """Features of a frame on grids 4, 8 and 16 px wide, the coarse ones added to the fine ones."""

    def __init__(self, sizes: ScopeSizes) -> None:
        super().__init__()
        c4, c8, c16 = sizes.features
        n4, n8, n16 = sizes.blocks
        self.stage4 = nn.Sequential(
            nn.PixelUnshuffle(4), NormedConv(48, c4), nn.ReLU(), *_residuals(c4, n4)
        )
        self.stage8 = nn.Sequential(NormedConv(c4, c8, stride=2), nn.ReLU(), *_residuals(c8, n8))
        self.stage16 = nn.Sequential(
            NormedConv(c8, c16, stride=2), nn.ReLU(), *_residuals(c16, n16)
        )
        self.laterals = nn.ModuleList(NormedConv(c, sizes.matching, 1) for c in (c4, c8, c16))

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Features ``(B, matching, H4, W4)``, the same with H8 and H16, of frames in [-1, 1]."""
        x4 = self.stage4(frames)
        x8 = self.stage8(x4)
        x16 = self.stage16(x8)
        f16 = self.laterals[2](x16)
        f8 = self.laterals[1](x8) + upsample(f16, 2)
        f4 = self.laterals[0](x4) + upsample(f8, 2)
        return f4, f8, f16


def _steps_on(grid: int, iterations: int) -> int:
    """How many of the iterations are done on a grid: about half on the coarsest, which is cheap."""
    fine, middle = (iterations + 1) // 4, (iterations + 2) // 4
    return (fine, middle, iterations - fine - middle)[grid]


def _residuals(size: int, count: int) -> list[nn.Module]:
    return [ResidualBlock(size) for _ in range(count)]


@register(family="scope", source=SCOPE_SOURCE)
def scope_035() -> ScopeNet:
    """The smallest: at most 0.35 MB."""
    return ScopeNet(SMALLEST)


@register(family="scope", source=SCOPE_SOURCE)
def scope_035_split() -> ScopeNet:
    """The smallest, its frames encoded in 2x2 chunks; the weights have the same shapes."""
    return ScopeNet(replace(scope_035().sizes, encoder_chunks=(2, 2)))


@register(family="scope", source=SCOPE_SOURCE)
def scope_070() -> ScopeNet:
    """At most 0.70 MB."""
    return ScopeNet(USUAL)


@register(family="scope", source=SCOPE_SOURCE)
def scope_200() -> ScopeNet:
    """At most 2.0 MB."""
    return ScopeNet(
        ScopeSizes(
            features=(48, 72, 96),
            matching=64,
            coarse=(64, 48, 48),
            fine=(40, 32, 32),
            bytes_per_pixel=250,
        )
    )


@register(family="scope", source=SCOPE_SOURCE)
def scope_1000() -> ScopeNet:
    """About 10 MB."""
    return ScopeNet(
        ScopeSizes(
            features=(96, 160, 176),
            blocks=(2, 2, 2),
            matching=128,
            coarse=(128, 80, 96),
            fine=(96, 64, 64),
            bytes_per_pixel=450,
        )
    )
