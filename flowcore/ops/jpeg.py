"""The loss that JPEG inflicts, as tensor operations: in batches and on any device."""

import math

import torch
from torch.nn import functional as F

from flowcore.ops.color import from_ycc, to_ycc

__all__ = ["jpeg"]

# ITU-T T.81, annex K: steps of quantization at quality 50, for brightness and for color.
_LUMA_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA_STEPS = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8 for _ in range(4)),
)


def jpeg(frame: torch.Tensor, *, quality: int) -> torch.Tensor:
    """Frames ``(B, 3, H, W)`` in [0, 1] as baseline JPEG of this quality (1..100) gives them back.

    Color is halved in resolution (4:2:0). Entropy coding loses nothing and is left out.
    """
    height, width = frame.shape[-2:]
    padded = F.pad(frame, (0, -width % 16, 0, -height % 16), mode="replicate")
    ycc = 255 * to_ycc(padded)
    bright = _quantized(ycc[:, :1] - 128, _LUMA_STEPS, quality) + 128
    color = _quantized(F.avg_pool2d(ycc[:, 1:], 2), _CHROMA_STEPS, quality)
    color = F.interpolate(color, scale_factor=2, mode="bilinear", align_corners=False)
    restored = from_ycc(torch.cat([bright, color], 1) / 255).clamp(0, 1)
    return restored[..., :height, :width]


def _quantized(
    plane: torch.Tensor, steps: tuple[tuple[int, ...], ...], quality: int
) -> torch.Tensor:
    """Planes (B, C, H, W) of gray levels after rounding each 8x8 block's cosine coefficients."""
    percent = 5000 / quality if quality < 50 else 200 - 2 * quality
    table = ((plane.new_tensor(steps) * percent + 50) / 100).floor().clamp(1, 255)
    cosines = _cosines(plane)
    blocks = plane.unfold(2, 8, 8).unfold(3, 8, 8)  # (B, C, H/8, W/8, 8, 8)
    coefficients = cosines @ blocks @ cosines.T
    restored = cosines.T @ ((coefficients / table).round() * table) @ cosines
    return restored.transpose(3, 4).reshape(plane.shape)


def _cosines(like: torch.Tensor) -> torch.Tensor:
    """The orthonormal cosine transform of eight values, (8, 8)."""
    n = torch.arange(8, dtype=torch.float64)
    matrix = 0.5 * torch.cos(math.pi / 8 * torch.outer(n, n + 0.5))
    matrix[0] /= math.sqrt(2)
    return matrix.to(like)
