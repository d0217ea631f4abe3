"""The net of the size ladder.

Flow is refined on three grids, 16, 8 and 4 px wide. On the coarsest every pixel is compared with
every other, as in RAFT (Teed and Deng, ECCV 2020); on the finer ones with a window of the second
frame's features, moved by the flow so far, as in PWC-Net (Sun et al., CVPR 2018). One and the same
update block works on all three grids, so its few parameters are used again and again.

No layer takes statistics over the image. In the comments H4 = H / 4, and so on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, cast

import torch
from torch import nn

from flowcore.errors import ConfigError
from flowcore.models.base import require_frames
from flowcore.models.norm import NormedConv
from flowcore.models.passes import Beginning, in_passes
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
from flowcore.ops.resize import resize_flow
from flowcore.types import FeatureMap, Prediction

__all__ = ["Encoder", "ScopeNet", "ScopeSizes", "Step"]


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


class Step(NamedTuple):
    """One refinement: on which grid, the flow (B, 2, h, w) before and after it, the state."""

    grid: int
    looked_at: torch.Tensor
    flow: torch.Tensor
    hidden: torch.Tensor


class ScopeNet(nn.Module):
    """Encoder, correlation and update blocks, on three grids from coarse to fine.

    A further pass begins where the one before ended, on cells that are half as wide.
    """

    stride = 16
    min_size = 64  # the coarsest of the three levels has one pixel then
    default_iterations = 12
    default_passes = 1
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
        passes: int | None = None,
        keep: frozenset[str] = frozenset(),
    ) -> Prediction:
        """The flow of frames ``(B, 3, H, W)``, RGB in [0, 1]."""

        def once(first: torch.Tensor, second: torch.Tensor, begun: Beginning) -> Prediction:
            features = self._features(first, second)
            iterates: list[torch.Tensor] = []
            steps: list[Step] = []
            for step in self._steps(features, iterations, begun):
                if "iterates" in keep:
                    iterates.append(self._to_full_size(step))
                steps = [*steps, step] if iterates and keep & self.maps_of_steps else [step]
            full = iterates[-1] if iterates else self._to_full_size(step)
            maps = self._maps(features, steps, keep) if begun.is_last else {}
            return Prediction(full, tuple(iterates), maps)

        return in_passes(once, first, second, self.default_passes if passes is None else passes)

    def matching(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        passes: int | None = None,
    ) -> tuple[MatchingLevel, ...]:
        """What the last lookup on each grid of the last pass compares, of ``(1, 3, H, W)``."""
        features: tuple[torch.Tensor, ...] = ()
        looked_at: dict[int, torch.Tensor] = {}

        def once(first: torch.Tensor, second: torch.Tensor, begun: Beginning) -> Prediction:
            nonlocal features
            features = self._features(first, second)
            for step in self._steps(features, iterations, begun):
                looked_at[step.grid] = step.looked_at
            return Prediction(self._to_full_size(step))

        passes = self.default_passes if passes is None else passes
        in_passes(once, first, second, passes)
        source, target = features[2].chunk(2)
        levels = list(pyramid_levels(source, target, num_levels=NUM_LEVELS, stride=32 >> passes))
        for grid in sorted(looked_at.keys() - {2}, reverse=True):
            source, target = features[grid].chunk(2)
            moved = WindowLookup(source, target, RADII[grid]).moved(looked_at[grid])
            radius, stride = RADII[grid], 8 << grid >> passes
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

    def _steps(
        self, features: tuple[torch.Tensor, ...], iterations: int | None, begun: Beginning
    ) -> Iterator[Step]:
        """One refinement after the other, from the coarsest grid to the finest.

        Or to the middle one in a pass that is not the last: the next pass begins on its cells.
        """
        iterations = self.default_iterations if iterations is None else iterations
        if iterations < 1:
            raise ConfigError(f"Iterations must be 1 or more, got {iterations}.")
        B, size = len(features[-1]) // 2, (features[-1].shape[-2], features[-1].shape[-1])
        precision = torch.promote_types(features[-1].dtype, torch.float32)
        flow = features[-1].new_zeros(B, 2, *size, dtype=precision)
        if begun.flow is not None:
            flow = resize_flow(begun.flow.to(precision), size)
        hidden = features[-1].new_zeros(B, self.sizes.coarse[0], *size)
        counts = _steps_on_grids(iterations, is_last=begun.is_last)
        for grid in (2, 1, 0):  # 16, 8, 4 px
            if counts[grid] == 0:  # one or two iterations do not reach the finest grid
                break
            entry, block = cast(GridEntry, self.entries[grid]), self._blocks()[grid]
            if grid < 2:
                flow, hidden = 2 * upsample(flow, 2), upsample(hidden, 2)
            source, target = features[grid].chunk(2)
            hidden, context = entry(source, hidden)
            terms = block.gru.context_terms(context)
            correlation = self._correlation(grid, source, target)
            for _ in range(counts[grid]):
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

    def _to_full_size(self, step: Step) -> torch.Tensor:
        """The flow after a step as (B, 2, H, W) in px of the frame."""
        if step.grid == 0:
            full: torch.Tensor = self.upsampler(step.flow, step.hidden)
            return full
        return (4 << step.grid) * upsample(step.flow, 4 << step.grid)


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


def _steps_on_grids(iterations: int, *, is_last: bool) -> tuple[int, int, int]:
    """How many of the iterations are done on each grid, from fine to coarse.

    About half are on the coarsest, which is cheap.
    """
    fine, middle = (iterations + 1) // 4, (iterations + 2) // 4
    return (fine if is_last else 0), middle, iterations - fine - middle


def _residuals(size: int, count: int) -> list[nn.Module]:
    return [ResidualBlock(size) for _ in range(count)]
