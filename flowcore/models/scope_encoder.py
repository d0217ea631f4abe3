"""The encoder of the size ladder's nets: features of a frame on cells of 16, 8, 4, perhaps 2 px.

No layer takes statistics over the image. In the comments H4 = H / 4, and so on.
"""

import torch
from torch import nn

from flowcore.models.norm import CellConv, NormedConv
from flowcore.models.scope_chunks import Features
from flowcore.models.scope_parts import ResidualBlock, upsample

__all__ = ["CloserStage", "Encoder"]


class Encoder(nn.Module):
    """Features of a frame on cells of each width, to which those of the next wider are added.

    The numbers are those of `ScopeSizes`.
    """

    def __init__(
        self,
        features: tuple[int, int, int],
        blocks: tuple[int, int, int],
        matching: int,
        closer: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        c4, c8, c16 = features
        n4, n8, n16 = blocks
        self.stage4 = nn.Sequential(
            nn.Identity(),  # keeps the numbers that weight files name the layers by
            CellConv(3, c4, cell=4),
            nn.ReLU(inplace=True),
            *_residuals(c4, n4),
        )
        self.stage8 = nn.Sequential(
            NormedConv(c4, c8, stride=2), nn.ReLU(inplace=True), *_residuals(c8, n8)
        )
        self.stage16 = nn.Sequential(
            NormedConv(c8, c16, stride=2), nn.ReLU(inplace=True), *_residuals(c16, n16)
        )
        self.laterals = nn.ModuleList(NormedConv(c, matching, 1) for c in (c4, c8, c16))
        self.closer = CloserStage(*closer, matching) if closer else None

    def forward(self, frames: torch.Tensor) -> Features:
        """Of frames ``(B, 3, H, W)`` in [-1, 1]."""
        x4 = self.stage4(frames)
        x8 = self.stage8(x4)
        x16 = self.stage16(x8)
        f16 = self.laterals[2](x16)
        f8 = self.laterals[1](x8) + upsample(f16, 2)
        f4 = self.laterals[0](x4) + upsample(f8, 2)
        features = {16: f16, 8: f8, 4: f4}
        if self.closer is not None:
            features[2] = self.closer(frames, f4)
        return features


class CloserStage(nn.Module):
    """Features on cells of 2 px: little of their own, added to what cells of 4 px know."""

    def __init__(self, size: int, matching: int, matching4: int) -> None:
        super().__init__()
        self.stage2 = nn.Sequential(
            nn.Identity(),  # keeps the numbers that weight files name the layers by
            CellConv(3, size, cell=2),
            nn.ReLU(inplace=True),
            NormedConv(size, size),
            nn.ReLU(inplace=True),
            NormedConv(size, matching, 1),
        )
        self.of4 = NormedConv(matching4, matching, 1)

    def forward(self, frames: torch.Tensor, f4: torch.Tensor) -> torch.Tensor:
        """``(B, matching, H2, W2)``, of frames ``(B, 3, H, W)`` and features on cells of 4 px."""
        features: torch.Tensor = self.stage2(frames)
        return features.add_(upsample(self.of4(f4), 2))


def _residuals(size: int, count: int) -> list[nn.Module]:
    return [ResidualBlock(size) for _ in range(count)]
