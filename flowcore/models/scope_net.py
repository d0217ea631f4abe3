"""The net of the size ladder.

Flow is refined on three grids, of cells 16, 8 and 4 px wide. On the coarsest every cell is compared
with every other, as in RAFT (Teed and Deng, ECCV 2020); on the finer ones with a window of the
second frame's features, moved by the flow so far, as in PWC-Net (Sun et al., CVPR 2018). A
far-sighted net looks as far on the middle grid as on the coarsest, and reads what it sees with the
same weights: small things that move far are hardly seen on cells of 16 px. The larger sizes end
with a closer look: cells of 2 px are compared, and what they show refines the flow on cells of 4
px. The update block is one for the two coarse grids and another for the finest, so their few
parameters are used again and again.

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
from flowcore.models.passes import Beginning, in_passes
from flowcore.models.scope_chunks import Features, encode_in_chunks
from flowcore.models.scope_encoder import Encoder
from flowcore.models.scope_parts import (
    NUM_LEVELS,
    RADII,
    AllPairsLookup,
    CloserLookup,
    ConvexUpsampler,
    FarLookup,
    GridEntry,
    UpdateBlock,
    WindowLookup,
    upsample,
)
from flowcore.ops.correlation import MAX_VOLUME_BYTES, volume_bytes
from flowcore.ops.matching import MatchingLevel, pyramid_levels
from flowcore.ops.resize import resize_flow
from flowcore.types import FeatureMap, Prediction

__all__ = ["ScopeNet", "ScopeSizes", "Step"]

_CELLS = (4, 8, 16)  # px, of the grids that the flow is refined on


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
    closer : (c2, matching), optional
        Channels of the encoder on cells of 2 px, and those correlated; no closer look if left out.
    is_far_sighted : bool
        Whether cells of 8 px are compared as far as those of 16 px.
    bytes_per_pixel : int
        Peak working memory per px of a frame beside the all-pairs volume, measured.
    encoder_chunks : (rows, cols)
        Chunks in which the frames are encoded, each by itself; the features are joined on every
        grid, and one flow is decoded from them.
    """

    features: tuple[int, int, int]
    blocks: tuple[int, int, int] = (1, 1, 1)
    matching: int
    coarse: tuple[int, int, int]
    fine: tuple[int, int, int]
    closer: tuple[int, int] | None = None
    is_far_sighted: bool = False
    bytes_per_pixel: int
    encoder_chunks: tuple[int, int] = (1, 1)


class Step(NamedTuple):
    """One refinement: the cells compared, in px; the flow (B, 2, h, w) before and after."""

    cell: int
    looked_at: torch.Tensor
    flow: torch.Tensor
    hidden: torch.Tensor

    @property
    def stride(self) -> int:
        """Px of the frame that a cell of the flow is wide."""
        return max(self.cell, 4)


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
            for stride in _CELLS
        }
    )
    maps_of_steps: frozenset[str] = frozenset()

    def __init__(
        self, sizes: ScopeSizes, *, max_volume_bytes: int | None = MAX_VOLUME_BYTES
    ) -> None:
        super().__init__()
        self.sizes = sizes
        self.max_volume_bytes = max_volume_bytes
        self.encoder = Encoder(sizes.features, sizes.blocks, sizes.matching, sizes.closer)
        self.coarse = UpdateBlock(*sizes.coarse)
        self.fine = UpdateBlock(*sizes.fine)
        self.entries = nn.ModuleList(
            GridEntry(
                sizes.matching,
                self._block(cell),
                window=self._own_window(cell),
                hidden_before=sizes.coarse[0],
            )
            for cell in _CELLS
        )
        self.closer = None
        if sizes.closer:
            window = (2 * RADII[2] + 1) ** 2
            self.closer = nn.Conv2d(window, sizes.fine[0], 2, stride=2)  # to cells of 4 px
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
        features: Features = {}
        looked_at: dict[int, torch.Tensor] = {}

        def once(first: torch.Tensor, second: torch.Tensor, begun: Beginning) -> Prediction:
            nonlocal features
            features = self._features(first, second)
            for step in self._steps(features, iterations, begun):
                looked_at[step.cell] = step.looked_at
            return Prediction(self._to_full_size(step))

        passes = self.default_passes if passes is None else passes
        in_passes(once, first, second, passes)
        source, target = features[16].chunk(2)
        levels = list(pyramid_levels(source, target, num_levels=NUM_LEVELS, stride=32 >> passes))
        for cell in sorted(looked_at.keys() - {16}, reverse=True):
            lookup = self._window(cell, *features[cell].chunk(2))
            levels += lookup.levels(looked_at[cell], stride=2 * cell >> passes)
        return tuple(levels)

    def _maps(
        self, features: Features, steps: list[Step], keep: frozenset[str]
    ) -> dict[str, FeatureMap]:
        """The maps asked for; of ``maps_of_steps`` of all steps if their flows are kept too."""
        return {
            name: FeatureMap(features[cell].chunk(2)[0], cell, self.maps[name])
            for name, cell in zip(ScopeNet.maps, _CELLS, strict=True)
            if name in keep
        }

    def parts(self) -> dict[str, nn.Module]:
        """What can learn while the rest of the net rests, by name."""
        if self.encoder.closer is None or self.closer is None:
            return {}
        return {"closer": nn.ModuleList([self.encoder.closer, self.closer])}

    def memory_bytes(self, height: int, width: int) -> int:
        """The working memory of one pair."""
        volumes = volume_bytes(height // 16, width // 16, num_levels=NUM_LEVELS)
        is_stored = self.max_volume_bytes is None or volumes <= self.max_volume_bytes
        return self.sizes.bytes_per_pixel * height * width + (volumes if is_stored else 0)

    def _features(self, first: torch.Tensor, second: torch.Tensor) -> Features:
        """Features of both frames, stacked."""
        require_frames(self, first, second)
        return encode_in_chunks(
            self.encoder, torch.cat([first, second]).mul_(2).sub_(1), self.sizes.encoder_chunks
        )

    def _steps(
        self, features: Features, iterations: int | None, begun: Beginning
    ) -> Iterator[Step]:
        """One refinement after the other, from the widest cells to the narrowest.

        Or to the middle ones in a pass that is not the last: the next pass begins on these.
        """
        iterations = self.default_iterations if iterations is None else iterations
        if iterations < 1:
            raise ConfigError(f"Iterations must be 1 or more, got {iterations}.")
        coarsest = features[16]
        B, size = len(coarsest) // 2, (coarsest.shape[-2], coarsest.shape[-1])
        precision = torch.promote_types(coarsest.dtype, torch.float32)
        flow = coarsest.new_zeros(B, 2, *size, dtype=precision)
        if begun.flow is not None:
            flow = resize_flow(begun.flow.to(precision), size)
        hidden = coarsest.new_zeros(B, self.sizes.coarse[0], *size)
        for cell, count in _counts(iterations, is_closer=self.closer is not None).items():
            if count == 0 or (cell < 8 and not begun.is_last):
                break  # one or two iterations do not reach the narrowest cells
            source, target = features[cell].chunk(2)
            block, correlation = self._block(cell), self._correlation(cell, source, target)
            if cell >= 4:
                if cell < 16:
                    flow, hidden = 2 * upsample(flow, 2), upsample(hidden, 2)
                entry = self._entry(cell)
                hidden, context = entry(source, hidden)
                terms = block.gru.context_terms(context)
            to_seen = self._to_seen(cell)
            for _ in range(count):
                looked_at = flow.detach()  # gradients do not run through where was looked
                hidden, change = block(hidden, terms, to_seen(correlation(looked_at)), looked_at)
                flow = looked_at + change.float()
                yield Step(cell, looked_at, flow, hidden)

    def _block(self, cell: int) -> UpdateBlock:
        return self.fine if cell < 8 else self.coarse

    def _entry(self, cell: int) -> GridEntry:
        return cast(GridEntry, self.entries[_CELLS.index(cell)])

    def _own_window(self, cell: int) -> int | None:
        """How many places a cell compares, None where it reads them as cells of 16 px do."""
        if cell == 8 and self.sizes.is_far_sighted:
            return None
        return (2 * RADII[cell] + 1) ** 2 * (NUM_LEVELS if cell == 16 else 1)

    def _to_seen(self, cell: int) -> nn.Module:
        """What reads the places that a cell compares."""
        if cell < 4:
            return cast(nn.Module, self.closer)
        return self._entry(cell).seen or self._to_seen(16)

    def _correlation(
        self, cell: int, source: torch.Tensor, target: torch.Tensor
    ) -> AllPairsLookup | WindowLookup | FarLookup | CloserLookup:
        """What is seen on cells of that width, of a flow on those that are refined."""
        if cell < 16:
            return self._window(cell, source, target)
        max_bytes = None if source.requires_grad else self.max_volume_bytes
        return AllPairsLookup(source, target, max_bytes)

    def _window(
        self, cell: int, source: torch.Tensor, target: torch.Tensor
    ) -> WindowLookup | FarLookup | CloserLookup:
        if self._own_window(cell) is None:
            return FarLookup(source, target)
        return (CloserLookup if cell < 4 else WindowLookup)(source, target, RADII[cell])

    def _to_full_size(self, step: Step) -> torch.Tensor:
        """The flow after a step as (B, 2, H, W) in px of the frame."""
        if step.stride == 4:
            full: torch.Tensor = self.upsampler(step.flow, step.hidden)
            return full
        return step.stride * upsample(step.flow, step.stride)


def _counts(iterations: int, *, is_closer: bool) -> dict[int, int]:
    """How many of the iterations compare cells of each width, from wide to narrow.

    About half compare the widest, which costs little. A closer look, which costs most, stands in
    for two on cells of 4 px.
    """
    middle = (iterations + 2) // 4
    if not is_closer:
        fine = (iterations + 1) // 4
        return {16: iterations - middle - fine, 8: middle, 4: fine}
    fine, closest = (iterations + 9) // 12, (iterations + 8) // 12
    return {16: iterations - middle - fine - closest, 8: middle, 4: fine, 2: closest}
